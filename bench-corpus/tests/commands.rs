//! The commands as a user calls them: exit codes, and what is said when something is missing.

use std::process::{Command, Output};

fn bench_corpus(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bench-corpus"));
    command.args(arguments);
    command
}

fn run(command: &mut Command) -> Output {
    command.output().expect("the program under test starts")
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn fetching_offline_into_an_empty_home_names_the_packages_and_what_to_do() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let output = run(bench_corpus(&["fetch", "--set", "quick", "--offline"]).env("CARGO_HOME", home.path()));
    assert_eq!(output.status.code(), Some(1));
    let said = errors(&output);
    for package in ["lua-src 551.1.0", "zstd-sys 2.1.3+zstd.1.5.7", "pg_query 18.1.0"] {
        assert!(said.contains(package), "{said}");
    }
    assert!(said.contains("run `bench-corpus fetch --set quick` again"), "{said}");
}

#[test]
fn listing_a_set_that_is_not_fetched_says_how_to_fetch_it() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let output = run(bench_corpus(&["corpus", "list", "--set", "full"]).env("CARGO_HOME", home.path()));
    assert_eq!(output.status.code(), Some(1));
    assert!(errors(&output).contains("run `bench-corpus fetch --set full` first"), "{}", errors(&output));
}

#[test]
fn a_command_whose_tool_is_missing_says_what_the_doctor_says() {
    let empty = tempfile::tempdir().expect("a temporary folder");
    let without_tools = |arguments: &[&str]| run(bench_corpus(arguments).env("PATH", empty.path()));
    let doctor = without_tools(&["doctor"]);
    assert_eq!(doctor.status.code(), Some(1));
    let listed = String::from_utf8_lossy(&doctor.stdout).into_owned();
    let tokens = without_tools(&["tokens"]);
    assert_eq!(tokens.status.code(), Some(1));
    let sentence = errors(&tokens);
    let sentence = sentence.trim().strip_prefix("bench-corpus tokens: ").expect("the command names itself");
    assert!(sentence.starts_with("gcc is missing") && listed.contains(sentence), "{sentence}\n{listed}");
}

#[test]
fn unknown_flags_and_too_few_rounds_are_refused() {
    assert_eq!(run(&mut bench_corpus(&["corpus", "run", "--jbos", "2"])).status.code(), Some(2));
    let output = run(&mut bench_corpus(&["corpus", "compare", "--rounds", "2"]));
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).contains("only from round 3 on a round is warm"), "{}", errors(&output));
}

#[test]
fn names_that_mean_nothing_are_refused_with_the_list_of_what_there_is() {
    for (arguments, listed) in [
        (["arena", "--target", "ZZ"], "A1, A2, A3, A4, A4b, A5, A6, A7, A8"),
        (["heap", "--target", "Z9"], "H1b, H2, H3, H3b, H4, H5"),
        (["step", "--case", "nope"], "alloc-24"),
        (["stress", "--case", "nope"], "arena-local-free"),
        (["arena", "--pairs", "3"], "fewer than 15"),
        (["freestanding", "--pairs", "3"], "fewer than 15"),
        (["freestanding", "--target", "E9"], "E1, E2, E3"),
        (["freestanding", "--operations", "0"], "at least 1"),
        (["tokens", "--jobs", "0"], "at least 1"),
        (["clients", "--client", "rustc"], "wast, solar, oxc, oxc-kept"),
        (["clients", "--allocator", "dlmalloc"], "glibc, mimalloc, jemalloc, hosted-small"),
        (["clients", "--rounds", "2"], "only from round 3 on a round is warm"),
        (["clients", "--csv", "no-such-folder/rows.csv"], "no-such-folder is no folder"),
        (["heap", "--peer", "no-such-malloc"], "mimalloc-3-4k"),
        (["heap", "--workload", "no-such-workload"], "xmalloc"),
        (["heap", "--library", "no-such-file.so"], "is no file"),
        (["heap", "--pairs", "0"], "at least 1"),
        (["frontend", "--target", "F9"], "F1, F2, F3, F4, F5"),
        (["frontend", "--set", "half"], "quick, full"),
        (["step", "--subject", "nope"], "ours-typed"),
        (["step", "--listing", "nope"], "alloc-24"),
        (["step", "--malloc", "nope"], "write NAME=PATH"),
        (["realtime", "--operations", "0"], "at least 1"),
        (["stress", "--soak", "0"], "at least 1"),
        (["conformance", "--suite", "nope"], "sema"),
        (["conformance", "--cfront", "no-such-file"], "is no file"),
        (["conformance", "--mutations", "0"], "at least 1"),
        (["fetch", "--unit", "no such unit"], "corpus list"),
        (["fetch", "--corpora", "no-such-folder"], "is no folder"),
        (["tokens", "--unit", "no such unit"], "\"no such unit\""),
        (["report", "--evidence", "no-such-folder"], "is no folder"),
        (["report", "--traces", "no-such-folder"], "is no folder"),
        (["report", "--runs", "no-such-folder"], "is no folder"),
        (["report", "--libraries", "no-such-folder"], "is no folder"),
        (["evidence", "--only", "nope"], "release/allocator-stress-report.tsv"),
        (["evidence", "--diagnostic", "nope"], "shutdown-leak"),
        (["evidence", "--drain", "nope"], "realtime-message-boundary"),
        (["evidence", "--rule", "nope"], "geometry.arena-granule"),
        (["evidence", "--workload", "nope"], "compiler-internal.passes-drop"),
    ] {
        let output = run(&mut bench_corpus(&arguments));
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(errors(&output).contains(listed), "{arguments:?}: {}", errors(&output));
    }
}

#[test]
fn flags_that_mean_nothing_together_are_refused_too() {
    let cases: [(&[&str], &str); 7] = [
        (
            &["evidence", "--rule", "geometry.arena-granule", "--profile", "hosted-small"],
            "span-allocation.slab-bytes-max",
        ),
        (&["evidence", "--rule", "geometry.unit-bytes", "--profile", "nope"], "hosted-server"),
        (&["evidence", "--rule", "geometry.unit-bytes", "--drain", "safepoint"], "cannot be used with"),
        (&["step", "--case", "malloc-16", "--subject", "bumpalo"], "ours, system"),
        (&["corpus", "list", "--unit", "no such unit"], "\"no such unit\""),
        (&["corpus", "run", "--unit", "no such unit"], "\"no such unit\""),
        (&["corpus", "run", "--trace", "no-such-folder/trace.tsv"], "no-such-folder is no folder"),
    ];
    for (arguments, listed) in cases {
        let output = run(&mut bench_corpus(arguments));
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", errors(&output));
        assert!(errors(&output).contains(listed), "{arguments:?}: {}", errors(&output));
    }
}

/// A folder for `PATH` with nothing but what `tools/need` itself is written in.
fn path_without_tools() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for program in ["sh", "awk", "dirname"] {
        let found = run(Command::new("sh").args(["-c", &format!("command -v {program}")]));
        let target = String::from_utf8(found.stdout).expect("a path is text");
        std::os::unix::fs::symlink(target.trim(), folder.path().join(program)).expect("the link is made");
    }
    folder
}

#[test]
fn the_makefile_and_the_commands_say_the_same_of_a_missing_tool() {
    let path = path_without_tools();
    let need = concat!(env!("CARGO_MANIFEST_DIR"), "/../tools/need");
    let from_make = run(Command::new(need).arg("gcc").env("PATH", path.path()));
    assert_eq!(from_make.status.code(), Some(1));
    let from_command = errors(&run(bench_corpus(&["tokens"]).env("PATH", path.path())));
    assert_eq!(from_command, format!("bench-corpus tokens: {}", errors(&from_make)));
}

#[test]
fn the_makefile_refuses_a_tool_that_is_not_in_the_list() {
    let need = concat!(env!("CARGO_MANIFEST_DIR"), "/../tools/need");
    assert_eq!(run(Command::new(need).args(["gcc", "no-such-tool"])).status.code(), Some(2));
}
