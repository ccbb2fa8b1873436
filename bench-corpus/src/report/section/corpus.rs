//! What the sections about the corpus run share: both memories, and what is said when a run is missing.

use super::super::document::Block;
use super::super::input::{CorpusRun, Inputs};
use super::MAKE_REPORT;

/// The runs there are, ours first.
pub fn runs(inputs: &Inputs) -> Vec<&CorpusRun> {
    inputs.ours.iter().chain(&inputs.bumpalo).collect()
}

/// A block for each memory without a run, or without the trace that `needs_trace`.
pub fn missing(inputs: &Inputs, needs_trace: bool) -> Vec<Block> {
    let lacks = |run: &Option<CorpusRun>| match run {
        None => true,
        Some(run) => needs_trace && run.trace.is_empty(),
    };
    [("our arenas", &inputs.ours), ("bumpalo", &inputs.bumpalo)]
        .into_iter()
        .filter(|(_, run)| lacks(run))
        .map(|(memory, _)| {
            let what = if needs_trace { "trace of a run" } else { "run" };
            Block::Absent {
                what: format!("There is no {what} of the passes on {memory}."),
                remedy: MAKE_REPORT,
            }
        })
        .collect()
}

/// What was run: set, units, workers.
pub fn conditions(run: &CorpusRun) -> String {
    let report = &run.report;
    format!(
        "{} units of the {} set, {} rounds in one process, {}",
        report.units,
        report.set,
        report.rounds.len(),
        if report.jobs == 1 { "1 worker".to_owned() } else { format!("{} workers", report.jobs) }
    )
}
