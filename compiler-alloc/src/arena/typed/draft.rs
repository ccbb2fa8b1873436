//! Values on their way into an arena, while the iterator that yields them may allocate from it.
//!
//! ```text
//!   current block ├── len values ──┬── draft ── its free room ──┬── hidden ── capacity
//! ```
//! A draft lies behind the current block's values and hides the rest of the block: the arena's fast paths find no room, and the cold path
//! makes what is behind the draft a block of its own ([`Hidden`]). Without such an allocation nothing is moved and nothing is lost. A draft
//! that has outgrown its room takes more of the block's, or moves to another block.
//!
//! So a block has at most one draft, and what is hidden is hidden by the one in the current block: another draft has found no room there, and
//! a block that was left is never the current one again.

use super::{Head, Hidden, Room, TypedArena};
use core::ptr::{self, NonNull};
use core::slice;

/// For how many values there is room at first if an iterator announces none.
const UNANNOUNCED: usize = 16;

/// See the module.
pub(super) struct Draft<'a, T> {
    arena: &'a TypedArena<T>,
    /// The block in which it lies: the current one, unless something was allocated meanwhile. Without a block it has no room.
    block: Option<NonNull<Head>>,
    at: NonNull<T>,
    len: usize,
    capacity: usize,
}

impl<'a, T> Draft<'a, T> {
    /// An empty draft with room for the `announced` values.
    #[inline]
    pub(super) fn new(arena: &'a TypedArena<T>, announced: usize) -> Self {
        let mut draft = Self { arena, block: None, at: NonNull::dangling(), len: 0, capacity: 0 };
        if announced > 0 || arena.blocks.len.get() < arena.capacity.get() {
            draft.claim(announced, if announced > 0 { announced } else { UNANNOUNCED });
        }
        draft
    }

    /// Makes room for `least` values, and for `wanted` if that takes no other block. There is room, or `least` is not zero. If memory is
    /// exhausted, panics with the values kept.
    #[inline]
    fn claim(&mut self, least: usize, wanted: usize) {
        let arena = self.arena;
        self.let_go();
        if least > arena.spare().len() {
            arena.open_or_raise(wanted.max(least), Room::Step);
        }
        let room = arena.spare();
        let at = room.cast();
        if at != self.at {
            // SAFETY: both ranges must be valid for these values and not overlap; there is room for them behind the arena's values, and
            // what is not the draft's old place is no part of it.
            unsafe { ptr::copy_nonoverlapping(self.at.as_ptr(), at.as_ptr(), self.len) };
        }
        self.block = arena.blocks.current.get();
        self.at = at;
        self.capacity = wanted.min(room.len());
        if TypedArena::<T>::HAS_BYTES {
            let (used, capacity) = (arena.blocks.len.get(), arena.capacity.get());
            arena.hidden.set(Some(Hidden { draft_end: used + self.capacity, capacity }));
            arena.capacity.set(used);
        }
    }

    /// Shows the arena the room that this draft hid.
    #[inline]
    fn let_go(&self) {
        if self.block == self.arena.blocks.current.get()
            && let Some(hidden) = self.arena.hidden.take()
        {
            self.arena.capacity.set(hidden.capacity);
        }
    }

    /// Takes what `values` yields while there is room. Whether the room is used up: then there may be more.
    #[inline]
    pub(super) fn fill(&mut self, values: &mut impl Iterator<Item = T>) -> bool {
        /// The length, written down also when unwinding.
        struct Filled<'l> {
            draft: &'l mut usize,
            len: usize,
        }
        impl Drop for Filled<'_> {
            #[inline]
            fn drop(&mut self) {
                *self.draft = self.len;
            }
        }
        let (at, room) = (self.at, self.capacity - self.len);
        let mut filled = Filled { len: self.len, draft: &mut self.len };
        for value in values.take(room) {
            // SAFETY: the offset must stay inside the room; `take` yields no more than fit.
            let at = unsafe { at.add(filled.len) };
            // SAFETY: the place must be valid for writes, aligned and unused; it is behind the last value, in room that the arena hides.
            unsafe { at.write(value) };
            filled.len += 1;
        }
        drop(filled);
        self.len == self.capacity
    }

    /// Adds `value` to a draft whose room is used up.
    #[cold]
    #[inline(never)]
    pub(super) fn push(&mut self, value: T) {
        // At least twice as much, so that each value moves once on average.
        self.claim(self.len + 1, self.len.saturating_mul(2).max(UNANNOUNCED));
        self.fill(&mut core::iter::once(value));
    }

    /// The values, which the arena has from now on.
    #[inline]
    pub(super) fn finish(self) -> &'a mut [T] {
        let (at, len) = (self.at, self.len);
        drop(self);
        // SAFETY: the values must be initialised and unaliased while lent; they were written one by one, and each place is lent
        // once. Values without bytes lie anywhere.
        unsafe { slice::from_raw_parts_mut(at.as_ptr(), len) }
    }
}

impl<T> Drop for Draft<'_, T> {
    /// Gives the values to the arena: all of them, or those yielded before a panic.
    #[inline]
    fn drop(&mut self) {
        self.let_go();
        let blocks = &self.arena.blocks;
        match self.block {
            Some(block) if Some(block) != blocks.current.get() => {
                // SAFETY: the head must be valid and not borrowed; blocks stay in place, and nothing borrows a head for longer than a
                // statement.
                unsafe { (*block.as_ptr()).len += self.len };
                blocks.len_before.set(blocks.len_before.get() + self.len);
            }
            // Without a block there are no values, or they have no bytes.
            _ => blocks.len.set(blocks.len.get() + self.len),
        }
    }
}
