//! `Drain`: takes a range of values out of a vector.

use super::Vec;
use core::fmt;
use core::iter::FusedIterator;
use core::marker::PhantomData;
use core::mem;
use core::ops::Range;
use core::ptr::{self, NonNull};
use core::slice;

/// Takes a range of values out; see [`Vec::drain`].
///
/// ```text
///   0 ── stay ── vec.len ┄┄ yielded ┄┄ left.start ── drained ── left.end ┄┄ yielded ┄┄ tail ── stay ── tail + tail_len
/// ```
// Invariant: the vector's length is where the range began, so that it stays sound if this is forgotten.
pub struct Drain<'a, 'bump, T: 'a + 'bump> {
    /// Exclusively borrowed for 'a; as a pointer, so that 'bump may be shortened.
    vec: NonNull<Vec<'bump, T>>,
    /// Indexes of the values that were not yielded.
    left: Range<usize>,
    pub(super) tail: usize,
    pub(super) tail_len: usize,
    values: PhantomData<&'a T>,
}

// SAFETY: the vector is touched for its values only, which are this iterator's; its arena is not touched.
unsafe impl<T: Send> Send for Drain<'_, '_, T> {}

// SAFETY: a shared iterator shows nothing but shared values.
unsafe impl<T: Sync> Sync for Drain<'_, '_, T> {}

impl<'a, 'bump, T> Drain<'a, 'bump, T> {
    /// Begins to take the values from `start` to `end` out, which the caller checked.
    pub(super) fn new(vec: &'a mut Vec<'bump, T>, start: usize, end: usize) -> Self {
        assert!(start <= end && end <= vec.len);
        let tail_len = vec.len - end;
        vec.len = start;
        Self { vec: NonNull::from(vec), left: start..end, tail: end, tail_len, values: PhantomData }
    }

    /// The vector.
    pub(super) fn vec(&mut self) -> &mut Vec<'bump, T> {
        // SAFETY: the vector must be live and unaliased while lent; it is exclusively borrowed for 'a, and this iterator is
        // exclusively borrowed, too.
        unsafe { self.vec.as_mut() }
    }

    /// Where the value of this index is.
    fn place(&self, index: usize) -> *mut T {
        // SAFETY: the vector must be live and not exclusively borrowed; it is borrowed for 'a, and only through `self`.
        let vec = unsafe { self.vec.as_ref() };
        // SAFETY: the index must be inside the buffer; callers pass indexes below the old length.
        unsafe { vec.place(index) }
    }

    /// The values that were not yielded.
    fn as_slice(&self) -> &[T] {
        // SAFETY: the values must be initialised and not change while lent; they were not yielded.
        unsafe { slice::from_raw_parts(self.place(self.left.start), self.left.len()) }
    }

    /// Moves the tail to `tail`, for which there is room.
    pub(super) fn move_tail_to(&mut self, tail: usize) {
        let (from, to) = (self.place(self.tail), self.place(tail));
        // SAFETY: both ranges must be valid for these values; one is where they are, and for the other there is room by the
        // caller's word. They may overlap.
        unsafe { ptr::copy(from, to, self.tail_len) };
        self.tail = tail;
    }
}

impl<T> Iterator for Drain<'_, '_, T> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        let index = self.left.next()?;
        // SAFETY: the value must be initialised and not used again where it lies; it is excluded from now on.
        Some(unsafe { self.place(index).read() })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.left.size_hint()
    }
}

impl<T> DoubleEndedIterator for Drain<'_, '_, T> {
    #[inline]
    fn next_back(&mut self) -> Option<T> {
        let index = self.left.next_back()?;
        // SAFETY: the value must be initialised and not used again where it lies; it is excluded from now on.
        Some(unsafe { self.place(index).read() })
    }
}

impl<T> ExactSizeIterator for Drain<'_, '_, T> {}

impl<T> FusedIterator for Drain<'_, '_, T> {}

impl<T> Drop for Drain<'_, '_, T> {
    fn drop(&mut self) {
        /// Closes the gap, also when a destructor panics.
        struct Close<'d, 'a, 'bump, T>(&'d mut Drain<'a, 'bump, T>);
        impl<T> Drop for Close<'_, '_, '_, T> {
            fn drop(&mut self) {
                let len = self.0.vec().len;
                if self.0.tail != len {
                    self.0.move_tail_to(len);
                }
                let tail_len = mem::take(&mut self.0.tail_len);
                self.0.vec().len = len + tail_len;
            }
        }
        let left = mem::take(&mut self.left);
        let (from, count) = (self.place(left.start), left.len());
        let _close = Close(self);
        // SAFETY: the values must be initialised and not used again; they were not yielded, and are excluded from now on.
        unsafe { ptr::slice_from_raw_parts_mut(from, count).drop_in_place() };
    }
}

impl<'a, 'bump, T: 'a + 'bump + fmt::Debug> fmt::Debug for Drain<'a, 'bump, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Drain").field(&self.as_slice()).finish()
    }
}
