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

#[test]
fn tokens_of_all_expansions() {
    // Reads many tokens and delivers none.
    let text = "#define nothing(x)\n#define ten a a a a a a a a a a\n#define hundred ten ten ten ten ten ten ten ten ten ten\n";
    let limits = Limits { unit_expansion_tokens_max: 100_000, ..Limits::default() };
    let uses = |count: usize| text.to_owned() + &"nothing(hundred) hundred\n".repeat(count);
    passes(&[("a.c", uses(300))], limits);
    reaches(&[("a.c", uses(3000))], limits, "a macro expansion is too large");
}

#[test]
fn spellings_that_macros_make() {
    let limits = Limits { unit_spelling_bytes_max: 1 << 20, ..Limits::default() };
    let what = "the spellings that macros make are too long";
    let doubling = |define: &str, levels: usize| {
        let mut text = String::from(define);
        for level in 1..levels {
            text += &format!("#define x{level} two(x{}, x{})\n", level - 1, level - 1);
        }
        vec![("a.c", format!("{text}x{}\n", levels - 1))]
    };
    let paste = "#define paste(a, b) a##b\n#define two(a, b) paste(a, b)\n#define x0 name\n";
    passes(&doubling(paste, 10), limits);
    reaches(&doubling(paste, 60), limits, what);
    let quote = "#define quote(a) #a\n#define two(a, b) quote(a)\n#define x0 \"\\\\\"\n";
    passes(&doubling(quote, 5), limits);
    reaches(&doubling(quote, 60), limits, what);
    // One string of many long spellings, and many strings of one.
    let long = "l".repeat(10_000);
    let all = format!("#define quote(a) #a\nquote({})\n", format!("{long} ").repeat(1000));
    reaches(&[("a.c", all)], limits, what);
    let files = format!("#define all __FILE__\n#line 1 \"{long}\"\n{}\n", "all ".repeat(1000));
    reaches(&[("a.c", files)], limits, what);
}

#[test]
fn bytes_of_the_output() {
    let limits = Limits { output_bytes_max: 1 << 20, ..Limits::default() };
    let text = |uses: usize| format!("#define long {}\n{}\n", "l".repeat(10_000), "long\n".repeat(uses));
    passes(&[("a.c", text(50))], limits);
    reaches(&[("a.c", text(500))], limits, "the preprocessed unit is too long");
}

#[test]
fn parameters_of_a_macro() {
    let text = |count: usize| {
        let names: Vec<String> = (0..count).map(|index| format!("p{index}")).collect();
        format!("#define f({})\n", names.join(", "))
    };
    let most = passes::lex::define::PARAMETERS_MAX;
    passes(&[("a.c", text(most))], Limits::default());
    let (_, diagnostics) = run(&[("a.c", text(most + 1))], Limits::default());
    assert!(diagnostics.as_slice()[0].message.contains("too many macro parameters"));
}

#[test]
fn findings_about_long_texts_are_short() {
    let long = "l".repeat(1 << 20);
    for text in [
        format!("#{long}\n"),
        format!("#if {long}(\n#endif\n"),
        format!("#define 1{long}\n"),
        format!("#error {long}\n"),
    ] {
        let (_, diagnostics) = run(&[("a.c", text)], Limits::default());
        let finding = diagnostics.as_slice().first().expect("a finding").to_string();
        assert!(finding.len() < 4096, "{} bytes", finding.len());
    }
}
