//! The give-back rule: counted, applied when memory is returned, visible at once.

use crate::spans::Random;
use compiler_alloc::config::{
    HEAP_IDLE_BYTES_MAX, HEAP_RETURNED_BYTES_MAX, HEAP_TURNOVER_BYTES_MAX, IDLE_BYTES_MIN,
};
use compiler_alloc::page_source::{FixtureCall, FixturePages, MmapPages};
use compiler_alloc::span::{Holder, Part, SpanBackend, SpanCache, SpanStats};

type Pages = FixturePages<MmapPages>;

/// What an arena does for one result: begin small, grow in place or by further parts, seal, donate the rest.
fn build_result(cache: &mut SpanCache<'_, &Pages>, bytes: usize) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut part = cache.take(64, 4096.min(bytes), Holder::Arena).unwrap();
    let mut total = part.bytes;
    while total < bytes {
        let step = (bytes - total).min(total.max(4096));
        // SAFETY: the part is ours, as it is.
        match unsafe { cache.extend_down(part, step, Holder::Arena) } {
            Some(low) => {
                total += part.low.as_ptr().addr() - low.as_ptr().addr();
                part = Part { low, bytes: part.bytes + (part.low.as_ptr().addr() - low.as_ptr().addr()) };
            }
            None => {
                parts.push(part);
                part = cache.take(64, step, Holder::Arena).unwrap();
                total += part.bytes;
            }
        }
    }
    if total > bytes + 64 {
        // SAFETY: inside the part: what is over is less than the last step.
        let keep_from = unsafe { part.low.add((total - bytes).min(part.bytes - 16) & !15) };
        // SAFETY: the part is ours, and nothing was written to it.
        part = unsafe { cache.donate(part, keep_from, Holder::Arena) };
    }
    parts.push(part);
    for part in &parts {
        // SAFETY: the part is ours.
        unsafe { part.low.write_bytes(0x5a, part.bytes) };
        cache.transfer(part.bytes, Holder::Arena, Holder::Sealed);
    }
    parts
}

fn drop_result(cache: &mut SpanCache<'_, &Pages>, parts: Vec<Part>) {
    for part in parts {
        // SAFETY: built by `build_result`, dropped once.
        unsafe { cache.release(part, Holder::Sealed) };
    }
}

/// Builds `count` results, drops a random 90 %; answers the figures before and after.
fn ninety_percent_dropped(count: usize, bytes: usize) -> (SpanStats, SpanStats) {
    let pages = Pages::new(MmapPages::new());
    let backend = SpanBackend::new(&pages);
    let mut cache = SpanCache::new(&backend);
    let mut random = Random(0xa4b);
    let mut results: Vec<_> =
        (0..count).map(|_| build_result(&mut cache, bytes / 2 + random.below(bytes))).collect();
    let before = backend.stats();
    backend.check().unwrap();
    for _ in 0..count * 9 / 10 {
        let index = random.below(results.len());
        drop_result(&mut cache, results.swap_remove(index));
    }
    backend.check().unwrap();
    let after = backend.stats();
    for result in results {
        drop_result(&mut cache, result);
    }
    drop(cache);
    backend.check().unwrap();
    assert_eq!(backend.shutdown().leak(), None);
    (before, after)
}

fn ratio(bytes: usize, live: usize) -> f64 {
    bytes as f64 / live as f64
}

#[test]
fn results_of_75_kilobytes_lie_packed_and_give_back_at_once() {
    let (before, after) = ninety_percent_dropped(1000, 75_000);
    let held = ratio(before.held_bytes(), before.live_bytes());
    assert!(held <= 1.02, "held / live = {held}: {before:?}");
    let after_drop = ratio(after.held_bytes() + after.idle_bytes(), after.live_bytes());
    assert!(after_drop <= 1.5, "(held + idle) / live = {after_drop}: {after:?}");
}

#[test]
fn results_of_2_kilobytes_lie_packed_and_give_back_at_once() {
    let (before, after) = ninety_percent_dropped(10_000, 2_000);
    let held = ratio(before.held_bytes(), before.live_bytes());
    assert!(held <= 1.05, "held / live = {held}: {before:?}");
    let after_drop = ratio(after.held_bytes() + after.idle_bytes(), after.live_bytes());
    assert!(after_drop <= 4.0, "(held + idle) / live = {after_drop}: {after:?}");
}

#[test]
fn a_pass_that_comes_again_finds_its_memory_warm() {
    let pages = Pages::new(MmapPages::new());
    let backend = SpanBackend::new(&pages);
    let mut cache = SpanCache::new(&backend);
    let mut requests = Vec::new();
    for _ in 0..6 {
        let parts: Vec<Part> = (0..24).map(|_| cache.take(64, 2 << 20, Holder::Arena).unwrap()).collect();
        for part in parts {
            // SAFETY: taken above.
            unsafe { cache.release(part, Holder::Arena) };
        }
        requests.push(pages.events());
        backend.check().unwrap();
    }
    assert_eq!(requests[0], requests[5], "the page source was asked again: {requests:?}");
}

#[test]
fn a_pass_that_cuts_its_chunks_anew_touches_hardly_any_new_memory() {
    let pages = Pages::new(MmapPages::new());
    let backend = SpanBackend::new(&pages);
    let mut cache = SpanCache::new(&backend);
    let mut committed = Vec::new();
    for _ in 0..10 {
        // An arena's steps: each chunk may be a quarter of what it asks for.
        let steps = [4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20];
        let mut left = 48_usize << 20;
        let mut parts = Vec::new();
        for want in steps.into_iter().chain(std::iter::repeat(2 << 20)) {
            let part = cache.take(want / 4, want, Holder::Arena).unwrap();
            left = left.saturating_sub(part.bytes);
            parts.push(part);
            if left == 0 {
                break;
            }
        }
        for part in parts {
            // SAFETY: taken above.
            unsafe { cache.release(part, Holder::Arena) };
        }
        committed.push(backend.stats().committed_bytes);
        backend.check().unwrap();
    }
    assert_eq!(backend.stats().purged_bytes, 0, "{:?}", backend.stats());
    assert!(committed[9] <= committed[0] + (2 << 20), "committed after each pass: {committed:?}");
}

#[test]
fn what_idles_after_the_last_return_is_within_the_rule() {
    let pages = Pages::new(MmapPages::new());
    let backend = SpanBackend::new(&pages);
    let spans: Vec<_> = (0..400).map(|_| backend.acquire(128 << 10).unwrap()).collect();
    for (index, span) in spans.into_iter().enumerate() {
        // SAFETY: acquired above, released once.
        unsafe { backend.release(span) };
        let stats = backend.stats();
        let given_back = (400 * (128 << 10)) - stats.heap_live_bytes;
        let turned_over = (2 * stats.heap_live_bytes).min(HEAP_TURNOVER_BYTES_MAX);
        let limit = IDLE_BYTES_MIN + given_back.min(HEAP_IDLE_BYTES_MAX) + turned_over;
        assert!(stats.idle_bytes() <= limit, "after {index}: {stats:?}");
    }
    backend.check().unwrap();
    let purged: usize = (0..pages.events())
        .filter_map(|index| pages.event(index))
        .filter(|event| event.call == FixtureCall::Decommit)
        .map(|event| event.bytes)
        .sum();
    assert_eq!(purged, backend.stats().purged_bytes);
    assert!(purged >= 36 << 20, "{purged} bytes of 50 MiB were given back");
}

#[test]
fn what_heaps_give_back_and_take_again_stays_the_second_time() {
    let pages = Pages::new(MmapPages::new());
    let backend = SpanBackend::new(&pages);
    let round = || {
        let before = backend.stats().purged_bytes;
        let spans: Vec<_> = (0..400).map(|_| backend.acquire(128 << 10).unwrap()).collect();
        for span in spans {
            // SAFETY: acquired above, released once.
            unsafe { backend.release(span) };
        }
        backend.stats().purged_bytes - before
    };
    assert!(round() >= 40 << 20, "nobody knows that it comes again");
    assert_eq!([round(), round()], [0, 0]);
    assert!(backend.stats().idle_bytes() <= HEAP_RETURNED_BYTES_MAX + IDLE_BYTES_MIN);
    backend.check().unwrap();
}

#[test]
fn trimming_to_nothing_leaves_nothing_committed() {
    let pages = Pages::new(MmapPages::new());
    let backend = SpanBackend::new(&pages);
    let mut cache = SpanCache::new(&backend);
    let parts: Vec<Part> = (0..50).map(|_| cache.take(64, 100_000, Holder::Arena).unwrap()).collect();
    for part in parts {
        // SAFETY: taken above.
        unsafe { cache.release(part, Holder::Arena) };
    }
    cache.trim(0);
    let stats = backend.stats();
    assert_eq!((stats.committed_bytes, stats.idle_bytes(), stats.arena_peak_bytes), (0, 0, 0));
    assert!(stats.reserved_bytes > 0);
    backend.check().unwrap();
}

#[test]
fn memory_that_was_purged_comes_back_zeroed_and_usable() {
    let pages = Pages::new(MmapPages::new());
    let backend = SpanBackend::new(&pages);
    let span = backend.acquire(1 << 20).unwrap();
    // SAFETY: the span is ours.
    unsafe { span.base.write_bytes(1, span.bytes) };
    // SAFETY: acquired above.
    unsafe { backend.release(span) };
    backend.trim(0);
    let again = backend.acquire(1 << 20).unwrap();
    assert_eq!(again, span);
    for offset in (0..again.bytes).step_by(4096) {
        // SAFETY: inside the span.
        let place = unsafe { again.base.add(offset) };
        // SAFETY: committed memory of ours.
        assert_eq!(unsafe { place.read() }, 0);
    }
    // SAFETY: acquired above.
    unsafe { backend.release(again) };
}

#[test]
fn what_is_to_be_retained_idles_and_goes_when_it_is_not() {
    let backend = SpanBackend::new(MmapPages::new());
    let mut cache = SpanCache::new(&backend);
    let idle_after = |cache: &mut SpanCache<'_, MmapPages>| {
        // What was held before is forgotten, so that it does not come again.
        cache.trim(0);
        let spans: Vec<_> = (0..200).map(|_| cache.acquire(1 << 20).unwrap()).collect();
        for span in spans {
            // SAFETY: acquired above, released once.
            unsafe { cache.release_span(span) };
        }
        cache.flush();
        backend.stats().idle_bytes()
    };
    let by_rule = idle_after(&mut cache);
    assert!(by_rule < 32 << 20, "{by_rule} bytes idle by the rule alone");
    backend.retain(100 << 20);
    let retained = idle_after(&mut cache);
    assert!((64 << 20..=100 << 20).contains(&retained), "{retained} bytes idle");
    backend.retain(0);
    assert!(idle_after(&mut cache) < 32 << 20);
}
