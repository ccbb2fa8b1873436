//! Slices and strings: copied, cloned, or made element by element. Every call has a `try_` twin that answers an error for
//! want of memory, and what makes elements may fail, too (`_try_fill_`).

use super::Bump;
use crate::error::{AllocErr, no_room};
use core::alloc::Layout;
use core::ptr::{self, NonNull};
use core::slice;

#[allow(clippy::mut_from_ref, reason = "every call hands out memory that nothing else refers to")]
impl<const MIN_ALIGN: usize> Bump<MIN_ALIGN> {
    /// Copies a slice into the arena.
    ///
    /// # Panics
    ///
    /// If memory or the limit is exhausted.
    #[inline(always)]
    pub fn alloc_slice_copy<T>(&self, src: &[T]) -> &mut [T]
    where
        T: Copy,
    {
        copy_into(self.alloc_layout(Layout::for_value(src)).cast(), src)
    }

    /// As [`alloc_slice_copy`](Self::alloc_slice_copy), without panicking.
    ///
    /// # Errors
    ///
    /// If memory or the limit is exhausted.
    #[inline(always)]
    pub fn try_alloc_slice_copy<T>(&self, src: &[T]) -> Result<&mut [T], AllocErr>
    where
        T: Copy,
    {
        Ok(copy_into(self.try_alloc_layout(Layout::for_value(src))?.cast(), src))
    }

    /// Clones a slice's elements into the arena.
    ///
    /// # Panics
    ///
    /// If memory or the limit is exhausted, or if a clone panics.
    #[inline(always)]
    pub fn alloc_slice_clone<T>(&self, src: &[T]) -> &mut [T]
    where
        T: Clone,
    {
        self.alloc_slice_fill_iter(src.iter().cloned())
    }

    /// As [`alloc_slice_clone`](Self::alloc_slice_clone), without panicking for want of memory.
    ///
    /// # Errors
    ///
    /// If memory or the limit is exhausted; then nothing was cloned.
    #[inline(always)]
    pub fn try_alloc_slice_clone<T>(&self, src: &[T]) -> Result<&mut [T], AllocErr>
    where
        T: Clone,
    {
        self.try_alloc_slice_fill_iter(src.iter().cloned())
    }

    /// Copies a string into the arena.
    ///
    /// # Panics
    ///
    /// If memory or the limit is exhausted.
    #[inline(always)]
    pub fn alloc_str(&self, src: &str) -> &mut str {
        as_text(self.alloc_slice_copy(src.as_bytes()))
    }

    /// As [`alloc_str`](Self::alloc_str), without panicking.
    ///
    /// # Errors
    ///
    /// If memory or the limit is exhausted.
    #[inline(always)]
    pub fn try_alloc_str(&self, src: &str) -> Result<&mut str, AllocErr> {
        self.try_alloc_slice_copy(src.as_bytes()).map(as_text)
    }

    /// A slice of `len` values, each what `f` answers for its index. `f` may allocate from this arena; if it panics the values
    /// that it made so far are not dropped.
    ///
    /// # Panics
    ///
    /// If memory or the limit is exhausted, or with `f`.
    #[inline(always)]
    pub fn alloc_slice_fill_with<T, F>(&self, len: usize, mut f: F) -> &mut [T]
    where
        F: FnMut(usize) -> T,
    {
        self.alloc_slice_fill_iter((0..len).map(&mut f))
    }

    /// As [`alloc_slice_fill_with`](Self::alloc_slice_fill_with), without panicking for want of memory.
    ///
    /// # Errors
    ///
    /// If memory or the limit is exhausted; `f` is not called then.
    #[inline(always)]
    pub fn try_alloc_slice_fill_with<T, F>(&self, len: usize, mut f: F) -> Result<&mut [T], AllocErr>
    where
        F: FnMut(usize) -> T,
    {
        self.try_alloc_slice_fill_iter((0..len).map(&mut f))
    }

    /// A slice of `len` values, each what `f` answers for its index, or the first error it answers; then the room is free
    /// again, if nothing was allocated since, and the values made before are not dropped.
    ///
    /// # Errors
    ///
    /// What `f` answers.
    ///
    /// # Panics
    ///
    /// If memory or the limit is exhausted, or with `f`.
    #[inline(always)]
    pub fn alloc_slice_try_fill_with<T, F, E>(&self, len: usize, mut f: F) -> Result<&mut [T], E>
    where
        F: FnMut(usize) -> Result<T, E>,
    {
        self.alloc_slice_try_fill_iter((0..len).map(&mut f))
    }

    /// A slice of `len` copies of `value`.
    ///
    /// # Panics
    ///
    /// If memory or the limit is exhausted.
    #[inline(always)]
    pub fn alloc_slice_fill_copy<T: Copy>(&self, len: usize, value: T) -> &mut [T] {
        self.alloc_slice_fill_with(len, |_| value)
    }

    /// As [`alloc_slice_fill_copy`](Self::alloc_slice_fill_copy), without panicking.
    ///
    /// # Errors
    ///
    /// If memory or the limit is exhausted.
    #[inline(always)]
    pub fn try_alloc_slice_fill_copy<T: Copy>(&self, len: usize, value: T) -> Result<&mut [T], AllocErr> {
        self.try_alloc_slice_fill_with(len, |_| value)
    }

    /// A slice of `len` clones of `value`.
    ///
    /// # Panics
    ///
    /// If memory or the limit is exhausted, or if a clone panics.
    #[inline(always)]
    pub fn alloc_slice_fill_clone<T: Clone>(&self, len: usize, value: &T) -> &mut [T] {
        self.alloc_slice_fill_with(len, |_| value.clone())
    }

    /// As [`alloc_slice_fill_clone`](Self::alloc_slice_fill_clone), without panicking for want of memory.
    ///
    /// # Errors
    ///
    /// If memory or the limit is exhausted; then nothing was cloned.
    #[inline(always)]
    pub fn try_alloc_slice_fill_clone<T: Clone>(&self, len: usize, value: &T) -> Result<&mut [T], AllocErr> {
        self.try_alloc_slice_fill_with(len, |_| value.clone())
    }

    /// A slice of what `iter` yields, as many values as its `len()` says.
    ///
    /// # Panics
    ///
    /// If memory or the limit is exhausted, with `iter`, or if it yields fewer values than it said.
    #[inline(always)]
    pub fn alloc_slice_fill_iter<T, I>(&self, iter: I) -> &mut [T]
    where
        I: IntoIterator<Item = T>,
        I::IntoIter: ExactSizeIterator,
    {
        let mut values = iter.into_iter();
        let len = values.len();
        fill_iter(self.room_for_slice(len), len, &mut values)
    }

    /// As [`alloc_slice_fill_iter`](Self::alloc_slice_fill_iter), without panicking for want of memory.
    ///
    /// # Errors
    ///
    /// If memory or the limit is exhausted; then nothing was taken from `iter`.
    ///
    /// # Panics
    ///
    /// With `iter`, or if it yields fewer values than it said.
    #[inline(always)]
    pub fn try_alloc_slice_fill_iter<T, I>(&self, iter: I) -> Result<&mut [T], AllocErr>
    where
        I: IntoIterator<Item = T>,
        I::IntoIter: ExactSizeIterator,
    {
        let mut values = iter.into_iter();
        let len = values.len();
        Ok(fill_iter(self.try_room_for_slice(len)?, len, &mut values))
    }

    /// A slice of what `iter` yields, or its first error; then the room is free again, if nothing was allocated since, and the
    /// values yielded before are not dropped.
    ///
    /// # Errors
    ///
    /// The first that `iter` yields.
    ///
    /// # Panics
    ///
    /// If memory or the limit is exhausted, with `iter`, or if it yields fewer results than it said.
    #[inline(always)]
    pub fn alloc_slice_try_fill_iter<T, I, E>(&self, iter: I) -> Result<&mut [T], E>
    where
        I: IntoIterator<Item = Result<T, E>>,
        I::IntoIter: ExactSizeIterator,
    {
        let mut results = iter.into_iter();
        let len = results.len();
        let room = self.room_for_slice::<T>(len);
        match try_fill_iter(room, len, &mut results) {
            Ok(values) => Ok(values),
            Err(error) => {
                if let Ok(layout) = Layout::array::<T>(len) {
                    // SAFETY: the room must be this arena's, handed out for this layout, and nothing may refer to it; it is the
                    // room taken above, and its values are given up.
                    unsafe { self.dealloc(room.cast(), layout) };
                }
                Err(error)
            }
        }
    }

    /// A slice of `len` default values.
    ///
    /// # Panics
    ///
    /// If memory or the limit is exhausted, or if a `Default` implementation panics.
    #[inline(always)]
    pub fn alloc_slice_fill_default<T: Default>(&self, len: usize) -> &mut [T] {
        self.alloc_slice_fill_with(len, |_| T::default())
    }

    /// As [`alloc_slice_fill_default`](Self::alloc_slice_fill_default), without panicking for want of memory.
    ///
    /// # Errors
    ///
    /// If memory or the limit is exhausted; then no value was made.
    #[inline(always)]
    pub fn try_alloc_slice_fill_default<T: Default>(&self, len: usize) -> Result<&mut [T], AllocErr> {
        self.try_alloc_slice_fill_with(len, |_| T::default())
    }

    /// Room for `len` values of type `T`.
    #[inline(always)]
    fn room_for_slice<T>(&self, len: usize) -> NonNull<T> {
        match Layout::array::<T>(len) {
            Ok(layout) => self.alloc_layout(layout).cast(),
            Err(_) => no_room(),
        }
    }

    /// Room for `len` values of type `T`, or an error.
    #[inline(always)]
    fn try_room_for_slice<T>(&self, len: usize) -> Result<NonNull<T>, AllocErr> {
        let layout = Layout::array::<T>(len).map_err(|_| AllocErr)?;
        self.try_alloc_layout(layout).map(NonNull::cast)
    }
}

/// Copies `values` into fresh room for as many.
#[inline(always)]
fn copy_into<'s, T: Copy>(room: NonNull<T>, values: &[T]) -> &'s mut [T] {
    // SAFETY: both ranges must be valid for this many values and must not overlap; the room has just been taken for them.
    unsafe { ptr::copy_nonoverlapping(values.as_ptr(), room.as_ptr(), values.len()) };
    // SAFETY: the values must be initialised and unaliased for 's; they were just written, and arenas hand out each byte once.
    unsafe { slice::from_raw_parts_mut(room.as_ptr(), values.len()) }
}

/// Moves `len` values into fresh room for as many.
#[inline(always)]
fn fill_iter<'s, T>(room: NonNull<T>, len: usize, values: &mut impl Iterator<Item = T>) -> &'s mut [T] {
    for index in 0..len {
        let Some(value) = values.next() else { too_few() };
        write_at(room, index, value);
    }
    // SAFETY: the values must be initialised and unaliased for 's; all `len` were just written, and arenas hand out each byte
    // once.
    unsafe { slice::from_raw_parts_mut(room.as_ptr(), len) }
}

/// Moves the values of `len` results into fresh room for as many, up to the first error.
#[inline(always)]
fn try_fill_iter<'s, T, E>(
    room: NonNull<T>,
    len: usize,
    results: &mut impl Iterator<Item = Result<T, E>>,
) -> Result<&'s mut [T], E> {
    for index in 0..len {
        let Some(result) = results.next() else { too_few() };
        write_at(room, index, result?);
    }
    // SAFETY: the values must be initialised and unaliased for 's; all `len` were just written, and arenas hand out each byte
    // once.
    Ok(unsafe { slice::from_raw_parts_mut(room.as_ptr(), len) })
}

/// Writes one value of a slice; the callers count `index` up to the length they took room for.
#[inline(always)]
fn write_at<T>(room: NonNull<T>, index: usize, value: T) {
    // SAFETY: the offset must stay inside the room; `index` is below its length.
    let at = unsafe { room.add(index) };
    // SAFETY: the place must be valid for writes, aligned and unused; it lies in room that was taken for this type.
    unsafe { at.write(value) };
}

/// A copy of a string's bytes as a string.
#[inline(always)]
fn as_text(bytes: &mut [u8]) -> &mut str {
    // SAFETY: the bytes must be UTF-8; they are a copy of a string's, and nothing else refers to them.
    unsafe { core::str::from_utf8_unchecked_mut(bytes) }
}

/// An iterator broke its promise about its length.
#[cold]
#[inline(never)]
fn too_few() -> ! {
    panic!("the iterator yielded fewer values than it said")
}
