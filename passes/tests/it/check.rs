//! `-fsyntax-only`: what is accepted, what is refused, and that gcc says the same.
//!
//! `data/accepted/*.c` is accepted by gcc, too. `data/errors/CODE.c` is there for every code; `CODE.expected` is what we say, and gcc's
//! errors stand on the same lines.

use crate::input::{check_expected, data_files, data_folder, options_for};
use passes::diagnostics::{Code, Diagnostics, Severity};
use passes::files::Provider;
use passes::memory::arenas::ArenaMemory;
use passes::options::Options;
use passes::parse::Trees;
use passes::session::{Input, with_worker};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// How many of a hundred errors that stand on gcc's line stand in its column, too.
const COLUMNS_SHARED_PERCENT: usize = 85;

/// What is found in `input`.
pub fn check(input: Input<'_>, options: &Options, trees: Trees) -> Diagnostics {
    with_worker::<ArenaMemory, _>(&mut Default::default(), Provider::Disk, |worker, session| {
        worker.check(session, input, options, trees).diagnostics
    })
}

/// What gcc says of `name` in `folder`.
fn gcc(folder: &Path, name: &str) -> (bool, String) {
    let output = Command::new("gcc")
        .current_dir(folder)
        .env("LC_ALL", "C")
        .args(["-std=gnu11", "-fsyntax-only", name])
        .output()
        .expect("gcc is missing: install the Debian package gcc to run this test");
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// The lines with errors, or with warnings if there is no error, each once.
fn lines(messages: &str) -> Vec<u32> {
    let of = |marks: &[&str]| -> Vec<u32> {
        let lines = messages.lines().filter(|line| marks.iter().any(|mark| line.contains(mark)));
        // A note of ours; gcc counts it as an error.
        let lines = lines.filter(|line| !line.ends_with("the conditional began here"));
        let mut lines: Vec<u32> = lines.filter_map(|line| line.split(':').nth(1)?.parse().ok()).collect();
        lines.sort_unstable();
        lines.dedup();
        lines
    };
    let errors = of(&[": error: ", ": fatal error: "]);
    if errors.is_empty() { of(&[": warning: "]) } else { errors }
}

/// Line and column of each error.
fn places(messages: &str) -> Vec<(u32, u32)> {
    let place = |line: &str| {
        let mut parts = line.split_once(": error: ")?.0.rsplitn(3, ':');
        let (column, line) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some((line, column))
    };
    messages.lines().filter_map(place).collect()
}

#[test]
fn what_gcc_accepts_is_accepted() {
    let folder = data_folder("accepted");
    for name in data_files("accepted") {
        let (accepted, messages) = gcc(&folder, &name);
        assert!(accepted, "gcc refuses {name}: {messages}");
        for trees in [Trees::Released, Trees::Kept] {
            let found = check(Input::File(name.as_bytes()), &options_for(&folder), trees);
            assert_eq!(found.as_slice(), [], "{name}");
        }
    }
}

#[test]
fn every_error_is_reported_as_expected_and_where_gcc_reports_it() {
    let folder = data_folder("errors");
    let (mut on_gcc_s_line, mut in_gcc_s_column) = (0, 0);
    for name in data_files("errors") {
        let found = check(Input::File(name.as_bytes()), &options_for(&folder), Trees::Released);
        let code = name.trim_end_matches(".c");
        assert!(
            found.as_slice().iter().any(|finding| finding.code.name() == code),
            "{name} is about its code"
        );
        let rendered: String = found.as_slice().iter().map(ToString::to_string).collect();
        check_expected(&folder.join(name.replace(".c", ".expected")), &rendered);
        let (accepted, messages) = gcc(&folder, &name);
        assert_eq!(accepted, !found.has_errors(), "{name}: gcc says {messages}");
        assert_eq!(lines(&rendered), lines(&messages), "{name}: gcc says {messages}");
        let (ours, theirs) = (places(&rendered), places(&messages));
        let on_line = ours.iter().filter(|(line, _)| theirs.iter().any(|(other, _)| line == other));
        on_gcc_s_line += on_line.count();
        in_gcc_s_column += ours.iter().filter(|place| theirs.contains(place)).count();
    }
    // Columns that gcc does not share are known; the README says how many there are.
    assert!(
        in_gcc_s_column * 100 >= on_gcc_s_line * COLUMNS_SHARED_PERCENT,
        "{in_gcc_s_column} of {on_gcc_s_line} errors stand in gcc's column"
    );
}

#[test]
fn every_code_has_a_test() {
    let codes: BTreeSet<String> = Code::ALL.iter().map(|code| format!("{}.c", code.name())).collect();
    assert_eq!(data_files("errors").into_iter().collect::<BTreeSet<String>>(), codes);
}

/// Texts that nest `depth` times, each in another part of the grammar.
fn nested(depth: usize) -> Vec<String> {
    let around = |before: &str, open: &str, inner: &str, close: &str, after: &str| {
        format!("{before}{}{inner}{}{after}\n", open.repeat(depth), close.repeat(depth))
    };
    vec![
        around("int a = ", "(", "1", ")", ";"),
        around("int a = ", "- ", "1", "", ";"),
        around("int a = ", "(int)", "1", "", ";"),
        around("int a = ", "1 ? ", "2", " : 3", ";"),
        around("int a = ", "sizeof ", "1", "", ";"),
        around("int a = ", "1 + (2 * ", "3", ")", ";"),
        around("int f(int a) { ", "a = ", "1", "", "; }"),
        around("int f(int a) { ", "f(", "1", ")", "; }"),
        around("int f(int *a) { return ", "a[", "1", "]", "; }"),
        around("int f(int *a) { return a", "[0]", "", "", "; }"),
        around("int f(void) { ", "{", ";", "}", "}"),
        around("int f(void) { ", "if (1) ", ";", "", "}"),
        around("int f(void) { ", "if (1) ; else while (1) ", ";", "", "}"),
        around("int f(void) { ", "for (;;) ", ";", "", "}"),
        around("int f(void) { return ", "({ ", "1;", " });", "}"),
        around("int ", "(", "a", ")", ";"),
        around("int ", "(*", "a", ")", ";"),
        around("int ", "f(int ", "", ")", ";"),
        around("int a[] = ", "{", "1", "}", ";"),
        around("", "struct { ", "int a;", "} a;", "b;"),
        around("int a = ", "_Generic(1, int: ", "1", ")", ";"),
        around("typeof(", "sizeof(typeof(", "int", "))", ") a;"),
    ]
}

/// Runs `test` with half of the stack that a worker has.
fn on_half_a_stack(test: fn()) {
    let thread = std::thread::Builder::new().stack_size(passes::pipeline::STACK_BYTES / 2).spawn(test);
    thread.expect("a thread can be started").join().expect("the test passes");
}

#[test]
fn what_nests_too_deeply_ends_the_unit_and_not_the_stack() {
    on_half_a_stack(nesting);
}

fn nesting() {
    for text in nested(100) {
        let found =
            check(Input::Text { name: b"a.c", text: text.as_bytes() }, &Options::default(), Trees::Released);
        assert!(found.as_slice().iter().all(|finding| finding.code != Code::LimitReached), "{text}");
    }
    // Some parts reach the limit here and some do not: none may reach the end of the stack.
    for text in [160, 250, 500].into_iter().flat_map(nested) {
        check(Input::Text { name: b"a.c", text: text.as_bytes() }, &Options::default(), Trees::Released);
    }
    for text in nested(20_000) {
        let found =
            check(Input::Text { name: b"a.c", text: text.as_bytes() }, &Options::default(), Trees::Released);
        let limits = found.as_slice().iter().filter(|finding| finding.code == Code::LimitReached);
        assert_eq!(limits.count(), 1, "{:.60}", text);
    }
}

#[test]
fn types_made_of_many_others_end_the_unit_and_not_the_stack() {
    let chain = |of: &str, count: usize| {
        let mut text = String::from("typedef int T0;\n");
        for number in 1..count {
            text += &of.replace("NEW", &format!("T{number}")).replace("OLD", &format!("T{}", number - 1));
            text.push('\n');
        }
        text + &format!("T{} a; int b = sizeof(a);\n", count - 1)
    };
    for of in ["typedef OLD *NEW;", "typedef OLD NEW[1];", "typedef int (*NEW)(OLD);"] {
        let text = chain(of, 20_000);
        let found =
            check(Input::Text { name: b"a.c", text: text.as_bytes() }, &Options::default(), Trees::Released);
        assert!(found.as_slice().iter().any(|finding| finding.code == Code::LimitReached), "{of}");
        let text = chain(of, 100);
        let found =
            check(Input::Text { name: b"a.c", text: text.as_bytes() }, &Options::default(), Trees::Released);
        assert_eq!(found.as_slice(), [], "{of}");
    }
    let text = chain("typedef struct { OLD inner; } NEW;", 20_000).replace("T19999 a;", "T19999 a = { 1 };");
    let found =
        check(Input::Text { name: b"a.c", text: text.as_bytes() }, &Options::default(), Trees::Released);
    assert_eq!(found.as_slice(), []);
}

#[test]
fn long_rows_do_not_nest() {
    let row = |before: &str, item: &str, after: &str| format!("{before}{}{after}\n", item.repeat(20_000));
    for text in [
        row("int a = 1", " + 1", ";"),
        row("int f(int a) { return a", ", a", "; }"),
        (0..20_000).fold(String::from("int f(int a) { switch (a) { "), |text, case| {
            text + &format!("case {case}: ")
        }) + "; } return 0; }\n",
        row("int a[] = { ", "1, ", "};"),
        row("int a = ", "0 ? 2 : ", "3; _Static_assert(sizeof(char[")
            + &row("", "0 ? 2 : ", "3]) == 3, \"\");"),
        row("char *f(int a, char *b) { return ", "a ? 0 : ", "a ? b : a ?: b; }"),
        row("char a[] = ", "\"x\" ", ";"),
    ] {
        let found =
            check(Input::Text { name: b"a.c", text: text.as_bytes() }, &Options::default(), Trees::Released);
        assert_eq!(found.as_slice(), [], "{:.60}", text);
    }
}

#[test]
fn a_note_goes_with_its_error() {
    let text = b"struct S { int a; };\nstruct S { int b; };\n";
    let found = check(Input::Text { name: b"a.c", text }, &Options::default(), Trees::Released);
    let severities: Vec<Severity> = found.as_slice().iter().map(|finding| finding.severity).collect();
    assert_eq!(severities, [Severity::Error, Severity::Note]);
}

#[test]
fn an_error_from_a_macro_stands_where_the_macro_is_used() {
    let text = b"#define BAD missing\n\nint f(void) {\n  return BAD;\n}\n";
    let found = check(Input::Text { name: b"a.c", text }, &Options::default(), Trees::Released);
    let place = &found.as_slice()[0].place;
    assert_eq!((place.line, place.column), (4, 10));
}

#[test]
fn pragmas_may_stand_anywhere() {
    let text =
        b"static\n#pragma GCC diagnostic push\nint f(\n#pragma pack(1)\nvoid) { return\n#pragma x\n1; }\n";
    let found = check(Input::Text { name: b"a.c", text }, &Options::default(), Trees::Released);
    assert_eq!(found.as_slice(), []);
}

#[test]
fn a_chain_of_else_if_is_as_long_as_it_likes() {
    let mut text = String::from("int f(int x) { ");
    for number in 0..20_000 {
        text += &format!("if (x == {number}) return {number}; else ");
    }
    for (end, errors) in [("return -1; }\n", 0), ("return lost; }\n", 1), ("if (x) { x++; } }\n", 0)] {
        let text = text.clone() + end;
        let found =
            check(Input::Text { name: b"a.c", text: text.as_bytes() }, &Options::default(), Trees::Released);
        assert_eq!(found.errors(), errors, "{end}");
    }
}

#[test]
fn nothing_is_said_behind_a_fatal_error() {
    let text = format!("int a = {}1{};\nint b = lost;\n", "{".repeat(10_000), "}".repeat(10_000));
    let found =
        check(Input::Text { name: b"a.c", text: text.as_bytes() }, &Options::default(), Trees::Released);
    let codes: Vec<Code> = found.as_slice().iter().map(|finding| finding.code).collect();
    assert_eq!(codes, [Code::LimitReached]);
}

#[test]
fn the_end_of_a_unit_stands_on_its_last_line_with_text() {
    let place = |text: &str| {
        let found =
            check(Input::Text { name: b"a.c", text: text.as_bytes() }, &Options::default(), Trees::Released);
        let place = &found.as_slice()[0].place;
        (place.line, place.column)
    };
    assert_eq!(place("#define ONE 1\nint a = ONE;\nint f(void) {\n  int b = 1;\n\n/* */\n"), (4, 3));
    assert_eq!(place("int f(void) {\n#if 1\n   int a;\n#endif\n"), (3, 4));
    assert_eq!(place("int f(void) {\n  return\n"), (2, 3));
}

#[test]
fn what_gcc_leaves_to_its_code_generator_or_does_not_know_is_refused_as_clang_does() {
    let text = b"void *f(int n) { return __builtin_return_address(n); }\n\
        void *g(void) { return __builtin_frame_address(-1); }\n\
        void *h(void) { return __builtin_return_address(0); }\n\
        void i(void) __attribute__((nodebug(1)));\n\
        void j(void) __attribute__((nodebug, no_such_attribute(1, 2)));\n\
        __private_extern__ int k;\n";
    let found = check(Input::Text { name: b"a.c", text }, &Options::default(), Trees::Released);
    let rendered: String = found.as_slice().iter().map(ToString::to_string).collect();
    assert_eq!(lines(&rendered), [1, 2, 4], "{rendered}");
}

#[test]
fn the_object_whose_member_is_asked_for_its_alignment_is_checked_once() {
    let program = |expression: &str| {
        format!("struct S {{ int m; }} *p;\nint f(void) {{ return (int)({expression}); }}\n")
    };
    let text = program("__alignof__ p[lost()].m");
    let found =
        check(Input::Text { name: b"a.c", text: text.as_bytes() }, &Options::default(), Trees::Released);
    assert_eq!(found.as_slice().len(), 1, "{:?}", found.as_slice());
    // Checked twice, the innermost would be checked 2^100 times.
    let text = program(&format!("{}0{}", "__alignof__ p[".repeat(100), "].m".repeat(100)));
    let found =
        check(Input::Text { name: b"a.c", text: text.as_bytes() }, &Options::default(), Trees::Released);
    assert_eq!(found.as_slice(), []);
}

#[test]
fn types_that_name_others_twice_are_compared_and_shown_in_bounded_time() {
    let errors = |text: &str| {
        let found =
            check(Input::Text { name: b"a.c", text: text.as_bytes() }, &Options::default(), Trees::Released);
        found.errors()
    };
    // 2^100 pairs of types.
    let functions: String = (1..=100)
        .map(|level| {
            let below = level - 1;
            format!(
                "typedef void (*A{level})(A{below}, A{below}); typedef void (*B{level})(B{below}, B{below});\n"
            )
        })
        .collect();
    let functions = format!("typedef int (*A0)(); typedef int (*B0)(int);\n{functions}");
    assert_eq!(errors(&format!("{functions}extern A100 x;\nextern B100 x;\n")), 0);
    assert_eq!(errors(&format!("{functions}extern A100 x;\nextern int x;\n")), 1);
    assert_eq!(errors(&format!("{functions}extern A3 x;\nextern void (*x)(B2, int);\n")), 1);
    // Functions and unions around each other, in turn: the depth of a type ends at a union, and each has two members.
    let deep: String = (1..=20_000)
        .map(|level| {
            let below = level - 1;
            format!(
                "typedef union {{ void (*m)(X{below}), (*n)(X{below}); }} U{level} TRANSPARENT; typedef void (*X{level})(U{level});\n\
                 typedef union {{ Y{below} m, n; }} V{level} TRANSPARENT; typedef void (*Y{level})(void (*)(V{level}));\n"
            )
        })
        .collect();
    let deep = format!(
        "#define TRANSPARENT __attribute__((transparent_union))\ntypedef int X0; typedef void (*Y0)(int);\n{deep}"
    );
    assert_eq!(errors(&format!("{deep}void f(X20000);\nvoid f(Y20000);\n")), 1);
}

#[test]
fn the_macro_that_tells_what_inline_means_follows_the_standard() {
    let text = b"#if defined WANTS_GNU != defined __GNUC_GNU_INLINE__ || defined WANTS_GNU == defined __GNUC_STDC_INLINE__\n\
        #error no\n#endif\n";
    let mut options = Options::default();
    for (is_gnu, command_line) in [(false, ""), (true, "#define WANTS_GNU 1\n")] {
        options.standard.gnu_inline = is_gnu;
        options.command_line = command_line.as_bytes().to_vec();
        let found = check(Input::Text { name: b"a.c", text }, &options, Trees::Released);
        assert_eq!(found.as_slice(), []);
    }
}

#[test]
fn a_record_of_many_members_has_them_where_one_of_few_has_them() {
    let members: String = (0..3000)
        .map(|number| match number % 10 {
            0 => format!("struct {{ union {{ int m{number}; }}; }};\n"),
            1 => format!("int m{number}, : 0;\n"),
            _ => format!("int m{number};\n"),
        })
        .collect();
    let places: String = (0..3000)
        .map(|number| {
            format!("_Static_assert(__builtin_offsetof(struct s, m{number}) == 4 * {number}, \"\");\n")
        })
        .collect();
    let values: String = (0..3000).rev().map(|number| format!(".m{number} = {number},\n")).collect();
    let text =
        format!("struct s {{ {members} }};\n{places}struct s a = {{ {values} }}, b = {{ 1, 2, 3 }};\n");
    let errors = |text: &str| {
        let found =
            check(Input::Text { name: b"a.c", text: text.as_bytes() }, &Options::default(), Trees::Released);
        found.as_slice().iter().map(|finding| finding.code).collect::<Vec<Code>>()
    };
    assert_eq!(errors(&text), []);
    assert_eq!(errors(&format!("{text}int f(void) {{ return a.m3000; }}\n")), [Code::NoMember]);
    let twice = errors(&text.replace("int m2999;", "int m1230;"));
    assert_eq!(twice.first(), Some(&Code::DuplicateMember));
}
