//! Large allocations: spans of their own, freed by any thread.

use super::{Heap, ThreadHeap, ThreadToken};
use crate::config;
use crate::fault::MisuseKind;
use crate::page_source::PageSource;
use crate::slab::Slab;
use crate::transfer::Transfer;
use crate::units::round_up;
use core::ptr::NonNull;

/// Moving the pages of a smaller allocation costs more than copying its bytes.
const MOVED_BYTES_MIN: usize = 512 << 10;

impl<'b, P: PageSource, T: Transfer> ThreadHeap<'b, P, T> {
    /// A span of its own for `bytes` bytes at `align`, a power of two; null if there is none to be had.
    ///
    /// # Safety
    /// - As [`alloc`](Self::alloc).
    #[cold]
    #[inline(never)]
    pub unsafe fn alloc_large(
        &mut self,
        heap: &'b Heap<'b, P, T>,
        token: ThreadToken,
        bytes: usize,
        align: usize,
    ) -> *mut u8 {
        self.heed_refusals(heap);
        let base = self.take_large_or_reclaim(heap, token, bytes, align);
        self.end_slow_path(heap);
        base
    }

    /// [`take_large`](Self::take_large); if that is refused, once more after what idles was given back.
    fn take_large_or_reclaim(
        &mut self,
        heap: &'b Heap<'b, P, T>,
        token: ThreadToken,
        bytes: usize,
        align: usize,
    ) -> *mut u8 {
        let mut base = self.take_large(heap, token, bytes, align);
        if base.is_null() {
            self.release_idle(heap);
            base = self.take_large(heap, token, bytes, align);
        }
        if base.is_null() {
            heap.note_refusal();
        }
        base
    }

    /// [`alloc_large`](Self::alloc_large), in the middle of a slow path.
    fn take_large(
        &mut self,
        heap: &'b Heap<'b, P, T>,
        token: ThreadToken,
        bytes: usize,
        align: usize,
    ) -> *mut u8 {
        let null = core::ptr::null_mut();
        if !align.is_power_of_two() {
            return null;
        }
        let slack = align.saturating_sub(config::UNIT_BYTES);
        // No bytes get memory too: an aligned address one past the span would be somebody else's.
        let Some(wanted) = bytes.max(1).checked_add(slack) else { return null };
        let Some(body) = self.body(heap, token) else { return null };
        let Some(slab) = body.take_record() else { return null };
        let Ok(span) = body.cache.acquire(wanted) else {
            // SAFETY: needs a record of nothing on no list that is ours; it was just taken, and nothing was made of it.
            unsafe { body.keep_record(slab) };
            return null;
        };
        let span_address = span.base.as_ptr().addr();
        let base_address = round_up(span_address, align).unwrap_or(span_address);
        if !heap.cover(base_address, 1) {
            // SAFETY: needs a span of this backend that nobody uses; it was acquired above.
            unsafe { body.cache.release_span(span) };
            // SAFETY: needs a record of nothing on no list that is ours; as above.
            unsafe { body.keep_record(slab) };
            return null;
        }
        // SAFETY: needs to stay inside the span; aligning adds at most `slack`.
        let base = unsafe { span.base.add(base_address - span_address) };
        // SAFETY: needs a live record; spare ones are.
        unsafe { slab.as_ref() }.make_large(span, base);
        let unit = base_address & !(config::UNIT_BYTES - 1);
        // SAFETY: needs a unit that we hold, with its leaf: acquired and covered above; records live as long as the heap.
        unsafe { heap.map().show(unit, config::UNIT_BYTES, Some(slab)) };
        base.as_ptr()
    }

    /// Whether every byte of the large allocation that was just made is known to be zero.
    pub(super) fn large_is_zero(&self) -> bool {
        // SAFETY: needs a live body that only this thread uses; `enter` lent it to this thread heap until `exit`.
        self.body.is_some_and(|body| unsafe { body.as_ref() }.cache.took_zero())
    }

    /// Gives a large allocation back.
    ///
    /// # Safety
    /// - As [`alloc`](Self::alloc).
    /// - The map showed `slab` as a large allocation, and nobody uses its memory again.
    pub(super) unsafe fn free_large(
        &mut self,
        heap: &'b Heap<'b, P, T>,
        token: ThreadToken,
        slab: NonNull<Slab>,
    ) {
        // SAFETY: needs a live record; the map showed it, and records stay readable as long as the heap lives.
        let record = unsafe { slab.as_ref() };
        if !record.claim() {
            return heap.report(MisuseKind::DoubleFree, record.base(), record.span().bytes);
        }
        let span = record.span();
        let unit = record.base() & !(config::UNIT_BYTES - 1);
        // SAFETY: needs a unit that we hold, with its leaf; the claim made the allocation ours.
        unsafe { heap.map().show(unit, config::UNIT_BYTES, None) };
        record.unmake();
        match self.body(heap, token) {
            Some(body) => {
                // SAFETY: needs a span of this backend that nobody uses; the claim made it ours, and the caller promises
                // the rest.
                unsafe { body.cache.release_span(span) };
                // SAFETY: needs a record of nothing on no list that is ours; the claim made it ours, and it was unmade.
                unsafe { body.keep_record(slab) };
                self.end_slow_path(heap);
            }
            None => {
                // SAFETY: as above.
                unsafe { heap.backend().release(span) };
                // SAFETY: needs a record of nothing on no list that is ours; as above.
                unsafe { heap.take_record(slab) };
            }
        }
    }

    /// A large allocation with room for `bytes`, more than a block's: in place if it becomes shorter or what lies behind it
    /// is free, else elsewhere, by moving its pages or its contents. The caller ends the slow path.
    ///
    /// # Safety
    /// - As [`resize`](Self::resize), for the large allocation of `slab`.
    pub(super) unsafe fn resize_large(
        &mut self,
        heap: &'b Heap<'b, P, T>,
        token: ThreadToken,
        slab: NonNull<Slab>,
        bytes: usize,
        align: usize,
    ) -> *mut u8 {
        let null = core::ptr::null_mut();
        // SAFETY: needs a live record; the allocation is live.
        let record = unsafe { slab.as_ref() };
        let span = record.span();
        let before = record.base() - span.base.as_ptr().addr();
        // SAFETY: needs to stay inside the span; the allocation begins there.
        let base = unsafe { span.base.add(before) };
        let Some(needed) = bytes.checked_add(before) else { return null };
        let Some(body) = self.body(heap, token) else { return null };
        if needed <= span.bytes {
            // SAFETY: needs the span, of which nobody uses the end; the caller gives the bytes beyond the new size up.
            record.resize_large(unsafe { body.cache.shrink_span(span, needed) });
            return base.as_ptr();
        }
        // SAFETY: needs the span; it is the allocation's, which is the caller's.
        if let Some(longer) = unsafe { body.cache.extend_span(span, needed) } {
            record.resize_large(longer);
            return base.as_ptr();
        }
        // What grows once grows again: with room for a quarter more, the moves of a growing vector are few.
        let roomy = bytes.checked_add(bytes / 4).unwrap_or(bytes);
        let mut moved = self.take_large(heap, token, roomy, align);
        if moved.is_null() {
            moved = self.take_large_or_reclaim(heap, token, bytes, align);
        }
        let Some(to) = NonNull::new(moved) else { return null };
        // Pages are moved only to where there are none: warm ones would be lost, and faulted in again later.
        let is_bare = self.large_is_zero();
        if before == 0 && span.bytes >= MOVED_BYTES_MIN && is_bare {
            // SAFETY: needs two live large allocations of the caller's, the second with more bytes; one is the caller's, and the other
            // was just made for more bytes.
            if unsafe { self.move_large(heap, token, slab, to) } {
                return moved;
            }
        }
        // SAFETY: needs two ranges of that many bytes that do not overlap; one was just allocated and the other is live.
        unsafe { core::ptr::copy_nonoverlapping(base.as_ptr(), moved, span.bytes - before) };
        // SAFETY: needs a large allocation that nobody uses again; its contents live elsewhere now.
        unsafe { self.free_large(heap, token, slab) };
        moved
    }

    /// Moves the pages of a large allocation to another one that is larger, and frees it; `false` if that is not possible.
    ///
    /// # Safety
    /// - `slab` is the record of a live large allocation and `to` begins another one with more bytes; both are the caller's.
    unsafe fn move_large(
        &mut self,
        heap: &'b Heap<'b, P, T>,
        token: ThreadToken,
        slab: NonNull<Slab>,
        to: NonNull<u8>,
    ) -> bool {
        // SAFETY: needs a live record; the caller promises a live allocation.
        let record = unsafe { slab.as_ref() };
        // SAFETY: needs a live record; the caller promises a live allocation there.
        let target = unsafe { heap.map().slab(to.as_ptr().addr()).as_ref() };
        let (span, target_span) = (record.span(), target.span());
        let Some(body) = self.body(heap, token) else { return false };
        if target_span.base != to {
            return false;
        }
        // Before the span can be lent to somebody else, who shows it as something else.
        // SAFETY: needs a unit that we hold, with its leaf; it is the allocation's, which is ours.
        unsafe { heap.map().show(record.base(), config::UNIT_BYTES, None) };
        // SAFETY: needs two spans of this backend, the second as long as the first; they are those of two allocations, which
        // are ours, and `to` was asked for with more bytes.
        if !unsafe { body.cache.move_span(span, target_span) } {
            // SAFETY: needs a unit that we hold, with its leaf, and a live record; nothing was changed.
            unsafe { heap.map().show(record.base(), config::UNIT_BYTES, Some(slab)) };
            return false;
        }
        record.unmake();
        // SAFETY: needs a record of nothing on no list that is ours; it was the allocation's, which is ours, and was unmade.
        unsafe { body.keep_record(slab) };
        true
    }
}
