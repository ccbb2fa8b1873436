//! The trait `Allocator` for borrowed arenas and scopes, so that collections such as hashbrown's can use them as scratch memory. Such a
//! collection borrows its arena, so it cannot be part of a result; use `ArenaVec` and `ArenaMap` there.
//!
//! The trait exists four times: in `allocator-api2` 0.2, 0.3 and 0.4, and in nightly's `core`. Each has a feature; all may be on at once.
//! Where some crate turns on the feature `nightly` of allocator-api2 0.2, its trait is nightly's, and only one of the two features may be on.

use super::raw::RawArena;
use core::alloc::Layout;
use core::ptr::{self, NonNull};

/// Room for `layout`, as the traits want it; `None` if there is none.
#[inline]
fn allocate<const M: usize>(raw: &RawArena<M>, layout: Layout) -> Option<NonNull<[u8]>> {
    let at = raw.try_alloc_layout(layout).ok()?;
    Some(NonNull::slice_from_raw_parts(at, layout.size()))
}

/// Moves a block to more room: in place if it is the newest object. `None` if there is none.
///
/// # Safety
///
/// - `at` is a block of this arena that fits `old`, and its first `old.size()` bytes may be read.
/// - `new` is at least as large as `old`.
#[inline]
unsafe fn grow<const M: usize>(
    raw: &RawArena<M>,
    at: NonNull<u8>,
    old: Layout,
    new: Layout,
) -> Option<NonNull<[u8]>> {
    let more = new.size() - old.size();
    let in_place = if old.size() != 0 && old.align() == new.align() && more.is_multiple_of(new.align()) {
        Layout::from_size_align(more, new.align()).ok().and_then(|more| raw.grow_newest(at, more))
    } else {
        None
    };
    let room = match in_place {
        Some(room) => room,
        None => raw.try_alloc_layout(new).ok()?,
    };
    // SAFETY: both ranges must be valid for the old size; the block is by the caller's word, and the room is at
    // least as large. They may overlap.
    unsafe { ptr::copy(at.as_ptr(), room.as_ptr(), old.size()) };
    Some(NonNull::slice_from_raw_parts(room, new.size()))
}

/// Moves a block to a smaller layout: stays where it is, unless the alignment rises. `None` if there is no room for that.
///
/// # Safety
///
/// - `at` is a block of this arena that fits `old`, and its first `new.size()` bytes may be read.
/// - `new` is at most as large as `old`.
#[inline]
unsafe fn shrink<const M: usize>(raw: &RawArena<M>, at: NonNull<u8>, new: Layout) -> Option<NonNull<[u8]>> {
    if at.addr().get().is_multiple_of(new.align()) {
        return Some(NonNull::slice_from_raw_parts(at, new.size()));
    }
    let room = raw.try_alloc_layout(new).ok()?;
    // SAFETY: both ranges must be valid for the new size and not overlap; the block is by the caller's word, and
    // the room is fresh.
    unsafe { ptr::copy_nonoverlapping(at.as_ptr(), room.as_ptr(), new.size()) };
    Some(NonNull::slice_from_raw_parts(room, new.size()))
}

/// Implements one of the traits, whose names must be in scope, for references to what has a `raw()` arena.
macro_rules! allocator_for {
    ($($type:ty),*) => { $(
        // SAFETY: blocks must stay valid while a copy of the allocator lives, and moving it must not matter; a
        // shared borrow keeps the arena from being reset, rewound past the block, or dropped, and the allocator is
        // only that borrow.
        unsafe impl<const M: usize> Allocator for $type {
            #[inline]
            fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
                super::allocate(self.raw(), layout).ok_or(AllocError)
            }

            #[inline]
            unsafe fn deallocate(&self, at: NonNull<u8>, layout: Layout) {
                // SAFETY: the arena must have handed out these bytes and nothing may refer to them; the caller says
                // so.
                unsafe { self.raw().unalloc(at, layout.size()) };
            }

            #[inline]
            unsafe fn grow(&self, at: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
                // SAFETY: the block must be this arena's and fit `old`, and `new` must be no smaller; the caller
                // says so.
                unsafe { super::grow(self.raw(), at, old, new) }.ok_or(AllocError)
            }

            #[inline]
            unsafe fn shrink(&self, at: NonNull<u8>, _old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
                // SAFETY: the block must be this arena's and fit the old layout, and `new` must be no larger; the
                // caller says so.
                unsafe { super::shrink(self.raw(), at, new) }.ok_or(AllocError)
            }
        }
    )* };
}

/// The impls for one of the traits: its feature, a name, and where it is.
macro_rules! faces {
    ($(#[$cfg:meta] $name:ident: $($source:ident)::+;)*) => { $(
        #[$cfg]
        mod $name {
            use crate::arena::{Arena, Scope};
            use $($source)::+::{AllocError, Allocator};
            use core::alloc::Layout;
            use core::ptr::NonNull;

            allocator_for!(&Arena<M>, &Scope<'_, M>);
        }
    )* };
}

faces! {
    #[cfg(feature = "allocator-api2")] api2_02: allocator_api2::alloc;
    #[cfg(feature = "allocator-api2-03")] api2_03: allocator_api2_03::alloc;
    #[cfg(feature = "allocator-api2-04")] api2_04: allocator_api2_04::alloc;
    #[cfg(feature = "allocator_api")] nightly: core::alloc;
}
