//! The preprocessor oracle: our tokens against gcc's.

use std::process::ExitCode;

use crate::cli;

/// Flags of `bench-corpus tokens`.
#[derive(clap::Args)]
pub struct Args {}

/// Runs `bench-corpus tokens`.
pub fn run(_args: &Args) -> ExitCode {
    cli::not_built("tokens", "the token oracle")
}
