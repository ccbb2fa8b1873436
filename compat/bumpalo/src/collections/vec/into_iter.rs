//! `IntoIter`: a vector's values by value.

use super::Vec;
use core::fmt;
use core::iter::FusedIterator;
use core::marker::PhantomData;
use core::mem;
use core::ops::Range;
use core::ptr::{self, NonNull};
use core::slice;

/// A vector's values by value. What is not yielded is dropped with it; the buffer stays used until the arena's reset.
// Invariant: the values at `left` are initialised, owned by this iterator, and in place for 'bump.
pub struct IntoIter<'bump, T> {
    buffer: NonNull<T>,
    /// Indexes of the values that were not yielded.
    left: Range<usize>,
    values: PhantomData<&'bump [T]>,
}

// SAFETY: the values are this iterator's, and the arena is not touched.
unsafe impl<T: Send> Send for IntoIter<'_, T> {}

// SAFETY: a shared iterator shows nothing but shared values.
unsafe impl<T: Sync> Sync for IntoIter<'_, T> {}

impl<'bump, T: 'bump> IntoIter<'bump, T> {
    /// The values that were not yielded.
    pub fn as_slice(&self) -> &[T] {
        // SAFETY: the values must be initialised and not change while lent; they were not yielded.
        unsafe { slice::from_raw_parts(self.place(self.left.start), self.left.len()) }
    }

    /// The values that were not yielded, exclusively.
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        // SAFETY: the values must be initialised and unaliased while lent; they were not yielded, and the iterator is
        // exclusively borrowed.
        unsafe { slice::from_raw_parts_mut(self.place(self.left.start), self.left.len()) }
    }
}

impl<T> IntoIter<'_, T> {
    /// Where the value of this index is.
    #[inline(always)]
    fn place(&self, index: usize) -> *mut T {
        // SAFETY: the offset must stay inside the buffer or at its end; no index is above the end of `left` as it was.
        unsafe { self.buffer.as_ptr().add(index) }
    }
}

impl<'bump, T: 'bump> IntoIterator for Vec<'bump, T> {
    type Item = T;
    type IntoIter = IntoIter<'bump, T>;

    #[inline]
    fn into_iter(self) -> IntoIter<'bump, T> {
        let (buffer, end) = self.into_parts();
        IntoIter { buffer: buffer.leak(), left: 0..end, values: PhantomData }
    }
}

impl<'bump, T: 'bump> Iterator for IntoIter<'bump, T> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        let index = self.left.next()?;
        // SAFETY: the value must be initialised and not used again where it lies; it is excluded from now on.
        Some(unsafe { self.place(index).read() })
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.left.size_hint()
    }

    #[inline]
    fn count(self) -> usize {
        self.left.len()
    }
}

impl<'bump, T: 'bump> DoubleEndedIterator for IntoIter<'bump, T> {
    #[inline]
    fn next_back(&mut self) -> Option<T> {
        let index = self.left.next_back()?;
        // SAFETY: the value must be initialised and not used again where it lies; it is excluded from now on.
        Some(unsafe { self.place(index).read() })
    }
}

impl<'bump, T: 'bump> ExactSizeIterator for IntoIter<'bump, T> {}

impl<'bump, T: 'bump> FusedIterator for IntoIter<'bump, T> {}

impl<T> Drop for IntoIter<'_, T> {
    fn drop(&mut self) {
        let left = mem::take(&mut self.left);
        let (from, count) = (self.place(left.start), left.len());
        // SAFETY: the values must be initialised and not used again; they were not yielded, and are excluded from now on.
        unsafe { ptr::slice_from_raw_parts_mut(from, count).drop_in_place() };
    }
}

impl<T: fmt::Debug> fmt::Debug for IntoIter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("IntoIter").field(&self.as_slice()).finish()
    }
}
