//! A small compiler that survives running out of memory, and the test that shows it at every place where it can happen.
//!
//! `cargo run -p compiler-alloc --features test-fixture --example test_fixture`

use compiler_alloc::fault::Fault;
use compiler_alloc::profile::test_fixture::{Call, Request, Settings, TestFixture, limit_each, refuse_each};
use compiler_alloc::{Arena, Scope};
use std::collections::BTreeMap;

/// An expression in an arena.
enum Expr<'a> {
    Number(i64),
    Sum(&'a Expr<'a>, &'a Expr<'a>),
}

/// What a compilation can answer instead of a value.
#[derive(Debug, PartialEq)]
enum CompileError {
    /// A word that is no number.
    NotANumber,
    /// There was no memory; the name of the code, for the user.
    OutOfMemory(&'static str),
}

impl From<Fault> for CompileError {
    fn from(fault: Fault) -> Self {
        CompileError::OutOfMemory(fault.code.name())
    }
}

/// What the compiler knows from one source to the next. An entry appears only when its source compiled.
#[derive(Default)]
struct Values {
    known: BTreeMap<String, i64>,
}

/// Parses sums: every allocation is a `try_` call, so that memory which is not there is an ordinary error.
fn parse<'a>(source: &str, arena: &Scope<'a>) -> Result<&'a Expr<'a>, CompileError> {
    let mut sum: Option<&'a Expr<'a>> = None;
    for word in source.split('+') {
        let number = word.trim().parse().map_err(|_| CompileError::NotANumber)?;
        let number = arena.try_alloc(Expr::Number(number))?;
        sum = Some(match sum {
            None => number,
            Some(before) => arena.try_alloc(Expr::Sum(before, number))?,
        });
    }
    sum.ok_or(CompileError::NotANumber)
}

fn value(expr: &Expr<'_>) -> i64 {
    match expr {
        Expr::Number(number) => *number,
        Expr::Sum(left, right) => value(left) + value(right),
    }
}

/// Compiles `name = source`; nothing is known of the name if that fails.
fn compile(arena: &mut Arena, values: &mut Values, name: &str, source: &str) -> Result<i64, CompileError> {
    let value = arena.scope(|scope| parse(source, scope).map(value))?;
    values.known.insert(name.to_owned(), value);
    Ok(value)
}

/// Runs the example.
pub fn main() {
    let source = (1..=500).map(|number| number.to_string()).collect::<Vec<_>>().join(" + ");

    // Every allocation fails once: the compiler answers an error and publishes nothing.
    let met = limit_each(Settings::default(), |arena| {
        let mut values = Values::default();
        let answer = compile(arena, &mut values, "total", &source);
        assert_eq!(answer.is_ok(), values.known.contains_key("total"), "half a result was published");
        assert_ne!(answer, Err(CompileError::NotANumber), "the wrong error");
        answer.map(|total| assert_eq!(total, 125_250))
    });
    println!("arena: {met} limits were too small, survived each time");

    // Every request for memory refused in turn; and the same source compiles as soon as memory is back.
    for request in [Request::Page, Request::Piece] {
        let met = refuse_each(Settings::default().frugal(), request, |fixture| {
            let (mut arena, mut values) = (fixture.arena(), Values::default());
            let answer = compile(&mut arena, &mut values, "total", &source);
            assert_eq!(answer.is_ok(), values.known.contains_key("total"), "half a result was published");
            assert_ne!(answer, Err(CompileError::NotANumber), "the wrong error");
            answer.map(|total| assert_eq!(total, 125_250))
        });
        println!("{request:?}: {met} requests refused in turn, survived each time");
        assert!(met > 0);
    }

    // One failure, looked at closely: what was asked, and the same again from the journal.
    let fixture = TestFixture::new(1);
    fixture.refuse(Request::Piece, 0, usize::MAX);
    let (mut arena, mut values) = (fixture.arena(), Values::default());
    let answer = compile(&mut arena, &mut values, "total", &source);
    assert_eq!(answer, Err(CompileError::OutOfMemory("ALLOCATOR_PAGE_EXHAUSTION")));
    drop(arena);
    let ended = fixture.finish();
    let refused = ended.journal.of(Call::Take).find(|event| event.is_refused());
    println!("the first refusal: {}", refused.map_or_else(String::new, ToString::to_string));
    assert!(ended.leak.is_none(), "the failed compilation left nothing behind");
    let again = ended.journal.replay().expect("the same calls give the same answers");
    assert_eq!(again.journal, ended.journal);
}
