//! One experiment a drain point of `hosted-small` and `hosted-server`: blocks that one thread allocated and another freed, then the owner's drain.
//!
//! The threads take turns on one thread, so the numbers are the same in every run.

use super::drain::Drained;
use crate::stress::Bench;
use crate::stress::heap::{self, Block, Thread, Way, held_bytes};

/// Bytes of a block.
const BLOCK_BYTES: usize = 64;
/// Blocks that change hands: ten slabs of 64 KiB.
const BLOCKS: usize = 10 * (64 << 10) / BLOCK_BYTES;

/// Runs the experiment of `drain_point`.
///
/// # Errors
/// When there is none, or the heap does not hold together afterwards.
pub fn measure<W: Way>(drain_point: &str) -> Result<Drained, String> {
    let mut bench = Bench::new();
    let heap = heap::heap::<W>(&bench);
    let (mut owner, mut other) = (Thread::new(heap, 1), Thread::new(heap, 2));
    let blocks = take(&mut owner)?;
    let held = held_bytes(&bench);
    blocks.into_iter().for_each(|block| other.free(block));
    // Its outbox too: from here on everything waits at the owner's slabs.
    other.collect();
    if held_bytes(&bench) != held {
        return Err("blocks did not wait for their owner".into());
    }
    let waiting = BLOCKS * BLOCK_BYTES;
    let drained = match drain_point {
        "slow-path-refill" => {
            let again = take(&mut owner)?;
            let grown = held_bytes(&bench) - held;
            again.into_iter().for_each(|block| owner.free(block));
            Drained { waiting, drained: waiting.saturating_sub(grown), left: grown }
        }
        "safepoint" => {
            owner.collect();
            released(&bench, held)
        }
        "thread-exit" => {
            drop(owner);
            let drained = released(&bench, held);
            owner = Thread::new(heap, 3);
            drained
        }
        _ => return Err(format!("nothing measures the drain point {drain_point} of a heap")),
    };
    owner.check()?;
    drop((owner, other));
    heap.recall_all();
    // SAFETY: needs that no other thread uses the heap now; they were joined, or there are none.
    unsafe { heap.check() }.map_err(|error| format!("the heap's validator: {error}"))?;
    bench.shut_down_clean()?;
    Ok(drained)
}

fn take<W: Way>(owner: &mut Thread<W>) -> Result<Vec<Block>, String> {
    (0..BLOCKS).map(|_| owner.alloc(BLOCK_BYTES, 1).ok_or_else(|| "no memory".to_owned())).collect()
}

/// Every block was free, so all spans that are still held wait for nothing but their owner.
fn released(bench: &Bench, held: usize) -> Drained {
    let left = held_bytes(bench);
    Drained { waiting: held, drained: held - left, left }
}

#[cfg(test)]
mod tests {
    use compiler_alloc::heap::{Direct, TransferCache};

    use super::*;

    fn drains(point: &str) -> Drained {
        crate::evidence::drain::drains_alike(measure::<Direct>, point)
    }

    #[test]
    fn every_drain_point_of_a_heap_with_a_transfer_cache_takes_what_waits_there_too() {
        for (point, left_max) in [("slow-path-refill", 0), ("safepoint", 64 << 10), ("thread-exit", 0)] {
            let drained = crate::evidence::drain::drains_alike(measure::<TransferCache>, point);
            assert!(drained.left <= left_max, "{point}: {drained:?}");
        }
    }

    #[test]
    fn a_refill_takes_blocks_that_another_thread_freed_before_it_asks_for_a_span() {
        assert_eq!(drains("slow-path-refill").left, 0);
    }

    #[test]
    fn a_safepoint_of_a_heap_leaves_at_most_a_slab() {
        assert!(drains("safepoint").left <= 64 << 10);
    }

    #[test]
    fn a_thread_that_ends_leaves_no_slab_of_which_all_blocks_are_free() {
        assert_eq!(drains("thread-exit").left, 0);
    }

    #[test]
    fn a_drain_point_of_another_profile_is_an_error() {
        assert!(measure::<Direct>("message-boundary").is_err());
    }
}
