//! What is given back and what can be used again: TARGETS H3b and H4, by programs that say it themselves.

use std::path::Path;

use super::peer::Peer;
use crate::measure::{self, Run};

/// The moments at which resident memory is read, in order.
pub const STEPS: &[&str] = &["all_live", "tenth_live", "none_live", "threads_gone"];

/// Resident memory at each step.
#[derive(Clone, Debug)]
pub struct Steps(Run);

impl Steps {
    /// Resident bytes at a step; not a number when the program did not say it.
    pub fn resident(&self, step: &str) -> f64 {
        self.0.fact(step).map_or(f64::NAN, |bytes| bytes as f64)
    }
}

/// Fills 505 MiB with mixed blocks, frees nine of ten, then all, then lets 32 threads come and go.
///
/// # Errors
/// When the program fails.
pub fn steps(program: &Path, peer: &Peer, is_quick: bool) -> Result<Steps, String> {
    let arguments: &[&str] = if is_quick { &["run", "release", "--quick"] } else { &["run", "release"] };
    let run = measure::run(program, arguments, &peer.environment())?;
    STEPS.iter().try_for_each(|step| run.fact(step).map(drop))?;
    Ok(Steps(run))
}

/// Block sizes of TARGETS H4.
pub const LIMITED_BYTES: [usize; 2] = [64, 5000];

/// How much of a limited address space one size could use.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// Requested bytes by the limit.
    pub usable: f64,
    /// The second time, by the first.
    pub refilled: f64,
}

/// One share a size of [`LIMITED_BYTES`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limited {
    /// In the order of the sizes.
    pub shares: [Share; 2],
}

/// Fills 512 MiB of address space with blocks of one size, frees them and fills it again.
///
/// # Errors
/// When the program fails.
pub fn limited(program: &Path, peer: &Peer) -> Result<Limited, String> {
    let [small, large] = LIMITED_BYTES.map(|bytes| share(program, peer, bytes));
    Ok(Limited { shares: [small?, large?] })
}

fn share(program: &Path, peer: &Peer, bytes: usize) -> Result<Share, String> {
    let bytes = bytes.to_string();
    let environment = peer.environment();
    // The program limits itself before it becomes one under the allocator.
    let is_preload = |(name, _): &&(&str, &str)| *name == "LD_PRELOAD";
    let mut arguments = vec!["limit", bytes.as_str()];
    arguments.extend(environment.iter().find(is_preload).map(|(_, library)| *library));
    let others: Vec<(&str, &str)> = environment.iter().filter(|pair| !is_preload(pair)).copied().collect();
    let run = measure::run(program, &arguments, &others)?;
    let fact = |name| run.fact(name).map(|value| value as f64);
    let (limit, filled) = (fact("limit")?, fact("filled")?);
    Ok(Share { usable: filled / limit, refilled: fact("refilled")? / filled.max(1.0) })
}
