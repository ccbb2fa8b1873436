//! `ArenaVec`: a growable array whose buffer lies in an arena.

use super::alloc::NoDrop;
use super::bump;
use super::raw::raise;
use super::scope::Scope;
use crate::fault::{FactName, Fault, FaultCode};
use core::alloc::Layout;
use core::fmt;
use core::marker::PhantomData;
use core::mem::needs_drop;
use core::ops::{Deref, DerefMut};
use core::ptr::{self, NonNull};
use core::slice;

/// A growable array in an arena: 16 bytes, no destructor, and no pointer to the arena, so it can be part of a
/// sealed result. The arena is an argument of every call that may grow.
///
/// At most `u32::MAX` elements. When the buffer is the newest object of the arena it grows in place; otherwise it
/// moves, and the old buffer stays unused until the arena is reset. Elements must not have destructors.
///
/// ```
/// use compiler_alloc::{Arena, ArenaVec};
/// let arena = Arena::new();
/// let scope = arena.as_scope();
/// let mut items = ArenaVec::new();
/// for item in 0..10 {
///     items.push(scope, item);
/// }
/// let frozen: &mut [i32] = items.into_slice();
/// assert_eq!(frozen.iter().sum::<i32>(), 45);
/// ```
pub struct ArenaVec<'a, T> {
    ptr: NonNull<T>,
    len: u32,
    cap: u32,
    /// Owns its elements for 'a; covariant in both.
    owns: PhantomData<(&'a (), T)>,
}

// SAFETY: the vector must own its elements exclusively; it does, as a `Box<[T]>` would, and it knows no arena.
unsafe impl<T: Send> Send for ArenaVec<'_, T> {}
// SAFETY: sharing the vector must share only its elements; every method with `&self` gives out `&T` only.
unsafe impl<T: Sync> Sync for ArenaVec<'_, T> {}

/// Capacity of the first buffer, by element size in bytes: about a cache line, and at least one.
const fn first_cap(size: usize) -> u32 {
    match size {
        0 => u32::MAX,
        1 => 16,
        2..=16 => 4,
        17..=1024 => 2,
        _ => 1,
    }
}

impl<'a, T> ArenaVec<'a, T> {
    const CAP_NONE: u32 = if size_of::<T>() == 0 { u32::MAX } else { 0 };

    /// An empty vector. Allocates nothing.
    #[inline]
    pub const fn new() -> Self {
        const { NoDrop::<T>::CHECK };
        Self { ptr: NonNull::dangling(), len: 0, cap: Self::CAP_NONE, owns: PhantomData }
    }

    /// An empty vector with room for `cap` elements.
    ///
    /// # Panics
    ///
    /// If memory or a limit is exhausted, or `cap` exceeds `u32::MAX`.
    pub fn with_capacity_in<const M: usize>(cap: usize, arena: &Scope<'a, M>) -> Self {
        const { NoDrop::<T>::CHECK };
        let mut vec = Self::new();
        vec.reserve(arena, cap);
        vec
    }

    /// Appends `value`; grows the buffer in `arena` if it is full.
    ///
    /// # Panics
    ///
    /// If memory or a limit is exhausted, or the vector holds `u32::MAX` elements.
    #[inline(always)]
    pub fn push<const M: usize>(&mut self, arena: &Scope<'a, M>, value: T) {
        if self.len == self.cap {
            self.grow_one(arena);
        }
        // SAFETY: the length must be below the capacity; it was, or `grow_one` made room.
        unsafe { self.push_unchecked(value) };
    }

    /// Appends `value`; grows the buffer in `arena` if it is full.
    ///
    /// # Errors
    ///
    /// A fault if memory or a limit is exhausted, together with the value; the vector is as it was.
    #[inline]
    pub fn try_push<const M: usize>(&mut self, arena: &Scope<'a, M>, value: T) -> Result<(), (Fault, T)> {
        if self.len == self.cap
            && let Err(fault) = self.try_reserve(arena, 1)
        {
            return Err((fault, value));
        }
        // SAFETY: the length must be below the capacity; it was, or `try_reserve` made room.
        unsafe { self.push_unchecked(value) };
        Ok(())
    }

    /// Appends without looking at the capacity.
    ///
    /// # Safety
    ///
    /// The length is below the capacity.
    #[inline(always)]
    unsafe fn push_unchecked(&mut self, value: T) {
        // SAFETY: the offset must stay inside the buffer; the caller says that the length is below the capacity.
        let end = unsafe { self.ptr.add(self.len as usize) };
        // SAFETY: the place must be valid for writes and unused; it lies in the buffer, beyond the elements.
        unsafe { end.write(value) };
        self.len += 1;
    }

    /// Makes room for one more element.
    #[inline(never)]
    fn grow_one<const M: usize>(&mut self, arena: &Scope<'a, M>) {
        if let Err(fault) = self.grow_to(arena, self.cap.saturating_mul(2).max(first_cap(size_of::<T>())), 1)
        {
            raise(&fault)
        }
    }

    /// Makes room for `more` further elements.
    ///
    /// # Panics
    ///
    /// If memory or a limit is exhausted, or the vector would exceed `u32::MAX` elements.
    #[inline]
    pub fn reserve<const M: usize>(&mut self, arena: &Scope<'a, M>, more: usize) {
        if let Err(fault) = self.try_reserve(arena, more) {
            raise(&fault)
        }
    }

    /// Makes room for `more` further elements.
    ///
    /// # Errors
    ///
    /// A fault if memory or a limit is exhausted, or if the vector would exceed `u32::MAX` elements; the vector is
    /// as it was.
    #[inline]
    pub fn try_reserve<const M: usize>(&mut self, arena: &Scope<'a, M>, more: usize) -> Result<(), Fault> {
        if more <= (self.cap - self.len) as usize {
            return Ok(());
        }
        let need = u32::try_from(more)
            .ok()
            .and_then(|more| self.len.checked_add(more))
            .ok_or_else(|| too_many::<T>(more))?;
        let doubled = if self.cap == 0 { 0 } else { self.cap.saturating_mul(2) };
        self.grow_to(arena, need.max(doubled), more)
    }

    /// Makes the capacity at least `cap`, which exceeds the present one unless elements have size zero.
    fn grow_to<const M: usize>(&mut self, arena: &Scope<'a, M>, cap: u32, more: usize) -> Result<(), Fault> {
        let Ok(new) = Layout::array::<T>(cap as usize) else { return Err(too_many::<T>(more)) };
        if cap <= self.cap || size_of::<T>() == 0 {
            return Err(too_many::<T>(more));
        }
        let raw = arena.raw();
        // The newest object grows in place: only the difference is taken, directly below, and the elements move
        // down.
        let below = match Layout::array::<T>((cap - self.cap) as usize) {
            Ok(below) if self.cap != 0 => raw.grow_newest(self.ptr.cast(), below),
            _ => None,
        };
        let room = match below {
            Some(room) => room,
            None => raw.try_alloc_layout(new)?,
        };
        // SAFETY: both ranges must be valid for the elements; the old one holds them, the new one has room for
        // more. They may overlap.
        unsafe { ptr::copy(self.ptr.as_ptr(), room.cast::<T>().as_ptr(), self.len as usize) };
        self.ptr = room.cast();
        self.cap = cap;
        Ok(())
    }

    /// Appends copies of all `values`.
    ///
    /// # Panics
    ///
    /// If memory or a limit is exhausted, or the vector would exceed `u32::MAX` elements.
    #[inline]
    pub fn extend_from_slice<const M: usize>(&mut self, arena: &Scope<'a, M>, values: &[T])
    where
        T: Copy,
    {
        if let Err(fault) = self.try_extend_from_slice(arena, values) {
            raise(&fault)
        }
    }

    /// Appends copies of all `values`.
    ///
    /// # Errors
    ///
    /// A fault if memory or a limit is exhausted, or if the vector would exceed `u32::MAX` elements; the vector is
    /// as it was.
    #[inline]
    pub fn try_extend_from_slice<const M: usize>(
        &mut self,
        arena: &Scope<'a, M>,
        values: &[T],
    ) -> Result<(), Fault>
    where
        T: Copy,
    {
        self.try_reserve(arena, values.len())?;
        // SAFETY: the offset must stay inside the buffer; the length never exceeds the capacity.
        let end = unsafe { self.ptr.add(self.len as usize) };
        // SAFETY: both ranges must be valid for this many values and not overlap; room for them was just reserved,
        // and `values` cannot lie in our spare capacity.
        unsafe { ptr::copy_nonoverlapping(values.as_ptr(), end.as_ptr(), values.len()) };
        self.len += values.len() as u32;
        Ok(())
    }

    /// Appends everything that `values` yields. The iterator may allocate from the same arena.
    ///
    /// # Panics
    ///
    /// If memory or a limit is exhausted, or the vector would exceed `u32::MAX` elements, or if the iterator
    /// panics; then the vector holds what was yielded before.
    pub fn extend<const M: usize>(&mut self, arena: &Scope<'a, M>, values: impl IntoIterator<Item = T>) {
        let values = values.into_iter();
        let (at_least, _) = values.size_hint();
        self.reserve(arena, at_least);
        for value in values {
            self.push(arena, value);
        }
    }

    /// Removes the last element and answers it.
    #[inline]
    pub fn pop(&mut self) -> Option<T> {
        self.len = self.len.checked_sub(1)?;
        // SAFETY: the offset must stay inside the buffer; it is that of the element that was last.
        let last = unsafe { self.ptr.add(self.len as usize) };
        // SAFETY: the element must be initialised and not be used again; it was one of the elements and is beyond
        // the length now.
        Some(unsafe { last.read() })
    }

    /// Removes the element at `index` and puts the last one in its place.
    ///
    /// # Panics
    ///
    /// If `index` is out of bounds.
    pub fn swap_remove(&mut self, index: usize) -> T {
        let last = self.len().checked_sub(1).filter(|last| index <= *last);
        let Some(last) = last else { panic!("swap_remove: index {index} of {}", self.len()) };
        self.swap(index, last);
        match self.pop() {
            Some(value) => value,
            None => unreachable!("the vector has an element at `index`"),
        }
    }

    /// Shortens the vector to `len` elements; does nothing if it has fewer.
    #[inline]
    pub fn truncate(&mut self, len: usize) {
        const { assert!(!needs_drop::<T>()) };
        if len < self.len() {
            self.len = len as u32;
        }
    }

    /// Removes all elements and keeps the buffer.
    #[inline]
    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// Gives the room for further elements back to the arena, if the buffer is its newest object; otherwise does nothing, as the room could
    /// not be used before the arena is reset. Moves the elements. What is left of the room is less than the arena's alignment, or an
    /// element.
    ///
    /// ```
    /// use compiler_alloc::{Arena, ArenaVec};
    /// let arena = Arena::new();
    /// let mut items = ArenaVec::with_capacity_in(100, arena.as_scope());
    /// items.extend(arena.as_scope(), 0_u64..3);
    /// items.shrink_to_fit(arena.as_scope());
    /// assert_eq!((&*items, arena.used_bytes()), (&[0, 1, 2][..], 24));
    /// ```
    pub fn shrink_to_fit<const M: usize>(&mut self, arena: &Scope<'a, M>) {
        let bytes = self.cap as usize * size_of::<T>();
        let spare = bytes - self.len as usize * size_of::<T>();
        let given = bump::round_down(spare, if align_of::<T>() > M { align_of::<T>() } else { M });
        let raw = arena.raw();
        if given == 0 || !raw.is_newest(self.ptr.cast()) {
            return;
        }
        // SAFETY: the offset must stay inside the buffer; it is at most what the buffer has beside its elements.
        let kept = unsafe { self.ptr.byte_add(given) };
        // SAFETY: both ranges must be valid for the elements; they lie in the buffer, the second begins `given` bytes later and is aligned,
        // because `given` is a multiple of the alignment. They may overlap.
        unsafe { ptr::copy(self.ptr.as_ptr(), kept.as_ptr(), self.len as usize) };
        // SAFETY: the arena must have handed these bytes out, and nothing may refer to them; they are the low end of the buffer, which this
        // vector owns and whose elements have moved above them.
        unsafe { raw.unalloc(self.ptr.cast(), given) };
        self.ptr = kept;
        self.cap = ((bytes - given) / size_of::<T>()) as u32;
    }

    /// How many elements fit without growing.
    #[inline]
    pub const fn capacity(&self) -> usize {
        self.cap as usize
    }

    /// The elements, for the lifetime of the arena's scope.
    #[inline]
    pub fn into_slice(self) -> &'a mut [T] {
        // SAFETY: the elements must be initialised and unaliased for 'a; the vector owns them, and it is consumed.
        unsafe { slice::from_raw_parts_mut(self.ptr.as_ptr(), self.len as usize) }
    }
}

#[cold]
fn too_many<T>(more: usize) -> Fault {
    Fault::new(FaultCode::Exhaustion, "arena vector")
        .with(FactName::Asked, more.saturating_mul(size_of::<T>()) as u64)
}

impl<T> Default for ArenaVec<'_, T> {
    fn default() -> Self {
        const { NoDrop::<T>::CHECK };
        Self::new()
    }
}

impl<T> Deref for ArenaVec<'_, T> {
    type Target = [T];
    #[inline]
    fn deref(&self) -> &[T] {
        // SAFETY: the elements must be initialised and not change while borrowed; the first `len` are, and the
        // borrow covers the vector.
        unsafe { slice::from_raw_parts(self.ptr.as_ptr(), self.len as usize) }
    }
}

impl<T> DerefMut for ArenaVec<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: the elements must be initialised and unaliased while borrowed; the first `len` are, and the
        // borrow is exclusive.
        unsafe { slice::from_raw_parts_mut(self.ptr.as_ptr(), self.len as usize) }
    }
}

impl<'v, T> IntoIterator for &'v ArenaVec<'_, T> {
    type Item = &'v T;
    type IntoIter = slice::Iter<'v, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'v, T> IntoIterator for &'v mut ArenaVec<'_, T> {
    type Item = &'v mut T;
    type IntoIter = slice::IterMut<'v, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

impl<T: fmt::Debug> fmt::Debug for ArenaVec<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self[..].fmt(f)
    }
}

impl<T: PartialEq> PartialEq for ArenaVec<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        self[..] == other[..]
    }
}

impl<T: Eq> Eq for ArenaVec<'_, T> {}
