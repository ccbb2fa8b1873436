//! TARGETS E3: executed instructions of single operations, from entry to return, after filling and giving every other block back.

use std::path::Path;

use super::{OURS, subjects};
use crate::step::subjects::ProbeProgram;
use crate::step::tracer;
use crate::verdict::Verdict;

/// Subjects whose single operation executes thousands of instructions, so that stepping them takes minutes.
const SLOW: &[&str] = &["linked-list"];

/// Instructions of so many single calls, `alloc` or `free`, the fewest first.
///
/// # Errors
/// When the worker cannot be stepped.
pub fn counts(
    program: &Path,
    subject: &str,
    mix: &str,
    call: &str,
    operations: usize,
) -> Result<Vec<usize>, String> {
    let program = ProbeProgram { path: program.to_owned(), library: None };
    let followed = tracer::follow(&program, &[subject, "step", mix, call, &operations.to_string()])
        .map_err(|error| format!("{subject}, {mix}: {error}"))?
        .ok_or_else(|| format!("{subject} does not offer {mix}"))?;
    let mut counts: Vec<usize> = followed.calls.iter().map(Vec::len).collect();
    counts.sort_unstable();
    Ok(counts)
}

/// What at least that share of the calls executed at most.
pub fn at(counts: &[usize], share: f64) -> f64 {
    counts[((counts.len() - 1) as f64 * share) as usize] as f64
}

/// Steps every subject on every mix and holds our counts against the bars.
///
/// # Errors
/// When a worker cannot be stepped.
pub fn verdicts(program: &Path, operations: usize) -> Result<Vec<Verdict>, String> {
    let mut verdicts = Vec::new();
    println!("\n{:<14}{:<14}{:<8}{:>8}{:>8}{:>8}", "subject", "mix", "call", "median", "p99", "most");
    for subject in subjects().filter(|subject| !SLOW.contains(subject)) {
        for mix in bench_measured::fixed::MIXES {
            for call in ["alloc", "free"] {
                let counts = counts(program, subject, mix, call, operations)?;
                let at = |share| at(&counts, share);
                println!("{subject:<14}{mix:<14}{call:<8}{:>8}{:>8}{:>8}", at(0.5), at(0.99), at(1.0));
                if subject == OURS {
                    let most = if *mix == "2000-aligned" { 180.0 } else { 128.0 };
                    let what = |which| format!("{mix}: {which} instructions of {call}");
                    verdicts.push(Verdict::new("E3", what("median"), at(0.5), 45.0));
                    verdicts.push(Verdict::new("E3", what("most"), at(1.0), most));
                }
            }
        }
    }
    println!("{} is not stepped: one of its operations executes up to 150,000 instructions", SLOW.join(", "));
    Ok(verdicts)
}
