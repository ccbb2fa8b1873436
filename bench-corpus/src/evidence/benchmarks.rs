//! `perf/allocator-fast-path-benchmarks.tsv`: declared rows and budgets with freshly measured values.

use serde::{Deserialize, Serialize};

use super::budget;
use super::decimal;
use super::fast_path::OURS;
use super::folder::Folder;
use crate::arena_bench::contest::{Contest, Contestant, HELD, LIVE_HELD, RESIDENT};

/// The file.
pub const FILE: &str = "perf/allocator-fast-path-benchmarks.tsv";

/// Rounds of the workloads. Page faults and bytes hardly spread; ratios of times, which need more, are not judged here.
const ROUNDS: usize = 5;

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
    for row in &mut rows {
        row.measured = decimal::of(measured(&contest, row)?);
        row.verdict = if row.comparison == "informational" || row.subject != OURS {
            "not-judged".to_owned()
        } else {
            budget::at_most(&row.measured, &row.released_budget).to_owned()
        };
        row.command = "bench-corpus arena".to_owned();
    }
    out.write(FILE, &rows)
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
