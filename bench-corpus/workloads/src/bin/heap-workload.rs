//! Runs one workload under whichever malloc this process has. Prints `name<TAB>number` lines.

use std::process::ExitCode;

use bench_workloads::account::{self, PEAK_RESIDENT, status_bytes};
use bench_workloads::{Scale, count, limit, release, workload};

/// A run that takes longer hangs: the system ends it.
const SECONDS_MAX: u32 = 180;

fn main() -> ExitCode {
    // SAFETY: alarm has no duties; nobody else in this program uses it.
    unsafe { libc::alarm(SECONDS_MAX) };
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let is_done = match words.as_slice() {
        ["run", name] => run(name, Scale::Full),
        ["run", name, "--quick"] => run(name, Scale::Quick),
        ["count", pattern, bytes, pairs] => count(pattern, bytes, pairs, false),
        ["count", pattern, bytes, pairs, "--nothing"] => count(pattern, bytes, pairs, true),
        ["limit", bytes] => refused(&limit::enter(bytes, None)),
        ["limit", bytes, preload] => refused(&limit::enter(bytes, Some(preload))),
        ["whose"] => return whose(),
        ["fill", bytes] => bytes.parse().map(limit::fill).is_ok(),
        _ => false,
    };
    if !is_done {
        eprintln!(
            "usage: heap-workload run NAME [--quick] | count PATTERN BYTES PAIRS [--nothing] | limit BYTES [PRELOAD] | fill BYTES | whose"
        );
        return ExitCode::from(2);
    }
    println!("peak_resident_bytes\t{}", status_bytes(PEAK_RESIDENT));
    ExitCode::SUCCESS
}

/// Prints the file that this process's malloc comes from.
fn whose() -> ExitCode {
    match account::library_of_malloc() {
        Some(library) => {
            println!("{library}");
            ExitCode::SUCCESS
        }
        None => ExitCode::FAILURE,
    }
}

fn run(name: &str, scale: Scale) -> bool {
    match (name, workload::named(name)) {
        ("empty", _) => {}
        ("release", _) => release::run(scale),
        (_, Some(workload)) => (workload.run)(scale),
        (_, None) => return false,
    }
    true
}

fn count(pattern: &str, bytes: &str, pairs: &str, over_nothing: bool) -> bool {
    let (Ok(bytes), Ok(pairs)) = (bytes.parse(), pairs.parse()) else { return false };
    let Some(done) = count::run(pattern, bytes, pairs, over_nothing) else { return false };
    println!("pairs\t{done}");
    true
}

fn refused(error: &std::io::Error) -> bool {
    eprintln!("heap-workload: {error}");
    false
}
