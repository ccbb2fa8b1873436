//! Large allocations: spans of their own, freed by any thread.

use super::{Heap, ThreadHeap, ThreadToken};
use crate::config;
use crate::fault::MisuseKind;
use crate::page_source::PageSource;
use crate::slab::Slab;
use crate::units::round_up;
use core::ptr::NonNull;

impl<'b, P: PageSource> ThreadHeap<'b, P> {
    /// A span of its own for `bytes` bytes at `align`, a power of two; null if there is none to be had.
    ///
    /// # Safety
    /// - As [`alloc`](Self::alloc).
    #[cold]
    #[inline(never)]
    pub unsafe fn alloc_large(
        &mut self,
        heap: &'b Heap<'b, P>,
        token: ThreadToken,
        bytes: usize,
        align: usize,
    ) -> *mut u8 {
        let null = core::ptr::null_mut();
        let slack = align.saturating_sub(config::UNIT_BYTES);
        let Some(wanted) = bytes.checked_add(slack) else { return null };
        let Some(body) = self.body(heap, token) else { return null };
        let Some(slab) = body.take_record() else { return null };
        let Ok(span) = body.cache.acquire(wanted) else {
            body.keep_record(slab);
            return null;
        };
        let span_address = span.base.as_ptr().addr();
        let base_address = round_up(span_address, align).unwrap_or(span_address);
        if !heap.cover(base_address, 1) {
            // SAFETY: needs a span of this backend that nobody uses; it was acquired above.
            unsafe { body.cache.release_span(span) };
            body.keep_record(slab);
            return null;
        }
        // SAFETY: needs to stay inside the span; aligning adds at most `slack`.
        let base = unsafe { span.base.add(base_address - span_address) };
        // SAFETY: needs a live record; spare ones are.
        unsafe { slab.as_ref() }.make_large(span, base);
        let unit = base_address & !(config::UNIT_BYTES - 1);
        // SAFETY: needs a unit that we hold, with its leaf: acquired and covered above; records live as long as the heap.
        unsafe { heap.map().show(unit, config::UNIT_BYTES, Some(slab)) };
        self.end_slow_path(heap);
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
        heap: &'b Heap<'b, P>,
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
                body.keep_record(slab);
                self.end_slow_path(heap);
            }
            None => {
                // SAFETY: as above.
                unsafe { heap.backend().release(span) };
                heap.take_record(slab);
            }
        }
    }
}
