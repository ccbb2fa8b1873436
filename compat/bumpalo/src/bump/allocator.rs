//! `Allocator` for `&Bump`: the nightly compiler's trait, or allocator-api2's.
#![cfg(any(feature = "allocator_api", feature = "allocator-api2"))]

use super::Bump;
use core::alloc::Layout;
use core::ptr::NonNull;

#[cfg(not(feature = "allocator_api"))]
use allocator_api2::alloc::{AllocError, Allocator};
#[cfg(feature = "allocator_api")]
use core::alloc::{AllocError, Allocator};

/// The block as the trait wants it.
fn block(at: NonNull<u8>, layout: Layout) -> NonNull<[u8]> {
    NonNull::slice_from_raw_parts(at, layout.size())
}

// SAFETY: blocks must stay valid while a copy of the allocator lives, and moving it must not matter; a shared borrow keeps the
// arena from being reset or dropped, and the allocator is only that borrow.
unsafe impl<const MIN_ALIGN: usize> Allocator for &Bump<MIN_ALIGN> {
    #[inline]
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.try_alloc_layout(layout).map(|at| block(at, layout)).map_err(|_| AllocError)
    }

    #[inline]
    unsafe fn deallocate(&self, at: NonNull<u8>, layout: Layout) {
        // SAFETY: the arena must have handed the block out and nothing may refer to it; the caller says so.
        unsafe { self.dealloc(at, layout) };
    }

    #[inline]
    unsafe fn grow(&self, at: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the block must be this arena's and fit `old`, and `new` must be no smaller; the caller says so.
        let moved = unsafe { Bump::grow(self, at, old, new) };
        moved.map(|at| block(at, new)).map_err(|_| AllocError)
    }

    #[inline]
    unsafe fn grow_zeroed(
        &self,
        at: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: as for `grow`, whose duties the caller has, too.
        let moved = unsafe { Bump::grow(self, at, old, new) }.map_err(|_| AllocError)?;
        // SAFETY: the offset must stay inside the block; it has the new size, which is no smaller.
        let added = unsafe { moved.add(old.size()) };
        // SAFETY: the range must be valid for writes and aligned; it is the rest of the block.
        unsafe { added.write_bytes(0, new.size() - old.size()) };
        Ok(block(moved, new))
    }

    #[inline]
    unsafe fn shrink(&self, at: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the block must be this arena's and fit `old`, and `new` must be no larger; the caller says so.
        let moved = unsafe { Bump::shrink(self, at, old, new) };
        moved.map(|at| block(at, new)).map_err(|_| AllocError)
    }
}
