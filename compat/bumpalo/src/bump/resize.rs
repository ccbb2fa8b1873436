//! Blocks that grow, shrink or end: in place if they are the newest, as vectors usually are.

use super::{Bump, arithmetic, poison};
use crate::error::AllocErr;
use core::alloc::Layout;
use core::ptr::{self, NonNull};

impl<const MIN_ALIGN: usize> Bump<MIN_ALIGN> {
    /// Gives the room of a block back, if it is the newest. Otherwise does nothing.
    ///
    /// # Safety
    ///
    /// - This arena handed out the `layout.size()` bytes at `at` since its last reset.
    /// - Nothing refers to them any more.
    #[inline]
    pub(crate) unsafe fn dealloc(&self, at: NonNull<u8>, layout: Layout) {
        if self.open.cur() != at || layout.size() == 0 {
            return;
        }
        let end = at.addr().get() + layout.size();
        // Not above where `cur` was before the block: that was aligned, too, and not below the block's end.
        let above = arithmetic::round_down(end + (MIN_ALIGN - 1), MIN_ALIGN);
        // SAFETY: the range must lie in a held piece and hold no object; it is the block that the caller gives up.
        unsafe { poison::poison(at.as_ptr(), above - at.addr().get()) };
        // SAFETY: the address must not be null; it is above that of the block.
        let above = unsafe { self.within_chunk(at, above) };
        // SAFETY: the window must be aligned and free; its upper end moves over the block that the caller gives up, and is at
        // most where it was before the block.
        unsafe { self.open.set(above, self.open.lim()) };
    }

    /// Moves a block to more room: in place, downward, if it is the newest and the chunk has room.
    ///
    /// # Errors
    ///
    /// If memory or the limit is exhausted; then the block is as it was.
    ///
    /// # Safety
    ///
    /// - This arena handed out the block at `at` for `old` since its last reset.
    /// - `new` is at least as large as `old`.
    /// - Nothing but `at` refers to the block; after success, not even `at` is used.
    #[inline]
    pub(crate) unsafe fn grow(
        &self,
        at: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<u8>, AllocErr> {
        if let Some(room) = self.lower_newest(at, old, new) {
            // SAFETY: both ranges must be valid for the old size; the block is by the caller's word, and the room has the new
            // size, which is no smaller. They may overlap.
            unsafe { ptr::copy(at.as_ptr(), room.as_ptr(), old.size()) };
            return Ok(room);
        }
        let room = self.try_alloc_layout(new)?;
        // SAFETY: both ranges must be valid for the old size and not overlap; the block is by the caller's word, and the room
        // is fresh.
        unsafe { ptr::copy_nonoverlapping(at.as_ptr(), room.as_ptr(), old.size()) };
        Ok(room)
    }

    /// If the block at `at` is the newest and the chunk has room below, takes room for `new` that ends where the block ends.
    #[inline]
    fn lower_newest(&self, at: NonNull<u8>, old: Layout, new: Layout) -> Option<NonNull<u8>> {
        if self.open.cur() != at || old.size() == 0 {
            return None;
        }
        let end = at.addr().get() + old.size();
        let place = arithmetic::place_within(end, self.open.lim(), new.size(), new.align(), MIN_ALIGN)?;
        // SAFETY: the address must not be null; it is at least `lim`.
        let room = unsafe { self.within_chunk(at, place) };
        // SAFETY: the window must be aligned and free; `place_within` aligned its upper end, which is in the window or in the
        // block that becomes part of the new one.
        unsafe { self.open.set(room, self.open.lim()) };
        // SAFETY: the range must lie in a held piece; it ends where the block ends and begins in the current window.
        unsafe { poison::unpoison(room.as_ptr(), new.size()) };
        Some(room)
    }

    /// Makes a block smaller: if it is the newest it moves up and its room is free again.
    ///
    /// # Errors
    ///
    /// If the alignment rises and memory or the limit is exhausted; then the block is as it was.
    ///
    /// # Safety
    ///
    /// - This arena handed out the block at `at` for `old` since its last reset.
    /// - `new` is at most as large as `old`.
    /// - Nothing but `at` refers to the block; after success, not even `at` is used.
    #[inline]
    pub(crate) unsafe fn shrink(
        &self,
        at: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<u8>, AllocErr> {
        if !at.addr().get().is_multiple_of(new.align()) {
            let room = self.try_alloc_layout(new)?;
            // SAFETY: both ranges must be valid for the new size and not overlap; the block is by the caller's word, and the
            // room is fresh.
            unsafe { ptr::copy_nonoverlapping(at.as_ptr(), room.as_ptr(), new.size()) };
            return Ok(room);
        }
        if self.open.cur() != at || old.size() == new.size() {
            return Ok(at);
        }
        // `at` itself is aligned and low enough, so this is not below it.
        let end = at.addr().get() + old.size();
        let place = arithmetic::place(end, new.size(), new.align(), MIN_ALIGN);
        // SAFETY: the address must not be null; it is at least that of the block.
        let room = unsafe { self.within_chunk(at, place) };
        // SAFETY: both ranges must be valid for the new size; the room lies inside the old block. They may overlap.
        unsafe { ptr::copy(at.as_ptr(), room.as_ptr(), new.size()) };
        // SAFETY: the window must be aligned and free; `place` aligned its upper end, and below it lies only the part of the
        // block that was left.
        unsafe { self.open.set(room, self.open.lim()) };
        // SAFETY: the range must lie in a held piece and hold no object; it is the part of the block that was left.
        unsafe { poison::poison(at.as_ptr(), room.addr().get() - at.addr().get()) };
        Ok(room)
    }

    /// A pointer to `address` in the chunk that `at`, the newest block, lies in.
    ///
    /// # Safety
    ///
    /// `address` is not null.
    #[inline]
    unsafe fn within_chunk(&self, at: NonNull<u8>, address: usize) -> NonNull<u8> {
        // From the window's own pointer: a caller's may be narrower.
        debug_assert_eq!(self.open.cur(), at);
        let moved = self.open.cur().as_ptr().with_addr(address);
        // SAFETY: the pointer must not be null; the caller says so of its address.
        unsafe { NonNull::new_unchecked(moved) }
    }
}
