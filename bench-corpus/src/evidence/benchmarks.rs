//! `perf/allocator-fast-path-benchmarks.tsv`: declared rows and budgets with freshly measured values.

use serde::{Deserialize, Serialize};

use super::COMPILER_INTERNAL;
use super::budget;
use super::decimal;
use super::fast_path::OURS;
use super::folder::Folder;
use super::process::{self, Process};
use super::profile_benchmarks::{self, Figures};
use crate::arena_bench::contest::{Contest, Contestant, HELD, LIVE_HELD, RESIDENT};
use crate::corpus::Selection;
use crate::corpus::compare::{self, CorpusComparison};
use crate::corpus::rounds::Passes;
use crate::corpus::table::Set;

/// The file.
pub const FILE: &str = "perf/allocator-fast-path-benchmarks.tsv";

/// Rounds of the workloads. Page faults and bytes hardly spread; ratios of times, which need more, are not judged here.
const ROUNDS: usize = 5;

/// How the names of corpus workloads begin.
const CORPUS: &str = "corpus-quick";

/// What measures them again.
const CORPUS_COMMAND: &str = "bench-corpus corpus compare --jobs 1 --rounds 8 --pairs 1";

/// Rounds over the corpus in one process; from the third on they count as warm.
const CORPUS_ROUNDS: usize = 8;

/// Rounds of a quick run.
const ROUNDS_QUICK: usize = 3;

#[derive(Clone, Serialize, Deserialize)]
struct Row {
    profile: String,
    workload: String,
    subject: String,
    metric: String,
    target: String,
    unit: String,
    budget: String,
    released_budget: String,
    decision: String,
    comparison: String,
    measured: String,
    verdict: String,
    seed: String,
    command: String,
    reason: String,
}

/// Measures every declared row and writes the file into `out`.
///
/// # Errors
/// When a worker cannot be built or run, or a row names something that is not measured.
pub fn write(repository: &Folder, out: &Folder, is_quick: bool) -> Result<(), String> {
    let mut rows: Vec<Row> = repository.read(FILE)?;
    let mut contest = Contest::new(Contestant::all()?);
    contest.run(if is_quick { ROUNDS_QUICK } else { ROUNDS })?;
    let corpus = corpus()?;
    let processes = process::all()?;
    process::write(&processes, out)?;
    let mut figures = Figures::default();
    for row in &mut rows {
        let is_corpus = row.workload.starts_with(CORPUS);
        let is_process = row.profile != COMPILER_INTERNAL;
        let command = profile_benchmarks::command(&row.profile, &row.metric);
        let value = match (is_process, is_corpus) {
            (true, _) if command.is_some() => {
                figures.value(&row.profile, &row.workload, &row.subject, &row.metric)?
            }
            (true, _) => cost(&processes, row)?,
            (false, true) => passes(&corpus, row)?,
            (false, false) => measured(&contest, row)?,
        };
        row.measured = decimal::of(value);
        row.verdict = if row.comparison == "informational" || row.subject != OURS {
            "not-judged".to_owned()
        } else {
            budget::at_most(&row.measured, &row.released_budget).to_owned()
        };
        row.command = match (command, is_process, is_corpus) {
            (Some(command), true, _) => command.to_owned(),
            (_, true, _) => format!("bench-corpus evidence --workload {}.{}", row.profile, row.workload),
            (_, false, true) => CORPUS_COMMAND.to_owned(),
            (_, false, false) => "bench-corpus arena".to_owned(),
        };
    }
    out.write(FILE, &rows)
}

/// The passes over the quick corpus, on our arenas and on bumpalo, a process each. One worker: then every count but the times is the
/// same in every run.
fn corpus() -> Result<CorpusComparison, String> {
    let selection = Selection { set: Set::Quick, unit: None, corpora: None };
    compare::compare(&compare::Args {
        selection,
        jobs: 1,
        rounds: CORPUS_ROUNDS,
        passes: Passes::Preprocess,
        pairs: 1,
    })
}

/// A figure of the corpus run: of the process, or of the pass that follows the workload's `.`.
fn passes(corpus: &CorpusComparison, row: &Row) -> Result<f64, String> {
    let run = |subject: &str| {
        let runs = if subject == OURS { &corpus.ours } else { &corpus.bumpalo };
        runs.first().ok_or_else(|| format!("the passes were not run on {subject}"))
    };
    let (ours, bumpalo) = (run(OURS)?, run("bumpalo")?);
    let of = run(&row.subject)?;
    let unknown = || format!("{FILE}: nothing measures {} of {}", row.metric, row.workload);
    if let Some((_, pass)) = row.workload.split_once('.') {
        let round = of.rounds.last().ok_or_else(unknown)?;
        let pass = round.passes.iter().find(|known| known.pass == pass).ok_or_else(unknown)?;
        return match row.metric.as_str() {
            "page-faults" => Ok(pass.faults as f64),
            "reserved-bytes" => Ok(pass.reserved_bytes as f64),
            "spans-cold" => Ok(pass.spans_cold as f64),
            "used-bytes" => Ok(pass.used_bytes as f64),
            _ => Err(unknown()),
        };
    }
    match row.metric.as_str() {
        "failed-units" => Ok(of.failed.len() as f64),
        "idle-resident-by-bumpalo" => Ok(ours.idle_rss_bytes as f64 / bumpalo.idle_rss_bytes.max(1) as f64),
        "peak-resident-by-bumpalo" => Ok(ours.peak_rss_bytes as f64 / bumpalo.peak_rss_bytes.max(1) as f64),
        "steady-page-faults" => of.steady_faults().max().map(|faults| faults as f64).ok_or_else(unknown),
        _ => Err(unknown()),
    }
}

/// A figure of a program that is a process of its own.
fn cost(processes: &[Process], row: &Row) -> Result<f64, String> {
    let cost = process::cost(processes, &row.profile, &row.workload, &row.subject)?;
    let found = match row.metric.as_str() {
        "page-faults" => Some(cost.faults),
        "peak-resident-bytes" => cost.peak_resident_bytes,
        _ => None,
    };
    found.ok_or_else(|| format!("{FILE}: nothing measures {} of {}", row.metric, row.workload))
}

fn measured(contest: &Contest, row: &Row) -> Result<f64, String> {
    let (subject, workload) = (row.subject.as_str(), row.workload.as_str());
    match row.metric.as_str() {
        "cpu-milliseconds" => {
            let mut seconds = contest.cpu_seconds(subject, workload)?;
            seconds.sort_unstable_by(f64::total_cmp);
            Ok(crate::measure::median(&seconds) * 1e3)
        }
        "held-by-live" => contest.share(subject, workload, LIVE_HELD),
        "held-by-requested" => contest.share(subject, workload, HELD),
        "page-faults" => contest.faults(subject, workload),
        "peak-resident-bytes" => contest.fact(subject, workload, "peak_resident_bytes"),
        "resident-by-requested" => contest.share(subject, workload, RESIDENT),
        other => Err(format!("{FILE}: nothing measures {other}")),
    }
}
