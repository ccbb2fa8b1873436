//! The arena targets, measured.

use super::contest::{
    BUMPALO, BUMPALO_MIMALLOC, BUMPALO_MIMALLOC_4K, Contest, HELD, LIVE_HELD, OURS, OXC, RESIDENT,
};
use crate::corpus::compare::{CorpusComparison, Figure};
use crate::step::Row;
use crate::verdict::Verdict;

/// Most instructions and conditional branches of one operation over nothing.
struct Budget {
    target: &'static str,
    case: &'static str,
    instructions: f64,
    conditional_branches: f64,
}

const BUDGETS: &[Budget] = &[
    Budget { target: "A1", case: "alloc-24", instructions: 4.0, conditional_branches: 1.0 },
    Budget { target: "A1", case: "layout", instructions: 10.0, conditional_branches: 1.0 },
    Budget { target: "A1", case: "str", instructions: 4.0, conditional_branches: 1.0 },
    // Of branches the target says nothing.
    Budget { target: "A7", case: "pool-get", instructions: 8.0, conditional_branches: f64::INFINITY },
];

/// TARGETS A1 and A7.
///
/// # Errors
/// When a needed row was not measured.
pub fn fast_paths(rows: &[Row]) -> Result<Vec<Verdict>, String> {
    let row = |subject: &str, case: &str| {
        let found = rows.iter().find(|row| row.subject == subject && row.case == case);
        found.ok_or_else(|| format!("{subject} was not stepped on {case}"))
    };
    let mut verdicts = Vec::new();
    for budget in BUDGETS {
        let cost = row(OURS, budget.case)?.over_nothing;
        let what = |unit| format!("{}: {unit} over nothing", budget.case);
        verdicts.push(Verdict::new(
            budget.target,
            what("instructions"),
            cost.instructions(),
            budget.instructions,
        ));
        if budget.conditional_branches.is_finite() {
            verdicts.push(Verdict::new(
                budget.target,
                what("conditional branches"),
                cost.conditional_branches(),
                budget.conditional_branches,
            ));
        }
    }
    if cfg!(feature = "peers") {
        let (ours, oxc) = (row(OURS, "ast")?.over_nothing, row("oxc", "ast")?.over_nothing);
        let what = "ast: instructions a node over nothing, beside oxc";
        verdicts.push(Verdict::new("A1", what, ours.instructions(), oxc.instructions()));
    }
    Ok(verdicts)
}

/// TARGETS A2 to A6, where their workloads were run. Peers that did not take part are left out.
///
/// # Errors
/// When a run is missing.
pub fn contest(contest: &Contest) -> Result<Vec<Verdict>, String> {
    let mut verdicts = Vec::new();
    for (workload, of) in [
        ("passes-drop", passes as fn(&Contest) -> Result<Vec<Verdict>, String>),
        ("files", files),
        ("retained-files", retained),
        ("passes-parallel", parallel),
        ("files-dropped-elsewhere", dropped_elsewhere),
    ] {
        if contest.runs_workload(workload) {
            verdicts.extend(of(contest)?);
        }
    }
    Ok(verdicts)
}

/// TARGETS A3.
fn files(contest: &Contest) -> Result<Vec<Verdict>, String> {
    let mut verdicts = Vec::new();
    if contest.has(BUMPALO) {
        let ratio = contest.cpu_ratio((OURS, "files"), (BUMPALO, "files"))?;
        verdicts.push(Verdict::ratio(
            "A3",
            "1000 fresh arenas of 100 KB: CPU by bumpalo's on glibc",
            ratio,
            0.75,
        ));
    }
    verdicts.push(Verdict::new("A3", "the same: page faults", contest.faults(OURS, "files")?, 440.0));
    Ok(verdicts)
}

/// TARGETS A5.
fn parallel(contest: &Contest) -> Result<Vec<Verdict>, String> {
    let mut verdicts = Vec::new();
    if contest.has(BUMPALO) {
        let ratio = contest.cpu_ratio((OURS, "passes-parallel"), (BUMPALO, "passes-parallel"))?;
        let what = "2 threads, 3 passes of 24 MB each: CPU by bumpalo's on glibc";
        verdicts.push(Verdict::ratio("A5", what, ratio, 0.6));
    }
    Ok(verdicts)
}

/// TARGETS A6.
fn dropped_elsewhere(contest: &Contest) -> Result<Vec<Verdict>, String> {
    let workload = "files-dropped-elsewhere";
    let mut verdicts = Vec::new();
    if contest.has(OXC) {
        let ratio = contest.cpu_ratio((OURS, workload), (OXC, workload))?;
        let what = "1000 arenas dropped by another thread: CPU by oxc's";
        verdicts.push(Verdict::ratio("A6", what, ratio, 0.9).explained(
            "nine tenths are the channel, the scheduler and filling, which both have (perf record of arena-worker)",
        ));
    }
    let peak = contest.fact(OURS, workload, "peak_resident_bytes")?;
    verdicts.push(Verdict::new("A6", "the same: peak resident MB, process included", peak / 1e6, 6.0));
    Ok(verdicts)
}

/// TARGETS A2.
fn passes(contest: &Contest) -> Result<Vec<Verdict>, String> {
    let mut verdicts = Vec::new();
    let drop = |name| (name, "passes-drop");
    if contest.has(BUMPALO) {
        let ratio = contest.cpu_ratio(drop(OURS), drop(BUMPALO))?;
        verdicts.push(Verdict::ratio("A2", "10 x 48 MB, dropped: CPU by bumpalo's on glibc", ratio, 0.33));
    }
    if contest.has(BUMPALO_MIMALLOC_4K) {
        let ratio = contest.cpu_ratio(drop(OURS), drop(BUMPALO_MIMALLOC_4K))?;
        let what = "the same by bumpalo's on mimalloc without huge pages";
        verdicts.push(Verdict::ratio("A2", what, ratio, 1.0));
    }
    if contest.has(BUMPALO_MIMALLOC) {
        let ratio = contest.cpu_ratio(drop(OURS), drop(BUMPALO_MIMALLOC))?;
        let verdict = Verdict::ratio("A2", "the same by bumpalo's on mimalloc with huge pages", ratio, 1.0);
        verdicts.push(verdict.explained(
            "mimalloc takes huge pages (see its faults above), which the specification forbids to this profile",
        ));
        let peak = |name| contest.fact(name, "passes-drop", "peak_resident_bytes");
        let what = "peak RSS by bumpalo's on mimalloc";
        verdicts.push(Verdict::new("A2", what, peak(OURS)? / peak(BUMPALO_MIMALLOC)?, 0.8));
    }
    for workload in ["passes-drop", "passes-reset"] {
        let what = format!("{workload}: page faults of all passes");
        verdicts.push(Verdict::new("A2", what, contest.faults(OURS, workload)?, 12_000.0));
    }
    Ok(verdicts)
}

/// TARGETS A4 and A4b.
fn retained(contest: &Contest) -> Result<Vec<Verdict>, String> {
    let mut verdicts = Vec::new();
    for (workload, held, live) in [("retained-files", 1.02, 1.5), ("retained-functions", 1.05, 4.0)] {
        let share = |of| contest.share(OURS, workload, of);
        verdicts.push(Verdict::new("A4", format!("{workload}: held by requested"), share(HELD)?, held));
        if workload == "retained-files" {
            verdicts.push(Verdict::new(
                "A4",
                format!("{workload}: resident by requested"),
                share(RESIDENT)?,
                1.03,
            ));
        }
        let what = format!("{workload}, nine of ten dropped: held by live");
        verdicts.push(Verdict::new("A4b", what, share(LIVE_HELD)?, live));
    }
    Ok(verdicts)
}

/// TARGETS A8: the passes over the corpus on our arenas and on bumpalo with `reset`.
///
/// # Errors
/// When a run cannot be started, or a unit fails in it.
pub fn corpus(comparison: &CorpusComparison) -> Result<Vec<Verdict>, String> {
    match comparison.failed_units() {
        0 => Ok(comparison.figures().iter().map(of_figure).collect()),
        failed => Err(format!("{failed} corpus units failed; see `bench-corpus corpus compare`")),
    }
}

fn of_figure(figure: &Figure) -> Verdict {
    let note = format!("{} {} and {}", figure.ours, figure.unit, figure.bumpalo);
    let what = format!("corpus: {} by bumpalo's", figure.name);
    Verdict { note, is_met: figure.is_met(), ..Verdict::new("A8", what, figure.ratio(), figure.ratio_max) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step::trace::{Counts, PerOperation};
    use crate::verdict::table;

    fn row(subject: &str, case: &str, instructions: i64, conditional_branches: i64) -> Row {
        let total = Counts { instructions, conditional_branches, ..Counts::default() };
        let cost = PerOperation { total, operations: 1 };
        Row { subject: subject.into(), case: case.into(), gross: cost, over_nothing: cost, is_steady: true }
    }

    fn rows(our_layout: i64) -> Vec<Row> {
        vec![
            row("ours", "alloc-24", 4, 1),
            row("ours", "layout", our_layout, 1),
            row("ours", "str", 4, 1),
            row("ours", "pool-get", 7, 2),
            row("ours", "ast", 80, 7),
            row("oxc", "ast", 80, 9),
        ]
    }

    #[test]
    fn a_count_at_the_bar_meets_it_and_one_above_does_not() {
        assert!(fast_paths(&rows(10)).expect("all rows are there").iter().all(|verdict| verdict.is_met));
        let verdicts = fast_paths(&rows(11)).expect("all rows are there");
        let missed: Vec<&str> =
            verdicts.iter().filter(|verdict| !verdict.is_met).map(|verdict| verdict.what.as_str()).collect();
        assert_eq!(missed, ["layout: instructions over nothing"]);
        assert!(table(&verdicts).contains("NOT MET"));
    }

    #[test]
    fn a_missing_row_is_an_error_not_a_pass() {
        assert!(fast_paths(&[]).is_err());
    }
}
