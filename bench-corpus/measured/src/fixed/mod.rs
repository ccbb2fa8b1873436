//! Allocators in 16 MiB of static memory, with one owner: ours and the peers', and the workloads that compare them.
//!
//! The workloads follow the description of talc's benchmarks (random actions on about 300 live blocks, sizes biased towards
//! small ones, alignments mostly a word's), on our own generator.

mod subjects;
mod workload;

pub use subjects::SUBJECTS;
#[cfg(feature = "peers")]
pub(crate) use subjects::peers::Rlsf;
pub use workload::{FILLS, MIXES, SIZES};

use std::process::ExitCode;

/// The whole of a worker's `main`: `fixed-worker SUBJECT WORKLOAD`, one `name<TAB>value` line a fact. Exit code 2 for anything else.
pub fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let Some((subject, workload)) = arguments.split_first() else { return usage() };
    let is_known = subjects::with(subject, |run| workload::run(run, workload));
    if !is_known {
        return usage();
    }
    crate::worker::print_peak_resident();
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    eprintln!(
        "usage: fixed-worker {} empty | actions MAX COUNT | usable {} ROUNDS | step {} alloc|free OPERATIONS",
        SUBJECTS.join("|"),
        FILLS.join("|"),
        MIXES.join("|"),
    );
    ExitCode::from(2)
}
