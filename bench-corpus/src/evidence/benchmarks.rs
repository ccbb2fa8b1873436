//! `perf/allocator-fast-path-benchmarks.tsv`: declared rows and budgets with freshly measured values.

use serde::{Deserialize, Serialize};

use super::COMPILER_INTERNAL;
use super::budget;
use super::decimal;
use super::fast_path::OURS;
use super::folder::Folder;
use super::process::{self, Costs, Name};
use super::profile_benchmarks::{self, Figures};
use super::timed;
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
    let measured = measured(&rows, out, is_quick)?;
    for (row, value) in rows.iter_mut().zip(measured) {
        row.measured = decimal::of(value);
        row.verdict = if row.comparison == "informational" || row.subject != OURS {
            "not-judged".to_owned()
        } else {
            budget::at_most(&row.measured, &row.released_budget).to_owned()
        };
        row.command = row.way().command(row);
    }
    out.write(FILE, &rows)
}

/// How a row is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Arenas in alternation with their peers.
    Contest,
    /// The passes over the quick corpus.
    Corpus,
    /// The command of a profile's targets.
    Target(&'static str),
    /// A program, by the kernel's account of it.
    Process,
}

impl Row {
    fn way(&self) -> Way {
        match profile_benchmarks::command(&self.profile, &self.metric) {
            _ if self.profile == COMPILER_INTERNAL && self.workload.starts_with(CORPUS) => Way::Corpus,
            _ if self.profile == COMPILER_INTERNAL => Way::Contest,
            Some(command) => Way::Target(command),
            None => Way::Process,
        }
    }

    /// Profile, workload and subject.
    fn name(&self) -> Name<'_> {
        (&self.profile, &self.workload, &self.subject)
    }
}

impl Way {
    /// What measures a row again.
    fn command(self, row: &Row) -> String {
        match self {
            Way::Contest => "bench-corpus arena".to_owned(),
            Way::Corpus => CORPUS_COMMAND.to_owned(),
            Way::Target(command) => command.to_owned(),
            Way::Process => format!("bench-corpus evidence --workload {}.{}", row.profile, row.workload),
        }
    }
}

/// The value of each row, in their order. What reads a clock comes first and is alone on the machine; what only counts runs several at a
/// time.
fn measured(rows: &[Row], out: &Folder, is_quick: bool) -> Result<Vec<f64>, String> {
    let names = |is_wanted: fn(Way) -> bool| {
        rows.iter().filter(move |row| is_wanted(row.way())).map(Row::name).collect::<Vec<_>>()
    };
    let contest = timed("arenas beside their peers", || {
        let named = names(|way| way == Way::Contest);
        let mut contestants = Contestant::all()?;
        contestants.retain(|contestant| named.iter().any(|(_, _, subject)| *subject == contestant.name));
        let workloads: Vec<&str> = named.iter().map(|(_, workload, _)| *workload).collect();
        let mut contest = Contest::new(contestants, &workloads);
        contest.run(if is_quick { ROUNDS_QUICK } else { ROUNDS }).map(|()| contest)
    })?;
    let corpus = timed("passes over the corpus", corpus)?;
    let costs = timed("faults and memory of programs", || {
        let processes = process::all();
        process::write(&processes, out)?;
        process::costs(&processes, names(|way| way == Way::Process))
    })?;
    let figures = timed("operations of freestanding and realtime", || {
        Figures::of(
            rows.iter()
                .filter(|row| matches!(row.way(), Way::Target(_)))
                .map(|row| (row.name(), &*row.metric)),
        )
    })?;
    let value = |row: &Row| match row.way() {
        Way::Contest => by_contest(&contest, row),
        Way::Corpus => by_passes(&corpus, row),
        Way::Target(_) => figures.value(row.name(), &row.metric),
        Way::Process => by_cost(&costs, row),
    };
    rows.iter().map(value).collect()
}

/// The passes over the quick corpus, on our arenas and on bumpalo, a process each. One worker: then every count but the times is the
/// same in every run.
fn corpus() -> Result<CorpusComparison, String> {
    let selection = Selection { set: Set::Quick, unit: None, corpora: None };
    compare::side_by_side(&compare::Args {
        selection,
        jobs: 1,
        rounds: CORPUS_ROUNDS,
        passes: Passes::Preprocess,
        pairs: 1,
    })
}

/// A figure of the corpus run: of the process, or of the pass that follows the workload's `.`.
fn by_passes(corpus: &CorpusComparison, row: &Row) -> Result<f64, String> {
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
fn by_cost(costs: &Costs<'_>, row: &Row) -> Result<f64, String> {
    let cost = costs.get(&row.name());
    let found = match row.metric.as_str() {
        "page-faults" => cost.map(|cost| cost.faults),
        "peak-resident-bytes" => cost.and_then(|cost| cost.peak_resident_bytes),
        _ => None,
    };
    found.ok_or_else(|| format!("{FILE}: nothing measures {} of {}", row.metric, row.workload))
}

fn by_contest(contest: &Contest, row: &Row) -> Result<f64, String> {
    let (subject, workload) = (row.subject.as_str(), row.workload.as_str());
    match row.metric.as_str() {
        "cpu-milliseconds" => Ok(crate::measure::middle(contest.cpu_seconds(subject, workload)?) * 1e3),
        "held-by-live" => contest.share(subject, workload, LIVE_HELD),
        "held-by-requested" => contest.share(subject, workload, HELD),
        "page-faults" => contest.faults(subject, workload),
        "peak-resident-bytes" => contest.fact(subject, workload, "peak_resident_bytes"),
        "resident-by-requested" => contest.share(subject, workload, RESIDENT),
        other => Err(format!("{FILE}: nothing measures {other}")),
    }
}
