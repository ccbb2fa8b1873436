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
//! Text goes into a *lane* of its own, a block taken from the window and filled upward without padding: strings need no alignment,
//! and rounding each of them up to MIN_ALIGN would cost an instruction and some three bytes. Blocks are small beside what is
//! in use (a sixty-fourth), so that the unused rest of the last one is too. With a MIN_ALIGN of 1 there is no lane.
//!
//! The descent of a request: `bump` (inlined; one conditional branch) → `alloc_miss` → spare → own piece if large →
//! the next chunk kept warm → extension in place → a new chunk.

use super::bump;
use super::chunk::{self, Chunk, HEADER_BYTES, LARGE_BYTES, STEP_BYTES};
use super::drops::{DropEntry, DropHead, DropList};
use super::memory::{ArenaMemory, PIECE_ALIGN};
use super::poison;
use crate::fault::{FactName, Fault, FaultCode};
use crate::span::Holder;
use core::alloc::Layout;
use core::cell::Cell;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};

/// What to do with an arena's memory when it is emptied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ResetMode {
    /// Keep every chunk, warm, for the next use. Constant time, except for destructors and objects that had a piece
    /// of their own.
    #[default]
    Keep,
    /// Keep the oldest chunks as long as their sum stays within this many bytes; give the others back.
    KeepUpTo(usize),
    /// Give everything back.
    Release,
}

/// Bytes that several arenas may use together: the budget of a pass that runs in parallel.
///
/// Arenas draw on it in slices, on their slow path only; what an arena has drawn and not used is not available to
/// the others.
#[derive(Debug)]
pub(super) struct Budget {
    /// Name of the pass, for the fault.
    pub(super) subject: &'static str,
    /// What was granted at the beginning, in bytes.
    pub(super) bytes: usize,
    left: AtomicUsize,
}

/// How much an arena draws on a [`Budget`] at a time, at most, in bytes.
const BUDGET_SLICE_BYTES: usize = 32 << 10;

impl Budget {
    /// A budget of `bytes` bytes.
    pub(super) const fn new(subject: &'static str, bytes: usize) -> Self {
        Self { subject, bytes, left: AtomicUsize::new(bytes) }
    }

    /// Draws at least `need` bytes, and more to make the next draw rarer: a sixteenth of what is left, at most a slice. `None` if less than
    /// `need` is left.
    fn draw(&self, need: usize) -> Option<usize> {
        let share = |left: usize| need.max((left / 16).min(BUDGET_SLICE_BYTES));
        // Relaxed: the number orders nothing; each update is one read-modify-write, so no byte is granted twice.
        let taken = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            if left < need { None } else { Some(left - share(left)) }
        });
        taken.ok().map(share)
    }
}

/// The smallest and the largest block of the text lane, in bytes.
const TEXT_BLOCK_BYTES_MIN: usize = 64;
const TEXT_BLOCK_BYTES_MAX: usize = 4096;

/// A free range of a chunk: `[bottom, cur)`.
#[derive(Clone, Copy)]
struct Window {
    cur: NonNull<u8>,
    bottom: usize,
}

impl Window {
    const fn empty<const MIN_ALIGN: usize>() -> Self {
        // Never dereferenced: an empty window hands out objects of size zero only.
        let cur = match NonNull::new(core::ptr::without_provenance_mut(MIN_ALIGN)) {
            Some(cur) => cur,
            None => panic!("MIN_ALIGN is a power of two"),
        };
        Self { cur, bottom: MIN_ALIGN }
    }

    fn bytes(self) -> usize {
        self.cur.addr().get() - self.bottom
    }
}

/// What holds the objects of a sealed arena.
pub(super) struct Holdings {
    pub(super) memory: &'static dyn ArenaMemory,
    pub(super) first: Option<Chunk>,
    pub(super) last: Option<Chunk>,
    pub(super) large: Option<Chunk>,
    pub(super) drops: DropList,
    pub(super) used: usize,
    pub(super) reserved: usize,
}

/// Everything that must be restored to return to a moment.
#[derive(Clone, Copy)]
pub(super) struct Checkpoint {
    window: Window,
    /// Whether the window reached down to its chunk's beginning; then it still does after the chunk was extended.
    reaches_base: bool,
    spare: Window,
    text_cur: NonNull<u8>,
    text_lim: usize,
    chunk: Option<Chunk>,
    large: Option<Chunk>,
    drops: Option<NonNull<DropHead>>,
    used: usize,
}

impl Checkpoint {
    /// Bytes that were in use at that moment.
    pub(super) fn used_bytes(&self) -> usize {
        self.used
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
    /// Where the next object ends.
    cur: Cell<NonNull<u8>>,
    /// The last chunk in use. Between `cur` and `lim`, because loading two adjacent words as a pair defeats store
    /// forwarding on some processors.
    chunk: Cell<Option<Chunk>>,
    /// Objects must not begin below this address.
    lim: Cell<usize>,

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
    first: Cell<Option<Chunk>>,
    /// The newest chunk that holds a single large object.
    large: Cell<Option<Chunk>>,
    drops: DropList,
    /// At most this many bytes may be used.
    limit: Cell<usize>,
    /// Where more limit can be drawn from.
    budget: Cell<Option<NonNull<Budget>>>,
    reserved: Cell<usize>,
    used_peak: Cell<usize>,
    step: Cell<u8>,
    counts: Cell<ChunkCounts>,
    memory: &'static dyn ArenaMemory,
}

// SAFETY: nothing may depend on the thread that made the arena: pieces can be given back by any thread
// (`ArenaMemory`), registered destructors are of `Send` types (`alloc_drop`), and a budget is only set while its
// session guarantees that it outlives the setting.
unsafe impl<const MIN_ALIGN: usize> Send for RawArena<MIN_ALIGN> {}

impl RawArena {
    /// An empty arena over `memory`, with the default alignment. Takes nothing until the first allocation.
    pub const fn new_in(memory: &'static dyn ArenaMemory) -> Self {
        Self::aligned_in(memory)
    }
}

impl<const MIN_ALIGN: usize> RawArena<MIN_ALIGN> {
    const CHECK: () = assert!(
        MIN_ALIGN.is_power_of_two() && MIN_ALIGN <= PIECE_ALIGN,
        "MIN_ALIGN must be a power of two from 1 to 16"
    );

    /// An empty arena over `memory`, with the alignment that its type states. Takes nothing until the first allocation.
    pub const fn aligned_in(memory: &'static dyn ArenaMemory) -> Self {
        const { Self::CHECK };
        let window = Window::empty::<MIN_ALIGN>();
        Self {
            cur: Cell::new(window.cur),
            chunk: Cell::new(None),
            lim: Cell::new(window.bottom),
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
            reserved: Cell::new(0),
            used_peak: Cell::new(0),
            step: Cell::new(0),
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
        match self.bump(layout.size(), layout.align()) {
            Some(at) => at,
            None => self.alloc_miss_or_raise(layout.size(), layout.align()),
        }
    }

    /// Takes room for `layout` and answers where it begins. The content is unspecified.
    ///
    /// # Errors
    ///
    /// `ALLOCATOR_PAGE_EXHAUSTION` if the page source refuses memory, `ALLOCATOR_EXHAUSTION` if a limit was reached. The arena is as it was.
    #[inline(always)]
    pub fn try_alloc_layout(&self, layout: Layout) -> Result<NonNull<u8>, Fault> {
        match self.bump(layout.size(), layout.align()) {
            Some(at) => Ok(at),
            None => self.alloc_miss(layout.size(), layout.align()),
        }
    }

    /// The fast path: move `cur` down if the window has room.
    #[inline(always)]
    fn bump(&self, size: usize, align: usize) -> Option<NonNull<u8>> {
        let cur = self.cur.get();
        let at = cur.addr().get();
        // SAFETY: the condition must hold; every window's upper end is aligned and `place` keeps the alignment
        // (invariant in the header). With it the compiler drops the masking for layouts it knows.
        unsafe { core::hint::assert_unchecked(at & (MIN_ALIGN - 1) == 0) };
        // The same as `place(at, size, ..)`. Subtracting on the pointer keeps the compiler from comparing `cur - lim` with
        // `size` instead, which costs two more instructions (`bench-corpus step --listing alloc-24`).
        let new = cur.as_ptr().wrapping_sub(size).map_addr(|new| bump::place(new, 0, align, MIN_ALIGN));
        if !bump::fits(new.addr(), self.lim.get()) {
            return None;
        }
        // SAFETY: the pointer must not be null; it is at or above `lim`, which is at least MIN_ALIGN in every
        // window.
        let new = unsafe { NonNull::new_unchecked(new) };
        self.cur.set(new);
        // SAFETY: the range must lie in a held piece; it lies in the current window (or is empty).
        unsafe { poison::unpoison(new.as_ptr(), size) };
        Some(new)
    }

    /// Takes room for `len` bytes of no particular alignment: text. One conditional branch.
    ///
    /// # Panics
    ///
    /// If memory or a limit is exhausted.
    #[inline(always)]
    pub fn alloc_bytes(&self, len: usize) -> NonNull<u8> {
        if MIN_ALIGN == 1 {
            return self.alloc_layout(byte_layout(len));
        }
        match self.bump_text(len) {
            Some(at) => at,
            None => self.alloc_text_or_raise(len),
        }
    }

    /// Takes room for `len` bytes of no particular alignment: text.
    ///
    /// # Errors
    ///
    /// `ALLOCATOR_PAGE_EXHAUSTION` if the page source refuses memory, `ALLOCATOR_EXHAUSTION` if a limit was reached. The
    /// arena is as it was.
    #[inline(always)]
    pub fn try_alloc_bytes(&self, len: usize) -> Result<NonNull<u8>, Fault> {
        if MIN_ALIGN == 1 {
            return self.try_alloc_layout(byte_layout(len));
        }
        match self.bump_text(len) {
            Some(at) => Ok(at),
            None => self.alloc_text(len),
        }
    }

    /// The fast path for text: move `text_cur` up if the lane has room.
    #[inline(always)]
    fn bump_text(&self, len: usize) -> Option<NonNull<u8>> {
        let at = self.text_cur.get();
        let end = at.as_ptr().wrapping_add(len);
        if !bump::fits(self.text_lim.get(), end.addr()) {
            return None;
        }
        // SAFETY: the pointer must not be null; it is between two addresses of the lane, or the dangling one of an empty lane.
        let end = unsafe { NonNull::new_unchecked(end) };
        self.text_cur.set(end);
        // SAFETY: the range must lie in a held piece; it lies in the lane (or is empty).
        unsafe { poison::unpoison(at.as_ptr(), len) };
        Some(at)
    }

    #[cold]
    #[inline(never)]
    fn alloc_text_or_raise(&self, len: usize) -> NonNull<u8> {
        match self.alloc_text(len) {
            Ok(at) => at,
            Err(fault) => raise(&fault),
        }
    }

    /// The lane has no room: begins a new block, unless the text is long beside one or there is no room for a whole block.
    #[cold]
    #[inline(never)]
    fn alloc_text(&self, len: usize) -> Result<NonNull<u8>, Fault> {
        let block = bump::round_down(self.used_bytes() / 64, TEXT_BLOCK_BYTES_MIN)
            .clamp(TEXT_BLOCK_BYTES_MIN, TEXT_BLOCK_BYTES_MAX);
        if len <= block / 4
            && let Ok(lane) = self.try_alloc_layout(byte_layout(block))
        {
            // SAFETY: the range must lie in a held piece and hold no object; it has just been taken for the lane.
            unsafe { poison::poison(lane.as_ptr(), block) };
            self.text_cur.set(lane);
            self.text_lim.set(lane.addr().get() + block);
            if let Some(at) = self.bump_text(len) {
                return Ok(at);
            }
        }
        self.try_alloc_layout(byte_layout(len))
    }

    #[cold]
    #[inline(never)]
    fn alloc_miss_or_raise(&self, size: usize, align: usize) -> NonNull<u8> {
        match self.alloc_miss(size, align) {
            Ok(at) => at,
            Err(fault) => raise(&fault),
        }
    }

    /// The current window has no room, or a limit ends it.
    #[cold]
    #[inline(never)]
    fn alloc_miss(&self, size: usize, align: usize) -> Result<NonNull<u8>, Fault> {
        let Some(worst) = bump::worst_case(size, align, MIN_ALIGN) else {
            return Err(self.exhausted(size, "arena request"));
        };
        self.make_allowance(size, align)?;
        if let Some(at) = self.bump(size, align) {
            return Ok(at);
        }
        if worst > LARGE_BYTES {
            return self.alloc_large(size, align, worst);
        }
        let spare = self.spare.get();
        if bump::place_within(spare.cur.addr().get(), spare.bottom, size, align, MIN_ALIGN).is_some() {
            self.enter(spare);
        } else {
            self.enter_chunk_for(size, align, worst)?;
        }
        match self.bump(size, align) {
            Some(at) => Ok(at),
            // The window has room, so it is the limit that ends before the padding does.
            None => Err(self.exhausted(size, "arena limit")),
        }
    }

    /// Makes sure that the limit admits `size` more bytes, drawing on the budget if there is one.
    fn make_allowance(&self, size: usize, align: usize) -> Result<(), Fault> {
        let limit = self.limit.get();
        if limit == usize::MAX {
            return Ok(());
        }
        // What the object takes is known exactly in this window only; in another it counts with its worst padding, which is
        // none for layouts that need no more than MIN_ALIGN.
        let cur = self.cur.get().addr().get();
        let exact = bump::place_within(cur, self.bottom.get(), size, align, MIN_ALIGN).map(|new| cur - new);
        let elsewhere = if align <= MIN_ALIGN {
            bump::round_up(size, MIN_ALIGN)
        } else {
            bump::worst_case(size, align, MIN_ALIGN)
        };
        let need = exact.or(elsewhere).unwrap_or(usize::MAX);
        let left = limit.saturating_sub(self.used_bytes());
        if need <= left {
            return Ok(());
        }
        let Some(budget) = self.budget.get() else {
            return Err(self.exhausted(size, "arena limit"));
        };
        // SAFETY: the budget must be alive; `set_budget` demands that it is cleared before the budget ends.
        let budget = unsafe { budget.as_ref() };
        match budget.draw(need - left) {
            Some(bytes) => {
                self.limit.set(limit + bytes);
                self.apply_limit();
                Ok(())
            }
            None => Err(self.exhausted(size, budget.subject)),
        }
    }

    /// Opens a window with room for the object: the next warm chunk, the current one extended, or a new one.
    fn enter_chunk_for(&self, size: usize, align: usize, worst: usize) -> Result<(), Fault> {
        if let Some(next) = self.chunk.get().and_then(|chunk| chunk.header().next.get()) {
            let top = bump::round_down(next.top().addr().get(), MIN_ALIGN);
            if bump::place_within(top, next.base().addr().get(), size, align, MIN_ALIGN).is_some() {
                self.count(true);
                self.enter_chunk(next);
                return Ok(());
            }
        }
        let step = STEP_BYTES[usize::from(self.step.get())];
        if self.extend(worst, step) {
            return Ok(());
        }
        let bytes_min = piece_bytes(worst)?;
        let bytes_want = step.max(bytes_min);
        // A piece much smaller than the step would pay for a header and soon be full again.
        let piece = match self.memory.take(bytes_min.max(step / 4), bytes_want) {
            Ok(piece) => piece,
            Err(_) if bytes_min < step / 4 => self.memory.take(bytes_min, bytes_min)?,
            Err(fault) => return Err(fault),
        };
        // SAFETY: the piece must be held and unreferenced, with room for a header; it has just been lent, and
        // `piece_bytes` counted the header.
        let chunk = unsafe { Chunk::new_in(piece) };
        self.reserved.set(self.reserved.get() + piece.bytes);
        self.step.set(chunk::next_step(self.step.get()));
        self.count(piece.warm);
        match self.chunk.get() {
            Some(at) => chunk::insert_after(at, chunk),
            None => self.first.set(Some(chunk)),
        }
        self.enter_chunk(chunk);
        Ok(())
    }

    /// Tries to extend the current chunk downward in place, so that the window has `worst` bytes of room.
    fn extend(&self, worst: usize, step: usize) -> bool {
        let Some(chunk) = self.chunk.get() else { return false };
        let base = chunk.base();
        if self.bottom.get() != base.addr().get() {
            return false;
        }
        let window = self.window();
        let Some(bytes_min) = bump::round_up(worst - window.bytes().min(worst), PIECE_ALIGN) else {
            return false;
        };
        // SAFETY: `base` must begin a piece that this memory lent and that we hold; the chunk list holds it.
        let bytes = unsafe { self.memory.extend_down(base, chunk.bytes(), bytes_min, step.max(bytes_min)) };
        if bytes == 0 {
            return false;
        }
        // SAFETY: the bytes below must have just become part of the piece; `extend_down` answered so.
        unsafe { chunk.grew_down(bytes) };
        self.reserved.set(self.reserved.get() + bytes);
        self.step.set(chunk::next_step(self.step.get()));
        self.bottom.set(chunk.base().addr().get());
        self.apply_limit();
        true
    }

    /// Gives an object a piece of its own, which does not disturb the growth of the others.
    fn alloc_large(&self, size: usize, align: usize, worst: usize) -> Result<NonNull<u8>, Fault> {
        let bytes = piece_bytes(worst)?;
        let piece = self.memory.take(bytes, bytes)?;
        // SAFETY: the piece must be held and unreferenced, with room for a header; it has just been lent, and
        // `piece_bytes` counted the header.
        let chunk = unsafe { Chunk::new_in(piece) };
        let top = chunk.top().addr().get();
        let new = bump::place(top, size, align, MIN_ALIGN);
        debug_assert!(new >= chunk.base().addr().get());
        chunk.header().prev.set(self.large.replace(Some(chunk)));
        self.reserved.set(self.reserved.get() + piece.bytes);
        self.used_before.set(self.used_before.get() + (top - new));
        self.count(piece.warm);
        self.apply_limit();
        let Some(at) = NonNull::new(chunk.base().as_ptr().with_addr(new)) else {
            return Err(self.exhausted(size, "arena request"));
        };
        // SAFETY: the range must lie in a held piece; `worst` bytes of room lie below the header.
        unsafe { poison::unpoison(at.as_ptr(), size) };
        Ok(at)
    }

    /// Makes a chunk current, its whole room free.
    fn enter_chunk(&self, chunk: Chunk) {
        self.chunk.set(Some(chunk));
        self.enter(Self::whole_window(chunk));
    }

    fn whole_window(chunk: Chunk) -> Window {
        let top = chunk.top();
        let cur = bump::round_down(top.addr().get(), MIN_ALIGN).max(chunk.base().addr().get());
        Window {
            // Derived from the base, whose pointer may reach the whole piece; the header's own may be narrower.
            cur: NonNull::new(chunk.base().as_ptr().with_addr(cur)).unwrap_or(top),
            bottom: chunk.base().addr().get(),
        }
    }

    fn window(&self) -> Window {
        Window { cur: self.cur.get(), bottom: self.bottom.get() }
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
        debug_assert!(window.cur.addr().get().is_multiple_of(MIN_ALIGN));
        self.cur.set(window.cur);
        self.top.set(window.cur.addr().get());
        self.bottom.set(window.bottom);
        self.apply_limit();
    }

    /// Recomputes `lim` from the window and the limit.
    fn apply_limit(&self) {
        let allowance = self.limit.get().saturating_sub(self.used_bytes());
        let cur = self.cur.get().addr().get();
        self.lim.set(bump::raised_limit(cur, self.bottom.get(), allowance, MIN_ALIGN));
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

    #[cold]
    fn exhausted(&self, size: usize, subject: &'static str) -> Fault {
        Fault::new(FaultCode::Exhaustion, subject)
            .with(FactName::Asked, size as u64)
            .with(FactName::Used, self.used_bytes() as u64)
            .with(FactName::Limit, self.limit.get() as u64)
    }

    /// Gives the room of the newest object back, if nothing was allocated since. Otherwise does nothing.
    ///
    /// # Safety
    ///
    /// - This arena handed out `size` bytes at `at`.
    /// - Nothing refers to them any more.
    #[inline]
    pub(super) unsafe fn unalloc(&self, at: NonNull<u8>, size: usize) {
        if self.cur.get() != at || size == 0 {
            return;
        }
        let above = bump::place(at.addr().get().wrapping_add(size + MIN_ALIGN - 1), 0, 1, MIN_ALIGN);
        if above > self.top.get() {
            return;
        }
        // SAFETY: the range must lie in a held piece and hold no object; it is the object that the caller gives up.
        unsafe { poison::poison(at.as_ptr(), above - at.addr().get()) };
        if let Some(cur) = NonNull::new(at.as_ptr().with_addr(above)) {
            self.cur.set(cur);
        }
        if self.limit.get() != usize::MAX {
            self.apply_limit();
        }
    }

    /// If `at` is the newest object and the window has room, takes `more` bytes directly below it and answers where
    /// they begin; the object's memory then reaches from there to its old end. `at` is aligned to `align`, and
    /// `more` is a multiple of it.
    #[inline(always)]
    pub(super) fn grow_newest(&self, at: NonNull<u8>, more: usize, align: usize) -> Option<NonNull<u8>> {
        if self.cur.get() != at {
            return None;
        }
        let room = self.bump(more, align)?;
        // SAFETY: the range must lie in a held piece; it is the new room and the padding above it, which the object covers now.
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
        self.used_before.get() + (self.top.get() - self.cur.get().addr().get())
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

    /// From now on at most `bytes` bytes may be used; `None` lifts the limit. Costs the fast path nothing: the
    /// window's end is raised.
    pub fn set_limit(&self, bytes: Option<usize>) {
        self.limit.set(bytes.unwrap_or(usize::MAX));
        self.apply_limit();
    }

    /// From now on every byte beyond what is in use is drawn from `budget`; `None` lifts the limit.
    ///
    /// # Safety
    ///
    /// The budget stays valid until this function is called again or the arena is gone.
    pub(super) unsafe fn set_budget(&self, budget: Option<NonNull<Budget>>) {
        self.budget.set(budget);
        self.limit.set(if budget.is_some() { self.used_bytes() } else { usize::MAX });
        self.apply_limit();
    }

    /// A moment to return to.
    pub(super) fn checkpoint(&self) -> Checkpoint {
        let window = self.window();
        Checkpoint {
            window,
            reaches_base: self.chunk.get().is_some_and(|chunk| chunk.base().addr().get() == window.bottom),
            spare: self.spare.get(),
            text_cur: self.text_cur.get(),
            text_lim: self.text_lim.get(),
            chunk: self.chunk.get(),
            large: self.large.get(),
            drops: self.drops.newest(),
            used: self.used_bytes(),
        }
    }

    /// Returns to a moment: runs the destructors registered since, gives large pieces taken since back, keeps
    /// chunks warm.
    ///
    /// # Safety
    ///
    /// - The checkpoint is of this arena, and the arena has not returned to an older moment since.
    /// - Nothing refers to what was allocated since.
    pub(super) unsafe fn rewind(&self, to: &Checkpoint) {
        /// Restores the windows, also when a destructor panics.
        struct Restore<'a, const M: usize>(&'a RawArena<M>, &'a Checkpoint);
        impl<const M: usize> Drop for Restore<'_, M> {
            fn drop(&mut self) {
                // SAFETY: nothing may refer to what was allocated since the checkpoint; the caller of `rewind` says
                // so, and the destructors have run.
                unsafe { self.0.restore(self.1) };
            }
        }
        let _restore = Restore(self, to);
        // SAFETY: the mark must be of this list and not overtaken, and the values unused afterwards; both are the
        // caller's duties.
        unsafe { self.drops.run_until(to.drops) };
    }

    /// The part of [`rewind`](Self::rewind) that follows the destructors.
    ///
    /// # Safety
    ///
    /// As `rewind`; and no destructor registered since the checkpoint is left.
    unsafe fn restore(&self, to: &Checkpoint) {
        self.used_peak.set(self.used_peak_bytes());
        // SAFETY: nothing may refer to large objects allocated since the checkpoint; the caller says so.
        unsafe { self.release_large(to.large) };
        if poison::ACTIVE {
            self.poison_after(to);
        }
        self.used_before.set(to.used);
        self.text_cur.set(to.text_cur);
        self.text_lim.set(to.text_lim);
        match to.chunk {
            Some(chunk) => {
                self.chunk.set(Some(chunk));
                self.spare.set(to.spare);
                let bottom = if to.reaches_base { chunk.base().addr().get() } else { to.window.bottom };
                self.set_window(Window { cur: to.window.cur, bottom });
            }
            None => self.enter_first(),
        }
    }

    /// The state of an arena whose objects are all gone: the first chunk is current and free.
    fn enter_first(&self) {
        let empty = Window::empty::<MIN_ALIGN>();
        self.spare.set(empty);
        self.chunk.set(self.first.get());
        self.set_window(self.first.get().map_or(empty, Self::whole_window));
    }

    /// Marks what a return to `to` frees. Walks the chunks; only under the sanitizer.
    fn poison_after(&self, to: &Checkpoint) {
        let mut at = match to.chunk {
            Some(chunk) => chunk.header().next.get(),
            None => self.first.get(),
        };
        while let Some(chunk) = at {
            // SAFETY: the range must lie in a held piece without live objects; chunks after the checkpoint's hold
            // none once it returns.
            unsafe { poison::poison(chunk.base().as_ptr(), chunk.room()) };
            at = chunk.header().next.get();
        }
        if to.chunk.is_some() {
            // SAFETY: as above; this part of the lane was free at the checkpoint.
            unsafe { poison::poison(to.text_cur.as_ptr(), to.text_lim - to.text_cur.addr().get()) };
        }
        for window in [to.window, to.spare] {
            if to.chunk.is_some() && window.bytes() > 0 {
                // SAFETY: as above; both windows were free at the checkpoint.
                unsafe { poison::poison(window.cur.as_ptr().with_addr(window.bottom), window.bytes()) };
            }
        }
        if let (Some(chunk), true) = (to.chunk, to.reaches_base) {
            let extended = to.window.bottom - chunk.base().addr().get();
            // SAFETY: as above; the chunk was extended after the checkpoint.
            unsafe { poison::poison(chunk.base().as_ptr(), extended) };
        }
    }

    /// Gives large pieces back, newest first, until `until` is the newest.
    ///
    /// # Safety
    ///
    /// - `until` is in the list, or `None`.
    /// - Nothing refers to the objects in those pieces.
    unsafe fn release_large(&self, until: Option<Chunk>) {
        while self.large.get() != until {
            let Some(chunk) = self.large.get() else { break };
            self.large.set(chunk.header().prev.get());
            // SAFETY: this memory must have lent the piece, and nothing may refer to it; `alloc_large` took it
            // here, and the caller says the rest. The handle has just left the only list that knew it.
            let bytes = unsafe { chunk.give_back(self.memory, Holder::Arena) };
            self.reserved.set(self.reserved.get() - bytes);
        }
    }

    /// Forgets everything that was allocated, runs registered destructors, and keeps all chunks. A drain point.
    ///
    /// Constant time, apart from destructors and large objects.
    pub fn reset(&mut self) {
        self.reset_with(ResetMode::Keep);
    }

    /// Forgets everything that was allocated, runs registered destructors, and treats the memory as `mode` says. A
    /// drain point.
    pub fn reset_with(&mut self, mode: ResetMode) {
        let start = Checkpoint {
            window: Window::empty::<MIN_ALIGN>(),
            reaches_base: false,
            spare: Window::empty::<MIN_ALIGN>(),
            text_cur: Window::empty::<MIN_ALIGN>().cur,
            text_lim: Window::empty::<MIN_ALIGN>().bottom,
            chunk: None,
            large: None,
            drops: None,
            used: 0,
        };
        // SAFETY: the moment must not be overtaken and nothing may refer to the objects; every arena was once
        // empty, and `&mut self` ends all borrows of what it handed out.
        unsafe { self.rewind(&start) };
        match mode {
            ResetMode::Keep => {}
            ResetMode::KeepUpTo(bytes) => self.release_chunks_above(bytes),
            ResetMode::Release => self.release_chunks_above(0),
        }
        self.memory.safepoint();
    }

    /// Gives back the chunks of an empty arena, but the oldest ones that together hold at most `keep` bytes.
    fn release_chunks_above(&self, keep: usize) {
        let mut kept = 0usize;
        let mut last = None;
        let mut at = self.first.get();
        while let Some(chunk) = at {
            let sum = kept.saturating_add(chunk.bytes());
            if sum > keep {
                break;
            }
            kept = sum;
            last = Some(chunk);
            at = chunk.header().next.get();
        }
        match last {
            Some(last) => last.header().next.set(None),
            None => self.first.set(None),
        }
        while let Some(chunk) = at {
            at = chunk.header().next.get();
            // SAFETY: this memory must have lent the piece, and nothing may refer to it; the arena is empty, and
            // the handle has left the list.
            let bytes = unsafe { chunk.give_back(self.memory, Holder::Arena) };
            self.reserved.set(self.reserved.get() - bytes);
        }
        if last.is_none() {
            self.step.set(0);
        }
        self.enter_first();
    }

    /// Ends the arena's use as an arena: gives unused chunks and the tails of used ones back and answers what holds
    /// the objects.
    pub(super) fn seal(self) -> Holdings {
        let arena = ManuallyDrop::new(self);
        if let Some(current) = arena.chunk.get() {
            let mut at = current.header().next.take();
            while let Some(chunk) = at {
                at = chunk.header().next.get();
                // SAFETY: this memory must have lent the piece, and nothing may refer to it; chunks after the
                // current one are empty, and the handle has left the list.
                let bytes = unsafe { chunk.give_back(arena.memory, Holder::Arena) };
                arena.reserved.set(arena.reserved.get() - bytes);
            }
            arena.donate(arena.spare.get());
            // Last, so that the thread's next arena continues directly below this one.
            arena.donate(arena.window());
        }
        Holdings {
            memory: arena.memory,
            first: arena.first.get(),
            last: arena.chunk.get(),
            large: arena.large.get(),
            drops: arena.drops.take(),
            used: arena.used_bytes(),
            reserved: arena.reserved.get(),
        }
    }

    /// Gives a free window that reaches down to its chunk's beginning to the thread's next arena.
    fn donate(&self, window: Window) {
        let bytes = bump::round_down(window.bytes(), PIECE_ALIGN);
        let mut at = self.chunk.get();
        while let Some(chunk) = at {
            if chunk.base().addr().get() == window.bottom && bytes > 0 {
                // SAFETY: this memory must have lent the piece, and nothing may refer to the bytes, which end below
                // the header; they are a free window of this chunk, and the arena hands out no more.
                let given = unsafe { chunk.donate_low(self.memory, bytes) };
                self.reserved.set(self.reserved.get() - given);
                return;
            }
            at = chunk.header().prev.get();
        }
    }

    /// Checks the invariants in the header by walking everything. For tests; costs a step per chunk.
    ///
    /// # Errors
    ///
    /// The broken invariant, in words.
    pub fn check(&self) -> Result<(), &'static str> {
        let cur = self.cur.get().addr().get();
        let (lim, bottom) = (self.lim.get(), self.bottom.get());
        require(bottom <= lim && lim <= cur, "bottom <= lim <= cur")?;
        require(cur.is_multiple_of(MIN_ALIGN), "cur is aligned to MIN_ALIGN")?;
        require(self.top.get() >= cur, "top >= cur")?;
        require(
            self.first.get().is_some() == self.chunk.get().is_some(),
            "there is a current chunk exactly if there is a first",
        )?;
        let mut reserved = 0;
        let mut seen_current = self.chunk.get().is_none();
        let mut prev = None;
        let mut at = self.first.get();
        while let Some(chunk) = at {
            require(chunk.header().prev.get() == prev, "prev and next of chunks agree")?;
            reserved += chunk.bytes();
            seen_current |= self.chunk.get() == at;
            prev = at;
            at = chunk.header().next.get();
        }
        require(seen_current, "the current chunk is in the list")?;
        let mut at = self.large.get();
        while let Some(chunk) = at {
            reserved += chunk.bytes();
            at = chunk.header().prev.get();
        }
        require(reserved == self.reserved.get(), "reserved is the sum of all pieces")?;
        require(self.used_bytes() <= reserved, "used <= reserved")
    }
}

/// `Ok` if the condition holds, else the condition in words.
fn require(condition: bool, words: &'static str) -> Result<(), &'static str> {
    if condition { Ok(()) } else { Err(words) }
}

/// The layout of `len` bytes of text. A length beyond `isize::MAX`, which no slice has, counts as that: no memory serves either.
#[inline(always)]
fn byte_layout(len: usize) -> Layout {
    // SAFETY: the size must not exceed `isize::MAX` and the alignment must be a power of two; `min` and 1 are.
    unsafe { Layout::from_size_align_unchecked(len.min(isize::MAX as usize), 1) }
}

/// The size of a piece with room for `room` bytes and a header.
fn piece_bytes(room: usize) -> Result<usize, Fault> {
    room.checked_add(HEADER_BYTES + PIECE_ALIGN)
        .and_then(|bytes| bump::round_up(bytes, PIECE_ALIGN))
        .filter(|bytes| *bytes <= isize::MAX as usize)
        .ok_or_else(|| Fault::new(FaultCode::Exhaustion, "arena request").with(FactName::Asked, room as u64))
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
                self.0.release_chunks_above(0);
            }
        }
        let _release = Release(self);
        // SAFETY: every entry may run, and nothing may use the values afterwards; the arena is being dropped.
        unsafe { self.drops.run_until(None) };
    }
}
