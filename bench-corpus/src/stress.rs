//! Seeded stress cases, positive and negative.

use std::process::ExitCode;

use crate::cli;

/// Flags of `bench-corpus stress`.
#[derive(clap::Args)]
pub struct Args {}

/// Runs `bench-corpus stress`.
pub fn run(_args: &Args) -> ExitCode {
    cli::not_built("stress", "the stress suite")
}
