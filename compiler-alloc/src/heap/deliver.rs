//! Chains on their way to their slab, and what becomes of a slab that they empty.

use super::Heap;
use super::outbox::Parcel;
use crate::fault::MisuseKind;
use crate::page_source::PageSource;
use crate::slab::Slab;
use crate::span::Span;
use crate::transfer::Transfer;
use core::ptr::NonNull;

impl<P: PageSource, T: Transfer> Heap<'_, P, T> {
    /// Gives a chain to its slab: to the owner, by one compare-and-swap, or, if there is none, to the slab itself, under the
    /// lock. If that empties an abandoned slab, its span goes back here and now.
    ///
    /// # Safety
    /// - The chain's blocks are of the parcel's slab, count as used there, and nobody uses them, now or later.
    pub(super) unsafe fn deliver(&self, parcel: Parcel) {
        let Parcel { slab, chain } = parcel;
        // SAFETY: needs a live record; a slab with blocks that are not free stays, and the caller promises such blocks.
        let record = unsafe { slab.as_ref() };
        // SAFETY: needs a chain of that slab that nobody uses; the caller promises one.
        if unsafe { record.remote.splice(chain) }.is_err() {
            // SAFETY: the caller keeps the duties of this call, which are the same; the chain was refused.
            unsafe { self.deliver_to_abandoned(parcel) };
        }
    }

    /// [`deliver`](Self::deliver) to a slab that had no owner when it was asked.
    ///
    /// # Safety
    /// - As [`deliver`](Self::deliver).
    #[cold]
    unsafe fn deliver_to_abandoned(&self, parcel: Parcel) {
        let slab = parcel.slab;
        let mut shared = self.lock();
        // SAFETY: as in `deliver`.
        let record = unsafe { slab.as_ref() };
        // Asked again, because the slab may have been adopted since.
        // SAFETY: needs a chain that nobody uses; a refused splice took nothing.
        if unsafe { record.remote.splice(parcel.chain) }.is_ok() {
            return;
        }
        // SAFETY: needs the mark, seen under the lock, and the unused chain.
        let is_empty = unsafe { shared.central.merge(slab, parcel.chain) };
        drop(shared);
        if is_empty {
            // SAFETY: needs an empty slab that nobody else reaches; `merge` took it off its list.
            unsafe { self.release_slab(slab) };
        }
    }

    /// Gives an empty slab's span to the backend, and its record to the unused ones. Takes both locks, one after the other.
    ///
    /// # Safety
    /// - The slab is empty, on no list, and the caller's.
    unsafe fn release_slab(&self, slab: NonNull<Slab>) {
        // SAFETY: needs a live record; the caller has it.
        let record = unsafe { slab.as_ref() };
        // SAFETY: needs an empty slab on no list; the caller promises it.
        if let Some(span) = unsafe { self.unmake(record) } {
            // SAFETY: needs a span of this backend that nobody uses; `unmake` found all of its blocks free.
            unsafe { self.backend().release(span) };
            // SAFETY: needs a record of nothing on no list; `unmake` made it that, and the caller promises the rest.
            unsafe { self.take_record(slab) };
        }
    }

    /// Makes an empty slab of the caller's, which is on no list, a record of nothing, and answers its span. If a block of it
    /// was freed twice, another one is still in use; then the slab stays, nobody owns it, and there is no answer. Cost: a
    /// walk of the queue.
    ///
    /// # Safety
    /// - The record is of a slab of this heap that is the caller's, empty and on no list.
    pub(super) unsafe fn unmake(&self, record: &Slab) -> Option<Span> {
        if !record.queue_is_complete() {
            let block_bytes = record.class().map_or(0, |class| class.block_bytes());
            self.report(MisuseKind::DoubleFree, record.base(), block_bytes);
            record.set_owner(0);
            return None;
        }
        let span = record.span();
        // SAFETY: needs units that we hold, with leaves; they are the slab's, which is the caller's.
        unsafe { self.map().show(span.base.as_ptr().addr(), span.bytes, None) };
        record.unmake();
        Some(span)
    }
}
