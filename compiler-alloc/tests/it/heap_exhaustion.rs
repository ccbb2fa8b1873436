//! Exhaustion of a heap fails closed: every request to the page source is refused in turn, with other threads at work.

use crate::heap_thread::{Block, Thread, new_map};
use compiler_alloc::heap::{Heap, HeapLeft};
use compiler_alloc::page_source::{FixturePages, MmapPages};
use compiler_alloc::span::SpanBackend;
use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

type Pages = FixturePages<MmapPages>;
type Side<'h> = Thread<'h, &'h Pages>;

/// Runs `work` on a new heap, at whose end nothing lives, and asserts that the page source gets everything back.
fn with_pages(work: impl for<'h> FnOnce(&'h Heap<'h, &'h Pages>, &'h Pages)) {
    let pages = Pages::new(MmapPages::new());
    let source = &pages;
    let backend = SpanBackend::new(source);
    let map = new_map();
    {
        // SAFETY: needs a map that is zero and that no other heap uses; it was made for this one.
        let heap = unsafe { Heap::new(&backend, &map) };
        work(&heap, source);
        source.refuse_nothing();
        // SAFETY: needs that no other thread uses the heap now; they were joined, or there are none.
        unsafe { heap.check() }.unwrap();
        assert_eq!(heap.central_counts().waiting, 0, "abandoned slabs are left");
        // SAFETY: needs that no other call runs; every thread ended.
        assert_eq!(unsafe { heap.shutdown() }, HeapLeft::default());
    }
    backend.check().unwrap();
    let report = backend.shutdown();
    assert_eq!((report.live_units, report.record_bytes), (0, 0));
    assert_eq!(pages.reserved_bytes(), pages.released_bytes());
}

/// Refuses `refuse` requests after the first 0, 1, 2, ... until `call` no longer meets a refusal. Whenever it answers nothing:
/// all structures hold, and the call works once memory is back. Answers how often it failed.
fn refuse_every_request(
    refuse: usize,
    prepare: impl Fn(&mut Side<'_>, &mut Side<'_>) -> Vec<Block>,
    call: impl Fn(&mut Side<'_>) -> Option<Block>,
) -> usize {
    let mut failures = 0;
    for pass in 0.. {
        let mut met_none = false;
        with_pages(|heap, pages| {
            let (mut thread, mut other) = (Thread::new(heap), Thread::new(heap));
            let prepared = prepare(&mut thread, &mut other);
            pages.refuse_requests(pass, refuse);
            let answer = call(&mut thread);
            met_none = pages.refuse_nothing() == refuse;
            if answer.is_none() {
                failures += 1;
                assert!(!met_none, "nothing was refused, and there was no block");
            }
            // SAFETY: needs that no other thread uses the heap now; they were joined, or there are none.
            unsafe { heap.check() }.unwrap();
            heap.backend().check().unwrap();
            thread.thread.check().unwrap();
            let block = answer.or_else(|| call(&mut thread)).expect("memory is back");
            assert!(!prepared.contains(&block));
            // The other thread frees everything while every request is refused: giving back needs no memory.
            pages.refuse_requests(0, usize::MAX);
            other.free_all(prepared);
            other.free(block);
            drop(other);
            drop(thread);
        });
        if met_none {
            return failures;
        }
    }
    unreachable!()
}

#[test]
fn the_first_allocation_of_a_thread_fails_closed() {
    for bytes in [1, 64, 1000, 32 << 10, 100_000, 3 << 20] {
        let failures = refuse_every_request(usize::MAX, |_, _| Vec::new(), |thread| thread.alloc(bytes));
        assert!(failures >= 3, "{bytes} bytes: {failures} failures");
        let failures = refuse_every_request(1, |_, _| Vec::new(), |thread| thread.alloc(bytes));
        assert_eq!(failures, 0, "{bytes} bytes: after one refusal the request is made again");
    }
}

#[test]
fn an_allocation_beyond_the_first_reservation_fails_closed() {
    let fill = |thread: &mut Side<'_>, _: &mut Side<'_>| thread.alloc_many(1, 63 << 20);
    for (refuse, failures_min) in [(1, 0), (usize::MAX, 1)] {
        let failures = refuse_every_request(refuse, fill, |thread| thread.alloc(5 << 20));
        assert!(failures >= failures_min, "refused {refuse}: {failures} failures");
    }
}

/// Makes and frees blocks of many classes, so that slabs, lists and spans idle in the thread.
fn churn(thread: &mut Side<'_>) {
    let mut blocks = Vec::new();
    for bytes in [16, 100, 900, 5000, 30_000, 100_000, 1 << 20] {
        blocks.extend(thread.alloc_many((2 << 20) / bytes, bytes));
    }
    thread.free_all(blocks);
}

#[test]
fn a_refusal_gives_back_what_idles_in_the_thread_before_it_is_reported() {
    with_pages(|heap, pages| {
        let mut thread = Thread::new(heap);
        churn(&mut thread);
        assert!(heap.backend().stats().reserved_bytes > 0);
        pages.refuse_requests(0, usize::MAX);
        assert!(thread.alloc(200 << 20).is_none());
        let stats = heap.backend().stats();
        assert_eq!(stats.heap_live_bytes + stats.cached_bytes + stats.committed_bytes, 0);
        assert_eq!(stats.reserved_bytes, 0, "address space idles");
        pages.refuse_nothing();
        let block = thread.alloc(200 << 20).expect("memory is back");
        thread.free(block);
    });
}

#[test]
fn a_refusal_makes_other_threads_give_back_what_idles_in_them_at_their_next_miss() {
    with_pages(|heap, pages| {
        let (mut thread, mut other) = (Thread::new(heap), Thread::new(heap));
        churn(&mut other);
        assert!(heap.backend().stats().heap_live_bytes > 0, "slabs are kept");
        pages.refuse_requests(0, usize::MAX);
        assert!(thread.alloc(200 << 20).is_none());
        assert!(heap.backend().stats().heap_live_bytes > 0, "another thread's slabs are its own");
        assert!(other.alloc(40_000).is_none(), "everything is refused, and nothing idles");
        let stats = heap.backend().stats();
        assert_eq!((stats.heap_live_bytes, stats.reserved_bytes), (0, 0));
    });
}

#[test]
fn a_full_slab_is_used_again_when_an_eighth_of_it_and_four_blocks_are_free() {
    const LIST_BLOCKS_MAX: usize = 64;
    for (bytes, slab_blocks, enough) in [(64, 1024, 128), (32 << 10, 16, 4)] {
        for after_a_safepoint in [false, true] {
            with_pages(|heap, _| {
                let mut thread = Thread::new(heap);
                // The second slab is the current one.
                let mut blocks = thread.alloc_many(2 * slab_blocks, bytes);
                if after_a_safepoint {
                    thread.collect();
                }
                let first: Vec<Block> = blocks.drain(..enough).collect();
                thread.free_all(first[1..].iter().copied());
                let more = thread.alloc_many(2 * LIST_BLOCKS_MAX, bytes);
                assert!(more.iter().all(|block| !first.contains(block)), "{bytes} B: too early");
                thread.free(first[0]);
                let then = thread.alloc_many(LIST_BLOCKS_MAX, bytes);
                assert!(then.iter().any(|block| first.contains(block)), "{bytes} B: not when it was due");
                thread.free_all(blocks.into_iter().chain(more).chain(then));
            });
        }
    }
}

#[test]
fn few_free_blocks_of_full_slabs_wait_until_memory_is_refused() {
    with_pages(|heap, pages| {
        let mut thread = Thread::new(heap);
        let mut blocks = thread.alloc_many(4 << 10, 64);
        // Of each of the first three slabs less than an eighth, scattered.
        let freed: HashSet<Block> =
            (0..3).flat_map(|slab| (0..100).map(move |n| (slab << 10) + n * 10)).map(|n| blocks[n]).collect();
        blocks.retain(|block| !freed.contains(block));
        thread.free_all(freed.iter().copied());
        let more = thread.alloc_many(1000, 64);
        assert!(more.iter().all(|block| !freed.contains(block)), "a full slab was used for a few blocks");
        blocks.extend(more);
        pages.refuse_requests(0, usize::MAX);
        let last: HashSet<Block> = std::iter::from_fn(|| thread.alloc(64)).collect();
        assert!(freed.is_subset(&last), "{} of {} come back", freed.intersection(&last).count(), freed.len());
        pages.refuse_nothing();
        thread.free_all(blocks.into_iter().chain(last));
    });
}

#[test]
fn idle_addresses_go_back_with_the_memory_but_for_one_reservation() {
    with_pages(|heap, _| {
        let mut thread = Thread::new(heap);
        let blocks = thread.alloc_many(300, 1 << 20);
        let held = heap.backend().stats().reserved_bytes;
        assert!(held >= 300 << 20);
        thread.free_all(blocks);
        let left = heap.backend().stats().reserved_bytes;
        assert!(left <= 192 << 20, "{} MiB of {} MiB are reserved", left >> 20, held >> 20);
    });
}

#[test]
fn an_allocation_that_adopts_needs_no_memory_but_a_body() {
    let failures = refuse_every_request(
        usize::MAX,
        |thread, other| {
            let mut left = Thread::new(other.heap);
            let blocks = left.alloc_many(10, 64);
            // The thread has a body already.
            let own = thread.alloc(5000).unwrap();
            blocks.into_iter().chain([own]).collect()
        },
        |thread| thread.alloc(64),
    );
    assert_eq!(failures, 0);
}

#[test]
fn aligned_and_zeroed_allocations_fail_closed() {
    for align in [32, 4096, 64 << 10, 1 << 20] {
        let failures = refuse_every_request(
            usize::MAX,
            |_, _| Vec::new(),
            |thread| {
                // SAFETY: needs the same heap and token at every call; they are the thread's.
                let block = unsafe { thread.thread.alloc_aligned(thread.heap, thread.token, 100, align) };
                assert!(block.addr().is_multiple_of(align));
                (!block.is_null()).then_some(Block(block))
            },
        );
        assert!(failures >= 3, "alignment {align}: {failures} failures");
    }
    let failures = refuse_every_request(
        usize::MAX,
        |_, _| Vec::new(),
        |thread| {
            // SAFETY: needs the same heap and token at every call; they are the thread's.
            let block = unsafe { thread.thread.alloc_zeroed(thread.heap, thread.token, 200_000, 16) };
            (!block.is_null()).then_some(Block(block))
        },
    );
    assert!(failures >= 3, "zeroed: {failures} failures");
}

#[test]
fn a_block_that_cannot_grow_stays_as_it_is() {
    for (from, to) in [(64, 5000), (5000, 100_000), (100_000, 3 << 20)] {
        for pass in 0..100 {
            let mut met_none = false;
            with_pages(|heap, pages| {
                let mut thread = Thread::new(heap);
                let Block(old) = thread.alloc(from).unwrap();
                // SAFETY: needs that many writable bytes; they were just allocated.
                unsafe { old.write_bytes(0x77, from) };
                pages.refuse_requests(pass, usize::MAX);
                let old = std::ptr::NonNull::new(old).unwrap();
                // SAFETY: needs a live block and the same heap and token; the block is used by its new address from here on.
                let new = unsafe { thread.thread.resize(heap, thread.token, old, to, 16) };
                met_none = pages.refuse_nothing() == usize::MAX;
                assert!(!new.is_null() || !met_none);
                let kept = if new.is_null() { old.as_ptr() } else { new };
                // SAFETY: needs that many initialised bytes; the old block was filled, and a move keeps its contents.
                let contents = unsafe { std::slice::from_raw_parts(kept, from) };
                assert!(contents.iter().all(|&byte| byte == 0x77));
                thread.thread.check().unwrap();
                thread.free(Block(kept));
            });
            if met_none {
                break;
            }
            assert!(pass < 99, "100 requests for one block");
        }
    }
}

#[test]
fn threads_that_meet_refusals_lose_and_share_nothing() {
    for round in 0..6 {
        let refused = AtomicUsize::new(0);
        with_pages(|heap, pages| {
            let slots: Vec<_> = (0..64).map(|_| Mutex::new(None::<(Block, usize)>)).collect();
            let (slots, refused) = (&slots, &refused);
            std::thread::scope(|scope| {
                for seed in 1..=3_u64 {
                    scope.spawn(move || {
                        let mut random = (seed + 10 * round).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                        let mut below = |bound: usize| {
                            random ^= random << 13;
                            random ^= random >> 7;
                            random ^= random << 17;
                            random as usize % bound
                        };
                        let mut thread = Thread::new(heap);
                        for step in 0..4_000 {
                            if step % 50 == 0 {
                                pages.refuse_requests(below(4), below(200));
                            }
                            let bytes = if below(8) == 0 { below(400_000) } else { 8 + below(6_000) };
                            let new = thread.alloc(bytes).map(|block| (block, bytes));
                            refused.fetch_add(usize::from(new.is_none()), Ordering::Relaxed);
                            if let Some((block, bytes)) = new {
                                // SAFETY: needs that many writable bytes; they were just allocated.
                                unsafe { block.0.write_bytes(bytes as u8, bytes) };
                            }
                            let old = std::mem::replace(&mut *slots[below(slots.len())].lock().unwrap(), new);
                            if let Some((block, bytes)) = old {
                                // SAFETY: needs that many initialised bytes; they were written before the block was put there.
                                let contents = unsafe { std::slice::from_raw_parts(block.0, bytes) };
                                assert!(contents.iter().all(|&byte| byte == bytes as u8));
                                thread.free(block);
                            }
                            if step % 1000 == 999 {
                                thread = Thread::new(heap);
                            }
                        }
                    });
                }
            });
            let mut last = Thread::new(heap);
            for slot in slots {
                if let Some((block, _)) = slot.lock().unwrap().take() {
                    last.free(block);
                }
            }
        });
        assert!(refused.into_inner() > 0, "round {round} met no refusal: it shows nothing");
    }
}
