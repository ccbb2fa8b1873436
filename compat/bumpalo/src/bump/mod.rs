//! `Bump`: the arena.
//!
//! # Invariants
//!
//! ```text
//!   floor == lim <= cur <= top of the current chunk, and cur % MIN_ALIGN == 0
//!   allocated = sum of room() over all chunks
//!   list: first .. chunk (in the order in which they were entered), then chunks kept for later, which hold no object
//!   no chunk:  cur == lim, chunk == first == None
//! ```
//!
//! A chunk that was left is not entered again before a reset, so that the objects of a later chunk are younger than those
//! of an earlier one: `iter_allocated_chunks` promises that. This is why `Bump` is not a `RawArena`, which goes back to the
//! tail of an older chunk.

mod allocator;
mod chunk;
mod iter;
mod miss;
#[cfg_attr(
    not(any(feature = "collections", feature = "allocator-api2", feature = "allocator_api")),
    allow(dead_code, reason = "blocks grow and shrink for collections and allocators only")
)]
mod resize;
mod slices;
mod values;

pub use iter::{ChunkIter, ChunkRawIter};

use crate::error::{AllocErr, no_room};
use chunk::Chunk;
use compiler_alloc::arena::{ArenaMemory, PIECE_ALIGN, bump as arithmetic, poison};
use core::alloc::Layout;
use core::cell::Cell;
use core::fmt;
use core::ptr::NonNull;

/// An arena: objects are placed one below the other and freed all at once.
///
/// `MIN_ALIGN`, a power of two from 1 to 16, is the alignment that every object gets at least. No destructor of an object
/// runs, except for what is owned by a `boxed::Box` or a collection. `Send`, not `Sync`.
///
/// ```
/// use bumpalo::Bump;
/// let bump = Bump::new();
/// let slice = bump.alloc_slice_fill_with(4, |index| index * index);
/// slice[0] = 7;
/// assert_eq!(slice, [7, 1, 4, 9]);
/// ```
#[repr(C)]
pub struct Bump<const MIN_ALIGN: usize = 1> {
    /// Where the next object ends.
    cur: Cell<NonNull<u8>>,
    /// The current chunk. Between `cur` and `lim`, because loading two adjacent words as a pair defeats store forwarding
    /// on some processors.
    chunk: Cell<Option<Chunk>>,
    /// Objects must not begin below this address.
    lim: Cell<usize>,
    first: Cell<Option<Chunk>>,
    allocated: Cell<usize>,
    limit: Cell<Option<usize>>,
    /// Which of the sizes of successive chunks the next one asks for.
    step: Cell<usize>,
    memory: &'static dyn ArenaMemory,
}

// SAFETY: nothing may depend on the thread that made the arena: pieces can be given back by any thread (`ArenaMemory`), and
// the arena drops none of its objects.
unsafe impl<const MIN_ALIGN: usize> Send for Bump<MIN_ALIGN> {}

impl Bump<1> {
    /// An empty arena. Takes no memory before the first allocation.
    pub fn new() -> Self {
        Self::over(compiler_alloc::profile::arena_memory())
    }

    /// As [`new`](Self::new); cannot fail.
    ///
    /// # Errors
    ///
    /// None.
    pub fn try_new() -> Result<Self, AllocErr> {
        Ok(Self::new())
    }

    /// An arena with room for `capacity` bytes.
    ///
    /// # Panics
    ///
    /// If memory is exhausted.
    pub fn with_capacity(capacity: usize) -> Self {
        Self::with_min_align_and_capacity(capacity)
    }

    /// As [`with_capacity`](Self::with_capacity), without panicking.
    ///
    /// # Errors
    ///
    /// If memory is exhausted.
    pub fn try_with_capacity(capacity: usize) -> Result<Self, AllocErr> {
        Self::try_with_min_align_and_capacity(capacity)
    }
}

impl<const MIN_ALIGN: usize> Bump<MIN_ALIGN> {
    /// An empty arena whose objects are all aligned to `MIN_ALIGN` at least. Takes no memory before the first allocation.
    ///
    /// # Panics
    ///
    /// If `MIN_ALIGN` is not a power of two from 1 to 16.
    pub fn with_min_align() -> Self {
        Self::over(compiler_alloc::profile::arena_memory())
    }

    /// An arena with room for `capacity` bytes whose objects are all aligned to `MIN_ALIGN` at least.
    ///
    /// # Panics
    ///
    /// If `MIN_ALIGN` is not a power of two from 1 to 16, or if memory is exhausted.
    pub fn with_min_align_and_capacity(capacity: usize) -> Self {
        Self::try_with_min_align_and_capacity(capacity).unwrap_or_else(|_| no_room())
    }

    /// As [`with_min_align_and_capacity`](Self::with_min_align_and_capacity), without panicking for want of memory.
    ///
    /// # Errors
    ///
    /// If memory is exhausted.
    ///
    /// # Panics
    ///
    /// If `MIN_ALIGN` is not a power of two from 1 to 16.
    pub fn try_with_min_align_and_capacity(capacity: usize) -> Result<Self, AllocErr> {
        let bump = Self::with_min_align();
        bump.ensure_room(capacity)?;
        Ok(bump)
    }

    /// An empty arena over memory of the caller's choice. Not part of bumpalo's interface.
    ///
    /// # Panics
    ///
    /// If `MIN_ALIGN` is not a power of two from 1 to 16.
    #[doc(hidden)]
    pub fn over(memory: &'static dyn ArenaMemory) -> Self {
        assert!(
            MIN_ALIGN.is_power_of_two() && MIN_ALIGN <= PIECE_ALIGN,
            "MIN_ALIGN must be a power of two from 1 to {PIECE_ALIGN}, and is {MIN_ALIGN}"
        );
        // Never dereferenced: an empty window hands out objects of size zero only.
        let nowhere = NonNull::<[u128; 0]>::dangling().cast::<u8>();
        Self {
            cur: Cell::new(nowhere),
            chunk: Cell::new(None),
            lim: Cell::new(nowhere.addr().get()),
            first: Cell::new(None),
            allocated: Cell::new(0),
            limit: Cell::new(None),
            step: Cell::new(0),
            memory,
        }
    }

    /// `MIN_ALIGN`.
    pub fn min_align(&self) -> usize {
        MIN_ALIGN
    }

    /// The limit on [`allocated_bytes`](Self::allocated_bytes), if there is one.
    pub fn allocation_limit(&self) -> Option<usize> {
        self.limit.get()
    }

    /// From now on [`allocated_bytes`](Self::allocated_bytes) does not grow beyond `limit` bytes; `None` lifts the limit.
    /// What the arena has already may be used, and the room left in its current chunk.
    pub fn set_allocation_limit(&self, limit: Option<usize>) {
        self.limit.set(limit);
    }

    /// Forgets everything that was allocated and keeps all chunks, warm, for what comes next. Constant time. No destructor
    /// runs.
    pub fn reset(&mut self) {
        if poison::ACTIVE {
            let mut at = self.first.get();
            while let Some(chunk) = at {
                // SAFETY: nothing may refer to objects of the chunk; `&mut self` ends all borrows of what it handed out.
                unsafe { chunk.poison_room() };
                at = chunk.header().next.get();
            }
        }
        if let Some(first) = self.first.get() {
            self.make_current(first);
        }
    }

    /// Takes room for `layout`; the content is unspecified.
    ///
    /// # Panics
    ///
    /// If memory or the limit is exhausted.
    #[inline(always)]
    pub fn alloc_layout(&self, layout: Layout) -> NonNull<u8> {
        match self.bump(layout.size(), layout.align()) {
            Some(at) => at,
            None => self.miss_or_panic(layout.size(), layout.align()),
        }
    }

    /// As [`alloc_layout`](Self::alloc_layout), without panicking.
    ///
    /// # Errors
    ///
    /// If memory or the limit is exhausted; the arena is as it was.
    #[inline(always)]
    pub fn try_alloc_layout(&self, layout: Layout) -> Result<NonNull<u8>, AllocErr> {
        match self.bump(layout.size(), layout.align()) {
            Some(at) => Ok(at),
            None => self.miss(layout.size(), layout.align()),
        }
    }

    /// The fast path: move `cur` down if the chunk has room.
    #[inline(always)]
    fn bump(&self, size: usize, align: usize) -> Option<NonNull<u8>> {
        let cur = self.cur.get();
        let at = cur.addr().get();
        // SAFETY: the condition must hold; tops and the empty window are aligned to 16, and `place` and `resize` keep the
        // alignment. With it the compiler drops the masking for layouts it knows.
        unsafe { core::hint::assert_unchecked(at & (MIN_ALIGN - 1) == 0) };
        // `place(at, size, ..)`, on the pointer: else the compiler compares `cur - lim` with `size`, two instructions more.
        let new = cur.as_ptr().wrapping_sub(size).map_addr(|new| arithmetic::place(new, 0, align, MIN_ALIGN));
        if !arithmetic::fits(new.addr(), self.lim.get()) {
            return None;
        }
        // SAFETY: the pointer must not be null; it is at or above `lim`, which is 16 in the empty window and inside a piece
        // in every other.
        let new = unsafe { NonNull::new_unchecked(new) };
        self.cur.set(new);
        // SAFETY: the range must lie in a held piece; it lies in the current window (or is empty).
        unsafe { poison::unpoison(new.as_ptr(), size) };
        Some(new)
    }

    #[cold]
    #[inline(never)]
    fn miss_or_panic(&self, size: usize, align: usize) -> NonNull<u8> {
        self.miss(size, align).unwrap_or_else(|_| no_room())
    }

    /// Bytes left in the current chunk.
    pub fn chunk_capacity(&self) -> usize {
        self.cur.get().addr().get() - self.lim.get()
    }

    /// The data of each chunk that was used since the last reset: the newest chunk first, and in each the newest object
    /// first. Between objects there may be padding, which is not initialised.
    pub fn iter_allocated_chunks(&mut self) -> ChunkIter<'_, MIN_ALIGN> {
        ChunkIter::new(self)
    }

    /// As [`iter_allocated_chunks`](Self::iter_allocated_chunks), from a shared borrow: where each chunk's data begin, and
    /// how many bytes they are.
    ///
    /// # Safety
    ///
    /// - Nothing is allocated from this arena while the iterator is in use.
    /// - The caller reads only what is initialised and not exclusively borrowed.
    pub unsafe fn iter_allocated_chunks_raw(&self) -> ChunkRawIter<'_, MIN_ALIGN> {
        ChunkRawIter::new(self)
    }

    /// Bytes of all chunks, used or not, without their headers. Constant time.
    pub fn allocated_bytes(&self) -> usize {
        self.allocated.get()
    }

    /// Bytes of memory that the arena holds. A step per chunk.
    pub fn allocated_bytes_including_metadata(&self) -> usize {
        let mut bytes = 0;
        let mut at = self.first.get();
        while let Some(chunk) = at {
            bytes += chunk.bytes();
            at = chunk.header().next.get();
        }
        bytes
    }

    /// Makes `chunk`, which holds no object, the current one.
    fn make_current(&self, chunk: Chunk) {
        self.chunk.set(Some(chunk));
        self.cur.set(chunk.at(chunk.top()));
        self.lim.set(chunk.header().floor.get());
    }
}

impl<const MIN_ALIGN: usize> Default for Bump<MIN_ALIGN> {
    fn default() -> Self {
        Self::with_min_align()
    }
}

impl<const MIN_ALIGN: usize> Drop for Bump<MIN_ALIGN> {
    fn drop(&mut self) {
        let mut at = self.first.take();
        while let Some(chunk) = at {
            at = chunk.header().next.get();
            // SAFETY: this memory must have lent the piece, and nothing may refer to it; `miss` took it there, the arena is
            // being dropped, and the handle is not used again.
            unsafe { chunk.give_back(self.memory) };
        }
    }
}

impl<const MIN_ALIGN: usize> fmt::Debug for Bump<MIN_ALIGN> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bump")
            .field("allocated_bytes", &self.allocated_bytes())
            .field("chunk_capacity", &self.chunk_capacity())
            .field("allocation_limit", &self.allocation_limit())
            .finish()
    }
}
