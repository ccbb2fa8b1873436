//! `Vec`: a growable array in an arena, with the methods of the standard library's.
//!
//! When it grows and its buffer is the arena's newest object, the buffer is extended in place and its content moved down;
//! otherwise it moves to new room and the old stays used until the arena's reset.
//!
//! # Invariant
//!
//! `len <= capacity`, and the first `len` values are initialised. While a closure or a destructor of the caller's runs, `len`
//! counts only values that nobody else will drop: a panic can leak values, but not drop one twice.

mod drain;
mod drain_filter;
mod edit;
mod into_iter;
mod splice;
mod traits;

pub use drain::Drain;
pub use drain_filter::DrainFilter;
pub use into_iter::IntoIter;
pub use splice::Splice;

pub(super) use edit::within;

use super::CollectionAllocErr;
use super::buffer::Buffer;
use crate::Bump;
use core::mem::{self, ManuallyDrop};
use core::ptr::{self, NonNull};
use core::slice;

/// A growable array in an arena. Dropping it drops its values and, if its buffer is the arena's newest object, gives the room
/// back.
///
/// ```
/// use bumpalo::{Bump, collections::Vec};
/// let bump = Bump::new();
/// let mut names = Vec::new_in(&bump);
/// names.push("main");
/// names.extend_from_slice(&["x", "y"]);
/// let names: &[&str] = names.into_bump_slice();
/// assert_eq!(names, ["main", "x", "y"]);
/// ```
///
/// A vector cannot outlive its arena:
///
/// ```compile_fail
/// use bumpalo::{Bump, collections::Vec};
/// let kept: Vec<i32> = { let bump = Bump::new(); Vec::new_in(&bump) };
/// assert!(kept.is_empty());
/// ```
pub struct Vec<'bump, T: 'bump> {
    buffer: Buffer<'bump, T>,
    len: usize,
}

impl<'bump, T: 'bump> Vec<'bump, T> {
    /// An empty vector. Takes no room.
    #[inline]
    pub fn new_in(bump: &'bump Bump) -> Self {
        Self { buffer: Buffer::new_in(bump), len: 0 }
    }

    /// An empty vector with room for exactly `capacity` values.
    ///
    /// # Panics
    ///
    /// If memory or the limit is exhausted.
    #[inline]
    pub fn with_capacity_in(capacity: usize, bump: &'bump Bump) -> Self {
        Self { buffer: Buffer::with_capacity_in(capacity, bump), len: 0 }
    }

    /// A vector of what `iter` yields.
    ///
    /// # Panics
    ///
    /// If memory or the limit is exhausted, or with `iter`.
    pub fn from_iter_in<I: IntoIterator<Item = T>>(iter: I, bump: &'bump Bump) -> Self {
        let mut vec = Self::new_in(bump);
        vec.extend(iter);
        vec
    }

    /// The vector of these parts.
    ///
    /// # Safety
    ///
    /// - They are those of a vector of `T` in `bump` that nobody else owns, or `ptr` is room that `bump` handed out for
    ///   `capacity` values of `T`; if `capacity` is zero or `T` has no bytes, `ptr` is only aligned and not null.
    /// - `length <= capacity`, and the first `length` values are initialised.
    #[inline]
    pub unsafe fn from_raw_parts_in(ptr: *mut T, length: usize, capacity: usize, bump: &'bump Bump) -> Self {
        // SAFETY: the pointer must not be null; the caller says so.
        let at = unsafe { NonNull::new_unchecked(ptr) };
        // SAFETY: the parts must fulfil the buffer's invariant; the caller says so.
        Self { buffer: unsafe { Buffer::from_parts(at, capacity, bump) }, len: length }
    }

    /// The arena.
    #[inline]
    #[must_use]
    pub fn bump(&self) -> &'bump Bump {
        self.buffer.bump()
    }

    /// For how many values there is room: `usize::MAX` if they have no bytes.
    #[inline]
    pub fn capacity(&self) -> usize {
        self.buffer.capacity()
    }

    /// Makes room for `additional` more values, and more to make the next time rarer.
    ///
    /// # Panics
    ///
    /// If memory or the limit is exhausted, or if the capacity would overflow.
    #[inline(always)]
    pub fn reserve(&mut self, additional: usize) {
        self.buffer.reserve(self.len, additional);
    }

    /// Makes room for exactly `additional` more values.
    ///
    /// # Panics
    ///
    /// If memory or the limit is exhausted, or if the capacity would overflow.
    pub fn reserve_exact(&mut self, additional: usize) {
        self.buffer.reserve_exact(self.len, additional);
    }

    /// As [`reserve`](Self::reserve), without panicking.
    ///
    /// # Errors
    ///
    /// If memory or the limit is exhausted, or if the capacity would overflow; then the vector is as it was.
    pub fn try_reserve(&mut self, additional: usize) -> Result<(), CollectionAllocErr> {
        self.buffer.try_reserve(self.len, additional)
    }

    /// As [`reserve_exact`](Self::reserve_exact), without panicking.
    ///
    /// # Errors
    ///
    /// If memory or the limit is exhausted, or if the capacity would overflow; then the vector is as it was.
    pub fn try_reserve_exact(&mut self, additional: usize) -> Result<(), CollectionAllocErr> {
        self.buffer.try_reserve_exact(self.len, additional)
    }

    /// Lowers the capacity to the length. The room is free again if it was the arena's newest.
    pub fn shrink_to_fit(&mut self) {
        self.buffer.shrink_to(self.len);
    }

    /// The values, lent for as long as the arena is. Their destructors do not run.
    #[inline]
    pub fn into_bump_slice(self) -> &'bump [T] {
        self.into_bump_slice_mut()
    }

    /// The values, lent exclusively for as long as the arena is. Their destructors do not run.
    #[inline]
    pub fn into_bump_slice_mut(self) -> &'bump mut [T] {
        let (buffer, len) = self.into_parts();
        // SAFETY: the values must be initialised, unaliased and in place for 'bump; the vector, which is gone, had them, and its
        // room stays used.
        unsafe { slice::from_raw_parts_mut(buffer.leak().as_ptr(), len) }
    }

    /// The values as a box, which will drop them.
    #[cfg(feature = "boxed")]
    #[inline]
    pub fn into_boxed_slice(self) -> crate::boxed::Box<'bump, [T]> {
        let values: *mut [T] = self.into_bump_slice_mut();
        // SAFETY: the values must be initialised, owned by nobody else and in place for 'bump; the vector has just given them
        // up.
        unsafe { crate::boxed::Box::from_raw(values) }
    }

    /// The buffer and how many of its values are initialised; they are the caller's now.
    fn into_parts(self) -> (Buffer<'bump, T>, usize) {
        let vec = ManuallyDrop::new(self);
        // SAFETY: the buffer must be initialised and not used again where it lies; the vector is never dropped.
        (unsafe { ptr::read(&vec.buffer) }, vec.len)
    }

    /// All values.
    #[inline]
    pub fn as_slice(&self) -> &[T] {
        // SAFETY: the values must be initialised and not change while lent; the first `len` are.
        unsafe { slice::from_raw_parts(self.buffer.at(), self.len) }
    }

    /// All values, exclusively.
    #[inline]
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        // SAFETY: the values must be initialised and unaliased while lent; the first `len` are, and the vector is exclusively
        // borrowed.
        unsafe { slice::from_raw_parts_mut(self.buffer.at(), self.len) }
    }

    /// Where the buffer begins: dangling if the capacity is zero.
    #[inline]
    pub fn as_ptr(&self) -> *const T {
        self.buffer.at()
    }

    /// Where the buffer begins: dangling if the capacity is zero.
    #[inline]
    pub fn as_mut_ptr(&mut self) -> *mut T {
        self.buffer.at()
    }

    /// Says how many values there are.
    ///
    /// # Safety
    ///
    /// `new_len <= capacity`, and the first `new_len` values are initialised.
    #[inline]
    pub unsafe fn set_len(&mut self, new_len: usize) {
        debug_assert!(new_len <= self.capacity());
        self.len = new_len;
    }

    /// How many values there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Where the value of this index is, or would be.
    ///
    /// # Safety
    ///
    /// `index <= capacity`.
    #[inline(always)]
    unsafe fn place(&self, index: usize) -> *mut T {
        // SAFETY: the offset must stay inside the buffer or at its end; the caller says so.
        unsafe { self.buffer.at().add(index) }
    }

    /// Appends a value.
    ///
    /// # Panics
    ///
    /// If memory or the limit is exhausted; then `value` is dropped.
    #[inline]
    pub fn push(&mut self, value: T) {
        self.reserve(1);
        // SAFETY: the index must be inside the buffer; there is room for one more.
        let at = unsafe { self.place(self.len) };
        // SAFETY: the place must be valid for writes, aligned and unused; it is behind the last value.
        unsafe { at.write(value) };
        self.len += 1;
    }

    /// Appends `count` values, each what `value` answers for its number.
    ///
    /// # Safety
    ///
    /// There is room for them.
    #[inline]
    unsafe fn append_made(&mut self, count: usize, mut value: impl FnMut(usize) -> T) {
        let mut tail = Tail::of(self);
        for index in 0..count {
            // SAFETY: there must be room for one more; the caller says that there is for `count`.
            unsafe { tail.push(value(index)) };
        }
    }

    /// Appends what `values` yields as long as there is room. Answers the first value that found none.
    #[inline]
    fn append_while_room(&mut self, values: &mut impl Iterator<Item = T>) -> Option<T> {
        let capacity = self.capacity();
        let mut tail = Tail::of(self);
        for value in values {
            if tail.len == capacity {
                return Some(value);
            }
            // SAFETY: there must be room for one more; the length is lower than the capacity, which does not change meanwhile.
            unsafe { tail.push(value) };
        }
        None
    }

    /// Takes the last value off.
    #[inline]
    pub fn pop(&mut self) -> Option<T> {
        self.len = self.len.checked_sub(1)?;
        // SAFETY: the index must be inside the buffer; it was that of the last value.
        let at = unsafe { self.place(self.len) };
        // SAFETY: the value must be initialised and not used again where it lies; the length excludes it now.
        Some(unsafe { at.read() })
    }

    /// Takes the last value off if `predicate` says so.
    pub fn pop_if(&mut self, predicate: impl FnOnce(&mut T) -> bool) -> Option<T> {
        if predicate(self.last_mut()?) { self.pop() } else { None }
    }

    /// Drops all values but the first `len`.
    pub fn truncate(&mut self, len: usize) {
        if len >= self.len {
            return;
        }
        let rest = mem::replace(&mut self.len, len) - len;
        // SAFETY: the index must be inside the buffer; it was that of a value.
        let at = unsafe { self.place(len) };
        // SAFETY: the values must be initialised and not used again; the length, which is already lower, excludes them.
        unsafe { ptr::slice_from_raw_parts_mut(at, rest).drop_in_place() };
    }

    /// Drops all values and keeps the room.
    #[inline]
    pub fn clear(&mut self) {
        self.truncate(0);
    }

    /// Moves all values of `other` to the end of this vector.
    ///
    /// # Panics
    ///
    /// If memory or the limit is exhausted; then both are as they were.
    pub fn append(&mut self, other: &mut Self) {
        let count = other.len;
        self.reserve(count);
        // SAFETY: the index must be inside the buffer; there is room for `count` more.
        let to = unsafe { self.place(self.len) };
        // SAFETY: both ranges must be valid for `count` values and not overlap; they are of two vectors.
        unsafe { ptr::copy_nonoverlapping(other.as_ptr(), to, count) };
        other.len = 0;
        self.len += count;
    }

    /// Takes the values from `at` on into a vector of their own in the same arena.
    ///
    /// # Panics
    ///
    /// If `at > len`, or if memory or the limit is exhausted; then the vector is as it was.
    pub fn split_off(&mut self, at: usize) -> Self {
        assert!(at <= self.len, "`at` is {at} and the length {}", self.len);
        let count = self.len - at;
        let mut other = Self::with_capacity_in(count, self.bump());
        // SAFETY: the index must be inside the buffer; it is at most the length.
        let from = unsafe { self.place(at) };
        // SAFETY: both ranges must be valid for `count` values and not overlap; the other vector's room is fresh.
        unsafe { ptr::copy_nonoverlapping(from, other.as_mut_ptr(), count) };
        self.len = at;
        other.len = count;
        other
    }
}

impl<'bump, T: 'bump + Clone> Vec<'bump, T> {
    /// Makes the length `new_len`: drops what is beyond it, or appends clones of `value`, the last of which is `value` itself.
    ///
    /// # Panics
    ///
    /// If memory or the limit is exhausted, or if a clone panics.
    pub fn resize(&mut self, new_len: usize, value: T) {
        let Some(added) = new_len.checked_sub(self.len).filter(|added| *added > 0) else {
            return self.truncate(new_len);
        };
        self.reserve(added);
        // SAFETY: there must be room for so many; `reserve` made it for `added`, which is one more.
        unsafe { self.append_made(added - 1, |_| value.clone()) };
        self.push(value);
    }

    /// Appends clones of all values of `other`.
    ///
    /// # Panics
    ///
    /// If memory or the limit is exhausted, or if a clone panics.
    pub fn extend_from_slice(&mut self, other: &[T]) {
        self.reserve(other.len());
        // SAFETY: there must be room for so many; it was just made.
        unsafe { self.append_made(other.len(), |index| other[index].clone()) };
    }
}

impl<'bump, T: 'bump + Copy> Vec<'bump, T> {
    /// Appends copies of all values of `other`, at once.
    ///
    /// # Panics
    ///
    /// If memory or the limit is exhausted.
    pub fn extend_from_slice_copy(&mut self, other: &[T]) {
        self.reserve(other.len());
        self.append_copies(other);
    }

    /// Appends copies of all values of all `slices`, after making room once.
    ///
    /// # Panics
    ///
    /// If memory or the limit is exhausted, or if the capacity would overflow.
    pub fn extend_from_slices_copy(&mut self, slices: &[&[T]]) {
        let total = slices.iter().try_fold(0usize, |sum, slice| sum.checked_add(slice.len()));
        self.reserve(total.expect("capacity overflow"));
        for slice in slices {
            self.append_copies(slice);
        }
    }

    /// Appends copies of values for which there is room.
    #[inline]
    fn append_copies(&mut self, values: &[T]) {
        assert!(values.len() <= self.capacity() - self.len);
        // SAFETY: the index must be inside the buffer; it is at most the length.
        let to = unsafe { self.place(self.len) };
        // SAFETY: both ranges must be valid for these values and not overlap; there is room, as just checked, and the vector is
        // exclusively borrowed.
        unsafe { ptr::copy_nonoverlapping(values.as_ptr(), to, values.len()) };
        self.len += values.len();
    }
}

/// A vector that is being appended to. It learns its new length when this is dropped, also by a panic of who makes the values, so that
/// meanwhile the length and the place can stay in registers.
struct Tail<'v, T> {
    first: *mut T,
    len: usize,
    len_of_vector: &'v mut usize,
}

impl<'v, T> Tail<'v, T> {
    #[inline(always)]
    fn of(vec: &'v mut Vec<'_, T>) -> Self {
        Self { first: vec.buffer.at(), len: vec.len, len_of_vector: &mut vec.len }
    }

    /// Appends a value.
    ///
    /// # Safety
    ///
    /// The vector has room for it.
    #[inline(always)]
    unsafe fn push(&mut self, value: T) {
        // SAFETY: the offset must stay inside the buffer; the caller says that there is room, and the exclusive borrow of the vector keeps
        // the buffer where it was.
        let at = unsafe { self.first.add(self.len) };
        // SAFETY: the place must be valid for writes, aligned and unused; it is behind the last value.
        unsafe { at.write(value) };
        self.len += 1;
    }
}

impl<T> Drop for Tail<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        *self.len_of_vector = self.len;
    }
}

impl<T> Drop for Vec<'_, T> {
    fn drop(&mut self) {
        self.truncate(0);
    }
}
