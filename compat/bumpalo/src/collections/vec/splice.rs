//! `Splice`: takes a range of values out of a vector and puts others in their place.

use super::{Drain, Vec};
use crate::Bump;
use core::marker::PhantomData;

/// Takes a range of values out and, when it is dropped, puts others in their place; see [`Vec::splice`].
///
/// Neither `Send` nor `Sync`, unlike bumpalo's: dropping it may allocate from the arena, which has one user at a time.
#[derive(Debug)]
pub struct Splice<'a, 'bump, I>
where
    I: Iterator,
    I::Item: 'a + 'bump,
{
    drain: Drain<'a, 'bump, I::Item>,
    replace_with: I,
    arena: PhantomData<&'bump Bump>,
}

impl<'a, 'bump, I: Iterator> Splice<'a, 'bump, I> {
    pub(super) fn new(drain: Drain<'a, 'bump, I::Item>, replace_with: I) -> Self {
        Self { drain, replace_with, arena: PhantomData }
    }

    /// Puts values between the vector's end and the tail until one of them, or the room there, is used up. Answers whether the
    /// room was.
    fn fill(&mut self) -> bool {
        let tail = self.drain.tail;
        let vec = self.drain.vec();
        while vec.len < tail {
            let Some(value) = self.replace_with.next() else { return false };
            // SAFETY: the index must be inside the buffer; it is below the tail's.
            let at = unsafe { vec.place(vec.len) };
            // SAFETY: the place must be valid for writes, aligned and unused; its value was taken out.
            unsafe { at.write(value) };
            vec.len += 1;
        }
        true
    }

    /// Makes room for `additional` more values before the tail.
    fn make_room(&mut self, additional: usize) {
        let (tail, tail_len) = (self.drain.tail, self.drain.tail_len);
        self.drain.vec().buffer.reserve(tail + tail_len, additional);
        self.drain.move_tail_to(tail + additional);
    }
}

impl<I: Iterator> Iterator for Splice<'_, '_, I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        self.drain.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.drain.size_hint()
    }
}

impl<I: Iterator> DoubleEndedIterator for Splice<'_, '_, I> {
    fn next_back(&mut self) -> Option<I::Item> {
        self.drain.next_back()
    }
}

impl<I: Iterator> ExactSizeIterator for Splice<'_, '_, I> {}

impl<I: Iterator> Drop for Splice<'_, '_, I> {
    fn drop(&mut self) {
        // If a destructor or `replace_with` panics, the drain closes what is left of the gap.
        self.drain.by_ref().for_each(drop);
        if !self.fill() {
            return;
        }
        let (more, _) = self.replace_with.size_hint();
        if more > 0 {
            self.make_room(more);
            if !self.fill() {
                return;
            }
        }
        // The rest is of unknown number: collected first, so that the tail moves once.
        let bump = self.drain.vec().bump();
        let mut rest = Vec::from_iter_in(self.replace_with.by_ref(), bump);
        if rest.is_empty() {
            return;
        }
        self.make_room(rest.len);
        self.drain.vec().append(&mut rest);
    }
}
