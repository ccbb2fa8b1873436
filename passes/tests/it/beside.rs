//! A unit in two threads: what is found, counted and kept is what one thread finds.

use crate::command::{cfront, folder, text};
use crate::input::{data_files, data_folder, options_for};
use passes::diagnostics::{Diagnostic, Diagnostics};
use passes::files::Provider;
use passes::memory::Memory;
use passes::memory::arenas::ArenaMemory;
use passes::meter::{self, Meter};
use passes::options::Options;
use passes::parse::{self, Trees};
use passes::pipeline::Workers;
use passes::session::{Input, Session, Usage};
use std::fmt::Write as _;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How often a thread helped.
#[derive(Default)]
struct Shares(AtomicUsize);

impl Meter for Shares {
    fn begin_share(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// All that is known of a checked unit.
#[derive(PartialEq, Debug)]
struct Checked {
    findings: Vec<Diagnostic>,
    counts: (usize, usize, Option<NonZero<u32>>),
    parsed: parse::Usage,
    usage: Usage,
}

impl Checked {
    fn new(diagnostics: &Diagnostics, parsed: parse::Usage, usage: Usage) -> Self {
        // What was made of the same header by another unit first stands elsewhere in the session.
        let place_only = |found: &Diagnostic| Diagnostic {
            range: passes::source::TextRange::at(passes::source::Pos(0)),
            ..found.clone()
        };
        Self {
            findings: diagnostics.as_slice().iter().map(place_only).collect(),
            counts: (diagnostics.errors(), diagnostics.warnings(), diagnostics.terminated_after()),
            parsed,
            usage,
        }
    }
}

/// What `threads` threads find in `units`, and how often one helped another.
fn check_all<M: Memory>(
    threads: usize,
    files: Provider,
    units: &[&str],
    options: &Options,
    trees: Trees,
) -> (Vec<Checked>, usize) {
    check_by(&Workers::<M>::helping_from(0, threads), files, units, options, trees)
}

/// The same by threads that may have other work, too.
fn check_by<M: Memory>(
    workers: &Workers<M>,
    files: Provider,
    units: &[&str],
    options: &Options,
    trees: Trees,
) -> (Vec<Checked>, usize) {
    let shares = Arc::new(Shares::default());
    let checked = M::pass(&mut M::Session::default(), meter::LEX, |pass| {
        let session = Session::<M>::metered(pass, files, shares.clone());
        workers.run_units(
            pass,
            &session,
            units,
            |unit| unit.len() as u64,
            |worker, session, unit| {
                let outcome = worker.check(session, Input::File(unit.as_bytes()), options, trees);
                Checked::new(&outcome.diagnostics, outcome.value, outcome.usage)
            },
        )
    });
    (checked, shares.0.load(Ordering::Relaxed))
}

/// One thread, two and eight find the same in `text`, whose headers are `headers`; returns what.
fn check_text(text: &str, headers: &[(&str, &str)], options: &Options) -> Checked {
    let files = || {
        let all = headers.iter().copied().chain([("a.c", text)]);
        Provider::Texts(all.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec())).collect())
    };
    let (mut alone, shares) = check_all::<ArenaMemory>(1, files(), &["a.c"], options, Trees::Released);
    assert_eq!(shares, 0);
    for threads in [2, 8] {
        for trees in [Trees::Released, Trees::Kept] {
            let (beside, shares) = check_all::<ArenaMemory>(threads, files(), &["a.c"], options, trees);
            assert_eq!(shares, usize::from(!text.is_empty()), "another thread parsed");
            assert_eq!(beside, alone, "{threads} threads, {trees:?}");
        }
    }
    alone.remove(0)
}

fn plain() -> Options {
    Options { system_directories: Vec::new(), time: 1_000_000_000, ..Options::default() }
}

#[test]
fn every_test_input_gives_the_same_in_two_threads() {
    for name in ["accepted", "errors"] {
        let (folder, units) = (data_folder(name), data_files(name));
        let options = options_for(&folder);
        let units: Vec<&str> = units.iter().map(String::as_str).collect();
        for unit in &units {
            let (alone, _) = check_all::<ArenaMemory>(1, Provider::Disk, &[unit], &options, Trees::Released);
            let (beside, shares) =
                check_all::<ArenaMemory>(2, Provider::Disk, &[unit], &options, Trees::Released);
            assert_eq!(beside, alone, "{unit}");
            assert_eq!(shares, 1);
        }
        // Some units with a helper, some without.
        let (alone, _) = check_all::<ArenaMemory>(1, Provider::Disk, &units, &options, Trees::Released);
        let (beside, shares) =
            check_all::<ArenaMemory>(units.len() + 3, Provider::Disk, &units, &options, Trees::Released);
        assert_eq!(beside, alone);
        assert_eq!(shares, 3);
    }
}

#[cfg(feature = "bumpalo")]
#[test]
fn memory_makes_no_difference() {
    use passes::memory::bump::BumpMemory;
    let (folder, units) = (data_folder("errors"), data_files("errors"));
    let options = options_for(&folder);
    for unit in &units {
        let (ours, _) = check_all::<ArenaMemory>(2, Provider::Disk, &[unit], &options, Trees::Released);
        let (theirs, _) = check_all::<BumpMemory>(2, Provider::Disk, &[unit], &options, Trees::Released);
        assert_eq!(ours, theirs);
    }
}

/// Functions with an error each where what is around them changes: macros, names of files, lines, headers.
fn many_errors(functions: usize) -> String {
    let mut text = String::from("#define BAD(x) (x)->missing\n#define STRING(x) #x\nint given(int);\n");
    for number in 0..functions {
        let _ = match number % 8 {
            0 => {
                writeln!(text, "int f{number}(int a) {{ return BAD(a); }}\n#undef BAD\n#define BAD(x) (x)()")
            }
            1 => writeln!(text, "int f{number}(int a) {{ return BAD(a) + nowhere{number}; }}"),
            2 => writeln!(
                text,
                "#line {number}00 \"other{number}.c\"\nint f{number}(void) {{ char *p = 1.5; }}"
            ),
            3 => writeln!(text, "int f{number}(int a) {{ implicit{number}(a); return given(); }}"),
            4 => writeln!(text, "#include \"h.h\"\nint f{number}(void) {{ goto nowhere; }}"),
            5 => {
                writeln!(text, "const char *f{number}(void) {{ return STRING(a long text of {number}) 1; }}")
            }
            6 => writeln!(text, "int f{number}(void) {{ extern int given(char); return BAD(1) }}"),
            _ => writeln!(text, "#warning number {number}\n#undef BAD\n#define BAD(x) (x)->missing"),
        };
    }
    text
}

#[test]
fn errors_in_many_functions_stand_where_one_thread_has_them() {
    let headers = [("h.h", "#pragma once\nstatic int of_header(void) { return *1; }\n")];
    let found = check_text(&many_errors(60), &headers, &plain());
    assert!(found.counts.0 > 50 && found.counts.1 > 8, "{:?}", found.counts);
    // More than one block of tokens, and more errors than are kept.
    let found = check_text(&many_errors(2000), &headers, &plain());
    assert_eq!(found.counts.0, 100);
}

#[test]
fn the_unit_ends_after_as_many_errors() {
    let headers = [("h.h", "")];
    for max in [1, 2, 7] {
        let options = Options { errors_max: NonZero::new(max), ..plain() };
        let found = check_text(&many_errors(40), &headers, &options);
        assert_eq!(found.counts, (max as usize, found.counts.1, NonZero::new(max)));
    }
    // One error of the check and one of the preprocessor behind it: what stands between them was not read.
    let text = "int f(void) { return *1; }\nint h;\n#error x\nint g(void) { return 0; }\n";
    for max in [1, 2] {
        let options = Options { errors_max: NonZero::new(max), ..plain() };
        assert_eq!(check_text(text, &headers, &options).counts.0, max as usize);
    }
}

#[test]
fn labels_declared_twice_are_told_in_their_order() {
    for earlier in ["int zz, aa;", "int aa, zz;"] {
        let text = format!("{earlier}\nvoid f(void) {{ __label__ aa, zz, aa, zz; }}\n");
        let found = check_text(&text, &[], &plain());
        let named = |index: usize, name| found.findings[index].message.contains(name);
        assert!(named(0, "'aa'") && named(1, "'zz'"), "{:?}", found.findings);
    }
}

#[test]
fn several_callers_share_threads() {
    let workers = Workers::<ArenaMemory>::helping_from(0, 2);
    let mut text = String::new();
    for number in 0..20_000 {
        let _ = writeln!(text, "int f{number}(void) {{ return {number}; }}");
    }
    let check = || {
        let files = Provider::Texts([("a.c".to_owned(), text.clone().into_bytes())].into());
        let (checked, _) = check_by(&workers, files, &["a.c"], &plain(), Trees::Released);
        assert_eq!(checked[0].parsed.functions, 20_000);
    };
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| (0..3).for_each(|_| check()));
        }
    });
}

#[test]
fn more_findings_than_are_noted_and_none_at_all() {
    let mut text = String::new();
    for number in 0..6000 {
        let _ = writeln!(text, "int *f{number}(void) {{ return 1; }}");
    }
    assert_eq!(check_text(&text, &[], &plain()).counts.1, 1000);
    let text = text.replace("return 1", "return 0");
    let found = check_text(&text, &[], &plain());
    assert_eq!((found.counts.1, found.parsed.functions), (0, 6000));
}

#[test]
fn what_is_found_at_the_end_stands_on_the_last_line() {
    let found = check_text("int f(void) {\n  return 1;\n\n  // nothing\n", &[], &plain());
    assert_eq!((found.counts.0, found.findings[0].place.line), (1, 2));
    let found = check_text("static struct late object;\nint f(void);\n\n", &[], &plain());
    assert_eq!(found.counts.0, 1);
    let found = check_text("int f(void);\nint g(void) { return *1; }", &[], &plain());
    assert_eq!((found.counts.0, found.findings[0].place.line), (1, 2));
    check_text("int f(void) { return *1; }\nint g(void", &[], &plain());
    // A unit without a token, one that is not there, one that ends itself.
    check_text("", &[], &plain());
    check_text("#include \"nowhere.h\"\nint f(void) { return *1; }\n", &[], &plain());
    check_text("int f(void) { return *1; }\n#include \"nowhere.h\"\nint 1;\n", &[], &plain());
}

#[test]
fn spellings_of_the_unit_and_pragmas_go_with_the_tokens() {
    let mut text = String::from("#define NAME(a, b) a##b\n#define TEXT(a) #a\n");
    for number in 0..900 {
        let _ = writeln!(text, "#pragma pack(push, 1)\nstruct NAME(s, {number}) {{ char c; int i; }};");
        let _ = writeln!(text, "_Pragma(\"pack(pop)\")\nstruct t{number} {{ char c; int i; }};");
        let _ = writeln!(
            text,
            "_Static_assert(sizeof(struct s{number}) == 5 && sizeof(struct t{number}) == 8, \"\");"
        );
        let _ = writeln!(
            text,
            "_Static_assert(sizeof TEXT(of some length: {number}) == {}, \"\");",
            17 + number.to_string().len()
        );
    }
    let found = check_text(&text, &[], &plain());
    assert_eq!((found.counts.0, found.parsed.externals), (0, 3600));
    let wrong = text.replacen("== 5", "== 6", 1);
    assert_eq!(check_text(&wrong, &[], &plain()).counts.0, 1);
}

#[test]
fn cfront_prints_the_same_with_any_number_of_threads() {
    let errors = many_errors(1500);
    assert!(errors.len() as u64 > passes::pipeline::HELPED_FROM_BYTES);
    let here = folder(&[("a.c", &errors), ("h.h", "int *of_header(void) { return 1; }\n")]);
    let messages = |arguments: &[&str]| {
        let output = cfront(here.path(), &[arguments, &["a.c"]].concat(), "");
        assert_eq!(output.status.code(), Some(1));
        text(&output.stderr)
    };
    let alone = messages(&["-j1"]);
    assert!(alone.contains("in definition of macro 'BAD'"), "{alone}");
    assert!(alone.contains("h.h:1:6: error: redefinition"), "{alone}");
    for threads in ["-j2", "-j8"] {
        assert_eq!(messages(&[threads]), alone);
        assert_eq!(messages(&[threads, "-fmax-errors=3"]), messages(&["-j1", "-fmax-errors=3"]));
    }
    // The first and the second thread's passes, under their names, and the third that reported what was found.
    let report = messages(&["-j2", "-w", "--mem-report=json"]);
    let passes: Vec<&str> =
        report.split("{\"pass\":\"").skip(1).map(|rest| &rest[..rest.find('"').unwrap_or(0)]).collect();
    assert_eq!(passes, ["lex", "preprocess", "parse", "check"]);
    assert!(
        report.contains("\"preprocess\",\"runs\":2,") && report.contains("\"parse\",\"runs\":1,"),
        "{report}"
    );
}
