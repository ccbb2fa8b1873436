//! `Buffer`: room for a number of values in an arena, without knowing which of them are initialised.
//!
//! The one place where collections ask the arena for room. A capacity of values without bytes is `usize::MAX`, and such a
//! buffer takes nothing.

use super::CollectionAllocErr;
use crate::Bump;
use crate::error::no_room;
use core::alloc::Layout;
use core::mem;
use core::ptr::NonNull;

/// Room for `capacity` values at `at`.
///
/// *Invariant:* if the capacity is not zero and `T` has bytes, the arena handed out `at` for `Layout::array::<T>(capacity)`
/// and nobody else refers to it; otherwise `at` is dangling and aligned.
pub(super) struct Buffer<'bump, T> {
    at: NonNull<T>,
    capacity: usize,
    bump: &'bump Bump,
}

impl<'bump, T> Buffer<'bump, T> {
    const HAS_BYTES: bool = size_of::<T>() != 0;

    /// The least capacity of a buffer that grows by single values.
    const GROWN_MIN: usize = if size_of::<T>() == 1 {
        8
    } else if size_of::<T>() <= 1024 {
        4
    } else {
        1
    };

    /// No room.
    #[inline]
    pub(super) fn new_in(bump: &'bump Bump) -> Self {
        Self { at: NonNull::dangling(), capacity: 0, bump }
    }

    /// Room for exactly `capacity` values.
    #[inline]
    pub(super) fn with_capacity_in(capacity: usize, bump: &'bump Bump) -> Self {
        let mut buffer = Self::new_in(bump);
        buffer.try_grow_to(capacity).unwrap_or_else(|error| raise(&error));
        buffer
    }

    /// The buffer of these parts.
    ///
    /// # Safety
    ///
    /// They fulfil the type's invariant.
    #[inline]
    pub(super) unsafe fn from_parts(at: NonNull<T>, capacity: usize, bump: &'bump Bump) -> Self {
        Self { at, capacity, bump }
    }

    /// Where the room begins.
    #[inline(always)]
    pub(super) fn at(&self) -> *mut T {
        self.at.as_ptr()
    }

    /// For how many values there is room.
    #[inline(always)]
    pub(super) fn capacity(&self) -> usize {
        if Self::HAS_BYTES { self.capacity } else { usize::MAX }
    }

    /// The arena.
    #[inline(always)]
    pub(super) fn bump(&self) -> &'bump Bump {
        self.bump
    }

    /// Room for `additional` values beyond the `len` first: at least twice the capacity if it has to grow.
    #[inline(always)]
    pub(super) fn reserve(&mut self, len: usize, additional: usize) {
        if additional > self.capacity() - len {
            self.grow_or_panic(len, additional);
        }
    }

    #[cold]
    #[inline(never)]
    fn grow_or_panic(&mut self, len: usize, additional: usize) {
        self.try_reserve(len, additional).unwrap_or_else(|error| raise(&error));
    }

    /// As [`reserve`](Self::reserve), without panicking.
    pub(super) fn try_reserve(&mut self, len: usize, additional: usize) -> Result<(), CollectionAllocErr> {
        if additional <= self.capacity() - len {
            return Ok(());
        }
        let needed = len.checked_add(additional).ok_or(CollectionAllocErr::CapacityOverflow)?;
        let wanted = needed.max(self.capacity.saturating_mul(2)).max(Self::GROWN_MIN);
        self.try_grow_to(wanted)
    }

    /// Room for exactly `additional` values beyond the `len` first, if it has to grow.
    pub(super) fn reserve_exact(&mut self, len: usize, additional: usize) {
        self.try_reserve_exact(len, additional).unwrap_or_else(|error| raise(&error));
    }

    /// As [`reserve_exact`](Self::reserve_exact), without panicking.
    pub(super) fn try_reserve_exact(
        &mut self,
        len: usize,
        additional: usize,
    ) -> Result<(), CollectionAllocErr> {
        if additional <= self.capacity() - len {
            return Ok(());
        }
        self.try_grow_to(len.checked_add(additional).ok_or(CollectionAllocErr::CapacityOverflow)?)
    }

    /// Room for exactly `capacity` values, which is no less than there is; all bytes keep their content.
    fn try_grow_to(&mut self, capacity: usize) -> Result<(), CollectionAllocErr> {
        if capacity <= self.capacity() {
            return Ok(());
        }
        if !Self::HAS_BYTES {
            return Err(CollectionAllocErr::CapacityOverflow);
        }
        let new = Layout::array::<T>(capacity)?;
        let at = if self.capacity == 0 {
            self.bump.try_alloc_layout(new)?
        } else {
            // SAFETY: the block must be this arena's and fit the layout, the new one must be no smaller, and nothing else may
            // refer to the block; the type's invariant says so, and the collection is exclusively borrowed.
            unsafe { self.bump.grow(self.at.cast(), self.layout(), new) }?
        };
        self.at = at.cast();
        self.capacity = capacity;
        Ok(())
    }

    /// Room for exactly `capacity` values, which is no more than there is; the first bytes keep their content.
    pub(super) fn shrink_to(&mut self, capacity: usize) {
        if !Self::HAS_BYTES || capacity >= self.capacity {
            return;
        }
        if capacity == 0 {
            // Dropped, which gives the room back.
            *self = Self::new_in(self.bump);
            return;
        }
        let Ok(new) = Layout::array::<T>(capacity) else { return };
        // SAFETY: the block must be this arena's and fit the layout, the new one must be no larger, and nothing else may refer
        // to the block; the type's invariant says so, and the collection is exclusively borrowed.
        let at = unsafe { self.bump.shrink(self.at.cast(), self.layout(), new) };
        // The alignment stays, so there is nothing that could be exhausted.
        let Ok(at) = at else { return };
        self.at = at.cast();
        self.capacity = capacity;
    }

    /// The layout that the arena handed out.
    fn layout(&self) -> Layout {
        // SAFETY: the size must not overflow; `try_grow_to` computed it for this capacity, or `from_parts` was promised it.
        unsafe { Layout::array::<T>(self.capacity).unwrap_unchecked() }
    }

    /// Keeps the room in use without this buffer; answers where it is.
    pub(super) fn leak(self) -> NonNull<T> {
        let at = self.at;
        mem::forget(self);
        at
    }
}

impl<T> Drop for Buffer<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if Self::HAS_BYTES && self.capacity != 0 {
            // SAFETY: the block must be this arena's and nothing may refer to it; the type's invariant says so, and the
            // buffer is gone.
            unsafe { self.bump.dealloc(self.at.cast(), self.layout()) };
        }
    }
}

/// Ends a call that has no way to answer an error.
#[cold]
#[inline(never)]
fn raise(error: &CollectionAllocErr) -> ! {
    match error {
        CollectionAllocErr::CapacityOverflow => panic!("capacity overflow"),
        CollectionAllocErr::AllocErr => no_room(),
    }
}
