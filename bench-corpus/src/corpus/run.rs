//! `bench-corpus corpus run`: the passes over a set, several rounds in one session.

use std::process::ExitCode;

use super::Selection;
use super::run_report::RunReport;
use crate::cli;

/// Flags of `bench-corpus corpus run`.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    #[command(flatten)]
    pub selection: Selection,
    /// Workers
    #[arg(long, short, default_value_t = cli::processors(), value_name = "N")]
    pub jobs: usize,
    /// Rounds over all units in one session
    #[arg(long, default_value_t = 3, value_name = "R")]
    pub rounds: usize,
    /// What the passes allocate from
    #[arg(long, value_enum, default_value = "ours")]
    pub memory: Memory,
    /// How the result is printed
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

/// The allocator under the passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Memory {
    /// compiler-alloc
    Ours,
    /// bumpalo with `reset`; needs the feature `peers`
    Bumpalo,
}

/// How a report is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Tables for a reader
    Text,
    /// A row a pass and round
    Tsv,
    /// One object
    Json,
}

/// Runs the passes over the chosen units in this process.
///
/// # Errors
/// A sentence when the corpus is not fetched or the flags cannot be met. A failing unit is part of the report.
pub fn measure(args: &Args) -> Result<RunReport, String> {
    let _units = args.selection.units()?;
    Err("the pipeline of `passes` is not built yet".into())
}

/// Runs `bench-corpus corpus run`: exit 1 if a unit failed.
pub fn run(args: &Args) -> ExitCode {
    let printed = measure(args).and_then(|report| Ok((print(&report, args.format)?, report)));
    match printed {
        Ok((text, report)) => {
            print!("{text}");
            if report.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(cli::FAILED) }
        }
        Err(reason) => cli::fail("corpus run", &reason),
    }
}

fn print(report: &RunReport, format: Format) -> Result<String, String> {
    match format {
        Format::Text => Ok(report.text()),
        Format::Tsv => report.tsv(),
        Format::Json => serde_json::to_string(report)
            .map(|json| json + "\n")
            .map_err(|error| format!("the report cannot be written: {error}")),
    }
}
