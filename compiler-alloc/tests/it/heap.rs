//! One thread's heap over a backend of its own.

use compiler_alloc::heap::{Heap, SlabMap, ThreadHeap, ThreadToken};
use compiler_alloc::page_source::{FixtureCall, FixturePages, MmapPages, PageSource};
use compiler_alloc::span::SpanBackend;
use std::num::NonZeroUsize;
use std::ptr::NonNull;

fn new_map() -> Box<SlabMap> {
    // SAFETY: needs a type for which zero bytes are a value; a map says that of itself.
    unsafe { Box::new_zeroed().assume_init() }
}

/// One thread of a heap, with the two arguments that every call has.
struct OneThread<'b, P: PageSource> {
    heap: &'b Heap<'b, P>,
    token: ThreadToken,
    thread: ThreadHeap<'b, P>,
}

impl<'b, P: PageSource> OneThread<'b, P> {
    fn new(heap: &'b Heap<'b, P>) -> Self {
        // SAFETY: needs a number that no other thread heap has; each test has one heap and one thread.
        let token = unsafe { ThreadToken::new(NonZeroUsize::MIN) };
        OneThread { heap, token, thread: ThreadHeap::new() }
    }

    fn alloc(&mut self, bytes: usize) -> *mut u8 {
        // SAFETY: needs the same heap and token at every call; they are this value's.
        unsafe { self.thread.alloc(self.heap, self.token, bytes) }
    }

    fn free(&mut self, pointer: *mut u8) {
        // SAFETY: needs a block that nobody uses; the tests forget the pointer.
        unsafe { self.thread.free(self.heap, self.token, pointer) }
    }
}

fn with_heap(work: impl FnOnce(&mut OneThread<'_, MmapPages>)) {
    let backend = SpanBackend::new(MmapPages::new());
    let map = new_map();
    // SAFETY: needs a map that is zero and that no other heap uses; it was made for this one.
    let heap = unsafe { Heap::new(&backend, &map) };
    work(&mut OneThread::new(&heap));
    backend.check().unwrap();
}

#[test]
fn blocks_of_every_size_are_distinct_and_hold_their_bytes() {
    with_heap(|thread| {
        let mut blocks = Vec::new();
        for bytes in (0..2000).chain((2000..300_000).step_by(1777)) {
            let block = thread.alloc(bytes);
            assert!(!block.is_null() && block.addr().is_multiple_of(16));
            assert!(thread.heap.usable_bytes(block) >= bytes);
            // SAFETY: needs that many writable bytes; they were just allocated.
            unsafe { block.write_bytes(bytes as u8, bytes) };
            blocks.push((block, bytes));
        }
        for &(block, bytes) in &blocks {
            // SAFETY: needs that many initialised bytes; they were written above.
            let contents = unsafe { std::slice::from_raw_parts(block, bytes) };
            assert!(contents.iter().all(|&byte| byte == bytes as u8));
        }
        for (block, _) in blocks {
            thread.free(block);
        }
    });
}

#[test]
fn what_is_freed_is_used_again() {
    with_heap(|thread| {
        for bytes in [16, 100, 1024, 5000, 32 << 10] {
            for _ in 0..50 {
                let blocks: Vec<_> = (0..100).map(|_| thread.alloc(bytes)).collect();
                blocks.into_iter().for_each(|block| thread.free(block));
            }
        }
        let held = thread.heap.backend().stats().committed_bytes;
        assert!(held < 16 << 20, "{held} bytes");
    });
}

#[test]
fn what_was_freed_of_another_slab_comes_before_untouched_memory() {
    with_heap(|thread| {
        // A slab has 64 such blocks; four of the second one are taken, one at a time, and the rest of it is untouched.
        let blocks: Vec<_> = (0..68).map(|_| thread.alloc(8192)).collect();
        let freed: std::collections::BTreeSet<_> = blocks[20..36].iter().copied().collect();
        freed.iter().for_each(|&block| thread.free(block));
        let again: std::collections::BTreeSet<_> = freed.iter().map(|_| thread.alloc(8192)).collect();
        assert_eq!(again, freed);
        let next = thread.alloc(8192);
        assert!(!next.is_null() && !blocks.contains(&next), "then untouched memory again");
        for block in blocks.into_iter().chain([next]) {
            thread.free(block);
        }
    });
}

#[test]
fn the_slab_that_became_empty_last_is_used_first() {
    const SLAB_BLOCKS: usize = 64;
    with_heap(|thread| {
        let blocks: Vec<_> = (0..4 * SLAB_BLOCKS).map(|_| thread.alloc(4096)).collect();
        let mut slabs = blocks.chunks(SLAB_BLOCKS);
        let (first, second) = (slabs.next().unwrap(), slabs.next().unwrap());
        first.iter().chain(second).for_each(|&block| thread.free(block));
        let again: Vec<_> = (0..2 * SLAB_BLOCKS).map(|_| thread.alloc(4096)).collect();
        assert!(again[..SLAB_BLOCKS].iter().all(|block| second.contains(block)));
        assert!(again[SLAB_BLOCKS..].iter().all(|block| first.contains(block)));
        again.iter().chain(slabs.flatten()).for_each(|&block| thread.free(block));
    });
}

#[test]
fn pointers_that_are_no_blocks_are_dropped() {
    with_heap(|thread| {
        let block = thread.alloc(64);
        let stack = 0_u64;
        let wild = [
            0_usize,
            8,
            0x1234_5678_9abc,
            usize::MAX,
            1 << 63,
            block.addr() | 1 << 47,
            block.addr() | 1 << 63,
        ];
        for address in wild {
            thread.free(std::ptr::without_provenance_mut(address));
        }
        thread.free(std::ptr::from_ref(&stack).cast_mut().cast());
        thread.free(block.wrapping_add(8));
        thread.free(block.wrapping_add(64 * 1000));
        let large = NonNull::new(thread.alloc(1 << 20)).unwrap().as_ptr();
        thread.free(large.wrapping_add(16));
        thread.free(large);
        thread.free(block);
        let blocks: Vec<_> = (0..3000).map(|_| thread.alloc(64).addr()).collect();
        let distinct: std::collections::BTreeSet<_> = blocks.iter().collect();
        assert_eq!(distinct.len(), blocks.len());
    });
}

#[test]
fn an_immediate_double_free_never_yields_a_block_twice() {
    with_heap(|thread| {
        for bytes in [16, 64, 1024, 8192] {
            let blocks: Vec<_> = (0..40).map(|_| thread.alloc(bytes)).collect();
            thread.free(blocks[7]);
            thread.free(blocks[7]);
            let again: Vec<_> = (0..3000).map(|_| thread.alloc(bytes)).collect();
            let kept =
                blocks.iter().enumerate().filter(|(index, _)| *index != 7).map(|(_, block)| block.addr());
            let all: Vec<_> = kept.chain(again.iter().map(|block| block.addr())).collect();
            let distinct: std::collections::BTreeSet<_> = all.iter().collect();
            assert_eq!(distinct.len(), all.len(), "blocks of {bytes}");
        }
    });
}

#[test]
fn zeroed_memory_is_zero_whatever_was_there_before() {
    with_heap(|thread| {
        for bytes in [1, 40, 1000, 5000, 40_000, 3 << 20] {
            for align in [1, 16, 64, 4096, 256 << 10] {
                for _ in 0..3 {
                    // SAFETY: needs the same heap and token at every call; they are this value's.
                    let block =
                        unsafe { thread.thread.alloc_zeroed(thread.heap, thread.token, bytes, align) };
                    assert!(!block.is_null() && block.addr().is_multiple_of(align));
                    // SAFETY: needs that many initialised bytes; they were just zeroed.
                    let contents = unsafe { std::slice::from_raw_parts_mut(block, bytes) };
                    assert!(contents.iter().all(|&byte| byte == 0), "{bytes} bytes at {align}");
                    contents.fill(0xa5);
                    thread.free(block);
                }
            }
        }
    });
}

#[test]
fn a_growing_block_keeps_its_contents_and_a_lone_one_stays_where_it_is() {
    with_heap(|thread| {
        let grow = |thread: &mut OneThread<'_, MmapPages>, block: *mut u8, bytes| {
            // SAFETY: needs the same heap and token at every call, and a live block; they are this value's.
            unsafe {
                thread.thread.resize(thread.heap, thread.token, NonNull::new(block).unwrap(), bytes, 16)
            }
        };
        let (mut bytes, mut block, mut moves) = (16, thread.alloc(16), 0);
        while bytes < 40 << 20 {
            // SAFETY: needs that many writable bytes; the block has them.
            unsafe { block.write_bytes(0x17, bytes) };
            let longer = grow(thread, block, bytes * 3 / 2);
            moves += usize::from(longer != block && bytes > 128 << 10);
            // SAFETY: needs that many initialised bytes; they were written above, and kept.
            assert!(unsafe { std::slice::from_raw_parts(longer, bytes) }.iter().all(|&byte| byte == 0x17));
            (bytes, block) = (bytes * 3 / 2, longer);
        }
        assert!(moves <= 2, "{moves} moves above 128 KiB");
        // With a neighbour in the way the pages are moved.
        let wall = thread.alloc(100_000);
        // SAFETY: needs that many writable bytes; the block has them.
        unsafe { block.write_bytes(0x18, bytes) };
        let moved = grow(thread, block, 100 << 20);
        // SAFETY: needs that many initialised bytes; they were written above, and kept.
        assert!(unsafe { std::slice::from_raw_parts(moved, bytes) }.iter().all(|&byte| byte == 0x18));
        // SAFETY: needs that no other thread uses the heap now; they were joined, or there are none.
        unsafe { thread.heap.check() }.unwrap();
        let shorter = grow(thread, moved, 1 << 20);
        assert_eq!(shorter, moved);
        assert_eq!(thread.heap.usable_bytes(moved), 1 << 20);
        assert!(!grow(thread, moved, usize::MAX).is_null() || thread.heap.usable_bytes(moved) == 1 << 20);
        thread.free(moved);
        thread.free(wall);
        // SAFETY: needs that no other thread uses the heap now; they were joined, or there are none.
        unsafe { thread.heap.check() }.unwrap();
    });
}

/// A number below `limit`, the next of a fixed sequence.
fn random(state: &mut u64, limit: usize) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
    (*state >> 33) as usize % limit
}

#[test]
fn pages_between_scattered_blocks_go_back_and_come_again() {
    let pages = Box::new(FixturePages::new(MmapPages::new()));
    let backend = SpanBackend::new(&*pages);
    let map = new_map();
    // SAFETY: needs a map that is zero and that no other heap uses; it was made for this one.
    let heap = unsafe { Heap::new(&backend, &map) };
    let thread = &mut OneThread::new(&heap);
    let decommitted = || -> usize {
        let events = (0..pages.events()).filter_map(|index| pages.event(index));
        events.filter(|event| event.call == FixtureCall::Decommit).map(|event| event.bytes).sum()
    };
    let mut state = 7;
    let sizes = [48, 336, 336, 1000, 5000];
    let fill = |thread: &mut OneThread<'_, _>, blocks: &mut Vec<(*mut u8, usize)>| {
        while blocks.len() < 60_000 {
            let bytes = sizes[blocks.len() % sizes.len()];
            let block = thread.alloc(bytes);
            // SAFETY: needs that many writable bytes; they were just allocated.
            unsafe { block.write_bytes(bytes as u8, bytes) };
            blocks.push((block, bytes));
        }
    };
    let mut blocks = Vec::new();
    fill(thread, &mut blocks);
    assert_eq!(decommitted(), 0);
    let bytes: usize = blocks.iter().map(|(_, bytes)| bytes).sum();
    while blocks.len() > 6_000 {
        let (block, _) = blocks.swap_remove(random(&mut state, blocks.len()));
        thread.free(block);
    }
    let purged = decommitted();
    assert!(purged * 5 > bytes * 2, "{purged} bytes given back of {bytes}");
    // SAFETY: needs that no other thread uses the heap now; they were joined, or there are none.
    unsafe { heap.check() }.unwrap();
    thread.thread.check().unwrap();
    fill(thread, &mut blocks);
    // SAFETY: needs that no other thread uses the heap now; they were joined, or there are none.
    unsafe { heap.check() }.unwrap();
    for &(block, bytes) in &blocks {
        // SAFETY: needs that many initialised bytes; they were written when the block was allocated.
        let contents = unsafe { std::slice::from_raw_parts(block, bytes) };
        assert!(contents.iter().all(|&byte| byte == bytes as u8));
    }
    blocks.into_iter().for_each(|(block, _)| thread.free(block));
    // SAFETY: needs that no other thread uses the heap now; they were joined, or there are none.
    unsafe { heap.check() }.unwrap();
    backend.check().unwrap();
}

#[test]
fn an_aligned_block_of_no_bytes_is_a_block_of_its_own() {
    with_heap(|thread| {
        let blocks: Vec<_> = (0..64)
            .map(|_| {
                // SAFETY: needs the same heap and token at every call; they are this value's.
                let block = unsafe { thread.thread.alloc_aligned(thread.heap, thread.token, 0, 1 << 17) };
                let neighbour = thread.alloc(20_000);
                // SAFETY: needs that many writable bytes; they were just allocated.
                unsafe { neighbour.write_bytes(1, 20_000) };
                assert!(thread.heap.usable_bytes(block) > 0 && block.addr().is_multiple_of(1 << 17));
                (block, neighbour)
            })
            .collect();
        let distinct: std::collections::BTreeSet<_> = blocks.iter().map(|(block, _)| block.addr()).collect();
        assert_eq!(distinct.len(), blocks.len());
        blocks.iter().for_each(|&(block, _)| thread.free(block));
        // SAFETY: needs that no other thread uses the heap now; they were joined, or there are none.
        unsafe { thread.heap.check() }.unwrap();
        assert!(blocks.iter().all(|&(_, neighbour)| thread.heap.usable_bytes(neighbour) >= 20_000));
        blocks.iter().for_each(|&(_, neighbour)| thread.free(neighbour));
    });
}

#[test]
fn many_double_frees_yield_no_live_block() {
    with_heap(|thread| {
        for bytes in [16, 1000, 2000, 8192] {
            let blocks: Vec<_> = (0..40).map(|_| thread.alloc(bytes).addr()).collect();
            let pointer = |address| std::ptr::with_exposed_provenance_mut::<u8>(address);
            for &block in &blocks[..20] {
                thread.free(pointer(block));
                thread.free(pointer(block));
            }
            (0..20).for_each(|_| thread.free(pointer(blocks[20])));
            let again: Vec<_> = (0..400).map(|_| thread.alloc(bytes).addr()).collect();
            let distinct: std::collections::BTreeSet<_> = blocks[21..].iter().chain(&again).collect();
            assert_eq!(distinct.len(), 19 + 400, "blocks of {bytes}");
        }
    });
}
