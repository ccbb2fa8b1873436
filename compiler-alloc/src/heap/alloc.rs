//! Allocation: pop the thread's list of the class, or one of the named misses.

use super::refill::{refill, refill_from_queue};
use super::thread::announce;
use super::{Heap, Here, Local, ThreadHeap, ThreadToken};
use crate::free_list::Block;
use crate::page_source::PageSource;
use crate::size_class::{self, BLOCK_BYTES_MAX, STEPPED_BYTES_MAX, SizeClass};
use crate::sync;
use crate::transfer::Transfer;
use core::alloc::Layout;
use core::ptr::NonNull;

/// Memory for `bytes` bytes, aligned to 16; null if there is none to be had. No bytes get memory too.
///
/// Up to 32 KiB: two conditional branches (one more above 1 KiB), no call, no locked operation. The contents are not
/// defined.
#[inline(always)]
pub fn alloc<'b, L: Local<'b>>(local: L, bytes: usize) -> *mut u8 {
    match pop_bytes(local, bytes) {
        Ok(block) => block.as_ptr(),
        Err(miss) => alloc_miss(local, bytes, miss),
    }
}

/// Why [`pop_bytes`] missed: the list that was empty, counted from class 1, or none.
#[derive(Clone, Copy, Debug)]
pub struct Miss(usize);

/// The list of class 0, counted from class 1: no slab stands for it in a thread's tables.
pub(super) const NO_LIST: usize = usize::MAX;

/// Memory for `layout`; null if there is none to be had. With a constant layout: one conditional branch.
#[inline(always)]
pub fn alloc_layout<'b, L: Local<'b>>(local: L, layout: Layout) -> *mut u8 {
    let Some(class) = SizeClass::of_layout(layout.size(), layout.align()) else {
        return layout_miss(local, layout.size(), layout.align());
    };
    match pop(local, class) {
        Some(block) => block.as_ptr(),
        None => class_miss(local, class),
    }
}

/// As [`alloc_layout`], for a size and an alignment that are known late. `align` is a power of two.
#[inline(always)]
pub fn alloc_aligned<'b, L: Local<'b>>(local: L, bytes: usize, align: usize) -> *mut u8 {
    if align <= 16 { alloc(local, bytes) } else { layout_miss(local, bytes, align) }
}

/// Memory for `bytes` zero bytes at `align`, a power of two; null if there is none to be had.
///
/// What the system gives as zero pages is not written again: a large allocation from memory that was never touched, or
/// purged, costs nothing for its size.
#[inline]
pub fn alloc_zeroed<'b, L: Local<'b>>(local: L, bytes: usize, align: usize) -> *mut u8 {
    if SizeClass::of_layout(bytes, align).is_none() {
        return zeroed_miss(local, bytes, align);
    }
    let block = alloc_aligned(local, bytes, align);
    if !block.is_null() {
        // SAFETY: needs that many writable bytes; the block was just allocated for them.
        unsafe { block.write_bytes(0, bytes) };
    }
    block
}

/// The fast path of [`alloc`] alone, for callers that do something of their own when it misses.
///
/// # Errors
/// The list was empty, or no list serves so many bytes.
#[inline(always)]
pub fn pop_bytes<'b, L: Local<'b>>(local: L, bytes: usize) -> Result<NonNull<u8>, Miss> {
    // For no bytes this is beyond all limits.
    let above = bytes.wrapping_sub(1);
    if above < STEPPED_BYTES_MAX {
        return pop_list(local, size_class::stepped_list(above));
    }
    if above < BLOCK_BYTES_MAX {
        return pop_list(local, size_class::coarse_list(above));
    }
    Err(Miss(NO_LIST))
}

#[inline(always)]
fn pop_list<'b, L: Local<'b>>(local: L, list: usize) -> Result<NonNull<u8>, Miss> {
    // SAFETY: needs a list of a class; callers have it from a class, or from a size that they compared with the limits.
    let block = NonNull::new(unsafe { local.list(list) }).ok_or(Miss(list))?;
    // SAFETY: needs a free block whose link was written; a list holds nothing else, and it is this thread's.
    let next = unsafe { Block::next(block) };
    // SAFETY: needs a list of a class, as above, and a chain of it; it is what is left of the list.
    unsafe { local.set_list(list, next) };
    // The next pop reads the next block's link, which nobody touched since the block was freed.
    sync::prefetch(next);
    Ok(block.cast())
}

/// The first step after [`pop_bytes`] missed: the blocks that the thread itself freed of the slab from which it allocated last.
/// No call, about 20 instructions.
///
/// # Safety
/// - [`pop_bytes`] just answered this miss.
#[inline(always)]
pub unsafe fn pop_queued<'b, L: Local<'b>>(local: L, miss: Miss) -> Option<NonNull<u8>> {
    // SAFETY: needs an empty list, or that of class 0; the caller promises a miss.
    unsafe { refill_from_queue(local, miss.0) }.map(NonNull::cast)
}

/// The way of [`alloc`] after [`pop_queued`] missed as well.
///
/// # Safety
/// - [`pop_bytes`] just answered this miss, for as many bytes: what is answered has the size of the list that missed, which is put in the
///   place of what the list holds.
#[inline(always)]
pub unsafe fn alloc_slow<'b, L: Local<'b>>(local: L, bytes: usize, miss: Miss) -> *mut u8 {
    match SizeClass::from_index(miss.0.wrapping_add(1)) {
        Some(class) => refill(local, class),
        // Large, or no bytes, for which the list of the smallest class may have blocks.
        None => class_or_large(local, SizeClass::of_bytes(bytes), bytes, 1),
    }
}

/// Takes the first block of a class's list.
#[inline(always)]
fn pop<'b, L: Local<'b>>(local: L, class: SizeClass) -> Option<NonNull<u8>> {
    pop_list(local, class.index() - 1).ok()
}

/// The list was empty, or the size is none that a list serves.
#[cold]
#[inline(never)]
fn alloc_miss<'b, L: Local<'b>>(local: L, bytes: usize, miss: Miss) -> *mut u8 {
    // SAFETY: needs a miss; this is where `alloc` goes with one.
    match unsafe { pop_queued(local, miss) } {
        Some(block) => block.as_ptr(),
        // SAFETY: needs the miss of this size; as above.
        None => unsafe { alloc_slow(local, bytes, miss) },
    }
}

/// The list of a class was empty.
#[cold]
#[inline(never)]
fn class_miss<'b, L: Local<'b>>(local: L, class: SizeClass) -> *mut u8 {
    // SAFETY: needs the list of a class that is empty; this is where the pop of that list missed.
    match unsafe { refill_from_queue(local, class.index() - 1) } {
        Some(block) => block.as_ptr().cast(),
        None => refill(local, class),
    }
}

/// A zeroed large allocation.
#[cold]
#[inline(never)]
fn zeroed_miss<'b, L: Local<'b>>(local: L, bytes: usize, align: usize) -> *mut u8 {
    announce(local);
    // SAFETY: needs the only reference to the thread heap; `Local` promises that nobody has one while a call runs.
    let thread = unsafe { &mut *local.thread().as_ptr() };
    // SAFETY: needs the same heap and token at every call; `Local` promises that.
    let block = unsafe { thread.alloc_large(local.heap(), local.token(), bytes, align) };
    if !block.is_null() && !thread.large_is_zero() {
        // SAFETY: needs that many writable bytes; the block was just allocated for them.
        unsafe { block.write_bytes(0, bytes) };
    }
    block
}

/// No list is known for the size and alignment without looking for one.
#[cold]
#[inline(never)]
fn layout_miss<'b, L: Local<'b>>(local: L, bytes: usize, align: usize) -> *mut u8 {
    class_or_large(local, SizeClass::of_layout(bytes, align), bytes, align)
}

/// A block of `class`, refilling its list if that is empty; a large allocation if no class serves the request.
#[cold]
#[inline(never)]
pub(super) fn class_or_large<'b, L: Local<'b>>(
    local: L,
    class: Option<SizeClass>,
    bytes: usize,
    align: usize,
) -> *mut u8 {
    let Some(class) = class else {
        announce(local);
        // SAFETY: needs the only reference to the thread heap; `Local` promises that nobody has one while a call runs.
        let thread = unsafe { &mut *local.thread().as_ptr() };
        // SAFETY: needs the same heap and token at every call; `Local` promises that.
        return unsafe { thread.alloc_large(local.heap(), local.token(), bytes, align) };
    };
    match pop(local, class) {
        Some(block) => block.as_ptr(),
        None => class_miss(local, class),
    }
}

impl<'b, P: PageSource, T: Transfer> ThreadHeap<'b, P, T> {
    /// [`alloc`] with this thread heap.
    ///
    /// # Safety
    /// - Every call of this thread heap has the same `heap` and `token`, until [`exit`](Self::exit).
    #[inline]
    pub unsafe fn alloc(&mut self, heap: &'b Heap<'b, P, T>, token: ThreadToken, bytes: usize) -> *mut u8 {
        // SAFETY: the caller keeps the duties of this call, which are the same.
        alloc(unsafe { Here::of(self, heap, token) }, bytes)
    }

    /// [`alloc_aligned`] with this thread heap.
    ///
    /// # Safety
    /// - As [`alloc`](Self::alloc).
    #[inline]
    pub unsafe fn alloc_aligned(
        &mut self,
        heap: &'b Heap<'b, P, T>,
        token: ThreadToken,
        bytes: usize,
        align: usize,
    ) -> *mut u8 {
        // SAFETY: the caller keeps the duties of this call, which are the same.
        alloc_aligned(unsafe { Here::of(self, heap, token) }, bytes, align)
    }

    /// [`alloc_zeroed`] with this thread heap.
    ///
    /// # Safety
    /// - As [`alloc`](Self::alloc).
    #[inline]
    pub unsafe fn alloc_zeroed(
        &mut self,
        heap: &'b Heap<'b, P, T>,
        token: ThreadToken,
        bytes: usize,
        align: usize,
    ) -> *mut u8 {
        // SAFETY: the caller keeps the duties of this call, which are the same.
        alloc_zeroed(unsafe { Here::of(self, heap, token) }, bytes, align)
    }

    /// [`alloc_layout`] with this thread heap.
    ///
    /// # Safety
    /// - As [`alloc`](Self::alloc).
    #[inline]
    pub unsafe fn alloc_layout(
        &mut self,
        heap: &'b Heap<'b, P, T>,
        token: ThreadToken,
        layout: Layout,
    ) -> *mut u8 {
        // SAFETY: the caller keeps the duties of this call, which are the same.
        alloc_layout(unsafe { Here::of(self, heap, token) }, layout)
    }
}
