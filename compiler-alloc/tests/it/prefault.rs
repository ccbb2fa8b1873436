//! Memory that gets its pages ahead: which pieces, which pages, and what happens when the system refuses.

use super::arena_memory::leaked;
use compiler_alloc::Arena;
use compiler_alloc::arena::{Prefault, Spans};
use compiler_alloc::page_source::{FixtureCall, FixtureEvent, FixturePages, MmapPages, PageSource};
use compiler_alloc::profile::{arena_memory, arena_memory_ahead};
use compiler_alloc::span::SpanBackend;

type Pages = FixturePages<MmapPages>;

const BYTES_MIN: usize = 128 << 10;

fn memory(
    prefault: Prefault,
) -> (&'static Pages, &'static SpanBackend<&'static Pages>, &'static Spans<&'static Pages>) {
    let pages: &'static Pages = leaked(FixturePages::new(MmapPages::new()));
    let backend = leaked(SpanBackend::new(pages));
    (pages, backend, leaked(Spans::new(backend).with_prefault(prefault)))
}

fn populated(pages: &Pages) -> Vec<FixtureEvent> {
    let events = (0..pages.events()).filter_map(|index| pages.event(index));
    events.filter(|event| matches!(event.call, FixtureCall::Populate)).collect()
}

/// Objects of 64 bytes, up to `bytes`.
fn fill(arena: &Arena, bytes: usize) {
    for number in 0..bytes / 64 {
        arena.alloc([number as u64; 8]);
    }
}

#[test]
fn nothing_is_populated_unless_it_is_asked_for() {
    let (pages, _, spans) = memory(Prefault::OnTouch);
    fill(&Arena::new_in(spans), 8 << 20);
    assert_eq!(populated(pages).len(), 0);
}

#[test]
fn whole_pages_of_large_enough_pieces_are_populated_once() {
    let (pages, backend, spans) = memory(Prefault::Ahead { bytes_min: BYTES_MIN });
    let mut arena = Arena::new_in(spans);
    fill(&arena, BYTES_MIN / 4);
    assert_eq!(populated(pages).len(), 0, "small chunks get their pages one by one");

    fill(&arena, 8 << 20);
    arena.alloc_slice_fill_with(3 << 20, |index| index as u8);
    let events = populated(pages);
    let page_bytes = pages.geometry().page_bytes;
    for event in &events {
        assert!(event.bytes.is_multiple_of(page_bytes) && event.address.is_multiple_of(page_bytes));
        // A piece may begin and end inside a page, which another one may use.
        assert!(event.bytes + 2 * page_bytes > BYTES_MIN, "{event:?}");
    }
    let mut ranges: Vec<_> =
        events.iter().map(|event| (event.address, event.address + event.bytes)).collect();
    ranges.sort_unstable();
    assert!(ranges.windows(2).all(|pair| pair[0].1 <= pair[1].0), "no page twice: {ranges:x?}");
    let bytes: usize = events.iter().map(|event| event.bytes).sum();
    assert!((9 << 20..=arena.reserved_bytes()).contains(&bytes), "{bytes} of {}", arena.reserved_bytes());

    // Warm memory has its pages.
    arena.reset();
    fill(&arena, 8 << 20);
    drop(arena);
    fill(&Arena::new_in(spans), 2 << 20);
    assert_eq!(populated(pages).len(), events.len());
    backend.check().unwrap();
}

#[test]
fn a_system_that_refuses_to_populate_changes_nothing() {
    let (pages, _, spans) = memory(Prefault::Ahead { bytes_min: BYTES_MIN });
    let arena = Arena::new_in(spans);
    fill(&arena, 8 << 20);
    let requests = pages.events();
    // The next request of all is refused: a reservation of 64 MiB is there, so it is a commit or a populate.
    let mut refused = 0;
    for pass in 0..4 {
        pages.refuse_requests(pass, 1);
        let before = populated(pages).iter().filter(|event| event.refused).count();
        let answer = arena.try_alloc_slice_fill_with(3 << 20, |index| index as u8);
        pages.refuse_nothing();
        let is_populate = populated(pages).iter().filter(|event| event.refused).count() > before;
        refused += usize::from(is_populate);
        match answer {
            Ok(bytes) => assert_eq!(bytes[(3 << 20) - 1], ((3 << 20) - 1) as u8),
            Err(_) => assert!(!is_populate, "a refused populate is no failure"),
        }
    }
    assert!(refused > 0 && pages.events() > requests, "no populate was refused");
}

#[test]
fn the_processes_memory_is_one_whether_pages_come_ahead_or_not() {
    let warm = Arena::new_in(arena_memory_ahead());
    fill(&warm, 4 << 20);
    drop(warm);
    let arena = Arena::new_in(arena_memory());
    fill(&arena, 4 << 20);
    assert!(arena.used_bytes() >= 4 << 20);
}
