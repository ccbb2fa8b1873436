//! One experiment a rule of the page backend as `test-fixture` uses it.

use std::ptr::NonNull;

use bench_measured::rng::Rng;
use compiler_alloc::config;
use compiler_alloc::profile::test_fixture::{Answer, Call, Ended, FixtureThread, Request, TestFixture};
use compiler_alloc::size_class::BLOCK_BYTES_MAX;

use crate::stress::layout;

/// Blocks of a round.
const BLOCKS: usize = 20_000;

/// The measured value of `rule`, in the unit that the declaration names.
///
/// # Errors
/// When nothing measures it, or its experiment fails.
pub fn measure(rule: &str) -> Result<usize, String> {
    match rule {
        "central-cache.growth-when-slabs-are-abandoned" => growth_when_abandoned(),
        "exhaustion.refused-bytes-held" => refused_bytes_held(),
        "geometry.unit-bytes" => Ok(config::UNIT_BYTES),
        "release-cleanup.leak-bytes-after-shutdown" => run(1).map(|ended| leaked(&ended)),
        "release-cleanup.differences-of-a-replay" => {
            let ended = run(1)?;
            let again = ended.journal.replay().map_err(|difference| difference.to_string())?;
            Ok(differences(&ended, &again))
        }
        "span-allocation.differences-of-equal-runs" => Ok(differences(&run(5)?, &run(5)?)),
        "span-allocation.largest-block" => Ok(BLOCK_BYTES_MAX),
        "transfer-refill.span-cache-capacity" => Ok(config::CACHE_BYTES_MAX),
        "transfer-refill.warm-round-reservations" => warm_round_reservations(),
        _ => Err(format!("nothing measures the rule {rule} of test-fixture")),
    }
}

/// Blocks of mixed sizes.
fn take(thread: &mut FixtureThread<'_>, rng: &mut Rng, blocks: usize) -> Result<Vec<NonNull<u8>>, String> {
    (0..blocks)
        .map(|_| thread.alloc(layout(rng.between(1, 700))).ok_or_else(|| "no memory".to_owned()))
        .collect()
}

/// Gives back what was taken of the same fixture.
pub(super) fn give(blocks: impl IntoIterator<Item = NonNull<u8>>, to: &mut FixtureThread<'_>) {
    for block in blocks {
        // SAFETY: must be a block in use of the same fixture that nobody uses again. `take` allocated it, and callers forget it.
        unsafe { to.free(block) }
    }
}

/// Arenas and two threads, with refusals in between, to the end of the fixture.
fn run(seed: u64) -> Result<Ended, String> {
    let fixture = TestFixture::new(seed);
    let mut rng = Rng::new(seed);
    let (mut owner, mut other) = (fixture.thread(), fixture.thread());
    let mut arena = fixture.arena();
    fixture.refuse(Request::Piece, 5, 1);
    for _ in 0..300 {
        let _ = arena.try_alloc_slice_fill_with(rng.between(1, 30_000), |_| 1_u8);
        let blocks = take(&mut owner, &mut rng, 10)?;
        give(blocks, if rng.below(2) == 0 { &mut owner } else { &mut other });
    }
    arena.reset();
    drop((arena, owner, other));
    let ended = fixture.finish();
    match ended.leak {
        Some(leak) => Err(leak.to_string()),
        None => Ok(ended),
    }
}

/// Journals that differ, and statistics.
fn differences(one: &Ended, other: &Ended) -> usize {
    usize::from(one.journal.difference(&other.journal).is_some()) + usize::from(one.stats != other.stats)
}

/// Reserved less released.
fn leaked(ended: &Ended) -> usize {
    let bytes = |call: Call| -> usize {
        let done = ended.journal.of(call).filter(|event| event.answer != Answer::Refused);
        done.filter_map(|event| event.argument("bytes")).sum()
    };
    bytes(Call::Reserve).saturating_sub(bytes(Call::Release))
}

/// How many bytes of spans the next thread takes, when half of the blocks of a thread that ended were freed.
fn growth_when_abandoned() -> Result<usize, String> {
    let fixture = TestFixture::new(1);
    let layout = layout(64);
    let mut first = fixture.thread();
    let blocks: Option<Vec<_>> = (0..BLOCKS).map(|_| first.alloc(layout)).collect();
    let (freed, kept): (Vec<_>, Vec<_>) =
        blocks.ok_or("no memory")?.into_iter().enumerate().partition(|(index, _)| index % 2 == 0);
    give(freed.into_iter().map(|(_, block)| block), &mut first);
    drop(first);
    let held = fixture.stats().heap_live_bytes;
    let mut second = fixture.thread();
    let more: Option<Vec<_>> = (0..BLOCKS / 2 - 1_024).map(|_| second.alloc(layout)).collect();
    let growth = fixture.stats().heap_live_bytes.saturating_sub(held);
    give(more.ok_or("no memory")?, &mut second);
    give(kept.into_iter().map(|(_, block)| block), &mut second);
    Ok(growth)
}

/// Bytes of spans that a refused request leaves held.
fn refused_bytes_held() -> Result<usize, String> {
    let fixture = TestFixture::new(1);
    let mut thread = fixture.thread();
    let small = take(&mut thread, &mut Rng::new(1), 1)?;
    let held = fixture.stats().heap_live_bytes;
    fixture.refuse(Request::Page, 0, usize::MAX);
    if thread.alloc(layout(30 << 20)).is_some() {
        return Err("nothing was refused".into());
    }
    let left = fixture.stats().heap_live_bytes - held;
    give(small, &mut thread);
    Ok(left)
}

/// What a second equal round of one thread reserves, when the first one's blocks were freed.
fn warm_round_reservations() -> Result<usize, String> {
    let fixture = TestFixture::new(1);
    let mut thread = fixture.thread();
    let mut round = || -> Result<usize, String> {
        let blocks = take(&mut thread, &mut Rng::new(3), BLOCKS)?;
        give(blocks, &mut thread);
        Ok(fixture.stats().reservations)
    };
    let first = round()?;
    Ok(round()? - first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_runs_and_replays_of_a_fixture_differ_in_nothing() {
        for rule in ["span-allocation.differences-of-equal-runs", "release-cleanup.differences-of-a-replay"] {
            assert_eq!(measure(rule), Ok(0), "{rule}");
        }
    }

    #[test]
    fn a_fixture_holds_nothing_more_than_a_heap_does() {
        for rule in [
            "central-cache.growth-when-slabs-are-abandoned",
            "exhaustion.refused-bytes-held",
            "release-cleanup.leak-bytes-after-shutdown",
            "transfer-refill.warm-round-reservations",
        ] {
            assert_eq!(measure(rule), Ok(0), "{rule}");
        }
        assert!(measure("no-such-rule").is_err());
    }
}
