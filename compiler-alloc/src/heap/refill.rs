//! Refill: fill a thread's empty list from a slab, without searching more than a few.
//!
//! Sources, in order: the current slab (its queue, then what other threads freed, then at most a page of its untouched
//! tail), the first slab with room, up to [`PROBES_MAX`] full slabs that other threads may have freed blocks of, an
//! abandoned slab, a new one.

use super::{Body, Heap, ThreadHeap, ThreadToken};
use crate::free_list::{Block, Chain};
use crate::page_source::PageSource;
use crate::size_class::SizeClass;
use crate::slab::{Event, Place, Slab};
use crate::transfer::Transfer;
use core::ptr::NonNull;

/// How many full slabs a refill looks at.
const PROBES_MAX: usize = 4;

/// At least this many blocks are cut at once from a tail that was in use before.
const CARVE_WARM_BLOCKS_MIN: usize = 16;

/// A full slab is listed as having room when this fraction of its blocks is free, and at least this many.
const ROOM_DIVISOR: u32 = 8;
const ROOM_BLOCKS_MIN: u32 = 4;

/// A list that comes back with fewer than [`circulating_blocks`](SizeClass::circulating_blocks) this often, with no refill
/// of another class in between, is made longer from the tail: a loop over one class should not pay for a refill each time,
/// and a thread that uses many classes should not touch memory for it.
const THIN_REFILLS_MAX: u32 = 16;

impl<'b, P: PageSource, T: Transfer> ThreadHeap<'b, P, T> {
    /// Fills the list of `class` and pops its first block; null if there is no memory.
    ///
    /// # Safety
    /// - As [`alloc`](Self::alloc). The list of `class` is empty.
    #[cold]
    #[inline(never)]
    pub unsafe fn refill(
        &mut self,
        heap: &'b Heap<'b, P, T>,
        token: ThreadToken,
        class: SizeClass,
    ) -> *mut u8 {
        debug_assert!(self.lists[class.index()].is_null());
        match self.refill_from_queue(class) {
            Some(block) => block.as_ptr().cast(),
            // SAFETY: the caller keeps the duties of this call, which are the same.
            None => unsafe { self.refill_elsewhere(heap, token, class) },
        }
    }

    /// The short first step: fills the list with what waits in the current slab's queue, if that is not too little.
    #[inline]
    fn refill_from_queue(&mut self, class: SizeClass) -> Option<NonNull<Block>> {
        // SAFETY: needs a live body that only this thread uses; `enter` lent it to this thread heap until `exit`.
        let slab = unsafe { self.body?.as_mut() }.bin(class).current?;
        // SAFETY: needs a live record; the slab is this thread's.
        let slab = unsafe { slab.as_ref() };
        if slab.queued() < class.circulating_blocks() && slab.carved() < class.slab_blocks() {
            return None;
        }
        let block = NonNull::new(slab.take_queue(class.circulating_blocks()))?;
        // SAFETY: needs a free block whose link was written; a chain of free blocks is linked up to a null link.
        self.lists[class.index()] = unsafe { Block::next(block) };
        Some(block)
    }

    /// # Safety
    /// - As [`refill`](Self::refill).
    #[inline(never)]
    unsafe fn refill_elsewhere(
        &mut self,
        heap: &'b Heap<'b, P, T>,
        token: ThreadToken,
        class: SizeClass,
    ) -> *mut u8 {
        self.heed_refusals(heap);
        let mut chain = self.take_chain(heap, token, class);
        if chain.is_null() {
            self.release_idle(heap);
            chain = self.take_chain(heap, token, class);
        }
        let Some(block) = NonNull::new(chain) else {
            heap.note_refusal();
            self.end_slow_path(heap);
            return core::ptr::null_mut();
        };
        // SAFETY: needs a free block whose link was written; a chain of free blocks is linked up to a null link.
        self.lists[class.index()] = unsafe { Block::next(block) };
        self.end_slow_path(heap);
        block.as_ptr().cast()
    }

    /// Free blocks of `class`, of whatever source has some; null if there is no memory.
    #[inline(always)]
    fn take_chain(&mut self, heap: &'b Heap<'b, P, T>, token: ThreadToken, class: SizeClass) -> Chain {
        let Some(body) = self.body(heap, token) else { return core::ptr::null_mut() };
        let mut chain = body.take_from_current(class);
        if chain.is_null() {
            chain = body.take_from_transfer(class);
        }
        if !chain.is_null() {
            return chain;
        }
        self.send_outbox(heap);
        let Some(body) = self.body(heap, token) else { return core::ptr::null_mut() };
        body.take_from_next(class)
    }
}

impl<'b, P: PageSource, T: Transfer> Body<'b, P, T> {
    /// Free blocks of the current slab of `class`; null if it has none, and then it is current no more.
    #[inline]
    fn take_from_current(&mut self, class: SizeClass) -> Chain {
        let bin = self.bin(class);
        let Some(place) = bin.current else { return core::ptr::null_mut() };
        // SAFETY: needs a live record; the slab is this thread's.
        let slab = unsafe { place.as_ref() };
        let queued = slab.queued();
        let chain = slab.take_queue(class.circulating_blocks());
        if chain.is_null() {
            return self.take_from_empty_queue(class, place);
        }
        if queued < class.circulating_blocks() {
            return self.lengthen(class, slab, queued, chain);
        }
        chain
    }

    /// Puts untouched blocks before a chain that came back thin often in a row.
    #[inline(never)]
    fn lengthen(&mut self, class: SizeClass, slab: &Slab, queued: u32, chain: Chain) -> Chain {
        if self.thin_class != class {
            (self.thin_class, self.thin_refills) = (class, 0);
        }
        self.thin_refills += 1;
        if self.thin_refills < THIN_REFILLS_MAX {
            return chain;
        }
        self.thin_refills = 0;
        slab.carve(queued.min(class.circulating_blocks() - queued) as usize, chain)
    }

    /// As [`take_from_current`](Self::take_from_current), when the queue is empty.
    #[inline(never)]
    fn take_from_empty_queue(&mut self, class: SizeClass, slab: NonNull<Slab>) -> Chain {
        self.thin_refills = 0;
        // SAFETY: needs a live record; the slab is this thread's.
        let has_memory = unsafe { slab.as_ref() }.has_memory();
        let mut chain = if has_memory { take_from(slab, class) } else { core::ptr::null_mut() };
        if chain.is_null() && self.bin(class).room.len() == 0 {
            chain = self.revive(slab);
        }
        if chain.is_null() {
            self.bin(class).current = None;
            self.list(class, slab);
        }
        chain
    }

    /// Free blocks of another slab of `class`, which is current from now on; null if there is no memory for any.
    fn take_from_next(&mut self, class: SizeClass) -> Chain {
        let Some(slab) = self.next_slab(class) else { return core::ptr::null_mut() };
        self.bin(class).current = Some(slab);
        // SAFETY: needs a live record; `next_slab` answers a slab that this thread owns.
        unsafe { slab.as_ref() }.set_place(Place::Current);
        let chain = take_from(slab, class);
        if chain.is_null() { self.revive(slab) } else { chain }
    }

    /// Blocks of the slab's holes, if it has any.
    #[cold]
    fn revive(&mut self, slab: NonNull<Slab>) -> Chain {
        // SAFETY: needs a live record; the slab is this thread's.
        let record = unsafe { slab.as_ref() };
        if record.purged() == 0 {
            return core::ptr::null_mut();
        }
        let source = self.heap.backend().source();
        // SAFETY: needs whole pages of one live reservation; grains are that, in a span that is this thread's.
        record
            .revive(source.geometry().page_bytes, |base, bytes| unsafe { source.commit(base, bytes) }.is_ok())
    }

    /// Puts a slab of this thread, which is on no list, behind those with free blocks or those without.
    pub(super) fn list(&mut self, class: SizeClass, slab: NonNull<Slab>) {
        // SAFETY: needs a live record; the slab is this thread's.
        let record = unsafe { slab.as_ref() };
        let bin = self.bin(class);
        let list = if record.has_room() {
            record.set_place(Place::Room);
            record.watch();
            &mut bin.room
        } else {
            record.set_place(Place::Full);
            record.arm(Event::After((class.slab_blocks() as u32 / ROOM_DIVISOR).max(ROOM_BLOCKS_MIN)));
            &mut bin.full
        };
        // SAFETY: needs a live record on no list; the caller promises it, and the list is this thread's.
        unsafe { list.push_last(slab) };
    }

    /// A slab of this thread with at least one free block, on no list.
    fn next_slab(&mut self, class: SizeClass) -> Option<NonNull<Slab>> {
        let bin = self.bin(class);
        for _ in 0..PROBES_MAX.min(bin.room.len()) {
            let slab = bin.room.pop_first()?;
            // SAFETY: needs a live record; the slab is this thread's.
            let record = unsafe { slab.as_ref() };
            if record.has_memory() || bin.room.len() == 0 {
                if record.is_unused() {
                    self.empty_bytes = self.empty_bytes.saturating_sub(class.slab_bytes());
                }
                self.forget_sparse(class, record);
                return Some(slab);
            }
            // SAFETY: needs a live record on no list; it was just taken off this one.
            unsafe { bin.room.push_last(slab) };
        }
        if let Some(slab) = bin.room.pop_first() {
            // SAFETY: needs a live record; the slab is this thread's.
            self.forget_sparse(class, unsafe { slab.as_ref() });
            return Some(slab);
        }
        self.probe_full(class).or_else(|| self.adopt(class)).or_else(|| self.new_slab(class))
    }

    /// Looks at a few full slabs, the longest waiting first: takes the first of which other threads freed blocks, and releases
    /// those of which they freed all. So a thread that allocates gives back more than it takes of what others emptied.
    fn probe_full(&mut self, class: SizeClass) -> Option<NonNull<Slab>> {
        let mut found = None;
        for _ in 0..PROBES_MAX.min(self.bin(class).full.len()) {
            let slab = self.bin(class).full.pop_first()?;
            // SAFETY: needs a live record; the slab is this thread's.
            let record = unsafe { slab.as_ref() };
            if found.is_none() && (record.remote.has_waiting() || record.queued() > 0) {
                found = Some(slab);
            } else if record.remote.waiting_blocks() >= record.used() as usize {
                self.drain_listed(class, slab);
            } else {
                // SAFETY: needs a live record on no list; it was just taken off this one.
                unsafe { self.bin(class).full.push_last(slab) };
            }
        }
        found
    }

    /// A slab of untouched blocks, from the span backend.
    fn new_slab(&mut self, class: SizeClass) -> Option<NonNull<Slab>> {
        let slab = self.take_record()?;
        let span = self.cache.acquire(class.slab_bytes()).ok();
        let Some(span) = span.filter(|span| self.heap.cover(span.base.as_ptr().addr(), span.bytes)) else {
            if let Some(span) = span {
                // SAFETY: needs a span of this backend that nobody uses; it was acquired above.
                unsafe { self.cache.release_span(span) };
            }
            self.keep_record(slab);
            return None;
        };
        // SAFETY: needs a live record; spare ones are.
        unsafe { slab.as_ref() }.make_slab(span, self.cache.took_warm(), class, self.token.get());
        // SAFETY: needs units that we hold, with leaves: acquired and covered above; records live as long as the heap.
        unsafe { self.heap.map().show(span.base.as_ptr().addr(), span.bytes, Some(slab)) };
        self.slab_bytes += class.slab_bytes();
        Some(slab)
    }
}

/// Free blocks of the thread's own slab: those that it freed, else those that others freed, else untouched ones.
fn take_from(slab: NonNull<Slab>, class: SizeClass) -> Chain {
    // SAFETY: needs a live record; the slab is this thread's.
    let slab = unsafe { slab.as_ref() };
    let mut chain = slab.take_queue(0);
    if chain.is_null() {
        chain = slab.take_remote();
    }
    if chain.is_null() {
        let least = if slab.is_warm() { CARVE_WARM_BLOCKS_MIN } else { 1 };
        chain = slab.carve(class.carve_blocks().max(least), chain);
    }
    chain
}
