//! What the report is made from: the evidence, and what runs left in the target folder. Nothing here measures.
//!
//! A file that is not there is a part that was not measured, and the report says which command brings it. A file that is there and cannot
//! be read as its column dictionary says is an error: half a report would look like a whole one.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::corpus::run_report::RunReport;
use crate::corpus::trace;
use crate::evidence::folder::Folder;
use crate::measure::ContestRow;

/// A row of `allocator/size-classes.tsv`.
#[derive(Clone, Deserialize)]
pub struct ClassRow {
    pub profile: String,
    pub class: String,
    pub kind: String,
    pub face: String,
    pub bytes_min: String,
    pub bytes_max: String,
    pub slab_bytes: String,
    pub slab_blocks: String,
    pub waste_percent: String,
}

/// A row of `allocator/local-fast-path.tsv`.
#[derive(Clone, Deserialize)]
pub struct PathRow {
    pub profile: String,
    pub path: String,
    pub case: String,
    pub entry: String,
}

/// A row of `release/allocator-fast-path-report.tsv`.
#[derive(Clone, Deserialize)]
pub struct StepRow {
    pub profile: String,
    pub path: String,
    pub subject: String,
    pub metric: String,
    pub net: String,
    pub budget: String,
    pub released_budget: String,
    pub verdict: String,
    pub trace_sha256: String,
}

/// A row of `perf/allocator-fast-path-benchmarks.tsv`.
#[derive(Clone, Deserialize)]
pub struct BenchmarkRow {
    pub profile: String,
    pub workload: String,
    pub subject: String,
    pub metric: String,
    pub unit: String,
    pub budget: String,
    pub released_budget: String,
    pub measured: String,
    pub verdict: String,
}

/// A row of `release/allocator-page-backend-report.tsv`.
#[derive(Clone, Deserialize)]
pub struct RuleRow {
    pub profile: String,
    pub rule: String,
    pub relation: String,
    pub value: String,
    pub unit: String,
    pub measured: String,
    pub verdict: String,
}

/// A row of `release/allocator-remote-free-report.tsv`.
#[derive(Clone, Deserialize)]
pub struct DrainRow {
    pub profile: String,
    pub drain_point: String,
    pub metric: String,
    pub unit: String,
    pub released_budget: String,
    pub measured: String,
    pub verdict: String,
}

/// A row of `release/allocator-stress-report.tsv`.
#[derive(Clone, Deserialize)]
pub struct StressRow {
    pub case: String,
    pub profile: String,
    pub coverage: String,
    pub polarity: String,
    pub seed: String,
    pub threads: String,
    pub operations: String,
    pub refused: String,
    pub outcome: String,
    pub code: String,
    pub checks: String,
    pub leaked_bytes: String,
    pub verdict: String,
}

/// A row of `release/allocator-diagnostics-report.tsv`.
#[derive(Clone, Deserialize)]
pub struct DiagnosticRow {
    pub code: String,
    pub raised_by: String,
    pub case: String,
    pub profile: String,
    pub text: String,
    pub verdict: String,
}

/// A row of `release/allocator-evidence-provenance.tsv`.
#[derive(Clone, Deserialize)]
pub struct ProvenanceRow {
    pub item: String,
    pub value: String,
    pub binds: String,
}

/// The passes over the corpus on one memory.
#[derive(Clone)]
pub struct CorpusRun {
    /// Per round and pass.
    pub report: RunReport,
    /// Per unit, pass and thread; empty if it was not traced.
    pub trace: Vec<trace::Row>,
}

/// Everything that was found.
pub struct Inputs {
    pub classes: Vec<ClassRow>,
    pub paths: Vec<PathRow>,
    pub steps: Vec<StepRow>,
    pub benchmarks: Vec<BenchmarkRow>,
    pub rules: Vec<RuleRow>,
    pub drains: Vec<DrainRow>,
    pub stress: Vec<StressRow>,
    pub diagnostics: Vec<DiagnosticRow>,
    pub provenance: Vec<ProvenanceRow>,
    /// The passes on our arenas.
    pub ours: Option<CorpusRun>,
    /// The passes on bumpalo.
    pub bumpalo: Option<CorpusRun>,
    /// Runs of `bench-corpus arena --csv`.
    pub arena: Vec<ContestRow>,
    /// Runs of `bench-corpus heap --csv`.
    pub heap: Vec<ContestRow>,
    /// The folder with raw step traces.
    pub traces: PathBuf,
}

/// Names in the folder of runs, below `target/report/`.
pub const ARENA: &str = "arena.csv";
/// As above.
pub const HEAP: &str = "heap.csv";

impl Inputs {
    /// Reads the evidence of `evidence`, what is only declared from `repository`, and what runs left in `runs`.
    ///
    /// # Errors
    /// A sentence with the file that is there and cannot be read.
    pub fn read(repository: &Folder, evidence: &Folder, traces: &Path, runs: &Path) -> Result<Self, String> {
        Ok(Self {
            classes: rows(evidence, "allocator/size-classes.tsv")?,
            paths: rows(repository, "allocator/local-fast-path.tsv")?,
            steps: rows(evidence, "release/allocator-fast-path-report.tsv")?,
            benchmarks: rows(evidence, "perf/allocator-fast-path-benchmarks.tsv")?,
            rules: rows(evidence, "release/allocator-page-backend-report.tsv")?,
            drains: rows(evidence, "release/allocator-remote-free-report.tsv")?,
            stress: rows(evidence, "release/allocator-stress-report.tsv")?,
            diagnostics: rows(evidence, "release/allocator-diagnostics-report.tsv")?,
            provenance: rows(evidence, "release/allocator-evidence-provenance.tsv")?,
            ours: corpus_run(runs, "ours")?,
            bumpalo: corpus_run(runs, "bumpalo")?,
            arena: contest(&runs.join(ARENA))?,
            heap: contest(&runs.join(HEAP))?,
            traces: traces.to_path_buf(),
        })
    }
}

/// The rows of an evidence file; none if there is no such file.
fn rows<T: DeserializeOwned>(folder: &Folder, file: &str) -> Result<Vec<T>, String> {
    if folder.path(file).is_file() { folder.read(file) } else { Ok(Vec::new()) }
}

/// The files `corpus-MEMORY.json` and `corpus-MEMORY.trace.tsv`.
fn corpus_run(runs: &Path, memory: &str) -> Result<Option<CorpusRun>, String> {
    let path = runs.join(format!("corpus-{memory}.json"));
    if !path.is_file() {
        return Ok(None);
    }
    let failure = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let bytes = std::fs::read(&path).map_err(|error| failure(&error))?;
    let report: RunReport = serde_json::from_slice(&bytes).map_err(|error| failure(&error))?;
    if report.memory != memory {
        return Err(failure(&format!("is a run on {}, not on {memory}", report.memory)));
    }
    let traced = runs.join(format!("corpus-{memory}.trace.tsv"));
    let trace = if traced.is_file() { trace::read(&traced)? } else { Vec::new() };
    if let Some(row) = trace.iter().find(|row| row.memory != memory) {
        return Err(format!("{}: has a row of {}", traced.display(), row.memory));
    }
    Ok(Some(CorpusRun { report, trace }))
}

/// The runs of a contest; none if there is no such file.
fn contest(path: &Path) -> Result<Vec<ContestRow>, String> {
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let failure = |error: csv::Error| format!("{}: {error}", path.display());
    let rows: Vec<ContestRow> = csv::Reader::from_path(path)
        .map_err(failure)?
        .deserialize()
        .collect::<Result<_, _>>()
        .map_err(failure)?;
    let is_measured = |value: f64| value.is_finite() && value >= 0.0;
    let bad = rows.iter().position(|row| {
        ![row.cpu_seconds, row.peak_resident_bytes, row.page_faults].into_iter().all(is_measured)
    });
    match bad {
        Some(index) => Err(format!("{}: line {}: a value is no measurement", path.display(), index + 2)),
        None => Ok(rows),
    }
}

/// A number of the evidence.
///
/// # Errors
/// A sentence with where it stands, when it is none.
pub fn decimal(text: &str, place: &str) -> Result<f64, String> {
    let value: Option<f64> = text.parse().ok().filter(|value: &f64| value.is_finite());
    value.ok_or_else(|| format!("{place}: `{text}` is no number"))
}
