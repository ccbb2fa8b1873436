//! One writer per evidence file.

use std::process::ExitCode;

use crate::cli;

/// Flags of `bench-corpus evidence`.
#[derive(clap::Args)]
pub struct Args {}

/// Runs `bench-corpus evidence`.
pub fn run(_args: &Args) -> ExitCode {
    cli::not_built("evidence", "the evidence writer")
}
