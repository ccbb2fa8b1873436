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
//! Window, chunks and their list are those of `compiler_alloc::arena`; the rules by which chunks follow each other are here.
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
use chunk::{Chunk, Notes};
use compiler_alloc::arena::chunk as list;
use compiler_alloc::arena::window::OpenWindow;
use compiler_alloc::arena::{ArenaMemory, PIECE_ALIGN, bump as arithmetic, poison};
use compiler_alloc::span::Holder;
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
    open: OpenWindow<Notes, MIN_ALIGN>,
    first: Cell<Option<Chunk>>,
    allocated: Cell<usize>,
    limit: Cell<Option<usize>>,
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
        Self {
            open: OpenWindow::empty(),
            first: Cell::new(None),
            allocated: Cell::new(0),
            limit: Cell::new(None),
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

    /// Forgets everything that was allocated and keeps all chunks, warm, for what comes next: first the newest one, which is the
    /// largest as a rule. Constant time. No destructor runs.
    pub fn reset(&mut self) {
        if poison::ACTIVE {
            let mut at = self.first.get();
            while let Some(chunk) = at {
                // SAFETY: the range must lie in a held piece and hold no live object; `&mut self` ends all borrows of what
                // the arena handed out.
                unsafe { poison::poison(chunk.base().as_ptr(), chunk.room()) };
                at = chunk.header().next.get();
            }
        }
        let (Some(first), Some(newest)) = (self.first.get(), self.open.chunk.get()) else { return };
        if newest != first {
            list::unlink(newest);
            list::insert_before(first, newest);
            self.first.set(Some(newest));
        }
        self.make_current(newest);
    }

    /// Takes room for `layout`; the content is unspecified.
    ///
    /// # Panics
    ///
    /// If memory or the limit is exhausted.
    #[inline(always)]
    pub fn alloc_layout(&self, layout: Layout) -> NonNull<u8> {
        match self.open.bump(layout) {
            Some(at) => at,
            None => self.miss_or_panic(layout),
        }
    }

    /// As [`alloc_layout`](Self::alloc_layout), without panicking.
    ///
    /// # Errors
    ///
    /// If memory or the limit is exhausted; the arena is as it was.
    #[inline(always)]
    pub fn try_alloc_layout(&self, layout: Layout) -> Result<NonNull<u8>, AllocErr> {
        match self.open.bump(layout) {
            Some(at) => Ok(at),
            None => self.miss(layout),
        }
    }

    #[cold]
    #[inline(never)]
    fn miss_or_panic(&self, layout: Layout) -> NonNull<u8> {
        self.miss(layout).unwrap_or_else(|_| no_room())
    }

    /// Bytes left in the current chunk.
    pub fn chunk_capacity(&self) -> usize {
        self.open.room()
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
        self.open.chunk.set(Some(chunk));
        // SAFETY: the address must lie in the piece; it is the header's.
        let top = unsafe { chunk.at(chunk.top()) };
        // SAFETY: the window must be aligned, and free bytes of a held piece until the next one is set; headers lie at multiples
        // of 16, floors between the piece's beginning and the header, the chunk is empty and in this arena's list.
        unsafe { self.open.set(top, chunk.header().notes.floor.get()) };
    }
}

impl<const MIN_ALIGN: usize> Default for Bump<MIN_ALIGN> {
    fn default() -> Self {
        Self::with_min_align()
    }
}

impl<const MIN_ALIGN: usize> Drop for Bump<MIN_ALIGN> {
    fn drop(&mut self) {
        // SAFETY: this memory must have lent the pieces, and nothing may refer to them; `miss` took them there, the arena is
        // being dropped, and the handles are not used again.
        unsafe { list::give_back_from(self.first.take(), self.memory, Holder::Arena) };
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
