//! `TypedArena`: an arena of one type that drops its values.
//!
//! # Structure
//!
//! ```text
//!   first ─> block ─> block ─> .. ─> current block:  at ├── len values ──┤── free ── capacity
//! ```
//! Blocks lie in a `RawArena`; each is a head and room for a number of values. A block that was left keeps its rest unused.
//!
//! # Invariant
//!
//! All values of all blocks up to the current one's `len` are initialised and belong to the arena, except for the first `gone`
//! of the first block, which [`IntoIter`] has yielded. No user code runs between taking a place and filling it.
//!
//! The list of blocks does not name `T`, and the arena has no `Drop` of its own: [`Blocks`] runs the destructors through a
//! function pointer, and `PhantomData<T>` says that it may. So values may refer to each other, as in a graph, unless their own
//! destructors could look at what they refer to.

mod draft;
mod iter;

pub use iter::{IntoIter, IterMut};

use super::memory::ArenaMemory;
use super::raw::{ManyUsers, OneUser, RawArena, raise};
use crate::fault::{FactName, Fault, FaultCode};
use core::alloc::Layout;
use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;
use core::mem::{MaybeUninit, needs_drop};
use core::ptr::{self, NonNull};
use core::slice;
use draft::Draft;

/// The head of a block: its values' place, and how many there are once the block was left.
struct Head {
    next: Option<NonNull<Head>>,
    at: NonNull<u8>,
    len: usize,
}

/// The list of blocks, and how their values are dropped.
struct Blocks {
    first: Cell<Option<NonNull<Head>>>,
    current: Cell<Option<NonNull<Head>>>,
    /// Values in the current block, or all of them if they have no bytes.
    len: Cell<usize>,
    /// Values in the blocks before.
    len_before: Cell<usize>,
    /// Values at the beginning of the first block that were moved out.
    gone: Cell<usize>,
    /// Drops the values from one index of a block to another. Where the block is does not matter if they have no bytes.
    ///
    /// Duties of the caller: they are initialised, of the type this function was made for, and not used afterwards.
    drop_values: unsafe fn(NonNull<u8>, usize, usize),
}

/// Drops the values from index `from` to `to` at `at`; without bytes they lie anywhere that is aligned for them, whatever `at` is.
///
/// # Safety
///
/// They are initialised values of type `T` and are not used afterwards.
unsafe fn drop_values<T>(at: NonNull<u8>, from: usize, to: usize) {
    if needs_drop::<T>() {
        let at = if size_of::<T>() == 0 { NonNull::dangling() } else { at.cast::<T>() };
        // SAFETY: the offset must stay inside the block; the caller says that values lie there. Without bytes it is none.
        let first = unsafe { at.add(from) };
        let values = NonNull::slice_from_raw_parts(first, to - from);
        // SAFETY: the values must be initialised, aligned and not used again; a block is made for its type, and the rest are the
        // caller's duties.
        unsafe { values.drop_in_place() };
    }
}

impl Blocks {
    const fn new<T>() -> Self {
        Self {
            first: Cell::new(None),
            current: Cell::new(None),
            len: Cell::new(0),
            len_before: Cell::new(0),
            gone: Cell::new(0),
            drop_values: drop_values::<T>,
        }
    }

    /// Takes the first block off the list: its values, from which index and to which they are there. After the last block, the
    /// values without bytes, once.
    fn take_first(&self) -> Option<(NonNull<u8>, usize, usize)> {
        let Some(block) = self.first.get() else {
            let len = self.len.take();
            return (len > 0).then_some((NonNull::dangling(), self.gone.take(), len));
        };
        // SAFETY: the head must be initialised and not exclusively borrowed; blocks are linked when they are, and stay in place.
        let head = unsafe { block.as_ref() };
        self.first.set(head.next);
        let len = if self.current.get() == Some(block) {
            self.current.set(None);
            self.len.take()
        } else {
            head.len
        };
        Some((head.at, self.gone.take(), len))
    }
}

impl Drop for Blocks {
    fn drop(&mut self) {
        /// Goes on with the other blocks when a destructor panics.
        struct Rest<'a>(&'a Blocks);
        impl Drop for Rest<'_> {
            fn drop(&mut self) {
                while let Some((at, from, to)) = self.0.take_first() {
                    let rest = Rest(self.0);
                    // SAFETY: the values must be initialised, of the function's type, and not used again; the arena's invariant
                    // says so, `new` paired function and type, and the block has just left the list.
                    unsafe { (self.0.drop_values)(at, from, to) };
                    core::mem::forget(rest);
                }
            }
        }
        drop(Rest(self));
    }
}

/// An arena of values of one type, which it drops when it is dropped.
///
/// Values lie densely in blocks of up to 256 KiB and stay in place. `Send` if `T` is, not `Sync`.
///
/// Values may refer to each other:
///
/// ```
/// use compiler_alloc::TypedArena;
/// use core::cell::Cell;
///
/// struct Block<'a> {
///     name: String,
///     next: Cell<Option<&'a Block<'a>>>,
/// }
///
/// let blocks = TypedArena::new();
/// let entry = blocks.alloc(Block { name: "entry".to_string(), next: Cell::new(None) });
/// let exit = blocks.alloc(Block { name: "exit".to_string(), next: Cell::new(Some(entry)) });
/// entry.next.set(Some(exit));
/// assert_eq!(entry.next.get().unwrap().name, "exit");
/// assert_eq!(blocks.len(), 2);
/// ```
///
/// not if their destructors could see the cycle, half of which is gone by then:
///
/// ```compile_fail,E0597
/// use compiler_alloc::TypedArena;
/// use core::cell::Cell;
///
/// struct Block<'a>(Cell<Option<&'a Block<'a>>>);
/// impl Drop for Block<'_> {
///     fn drop(&mut self) {}
/// }
///
/// let blocks = TypedArena::new();
/// let block = blocks.alloc(Block(Cell::new(None)));
/// block.0.set(Some(block));
/// ```
///
/// A value cannot outlive its arena, and an arena cannot be shared between threads:
///
/// ```compile_fail,E0597
/// let kept = { let arena = compiler_alloc::TypedArena::new(); arena.alloc(1) };
/// assert_eq!(*kept, 1);
/// ```
///
/// ```compile_fail,E0277
/// fn shared<T: Sync>(_: &T) {}
/// shared(&compiler_alloc::TypedArena::<u32>::new());
/// ```
///
/// After typed-arena, whose `Arena` has this shape.
pub struct TypedArena<T> {
    /// Where the current block's values begin. In a `Cell`, which also keeps `T` from being shortened.
    at: Cell<NonNull<T>>,
    /// How many values the current block has room for.
    capacity: Cell<usize>,
    /// Before `raw`, in whose memory the values lie: fields are dropped in this order.
    blocks: Blocks,
    /// Which of the sizes of successive blocks comes next.
    step: Cell<usize>,
    /// What a draft behind the current block's values hides of it.
    hidden: Cell<Option<Hidden>>,
    raw: RawArena,
    owns: PhantomData<T>,
}

// SAFETY: nothing may depend on the thread that made the arena: its memory may be given back by any thread (`RawArena`), and the
// values may be dropped by any.
unsafe impl<T: Send> Send for TypedArena<T> {}
// SAFETY: as of `RawArena`'s: the condition is never met.
unsafe impl<T> Sync for TypedArena<T> where OneUser<Self>: ManyUsers {}

/// A block that is in no list yet: where its head will be, and room for so many values.
struct NewBlock<T> {
    head: NonNull<Head>,
    at: NonNull<T>,
    capacity: usize,
}

#[allow(clippy::mut_from_ref, reason = "every call hands out memory that nothing else refers to")]
impl<T> TypedArena<T> {
    const HAS_BYTES: bool = size_of::<T>() != 0;

    /// An empty arena over `memory`. Takes nothing until the first allocation.
    pub const fn new_in(memory: &'static dyn ArenaMemory) -> Self {
        Self {
            at: Cell::new(NonNull::dangling()),
            capacity: Cell::new(if Self::HAS_BYTES { 0 } else { usize::MAX }),
            blocks: Blocks::new::<T>(),
            step: Cell::new(0),
            hidden: Cell::new(None),
            raw: RawArena::new_in(memory),
            owns: PhantomData,
        }
    }

    /// How many values there are. Constant time.
    pub fn len(&self) -> usize {
        self.blocks.len_before.get() + self.blocks.len.get() - self.blocks.gone.get()
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of memory held, used or not. Constant time.
    pub fn reserved_bytes(&self) -> usize {
        self.raw.reserved_bytes()
    }

    /// Moves `value` into the arena.
    ///
    /// # Panics
    ///
    /// If memory is exhausted; then `value` is dropped.
    #[inline]
    pub fn alloc(&self, value: T) -> &mut T {
        if self.blocks.len.get() == self.capacity.get() {
            self.open_or_raise(1, Room::Step);
        }
        self.fill(value)
    }

    /// As [`alloc`](Self::alloc), without panicking.
    ///
    /// # Errors
    ///
    /// A fault if memory is exhausted, together with the value.
    #[inline]
    pub fn try_alloc(&self, value: T) -> Result<&mut T, (Fault, T)> {
        if self.blocks.len.get() == self.capacity.get()
            && let Err(fault) = self.open(1, Room::Step)
        {
            return Err((fault, value));
        }
        Ok(self.fill(value))
    }

    /// Puts a value into the current block, which has room.
    #[inline(always)]
    fn fill(&self, value: T) -> &mut T {
        let len = self.blocks.len.get();
        debug_assert!(len < self.capacity.get());
        // SAFETY: the offset must stay inside the block; both callers made room.
        let mut at = unsafe { self.at.get().add(len) };
        // SAFETY: the place must be valid for writes, aligned and unused; it is behind the last value.
        unsafe { at.write(value) };
        self.blocks.len.set(len + 1);
        // SAFETY: the value must be initialised and unaliased while lent; it was just written, and each place is lent once.
        unsafe { at.as_mut() }
    }

    /// Moves what `values` yields into the arena, as one slice. `values` may allocate from this arena, and what it allocates lies
    /// before or behind the slice, or both; if it panics, what it yielded so far stays in the arena.
    ///
    /// # Panics
    ///
    /// If memory is exhausted, or with `values`.
    #[inline]
    pub fn alloc_extend(&self, values: impl IntoIterator<Item = T>) -> &mut [T] {
        let mut values = values.into_iter();
        let mut draft = Draft::new(self, values.size_hint().0);
        while draft.fill(&mut values)
            && let Some(value) = values.next()
        {
            draft.push(value);
        }
        draft.finish()
    }

    /// Makes room for `additional` more values beside each other: in an empty arena, for just so many.
    ///
    /// # Panics
    ///
    /// If memory is exhausted.
    pub fn reserve(&self, additional: usize) {
        if additional > self.capacity.get() - self.blocks.len.get() {
            self.open_or_raise(additional, self.room_to_reserve());
        }
    }

    /// As [`reserve`](Self::reserve), without panicking.
    ///
    /// # Errors
    ///
    /// A fault if memory is exhausted; what was allocated is as it was.
    #[inline]
    pub fn try_reserve(&self, additional: usize) -> Result<(), Fault> {
        if additional <= self.capacity.get() - self.blocks.len.get() {
            return Ok(());
        }
        self.open(additional, self.room_to_reserve())
    }

    /// Who knows the number of values before the first one wants room for just these.
    fn room_to_reserve(&self) -> Room {
        if self.blocks.current.get().is_none() { Room::Exact } else { Room::Step }
    }

    /// The room that is left in the current block, where the next values go.
    pub fn spare_capacity(&self) -> *mut [MaybeUninit<T>] {
        self.spare().as_ptr()
    }

    /// As [`spare_capacity`](Self::spare_capacity), which is never null.
    #[inline]
    fn spare(&self) -> NonNull<[MaybeUninit<T>]> {
        let len = self.blocks.len.get();
        // SAFETY: the offset must stay inside the block or at its end; the length is at most the capacity.
        let at = unsafe { self.at.get().add(len) };
        NonNull::slice_from_raw_parts(at.cast(), self.capacity.get() - len)
    }

    /// Takes room for `len` values, which count as values of the arena from now on.
    ///
    /// # Panics
    ///
    /// If memory is exhausted.
    ///
    /// # Safety
    ///
    /// The caller fills all of them before the arena is dropped, iterated over, or taken apart.
    pub unsafe fn alloc_uninit(&self, len: usize) -> &mut [MaybeUninit<T>] {
        self.reserve(len);
        let room = self.spare_capacity().cast::<MaybeUninit<T>>();
        self.blocks.len.set(self.blocks.len.get() + len);
        // SAFETY: the room must be valid and unaliased while lent; it was reserved, and each place is lent once.
        unsafe { slice::from_raw_parts_mut(room, len) }
    }

    /// All values, exclusively, in the order in which they came.
    pub fn iter_mut(&mut self) -> IterMut<'_, T> {
        IterMut::new(self)
    }

    /// Writes down how many values the current block has.
    fn leave(&self) {
        if let Some(current) = self.blocks.current.get() {
            // SAFETY: the head must be valid and not borrowed; blocks stay in place, and nothing borrows a head for longer than a
            // statement.
            unsafe { (*current.as_ptr()).len = self.blocks.len.get() };
        }
    }

    #[cold]
    #[inline(never)]
    fn open_or_raise(&self, additional: usize, room: Room) {
        if let Err(fault) = self.open(additional, room) {
            raise(&fault);
        }
    }

    /// Makes a block with room for `additional` values the current one.
    #[cold]
    #[inline(never)]
    fn open(&self, additional: usize, room: Room) -> Result<(), Fault> {
        let block = match self.hidden.get() {
            Some(hidden) if additional <= hidden.capacity - hidden.draft_end => self.block_behind(hidden)?,
            _ => self.new_block(additional, room)?,
        };
        self.link(block);
        Ok(())
    }

    /// A block of the room behind a draft.
    fn block_behind(&self, hidden: Hidden) -> Result<NewBlock<T>, Fault> {
        let head = self.raw.try_alloc_layout(Layout::new::<Head>())?.cast::<Head>();
        // SAFETY: the offset must stay inside the block or at its end; a draft ends there at the latest.
        let at = unsafe { self.at.get().add(hidden.draft_end) };
        Ok(NewBlock { head, at, capacity: hidden.capacity - hidden.draft_end })
    }

    /// A block for `len` values, and for others as `room` says.
    fn new_block(&self, len: usize, room: Room) -> Result<NewBlock<T>, Fault> {
        let too_long = || {
            Fault::new(FaultCode::Exhaustion, "arena block")
                .with(FactName::Asked, len.saturating_mul(size_of::<T>()) as u64)
        };
        if !Self::HAS_BYTES {
            return Err(too_long());
        }
        // The values of a block: beside them are its head, padding and the header of the chunk below, less than 96 bytes.
        let fits =
            |step: usize| (BLOCK_BYTES[step] - 96).saturating_sub(align_of::<T>()) / size_of::<T>().max(1);
        let held = self.hidden.get().map_or(self.capacity.get(), |hidden| hidden.capacity);
        let (others, next_step) = match (room, self.step.get().min(BLOCK_BYTES.len() - 1)) {
            (Room::Exact, step) => (0, step),
            (Room::Step, 0) if 0 < held && held < fits(0) => (2 * held, 0),
            (Room::Step, step) => (fits(step), step + 1),
        };
        let capacity = len.max(others);
        let values = Layout::array::<T>(capacity).map_err(|_| too_long())?;
        let (layout, offset) = Layout::new::<Head>().extend(values).map_err(|_| too_long())?;
        let head = self.raw.try_alloc_layout(layout)?.cast::<Head>();
        // SAFETY: the offset must stay inside the room; the layout says where the values lie.
        let at = unsafe { head.byte_add(offset) };
        self.step.set(next_step);
        Ok(NewBlock { head, at: at.cast(), capacity })
    }

    /// Makes `block`, which has no value yet, the current one.
    fn link(&self, block: NewBlock<T>) {
        self.leave();
        // SAFETY: the place must be valid for writes, aligned and unused; it was just taken for a head.
        unsafe { block.head.write(Head { next: None, at: block.at.cast(), len: 0 }) };
        match self.blocks.current.get() {
            // SAFETY: the head must be valid and not borrowed, as in `leave`.
            Some(current) => unsafe { (*current.as_ptr()).next = Some(block.head) },
            None => self.blocks.first.set(Some(block.head)),
        }
        self.blocks.current.set(Some(block.head));
        self.blocks.len_before.set(self.blocks.len_before.get() + self.blocks.len.get());
        self.blocks.len.set(0);
        self.at.set(block.at);
        self.capacity.set(block.capacity);
        self.hidden.set(None);
    }

    /// Moves all values to `to`, in order.
    ///
    /// # Safety
    ///
    /// There is room for them, aligned, in memory that is none of the arena's.
    #[allow(dead_code, reason = "without a standard library there is no vector that takes them")]
    pub(crate) unsafe fn move_to(self, mut to: NonNull<T>) {
        while let Some((at, from, len)) = self.blocks.take_first() {
            let count = len - from;
            if Self::HAS_BYTES {
                // SAFETY: the offset must stay inside the block; the values begin there.
                let first = unsafe { at.cast::<T>().add(from) };
                // SAFETY: both ranges must be valid for these values and not overlap; the block has them and is off the list, so that
                // they count as moved, and the room is the caller's duty.
                unsafe { ptr::copy_nonoverlapping(first.as_ptr(), to.as_ptr(), count) };
            }
            // SAFETY: the offset must stay inside the room or at its end, as the caller says.
            to = unsafe { to.add(count) };
        }
    }
}

/// What a draft hides of the current block: meanwhile its room looks used up. By indexes of values.
#[derive(Clone, Copy)]
struct Hidden {
    /// Where the draft's room ends.
    draft_end: usize,
    /// Where the block ends.
    capacity: usize,
}

/// For how many values beside those asked for a new block has room.
#[derive(Clone, Copy)]
enum Room {
    /// None.
    Exact,
    /// Twice as many as in the block before if that was smaller than the first step, because somebody chose so before there was a step; else
    /// what the next step of [`BLOCK_BYTES`] holds.
    Step,
}

/// What successive blocks take of the memory below, with all that is beside their values, in bytes; the last one repeats.
const BLOCK_BYTES: [usize; 4] = [4 << 10, 16 << 10, 64 << 10, 256 << 10];

impl<T> Extend<T> for TypedArena<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, values: I) {
        values.into_iter().for_each(|value| {
            self.alloc(value);
        });
    }
}

impl<T> fmt::Debug for TypedArena<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TypedArena")
            .field("len", &self.len())
            .field("reserved_bytes", &self.reserved_bytes())
            .finish()
    }
}
