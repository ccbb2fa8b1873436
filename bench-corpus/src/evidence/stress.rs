//! `release/allocator-stress-report.tsv`: how every built stress case ended.

use std::process::{Command, Stdio};

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use serde::{Deserialize, Serialize};

use super::folder::{ABSENT, BUILT, Folder};
use super::order;
use crate::cli;
use crate::stress::{self, Outcome};

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

/// What a process that ran one case says of it; the rest of its report is nothing for evidence.
#[derive(Deserialize)]
struct Report {
    seed: u64,
    threads: usize,
    operations: u64,
    refused: u64,
    outcome: Outcome,
    codes: Vec<String>,
    checks: u64,
    reserved_bytes: usize,
    released_bytes: usize,
    failure: String,
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

/// Runs every built case and writes the report into `out`. Several run at a time, each in a process of its own: none counts time.
///
/// # Errors
/// When a declared case is not one of the stress suite, or a case of the suite is not declared, or a process does not report.
pub fn write(repository: &Folder, out: &Folder) -> Result<(), String> {
    let mut declared: Vec<Case> = repository.read(DECLARED)?;
    declared.retain(|case| case.status == BUILT);
    if let Some(case) = stress::all().find(|case| declared.iter().all(|known| known.case != case.name)) {
        return Err(format!("{DECLARED} does not declare case {} of the suite", case.name));
    }
    let progress = cli::Progress::new("stress cases", declared.len());
    let measured = |case: &Case| {
        let row = measured(case)?;
        progress.step();
        Ok(row)
    };
    let mut rows: Vec<Row> = declared.par_iter().map(measured).collect::<Result<_, String>>()?;
    rows.sort_by_key(|row| order::natural(&row.case));
    out.write(FILE, &rows)
}

/// Runs a case in a process of its own.
fn reported(name: &str) -> Result<Report, String> {
    let program =
        std::env::current_exe().map_err(|error| format!("this program cannot find itself: {error}"))?;
    let output = Command::new(program)
        .args(["stress", "--case", name, "--json"])
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("stress case {name} cannot be started: {error}"))?;
    let mut reports: Vec<Report> = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("stress case {name} ended with {} and no report: {error}", output.status))?;
    reports.pop().ok_or_else(|| format!("stress case {name} reported nothing"))
}

fn measured(declared: &Case) -> Result<Row, String> {
    if stress::all().all(|case| case.name != declared.case) {
        return Err(format!("{DECLARED} declares case {}, which the suite lacks", declared.case));
    }
    let report = reported(&declared.case)?;
    if !report.failure.is_empty() {
        eprintln!("stress case {}: {}", declared.case, report.failure);
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
        // How much several threads reserve depends on who comes first; how many tables of addresses one needs, where there is no room for
        // the window of a case, on where the system puts its memory.
        comparison: if report.threads == 1 { "banded" } else { "bounded" },
        command: format!("bench-corpus stress --case {}", declared.case),
    })
}
