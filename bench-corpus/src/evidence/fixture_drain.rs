//! One experiment a drain point of `test-fixture`: blocks of one of its threads that another one freed, then the owner's drain.

use std::ptr::NonNull;

use compiler_alloc::profile::test_fixture::{FixtureThread, TestFixture};

use super::drain::Drained;
use super::fixture_rule::give;
use crate::stress::layout;

/// Bytes of a block.
const BLOCK_BYTES: usize = 64;
/// Blocks that change hands: ten slabs of 64 KiB.
const BLOCKS: usize = 10 * (64 << 10) / BLOCK_BYTES;

/// Runs the experiment of `drain_point`.
///
/// # Errors
/// When there is none, or the fixture does not hold together afterwards.
pub fn measure(drain_point: &str) -> Result<Drained, String> {
    let fixture = TestFixture::new(1);
    let held = || fixture.stats().heap_live_bytes;
    let (mut owner, mut other) = (fixture.thread(), fixture.thread());
    give(take(&mut owner)?, &mut other);
    other.safepoint();
    let waiting = held();
    let drained = match drain_point {
        "slow-path-refill" => {
            let again = take(&mut owner)?;
            let grown = held() - waiting;
            give(again, &mut owner);
            Drained { waiting, drained: waiting.saturating_sub(grown), left: grown }
        }
        "safepoint" => {
            owner.safepoint();
            Drained { waiting, drained: waiting - held(), left: held() }
        }
        "thread-exit" => {
            drop(owner);
            owner = fixture.thread();
            Drained { waiting, drained: waiting - held(), left: held() }
        }
        _ => return Err(format!("nothing measures the drain point {drain_point} of test-fixture")),
    };
    fixture.check().map_err(|error| format!("the validator: {error}"))?;
    drop((owner, other));
    match fixture.finish().leak {
        Some(leak) => Err(leak.to_string()),
        None => Ok(drained),
    }
}

fn take(owner: &mut FixtureThread<'_>) -> Result<Vec<NonNull<u8>>, String> {
    (0..BLOCKS).map(|_| owner.alloc(layout(BLOCK_BYTES)).ok_or_else(|| "no memory".to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_drain_point_of_a_fixture_takes_what_another_thread_freed() {
        for (point, left_max) in [("slow-path-refill", 0), ("safepoint", 64 << 10), ("thread-exit", 0)] {
            let drained = crate::evidence::drain::drains_alike(measure, point);
            assert!(drained.left <= left_max, "{point}: {drained:?}");
        }
        assert!(measure("message-boundary").is_err());
    }
}
