//! What a heap says it has in use.

use compiler_alloc::heap::{Heap, SlabMap, ThreadHeap, ThreadToken};
use compiler_alloc::page_source::MmapPages;
use compiler_alloc::span::SpanBackend;
use std::num::NonZeroUsize;
use std::ptr::NonNull;

/// Asserts what is in use of one class: blocks, and blocks at most.
#[track_caller]
fn expect(
    heap: &Heap<'_, MmapPages>,
    thread: &ThreadHeap<'_, MmapPages>,
    block_bytes: usize,
    blocks: (usize, usize),
) {
    let census = thread.census(heap);
    let found = census.used().find(|class| class.block_bytes == block_bytes);
    assert_eq!(found.map_or((0, 0), |class| (class.blocks, class.blocks_max)), blocks);
}

#[test]
fn blocks_in_use_are_counted_by_class_whoever_has_the_slab() {
    let backend = SpanBackend::new(MmapPages::new());
    // SAFETY: needs a type for which zero bytes are a value; a map says that of itself.
    let map: Box<SlabMap> = unsafe { Box::new_zeroed().assume_init() };
    // SAFETY: needs a map that is zero and that no other heap uses; it was made for this one.
    let heap = unsafe { Heap::new(&backend, &map) };
    let (mut here, mut there) = (ThreadHeap::new(), ThreadHeap::new());
    // SAFETY: needs numbers that differ.
    let tokens = [1, 2].map(|number| unsafe { ThreadToken::new(NonZeroUsize::new(number).unwrap()) });

    // SAFETY: needs the same heap and token at every call.
    let blocks: Vec<*mut u8> = (0..100).map(|_| unsafe { here.alloc(&heap, tokens[0], 64) }).collect();
    // SAFETY: as above.
    let large = unsafe { here.alloc(&heap, tokens[0], 1 << 20) };
    expect(&heap, &here, 64, (100, 100));
    expect(&heap, &here, 0, (1, 1));

    for &block in &blocks[..30] {
        // SAFETY: needs the same heap and token, and a block that nobody uses.
        unsafe { here.free(&heap, tokens[0], block) };
    }
    expect(&heap, &here, 64, (70, 70));

    // To another thread, the blocks of a running one are known only as a bound.
    // SAFETY: needs the same heap and token at every call.
    let other = unsafe { there.alloc(&heap, tokens[1], 64) };
    let census = there.census(&heap);
    let class = census.used().find(|class| class.block_bytes == 64).unwrap();
    assert_eq!(class.blocks, 1);
    assert!((71..=200).contains(&class.blocks_max), "{class:?}");

    // SAFETY: needs the same heap at every call.
    unsafe { here.exit(&heap) };
    expect(&heap, &there, 64, (71, 71));

    for &block in &blocks[30..] {
        // SAFETY: needs the same heap and token, and a block that nobody uses.
        unsafe { there.free(&heap, tokens[1], block) };
    }
    for block in [large, other] {
        let block = NonNull::new(block).unwrap();
        // SAFETY: needs the same heap and token, and a block of the heap that nobody uses.
        unsafe { there.dealloc(&heap, tokens[1], block) };
    }
    // SAFETY: needs the same heap at every call.
    unsafe { there.exit(&heap) };
    assert_eq!(there.census(&heap).used().count(), 0);
    // SAFETY: needs that no other thread uses the heap now; they were joined, or there are none.
    unsafe { heap.check() }.unwrap();
}

#[test]
fn classes_come_by_size_and_the_large_first() {
    let backend = SpanBackend::new(MmapPages::new());
    // SAFETY: needs a type for which zero bytes are a value; a map says that of itself.
    let map: Box<SlabMap> = unsafe { Box::new_zeroed().assume_init() };
    // SAFETY: needs a map that is zero and that no other heap uses; it was made for this one.
    let heap = unsafe { Heap::new(&backend, &map) };
    let mut thread = ThreadHeap::new();
    // SAFETY: needs a number that no other thread heap has.
    let token = unsafe { ThreadToken::new(NonZeroUsize::MIN) };
    for bytes in [5000_usize, 24, 100_000, 16, 120, 112, 8, 1024] {
        let layout = std::alloc::Layout::from_size_align(bytes, 8).unwrap();
        // SAFETY: needs the same heap and token at every call.
        assert!(!unsafe { thread.alloc_layout(&heap, token, layout) }.is_null());
    }
    let sizes: Vec<usize> = thread.census(&heap).used().map(|class| class.block_bytes).collect();
    assert_eq!(sizes, [0, 8, 16, 24, 112, 120, 1024, 5120]);
}
