//! Resizing: in place where the block or the span allows it, else by moving the contents.

use super::thread::announce;
use super::{Heap, Here, ThreadHeap, ThreadToken};
use crate::page_source::PageSource;
use crate::size_class::BLOCK_BYTES_MAX;
use crate::slab::Kind;
use crate::transfer::Transfer;
use core::ptr::NonNull;

/// A block is kept for a smaller request that uses at least this fraction of it.
const KEPT_DIVISOR: usize = 2;

impl<P: PageSource, T: Transfer> Heap<'_, P, T> {
    /// How many bytes the block at `pointer` has; 0 if no block of this heap begins there.
    pub fn usable_bytes(&self, pointer: *const u8) -> usize {
        let slab = self.map().slab(pointer.addr());
        // SAFETY: needs a live record, or the record of nothing; the map shows nothing else.
        let record = unsafe { slab.as_ref() };
        match record.kind() {
            Kind::Large if record.base() == pointer.addr() => record.large_bytes(),
            Kind::Slab if record.is_block(pointer.addr()) => {
                record.class().map_or(0, |class| class.block_bytes())
            }
            _ => 0,
        }
    }
}

impl<'b, P: PageSource, T: Transfer> ThreadHeap<'b, P, T> {
    /// The block at `pointer` with room for `bytes` bytes and the same contents up to the smaller of the two sizes,
    /// perhaps elsewhere; null if there is no memory for it or no block begins there, and then nothing was changed.
    ///
    /// # Safety
    /// - As [`alloc`](Self::alloc).
    /// - `pointer` is a block of this heap that was not freed; if the answer is another pointer, nobody uses it again.
    /// - `align` is a power of two to which the block is aligned already.
    pub unsafe fn resize(
        &mut self,
        heap: &'b Heap<'b, P, T>,
        token: ThreadToken,
        pointer: NonNull<u8>,
        bytes: usize,
        align: usize,
    ) -> *mut u8 {
        let usable = heap.usable_bytes(pointer.as_ptr());
        if usable == 0 {
            heap.report_no_block(pointer.as_ptr());
            return core::ptr::null_mut();
        }
        if bytes <= usable && bytes >= usable / KEPT_DIVISOR {
            return pointer.as_ptr();
        }
        // SAFETY: the caller keeps the duties of this call, which are the same.
        announce(unsafe { Here::of(self, heap, token) });
        let slab = heap.map().slab(pointer.as_ptr().addr());
        // SAFETY: needs a live record; the block is live, and the map shows its record.
        let is_large = unsafe { slab.as_ref() }.kind() == Kind::Large;
        if is_large && bytes > BLOCK_BYTES_MAX {
            // SAFETY: the caller keeps the duties of this call, which are the same; the record is of the large allocation.
            let resized = unsafe { self.resize_large(heap, token, slab, bytes, align) };
            self.end_slow_path(heap);
            return resized;
        }
        // SAFETY: the caller keeps the duties of this call, which are the same.
        let moved = unsafe { self.alloc_aligned(heap, token, bytes, align) };
        if moved.is_null() {
            return if bytes <= usable { pointer.as_ptr() } else { moved };
        }
        // SAFETY: needs two ranges of that many bytes that do not overlap; the new block was just allocated and the old one
        // is live.
        unsafe { core::ptr::copy_nonoverlapping(pointer.as_ptr(), moved, usable.min(bytes)) };
        // SAFETY: the caller promises a live block that nobody uses again.
        unsafe { self.dealloc(heap, token, pointer) };
        moved
    }
}
