//! Arenas beside their peers: TARGETS A1 and A7 by the stepper, A2 to A6 by processes run in alternation, A8 over the quick corpus.

pub mod contest;
mod verdict;

use std::process::ExitCode;

use bench_measured::probe::Face;

use crate::cli;
use crate::corpus::compare;
use crate::measure::{self, PAIRS_MIN};
use crate::step;
use crate::step::subjects::Programs;
use crate::verdict::{Verdict, conclude};
use contest::{Contest, Contestant};

/// Flags of `bench-corpus arena`.
#[derive(clap::Args)]
pub struct Args {
    /// Rounds of alternating runs; a verdict on a ratio needs at least 15
    #[arg(long, default_value_t = PAIRS_MIN, value_parser = cli::pairs)]
    pairs: usize,
    /// Only the targets whose name starts with this: A1, A2, A3, A4, A4b, A5, A6, A7, A8
    #[arg(long, value_parser = target)]
    target: Option<String>,
    /// Only run the workloads of A2 to A6, and print one row a run, comma-separated
    #[arg(long, conflicts_with = "target")]
    csv: bool,
}

/// Reads the beginning of a target's name.
fn target(text: &str) -> Result<String, String> {
    cli::target(text, &["A1", "A2", "A3", "A4", "A4b", "A5", "A6", "A7", "A8"])
}

/// Runs `bench-corpus arena`: exit 1 if a target is missed without a measured reason.
pub fn run(args: &Args) -> ExitCode {
    if args.csv {
        return match contest_rows(args.pairs) {
            Ok(()) => ExitCode::SUCCESS,
            Err(reason) => cli::fail("arena", &reason),
        };
    }
    match arena(args) {
        Ok(verdicts) => conclude(&verdicts),
        Err(reason) => cli::fail("arena", &reason),
    }
}

fn arena(args: &Args) -> Result<Vec<Verdict>, String> {
    let wanted = |target: &str| cli::wants(args.target.as_deref(), target);
    let mut verdicts = Vec::new();
    if ["A1", "A7"].into_iter().any(wanted) {
        verdicts.extend(fast_path_verdicts()?.into_iter().filter(|verdict| wanted(verdict.target)));
    }
    let workloads: Vec<&'static str> =
        WORKLOADS.iter().filter(|(target, _)| wanted(target)).map(|(_, workload)| *workload).collect();
    if !workloads.is_empty() {
        let verdicts_of_all = contest_verdicts(args.pairs, &workloads)?;
        verdicts.extend(verdicts_of_all.into_iter().filter(|verdict| wanted(verdict.target)));
    }
    if wanted("A8") {
        verdicts.extend(corpus_verdicts()?);
    }
    Ok(verdicts)
}

/// TARGETS A8: the passes over the quick corpus, as `bench-corpus corpus compare` runs them.
///
/// # Errors
/// When a run cannot be started, or a unit fails in it.
pub fn corpus_verdicts() -> Result<Vec<Verdict>, String> {
    verdict::corpus(&compare::compare(&compare::Args::with(&["--set", "quick"])?)?)
}

/// Which workloads a target asks for.
const WORKLOADS: &[(&str, &str)] = &[
    ("A2", "passes-drop"),
    ("A2", "passes-reset"),
    ("A3", "files"),
    ("A4", "retained-files"),
    ("A4", "retained-functions"),
    ("A4b", "retained-files"),
    ("A4b", "retained-functions"),
    ("A5", "passes-parallel"),
    ("A6", "files-dropped-elsewhere"),
];

/// The workloads of all targets.
pub fn workloads() -> Vec<&'static str> {
    WORKLOADS.iter().map(|(_, workload)| *workload).collect()
}

/// TARGETS A1 and A7: stepped counts of our paths and of the peers'.
///
/// # Errors
/// When the probes cannot be built or stepped.
pub fn fast_path_verdicts() -> Result<Vec<Verdict>, String> {
    let cases: Vec<_> = bench_measured::probe::all().filter(|case| case.face == Face::Rust).collect();
    let measurements = step::measure(&Programs::default(), &cases, |_| true)?;
    let rows: Vec<step::Row> = measurements.iter().map(step::Measurement::row).collect();
    print!("{}", step::listing::table(&rows));
    verdict::fast_paths(&rows)
}

/// The runs behind [`contest_verdicts`], as rows.
fn contest_rows(pairs: usize) -> Result<(), String> {
    let mut contest = Contest::new(Contestant::all()?, &workloads());
    contest.run(pairs)?;
    measure::write_rows(contest.rows(), std::io::stdout().lock())
}

/// TARGETS A2 to A6, those of `workloads`: processes in alternation.
///
/// # Errors
/// When a worker cannot be built or run.
pub fn contest_verdicts(pairs: usize, workloads: &[&'static str]) -> Result<Vec<Verdict>, String> {
    let mut contest = Contest::new(Contestant::all()?, workloads);
    contest.run(pairs)?;
    print!("{}", contest.table()?);
    verdict::contest(&contest)
}
