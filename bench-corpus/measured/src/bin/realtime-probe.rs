//! Counts the instructions of single operations of profile `realtime`: `realtime-probe OPERATIONS SEED` prints a table, one line a case.
//! `realtime-probe steady OPERATIONS SEED` only executes so many, for the kernel's account of the process. With the peers,
//! `realtime-probe OPERATIONS SEED ROUNDS` times so many operations beside rlsf instead, in cycles: median, 99.99th percentile, maximum.

use std::process::ExitCode;

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
use bench_measured::worst_case::{HEADING, actor};

/// Rounds of a thousand messages.
const ROUNDS: usize = 4;

/// Operations that are not stepped, during which page faults are counted.
const FAULT_OPERATIONS: usize = 1_000_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    if let [mode, operations, seed] = arguments.as_slice()
        && mode == "steady"
        && let (Ok(operations), Ok(seed)) = (operations.parse(), seed.parse())
    {
        actor::faults(seed, operations);
        bench_measured::worker::print_peak_resident();
        return ExitCode::SUCCESS;
    }
    let numbers: Vec<u64> = arguments.iter().filter_map(|number| number.parse().ok()).collect();
    #[cfg(all(feature = "peers", target_arch = "x86_64"))]
    if let [operations, seed, rounds] = numbers[..] {
        for line in bench_measured::worst_case::latency::table(operations as usize, rounds as usize, seed) {
            println!("{line}");
        }
        return ExitCode::SUCCESS;
    }
    let [operations, seed] = numbers[..] else {
        eprintln!("usage: realtime-probe OPERATIONS SEED | steady OPERATIONS SEED");
        return ExitCode::from(2);
    };
    match count(operations as usize, seed) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("realtime-probe: {reason}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
fn count(_operations: usize, _seed: u64) -> Result<(), String> {
    Err("counting needs Linux on an x86-64 machine".to_owned())
}

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
fn count(operations: usize, seed: u64) -> Result<(), String> {
    let copies = actor::Copies::new()?;
    let cases = [
        actor::random_quotas(&copies, seed, operations),
        actor::random_region(&copies, seed, operations),
        actor::random_aligned(&copies, seed, operations),
        actor::directed_region(),
        actor::messages(ROUNDS),
    ];
    println!("{HEADING}");
    for line in cases.iter().flatten().filter_map(|case| case.line()) {
        println!("{line}");
    }
    copies.lines().iter().for_each(|line| println!("{line}"));
    let (minor, major) = actor::faults(seed, FAULT_OPERATIONS);
    println!("faults\t{FAULT_OPERATIONS}\t{minor}\t{major}");
    Ok(())
}
