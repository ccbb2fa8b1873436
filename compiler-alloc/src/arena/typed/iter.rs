//! Walking over an arena's values: by exclusive reference, and by value.

use super::{Head, TypedArena};
use core::iter::FusedIterator;
use core::ptr::NonNull;
use core::slice;

/// All values of an arena, exclusively; see [`TypedArena::iter_mut`].
pub struct IterMut<'a, T> {
    /// What is left of the block that was begun.
    block: slice::IterMut<'a, T>,
    next: Option<NonNull<Head>>,
    left: usize,
}

// SAFETY: the iterator is a borrow of the values; heads are not changed while it lives.
unsafe impl<T: Send> Send for IterMut<'_, T> {}

// SAFETY: a shared iterator shows nothing but its length.
unsafe impl<T: Sync> Sync for IterMut<'_, T> {}

impl<'a, T> IterMut<'a, T> {
    /// Begins at the first value.
    pub(super) fn new(arena: &'a mut TypedArena<T>) -> Self {
        arena.leave();
        let left = arena.len();
        let without_bytes = if TypedArena::<T>::HAS_BYTES { 0 } else { left };
        // SAFETY: the values must be initialised and unaliased while lent; they have no bytes, or there are none.
        let block = unsafe { slice::from_raw_parts_mut(NonNull::dangling().as_ptr(), without_bytes) };
        Self { block: block.iter_mut(), next: arena.blocks.first.get(), left }
    }
}

impl<'a, T> Iterator for IterMut<'a, T> {
    type Item = &'a mut T;

    #[inline]
    fn next(&mut self) -> Option<&'a mut T> {
        loop {
            if let Some(value) = self.block.next() {
                self.left -= 1;
                return Some(value);
            }
            let block = self.next?;
            // SAFETY: the head must be initialised and not change meanwhile; the arena is exclusively borrowed for 'a.
            let head = unsafe { block.as_ref() };
            self.next = head.next;
            // SAFETY: the values must be initialised and unaliased for 'a; the arena is exclusively borrowed, `new` had
            // it write the length down, and each block is visited once.
            let values = unsafe { slice::from_raw_parts_mut(head.at.cast().as_ptr(), head.len) };
            self.block = values.iter_mut();
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T> ExactSizeIterator for IterMut<'_, T> {}

impl<T> FusedIterator for IterMut<'_, T> {}

impl<'a, T> IntoIterator for &'a mut TypedArena<T> {
    type Item = &'a mut T;
    type IntoIter = IterMut<'a, T>;

    fn into_iter(self) -> IterMut<'a, T> {
        self.iter_mut()
    }
}

/// All values of an arena by value, in the order in which they came. What is not yielded is dropped with it.
#[derive(Debug)]
pub struct IntoIter<T> {
    arena: TypedArena<T>,
}

impl<T> IntoIterator for TypedArena<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> IntoIter<T> {
        self.leave();
        IntoIter { arena: self }
    }
}

impl<T> Iterator for IntoIter<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        let blocks = &self.arena.blocks;
        if self.arena.is_empty() {
            return None;
        }
        let mut at = NonNull::<T>::dangling();
        while let Some(block) = blocks.first.get() {
            // SAFETY: the head must be initialised and not change meanwhile; the arena is this iterator's.
            let head = unsafe { block.as_ref() };
            at = head.at.cast();
            if blocks.gone.get() < head.len {
                break;
            }
            // All its values are gone. There is a later block, because there is another value.
            blocks.first.set(head.next);
            blocks.gone.set(0);
            blocks.len_before.set(blocks.len_before.get() - head.len);
        }
        // SAFETY: the offset must stay inside the block; the value is there.
        let at = unsafe { at.add(blocks.gone.get()) };
        blocks.gone.set(blocks.gone.get() + 1);
        // SAFETY: the value must be initialised and not used again where it lies; it counts as gone from now on.
        Some(unsafe { at.read() })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.arena.len(), Some(self.arena.len()))
    }
}

impl<T> ExactSizeIterator for IntoIter<T> {}

impl<T> FusedIterator for IntoIter<T> {}
