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
        ("COMPILER_ALLOC_PROFILE", "hosted-large", "hosted-small"),
        ("COMPILER_ALLOC_PROFILE", "", "hosted-small"),
        ("COMPILER_ALLOC_STATS", "yes", "0 or 1"),
        ("COMPILER_ALLOC_LEAKS", "2", "0 or 1"),
        ("COMPILER_ALLOC_RETAIN_MB", "-1", "0 to 1048576"),
        ("COMPILER_ALLOC_RETAIN_MB", "1048577", "0 to 1048576"),
        ("COMPILER_ALLOC_RETAIN_MB", "99999999999999999999999", "0 to 1048576"),
    ] {
        let said = said(&[(variable, value)]);
        let line = said.strip_prefix(SILENT).unwrap_or_else(|| panic!("{variable}={value}: {said}"));
        assert_eq!(line.lines().count(), 1, "{said}");
        assert!(line.starts_with(&format!("compiler-alloc: {variable} ")), "{line}");
        assert!(line.contains(allowed) && line.contains("using"), "{line}");
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
