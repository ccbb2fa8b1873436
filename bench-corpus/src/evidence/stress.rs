//! `release/allocator-stress-report.tsv`: how every built stress case ended.

use serde::{Deserialize, Serialize};

use super::folder::{ABSENT, BUILT, Folder};
use super::order;
use crate::cli;
use crate::stress::{self, CaseReport};

/// The file.
pub const FILE: &str = "release/allocator-stress-report.tsv";

/// The declared cases.
const DECLARED: &str = "allocator/stress-cases.tsv";

#[derive(Deserialize)]
struct Case {
    case: String,
    profile: String,
    coverage: String,
    polarity: String,
    outcome: String,
    code: String,
    status: String,
}

#[derive(Serialize)]
struct Row {
    case: String,
    profile: String,
    coverage: String,
    polarity: String,
    seed: u64,
    threads: usize,
    operations: u64,
    refused: u64,
    outcome: &'static str,
    code: String,
    checks: u64,
    reserved_bytes: usize,
    released_bytes: usize,
    leaked_bytes: usize,
    verdict: &'static str,
    comparison: &'static str,
    command: String,
}

/// Runs every built case and writes the report into `out`.
///
/// # Errors
/// When a declared case is not one of the stress suite, or a case of the suite is not declared.
pub fn write(repository: &Folder, out: &Folder) -> Result<(), String> {
    let mut declared: Vec<Case> = repository.read(DECLARED)?;
    declared.retain(|case| case.status == BUILT);
    if let Some(case) = stress::all().find(|case| declared.iter().all(|known| known.case != case.name)) {
        return Err(format!("{DECLARED} does not declare case {} of the suite", case.name));
    }
    let progress = cli::Progress::new("stress cases", declared.len());
    let mut rows = Vec::new();
    for case in &declared {
        rows.push(measured(case)?);
        progress.step();
    }
    rows.sort_by_key(|row| order::natural(&row.case));
    out.write(FILE, &rows)
}

fn measured(declared: &Case) -> Result<Row, String> {
    let case = stress::all()
        .find(|case| case.name == declared.case)
        .ok_or_else(|| format!("{DECLARED} declares case {}, which the suite lacks", declared.case))?;
    let report: CaseReport = stress::measure(case, None);
    if !report.failure.is_empty() {
        eprintln!("stress case {}: {}", case.name, report.failure);
    }
    let code = if report.codes.is_empty() { ABSENT.to_owned() } else { report.codes.join("+") };
    let is_met = report.outcome.name() == declared.outcome && code == declared.code;
    Ok(Row {
        case: declared.case.clone(),
        profile: declared.profile.clone(),
        coverage: declared.coverage.clone(),
        polarity: declared.polarity.clone(),
        seed: report.seed,
        threads: report.threads,
        operations: report.operations,
        refused: report.refused,
        outcome: report.outcome.name(),
        code,
        checks: report.checks,
        reserved_bytes: report.reserved_bytes,
        released_bytes: report.released_bytes,
        leaked_bytes: report.reserved_bytes.saturating_sub(report.released_bytes),
        verdict: if is_met { "met" } else { "exceeded" },
        // How much several threads reserve depends on who comes first; how many tables the page map needs, on the
        // addresses that the system hands out.
        comparison: if report.threads == 1 { "banded" } else { "bounded" },
        command: format!("bench-corpus stress --case {}", declared.case),
    })
}
