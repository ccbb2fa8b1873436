//! Takes the place of the folder `arena` of oxc_allocator 0.146: bumpalo's arena with the calls that the rest of that package makes.
//! Compiled inside a copy of that package (bench-corpus/src/clients/oxc.rs).

use std::alloc::Layout;
use std::ptr::NonNull;

use allocator_api2::alloc::{AllocError, Allocator};
use bumpalo::Bump;

/// The arena behind `oxc_allocator::Allocator`.
#[derive(Debug, Default)]
pub struct Arena(Bump);

impl Arena {
    /// An empty arena.
    #[inline(always)]
    pub fn new() -> Self {
        Self(Bump::new())
    }

    /// An arena with room for `capacity` bytes.
    pub fn with_capacity(capacity: usize) -> Self {
        Self(Bump::with_capacity(capacity))
    }

    /// Moves `value` into the arena.
    #[inline(always)]
    #[allow(clippy::mut_from_ref, reason = "memory that nothing else refers to")]
    pub fn alloc<T>(&self, value: T) -> &mut T {
        self.0.alloc(value)
    }

    /// Copies a string into the arena.
    #[inline(always)]
    #[allow(clippy::mut_from_ref, reason = "memory that nothing else refers to")]
    pub fn alloc_str(&self, text: &str) -> &mut str {
        self.0.alloc_str(text)
    }

    /// Copies a slice into the arena.
    #[inline(always)]
    #[allow(clippy::mut_from_ref, reason = "memory that nothing else refers to")]
    pub fn alloc_slice_copy<T: Copy>(&self, values: &[T]) -> &mut [T] {
        self.0.alloc_slice_copy(values)
    }

    /// Takes room for `layout`.
    #[inline(always)]
    pub fn alloc_layout(&self, layout: Layout) -> NonNull<u8> {
        self.0.alloc_layout(layout)
    }

    /// Forgets everything that was allocated.
    pub fn reset(&mut self) {
        self.0.reset();
    }

    /// Bytes of all chunks.
    pub fn allocated_bytes(&self) -> usize {
        self.0.allocated_bytes()
    }

    /// Bytes of all chunks that objects take.
    pub fn used_bytes(&self) -> usize {
        // SAFETY: nothing may be allocated while the iterator is in use, and nothing may be read that is lent; the sum is finished before
        // this returns, and only lengths are looked at.
        let chunks = unsafe { self.0.iter_allocated_chunks_raw() };
        chunks.map(|(_, bytes)| bytes).sum()
    }
}

// SAFETY: blocks must stay valid while a copy of the allocator lives, and moving it must not matter; the same holds of `&Bump`, to which
// every call goes on.
unsafe impl Allocator for &Arena {
    #[inline(always)]
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        (&self.0).allocate(layout)
    }

    #[inline(always)]
    unsafe fn deallocate(&self, at: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller has the duties of `Allocator::deallocate`, and the block is of this arena.
        unsafe { (&self.0).deallocate(at, layout) };
    }

    #[inline(always)]
    unsafe fn grow(&self, at: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller has the duties of `Allocator::grow`, and the block is of this arena.
        unsafe { (&self.0).grow(at, old, new) }
    }

    #[inline(always)]
    unsafe fn grow_zeroed(&self, at: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller has the duties of `Allocator::grow_zeroed`, and the block is of this arena.
        unsafe { (&self.0).grow_zeroed(at, old, new) }
    }

    #[inline(always)]
    unsafe fn shrink(&self, at: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller has the duties of `Allocator::shrink`, and the block is of this arena.
        unsafe { (&self.0).shrink(at, old, new) }
    }
}
