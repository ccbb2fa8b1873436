//! One workload on one subject in a process of its own, so that the kernel counts what it cost.
//!
//! Prints one `name<TAB>value` line a fact; CPU time and faults are read by the parent when the process has ended.

use std::process::ExitCode;

use compiler_alloc::Arena;

use crate::subjects::{ArenaAhead, Subject, Values};
use crate::workload::files;
use crate::workload::passes::{self, PassEnd};
#[cfg(feature = "peers")]
use crate::workload::retained::KeptArena;
use crate::workload::retained::{self, Mix, Retained, SealedWord};

/// Workloads a worker runs, by name.
pub const WORKLOADS: &[&str] = &[
    "empty",
    "passes-drop",
    "passes-reset",
    "passes-parallel",
    "files",
    "files-dropped-elsewhere",
    "retained-files",
    "retained-functions",
];

/// Runs a workload, by its name. Answers whether there is one.
type Run = fn(&str) -> bool;

/// Subjects a worker runs, by name, each with what runs a workload on it.
const SUBJECTS: &[(&str, Run)] = &[
    ("ours", run::<SealedWord, Arena>),
    ("ours-ahead", run::<SealedWord, ArenaAhead>),
    #[cfg(feature = "peers")]
    ("bumpalo", run::<KeptArena<bumpalo::Bump>, bumpalo::Bump>),
    #[cfg(feature = "peers")]
    ("oxc", run::<KeptArena<oxc_allocator::Allocator>, oxc_allocator::Allocator>),
    #[cfg(feature = "arena-peers")]
    ("bump-scope", run::<KeptArena<bump_scope::Bump>, bump_scope::Bump>),
    #[cfg(feature = "arena-peers")]
    ("blink-alloc", run::<KeptArena<blink_alloc::Blink>, blink_alloc::Blink>),
    #[cfg(feature = "arena-peers")]
    ("multitude", run::<KeptArena<multitude::Arena>, multitude::Arena>),
    #[cfg(feature = "arena-peers")]
    ("typed-arena", run_filled::<crate::subjects::TypedWords>),
];

/// The whole of a worker's `main`: `arena-worker SUBJECT WORKLOAD`. Exit code 2 for anything else.
pub fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [subject, workload] = arguments.as_slice() else { return usage() };
    let known = SUBJECTS.iter().find(|(name, _)| name == subject);
    if !known.is_some_and(|(_, run)| run(workload)) {
        return usage();
    }
    print_peak_resident();
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    let subjects: Vec<&str> = SUBJECTS.iter().map(|(name, _)| *name).collect();
    eprintln!("usage: arena-worker {} {}", subjects.join("|"), WORKLOADS.join("|"));
    ExitCode::from(2)
}

/// Workloads that only fill arenas with objects of one size and drop them; a subject for one type runs no others.
pub const FILLING: &[&str] = &["empty", "passes-parallel", "files", "files-dropped-elsewhere"];

fn run_filled<S: Values + Send + 'static>(workload: &str) -> bool {
    match workload {
        "empty" => {}
        "passes-parallel" => println!("sum\t{}", passes::run_in_parallel::<S>()),
        "files" => println!("sum\t{}", files::one_by_one::<S>()),
        "files-dropped-elsewhere" => println!("sum\t{}", files::dropped_elsewhere::<S>()),
        _ => return false,
    }
    true
}

fn run<R: Retained, S: Subject + Send + 'static>(workload: &str) -> bool {
    match workload {
        "passes-drop" => println!("sum\t{}", passes::run::<S>(PassEnd::Drop)),
        "passes-reset" => println!("sum\t{}", passes::run::<S>(PassEnd::Reset)),
        "retained-files" => print_retained::<R>(retained::FILES),
        "retained-functions" => print_retained::<R>(retained::FUNCTIONS),
        _ => return run_filled::<S>(workload),
    }
    true
}

fn print_retained<R: Retained>(mix: Mix) {
    let found = retained::run::<R>(mix, || status_bytes("VmRSS:"));
    for (name, bytes) in [
        ("requested_bytes", found.requested),
        ("held_bytes", found.held),
        ("resident_bytes", found.resident),
        ("live_requested_bytes", found.live_requested),
        ("live_held_bytes", found.live_held),
        ("live_resident_bytes", found.live_resident),
    ] {
        println!("{name}\t{bytes}");
    }
}

/// Prints the highest resident memory of this process by the kernel's account, the last line of every worker.
pub fn print_peak_resident() {
    println!("peak_resident_bytes\t{}", status_bytes("VmHWM:"));
}

/// A line of the kernel's own account of this process, in bytes; 0 where there is none.
fn status_bytes(key: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    let kibibytes = line.and_then(|line| line.split_ascii_whitespace().next()?.parse::<usize>().ok());
    kibibytes.unwrap_or(0) * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn the_kernel_says_how_much_is_resident() {
        assert!(status_bytes("VmRSS:") > 100_000);
        assert!(status_bytes("VmHWM:") >= status_bytes("VmRSS:") / 2);
        assert_eq!(status_bytes("VmNothing:"), 0);
    }
}
