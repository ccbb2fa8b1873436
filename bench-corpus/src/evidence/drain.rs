//! One experiment a drain point: here those of `compiler-internal`, memory that one worker made and another frees, then the drain.
//!
//! Workers take turns on one thread, so the numbers are the same in every run. What waits never waits for its maker: an arena has
//! no queue of blocks that others freed, only whole spans that whoever frees them keeps, until a drain point hands them on.

use compiler_alloc::arena::Session;
use compiler_alloc::heap::{Direct, TransferCache};
use compiler_alloc::{Arena, Family, ResetMode, Sealed};

use super::{actor_drain, fixture_drain, heap_drain};
use crate::stress::{Bench, become_worker};

/// What one drain did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drained {
    /// How much waited at most, in the unit of the drain point's row.
    pub waiting: usize,
    /// How much the drain took.
    pub drained: usize,
    /// How much still waits.
    pub left: usize,
}

/// Runs the experiment of a drain point of one profile.
pub type Measure = fn(&str) -> Result<Drained, String>;

/// Bytes of each result; more than a unit, so that whole units change hands.
const RESULT_BYTES: usize = 100_000;
/// Results that change hands.
const RESULTS: usize = 16;
/// Who makes results.
const MAKER: usize = 1;
/// Who drops them.
const DROPPER: usize = 2;

struct Bytes;

impl Family for Bytes {
    type Of<'a> = &'a [u8];
    fn shorten<'s, 'l: 's>(long: &'s &'l [u8]) -> &'s &'s [u8] {
        long
    }
}

/// Runs an experiment: that of a drain point of `compiler-internal`, or after its name that of another profile's.
///
/// # Errors
/// When there is none, or the backend does not hold together afterwards.
pub fn measure(experiment: &str) -> Result<Drained, String> {
    let others: [(&str, Measure); 4] = [
        ("hosted-small-", heap_drain::measure::<Direct>),
        ("hosted-server-", heap_drain::measure::<TransferCache>),
        ("realtime-", actor_drain::measure),
        ("test-fixture-", fixture_drain::measure),
    ];
    for (profile, measure) in others {
        if let Some(point) = experiment.strip_prefix(profile) {
            return measure(point);
        }
    }
    let drain_point = experiment;
    let mut bench = Bench::new();
    let drained = match drain_point {
        "slow-path-refill" => slow_path_refill(&bench),
        "thread-exit" => thread_exit(&bench),
        "arena-reset" => arena_reset(&bench),
        "safepoint" => safepoint(&bench),
        _ => Err(format!("nothing measures the drain point {drain_point}")),
    };
    become_worker(0);
    bench.shut_down_clean()?;
    drained
}

/// Results made by a worker, who stays the one at work.
fn results(bench: &Bench, worker: usize) -> Vec<Sealed<Bytes>> {
    become_worker(worker);
    let memory = bench.memory();
    (0..RESULTS)
        .map(|index| {
            Sealed::build_in(memory, |builder| &*builder.alloc_slice_fill_with(RESULT_BYTES, |_| index as u8))
        })
        .collect()
}

/// Spans that another worker freed reach the maker when its own cache misses.
fn slow_path_refill(bench: &Bench) -> Result<Drained, String> {
    let made = results(bench, MAKER);
    bench.workers.flush(MAKER);
    become_worker(DROPPER);
    drop(made);
    bench.workers.flush(DROPPER);
    let before = bench.backend.stats();
    become_worker(MAKER);
    let again = results(bench, MAKER);
    let after = bench.backend.stats();
    drop(again);
    if after.reservations != before.reservations {
        return Err("a miss reserved anew although freed spans waited".into());
    }
    Ok(Drained {
        waiting: before.pooled_bytes,
        drained: before.pooled_bytes.saturating_sub(after.pooled_bytes),
        left: after.pooled_bytes.min(before.pooled_bytes),
    })
}

/// What a worker keeps, of its own and of what it freed for another, goes to the pool when it ends.
fn thread_exit(bench: &Bench) -> Result<Drained, String> {
    let made = results(bench, MAKER);
    let own = results(bench, DROPPER);
    drop(made);
    drop(own);
    bench.workers.flush(MAKER);
    let before = bench.backend.stats();
    bench.workers.flush(DROPPER);
    let after = bench.backend.stats();
    let (waited, left) = (before.cached_bytes + before.tail_bytes, after.cached_bytes + after.tail_bytes);
    Ok(Drained { waiting: waited, drained: waited.saturating_sub(left), left })
}

/// A reset gives back everything the arena holds.
fn arena_reset(bench: &Bench) -> Result<Drained, String> {
    become_worker(MAKER);
    let mut arena: Arena = Arena::new_in(bench.memory());
    for _ in 0..RESULTS {
        arena.alloc_slice_fill_with(RESULT_BYTES, |_| 1_u8);
    }
    let waiting = bench.backend.stats().arena_live_bytes;
    arena.reset_with(ResetMode::Release);
    let left = bench.backend.stats().arena_live_bytes;
    Ok(Drained { waiting, drained: waiting - left, left })
}

/// A pass ends, its round passes a safepoint, and the session ends: of what the pass held no more than the minimum idles.
fn safepoint(bench: &Bench) -> Result<Drained, String> {
    become_worker(MAKER);
    let mut session = Session::new_in(bench.memory());
    session.round(|round| {
        round.pass("fill", |pass| {
            let worker = pass.worker();
            for _ in 0..4 * RESULTS {
                worker.scratch().alloc_slice_fill_with(RESULT_BYTES, |_| 1_u8);
            }
        });
        round.safepoint();
    });
    let waiting = bench.backend.stats().arena_live_bytes;
    drop(session);
    let stats = bench.backend.stats();
    let left = stats.arena_live_bytes + stats.idle_bytes();
    Ok(Drained { waiting, drained: waiting.saturating_sub(left), left })
}

/// What `point` drained, which is something, and the same in a second run.
#[cfg(test)]
pub(super) fn drains_alike(measure: fn(&str) -> Result<Drained, String>, point: &str) -> Drained {
    let drained = measure(point).expect("the experiment holds together");
    assert!(drained.drained > 0, "{point} drained nothing: {drained:?}");
    assert_eq!(drained, measure(point).expect("again"), "{point} is not the same twice");
    drained
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drains(point: &str) -> Drained {
        drains_alike(measure, point)
    }

    #[test]
    fn a_miss_takes_what_another_worker_freed() {
        drains("slow-path-refill");
    }

    #[test]
    fn a_worker_that_ends_keeps_nothing() {
        assert_eq!(drains("thread-exit").left, 0);
    }

    #[test]
    fn a_reset_arena_holds_nothing() {
        assert_eq!(drains("arena-reset").left, 0);
    }

    #[test]
    fn between_passes_idle_memory_goes_back() {
        assert!(drains("safepoint").left <= compiler_alloc::config::IDLE_BYTES_MIN);
    }

    #[test]
    fn a_point_without_an_experiment_is_an_error() {
        assert!(measure("message-boundary").is_err());
    }
}
