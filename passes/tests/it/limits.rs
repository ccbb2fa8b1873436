//! Every limit ends the unit with a fatal error, and nothing else.

use passes::diagnostics::{Code, Diagnostics};
use passes::files::Provider;
use passes::memory::arenas::ArenaMemory;
use passes::options::Options;
use passes::preprocess::Limits;
use passes::session::Input;

fn run(files: &[(&str, String)], limits: Limits) -> (String, Diagnostics) {
    let files = files.iter().map(|(name, text)| ((*name).to_owned(), text.clone().into_bytes())).collect();
    let options = Options { limits, system_directories: Vec::new(), ..Options::default() };
    crate::input::preprocess_with::<ArenaMemory>(Input::File(b"a.c"), &options, Provider::Texts(files))
}

fn reaches(files: &[(&str, String)], limits: Limits, what: &str) {
    let (_, diagnostics) = run(files, limits);
    let last = diagnostics.as_slice().last().expect("a finding");
    assert_eq!(last.code, Code::LimitReached, "{last}");
    assert!(last.message.contains(what), "{last}");
}

fn passes(files: &[(&str, String)], limits: Limits) {
    let (_, diagnostics) = run(files, limits);
    assert_eq!(diagnostics.as_slice(), []);
}

#[test]
fn include_depth() {
    reaches(
        &[("a.c", String::from("#include \"a.c\"\n"))],
        Limits::default(),
        "#include is nested too deeply",
    );
    let counted = "#if __INCLUDE_LEVEL__ < 150\n#include \"a.c\"\n#endif\n";
    passes(&[("a.c", String::from(counted))], Limits::default());
}

#[test]
fn macro_depth() {
    let nested = |depth: usize| format!("#define f(x) x\n{}1{}\n", "f(".repeat(depth), ")".repeat(depth));
    passes(&[("a.c", nested(300))], Limits::default());
    reaches(&[("a.c", nested(1000))], Limits::default(), "macro calls are nested too deeply");
}

#[test]
fn expression_depth() {
    for (open, close) in
        [("(", ")"), ("!", ""), ("1 ? 1 : ", ""), ("1 ? ", ": 1"), ("- ", ""), ("1 || (", ")")]
    {
        let nested = |depth: usize| format!("#if {}1{}\n#endif\n", open.repeat(depth), close.repeat(depth));
        passes(&[("a.c", nested(50))], Limits::default());
        reaches(&[("a.c", nested(100_000))], Limits::default(), "an expression is nested too deeply");
    }
}

#[test]
fn tokens_of_an_expansion() {
    let mut text = String::from("#define x0 a b\n");
    for level in 1..60 {
        text += &format!("#define x{level} x{} x{}\n", level - 1, level - 1);
    }
    let limits = Limits { expansion_tokens_max: 100_000, ..Limits::default() };
    reaches(&[("a.c", format!("{text}x59\n"))], limits, "a macro expansion is too large");
    passes(&[("a.c", format!("{text}x10\n"))], limits);
}

#[test]
fn tokens_of_a_unit() {
    let limits = Limits { unit_tokens_max: 10_000, ..Limits::default() };
    reaches(
        &[("a.c", "#define t a b c d e f g h\nt\n".repeat(5000))],
        limits,
        "the unit has too many tokens",
    );
    reaches(&[("a.c", "a\n".repeat(20_000))], limits, "the unit has too many tokens");
}

#[test]
fn bytes_of_a_unit() {
    let limits = Limits { unit_bytes_max: 1 << 20, ..Limits::default() };
    let twice = "#include \"b.h\"\n#include \"b.h\"\n";
    let deeper = "#if __INCLUDE_LEVEL__ < 60\n#include \"b.h\"\n#include \"b.h\"\n#endif\n";
    reaches(
        &[("a.c", String::from(twice)), ("b.h", String::from(deeper))],
        limits,
        "the unit reads too much text",
    );
}

#[test]
fn errors_of_a_unit() {
    let (_, diagnostics) = run(&[("a.c", "#error no\n".repeat(10_000))], Limits::default());
    assert_eq!(diagnostics.as_slice().len(), passes::diagnostics::ERRORS_MAX);
    let (_, diagnostics) = run(&[("a.c", "#warning no\n".repeat(10_000))], Limits::default());
    assert_eq!(diagnostics.as_slice().len(), passes::diagnostics::WARNINGS_MAX);
}

#[test]
fn open_groups_are_bounded_by_the_text_alone() {
    let depth = 100_000;
    passes(&[("a.c", "#if 1\n".repeat(depth) + &"#endif\n".repeat(depth))], Limits::default());
    passes(&[("a.c", "#if 0\n".repeat(depth) + &"#endif\n".repeat(depth))], Limits::default());
}

#[test]
fn parentheses_in_arguments_are_bounded_by_the_text_alone() {
    let depth = 200_000;
    passes(
        &[("a.c", format!("#define f(x) x\nf({}{})\n", "(".repeat(depth), ")".repeat(depth)))],
        Limits::default(),
    );
}
