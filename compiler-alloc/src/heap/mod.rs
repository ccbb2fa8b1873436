//! The general heap: blocks of size classes for many threads, over one span backend.
//!
//! ```text
//!  ThreadHeap (thread-local)      Body (out of line)                 Heap (shared)
//!  lists[class] ─ block ─ ..      bins[class]: current, room, full   slab map, registry: records, abandoned slabs
//!  outbox[way] ─ block ─ ..       spare records, span cache          central cache of abandoned slabs, span backend
//!  body ────────────────────────>
//! ```
//!
//! An allocation pops the first block of `lists[class]` and touches nothing else ([`alloc`](ThreadHeap::alloc)). When the
//! list is empty, `refill` takes the free blocks of a slab. A free by the slab's owner puts the block into the slab's
//! own queue; a free by any other thread goes into its outbox and from there, in chains, to the slab's remote word.
//!
//! Everything is an ordinary value: a [`Heap`] borrows a backend and a [`SlabMap`], a [`ThreadHeap`] is one thread's side
//! of it. Only [`profile`](crate::profile) has statics. Slow paths allocate nothing from the heap.

mod alloc;
mod census;
mod check;
mod deliver;
mod fork;
mod free;
mod holes;
mod large;
mod local;
#[cfg(all(test, any(loom, shuttle)))]
mod models;
mod outbox;
mod refill;
mod registry;
mod resize;
mod slab_map;
pub(crate) mod thread;
mod transferred;

pub use crate::central::CentralCounts;
pub use crate::slab::OwnerWord;
pub use crate::transfer::{BATCHES_MAX, Direct, Transfer, TransferCache, TransferCounts};
pub use alloc::{Miss, alloc, alloc_aligned, alloc_layout, alloc_slow, alloc_zeroed, pop_bytes, pop_queued};
pub use census::{Census, ClassUse};
pub use free::{dealloc, free};
pub use local::{Here, Local};
pub use registry::{Heap, HeapLeft};
pub use slab_map::SlabMap;

use crate::free_list::Block;
use crate::page_source::PageSource;
use crate::size_class::{CLASSES, SizeClass};
use crate::slab::{Slab, SlabList};
use crate::span::SpanCache;
use core::mem::offset_of;
use core::num::NonZeroUsize;
use core::ptr::NonNull;
use outbox::Outbox;
use thread::Leaving;

/// A thread keeps at most this many records of nothing.
const SPARES_MAX: usize = 16;

/// What tells a thread from all others that run at the same time.
///
/// The process-wide profile takes the thread pointer; a test any number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ThreadToken(NonZeroUsize);

impl ThreadToken {
    /// A token with this number.
    ///
    /// # Safety
    /// - No other thread heap of the same [`Heap`] that is in use has the same number.
    #[inline(always)]
    pub const unsafe fn new(number: NonZeroUsize) -> Self {
        ThreadToken(number)
    }

    #[inline(always)]
    pub(crate) const fn get(self) -> usize {
        self.0.get()
    }
}

/// One thread's side of a [`Heap`]. All zero bytes are a thread heap that was not used yet, so it can lie in `.tbss`.
///
/// Its methods take the heap and the thread's token, which must be the same at every call until
/// [`exit`](ThreadHeap::exit); so nothing of it needs to be initialised before the first miss.
#[repr(C)]
pub struct ThreadHeap<'b, P: PageSource, T: Transfer = Direct> {
    /// Blocks of other threads' slabs that are not sent yet. First, because a way is found by adding to the address of the
    /// thread heap, while lists are found by an index beside a constant.
    outbox: Outbox,
    /// Free blocks by class. Never filled for class 0.
    lists: [*mut Block; CLASSES],
    /// Whether the thread's end will be announced.
    leaving: Leaving,
    /// Everything that only slow paths touch; made at the first miss.
    body: Option<NonNull<Body<'b, P, T>>>,
}

/// What a thread heap's slow paths use. Lives in the heap's records and is used again by later threads.
pub(crate) struct Body<'b, P: PageSource, T: Transfer> {
    /// The slab of each class from which the thread's list was filled last. None of class 0, which stands for requests that no
    /// class serves.
    pub(crate) current: [Option<NonNull<Slab>>; CLASSES],
    /// How many refills from the current slab's queue until somebody looks how many blocks they bring, and
    pub(crate) until_look: [u32; CLASSES],
    /// `refills` when somebody did so.
    pub(crate) looked_at: [u32; CLASSES],
    /// How often a list was filled; wraps around.
    pub(crate) refills: u32,
    pub(crate) heap: &'b Heap<'b, P, T>,
    pub(crate) token: ThreadToken,
    pub(crate) cache: SpanCache<'b, P>,
    pub(crate) bins: [Bin; CLASSES],
    /// Records of nothing, for the next slabs.
    pub(crate) spare: SlabList,
    /// How many refusals of memory the thread has heeded.
    pub(crate) refusals_seen: usize,
    /// Bytes of the slabs that the thread has.
    pub(crate) slab_bytes: usize,
    /// Bytes of empty slabs that stand with the slabs with room, and
    pub(crate) empty_bytes: usize,
    /// how many may.
    pub(crate) empty_bytes_max: usize,
    /// Bytes of slabs that were released since one was needed that had been.
    pub(crate) released_bytes: usize,
    /// Bytes of the slabs with room that are sparse and were not looked at since they became it.
    pub(crate) sparse_bytes: usize,
    /// The next body that no thread uses, while none uses this one.
    pub(crate) next_unused: Option<NonNull<Body<'b, P, T>>>,
}

/// The slabs of one class that one thread owns, but for the current one.
pub(crate) struct Bin {
    /// Slabs with free blocks, the next to be used first.
    pub(crate) room: SlabList,
    /// Slabs without free blocks when they were last looked at, the longest waiting first.
    pub(crate) full: SlabList,
    /// How many slabs were released and not needed again.
    pub(crate) released: u32,
}

impl Bin {
    /// A bin without slabs.
    pub(crate) const NEW: Bin = Bin { room: SlabList::new(), full: SlabList::new(), released: 0 };
}

impl<P: PageSource, T: Transfer> Default for ThreadHeap<'_, P, T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'b, P: PageSource, T: Transfer> ThreadHeap<'b, P, T> {
    /// Where the list of class 1 lies, for who reads lists without a reference.
    pub(crate) const LISTS_OFFSET: usize = offset_of!(Self, lists) + size_of::<*mut Block>();

    /// A thread heap that was not used yet.
    pub const fn new() -> Self {
        ThreadHeap {
            lists: [core::ptr::null_mut(); CLASSES],
            outbox: Outbox::new(),
            leaving: Leaving::Unknown,
            body: None,
        }
    }

    /// The body, made or taken over from an earlier thread at the first call, before which the thread's end was announced.
    ///
    /// `None` if there is no memory for one.
    #[inline]
    fn body(&mut self, heap: &'b Heap<'b, P, T>, token: ThreadToken) -> Option<&mut Body<'b, P, T>> {
        let mut body = match self.body {
            Some(body) => body,
            None => {
                self.body = heap.enter(token);
                self.body?
            }
        };
        // SAFETY: needs a live body that only this thread uses; `enter` lent it to this thread heap until `exit`.
        Some(unsafe { body.as_mut() })
    }
}

impl<P: PageSource, T: Transfer> Body<'_, P, T> {
    #[inline]
    pub(crate) fn bin(&mut self, class: SizeClass) -> &mut Bin {
        &mut self.bins[class.index()]
    }
}

impl Bin {
    /// Takes a slab off one of the lists.
    fn pop_listed(&mut self) -> Option<NonNull<Slab>> {
        self.full.pop_first().or_else(|| self.room.pop_first())
    }
}
