//! `bench-corpus corpus run`: the passes over a set, several rounds in one session.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use passes::trace::Trace;

use super::rounds::{self, Passes, Rounds};
use super::run_report::RunReport;
use super::trace::{self, Sampler};
use super::unit::Unit;
use super::{Ours, Selection};
use crate::cli;

/// Flags of `bench-corpus corpus run`.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    #[command(flatten)]
    pub selection: Selection,
    /// Workers
    #[arg(long, short, default_value_t = cli::processors(), value_name = "N", value_parser = cli::count)]
    pub jobs: usize,
    /// Rounds over all units in one session
    #[arg(long, default_value_t = 3, value_name = "R", value_parser = cli::count)]
    pub rounds: usize,
    /// What is done with every unit
    #[arg(long, value_enum, default_value = "check")]
    pub passes: Passes,
    /// What the passes allocate from
    #[arg(long, value_enum, default_value = "ours")]
    pub memory: Memory,
    /// How the result is printed
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
    /// Also write what each pass and thread held, and the process, a row a unit and pass, into this file
    #[arg(long, value_name = "FILE", value_parser = cli::new_file)]
    pub trace: Option<PathBuf>,
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
    let units = args.selection.units()?;
    let memory = match args.memory {
        Memory::Ours => "ours",
        Memory::Bumpalo => "bumpalo",
    };
    let arenas = match args.memory {
        Memory::Ours => <Ours as passes::memory::Memory>::arena_use,
        Memory::Bumpalo => || None,
    };
    let trace = args.trace.is_some().then(|| Arc::new(Trace::new(arenas)));
    let sampler = trace.clone().map(Sampler::start);
    let rounds = match args.memory {
        Memory::Ours => {
            rounds::run::<Ours>(&units, args.passes, args.jobs, args.rounds, trace.as_ref(), end_of_session)?
        }
        Memory::Bumpalo => on_bumpalo(&units, args, trace.as_ref())?,
    };
    drop(sampler);
    if let Some((trace, path)) = trace.zip(args.trace.as_ref()) {
        trace::write(&trace::rows(&trace, memory), path)?;
    }
    Ok(RunReport {
        memory: memory.into(),
        set: args.selection.set.name().into(),
        jobs: args.jobs,
        units: units.len(),
        pp_lines: units.iter().map(|unit| unit.pp_lines).sum(),
        failed: rounds.failed,
        rounds: rounds.reports,
        peak_rss_bytes: rounds.idle.peak,
        idle_rss_bytes: rounds.idle.now,
        idle_anonymous_bytes: rounds.idle.anonymous,
    })
}

/// What the end of a `compiler_alloc::Session` does: idle memory is trimmed.
fn end_of_session() {
    compiler_alloc::profile::compiler_internal::trim(compiler_alloc::arena::SESSION_IDLE_BYTES);
}

#[cfg(feature = "peers")]
fn on_bumpalo(units: &[Unit], args: &Args, trace: Option<&Arc<Trace>>) -> Result<Rounds, String> {
    rounds::run::<passes::memory::bump::BumpMemory>(units, args.passes, args.jobs, args.rounds, trace, || ())
}

#[cfg(not(feature = "peers"))]
fn on_bumpalo(_units: &[Unit], _args: &Args, _trace: Option<&Arc<Trace>>) -> Result<Rounds, String> {
    Err(WITHOUT_BUMPALO.into())
}

/// What is said where bumpalo is asked for and not there.
pub const WITHOUT_BUMPALO: &str = "this program was built without bumpalo; build it with `--features peers`";

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
