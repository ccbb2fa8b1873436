//! Instruction stepper: counts of our fast paths and of the peers'.

use std::process::ExitCode;

use crate::cli;

/// Flags of `bench-corpus step`.
#[derive(clap::Args)]
pub struct Args {}

/// Runs `bench-corpus step`.
pub fn run(_args: &Args) -> ExitCode {
    cli::not_built("step", "the instruction stepper")
}
