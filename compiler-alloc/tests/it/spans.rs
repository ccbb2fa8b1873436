//! Whole spans: acquiring, releasing, splitting, joining.

use crate::arena_memory::fixture;
use compiler_alloc::Arena;
use compiler_alloc::arena::CacheAccess;
use compiler_alloc::fault::FactName;
use compiler_alloc::page_source::{FixedPages, MmapPages, SystemPages};
use compiler_alloc::span::{Span, SpanBackend, SpanCache};
use core::mem::MaybeUninit;

/// A generator good enough to choose operations: Marsaglia's xorshift.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 as usize
    }

    pub fn below(&mut self, bound: usize) -> usize {
        self.next() % bound
    }
}

fn fill(span: Span, byte: u8) {
    // SAFETY: the span is ours and has this many bytes.
    unsafe { span.base.write_bytes(byte, span.bytes) }
}

fn assert_filled(span: Span, byte: u8) {
    for offset in (0..span.bytes).step_by(1024).chain([span.bytes - 1]) {
        // SAFETY: inside the span, which `fill` initialised.
        let place = unsafe { span.base.add(offset) };
        // SAFETY: initialised by `fill`, and nobody else has the span.
        assert_eq!(unsafe { place.read() }, byte);
    }
}

#[test]
fn spans_never_overlap_and_all_come_back() {
    let backend = SpanBackend::new(MmapPages::new());
    let mut random = Random(0x5eed);
    let mut held: Vec<(Span, u8)> = Vec::new();
    for step in 0..2000 {
        if held.len() < 40 && random.below(5) < 3 {
            let span = backend.acquire(1 + random.below(40 * 65536)).unwrap();
            fill(span, step as u8);
            held.push((span, step as u8));
        } else if !held.is_empty() {
            let (span, byte) = held.swap_remove(random.below(held.len()));
            assert_filled(span, byte);
            // SAFETY: acquired above, removed from the list.
            unsafe { backend.release(span) };
        }
        if step % 16 == 0 {
            backend.check().unwrap();
        }
    }
    for (span, byte) in held {
        assert_filled(span, byte);
        // SAFETY: acquired above and released once.
        unsafe { backend.release(span) };
    }
    backend.check().unwrap();
    assert_eq!(backend.stats().live_bytes(), 0);
    let report = backend.shutdown();
    assert_eq!(report.leak(), None);
    assert_eq!((report.live_units, report.record_bytes), (0, 0));
    assert_eq!(backend.stats().reserved_bytes, 0);
}

#[test]
fn a_span_may_be_larger_than_any_reservation_made_ahead() {
    let backend = SpanBackend::new(MmapPages::new());
    let span = backend.acquire(100 << 20).unwrap();
    assert_eq!(span.bytes, 100 << 20);
    // SAFETY: inside the span.
    let last = unsafe { span.base.add(span.bytes - 1) };
    // SAFETY: writable, ours.
    unsafe { last.write(1) };
    assert!(backend.owns(last.as_ptr().addr()));
    // SAFETY: acquired above.
    unsafe { backend.release(span) };
    backend.check().unwrap();
    backend.shutdown();
    assert!(!backend.owns(last.as_ptr().addr()));
}

#[test]
fn foreign_addresses_are_not_ours() {
    let backend = SpanBackend::new(MmapPages::new());
    let local = 0_u8;
    for address in [0, 1, 4096, usize::MAX, usize::MAX / 2, 1 << 47, 1 << 48, (&raw const local).addr()] {
        assert!(!backend.owns(address));
    }
    let span = backend.acquire(1).unwrap();
    for address in [0, 1, 4096, usize::MAX, usize::MAX / 2, 1 << 47, 1 << 48, (&raw const local).addr()] {
        assert!(!backend.owns(address));
    }
    assert!(backend.owns(span.base.as_ptr().addr()));
    // SAFETY: acquired above.
    unsafe { backend.release(span) };
    backend.shutdown();
}

#[test]
fn a_thread_gets_back_what_it_returned_last() {
    let backend = SpanBackend::new(MmapPages::new());
    let mut cache = SpanCache::new(&backend);
    let (first, second) = (cache.acquire(65536).unwrap(), cache.acquire(65536).unwrap());
    let apart = cache.acquire(65536).unwrap();
    // SAFETY: acquired above.
    unsafe { cache.release_span(first) };
    // SAFETY: acquired above.
    unsafe { cache.release_span(apart) };
    assert_eq!(cache.acquire(65536).unwrap(), apart);
    assert_eq!(cache.acquire(65536).unwrap(), first);
    for span in [first, second, apart] {
        // SAFETY: acquired above, and held until now.
        unsafe { cache.release_span(span) };
    }
    cache.flush();
    backend.check().unwrap();
    assert_eq!(backend.shutdown().leak(), None);
}

#[test]
fn a_live_span_is_reported_and_survives_shutdown() {
    let backend = SpanBackend::new(MmapPages::new());
    let span = backend.acquire(65536).unwrap();
    fill(span, 7);
    let report = backend.shutdown();
    let leak = report.leak().unwrap();
    assert_eq!(leak.fact(FactName::Live), Some(65536));
    assert_eq!(leak.fact(FactName::Units), Some(1));
    assert_filled(span, 7);
    // SAFETY: acquired above.
    unsafe { backend.release(span) };
    assert_eq!(backend.shutdown().leak(), None);
}

#[test]
fn sixteen_kilobytes_are_enough_for_a_backend() {
    let mut storage = [MaybeUninit::<u8>::uninit(); 16 << 10];
    let backend = SpanBackend::new(FixedPages::new(&mut storage));
    for _ in 0..3 {
        let mut held = Vec::new();
        let fault = loop {
            match backend.acquire(1000) {
                Ok(span) => {
                    fill(span, held.len() as u8);
                    held.push(span);
                }
                Err(fault) => break fault,
            }
        };
        assert_eq!(fault.code, compiler_alloc::fault::FaultCode::Exhaustion);
        assert!(held.len() >= 10, "only {} units of 16", held.len());
        backend.check().unwrap();
        for (index, span) in held.into_iter().enumerate() {
            assert_filled(span, index as u8);
            // SAFETY: acquired above and released once.
            unsafe { backend.release(span) };
        }
        backend.check().unwrap();
        assert_eq!(backend.shutdown().record_bytes, 0);
    }
}

#[test]
fn system_pages_serve_the_same_calls() {
    let backend = SpanBackend::new(SystemPages::new());
    let spans: Vec<Span> = (1..40).map(|units| backend.acquire(units << 16).unwrap()).collect();
    for &span in &spans {
        fill(span, 3);
    }
    backend.check().unwrap();
    for span in spans {
        // SAFETY: acquired above and released once.
        unsafe { backend.release(span) };
    }
    backend.check().unwrap();
    assert_eq!(backend.shutdown().leak(), None);
    assert_eq!(backend.stats().reserved_bytes, 0);
}

#[test]
fn a_cache_swapped_for_one_over_another_backend_does_not_stay() {
    let mine = fixture();
    let other = fixture();
    let arena = Arena::new_in(mine.spans);
    arena.alloc(5);
    let mut foreign = SpanCache::new(other.backend);
    mine.spans.with_cache(|cache| std::mem::swap(cache, &mut foreign));
    drop(foreign);
    mine.spans.with_cache(|cache| assert!(std::ptr::eq(cache.backend(), mine.backend)));
    drop(arena);
    assert_eq!(mine.lent_bytes(), 0);
    mine.check();
    other.check();
}
