//! Allocation: pop the thread's list of the class, or one of the named misses.

use super::{Heap, ThreadHeap, ThreadToken};
use crate::free_list::Block;
use crate::page_source::PageSource;
use crate::size_class::{self, BLOCK_BYTES_MAX, STEPPED_BYTES_MAX, SizeClass};
use core::alloc::Layout;
use core::ptr::NonNull;

/// The largest class index that the fast path of small requests takes.
const STEPPED_INDEX_MAX: usize = size_class::stepped_index(STEPPED_BYTES_MAX);

impl<'b, P: PageSource> ThreadHeap<'b, P> {
    /// Memory for `bytes` bytes, aligned to 16; null if there is none to be had. No bytes get memory too.
    ///
    /// Up to 32 KiB: two conditional branches, no call, no locked operation. The contents are not defined.
    ///
    /// # Safety
    /// - Every call of this thread heap has the same `heap` and `token`, until [`exit`](Self::exit).
    #[inline(always)]
    pub unsafe fn alloc(&mut self, heap: &'b Heap<'b, P>, token: ThreadToken, bytes: usize) -> *mut u8 {
        let mut index = size_class::stepped_index(bytes);
        if index > STEPPED_INDEX_MAX {
            if bytes > BLOCK_BYTES_MAX {
                // SAFETY: the caller keeps the duties of this call, which are the same.
                return unsafe { self.alloc_large(heap, token, bytes, 1) };
            }
            index = size_class::coarse_index(bytes);
        }
        match self.pop(index) {
            Some(block) => block.as_ptr().cast(),
            // SAFETY: the caller keeps the duties of this call, which are the same.
            None => unsafe { self.alloc_miss(heap, token, bytes) },
        }
    }

    /// Memory for `layout`; null if there is none to be had. With a constant layout: one conditional branch.
    ///
    /// # Safety
    /// - As [`alloc`](Self::alloc).
    #[inline(always)]
    pub unsafe fn alloc_layout(
        &mut self,
        heap: &'b Heap<'b, P>,
        token: ThreadToken,
        layout: Layout,
    ) -> *mut u8 {
        let Some(class) = SizeClass::of_layout(layout.size(), layout.align()) else {
            // SAFETY: the caller keeps the duties of this call, which are the same.
            return unsafe { self.alloc_large(heap, token, layout.size(), layout.align()) };
        };
        match self.pop(class.index()) {
            Some(block) => block.as_ptr().cast(),
            // SAFETY: the caller keeps the duties of this call, which are the same.
            None => unsafe { self.refill(heap, token, class) },
        }
    }

    /// As [`alloc_layout`](Self::alloc_layout), for a size and alignment that are known late.
    ///
    /// # Safety
    /// - As [`alloc`](Self::alloc). `align` is a power of two.
    #[inline]
    pub unsafe fn alloc_aligned(
        &mut self,
        heap: &'b Heap<'b, P>,
        token: ThreadToken,
        bytes: usize,
        align: usize,
    ) -> *mut u8 {
        if align <= 16 {
            // SAFETY: the caller keeps the duties of this call, which are the same.
            return unsafe { self.alloc(heap, token, bytes) };
        }
        match SizeClass::of_layout(bytes, align) {
            Some(class) => match self.pop(class.index()) {
                Some(block) => block.as_ptr().cast(),
                // SAFETY: the caller keeps the duties of this call, which are the same.
                None => unsafe { self.refill(heap, token, class) },
            },
            // SAFETY: the caller keeps the duties of this call, which are the same.
            None => unsafe { self.alloc_large(heap, token, bytes, align) },
        }
    }

    /// Takes the first block of a class's list.
    #[inline(always)]
    fn pop(&mut self, index: usize) -> Option<NonNull<Block>> {
        debug_assert!(index < self.lists.len());
        // SAFETY: needs an index of a class; callers computed it from a size that they compared with the limits.
        let list = unsafe { self.lists.get_unchecked_mut(index) };
        let block = NonNull::new(*list)?;
        // SAFETY: needs a free block whose link was written; a list holds nothing else, and it is this thread's.
        *list = unsafe { Block::next(block) };
        Some(block)
    }

    /// The list was empty, or the size is none that a list serves.
    ///
    /// # Safety
    /// - As [`alloc`](Self::alloc).
    #[cold]
    #[inline(never)]
    pub unsafe fn alloc_miss(&mut self, heap: &'b Heap<'b, P>, token: ThreadToken, bytes: usize) -> *mut u8 {
        match SizeClass::of_bytes(bytes) {
            // SAFETY: the caller keeps the duties of this call, which are the same.
            Some(class) => unsafe { self.refill(heap, token, class) },
            // SAFETY: the caller keeps the duties of this call, which are the same.
            None => unsafe { self.alloc_large(heap, token, bytes, 1) },
        }
    }
}
