//! A pass that comes again finds the memory of the one before, also when it drops its arena.

use super::arena_memory::leaked;
use compiler_alloc::Arena;
use compiler_alloc::arena::Spans;
use compiler_alloc::config::TAIL_BYTES_MAX;
use compiler_alloc::page_source::MmapPages;
use compiler_alloc::span::SpanBackend;

/// Bytes of one pass: more than a thread keeps for itself, in chunks of every size.
const PASS_BYTES: usize = 24 << 20;

#[test]
fn passes_that_drop_their_arena_find_its_memory_warm() {
    let backend: &'static SpanBackend<MmapPages> = leaked(SpanBackend::new(MmapPages::new()));
    let spans: &'static Spans<MmapPages> = leaked(Spans::new(backend));
    let pass = || {
        let arena: Arena = Arena::new_in(spans);
        for index in 0..PASS_BYTES / 24 {
            arena.alloc([index; 3]);
        }
        let committed_bytes = backend.stats().committed_bytes;
        drop(arena);
        committed_bytes
    };
    let first = pass();
    for number in 1..8 {
        // One chunk more, once: pieces too short for the chunk that is wanted may be left over.
        assert!(pass() <= first + TAIL_BYTES_MAX, "pass {number}");
        assert_eq!(backend.stats().purges, 0, "pass {number}");
    }
    spans.flush();
    backend.check().unwrap();
    assert!(backend.shutdown().leak().is_none());
}
