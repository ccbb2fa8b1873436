//! One thread's side of a heap, as a value that exits when it is dropped.

use compiler_alloc::heap::{Direct, Heap, SlabMap, ThreadHeap, ThreadToken, Transfer};
use compiler_alloc::page_source::PageSource;
use std::num::NonZeroUsize;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A map of nothing.
pub fn new_map() -> Box<SlabMap> {
    // SAFETY: needs a type for which zero bytes are a value; a map says that of itself.
    unsafe { Box::new_zeroed().assume_init() }
}

/// A block on its way from one thread to another.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Block(pub *mut u8);

// SAFETY: needs that a block may be used by another thread; one thread at a time has it.
unsafe impl Send for Block {}

/// One thread's side of a heap; it exits when it is dropped.
pub struct Thread<'b, P: PageSource, T: Transfer = Direct> {
    pub heap: &'b Heap<'b, P, T>,
    pub token: ThreadToken,
    pub thread: ThreadHeap<'b, P, T>,
}

impl<'b, P: PageSource, T: Transfer> Thread<'b, P, T> {
    pub fn new(heap: &'b Heap<'b, P, T>) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        let number = NonZeroUsize::new(NEXT.fetch_add(1, Ordering::Relaxed)).unwrap();
        // SAFETY: needs a number that no other thread heap has; each number is given once.
        let token = unsafe { ThreadToken::new(number) };
        Thread { heap, token, thread: ThreadHeap::new() }
    }

    pub fn alloc(&mut self, bytes: usize) -> Option<Block> {
        // SAFETY: needs the same heap and token at every call; they are this value's.
        let block = unsafe { self.thread.alloc(self.heap, self.token, bytes) };
        if !block.is_null() {
            // SAFETY: needs that many writable bytes; they were just allocated.
            unsafe { block.write_bytes(0x5a, bytes) };
        }
        (!block.is_null()).then_some(Block(block))
    }

    pub fn alloc_many(&mut self, count: usize, bytes: usize) -> Vec<Block> {
        (0..count).map(|_| self.alloc(bytes).expect("memory")).collect()
    }

    pub fn free(&mut self, block: Block) {
        // SAFETY: needs a block that nobody uses; the tests forget it.
        unsafe { self.thread.free(self.heap, self.token, block.0) }
    }

    pub fn free_all(&mut self, blocks: impl IntoIterator<Item = Block>) {
        blocks.into_iter().for_each(|block| self.free(block));
    }

    pub fn resize(&mut self, block: Block, bytes: usize) -> Option<Block> {
        let place = NonNull::new(block.0)?;
        // SAFETY: needs the same heap and token at every call, and a live block, aligned as all are; they are this value's, and the
        // tests forget the old pointer.
        let resized = unsafe { self.thread.resize(self.heap, self.token, place, bytes, 1) };
        (!resized.is_null()).then_some(Block(resized))
    }

    pub fn collect(&mut self) {
        // SAFETY: needs the same heap at every call; it is this value's.
        unsafe { self.thread.collect(self.heap) }
    }
}

impl<P: PageSource, T: Transfer> Thread<'_, P, T> {
    pub fn exit(&mut self) {
        // SAFETY: needs the same heap at every call; it is this value's.
        unsafe { self.thread.exit(self.heap) }
    }
}

impl<P: PageSource, T: Transfer> Drop for Thread<'_, P, T> {
    fn drop(&mut self) {
        self.exit();
    }
}
