//! The allocation families of [`Scope`]: values, strings and slices. Every call has a `try_` twin that answers a
//! fault instead of panicking.
//!
//! No call runs a destructor later, so types with destructors are refused at compile time (see
//! [`Scope::alloc_drop`]).

use super::drops::DropEntry;
use super::raw::raise;
use super::scope::Scope;
use crate::fault::{FactName, Fault, FaultCode};
use core::alloc::Layout;
use core::mem::needs_drop;
use core::ptr::{self, NonNull};
use core::slice;

/// Refuses, at compile time, types whose destructor would never run. Every public call names the check itself, also where one that it
/// calls does: the compiler's message shows the line that called whoever names it first.
pub(crate) struct NoDrop<T>(T);

impl<T> NoDrop<T> {
    /// For what lies in an arena.
    pub(crate) const CHECK: () = assert!(
        !needs_drop::<T>(),
        "an arena runs no destructors, and this type has one: put the value into a `TypedArena`, pass it to `alloc_drop` if it is `Send + 'static`, or keep it outside"
    );

    /// For a sealed result.
    pub(crate) const RESULT: () = assert!(
        !needs_drop::<T>(),
        "no part of a sealed result may have a destructor, because none would run: build it of references, slices and the collections `ArenaVec`, `ArenaStr` and `ArenaMap`"
    );
}

/// Why a fallible initialiser left nothing in the arena.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InitError<E> {
    /// There was no room.
    Alloc(Fault),
    /// The closure answered an error.
    Init(E),
}

#[allow(clippy::mut_from_ref, reason = "every call hands out memory that nothing else refers to")]
impl<'s, const MIN_ALIGN: usize> Scope<'s, MIN_ALIGN> {
    /// Room for a `T`. Nothing is executed for types of size zero.
    #[inline(always)]
    fn room_for<T>(&self) -> NonNull<T> {
        if size_of::<T>() == 0 {
            return NonNull::dangling();
        }
        self.raw().alloc_layout(Layout::new::<T>()).cast()
    }

    /// Room for a `T`, or a fault.
    #[inline(always)]
    fn try_room_for<T>(&self) -> Result<NonNull<T>, Fault> {
        if size_of::<T>() == 0 {
            return Ok(NonNull::dangling());
        }
        self.raw().try_alloc_layout(Layout::new::<T>()).map(NonNull::cast)
    }

    /// Room for `len` values of type `T`.
    #[inline(always)]
    fn room_for_slice<T>(&self, len: usize) -> NonNull<T> {
        if size_of::<T>() == 0 {
            return NonNull::dangling();
        }
        match Layout::array::<T>(len) {
            Ok(layout) => self.raw().alloc_layout(layout).cast(),
            Err(_) => raise_too_long::<T>(len),
        }
    }

    /// Room for `len` values of type `T`, or a fault.
    #[inline(always)]
    fn try_room_for_slice<T>(&self, len: usize) -> Result<NonNull<T>, Fault> {
        if size_of::<T>() == 0 {
            return Ok(NonNull::dangling());
        }
        match Layout::array::<T>(len) {
            Ok(layout) => self.raw().try_alloc_layout(layout).map(NonNull::cast),
            Err(_) => Err(too_long::<T>(len)),
        }
    }

    /// Moves `value` into the arena. Four instructions and one conditional branch beyond storing the value.
    ///
    /// Refuses types with destructors at compile time.
    ///
    /// # Panics
    ///
    /// If memory or a limit is exhausted.
    #[inline(always)]
    pub fn alloc<T>(&self, value: T) -> &'s mut T {
        const { NoDrop::<T>::CHECK };
        fill(self.room_for(), value)
    }

    /// Moves `value` into the arena.
    ///
    /// # Errors
    ///
    /// A fault if memory or a limit is exhausted; what was allocated is as it was.
    #[inline(always)]
    pub fn try_alloc<T>(&self, value: T) -> Result<&'s mut T, Fault> {
        const { NoDrop::<T>::CHECK };
        Ok(fill(self.try_room_for()?, value))
    }

    /// Puts the result of `f` into the arena; the compiler can build it in place. `f` may allocate from the same
    /// arena. If it panics its room stays unused until the next reset or rewind.
    ///
    /// # Panics
    ///
    /// If memory or a limit is exhausted; `f` is not called then.
    #[inline(always)]
    pub fn alloc_with<T>(&self, f: impl FnOnce() -> T) -> &'s mut T {
        const { NoDrop::<T>::CHECK };
        fill_with(self.room_for(), f)
    }

    /// Puts the result of `f` into the arena; see [`alloc_with`](Self::alloc_with).
    ///
    /// # Errors
    ///
    /// A fault if memory or a limit is exhausted; `f` is not called then.
    #[inline(always)]
    pub fn try_alloc_with<T>(&self, f: impl FnOnce() -> T) -> Result<&'s mut T, Fault> {
        const { NoDrop::<T>::CHECK };
        Ok(fill_with(self.try_room_for()?, f))
    }

    /// Puts what `f` answers into the arena, or answers its error; then its room is free again, if nothing was
    /// allocated since.
    ///
    /// # Errors
    ///
    /// What `f` answers.
    ///
    /// # Panics
    ///
    /// If memory or a limit is exhausted; `f` is not called then.
    #[inline]
    pub fn alloc_try_with<T, E>(&self, f: impl FnOnce() -> Result<T, E>) -> Result<&'s mut T, E> {
        const { NoDrop::<T>::CHECK };
        self.fill_try_with(self.room_for(), f)
    }

    /// As [`alloc_try_with`](Self::alloc_try_with), without panicking.
    ///
    /// # Errors
    ///
    /// What `f` answers, or a fault if memory or a limit is exhausted; `f` is not called then.
    #[inline]
    pub fn try_alloc_try_with<T, E>(
        &self,
        f: impl FnOnce() -> Result<T, E>,
    ) -> Result<&'s mut T, InitError<E>> {
        const { NoDrop::<T>::CHECK };
        let room = self.try_room_for().map_err(InitError::Alloc)?;
        self.fill_try_with(room, f).map_err(InitError::Init)
    }

    #[inline(always)]
    fn fill_try_with<T, E>(
        &self,
        room: NonNull<T>,
        f: impl FnOnce() -> Result<T, E>,
    ) -> Result<&'s mut T, E> {
        match f() {
            Ok(value) => Ok(fill(room, value)),
            Err(error) => {
                // SAFETY: this arena must have handed out that many bytes there, and nothing may refer to them; it
                // has just done so for `room`, which was never filled.
                unsafe { self.raw().unalloc(room.cast(), size_of::<T>()) };
                Err(error)
            }
        }
    }

    /// Copies a string into the arena.
    ///
    /// # Panics
    ///
    /// If memory or a limit is exhausted.
    #[inline(always)]
    pub fn alloc_str(&self, text: &str) -> &'s mut str {
        let bytes = self.alloc_slice_copy(text.as_bytes());
        // SAFETY: the bytes must be UTF-8; they are a copy of a string's, and nothing else refers to them.
        unsafe { core::str::from_utf8_unchecked_mut(bytes) }
    }

    /// Copies a string into the arena.
    ///
    /// # Errors
    ///
    /// A fault if memory or a limit is exhausted; what was allocated is as it was.
    #[inline(always)]
    pub fn try_alloc_str(&self, text: &str) -> Result<&'s mut str, Fault> {
        let bytes = self.try_alloc_slice_copy(text.as_bytes())?;
        // SAFETY: the bytes must be UTF-8; they are a copy of a string's, and nothing else refers to them.
        Ok(unsafe { core::str::from_utf8_unchecked_mut(bytes) })
    }

    /// Copies a slice into the arena.
    ///
    /// # Panics
    ///
    /// If memory or a limit is exhausted.
    #[inline(always)]
    pub fn alloc_slice_copy<T: Copy>(&self, values: &[T]) -> &'s mut [T] {
        let room = if align_of::<T>() == 1 {
            // SAFETY: the length must be at most `isize::MAX`; no slice is longer.
            unsafe { self.raw().alloc_slice_bytes(size_of_val(values)) }.cast()
        } else {
            self.raw().alloc_layout(Layout::for_value(values)).cast()
        };
        copy_into(room, values)
    }

    /// Copies a slice into the arena.
    ///
    /// # Errors
    ///
    /// A fault if memory or a limit is exhausted; what was allocated is as it was.
    #[inline(always)]
    pub fn try_alloc_slice_copy<T: Copy>(&self, values: &[T]) -> Result<&'s mut [T], Fault> {
        let room = if align_of::<T>() == 1 {
            // SAFETY: the length must be at most `isize::MAX`; no slice is longer.
            unsafe { self.raw().try_alloc_slice_bytes(size_of_val(values)) }?.cast()
        } else {
            self.raw().try_alloc_layout(Layout::for_value(values))?.cast()
        };
        Ok(copy_into(room, values))
    }

    /// Clones a slice's elements into the arena.
    ///
    /// # Panics
    ///
    /// If memory or a limit is exhausted, or if a clone panics.
    #[inline]
    pub fn alloc_slice_clone<T: Clone>(&self, values: &[T]) -> &'s mut [T] {
        const { NoDrop::<T>::CHECK };
        self.alloc_slice_fill_iter(values.iter().cloned())
    }

    /// Clones a slice's elements into the arena.
    ///
    /// # Errors
    ///
    /// A fault if memory or a limit is exhausted; nothing was cloned then.
    #[inline]
    pub fn try_alloc_slice_clone<T: Clone>(&self, values: &[T]) -> Result<&'s mut [T], Fault> {
        const { NoDrop::<T>::CHECK };
        self.try_alloc_slice_fill_iter(values.iter().cloned())
    }

    /// A slice of `len` values, each the result of `f` for its index. `f` may allocate from the same arena.
    ///
    /// # Panics
    ///
    /// If memory or a limit is exhausted, or if `f` panics.
    #[inline]
    pub fn alloc_slice_fill_with<T>(&self, len: usize, f: impl FnMut(usize) -> T) -> &'s mut [T] {
        const { NoDrop::<T>::CHECK };
        self.alloc_slice_fill_iter((0..len).map(f))
    }

    /// A slice of `len` values, each the result of `f` for its index; see
    /// [`alloc_slice_fill_with`](Self::alloc_slice_fill_with).
    ///
    /// # Errors
    ///
    /// A fault if memory or a limit is exhausted; `f` was not called then.
    #[inline]
    pub fn try_alloc_slice_fill_with<T>(
        &self,
        len: usize,
        f: impl FnMut(usize) -> T,
    ) -> Result<&'s mut [T], Fault> {
        const { NoDrop::<T>::CHECK };
        self.try_alloc_slice_fill_iter((0..len).map(f))
    }

    /// A slice of what `values` yields, at most as many as its `len()` says; fewer if it yields fewer. The iterator
    /// may allocate from the same arena. For iterators of unknown length use [`ArenaVec`](super::ArenaVec).
    ///
    /// # Panics
    ///
    /// If memory or a limit is exhausted, or if the iterator panics.
    #[inline]
    pub fn alloc_slice_fill_iter<T>(
        &self,
        values: impl IntoIterator<Item = T, IntoIter: ExactSizeIterator>,
    ) -> &'s mut [T] {
        const { NoDrop::<T>::CHECK };
        let values = values.into_iter();
        let len = values.len();
        fill_iter(self.room_for_slice(len), len, values)
    }

    /// A slice of what `values` yields; see [`alloc_slice_fill_iter`](Self::alloc_slice_fill_iter).
    ///
    /// # Errors
    ///
    /// A fault if memory or a limit is exhausted; nothing was taken from the iterator then.
    #[inline]
    pub fn try_alloc_slice_fill_iter<T>(
        &self,
        values: impl IntoIterator<Item = T, IntoIter: ExactSizeIterator>,
    ) -> Result<&'s mut [T], Fault> {
        const { NoDrop::<T>::CHECK };
        let values = values.into_iter();
        let len = values.len();
        Ok(fill_iter(self.try_room_for_slice(len)?, len, values))
    }

    /// Room for `layout`; the content is unspecified. The room stays in place for `'s`.
    ///
    /// # Panics
    ///
    /// If memory or a limit is exhausted.
    #[inline(always)]
    pub fn alloc_layout(&self, layout: Layout) -> NonNull<u8> {
        self.raw().alloc_layout(layout)
    }

    /// Room for `layout`; the content is unspecified. The room stays in place for `'s`.
    ///
    /// # Errors
    ///
    /// A fault if memory or a limit is exhausted; what was allocated is as it was.
    #[inline(always)]
    pub fn try_alloc_layout(&self, layout: Layout) -> Result<NonNull<u8>, Fault> {
        self.raw().try_alloc_layout(layout)
    }

    /// Moves `value` into the arena and runs its destructor when the arena is reset or dropped, or when this scope
    /// ends. Destructors run newest first; each is taken off the list before it runs, and a panic in one does not
    /// stop the others. Costs two words more than `alloc`.
    ///
    /// The value must not borrow, because nothing orders destructors with the data they could look at; and it may
    /// be dropped by another thread than the one that made it. Keep borrowed values with destructors outside the
    /// arena.
    ///
    /// # Panics
    ///
    /// If memory or a limit is exhausted; then `value` is dropped.
    #[inline]
    pub fn alloc_drop<T: Send + 'static>(&self, value: T) -> &'s mut T {
        match self.try_alloc_drop(value) {
            Ok(value) => value,
            Err((fault, value)) => {
                drop(value);
                raise(&fault)
            }
        }
    }

    /// As [`alloc_drop`](Self::alloc_drop), without panicking.
    ///
    /// # Errors
    ///
    /// A fault if memory or a limit is exhausted, together with the value.
    #[inline]
    pub fn try_alloc_drop<T: Send + 'static>(&self, value: T) -> Result<&'s mut T, (Fault, T)> {
        if !needs_drop::<T>() {
            return match self.try_room_for() {
                Ok(room) => Ok(fill(room, value)),
                Err(fault) => Err((fault, value)),
            };
        }
        let entry = match self.try_room_for::<DropEntry<T>>() {
            Ok(entry) => entry,
            Err(fault) => return Err((fault, value)),
        };
        // SAFETY: the room must be valid for writes, aligned and unused; it has just been allocated for this type.
        unsafe { entry.write(DropEntry::new(value)) };
        // SAFETY: the entry must be initialised, in no list, of a type that is `Send` and `'static`, and in this
        // arena; the lines above did so.
        let mut value = unsafe { self.raw().register_drop(entry) };
        // SAFETY: the value must be initialised and unaliased for 's; it was written above, and its destructor runs
        // only once 's has ended.
        Ok(unsafe { value.as_mut() })
    }
}

/// Ends a call for a slice whose size is no valid layout.
#[cold]
#[inline(never)]
fn raise_too_long<T>(len: usize) -> ! {
    raise(&too_long::<T>(len))
}

/// The fault for a slice whose size is no valid layout.
#[cold]
fn too_long<T>(len: usize) -> Fault {
    Fault::new(FaultCode::Exhaustion, "arena slice")
        .with(FactName::Asked, len.saturating_mul(size_of::<T>()) as u64)
}

/// Writes `value` into fresh room.
#[inline(always)]
fn fill<'s, T>(mut room: NonNull<T>, value: T) -> &'s mut T {
    // SAFETY: the room must be valid for writes, aligned and unused; every caller has just taken it from an arena
    // for this type.
    unsafe { room.write(value) };
    // SAFETY: the value must be initialised and unaliased for 's; it was just written, and arenas hand out each
    // byte once.
    unsafe { room.as_mut() }
}

/// Writes the result of `f` into fresh room.
#[inline(always)]
fn fill_with<'s, T>(mut room: NonNull<T>, f: impl FnOnce() -> T) -> &'s mut T {
    // SAFETY: the room must be valid for writes, aligned and unused; every caller has just taken it for this type,
    // and while `f` runs nobody knows it.
    unsafe { ptr::write(room.as_ptr(), f()) };
    // SAFETY: the value must be initialised and unaliased for 's; it was just written, and arenas hand out each
    // byte once.
    unsafe { room.as_mut() }
}

/// Copies `values` into fresh room for as many.
#[inline(always)]
fn copy_into<'s, T: Copy>(room: NonNull<T>, values: &[T]) -> &'s mut [T] {
    // SAFETY: both ranges must be valid for this many values and must not overlap; the room has just been taken for
    // them.
    unsafe { ptr::copy_nonoverlapping(values.as_ptr(), room.as_ptr(), values.len()) };
    // SAFETY: the values must be initialised and unaliased for 's; they were just written, and arenas hand out each
    // byte once.
    unsafe { slice::from_raw_parts_mut(room.as_ptr(), values.len()) }
}

/// Moves at most `len` values into fresh room for as many.
#[inline(always)]
fn fill_iter<'s, T>(room: NonNull<T>, len: usize, values: impl Iterator<Item = T>) -> &'s mut [T] {
    let mut filled = 0;
    for value in values.take(len) {
        // SAFETY: the offset must stay inside the room; `take` stops at `len`.
        let at = unsafe { room.add(filled) };
        // SAFETY: the place must be valid for writes, aligned and unused; it lies in room that has just been taken
        // for this type.
        unsafe { at.write(value) };
        filled += 1;
    }
    // SAFETY: the values must be initialised and unaliased for 's; `filled` of them were just written, and arenas
    // hand out each byte once.
    unsafe { slice::from_raw_parts_mut(room.as_ptr(), filled) }
}
