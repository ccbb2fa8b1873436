//! Chains between the threads of a heap with a [transfer cache](crate::transfer): in, out, and home.
//!
//! In goes a chain that became full in an outbox. Out goes a batch to the refill of any thread whose current slab has
//! nothing. Home, to their slabs' owners, go: chains for which there is no room; at a thread's safepoint and exit, the
//! batches of its own slabs; and every batch when memory runs out, when the heap is trimmed and at shutdown. A heap without
//! transfer cache compiles to none of this.

use super::outbox::Parcel;
use super::{Body, Heap, ThreadToken};
use crate::free_list::{self, Block};
use crate::page_source::PageSource;
use crate::remote_free::Waiting;
use crate::size_class::SizeClass;
use crate::transfer::{Transfer, TransferCache};
use core::ptr::{self, NonNull};

impl<P: PageSource, T: Transfer> Heap<'_, P, T> {
    /// Puts a full chain on offer, or gives it to its slab.
    ///
    /// # Safety
    /// - As [`deliver`](Self::deliver).
    pub(super) unsafe fn pass_on(&self, mut parcel: Parcel) {
        // SAFETY: needs a live record; a slab with blocks that are not free stays, and the caller promises such blocks.
        let class = || unsafe { parcel.slab.as_ref() }.class();
        if let Some(cache) = self.open_cache()
            && let Some(class) = class()
        {
            // SAFETY: needs a chain that nobody else uses; the caller promises one.
            match unsafe { cache.put(class, parcel.chain) } {
                Ok(()) => return,
                Err(chain) => parcel.chain = chain,
            }
        }
        // SAFETY: the caller keeps the duties of this call, which are the same; a refused chain is still the caller's.
        unsafe { self.deliver(parcel) };
    }

    #[inline(always)]
    fn open_cache(&self) -> Option<&TransferCache> {
        self.transfer().cache().filter(|cache| cache.is_open())
    }

    /// Gives blocks of one slab to the slab.
    ///
    /// # Safety
    /// - The blocks are of one slab of this heap, count as used there, are linked up to a null link, and nobody uses them.
    pub(super) unsafe fn send_home(&self, batch: Waiting) {
        // SAFETY: needs blocks that nobody else uses, linked up to a null link; the caller promises both.
        let Some(chain) = (unsafe { batch.into_chain() }) else { return };
        let Some(first) = batch.first else { return };
        // SAFETY: needs unused blocks of the slab; the map shows it for the first block, and the caller promises the rest.
        unsafe { self.deliver(Parcel { slab: self.map().slab(first.as_ptr().addr()), chain }) };
    }

    /// Sends every batch of the transfer cache home, if there is one. Cost: all classes, and the blocks that wait.
    #[inline]
    pub fn recall_all(&self) {
        self.recall(|_| true);
    }

    /// Asked first, and in the caller's code: a process that starts without the cache does not touch the rest.
    #[inline(always)]
    fn recall(&self, wanted: impl Fn(usize) -> bool) {
        if let Some(cache) = self.transfer().cache().filter(|cache| cache.has_been_used()) {
            self.recall_from(cache, wanted);
        }
    }

    #[cold]
    #[inline(never)]
    fn recall_from(&self, cache: &TransferCache, wanted: impl Fn(usize) -> bool) {
        for class in SizeClass::all() {
            while let Some(batch) = cache.recall(class, &wanted) {
                // SAFETY: needs unused blocks of one slab, linked up to a null link; a batch is that, and the cache gave it up.
                unsafe { self.send_home(batch) };
            }
        }
    }
}

impl<P: PageSource, T: Transfer> Body<'_, P, T> {
    /// A batch for this thread's empty list; null if there is none. Its blocks count as used before and after.
    pub(super) fn take_from_transfer(&self, class: SizeClass) -> free_list::Chain {
        let Some(cache) = self.heap.open_cache() else { return ptr::null_mut() };
        while let Some(batch) = cache.take(class) {
            // The walk reads links that the list's user reads soon anyway. After a double free they may form a loop.
            // SAFETY: needs blocks that nobody else uses, linked up to a null link; a batch is that, and the cache gave it up.
            if unsafe { batch.ends() } {
                return batch.first.map_or(ptr::null_mut(), NonNull::as_ptr);
            }
            // SAFETY: needs unused blocks of one slab, linked up to a null link; as above.
            unsafe { self.heap.send_home(batch) };
        }
        ptr::null_mut()
    }

    /// Sends the batches of this thread's slabs home, that is, into their remote words. Cost: a look at all classes.
    pub(super) fn recall_own(&self) {
        // SAFETY: needs a live record, or the record of nothing; the map shows nothing else.
        let owner = |block: usize| unsafe { self.heap.map().slab(block).as_ref() }.owner();
        self.heap.recall(|block| owner(block) == self.token.get());
    }
}

/// Puts the free blocks of a thread's list, which are all of one slab, back into its queue; or sends them home, if they came
/// by the transfer cache and the slab is not the thread's.
///
/// # Safety
/// - `list` is null, or blocks of `class` of one slab of this heap that count as used there, linked up to a null link, which nobody
///   uses; the thread of `token` is the calling one, and the slab is its own unless the heap has a transfer cache.
pub(super) unsafe fn give_list_back<P: PageSource, T: Transfer>(
    heap: &Heap<'_, P, T>,
    token: ThreadToken,
    class: SizeClass,
    list: *mut Block,
) {
    let Some(first) = NonNull::new(list) else { return };
    let slab = heap.map().slab(first.as_ptr().addr());
    // SAFETY: needs a live record; the blocks of a thread's list are of a slab, in which they count as used.
    let record = unsafe { slab.as_ref() };
    let blocks = Waiting { first: Some(first), blocks: class.slab_blocks() };
    if heap.transfer().cache().is_some() && record.owner() != token.get() {
        // SAFETY: needs blocks that nobody uses, linked up to a null link; the caller promises them.
        let counted = unsafe { blocks.counted() };
        // SAFETY: needs unused blocks of one slab, linked up to a null link; as above.
        return unsafe { heap.send_home(counted) };
    }
    // SAFETY: needs the owner, and blocks of the slab that nobody uses; compared or promised, and the caller promises the blocks.
    unsafe { record.take_back(blocks) };
}
