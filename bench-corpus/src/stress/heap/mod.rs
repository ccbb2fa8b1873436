//! Cases of the general heaps: a heap of the case's own over its bench, and threads that a case may also play one after the other.
//!
//! `hosted-small` and `hosted-server` are one heap with two ways in which blocks travel between threads, so a case is one function for both.

mod exhaustion;
mod faults;
mod local;
mod shutdown;
mod threads;

use std::num::NonZeroUsize;
use std::ptr::NonNull;

use compiler_alloc::heap::{Direct, Heap, SlabMap, ThreadHeap, ThreadToken, Transfer, TransferCache};

use super::bench::{Bench, Pages, ensure};

pub(super) use exhaustion::{large, page_source};
pub(super) use faults::{exit_with_pending, fork_server, fork_small, in_flight, random_refusals};
pub(super) use local::{fragmentation, large_objects, local_free};
pub(super) use shutdown::{clean, leak};
pub(super) use threads::{cross_thread, remote_free};

/// How blocks travel between the threads of a case's heap, and so which profile it is.
pub trait Way: Transfer + 'static {
    /// An empty one.
    fn new() -> Self;
}

impl Way for Direct {
    fn new() -> Self {
        Direct
    }
}

impl Way for TransferCache {
    fn new() -> Self {
        Self::new()
    }
}

/// The heap of a case.
pub type BenchHeap<W> = Heap<'static, Pages, W>;

/// A heap over the bench's backend. It is leaked, as the backend is.
pub fn heap<W: Way>(bench: &Bench) -> &'static BenchHeap<W> {
    // SAFETY: must be a type for which zero bytes are a value. A map says that of itself.
    let map: Box<SlabMap> = unsafe { Box::new_zeroed().assume_init() };
    // SAFETY: must be a map that is zero, and no other heap may use it or the transfer cache. Both were made for this one.
    let heap = unsafe { Heap::with_transfer(bench.backend, Box::leak(map), <W as Way>::new()) };
    Box::leak(Box::new(heap))
}

/// A block and the word it is full of.
#[derive(Debug)]
pub struct Block {
    place: NonNull<u8>,
    bytes: usize,
    mark: u8,
}

// SAFETY: must be usable by another thread. A block is memory that one thread at a time has.
unsafe impl Send for Block {}

impl Block {
    /// Bytes that were asked for.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether every byte still says what was written.
    pub fn is_whole(&self) -> bool {
        // SAFETY: must be that many initialised bytes that nobody writes. `alloc` wrote them all, and the block is ours.
        unsafe { std::slice::from_raw_parts(self.place.as_ptr(), self.bytes) }
            .iter()
            .all(|&byte| byte == self.mark)
    }
}

/// One thread's side of a heap; dropping it is the thread's exit.
pub struct Thread<W: Way> {
    heap: &'static BenchHeap<W>,
    token: ThreadToken,
    own: Box<ThreadHeap<'static, Pages, W>>,
}

impl<W: Way> Thread<W> {
    /// Thread number `index` of the heap. No other live one has this number.
    pub fn new(heap: &'static BenchHeap<W>, index: usize) -> Self {
        let number = NonZeroUsize::MIN.saturating_add(index);
        // SAFETY: must be a number that no other thread heap in use has. The caller gives each its own.
        let token = unsafe { ThreadToken::new(number) };
        Self { heap, token, own: Box::default() }
    }

    /// A block full of `mark`; `None` when there is no memory.
    pub fn alloc(&mut self, bytes: usize, mark: u8) -> Option<Block> {
        // SAFETY: must be the same heap and token at every call. They are this value's.
        let place = unsafe { self.own.alloc(self.heap, self.token, bytes) };
        let place = NonNull::new(place)?;
        // SAFETY: must be that many writable bytes. They were just allocated.
        unsafe { place.write_bytes(mark, bytes) };
        Some(Block { place, bytes, mark })
    }

    /// Gives a block back.
    pub fn free(&mut self, block: Block) {
        // SAFETY: must be a block of the heap that nobody uses again. It is consumed.
        unsafe { self.own.free(self.heap, self.token, block.place.as_ptr()) };
    }

    /// The block with room for `bytes` bytes, its new bytes marked like the old ones.
    ///
    /// # Errors
    /// The block as it was, when there is no memory.
    pub fn resize(&mut self, block: Block, bytes: usize) -> Result<Block, Block> {
        // SAFETY: must be a live block of the heap with that alignment. It is ours, and every block is aligned to 16.
        let place = unsafe { self.own.resize(self.heap, self.token, block.place, bytes, 16) };
        let Some(place) = NonNull::new(place) else { return Err(block) };
        if bytes > block.bytes {
            let more = place.as_ptr().wrapping_add(block.bytes);
            // SAFETY: must be that many writable bytes. The block has room for `bytes` now.
            unsafe { more.write_bytes(block.mark, bytes - block.bytes) };
        }
        Ok(Block { place, bytes, mark: block.mark })
    }

    /// A safepoint.
    pub fn collect(&mut self) {
        // SAFETY: must be the same heap at every call. It is this value's.
        unsafe { self.own.collect(self.heap) };
    }

    /// Walks everything that the thread has.
    ///
    /// # Errors
    /// What does not hold.
    pub fn check(&self) -> Result<(), String> {
        self.own.check().map_err(|error| format!("the thread's validator: {error}"))
    }
}

impl<W: Way> Drop for Thread<W> {
    fn drop(&mut self) {
        // SAFETY: must be the same heap at every call. It is this value's.
        unsafe { self.own.exit(self.heap) };
    }
}

/// Bytes of spans that the heap holds.
pub fn held_bytes(bench: &Bench) -> usize {
    bench.backend.stats().heap_live_bytes
}

/// Walks heap and backend, and shuts down; nothing may live. The heap is over.
///
/// # Errors
/// What lives or does not hold.
pub fn end<W: Way>(bench: &mut Bench, heap: &'static BenchHeap<W>) -> Result<(), String> {
    heap.recall_all();
    // SAFETY: needs that no other thread uses the heap now; they were joined, or there are none.
    unsafe { heap.check() }.map_err(|error| format!("the heap's validator: {error}"))?;
    ensure(heap.central_counts().waiting == 0, || "abandoned slabs are left".to_owned())?;
    ensure(held_bytes(bench) == 0, || format!("{} bytes of spans are left", held_bytes(bench)))?;
    // SAFETY: must be a heap that is over: threads ended, no block in use, not used again. Cases end here, and nothing is held.
    unsafe { heap.release_records() };
    bench.shut_down_clean()
}
