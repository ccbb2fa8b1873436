//! Allocators in 16 MiB of fixed storage beside their peers: TARGETS E1 by processes in alternation, E2 by filling, E3 by the stepper.

mod contest;
mod instructions;

use std::process::ExitCode;

use crate::cli;
use crate::measure::PAIRS_MIN;
use crate::verdict::{Verdict, conclude};
pub use instructions::at;

/// The profile `freestanding`.
const OURS: &str = "ours";

/// Flags of `bench-corpus freestanding`.
#[derive(clap::Args)]
pub struct Args {
    /// Rounds of alternating runs; a verdict on a ratio needs at least 15
    #[arg(long, default_value_t = PAIRS_MIN, value_parser = cli::pairs)]
    pairs: usize,
    /// Random actions of one run
    #[arg(long, default_value_t = 1_000_000, value_parser = cli::count)]
    actions: usize,
    /// Takes and gives back whose instructions are counted, for each mix of sizes
    #[arg(long, default_value_t = 1000, value_parser = cli::count)]
    operations: usize,
    /// Only this target: E1, E2, E3
    #[arg(long, value_parser = target)]
    target: Option<String>,
}

/// Reads the name of a target.
fn target(text: &str) -> Result<String, String> {
    cli::one_of(text, ["E1", "E2", "E3"].into_iter())
}

/// Runs `bench-corpus freestanding`: exit 1 if a target is missed.
pub fn run(args: &Args) -> ExitCode {
    match freestanding(args) {
        Ok(verdicts) => conclude(&verdicts),
        Err(reason) => cli::fail("freestanding", &reason),
    }
}

fn freestanding(args: &Args) -> Result<Vec<Verdict>, String> {
    let wanted = |target: &str| args.target.as_ref().is_none_or(|wanted| wanted == target);
    let program = crate::step::programs::build("fixed-worker")?;
    let mut verdicts = Vec::new();
    if wanted("E1") || wanted("E2") {
        let shares = contest::shares(&program)?;
        if wanted("E1") {
            verdicts.extend(contest::times(&program, args.pairs, args.actions, &shares)?);
        }
        if wanted("E2") {
            verdicts.extend(shares.verdicts()?);
        }
    }
    if wanted("E3") {
        verdicts.extend(instructions::verdicts(&program, args.operations)?);
    }
    Ok(verdicts)
}

/// Takes and gives back whose instructions evidence counts, for each mix of sizes.
const EVIDENCE_OPERATIONS: usize = 1000;

/// Of a workload `usable-FILL` that evidence names, the share of the storage that is not usable. `None` for any other.
///
/// # Errors
/// When there is no such filling, or the worker cannot be built or run.
pub fn unused_share(workload: &str, subject: &str) -> Result<Option<f64>, String> {
    let Some(fill) = workload.strip_prefix("usable-") else { return Ok(None) };
    let program = crate::step::programs::build("fixed-worker")?;
    contest::unused(&program, subject, fill).map(Some)
}

/// Of a workload `MIX-alloc` or `MIX-free` that evidence names, the instructions of single calls, the fewest first. `None` for any other.
///
/// # Errors
/// When the worker cannot be built or stepped.
pub fn stepped(workload: &str, subject: &str) -> Result<Option<Vec<usize>>, String> {
    let known = |(mix, call): &(&str, &str)| {
        bench_measured::fixed::MIXES.contains(mix) && ["alloc", "free"].contains(call)
    };
    let Some((mix, call)) = workload.rsplit_once('-').filter(known) else { return Ok(None) };
    let program = crate::step::programs::build("fixed-worker")?;
    instructions::counts(&program, subject, mix, call, EVIDENCE_OPERATIONS).map(Some)
}

/// Subjects that allocate, ours first.
fn subjects() -> impl Iterator<Item = &'static str> {
    bench_measured::fixed::SUBJECTS.iter().copied().filter(|subject| *subject != "nothing")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_blocks_meet_their_instructions_and_what_is_not_measured_is_none() {
        let counts = stepped("200x40000-free", OURS).expect("the worker runs").expect("a mix and a call");
        assert_eq!(counts.len(), EVIDENCE_OPERATIONS);
        assert!(
            at(&counts, 0.5) <= 45.0 && at(&counts, 1.0) <= 128.0,
            "{} {}",
            at(&counts, 0.5),
            at(&counts, 1.0)
        );
        assert_eq!(stepped("usable-200", OURS), Ok(None));
        assert_eq!(stepped("200x40000-resize", OURS), Ok(None));
        assert_eq!(unused_share("200x40000-free", OURS), Ok(None));
        assert!(unused_share("usable-7", OURS).is_err());
    }
}
