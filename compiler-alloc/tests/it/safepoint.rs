//! At a safepoint a thread hands on what it keeps, small sealed results stay packed, and passes lie where they lay.

use super::arena_memory::fixture;
use compiler_alloc::arena::{Arena, ArenaMemory, ArenaPool, ResetMode, Sealed};
use compiler_alloc::page_source::MmapPages;
use compiler_alloc::span::{Holder, SpanBackend, SpanCache};
use compiler_alloc::{Family, fault::Fault};
use core::alloc::Layout;

#[test]
fn a_safepoint_hands_on_kept_runs_and_open_tails() -> Result<(), Fault> {
    let backend = SpanBackend::new(MmapPages::new());
    let mut cache = SpanCache::new(&backend);
    let own_run = cache.take(512 << 10, 512 << 10, Holder::Arena)?;
    let between = cache.take(512 << 10, 512 << 10, Holder::Arena)?;
    let small = cache.take(4096, 4096, Holder::Arena)?;
    // SAFETY: taken above, and not used afterwards.
    unsafe { cache.release(own_run, Holder::Arena) };
    let before = backend.stats();
    assert!(before.cached_bytes == 512 << 10 && before.tail_bytes > 0, "{before:?}");
    cache.safepoint();
    let after = backend.stats();
    assert_eq!((after.cached_bytes, after.tail_bytes), (0, 0), "{after:?}");
    assert_eq!(after.committed_bytes, before.committed_bytes, "it stays warm");
    backend.check().unwrap();
    // Another thread's cache gets the same memory, and faults nothing in.
    let mut other = SpanCache::new(&backend);
    let again = other.take(512 << 10, 512 << 10, Holder::Arena)?;
    assert!(other.took_warm());
    // SAFETY: taken above, and not used afterwards.
    unsafe { other.release(again, Holder::Arena) };
    // SAFETY: as above.
    unsafe { cache.release(between, Holder::Arena) };
    // SAFETY: as above.
    unsafe { cache.release(small, Holder::Arena) };
    drop((cache, other));
    backend.check().unwrap();
    assert!(backend.shutdown().leak().is_none());
    Ok(())
}

#[test]
fn a_safepoint_with_nothing_to_hand_on_changes_nothing() -> Result<(), Fault> {
    let backend = SpanBackend::new(MmapPages::new());
    let mut cache = SpanCache::new(&backend);
    cache.safepoint();
    let part = cache.take(4096, 4096, Holder::Arena)?;
    cache.safepoint();
    let between = backend.stats();
    cache.safepoint();
    assert_eq!(backend.stats(), between);
    assert_eq!(between.arena_live_bytes, 4096, "what is lent stays lent");
    // SAFETY: taken above, and not used afterwards.
    unsafe { cache.release(part, Holder::Arena) };
    backend.check().unwrap();
    Ok(())
}

/// A slice of numbers.
struct Numbers;

impl Family for Numbers {
    type Of<'a> = &'a [u64];
    fn shorten<'s, 'l: 's>(numbers: &'s &'l [u64]) -> &'s &'s [u64] {
        numbers
    }
}

#[test]
fn small_sealed_results_stay_packed_over_safepoints() {
    let fixture = fixture();
    let results: Vec<Sealed<Numbers>> = (0..200_u64)
        .map(|number| {
            let sealed = Sealed::<Numbers>::build_in(fixture.spans, |b| {
                b.alloc_slice_fill_with(250, |index| number + index as u64)
            });
            fixture.spans.safepoint();
            sealed
        })
        .collect();
    let held: usize = results.iter().map(|result| result.heap_size().reserved).sum();
    let stats = fixture.backend.stats();
    assert_eq!(stats.sealed_live_bytes, held);
    let idle_bytes = stats.dead_bytes + stats.tail_bytes;
    assert!(idle_bytes <= 64 << 10, "{idle_bytes} bytes beside {held} of sealed results");
    fixture.check();
    assert!(results.iter().zip(0_u64..).all(|(result, number)| result.get()[249] == number + 249));
    drop(results);
    fixture.spans.safepoint();
    assert_eq!(fixture.backend.stats().tail_bytes, 0, "no result is left beside the tail");
    fixture.assert_nothing_lent();
}

#[test]
fn the_same_pass_lies_where_it_lay_before() {
    let fixture = fixture();
    let mut pool: ArenaPool = ArenaPool::new_in(fixture.spans);
    let mut unit: Arena = Arena::new_in(fixture.spans);
    let mut round = || {
        let bytes = |size: usize| Layout::from_size_align(size, 8).unwrap();
        let mut places = Vec::new();
        for file in 0..40_usize {
            places.push(pool.get().alloc_layout(bytes(40_000 + 9_000 * file)).addr());
            for large in [700_000, 2_600_000, 4_100_000, 8_300_000].into_iter().take(file % 5) {
                places.push(unit.alloc_layout(bytes(large)).addr());
            }
            unit.reset();
        }
        pool.reset_with(ResetMode::Release);
        places
    };
    let first: Vec<_> = (0..2).map(|_| round()).collect();
    let committed = fixture.backend.stats().committed_bytes;
    for _ in 0..6 {
        assert!(round() == first[1], "from the second round on every object lies where it lay");
    }
    let stats = fixture.backend.stats();
    assert_eq!((stats.committed_bytes, stats.purges), (committed, 0));
    drop((pool, unit));
    fixture.assert_nothing_lent();
}
