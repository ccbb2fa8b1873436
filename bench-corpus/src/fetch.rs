//! Fetching the pinned C sources.

use std::process::ExitCode;

use crate::cli;

/// Flags of `bench-corpus fetch`.
#[derive(clap::Args)]
pub struct Args {}

/// Runs `bench-corpus fetch`.
pub fn run(_args: &Args) -> ExitCode {
    cli::not_built("fetch", "fetching")
}
