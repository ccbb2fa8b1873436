//! Single values, by value or made in place. Every call has a `try_` twin that answers an error for want of memory.

use super::Bump;
use crate::error::{AllocErr, AllocOrInitError};
use core::alloc::Layout;
use core::ptr::{self, NonNull};

#[allow(clippy::mut_from_ref, reason = "every call hands out memory that nothing else refers to")]
impl<const MIN_ALIGN: usize> Bump<MIN_ALIGN> {
    /// Moves `value` into the arena. Its destructor does not run.
    ///
    /// # Panics
    ///
    /// If memory or the limit is exhausted.
    #[inline(always)]
    pub fn alloc<T>(&self, value: T) -> &mut T {
        self.alloc_with(|| value)
    }

    /// As [`alloc`](Self::alloc), without panicking.
    ///
    /// # Errors
    ///
    /// If memory or the limit is exhausted; then `value` is dropped.
    #[inline(always)]
    pub fn try_alloc<T>(&self, value: T) -> Result<&mut T, AllocErr> {
        self.try_alloc_with(|| value)
    }

    /// Puts the result of `f` into the arena; the compiler can build it in place. `f` is called once there is room, and may
    /// allocate from this arena. If it panics its room stays unused until the next reset.
    ///
    /// # Panics
    ///
    /// If memory or the limit is exhausted; `f` is not called then.
    #[inline(always)]
    pub fn alloc_with<F, T>(&self, f: F) -> &mut T
    where
        F: FnOnce() -> T,
    {
        fill_with(self.room_for(), f)
    }

    /// As [`alloc_with`](Self::alloc_with), without panicking.
    ///
    /// # Errors
    ///
    /// If memory or the limit is exhausted; `f` is not called then.
    #[inline(always)]
    pub fn try_alloc_with<F, T>(&self, f: F) -> Result<&mut T, AllocErr>
    where
        F: FnOnce() -> T,
    {
        Ok(fill_with(self.try_room_for()?, f))
    }

    /// Puts the value that `f` answers into the arena, or answers its error; then the room is free again, if nothing was
    /// allocated since. The room is that of a `Result<T, E>`, so that `f` can build it in place.
    ///
    /// # Errors
    ///
    /// What `f` answers.
    ///
    /// # Panics
    ///
    /// If memory or the limit is exhausted; `f` is not called then.
    #[inline(always)]
    pub fn alloc_try_with<F, T, E>(&self, f: F) -> Result<&mut T, E>
    where
        F: FnOnce() -> Result<T, E>,
    {
        let before = self.open.cur();
        self.fill_try_with(before, self.room_for(), f)
    }

    /// As [`alloc_try_with`](Self::alloc_try_with), without panicking.
    ///
    /// # Errors
    ///
    /// `Init` with what `f` answers, or `Alloc` if memory or the limit is exhausted; `f` is not called then.
    #[inline(always)]
    pub fn try_alloc_try_with<F, T, E>(&self, f: F) -> Result<&mut T, AllocOrInitError<E>>
    where
        F: FnOnce() -> Result<T, E>,
    {
        let before = self.open.cur();
        let room = self.try_room_for()?;
        self.fill_try_with(before, room, f).map_err(AllocOrInitError::Init)
    }

    #[inline(always)]
    fn fill_try_with<T, E>(
        &self,
        before: NonNull<u8>,
        room: NonNull<Result<T, E>>,
        f: impl FnOnce() -> Result<T, E>,
    ) -> Result<&mut T, E> {
        // SAFETY: the room must be valid for writes, aligned and unused; the callers have just taken it for this type, and while
        // `f` runs nobody knows it.
        unsafe { room.write(f()) };
        // SAFETY: the result must be initialised and unaliased while lent; it was just written.
        match unsafe { &mut *room.as_ptr() } {
            Ok(value) => {
                let value = NonNull::from(value).as_ptr();
                // SAFETY: the value must be initialised and unaliased for as long as it is lent; it stays in the room, which
                // arenas hand out once.
                Ok(unsafe { &mut *value })
            }
            Err(error) => {
                // SAFETY: the error must be initialised and not used again where it lies; nothing else knows the place.
                let error = unsafe { ptr::read(error) };
                // SAFETY: the room must have been handed out at `room` when `cur` was `before`; the callers have just done so.
                unsafe { self.take_back(before, room.cast(), Layout::new::<Result<T, E>>()) };
                Err(error)
            }
        }
    }

    /// Gives the room of a block back, with its padding, if nothing was allocated since.
    ///
    /// # Safety
    ///
    /// - `cur` was `before`, then this arena handed out `at` for `layout`.
    /// - Nothing refers to the block any more.
    #[inline]
    unsafe fn take_back(&self, before: NonNull<u8>, at: NonNull<u8>, layout: Layout) {
        let lies_in_same_chunk = self.open.cur() == at
            && self
                .open
                .chunk
                .get()
                .is_some_and(|chunk| (at.addr().get()..=chunk.top()).contains(&before.addr().get()));
        // SAFETY: the block must be this arena's and nothing may refer to it; the caller says so.
        unsafe { self.dealloc(at, layout) };
        if lies_in_same_chunk && layout.size() != 0 {
            // SAFETY: the window must be aligned and free; this was its upper end before the block, in the same chunk, and the
            // block and its padding are all that was handed out since.
            unsafe { self.open.set(before, self.open.lim()) };
        }
    }

    /// Room for a `T`. Nothing is executed for types of size zero.
    #[inline(always)]
    fn room_for<T>(&self) -> NonNull<T> {
        if size_of::<T>() == 0 {
            return NonNull::dangling();
        }
        self.alloc_layout(Layout::new::<T>()).cast()
    }

    /// Room for a `T`, or an error.
    #[inline(always)]
    fn try_room_for<T>(&self) -> Result<NonNull<T>, AllocErr> {
        if size_of::<T>() == 0 {
            return Ok(NonNull::dangling());
        }
        self.try_alloc_layout(Layout::new::<T>()).map(NonNull::cast)
    }
}

/// Writes the result of `f` into fresh room.
#[inline(always)]
fn fill_with<'s, T>(mut room: NonNull<T>, f: impl FnOnce() -> T) -> &'s mut T {
    // SAFETY: the room must be valid for writes, aligned and unused; every caller has just taken it for this type, and while
    // `f` runs nobody knows it.
    unsafe { ptr::write(room.as_ptr(), f()) };
    // SAFETY: the value must be initialised and unaliased for 's; it was just written, and arenas hand out each byte once.
    unsafe { room.as_mut() }
}
