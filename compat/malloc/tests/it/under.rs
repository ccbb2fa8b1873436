//! Runs a program without and with the library, and compares.

use crate::library;
use std::process::{Command, Output};

/// The variables that the library reads; no test inherits them.
const VARIABLES: [&str; 6] = [
    "COMPILER_ALLOC_PROFILE",
    "COMPILER_ALLOC_HUGE_PAGES",
    "COMPILER_ALLOC_NUMA",
    "COMPILER_ALLOC_STATS",
    "COMPILER_ALLOC_LEAKS",
    "COMPILER_ALLOC_RETAIN_MB",
];

/// The same command, ready to run without the library and without a word of its own for it.
pub fn plain(mut command: Command) -> Command {
    for variable in VARIABLES {
        command.env_remove(variable);
    }
    command.env_remove("LD_PRELOAD");
    command
}

/// The same command, ready to run under the library.
pub fn preloaded(command: Command) -> Command {
    let mut command = plain(command);
    command.env("LD_PRELOAD", library::shared());
    command
}

/// Runs a command to its end.
pub fn run(mut command: Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// Standard output and error as text, and how it ended.
pub fn text(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{}\n--- output\n{out}--- errors\n{err}", output.status)
}

/// Asserts that a command ends well and says the same with and without the library; answers what it said.
///
/// `tidy` takes out of the text what differs between two plain runs.
pub fn assert_same(command: impl Fn() -> Command, tidy: impl Fn(&str) -> String) -> String {
    let without = text(&run(plain(command())));
    let with = text(&run(preloaded(command())));
    assert!(without.starts_with("exit status: 0\n"), "without the library: {without}");
    assert_eq!(tidy(&without), tidy(&with), "without the library (left) and with it (right)");
    with
}

/// Takes nothing out.
pub fn as_it_is(text: &str) -> String {
    text.to_string()
}
