//! The cases again and again, each time with another seed, until the time is over.

use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use bench_measured::rng::Rng;

use crate::cli;

/// Runs all cases, or one, for `minutes` minutes and prints a line a round; stops at the first round in which a case does not end as it must,
/// with the command that runs it again. The round that runs when the time is over is the last one.
///
/// A round is a process of its own: a case leaves its backend behind, about a megabyte, because arenas want memory that lives as long as the
/// process.
pub(super) fn run(case: Option<&str>, seed: Option<u64>, minutes: u64) -> ExitCode {
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(error) => return cli::fail("stress", &format!("this program cannot find itself: {error}")),
    };
    let (began, limit) = (Instant::now(), Duration::from_secs(60 * minutes));
    let mut seeds = Rng::new(seed.unwrap_or(1));
    for round in 1_u64.. {
        let mut arguments =
            vec!["stress".to_owned(), "--seed".to_owned(), seeds.below(usize::MAX).to_string()];
        arguments.extend(case.iter().flat_map(|case| ["--case".to_owned(), (*case).to_owned()]));
        let again = arguments.join(" ");
        let output = match Command::new(&program).args(&arguments).output() {
            Ok(output) => output,
            Err(error) => return cli::fail("stress", &format!("bench-corpus {again}: {error}")),
        };
        if !output.status.success() {
            print!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            println!("again: bench-corpus {again}");
            println!("verdict\ta case did not end as it must in round {round}: {}", output.status);
            return ExitCode::from(cli::FAILED);
        }
        println!("round {round}: {again}, {} s so far", began.elapsed().as_secs());
        if began.elapsed() >= limit {
            println!("verdict\tall cases of {round} rounds in {minutes} minutes ended as they must");
            break;
        }
    }
    ExitCode::SUCCESS
}
