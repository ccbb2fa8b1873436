//! `release/allocator-fast-path-report.tsv`: stepped counts, and the raw traces beside it.

use std::collections::{BTreeMap, BTreeSet};

use bench_measured::probe::{self, Case};
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::budget;
use super::decimal;
use super::folder::{ABSENT, BUILT, Folder};
use super::order::{self, METRICS, PROFILES};
use super::provenance::hexadecimal;
use crate::cli;
use crate::step::subjects::Programs;
use crate::step::trace::{Counts, PerOperation, Trace};
use crate::step::{self, Measurement};

/// The file.
pub const FILE: &str = "release/allocator-fast-path-report.tsv";

/// Where the raw traces lie in a fresh folder.
const TRACES: &str = "traces";

/// The subject that budgets bind.
pub const OURS: &str = "ours";

#[derive(Deserialize)]
struct Path {
    profile: String,
    path: String,
    case: String,
    locked_budget: String,
    calls_budget: String,
    syscalls_budget: String,
    status: String,
}

#[derive(Deserialize)]
struct Class {
    profile: String,
    path: String,
    instructions_budget: String,
    instructions_released: String,
    branches_budget: String,
    branches_released: String,
}

#[derive(Serialize)]
struct Row {
    profile: String,
    path: String,
    subject: String,
    metric: &'static str,
    total: i64,
    nothing: i64,
    operations: i64,
    net: String,
    budget: String,
    released_budget: String,
    verdict: &'static str,
    comparison: &'static str,
    seed: &'static str,
    trace_sha256: String,
    command: String,
}

/// Steps every built path, ours and the peers', and writes report and traces into `out`.
///
/// # Errors
/// When the probes cannot be built, followed or written.
pub fn write(repository: &Folder, out: &Folder) -> Result<(), String> {
    let mut paths: Vec<Path> = repository.read("allocator/local-fast-path.tsv")?;
    paths.retain(|path| path.status == BUILT);
    let classes: Vec<Class> = repository.read("allocator/size-classes.tsv")?;
    let programs = Programs::default();
    let cases: BTreeSet<&str> = paths.iter().map(|path| path.case.as_str()).collect();
    let progress = cli::Progress::new("stepped cases", cases.len());
    // What is counted does not depend on what else runs, so several cases are stepped at a time.
    let known: BTreeMap<&str, Vec<Stepped>> = cases
        .into_par_iter()
        .map(|case| {
            let stepped = stepped(&programs, case, out)?;
            progress.step();
            Ok((case, stepped))
        })
        .collect::<Result<_, String>>()?;
    let mut rows = Vec::new();
    for path in &paths {
        for stepped in &known[path.case.as_str()] {
            rows.extend(rows_of(path, &classes, stepped));
        }
    }
    rows.sort_by_key(|row| {
        let metric = order::place(METRICS, row.metric);
        let profile = order::place(PROFILES, &row.profile);
        (profile, order::natural(&row.path), order::natural(&row.subject), metric)
    });
    out.write(FILE, &rows)
}

/// What the rows say of one case by one subject.
struct Stepped {
    subject: String,
    probe: PerOperation,
    twin: PerOperation,
    /// Of both traces.
    digest: String,
}

/// One case by every subject; the traces are written.
fn stepped(programs: &Programs, name: &str, out: &Folder) -> Result<Vec<Stepped>, String> {
    let case: Case = probe::find(name).ok_or_else(|| {
        format!("allocator/local-fast-path.tsv names case {name}, which bench-corpus step lacks")
    })?;
    let measurements = step::measure(programs, &[case], |_| true)?;
    // Our paths must be steady; of a peer whose cost differs from call to call nothing is said.
    if let Some(ours) =
        measurements.iter().find(|found| found.trace.subject == OURS && !found.trace.is_steady())
    {
        return Err(format!(
            "{name} of {}: two equal calls executed different instructions",
            ours.trace.subject
        ));
    }
    let measurements: Vec<Measurement> =
        measurements.into_iter().filter(|found| found.trace.is_steady()).collect();
    step::write_traces(&out.path(TRACES), &measurements)
        .map_err(|error| format!("{}: {error}", out.path(TRACES).display()))?;
    measurements.iter().map(|measurement| summed_up(name, measurement)).collect()
}

fn summed_up(case: &str, measurement: &Measurement) -> Result<Stepped, String> {
    let Measurement { trace, twin, .. } = measurement;
    let (probe, nothing) = (trace.per_operation(), twin.per_operation());
    if probe.operations != nothing.operations {
        return Err(format!("{case} of {}: the twin does another number of operations", trace.subject));
    }
    let mut digest = Sha256::new();
    digest.update(bytes(trace)?);
    digest.update(bytes(twin)?);
    let digest = hexadecimal(&digest.finalize());
    Ok(Stepped { subject: trace.subject.clone(), probe, twin: nothing, digest })
}

fn bytes(trace: &Trace) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    trace.write(&mut bytes).map_err(|error| format!("a trace cannot be written: {error}"))?;
    Ok(bytes)
}

fn rows_of(path: &Path, classes: &[Class], stepped: &Stepped) -> Vec<Row> {
    let Stepped { subject, probe, twin, digest } = stepped;
    let is_ours = subject == OURS;
    // A path that calls the C library executes what that library chose for this processor: another machine counts differently.
    let is_exact = is_ours && probe.total.calls == 0 && twin.total.calls == 0;
    let rows = METRICS.iter().map(|&metric| {
        let (total, nothing) = (count(&probe.total, metric), count(&twin.total, metric));
        let operations = i64::from(probe.operations);
        let net = decimal::ratio((total - nothing).max(0), operations);
        let (aim, released) =
            if is_ours { budgets(path, classes, metric) } else { (ABSENT.into(), ABSENT.into()) };
        Row {
            profile: path.profile.clone(),
            path: path.path.clone(),
            subject: subject.clone(),
            metric,
            total,
            nothing,
            operations,
            verdict: budget::at_most(&net, &released),
            net,
            budget: aim,
            released_budget: released,
            comparison: match (is_ours, is_exact) {
                (false, _) => "informational",
                (true, true) => "exact",
                (true, false) => "bounded",
            },
            seed: ABSENT,
            trace_sha256: digest.clone(),
            command: format!("bench-corpus step --subject {subject} --case {}", path.case),
        }
    });
    rows.collect()
}

fn count(counts: &Counts, metric: &str) -> i64 {
    match metric {
        "instructions" => counts.instructions,
        "branches" => counts.conditional_branches,
        "loads" => counts.loads,
        "stores" => counts.stores,
        "locked" => counts.locked,
        "calls" => counts.calls,
        _ => counts.system_calls,
    }
}

/// Aim and release budget of a metric, as declared; `-` where there is none.
fn budgets(path: &Path, classes: &[Class], metric: &str) -> (String, String) {
    let class = classes.iter().find(|class| class.profile == path.profile && class.path == path.path);
    let twice = |budget: &String| (budget.clone(), budget.clone());
    match (metric, class) {
        ("instructions", Some(class)) => {
            (class.instructions_budget.clone(), class.instructions_released.clone())
        }
        ("branches", Some(class)) => (class.branches_budget.clone(), class.branches_released.clone()),
        ("locked", _) => twice(&path.locked_budget),
        ("calls", _) => twice(&path.calls_budget),
        ("syscalls", _) => twice(&path.syscalls_budget),
        _ => (ABSENT.into(), ABSENT.into()),
    }
}
