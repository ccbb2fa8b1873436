//! Arenas beside their peers: TARGETS A1 by the stepper, A2, A4 and A4b by processes run in alternation.

pub mod contest;
mod verdict;

use std::process::ExitCode;

use crate::cli;
use crate::measure::PAIRS_MIN;
use crate::step::{self, programs};
use contest::{Contest, Contestant};
pub use verdict::Verdict;

/// Flags of `bench-corpus arena`.
#[derive(clap::Args)]
pub struct Args {
    /// Rounds of alternating runs; a verdict on a ratio needs at least 15
    #[arg(long, default_value_t = PAIRS_MIN)]
    pairs: usize,
    /// Only the targets whose name starts with this: A1, A2, A4
    #[arg(long)]
    target: Option<String>,
}

/// Runs `bench-corpus arena`: exit 1 if a target is not met.
pub fn run(args: &Args) -> ExitCode {
    match arena(args) {
        Ok(verdicts) => {
            print!("{}", verdict::table(&verdicts));
            if verdicts.iter().all(|verdict| verdict.is_met) {
                ExitCode::SUCCESS
            } else {
                ExitCode::from(cli::FAILED)
            }
        }
        Err(reason) => cli::fail("arena", &reason),
    }
}

fn arena(args: &Args) -> Result<Vec<Verdict>, String> {
    if args.pairs < PAIRS_MIN {
        return Err(format!("{} pairs give no verdict; at least {PAIRS_MIN}", args.pairs));
    }
    let wanted = |target: &str| args.target.as_ref().is_none_or(|wanted| target.starts_with(wanted.as_str()));
    let mut verdicts = Vec::new();
    if wanted("A1") {
        verdicts.extend(fast_path_verdicts()?);
    }
    if wanted("A2") || wanted("A4") {
        verdicts.extend(contest_verdicts(args.pairs)?.into_iter().filter(|verdict| wanted(verdict.target)));
    }
    Ok(verdicts)
}

/// TARGETS A1: stepped counts of our paths and of the peers'.
///
/// # Errors
/// When the probes cannot be built or stepped.
pub fn fast_path_verdicts() -> Result<Vec<Verdict>, String> {
    let program = programs::build("fast-path-probe")?;
    let cases: Vec<_> = bench_measured::probe::all().collect();
    let measurements = step::measure(&program, bench_measured::probe::SUBJECTS, &cases)?;
    let rows: Vec<step::Row> = measurements.iter().map(step::Measurement::row).collect();
    print!("{}", step::listing::table(&rows));
    verdict::fast_paths(&rows)
}

/// TARGETS A2, A4 and A4b: processes in alternation.
///
/// # Errors
/// When a worker cannot be built or run.
pub fn contest_verdicts(pairs: usize) -> Result<Vec<Verdict>, String> {
    let mut contest = Contest::new(Contestant::all()?);
    contest.run(pairs)?;
    print!("{}", contest.table()?);
    verdict::contest(&contest)
}
