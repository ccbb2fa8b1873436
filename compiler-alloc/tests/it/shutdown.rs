//! Shutdown returns what was reserved, and names what is alive.

use crate::spans::Random;
use compiler_alloc::fault::{FactName, FaultCode};
use compiler_alloc::page_source::{FixtureCall, FixturePages, MmapPages};
use compiler_alloc::span::{Holder, SpanBackend, SpanCache};

#[test]
fn the_journal_shows_that_all_reserved_bytes_are_released() {
    let pages = FixturePages::new(MmapPages::new());
    let backend = SpanBackend::new(&pages);
    for round in 1..4_u64 {
        let mut random = Random(round);
        let mut cache = SpanCache::new(&backend);
        let mut parts = Vec::new();
        for _ in 0..500 {
            let want = 1 + random.below(300_000);
            parts.push(cache.take(16, want, Holder::Arena).unwrap());
        }
        let spans: Vec<_> = (0..20).map(|_| cache.acquire(1 + random.below(5 << 20)).unwrap()).collect();
        for part in parts {
            // SAFETY: taken above, released once.
            unsafe { cache.release(part, Holder::Arena) };
        }
        for span in spans {
            // SAFETY: acquired above, released once.
            unsafe { cache.release_span(span) };
        }
        drop(cache);
        backend.check().unwrap();
        let report = backend.shutdown();
        assert_eq!((report.leak(), report.record_bytes, report.threads), (None, 0, 0));
        assert!(pages.reserved_bytes() > 0);
        assert_eq!(pages.reserved_bytes(), pages.released_bytes());
    }
    // Event by event: every reservation is released once, with its own size.
    let mut reserved = Vec::new();
    for index in 0..pages.events() {
        let event = pages.event(index).expect("the journal keeps every event of this test");
        match event.call {
            FixtureCall::Reserve => reserved.push((event.address, event.bytes)),
            FixtureCall::Release => {
                let index = reserved.iter().position(|&known| known == (event.address, event.bytes)).unwrap();
                reserved.swap_remove(index);
            }
            _ => {
                let inside = |&(address, bytes): &(usize, usize)| {
                    address <= event.address && event.address + event.bytes <= address + bytes
                };
                assert!(reserved.iter().any(inside), "{event:?} is in no reservation");
            }
        }
    }
    assert!(reserved.is_empty());
}

#[test]
fn live_parts_and_kept_spans_stay_and_are_told_apart() {
    let backend = SpanBackend::new(MmapPages::new());
    let mut cache = SpanCache::new(&backend);
    let part = cache.take(64, 100_000, Holder::Arena).unwrap();
    cache.transfer(part.bytes, Holder::Arena, Holder::Sealed);
    let report = backend.shutdown();
    let leak = report.leak().unwrap();
    assert_eq!(leak.code, FaultCode::ShutdownLeak);
    assert_eq!(leak.fact(FactName::Live), Some(part.bytes as u64));
    assert_eq!(report.threads, 1);
    assert!(report.cached_bytes > 0, "the rest of the open tail");
    // SAFETY: inside the part, which is still ours.
    unsafe { part.low.write_bytes(9, part.bytes) };
    // SAFETY: taken above.
    unsafe { cache.release(part, Holder::Sealed) };
    assert_eq!(backend.shutdown().leak(), None);
    cache.flush();
    let report = backend.shutdown();
    assert_eq!((report.cached_bytes, report.record_bytes, report.threads), (0, 0, 0));
    backend.check().unwrap();
}
