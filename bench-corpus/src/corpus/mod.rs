//! The corpus: its table and the runs over it.

use std::process::ExitCode;

use crate::cli;

/// Flags of `bench-corpus corpus`.
#[derive(clap::Args)]
pub struct Args {}

/// Runs `bench-corpus corpus`.
pub fn run(_args: &Args) -> ExitCode {
    cli::not_built("corpus", "the corpus run")
}
