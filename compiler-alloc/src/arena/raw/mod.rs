//! `RawArena`: bump allocation of layouts, with no policy about types. What `Arena`, `Scope` and the drop-in faces share.
//!
//! # Invariants
//!
//! ```text
//!   bottom <= lim <= cur          the current window is [bottom, cur); lim > bottom only while a limit ends first
//!   cur % MIN_ALIGN == 0
//!   used = used_before + (top - cur)
//!   no chunk:  cur == lim == bottom == top, chunk == first == None
//! ```
//! A *window* is a free range of one chunk. Besides the current one there may be a *spare*: the tail of an older
//! chunk that an object did not fit in. When the current window has no room the spare is tried before anything new
//! is taken.
//!
//! The descent of a request: `bump` (inlined; one conditional branch) → `alloc_miss` → spare → own piece if large →
//! the next chunk kept warm, in exchange for those before it that are too small → extension in place → a new chunk.

mod check;
mod limit;
mod miss;
mod rewind;
mod seal;
mod text_lane;

pub(super) use limit::Budget;
pub(super) use rewind::Checkpoint;
pub use rewind::ResetMode;
pub(super) use seal::Holdings;

use super::bump;
use super::chunk::Chunk;
use super::drops::{DropEntry, DropList};
use super::memory::{ArenaMemory, PIECE_ALIGN};
use super::poison;
use super::window::OpenWindow;
use crate::fault::Fault;
use core::alloc::Layout;
use core::cell::Cell;
use core::marker::PhantomData;
use core::ptr::NonNull;

/// A chunk of a [`RawArena`], which notes nothing of it.
pub(super) type RawChunk = Chunk<()>;

/// A free range of a chunk: `[bottom, cur)`.
///
/// *Invariant:* as [`OpenWindow`]'s, for as long as the arena holds the chunk and has not handed the bytes out from here.
#[derive(Clone, Copy)]
struct Window {
    cur: NonNull<u8>,
    bottom: usize,
}

impl Window {
    const fn empty<const MIN_ALIGN: usize>() -> Self {
        Self { cur: OpenWindow::<(), MIN_ALIGN>::NOWHERE, bottom: MIN_ALIGN }
    }

    fn bytes(self) -> usize {
        self.cur.addr().get() - self.bottom
    }
}

/// Counts of where an arena's memory came from, since it was made or since they were last taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ChunkCounts {
    /// Chunks that were in use before: kept by the arena or lent from warm memory.
    pub warm: u64,
    /// Chunks whose memory had to be touched for the first time.
    pub cold: u64,
}

/// A bump region that hands out layouts.
///
/// Allocating costs about eight instructions and one conditional branch for a dynamic layout, and four for one
/// known at compile time; nothing is freed one by one. All memory goes back when the arena is dropped. `Send`, not
/// `Sync`.
///
/// ```
/// use compiler_alloc::RawArena;
/// use core::alloc::Layout;
/// let arena: RawArena = RawArena::new();
/// let at = arena.alloc_layout(Layout::new::<[u64; 3]>());
/// assert!(at.cast::<u64>().is_aligned());
/// assert_eq!(arena.used_bytes(), 24);
/// ```
#[repr(C)]
pub struct RawArena<const MIN_ALIGN: usize = 8> {
    open: OpenWindow<(), MIN_ALIGN>,

    /// The free part of the text lane: `[text_cur, text_lim)`.
    text_cur: Cell<NonNull<u8>>,
    text_lim: Cell<usize>,

    /// Where the window ends but for a limit.
    bottom: Cell<usize>,
    /// `cur` when the window became current.
    top: Cell<usize>,
    /// Bytes used in all windows before.
    used_before: Cell<usize>,
    spare: Cell<Window>,
    first: Cell<Option<RawChunk>>,
    /// The newest chunk that holds a single large object.
    large: Cell<Option<RawChunk>>,
    drops: DropList,
    /// At most this many bytes may be used.
    limit: Cell<usize>,
    /// Where bytes are drawn from that may be used.
    budget: Cell<Option<NonNull<Budget>>>,
    /// What has been drawn, counted from the first byte in use; all there is without a budget.
    granted: Cell<usize>,
    /// The lower one of `limit` and `granted`.
    bound: Cell<usize>,
    reserved: Cell<usize>,
    /// Of `reserved`, what chunks have: all but the pieces of large objects.
    chunked: Cell<usize>,
    used_peak: Cell<usize>,
    counts: Cell<ChunkCounts>,
    memory: &'static dyn ArenaMemory,
}

// SAFETY: nothing may depend on the thread that made the arena: pieces can be given back by any thread
// (`ArenaMemory`), registered destructors are of `Send` types (`alloc_drop`), and a budget is only set while its
// session guarantees that it outlives the setting.
unsafe impl<const MIN_ALIGN: usize> Send for RawArena<MIN_ALIGN> {}

/// What sharing an arena between threads would take. Implemented for nothing: it is here so that the compiler says this
/// once, and not that each field cannot be shared.
#[diagnostic::on_unimplemented(
    message = "an arena has one user at a time and cannot be shared between threads",
    note = "share an `ArenaPool`, from which every worker gets an arena of its own, or make an arena for each worker"
)]
pub trait ManyUsers {}

/// What is asked whether it has [`ManyUsers`], for an arena of type `A`. It has not.
#[derive(Debug)]
pub struct OneUser<A>(PhantomData<A>);

// SAFETY: sharing must be free of races. It would not be, and the condition is never met: nobody but this crate could
// implement its trait for its type. Without this impl the fields decide the same.
unsafe impl<const MIN_ALIGN: usize> Sync for RawArena<MIN_ALIGN> where OneUser<Self>: ManyUsers {}

impl RawArena {
    /// An empty arena over `memory`, with the default alignment. Takes nothing until the first allocation.
    pub const fn new_in(memory: &'static dyn ArenaMemory) -> Self {
        Self::aligned_in(memory)
    }
}

impl<const MIN_ALIGN: usize> RawArena<MIN_ALIGN> {
    /// Refuses other alignments at compile time. Whoever makes an arena for a caller names it, too, as with `NoDrop`.
    pub(crate) const CHECK: () = assert!(
        MIN_ALIGN.is_power_of_two() && MIN_ALIGN <= PIECE_ALIGN,
        "the alignment of an arena must be 1, 2, 4, 8 or 16"
    );

    /// An empty arena over `memory`, with the alignment that its type states. Takes nothing until the first allocation.
    pub const fn aligned_in(memory: &'static dyn ArenaMemory) -> Self {
        const { Self::CHECK };
        let window = Window::empty::<MIN_ALIGN>();
        Self {
            open: OpenWindow::empty(),
            text_cur: Cell::new(window.cur),
            text_lim: Cell::new(window.bottom),
            bottom: Cell::new(window.bottom),
            top: Cell::new(window.bottom),
            used_before: Cell::new(0),
            spare: Cell::new(window),
            first: Cell::new(None),
            large: Cell::new(None),
            drops: DropList::new(),
            limit: Cell::new(usize::MAX),
            budget: Cell::new(None),
            granted: Cell::new(usize::MAX),
            bound: Cell::new(usize::MAX),
            reserved: Cell::new(0),
            chunked: Cell::new(0),
            used_peak: Cell::new(0),
            counts: Cell::new(ChunkCounts { warm: 0, cold: 0 }),
            memory,
        }
    }

    /// Takes room for `layout` and answers where it begins. The content is unspecified.
    ///
    /// # Panics
    ///
    /// If memory or a limit is exhausted; [`try_alloc_layout`](Self::try_alloc_layout) answers a fault instead.
    #[inline(always)]
    pub fn alloc_layout(&self, layout: Layout) -> NonNull<u8> {
        match self.open.bump(layout) {
            Some(at) => at,
            None => self.alloc_miss_or_raise(layout),
        }
    }

    /// Takes room for `layout` and answers where it begins. The content is unspecified.
    ///
    /// # Errors
    ///
    /// `ALLOCATOR_PAGE_EXHAUSTION` if the page source refuses memory, `ALLOCATOR_EXHAUSTION` if a limit was reached. What was allocated is as it was; empty chunks may have gone back.
    #[inline(always)]
    pub fn try_alloc_layout(&self, layout: Layout) -> Result<NonNull<u8>, Fault> {
        match self.open.bump(layout) {
            Some(at) => Ok(at),
            None => self.alloc_miss(layout),
        }
    }

    #[cold]
    #[inline(never)]
    fn alloc_miss_or_raise(&self, layout: Layout) -> NonNull<u8> {
        match self.alloc_miss(layout) {
            Ok(at) => at,
            Err(fault) => raise(&fault),
        }
    }

    fn window(&self) -> Window {
        Window { cur: self.open.cur(), bottom: self.bottom.get() }
    }

    /// Makes `window` current. What is left of the old one becomes the spare, if that is the larger of the two.
    fn enter(&self, window: Window) {
        let old = self.window();
        let spare = self.spare.get();
        if spare.cur == window.cur || old.bytes() > spare.bytes() {
            self.spare.set(old);
        }
        self.used_before.set(self.used_bytes());
        self.set_window(window);
    }

    /// Makes `window` current without keeping the old one.
    fn set_window(&self, window: Window) {
        // SAFETY: the window must be aligned, and free bytes of a held piece until the next one is set; both are the
        // invariant of `Window`, and whoever gives the piece back makes another window current.
        unsafe { self.open.set(window.cur, window.bottom) };
        self.top.set(window.cur.addr().get());
        self.bottom.set(window.bottom);
        self.apply_limit();
    }

    /// Notes that chunks have `bytes` more.
    fn hold(&self, bytes: usize) {
        self.reserved.set(self.reserved.get() + bytes);
        self.chunked.set(self.chunked.get() + bytes);
    }

    fn count(&self, warm: bool) {
        let mut counts = self.counts.get();
        if warm {
            counts.warm += 1;
        } else {
            counts.cold += 1;
        }
        self.counts.set(counts);
    }

    /// Gives the room of the newest object back, if nothing was allocated since. Otherwise does nothing.
    ///
    /// # Safety
    ///
    /// - This arena handed out `size` bytes at `at`.
    /// - Nothing refers to them any more.
    #[inline]
    pub(super) unsafe fn unalloc(&self, at: NonNull<u8>, size: usize) {
        if self.open.cur() != at || size == 0 {
            return;
        }
        let above = bump::place(at.addr().get().wrapping_add(size + MIN_ALIGN - 1), 0, 1, MIN_ALIGN);
        if above > self.top.get() {
            return;
        }
        // SAFETY: the range must lie in a held piece and hold no object; it is the object that the caller gives up.
        unsafe { poison::poison(at.as_ptr(), above - at.addr().get()) };
        if let Some(cur) = NonNull::new(at.as_ptr().with_addr(above)) {
            // SAFETY: the window must be aligned and free; its upper end moves over the padded object that the caller gives up,
            // which this window had handed out.
            unsafe { self.open.set(cur, self.open.lim()) };
        }
        if self.bound.get() != usize::MAX {
            self.apply_limit();
        }
    }

    /// Whether `at` is where the newest object begins.
    #[inline]
    pub(super) fn is_newest(&self, at: NonNull<u8>) -> bool {
        self.open.cur() == at
    }

    /// If `at` is the newest object and the window has room, takes `more` directly below it and answers where that
    /// begins; the object's memory then reaches from there to its old end. `at` has the alignment of `more`, and the size of
    /// `more` is a multiple of it.
    #[inline(always)]
    pub(super) fn grow_newest(&self, at: NonNull<u8>, more: Layout) -> Option<NonNull<u8>> {
        if self.open.cur() != at {
            return None;
        }
        let room = self.open.bump(more)?;
        // SAFETY: the range must lie in a held piece; it is the new room and the padding above it, which the object
        // covers now.
        unsafe { poison::unpoison(room.as_ptr(), at.addr().get() - room.addr().get()) };
        Some(room)
    }

    /// Registers a destructor.
    ///
    /// # Safety
    ///
    /// - `entry` is initialised, in no list, and lies in this arena.
    /// - Its value may be dropped on another thread and outlives every borrow: `T: Send + 'static`.
    pub(super) unsafe fn register_drop<T>(&self, entry: NonNull<DropEntry<T>>) -> NonNull<T> {
        // SAFETY: the entry must be initialised, in no list, and valid until it runs; the caller says the first
        // two, and entries run before their memory is reused.
        unsafe { self.drops.push(entry) }
    }

    /// Bytes handed out since the last reset, padding included. Constant time.
    #[inline]
    pub fn used_bytes(&self) -> usize {
        self.used_before.get() + (self.top.get() - self.open.cur().addr().get())
    }

    /// Bytes of memory held, used or not. Constant time.
    #[inline]
    pub fn reserved_bytes(&self) -> usize {
        self.reserved.get()
    }

    /// The highest [`used_bytes`](Self::used_bytes) since the arena was made or since
    /// [`take_counts`](Self::take_counts).
    pub fn used_peak_bytes(&self) -> usize {
        self.used_peak.get().max(self.used_bytes())
    }

    /// The chunk counts; they and the peak start anew.
    pub fn take_counts(&self) -> ChunkCounts {
        self.used_peak.set(0);
        self.counts.take()
    }
}

/// Ends a call that has no way to answer a fault.
#[cold]
#[inline(never)]
pub(super) fn raise(fault: &Fault) -> ! {
    panic!("{fault}")
}

impl<const MIN_ALIGN: usize> Drop for RawArena<MIN_ALIGN> {
    fn drop(&mut self) {
        if self.first.get().is_none() && self.large.get().is_none() {
            return;
        }
        /// Gives the chunks back, also when a destructor panics.
        struct Release<'a, const M: usize>(&'a RawArena<M>);
        impl<const M: usize> Drop for Release<'_, M> {
            fn drop(&mut self) {
                // SAFETY: nothing may refer to the objects; the arena is being dropped and its destructors have
                // run.
                unsafe { self.0.release_large(None) };
                // SAFETY: as above.
                unsafe { self.0.release_chunks_above(0) };
            }
        }
        let _release = Release(self);
        // SAFETY: every entry may run, and nothing may use the values afterwards; the arena is being dropped.
        unsafe { self.drops.run_until(None) };
    }
}
