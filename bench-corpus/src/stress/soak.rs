//! The cases again and again, each time with another seed, until the time is over.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use bench_measured::rng::Rng;

use super::{Case, CaseReport, measure};
use crate::cli;

/// Runs the cases for `minutes` minutes and prints a line a round; stops at the first case that does not end as it must, with the command
/// that runs it again. The case that runs when the time is over is the last one.
pub(super) fn run(cases: &[&Case], seed: Option<u64>, minutes: u64) -> ExitCode {
    let (began, limit) = (Instant::now(), Duration::from_secs(60 * minutes));
    let mut seeds = Rng::new(seed.unwrap_or(1));
    let (mut runs, mut operations) = (0_u64, 0_u64);
    for round in 1_u64.. {
        let seed = seeds.below(usize::MAX) as u64;
        for case in cases {
            let report: CaseReport = measure(case, Some(seed));
            runs += 1;
            operations += report.operations;
            if !report.is_expected {
                println!("{report:#?}");
                println!("again: bench-corpus stress --case {} --seed {seed}", case.name);
                println!("verdict\tcase {} did not end as it must in round {round}", case.name);
                return ExitCode::from(cli::FAILED);
            }
            if began.elapsed() >= limit {
                println!(
                    "verdict\t{runs} runs with {operations} operations in {minutes} minutes ended as they must"
                );
                return ExitCode::SUCCESS;
            }
        }
        let seconds = began.elapsed().as_secs();
        println!("round {round}: seed {seed}, {operations} operations so far, {seconds} s");
    }
    ExitCode::SUCCESS
}
