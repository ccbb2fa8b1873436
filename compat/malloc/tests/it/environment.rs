//! The variables that a program is started with.

use crate::library::compiled;
use crate::under::{preloaded, run, text};
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

/// A program that leaves three blocks of 100 bytes behind and says `done`.
fn program() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let program = compiled(folder.path(), "leaves_three.c", &[]);
    (folder, program)
}

/// What it says with these variables.
fn said(variables: &[(&str, &str)]) -> String {
    let (_folder, program) = program();
    let mut command = preloaded(Command::new(program));
    command.envs(variables.iter().copied());
    text(&run(command))
}

const SILENT: &str = "exit status: 0\n--- output\ndone\n--- errors\n";

/// The one line that is said with these variables.
fn line_said(variables: &[(&str, &str)]) -> String {
    let said = said(variables);
    let line = said.strip_prefix(SILENT).unwrap_or_else(|| panic!("{variables:?}: {said}"));
    assert_eq!(line.lines().count(), 1, "{said}");
    line.to_owned()
}

#[test]
fn without_variables_and_with_their_defaults_nothing_is_said() {
    assert_eq!(said(&[]), SILENT);
    assert_eq!(
        said(&[
            ("COMPILER_ALLOC_PROFILE", "hosted-small"),
            ("COMPILER_ALLOC_STATS", "0"),
            ("COMPILER_ALLOC_LEAKS", "0"),
            ("COMPILER_ALLOC_RETAIN_MB", "64"),
        ]),
        SILENT
    );
}

#[test]
fn a_bad_value_gives_one_line_with_what_is_allowed_and_then_the_default() {
    for (variable, value, allowed) in [
        ("COMPILER_ALLOC_PROFILE", "hosted-large", "hosted-small or hosted-server"),
        ("COMPILER_ALLOC_HUGE_PAGES", "yes", "off, transparent or explicit2m"),
        ("COMPILER_ALLOC_NUMA", "bind:", "bind:N"),
        ("COMPILER_ALLOC_NUMA", "bind:0,x", "bind:N"),
        ("COMPILER_ALLOC_NUMA", "bind:64", "bind:N"),
        ("COMPILER_ALLOC_NUMA", "bind:+1", "bind:N"),
        ("COMPILER_ALLOC_PROFILE", "", "hosted-small"),
        ("COMPILER_ALLOC_STATS", "yes", "0 or 1"),
        ("COMPILER_ALLOC_LEAKS", "2", "0 or 1"),
        ("COMPILER_ALLOC_RETAIN_MB", "-1", "0 to 1048576"),
        ("COMPILER_ALLOC_RETAIN_MB", "1048577", "0 to 1048576"),
        ("COMPILER_ALLOC_RETAIN_MB", "99999999999999999999999", "0 to 1048576"),
    ] {
        let line = line_said(&[(variable, value)]);
        assert!(line.starts_with(&format!("compiler-alloc: {variable} ")), "{line}");
        assert!(line.contains(allowed) && line.contains("using"), "{line}");
    }
}

#[test]
fn what_only_hosted_server_has_gives_one_line_with_its_code_under_any_other_profile() {
    for (variable, value, code) in [
        ("COMPILER_ALLOC_HUGE_PAGES", "transparent", "ALLOCATOR_HUGEPAGE_POLICY"),
        ("COMPILER_ALLOC_HUGE_PAGES", "explicit2m", "ALLOCATOR_HUGEPAGE_POLICY"),
        ("COMPILER_ALLOC_NUMA", "local", "ALLOCATOR_NUMA_POLICY"),
        ("COMPILER_ALLOC_NUMA", "bind:0", "ALLOCATOR_NUMA_POLICY"),
    ] {
        for variables in
            [&[(variable, value)][..], &[("COMPILER_ALLOC_PROFILE", "hosted-small"), (variable, value)]]
        {
            let line = line_said(variables);
            assert!(line.contains(code) && line.contains(variable) && line.contains("using off"), "{line}");
        }
    }
}

#[test]
fn hosted_server_serves_a_program_and_says_nothing_unless_something_is_not_to_be_had() {
    let server = ("COMPILER_ALLOC_PROFILE", "hosted-server");
    assert_eq!(said(&[server]), SILENT);
    assert_eq!(said(&[server, ("COMPILER_ALLOC_HUGE_PAGES", "off"), ("COMPILER_ALLOC_NUMA", "off")]), SILENT);
    let line = line_said(&[server, ("COMPILER_ALLOC_NUMA", "bind:63")]);
    assert!(line.contains("ALLOCATOR_NUMA_POLICY") && line.contains("done without"), "{line}");
}

#[test]
fn the_table_of_hosted_server_tells_of_the_transfer_cache() {
    let said = said(&[("COMPILER_ALLOC_PROFILE", "hosted-server"), ("COMPILER_ALLOC_STATS", "1")]);
    let table = said.strip_prefix(SILENT).unwrap_or_else(|| panic!("{said}"));
    for word in ["hosted-server", "batches taken", "hit rate", "threads"] {
        assert!(table.contains(word), "no `{word}`: {table}");
    }
}

#[test]
fn statistics_are_a_table_at_exit() {
    let said = said(&[("COMPILER_ALLOC_STATS", "1")]);
    let table = said.strip_prefix(SILENT).unwrap_or_else(|| panic!("{said}"));
    for word in ["hosted-small", "live", "idle", "committed", "reserved", "threads", "block"] {
        assert!(table.contains(word), "no `{word}`: {table}");
    }
}

#[test]
fn a_leak_report_names_the_class_and_how_many_blocks_live() {
    let before = said(&[("COMPILER_ALLOC_LEAKS", "1")]);
    let live = |text: &str| -> usize {
        let row = text.lines().find(|line| line.trim_start().starts_with("112 "));
        let row = row.unwrap_or_else(|| panic!("no row for blocks of 112 bytes: {text}"));
        row.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    assert!(live(&before) >= 3, "{before}");
}

#[test]
fn so_many_megabytes_idle_as_the_variable_says() {
    let folder = tempfile::tempdir().unwrap();
    let program = compiled(folder.path(), "idle_memory.c", &[]);
    let resident_mb = |retained: &str| -> usize {
        let mut command = preloaded(Command::new(&program));
        command.env("COMPILER_ALLOC_RETAIN_MB", retained);
        let said = run(command);
        assert!(said.stderr.is_empty(), "{}", text(&said));
        String::from_utf8_lossy(&said.stdout).trim().parse().unwrap()
    };
    let (none, some, all) = (resident_mb("0"), resident_mb("48"), resident_mb("1000"));
    assert!(none <= 16, "{none} MB");
    assert!((44..=52).contains(&some), "{some} MB");
    assert!(all >= 96, "{all} MB");
}
