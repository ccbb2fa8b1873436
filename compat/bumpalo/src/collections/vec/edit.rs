//! Changing a vector in the middle: insert, remove, retain, dedup, and the iterators that do so.

use super::{Drain, DrainFilter, Splice, Vec};
use core::ops::{Bound, RangeBounds};
use core::ptr;

impl<'bump, T: 'bump> Vec<'bump, T> {
    /// Takes the value at `index` out and puts the last one in its place.
    ///
    /// # Panics
    ///
    /// If there is no such value.
    pub fn swap_remove(&mut self, index: usize) -> T {
        let last = self.len.checked_sub(1).filter(|last| index <= *last);
        let Some(last) = last else { out_of_bounds(index, self.len) };
        self.as_mut_slice().swap(index, last);
        self.len = last;
        // SAFETY: the index must be inside the buffer; it was that of the last value.
        let at = unsafe { self.place(last) };
        // SAFETY: the value must be initialised and not used again where it lies; the length excludes it now.
        unsafe { at.read() }
    }

    /// Puts a value before the one at `index`, or at the end.
    ///
    /// # Panics
    ///
    /// If `index > len`, or if memory or the limit is exhausted.
    pub fn insert(&mut self, index: usize, element: T) {
        if index > self.len {
            out_of_bounds(index, self.len);
        }
        self.reserve(1);
        // SAFETY: the index must be inside the buffer; it is at most the length.
        let at = unsafe { self.place(index) };
        // SAFETY: the index must be inside the buffer; there is room for one more.
        let above = unsafe { self.place(index + 1) };
        // SAFETY: both ranges must be valid for these values; there is room for one more behind them.
        unsafe { ptr::copy(at, above, self.len - index) };
        // SAFETY: the place must be valid for writes, aligned and unused; its value has just moved up.
        unsafe { at.write(element) };
        self.len += 1;
    }

    /// Takes the value at `index` out and moves those behind it down.
    ///
    /// # Panics
    ///
    /// If there is no such value.
    pub fn remove(&mut self, index: usize) -> T {
        if index >= self.len {
            out_of_bounds(index, self.len);
        }
        // SAFETY: the index must be inside the buffer; it is that of a value.
        let at = unsafe { self.place(index) };
        // SAFETY: the value must be initialised and not used again where it lies; the next lines overwrite it, or exclude it.
        let value = unsafe { at.read() };
        self.len -= 1;
        // SAFETY: the index must be inside the buffer; it is at most the old length.
        let above = unsafe { self.place(index + 1) };
        // SAFETY: both ranges must be valid for these values; they are those that were behind the one taken out.
        unsafe { ptr::copy(above, at, self.len - index) };
        value
    }

    /// Drops the values for which `f` answers `false`. If `f` or a destructor panics, the values that were not asked about stay.
    ///
    /// # Panics
    ///
    /// With `f` or a destructor.
    pub fn retain<F>(&mut self, mut f: F)
    where
        F: FnMut(&T) -> bool,
    {
        self.retain_mut(|value| f(value));
    }

    /// As [`retain`](Self::retain); `f` may change the values.
    ///
    /// # Panics
    ///
    /// With `f` or a destructor.
    pub fn retain_mut<F>(&mut self, mut f: F)
    where
        F: FnMut(&mut T) -> bool,
    {
        let mut gap = Gap::new(self);
        while let Some(value) = gap.next() {
            if f(value) {
                gap.keep();
            } else {
                drop(gap.take());
            }
        }
    }

    /// An iterator that takes the values out for which `filter` answers `true`. What it has not asked about when it is dropped
    /// is asked about then.
    pub fn drain_filter<'a, F>(&'a mut self, filter: F) -> DrainFilter<'a, 'bump, T, F>
    where
        F: FnMut(&mut T) -> bool,
    {
        DrainFilter::new(self, filter)
    }

    /// Of neighbours with the same key, drops all but the first.
    ///
    /// # Panics
    ///
    /// With `key`, its result's `PartialEq`, or a destructor.
    #[inline]
    pub fn dedup_by_key<F, K>(&mut self, mut key: F)
    where
        F: FnMut(&mut T) -> K,
        K: PartialEq,
    {
        self.dedup_by(|a, b| key(a) == key(b));
    }

    /// Of neighbours that `same_bucket` calls the same, drops all but the first. It is asked with the later value first. If it
    /// or a destructor panics, the values that were not asked about stay.
    ///
    /// # Panics
    ///
    /// With `same_bucket` or a destructor.
    pub fn dedup_by<F>(&mut self, mut same_bucket: F)
    where
        F: FnMut(&mut T, &mut T) -> bool,
    {
        let mut gap = Gap::new(self);
        while let Some((value, kept)) = gap.next_and_last_kept() {
            if kept.is_some_and(|kept| same_bucket(value, kept)) {
                drop(gap.take());
            } else {
                gap.keep();
            }
        }
    }

    /// An iterator that takes the values of `range` out. They are gone when it is dropped, however many it yielded.
    ///
    /// # Panics
    ///
    /// If the range begins behind its end, or ends behind the last value.
    pub fn drain<'a, R>(&'a mut self, range: R) -> Drain<'a, 'bump, T>
    where
        R: RangeBounds<usize>,
    {
        let (start, end) = within(&range, self.len);
        Drain::new(self, start, end)
    }

    /// An iterator that takes the values of `range` out and, when it is dropped, puts those of `replace_with` in their place.
    ///
    /// # Panics
    ///
    /// If the range begins behind its end, or ends behind the last value.
    #[inline]
    pub fn splice<'a, R, I>(&'a mut self, range: R, replace_with: I) -> Splice<'a, 'bump, I::IntoIter>
    where
        R: RangeBounds<usize>,
        I: IntoIterator<Item = T>,
    {
        Splice::new(self.drain(range), replace_with.into_iter())
    }
}

impl<'bump, T: 'bump + PartialEq> Vec<'bump, T> {
    /// Of equal neighbours, drops all but the first.
    ///
    /// # Panics
    ///
    /// With `PartialEq` or a destructor.
    #[inline]
    pub fn dedup(&mut self) {
        self.dedup_by(|a, b| a == b);
    }
}

/// A vector that is gone through from front to back while some values leave:
///
/// ```text
///   0 ── kept ── kept_len ┄┄ gap ┄┄ next ── not asked about ── end
/// ```
///
/// The vector's own length is zero meanwhile. Dropping this, also when unwinding, moves what was not asked about down and sets
/// the length.
pub(super) struct Gap<'a, 'bump, T> {
    vec: &'a mut Vec<'bump, T>,
    kept_len: usize,
    next: usize,
    end: usize,
    /// Whether the value at `next` is lost when the gap closes: neither kept nor dropped.
    pub(super) in_doubt: bool,
}

impl<'a, 'bump, T> Gap<'a, 'bump, T> {
    /// Begins at the front.
    pub(super) fn new(vec: &'a mut Vec<'bump, T>) -> Self {
        let end = core::mem::take(&mut vec.len);
        Self { vec, kept_len: 0, next: 0, end, in_doubt: false }
    }

    /// How many values were not asked about.
    pub(super) fn remaining(&self) -> usize {
        self.end - self.next
    }

    /// The next value that was not asked about.
    pub(super) fn next(&mut self) -> Option<&mut T> {
        self.next_and_last_kept().map(|(value, _)| value)
    }

    /// The next value that was not asked about, and the last one that is kept.
    fn next_and_last_kept(&mut self) -> Option<(&mut T, Option<&mut T>)> {
        if self.next == self.end {
            return None;
        }
        // SAFETY: the index must be inside the buffer; it is below the old length.
        let value = unsafe { self.vec.place(self.next) };
        let kept = self.kept_len.checked_sub(1).map(|last| {
            // SAFETY: the index must be inside the buffer; it is below the old length.
            let kept = unsafe { self.vec.place(last) };
            // SAFETY: the value must be initialised and unaliased while lent; it was kept, and lies below the gap and `next`.
            unsafe { &mut *kept }
        });
        // SAFETY: the value must be initialised and unaliased while lent; nobody asked about it yet.
        Some((unsafe { &mut *value }, kept))
    }

    /// Keeps the value at `next`.
    pub(super) fn keep(&mut self) {
        assert!(self.next < self.end);
        if self.kept_len != self.next {
            // SAFETY: the index must be inside the buffer; it is below the old length.
            let from = unsafe { self.vec.place(self.next) };
            // SAFETY: the index must be inside the buffer; it is below `next`.
            let to = unsafe { self.vec.place(self.kept_len) };
            // SAFETY: both places must be valid for one value and differ; the one at `to` has left.
            unsafe { ptr::copy_nonoverlapping(from, to, 1) };
        }
        self.kept_len += 1;
        self.next += 1;
    }

    /// Takes the value at `next` out.
    pub(super) fn take(&mut self) -> T {
        assert!(self.next < self.end);
        // SAFETY: the index must be inside the buffer; it is below the old length.
        let at = unsafe { self.vec.place(self.next) };
        self.next += 1;
        // SAFETY: the value must be initialised and not used again where it lies; it is in the gap now.
        unsafe { at.read() }
    }
}

impl<T> Drop for Gap<'_, '_, T> {
    fn drop(&mut self) {
        if self.in_doubt {
            self.next += 1;
        }
        let rest = self.remaining();
        // SAFETY: the index must be inside the buffer; it is at most the old length.
        let from = unsafe { self.vec.place(self.next) };
        // SAFETY: the index must be inside the buffer; it is at most `next`.
        let to = unsafe { self.vec.place(self.kept_len) };
        // SAFETY: both ranges must be valid for these values; they lie below the old length. They may overlap.
        unsafe { ptr::copy(from, to, rest) };
        self.vec.len = self.kept_len + rest;
    }
}

/// The range as two indexes, checked.
pub(in crate::collections) fn within(range: &impl RangeBounds<usize>, len: usize) -> (usize, usize) {
    let start = match range.start_bound() {
        Bound::Included(start) => Some(*start),
        Bound::Excluded(before) => before.checked_add(1),
        Bound::Unbounded => Some(0),
    };
    let end = match range.end_bound() {
        Bound::Included(last) => last.checked_add(1),
        Bound::Excluded(end) => Some(*end),
        Bound::Unbounded => Some(len),
    };
    match (start, end) {
        (Some(start), Some(end)) if start <= end && end <= len => (start, end),
        _ => panic!("the range is not within a length of {len}"),
    }
}

/// Ends a call with an index behind the last value.
#[cold]
#[inline(never)]
fn out_of_bounds(index: usize, len: usize) -> ! {
    panic!("the index is {index} and the length {len}")
}
