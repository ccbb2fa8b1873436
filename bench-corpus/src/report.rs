//! Charts and a page from the evidence; a later issue brings it.

use std::process::ExitCode;

use crate::cli;

/// Flags of `bench-corpus report`.
#[derive(clap::Args)]
pub struct Args {}

/// Runs `bench-corpus report`.
pub fn run(_args: &Args) -> ExitCode {
    cli::not_built("report", "the report (a later issue)")
}
