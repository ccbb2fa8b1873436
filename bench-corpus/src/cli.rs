//! What every subcommand shares: exit codes, the sentence for an unbuilt command, and the table formats.

use std::process::ExitCode;

/// Exit code of a run that finished and found something wrong.
pub const FAILED: u8 = 1;

/// Exit code of a command that was asked for something it cannot do.
pub const USAGE: u8 = 2;

/// Prints why a command could not do its work and returns the failing exit code.
pub fn fail(command: &str, reason: &str) -> ExitCode {
    eprintln!("bench-corpus {command}: {reason}");
    ExitCode::from(FAILED)
}

/// Says that a command is announced but not built yet and returns the usage exit code.
pub fn not_built(command: &str, what: &str) -> ExitCode {
    eprintln!("bench-corpus {command}: {what} is not built yet");
    ExitCode::from(USAGE)
}
