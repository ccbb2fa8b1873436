//! Arenas beside their peers: time, faults, resident memory.

use std::process::ExitCode;

use crate::cli;

/// Flags of `bench-corpus arena`.
#[derive(clap::Args)]
pub struct Args {}

/// Runs `bench-corpus arena`.
pub fn run(_args: &Args) -> ExitCode {
    cli::not_built("arena", "the arena comparison")
}
