//! `release/allocator-remote-free-report.tsv`: for every built drain point, what waited, what was taken back, what was left.

use serde::{Deserialize, Serialize};

use super::budget;
use super::drain::{self, Drained};
use super::folder::{ABSENT, BUILT, Folder};
use super::order::{self, DRAIN_POINTS, PROFILES};

/// The file.
pub const FILE: &str = "release/allocator-remote-free-report.tsv";

#[derive(Deserialize)]
struct DrainPoint {
    profile: String,
    drain_point: String,
    mechanism: String,
    bound: String,
    bound_unit: String,
    left_bound: String,
    case: String,
    status: String,
}

#[derive(Serialize)]
struct Row {
    profile: String,
    drain_point: String,
    case: String,
    metric: &'static str,
    unit: String,
    released_budget: String,
    measured: usize,
    verdict: &'static str,
    comparison: &'static str,
    seed: String,
    command: String,
}

/// Names of the experiments, one a built drain point.
///
/// # Errors
/// When the declarations cannot be read.
pub fn experiments(repository: &Folder) -> Result<Vec<String>, String> {
    Ok(built(repository)?.into_iter().map(|point| point.case).collect())
}

/// The drain points that have something to drain.
fn built(repository: &Folder) -> Result<Vec<DrainPoint>, String> {
    let mut declared: Vec<DrainPoint> = repository.read("allocator/remote-free.tsv")?;
    declared.retain(|point| point.status == BUILT && point.mechanism != "none");
    Ok(declared)
}

/// Drains every built drain point once and writes the report into `out`.
///
/// # Errors
/// When a drain point is declared that nothing measures, or its experiment fails.
pub fn write(repository: &Folder, out: &Folder) -> Result<(), String> {
    let mut declared = built(repository)?;
    declared.sort_by_key(|point| {
        (order::place(PROFILES, &point.profile), order::place(DRAIN_POINTS, &point.drain_point))
    });
    let mut rows = Vec::new();
    for point in &declared {
        rows.extend(rows_of(point, drain::measure(&point.case)?));
    }
    out.write(FILE, &rows)
}

fn rows_of(point: &DrainPoint, drained: Drained) -> [Row; 3] {
    let row = |metric, measured: usize, budget: &str| Row {
        profile: point.profile.clone(),
        drain_point: point.drain_point.clone(),
        case: point.case.clone(),
        metric,
        unit: point.bound_unit.clone(),
        released_budget: budget.to_owned(),
        verdict: budget::at_most(&measured.to_string(), budget),
        measured,
        comparison: "exact",
        seed: ABSENT.to_owned(),
        command: format!("bench-corpus evidence --drain {}", point.case),
    };
    [
        row("waiting-peak", drained.waiting, &point.bound),
        row("drained", drained.drained, ABSENT),
        row("left", drained.left, &point.left_bound),
    ]
}
