//! The same passes on our arenas and on bumpalo with `reset`: separate processes of this program, alternating.

use std::process::{Command, ExitCode, Stdio};

use clap::{Parser, ValueEnum};

use super::Selection;
use super::rounds::Passes;
use super::run_report::{RunReport, STEADY_ROUND};
use crate::cli;

/// Flags of `bench-corpus corpus compare`.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    #[command(flatten)]
    pub selection: Selection,
    /// Workers. With more than one, which units meet differs from round to round, and with it the memory that a round needs
    #[arg(long, short, default_value_t = 1, value_name = "N", value_parser = cli::count)]
    pub jobs: usize,
    /// Rounds in each process; from the third on a round counts as warm
    #[arg(long, default_value_t = 6, value_name = "R", value_parser = rounds)]
    pub rounds: usize,
    /// What is done with every unit
    #[arg(long, value_enum, default_value = "preprocess")]
    pub passes: Passes,
    /// Pairs of processes, ours and bumpalo in turn
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = cli::count)]
    pub pairs: usize,
}

/// The flags alone.
#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    args: Args,
}

impl Args {
    /// The flags with their defaults, but for these.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn with(flags: &[&str]) -> Result<Self, String> {
        let all = ["compare"].into_iter().chain(flags.iter().copied());
        Flags::try_parse_from(all).map(|flags| flags.args).map_err(|error| error.to_string())
    }
}

/// Reads a number of rounds of which one at least is warm.
fn rounds(text: &str) -> Result<usize, String> {
    match cli::count(text)? {
        rounds if rounds < STEADY_ROUND => Err(format!("only from round {STEADY_ROUND} on a round is warm")),
        rounds => Ok(rounds),
    }
}

/// Runs of both memories, in pairs.
#[derive(Clone, Debug, Default)]
pub struct CorpusComparison {
    /// On our arenas.
    pub ours: Vec<RunReport>,
    /// On bumpalo.
    pub bumpalo: Vec<RunReport>,
}

/// One judged figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// What is compared.
    pub name: &'static str,
    /// Unit of `ours` and `bumpalo`.
    pub unit: &'static str,
    /// Our value.
    pub ours: u64,
    /// bumpalo's value.
    pub bumpalo: u64,
    /// Highest allowed `ours / bumpalo`.
    pub ratio_max: f64,
    /// An absolute value of ours that is good enough whatever bumpalo does.
    pub enough: u64,
}

impl Figure {
    /// `ours / bumpalo`; infinite when bumpalo's is zero and ours is not.
    pub fn ratio(&self) -> f64 {
        if self.ours == 0 { 0.0 } else { self.ours as f64 / self.bumpalo as f64 }
    }

    /// Whether the target is met.
    pub fn is_met(&self) -> bool {
        self.ours <= self.enough || self.ratio() <= self.ratio_max
    }

    fn line(&self) -> String {
        let Figure { name, unit, ours, bumpalo, ratio_max, enough } = self;
        let word = if self.is_met() { "met" } else { "MISSED" };
        let bar = if *enough > 0 {
            format!("{ratio_max} or at most {enough} {unit}")
        } else {
            ratio_max.to_string()
        };
        format!(
            "{name}\tours {ours} {unit}\tbumpalo {bumpalo} {unit}\tratio {:.4}\tbar {bar}\t{word}",
            self.ratio()
        )
    }
}

impl CorpusComparison {
    /// The figures of target A8. Faults: our worst steady round beside bumpalo's best; memory: medians over the runs.
    pub fn figures(&self) -> [Figure; 3] {
        let faults = |runs: &[RunReport]| runs.iter().flat_map(RunReport::steady_faults).collect::<Vec<_>>();
        let peak = |runs: &[RunReport]| median(runs.iter().map(|run| run.peak_rss_bytes));
        let idle = |runs: &[RunReport]| median(runs.iter().map(|run| run.idle_rss_bytes));
        [
            Figure {
                name: "faults of a warm round",
                unit: "faults",
                ours: faults(&self.ours).into_iter().max().unwrap_or(u64::MAX),
                bumpalo: faults(&self.bumpalo).into_iter().min().unwrap_or(0),
                ratio_max: 0.01,
                enough: 16,
            },
            Figure {
                name: "peak resident memory",
                unit: "bytes",
                ours: peak(&self.ours),
                bumpalo: peak(&self.bumpalo),
                ratio_max: 1.0,
                enough: 0,
            },
            Figure {
                name: "idle resident memory",
                unit: "bytes",
                ours: idle(&self.ours),
                bumpalo: idle(&self.bumpalo),
                ratio_max: 1.25,
                enough: 0,
            },
        ]
    }

    /// Units that failed in any run.
    pub fn failed_units(&self) -> usize {
        self.ours.iter().chain(&self.bumpalo).map(|run| run.failed.len()).sum()
    }
}

fn median(values: impl Iterator<Item = u64>) -> u64 {
    let mut values: Vec<u64> = values.collect();
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}

/// Runs the pairs; each run is a process of its own, so that neither finds the other's memory warm.
///
/// # Errors
/// A sentence when a run cannot be started or ends without a report.
pub fn compare(args: &Args) -> Result<CorpusComparison, String> {
    let mut comparison = CorpusComparison::default();
    let bar = cli::progress_bar(2 * args.pairs);
    for _ in 0..args.pairs {
        comparison.ours.push(run_apart(args, "ours")?);
        bar.inc(1);
        comparison.bumpalo.push(run_apart(args, "bumpalo")?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(comparison)
}

/// Runs each pair at the same time, for who looks at counts and memory and at no clock.
///
/// # Errors
/// As [`compare`].
pub fn side_by_side(args: &Args) -> Result<CorpusComparison, String> {
    let mut comparison = CorpusComparison::default();
    for _ in 0..args.pairs {
        let (ours, bumpalo) = rayon::join(|| run_apart(args, "ours"), || run_apart(args, "bumpalo"));
        comparison.ours.push(ours?);
        comparison.bumpalo.push(bumpalo?);
    }
    Ok(comparison)
}

/// One `corpus run` in a process of its own.
fn run_apart(args: &Args, memory: &str) -> Result<RunReport, String> {
    if cfg!(not(feature = "peers")) {
        return Err(super::run::WITHOUT_BUMPALO.into());
    }
    let program =
        std::env::current_exe().map_err(|error| format!("this program cannot find itself: {error}"))?;
    let mut command = Command::new(program);
    command.args([
        "corpus",
        "run",
        "--format",
        "json",
        "--memory",
        memory,
        "--set",
        args.selection.set.name(),
    ]);
    command.args(["--jobs", &args.jobs.to_string(), "--rounds", &args.rounds.to_string()]);
    let passes = args.passes.to_possible_value().expect("every choice has a name");
    command.args(["--passes", passes.get_name()]);
    if let Some(text) = &args.selection.unit {
        command.args(["--unit", text]);
    }
    if let Some(folder) = &args.selection.corpora {
        command.arg("--corpora").arg(folder);
    }
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| format!("the run on {memory} cannot be started: {error}"))?;
    serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("the run on {memory} ended with {} and no report: {error}", output.status))
}

/// Runs `bench-corpus corpus compare`: a line a figure, the last line a verdict, exit 1 when a figure misses its bar.
pub fn run(args: &Args) -> ExitCode {
    let comparison = match compare(args) {
        Ok(comparison) => comparison,
        Err(reason) => return cli::fail("corpus compare", &reason),
    };
    let figures = comparison.figures();
    for figure in &figures {
        println!("{}", figure.line());
    }
    let (met, failed) = (figures.iter().filter(|figure| figure.is_met()).count(), comparison.failed_units());
    let good = met == figures.len() && failed == 0;
    let word = if good { "ok" } else { "FAILED" };
    println!(
        "verdict\t{word}: {met} of {} figures met, {failed} units failed, {} pairs",
        figures.len(),
        args.pairs
    );
    if good { ExitCode::SUCCESS } else { ExitCode::from(cli::FAILED) }
}

#[cfg(test)]
mod tests {
    use super::super::run_report::RoundReport;
    use super::*;

    fn run_with(faults: &[u64], peak: u64, idle: u64) -> RunReport {
        let rounds = faults.iter().enumerate();
        let round = |(at, faults): (usize, &u64)| RoundReport {
            round: at + 1,
            faults: *faults,
            ..RoundReport::default()
        };
        RunReport {
            rounds: rounds.map(round).collect(),
            peak_rss_bytes: peak,
            idle_rss_bytes: idle,
            ..RunReport::default()
        }
    }

    fn check(ours: RunReport, bumpalo: RunReport, met: [bool; 3]) {
        let comparison = CorpusComparison { ours: vec![ours], bumpalo: vec![bumpalo] };
        assert_eq!(comparison.figures().map(|figure| figure.is_met()), met, "{:?}", comparison.figures());
    }

    #[test]
    fn only_warm_rounds_count_and_the_worst_of_ours_is_judged() {
        check(
            run_with(&[9000, 9000, 0, 100], 1, 1),
            run_with(&[9000, 9000, 10_000, 10_000], 1, 1),
            [true; 3],
        );
        check(
            run_with(&[0, 0, 0, 101], 1, 1),
            run_with(&[9000, 9000, 10_000, 20_000], 1, 1),
            [false, true, true],
        );
    }

    #[test]
    fn sixteen_faults_are_enough_whatever_bumpalo_does() {
        check(run_with(&[0, 0, 16], 1, 1), run_with(&[0, 0, 0], 1, 1), [true; 3]);
        check(run_with(&[0, 0, 17], 1, 1), run_with(&[0, 0, 0], 1, 1), [false, true, true]);
    }

    #[test]
    fn memory_has_a_bar_for_the_peak_and_another_for_idle() {
        check(run_with(&[0, 0, 0], 101, 125), run_with(&[0, 0, 0], 100, 100), [true, false, true]);
        check(run_with(&[0, 0, 0], 100, 126), run_with(&[0, 0, 0], 100, 100), [true, true, false]);
    }

    #[test]
    fn a_run_without_a_warm_round_meets_nothing() {
        let figures = CorpusComparison::default().figures();
        assert!(!figures[0].is_met(), "{figures:?}");
    }
}
