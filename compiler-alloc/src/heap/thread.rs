//! The life of a thread heap: blocks of other threads, drain points, and the thread's end.
//!
//! | drain point | what it drains | what it sends |
//! |---|---|---|
//! | refill | the current slab, then at most four full ones, of which it releases those that are empty | the outbox, when the current slab has nothing |
//! | [`collect`](ThreadHeap::collect), the safepoint | every slab of the thread | the outbox |
//! | `release_idle`, when memory was refused to this thread or another | every slab of the thread | the outbox |
//! | [`exit`](ThreadHeap::exit) | every slab of the thread | the outbox; then it abandons what lives |
//!
//! With a [transfer cache](crate::transfer) a refill also takes a batch from there, `collect` and `exit` call the batches of the
//! thread's slabs home, and `release_idle` and [`trim`](ThreadHeap::trim) all of them.
//!
//! A thread that only frees has no slabs and no body, only its outbox, so it needs no memory to give memory back.

use super::outbox::{Parcel, chain_blocks};
use super::transferred::give_list_back;
use super::{Body, Heap, Local, ThreadHeap, ThreadToken};
use crate::free_list::Block;
use crate::page_source::PageSource;
use crate::remote_free::Chain;
use crate::size_class::SizeClass;
use crate::slab::Slab;
use crate::transfer::Transfer;
use core::ptr::{self, NonNull};

/// Whether the thread's end will be announced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum Leaving {
    /// Nobody asked yet. Zero, as in a thread heap that was not used.
    Unknown = 0,
    /// [`exit`](ThreadHeap::exit) will be called.
    Announced = 1,
    /// It will not be: the thread is ending already, or the system has nothing to announce it by. So every slow path ends like the
    /// thread.
    AtOnce = 2,
}

/// Asks, the first time, whether the thread's end will be announced; answers whether this was the first time. Before any call that may
/// make a body or begin a chain, and before there is a reference to the thread heap: who is asked may allocate from it.
#[inline]
pub(crate) fn announce<'b, L: Local<'b>>(local: L) -> bool {
    // SAFETY: needs a place inside the thread heap; it is one of its fields.
    let leaving = unsafe { &raw mut (*local.thread().as_ptr()).leaving };
    // SAFETY: needs an initialised value that nobody writes; the thread heap is this thread's, and no reference to it is in use.
    let is_first = unsafe { leaving.read() } == Leaving::Unknown;
    if is_first {
        ask_for_an_end(local.heap(), leaving);
    }
    is_first
}

#[cold]
#[inline(never)]
fn ask_for_an_end<P: PageSource, T: Transfer>(heap: &Heap<'_, P, T>, leaving: *mut Leaving) {
    // Said beforehand, so that a handler which allocates is not asked again.
    // SAFETY: needs a place that may be written; it is the calling thread's, and no reference to its heap is in use.
    unsafe { leaving.write(Leaving::Announced) };
    if !heap.note_first_use() {
        // SAFETY: as above; what the handler called has returned.
        unsafe { leaving.write(Leaving::AtOnce) };
    }
}

impl<'b, P: PageSource, T: Transfer> ThreadHeap<'b, P, T> {
    /// Gives a block of a slab back that is not this thread's, and of which the outbox has no chain.
    ///
    /// # Safety
    /// - As [`alloc`](Self::alloc).
    /// - `block` is a block of `slab`, which the map shows, and nobody uses it again.
    #[inline]
    pub(super) unsafe fn free_remote(
        &mut self,
        heap: &'b Heap<'b, P, T>,
        slab: NonNull<Slab>,
        block: NonNull<Block>,
    ) {
        // SAFETY: needs a live record; the slab has a block that is not free.
        let Some(class) = unsafe { slab.as_ref() }.class() else { return };
        let blocks_max = chain_blocks(class);
        if blocks_max == 1 || self.leaving == Leaving::AtOnce {
            // SAFETY: needs unused blocks of the slab; the caller promises one.
            return unsafe { heap.pass_on(Parcel { slab, chain: Chain::of(block) }) };
        }
        // SAFETY: needs an unused block of a slab without chain here; the caller promises both.
        if let Some(displaced) = unsafe { self.outbox.open(slab, block, blocks_max) } {
            // SAFETY: needs unused blocks of the parcel's slab; the outbox had them, and gave them up.
            unsafe { heap.deliver(displaced) };
        }
    }

    /// Ends a slow path: like the thread, if its end will not be announced.
    #[inline]
    pub(super) fn end_slow_path(&mut self, heap: &'b Heap<'b, P, T>) {
        if self.leaving == Leaving::AtOnce {
            self.exit_at_once(heap);
        }
    }

    /// Leaves nothing behind, in a thread that goes on and whose end nobody will announce.
    #[cold]
    #[inline(never)]
    fn exit_at_once(&mut self, heap: &'b Heap<'b, P, T>) {
        // SAFETY: needs that no call of this thread heap is under way but the slow path that ends here.
        unsafe { self.exit(heap) };
        // The answer stays until the thread itself exits, and nobody asks again: the second slow path of a `resize` would do so under its
        // `&mut self`.
        self.leaving = Leaving::AtOnce;
    }

    /// Sends every chain of the outbox. One compare-and-swap for each.
    #[inline]
    pub(super) fn send_outbox(&mut self, heap: &'b Heap<'b, P, T>) {
        while let Some(parcel) = self.outbox.take_any() {
            // SAFETY: needs unused blocks of the parcel's slab; the outbox had them, and gave them up.
            unsafe { heap.deliver(parcel) };
        }
    }

    /// A safepoint: takes back what other threads freed into this thread's slabs, sends what this thread freed of theirs,
    /// and releases slabs that are empty. Cost: the slabs of the thread and the blocks that came back.
    ///
    /// # Safety
    /// - As [`alloc`](Self::alloc).
    pub unsafe fn collect(&mut self, heap: &'b Heap<'b, P, T>) {
        self.send_outbox(heap);
        let Some(mut body) = self.body else { return };
        // SAFETY: needs a live body that only this thread uses; `enter` lent it to this thread heap until `exit`.
        unsafe { body.as_mut() }.collect();
    }

    /// As [`collect`](Self::collect); then gives what the thread's span cache keeps back to the backend, and purges idle
    /// memory until at most `keep_bytes` idle. Takes the backend's lock.
    ///
    /// # Safety
    /// - As [`alloc`](Self::alloc).
    pub unsafe fn trim(&mut self, heap: &'b Heap<'b, P, T>, keep_bytes: usize) {
        heap.recall_all();
        // SAFETY: the caller keeps the duties of this call, which are the same.
        unsafe { self.collect(heap) };
        match self.body {
            // SAFETY: needs a live body that only this thread uses; `enter` lent it to this thread heap until `exit`.
            Some(mut body) => unsafe { body.as_mut() }.cache.trim(keep_bytes),
            None => heap.backend().trim(keep_bytes),
        }
    }

    /// Gives everything back that idles in this thread and in the backend, down to address space, because memory or addresses
    /// were refused. Cost: the slabs of the thread, the blocks of its lists, and the reservations.
    #[cold]
    #[inline(never)]
    pub(super) fn release_idle(&mut self, heap: &'b Heap<'b, P, T>) {
        self.send_outbox(heap);
        heap.recall_all();
        if let Some(mut body) = self.body {
            // SAFETY: needs a live body that only this thread uses; `enter` lent it to this thread heap until `exit`.
            let body = unsafe { body.as_mut() };
            self.put_lists_back(heap, body.token);
            body.release_idle();
        }
        heap.backend().release_idle_reservations();
    }

    /// Does what another thread asked for that was refused memory since this one looked last.
    #[inline]
    pub(super) fn heed_refusals(&mut self, heap: &'b Heap<'b, P, T>) {
        let Some(mut body) = self.body else { return };
        // SAFETY: needs a live body that only this thread uses; `enter` lent it to this thread heap until `exit`.
        let seen = unsafe { &mut body.as_mut().refusals_seen };
        if *seen != heap.refusals() {
            *seen = heap.refusals();
            self.release_idle(heap);
        }
    }

    /// Puts the free blocks of the thread's lists back into their slabs' queues.
    fn put_lists_back(&mut self, heap: &Heap<'b, P, T>, token: ThreadToken) {
        for class in SizeClass::all() {
            let list = core::mem::replace(&mut self.lists[class.index()], ptr::null_mut());
            // SAFETY: needs free blocks of the class and of one slab, linked up to a null link, that nobody else uses; the list was
            // this thread's, and is empty now.
            unsafe { give_list_back(heap, token, class, list) };
        }
    }

    /// Ends the thread's use of the heap: sends the outbox, drains its slabs, gives the empty ones and the span cache back,
    /// and abandons the others. The thread heap is as it was when it was made, and can be used again.
    ///
    /// # Safety
    /// - As [`alloc`](Self::alloc).
    #[cold]
    #[inline(never)]
    pub unsafe fn exit(&mut self, heap: &'b Heap<'b, P, T>) {
        self.send_outbox(heap);
        self.leaving = Leaving::Unknown;
        let Some(mut place) = self.body.take() else { return };
        // SAFETY: needs a live body that only this thread uses; `enter` lent it to this thread heap, which gives it up here.
        let body = unsafe { place.as_mut() };
        self.put_lists_back(heap, body.token);
        body.give_all_back();
        // SAFETY: needs a body that nobody uses again, without slabs and records; as above, and it gave all of them back.
        unsafe { heap.leave(place) };
    }
}

impl<P: PageSource, T: Transfer> Body<'_, P, T> {
    /// Drains every slab, and releases those that are empty.
    fn collect(&mut self) {
        self.recall_own();
        self.forget_empty_slabs();
        self.sparse_bytes = 0;
        for class in SizeClass::all() {
            // As many as there are now: a slab that stays goes to the end of a list.
            for _ in 0..self.bin(class).room.len() {
                let Some(slab) = self.bin(class).room.pop_first() else { break };
                // SAFETY: needs a slab of this thread on no list; it was just taken off one of its lists.
                unsafe { self.drain_listed(class, slab) };
            }
            for _ in 0..self.bin(class).full.len() {
                let Some(slab) = self.bin(class).full.pop_first() else { break };
                // SAFETY: as above.
                unsafe { self.drain_listed(class, slab) };
            }
            if let Some(slab) = self.current[class.index()] {
                // SAFETY: needs a live record; the slab is this thread's.
                let record = unsafe { slab.as_ref() };
                // SAFETY: needs the owner; as above.
                unsafe { record.drain() };
                // SAFETY: needs a slab of this thread on the list that its place says; as above, and the current one is on none.
                unsafe { self.note_event(slab) };
            }
        }
    }

    /// As [`collect`](Self::collect), for the current slabs too; then gives the span cache back. The thread's lists are empty.
    fn release_idle(&mut self) {
        for class in SizeClass::all() {
            if let Some(slab) = self.current[class.index()].take() {
                // SAFETY: needs a slab of this thread on no list; the current one is on none.
                unsafe { self.drain_listed(class, slab) };
            }
        }
        self.collect();
        self.heap.take_records(&mut self.spare, 0);
        self.cache.flush();
    }

    /// Drains a slab, and lists or releases it.
    ///
    /// # Safety
    /// - The slab is this thread's, of `class`, on no list, and not the current one.
    pub(super) unsafe fn drain_listed(&mut self, class: SizeClass, slab: NonNull<Slab>) {
        // SAFETY: needs a live record; the caller promises a slab of this thread.
        let record = unsafe { slab.as_ref() };
        // SAFETY: needs the owner; as above.
        unsafe { record.drain() };
        if record.is_unused() {
            // SAFETY: needs an empty slab of this thread on no list; the caller promises it, and `used` is 0.
            return unsafe { self.release_slab(slab) };
        }
        // SAFETY: needs a slab of this thread and class on no list; the caller promises it.
        unsafe { self.list(class, slab) };
    }

    /// Gives slabs, records and spans back; abandons slabs of which blocks are in use. The thread's lists are empty.
    fn give_all_back(&mut self) {
        self.recall_own();
        self.forget_empty_slabs();
        self.sparse_bytes = 0;
        for class in SizeClass::all() {
            let current = self.current[class.index()].take();
            let mut next = current.or_else(|| self.bin(class).pop_listed());
            while let Some(slab) = next {
                // SAFETY: needs a slab of this thread on no list; it was current, or just taken off its list, and the thread's lists
                // are empty.
                unsafe { self.abandon(slab) };
                next = self.bin(class).pop_listed();
            }
        }
        self.slab_bytes = 0;
        self.heap.take_records(&mut self.spare, 0);
        self.cache.flush();
    }

    /// Leaves a slab to the central cache, or releases it if it is empty.
    ///
    /// # Safety
    /// - The slab is this thread's, on no list, and no free block of it is in one of this thread's lists. If it is left, nobody uses it
    ///   as this thread's any more.
    unsafe fn abandon(&mut self, slab: NonNull<Slab>) {
        // SAFETY: needs a live record; the caller promises a slab of this thread.
        let record = unsafe { slab.as_ref() };
        // Without the lock, because it walks what came.
        // SAFETY: needs the owner; as above.
        unsafe { record.drain() };
        // SAFETY: needs a slab of the caller's on no list, with no free block in the caller's lists; the caller promises both.
        if record.is_unused() || unsafe { self.heap.lock().central.abandon(slab) } {
            // SAFETY: needs an empty slab of this thread on no list; as above, and it was found empty.
            unsafe { self.release_slab(slab) };
        }
    }

    /// Takes over an abandoned slab of the class with a free block. Takes the lock.
    pub(super) fn adopt(&mut self, class: SizeClass) -> Option<NonNull<Slab>> {
        let slab = self.heap.lock().central.adopt(class, self.token.get())?;
        // SAFETY: needs a live record; the slab is this thread's now.
        unsafe { slab.as_ref() }.take_sparse();
        self.slab_bytes += class.slab_bytes();
        Some(slab)
    }
}
