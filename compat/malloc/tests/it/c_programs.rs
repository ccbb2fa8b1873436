//! Programs of ours that go into the corners: `tests/programs`.

use crate::library::{compiled, fixed, shared};
use crate::under::{as_it_is, assert_same, plain, preloaded, run, text};
use std::process::Command;

/// Asserts that the program says the same without and with the library, and never `NO`.
fn same(source: &str, flags: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let program = compiled(folder.path(), source, flags);
    let said = assert_same(|| Command::new(&program), as_it_is);
    assert!(!said.contains(": NO"), "{said}");
    said
}

#[test]
fn the_corners_of_the_standards_are_as_in_glibc() {
    same("corner_cases.c", &[]);
}

#[test]
fn sized_frees_and_large_alignments_work() {
    let folder = tempfile::tempdir().unwrap();
    let program = compiled(folder.path(), "own_answers.c", &[shared().to_str().unwrap()]);
    let said = text(&run(preloaded(Command::new(&program))));
    assert!(said.starts_with("exit status: 0\n") && !said.contains(": NO"), "{said}");
    assert_eq!(said.matches(": yes").count(), 5, "{said}");
}

#[test]
fn statistics_are_right_and_the_header_describes_them() {
    let folder = tempfile::tempdir().unwrap();
    let program = compiled(folder.path(), "statistics.c", &[shared().to_str().unwrap()]);
    let said = text(&run(preloaded(Command::new(&program))));
    assert!(said.starts_with("exit status: 0\n") && !said.contains(": NO"), "{said}");
    assert_eq!(said.matches(": yes").count(), 7, "{said}");
}

#[test]
fn everything_that_runs_while_threads_and_the_process_end_may_allocate() {
    let said = same("thread_ends.c", &[]);
    assert!(said.contains("after main, at exit ran: 1"), "{said}");
}

#[test]
fn a_server_forks_while_its_threads_allocate() {
    same("forking_server.c", &[]);
}

#[test]
fn a_child_waits_for_no_lock_that_a_thread_of_its_parent_held() {
    let said = same("forks_beside_new_threads.c", &[]);
    assert!(said.contains("ended well: 150"), "{said}");
}

#[test]
fn handlers_around_fork_that_were_registered_first_may_allocate() {
    let said = same("fork_handlers.c", &[]);
    assert!(said.contains("ended well: 20, handlers run: 40"), "{said}");
}

#[test]
fn calloc_is_zero_where_the_system_may_not_drop_pages() {
    let said = same("locked_memory.c", &["-O0"]);
    assert!(said.contains("not zero: 0"), "{said}");
}

#[test]
fn a_limited_address_space_is_there_for_others_when_all_was_freed() {
    let folder = tempfile::tempdir().unwrap();
    let program = compiled(folder.path(), "limited_address_space.c", &[]);
    let said = text(&run(preloaded(Command::new(&program))));
    assert!(said.starts_with("exit status: 0\n") && !said.contains(": NO"), "{said}");
    assert_eq!(said.matches(": yes").count(), 2, "{said}");
}

#[test]
fn libraries_are_loaded_and_unloaded() {
    let folder = tempfile::tempdir().unwrap();
    let program = compiled(folder.path(), "loading.c", &["-ldl"]);
    let plugin = compiled(folder.path(), "plugin.c", &["-shared", "-fPIC"]);
    let command = || {
        let mut command = Command::new(&program);
        command.arg(&plugin);
        command
    };
    assert_same(command, as_it_is);
}

#[test]
fn exceptions_threads_and_every_operator_of_cxx_work() {
    let said = same("exceptions.cpp", &[]);
    assert!(said.contains("aligned new[]: bad_alloc") && said.contains("asked 3 times"), "{said}");
}

#[test]
fn operators_that_a_program_replaces_stay_replaced() {
    let said = same("replaced_new.cpp", &[]);
    assert!(said.contains("0 live, hundreds made: 1"), "{said}");
}

#[test]
fn a_program_with_the_static_library_inside_says_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let library = fixed().to_str().unwrap();
    for (source, flags) in [
        ("corner_cases.c", vec![library]),
        ("thread_ends.c", vec![library]),
        ("exceptions.cpp", vec![library]),
        // What the program defines itself comes first, and the library's forms lead to it.
        ("replaced_new.cpp", vec![library, "-Wl,--allow-multiple-definition"]),
        ("corner_cases.c", vec![library, "-static"]),
        ("exceptions.cpp", vec![library, "-static"]),
        ("replaced_new.cpp", vec![library, "-static", "-Wl,--allow-multiple-definition"]),
    ] {
        let ours = compiled(folder.path(), source, &flags);
        let with = text(&run(plain(Command::new(&ours))));
        let theirs = compiled(folder.path(), source, &[]);
        let without = text(&run(plain(Command::new(&theirs))));
        assert!(with.starts_with("exit status: 0\n") && !with.contains(": NO"), "{source}: {with}");
        assert_eq!(without, with, "{source} {flags:?}");
    }
}

#[test]
fn a_misuse_changes_nothing_and_is_said_once() {
    let folder = tempfile::tempdir().unwrap();
    let program = compiled(folder.path(), "misuse.c", &[]);
    for (mode, kind) in [
        ("double", ""),
        ("remote-double", ""),
        ("interior", "free of a pointer that is not the beginning of a block"),
        ("stack", "free of a pointer that this heap did not hand out"),
        ("static", "free of a pointer that this heap did not hand out"),
        ("wild", "free of a pointer that this heap did not hand out"),
    ] {
        for bytes in ["16", "64", "1000", "4000", "200000"] {
            let mut command = Command::new(&program);
            command.args([mode, bytes]);
            let said = text(&run(preloaded(command)));
            let what = format!("{mode} of {bytes} bytes: {said}");
            assert!(said.starts_with("exit status: 0\n") && said.contains("the heap is whole"), "{what}");
            let (_, errors) = said.split_once("--- errors\n").unwrap();
            // A block that is freed twice at once is absorbed; a large one is gone already, and its address nobody's.
            assert!(errors.lines().count() <= 1 && errors.is_empty() <= kind.is_empty(), "{what}");
            assert!(errors.is_empty() || errors.starts_with("compiler-alloc: "), "{what}");
            assert!(errors.contains(kind), "{what}");
        }
    }
}
