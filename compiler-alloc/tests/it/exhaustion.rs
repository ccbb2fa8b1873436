//! Exhaustion fails closed: every request to the page source is refused in turn.

use compiler_alloc::fault::{FactName, Fault, FaultCode};
use compiler_alloc::page_source::{FixedPages, FixturePages, MmapPages, PageSource, SourceError};
use compiler_alloc::span::{Holder, Part, Span, SpanBackend, SpanCache};
use core::mem::MaybeUninit;

type Pages = FixturePages<MmapPages>;

/// Refuses `refuse` requests after the first 0, 1, 2, ... until `call` no longer meets a refusal. Whenever it fails:
/// nothing was published, the structures hold, and the call works once memory is back.
fn refuse_every_request<T>(
    refuse: usize,
    prepare: impl Fn(&mut SpanCache<'_, &Pages>),
    call: impl Fn(&mut SpanCache<'_, &Pages>) -> Result<T, Fault>,
    give_back: impl Fn(&mut SpanCache<'_, &Pages>, T),
) -> usize {
    let mut failures = 0;
    for pass in 0.. {
        let pages = Pages::new(MmapPages::new());
        let backend = SpanBackend::new(&pages);
        let mut cache = SpanCache::new(&backend);
        prepare(&mut cache);
        let before = backend.stats();
        pages.refuse_requests(pass, refuse);
        let answer = call(&mut cache);
        let met_none = pages.refuse_nothing() == refuse;
        let lent = match answer {
            Ok(lent) => lent,
            Err(fault) => {
                failures += 1;
                assert_eq!(fault.code, FaultCode::PageExhaustion);
                assert_eq!(fault.fact(FactName::OsError), Some(12));
                assert!(fault.fact(FactName::Asked).is_some_and(|asked| asked > 0));
                backend.check().unwrap();
                assert_eq!(backend.stats().live_bytes(), before.live_bytes(), "nothing was published");
                call(&mut cache).unwrap()
            }
        };
        backend.check().unwrap();
        give_back(&mut cache, lent);
        backend.check().unwrap();
        drop(cache);
        let report = backend.shutdown();
        assert_eq!((report.live_units, report.record_bytes), (0, 0));
        assert_eq!(pages.reserved_bytes(), pages.released_bytes());
        if met_none {
            return failures;
        }
    }
    unreachable!()
}

fn release_span(cache: &mut SpanCache<'_, &Pages>, span: Span) {
    // SAFETY: the test hands over the span it acquired.
    unsafe { cache.release_span(span) }
}

fn release_part(cache: &mut SpanCache<'_, &Pages>, part: Part) {
    // SAFETY: the test hands over the part it took.
    unsafe { cache.release(part, Holder::Arena) }
}

/// How many requests are refused, and how often the call fails at least: after one refusal a smaller reservation may do,
/// and only the commit has no other way; if all are refused, page map, records and span fail as well.
const ONE_AND_ALL: [(usize, usize); 2] = [(1, 1), (usize::MAX, 3)];

#[test]
fn acquiring_a_span_fails_closed() {
    for (refuse, failures_min) in ONE_AND_ALL {
        let failures = refuse_every_request(refuse, |_| {}, |cache| cache.acquire(200_000), release_span);
        assert!(failures >= failures_min, "refused {refuse}: {failures} failures");
    }
}

#[test]
fn acquiring_a_span_from_the_backend_fails_closed() {
    for (refuse, failures_min) in ONE_AND_ALL {
        let failures = refuse_every_request(
            refuse,
            |_| {},
            |cache| cache.backend().acquire(3 << 20),
            |cache, span| {
                // SAFETY: acquired by the call, and not used.
                unsafe { cache.backend().release(span) }
            },
        );
        assert!(failures >= failures_min, "refused {refuse}: {failures} failures");
    }
}

#[test]
fn taking_a_part_fails_closed() {
    for (refuse, failures_min) in ONE_AND_ALL {
        let failures =
            refuse_every_request(refuse, |_| {}, |cache| cache.take(64, 4096, Holder::Arena), release_part);
        assert!(failures >= failures_min, "refused {refuse}: {failures} failures");
    }
}

#[test]
fn taking_a_part_with_units_of_its_own_fails_closed() {
    for (refuse, failures_min) in ONE_AND_ALL {
        let failures = refuse_every_request(
            refuse,
            |_| {},
            |cache| cache.take(70 << 20, 70 << 20, Holder::Arena),
            release_part,
        );
        assert!(failures >= failures_min, "refused {refuse}: {failures} failures");
    }
}

#[test]
fn taking_a_part_when_the_first_reservation_is_full_fails_closed() {
    let fill = |cache: &mut SpanCache<'_, &Pages>| {
        let span = cache.acquire(64 << 20).unwrap();
        assert_eq!(cache.backend().stats().reserved_bytes, span.bytes);
    };
    let call = |cache: &mut SpanCache<'_, &Pages>| cache.take(64, 4096, Holder::Arena);
    for pass in 0..200 {
        let pages = Pages::new(MmapPages::new());
        let backend = SpanBackend::new(&pages);
        let mut cache = SpanCache::new(&backend);
        fill(&mut cache);
        pages.refuse_requests(pass, usize::MAX);
        let answer = call(&mut cache);
        let met_none = pages.refuse_nothing() == usize::MAX;
        backend.check().unwrap();
        assert_eq!(
            answer.is_ok(),
            met_none || pages.event(pages.events() - 1).is_some_and(|last| !last.refused)
        );
        let part = answer.or_else(|_| call(&mut cache)).unwrap();
        release_part(&mut cache, part);
        backend.check().unwrap();
        if met_none {
            assert!(pass >= 2, "a reservation and a commit come first");
            return;
        }
    }
    panic!("200 requests for one part");
}

#[test]
fn growing_in_place_asks_the_page_source_for_nothing() {
    let pages = Pages::new(MmapPages::new());
    let backend = SpanBackend::new(&pages);
    let mut cache = SpanCache::new(&backend);
    let part = cache.take(64, 4096, Holder::Arena).unwrap();
    let events = pages.events();
    pages.refuse_requests(0, usize::MAX);
    // SAFETY: the part is ours, as it is.
    let low = unsafe { cache.extend_down(part, 10_000, Holder::Arena) }.unwrap();
    let bytes = part.bytes + (part.low.as_ptr().addr() - low.as_ptr().addr());
    release_part(&mut cache, Part { low, bytes });
    assert_eq!(pages.events(), events);
    backend.check().unwrap();
}

#[test]
fn a_size_that_no_address_space_holds_is_a_limit_of_ours() {
    let backend = SpanBackend::new(MmapPages::new());
    let mut cache = SpanCache::new(&backend);
    let faults = [
        backend.acquire(usize::MAX).unwrap_err(),
        cache.acquire(usize::MAX - 70_000).unwrap_err(),
        cache.take(usize::MAX, usize::MAX, Holder::Arena).unwrap_err(),
        cache.take(isize::MAX as usize + 1, 0, Holder::Arena).unwrap_err(),
    ];
    for fault in faults {
        assert_eq!(fault.code, FaultCode::Exhaustion);
    }
    backend.check().unwrap();
}

#[test]
fn after_a_free_the_next_request_succeeds() {
    let pages = Pages::new(MmapPages::new());
    let backend = SpanBackend::new(&pages);
    let mut cache = SpanCache::new(&backend);
    let span = cache.acquire(64 << 20).unwrap();
    pages.refuse_requests(0, usize::MAX);
    assert_eq!(cache.acquire(65536).unwrap_err().code, FaultCode::PageExhaustion);
    release_span(&mut cache, span);
    let span = cache.acquire(65536).unwrap();
    release_span(&mut cache, span);
    backend.check().unwrap();
}

#[test]
fn fixed_storage_refuses_an_alignment_that_is_none() {
    let mut storage = [MaybeUninit::<u8>::uninit(); 64 << 10];
    let pages = FixedPages::new(&mut storage);
    let first = pages.reserve(8 << 10, pages.geometry().unit_bytes).unwrap();
    for align in [0, 3, 1000, 70_000, usize::MAX] {
        assert_eq!(pages.reserve(8 << 10, align), Err(SourceError::Full), "alignment {align}");
    }
    // SAFETY: reserved above, and not used.
    unsafe { pages.release(first, 8 << 10) };
}
