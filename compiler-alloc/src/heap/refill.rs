//! Refill: fill a thread's empty list from a slab, without searching more than a few.
//!
//! | source | what comes | where |
//! |---|---|---|
//! | the current slab's queue | all that the thread freed of it | [`refill_from_queue`], before any call |
//! | the current slab's remote word | all that other threads freed of it | [`Body::take_from_current`] |
//! | the current slab's untouched tail, unless the next one with room has freed ones | at most a page, but at least one block | the same |
//! | the transfer cache, if the heap has one | a batch of blocks that were freed elsewhere, of anybody's slab | [`Body::take_from_transfer`] |
//! | another slab with room | as from the current one, which it is from then on | [`Body::slab_with_room`] |
//! | up to [`PROBES_MAX`] full slabs | what was freed of the first of which other threads freed something | [`Body::drained_slab`] |
//! | the central cache | an abandoned slab | [`Body::adopt`] |
//! | the span cache | a slab of untouched blocks | [`Body::new_slab`] |

use super::alloc::class_or_large;
use super::thread::announce;
use super::{Body, Heap, Local, ThreadHeap, ThreadToken};
use crate::free_list::Block;
use crate::page_source::PageSource;
use crate::size_class::SizeClass;
use crate::slab::{Event, Place, Slab};
use crate::transfer::Transfer;
use core::ptr::NonNull;

/// How many full slabs a refill looks at.
const PROBES_MAX: usize = 4;

/// A full slab is listed as having room when this fraction of its blocks is free, and at least this many.
const ROOM_DIVISOR: u32 = 8;
const ROOM_BLOCKS_MIN: u32 = 4;

/// After so many refills from the queue of one class's current slab somebody looks how many blocks they bring. If all refills
/// of the thread were this class's, and bring fewer than [`circulating_blocks`](SizeClass::circulating_blocks), the list is
/// made longer from the tail: a loop over one class should not pay for a refill each time, and a thread that uses many classes
/// should not touch memory for it.
pub(super) const LOOK_AFTER: u32 = 16;

/// When nothing can be gained from looking, somebody looks again after so many.
const LOOK_SELDOM: u32 = 1 << 12;

/// The first step, of about 25 instructions: fills the empty list of a class with what waits in its current slab's queue, and
/// pops its first block.
///
/// # Safety
/// - `list`, counted from class 1, is one of a class, and empty; or it is [`NO_LIST`](super::alloc::NO_LIST).
#[inline(always)]
pub(super) unsafe fn refill_from_queue<'b, L: Local<'b>>(local: L, list: usize) -> Option<NonNull<Block>> {
    // SAFETY: needs the only reference to the thread heap; `Local` promises that nobody has one while a call runs.
    let thread = unsafe { &mut *local.thread().as_ptr() };
    // SAFETY: needs a live body that only this thread uses; `enter` lent it to this thread heap until `exit`.
    let body = unsafe { thread.body?.as_mut() };
    let index = list.wrapping_add(1);
    // SAFETY: needs a list of a class, or that of class 0; the caller promises one.
    let slab = unsafe { *body.current.get_unchecked(index) }?;
    body.refills = body.refills.wrapping_add(1);
    // SAFETY: as above.
    let until_look = unsafe { body.until_look.get_unchecked_mut(index) };
    *until_look = until_look.wrapping_sub(1);
    if *until_look == 0 {
        return None;
    }
    // SAFETY: needs a live record; the slab is this thread's.
    let record = unsafe { slab.as_ref() };
    // SAFETY: needs the owner; as above.
    let block = unsafe { record.take_queue() }?;
    // SAFETY: needs a free block whose link was written; a chain of free blocks is linked up to a null link.
    let next = unsafe { Block::next(block) };
    // SAFETY: needs the list of a class and a chain of it; the class has a slab, and the blocks are of that.
    unsafe { local.set_list(list, next) };
    Some(block)
}

/// Fills the list of `class`, which is empty, from wherever there are blocks, and pops its first block; null if there is no
/// memory.
#[cold]
#[inline(never)]
pub(super) fn refill<'b, L: Local<'b>>(local: L, class: SizeClass) -> *mut u8 {
    // SAFETY: needs a place inside the thread heap; it is one of its fields.
    let body = unsafe { &raw const (*local.thread().as_ptr()).body };
    // SAFETY: needs an initialised value that nobody writes; the thread heap is this thread's.
    let own = unsafe { body.read() }.and_then(|mut body| {
        // SAFETY: needs a live body that only this thread uses; `enter` lent it to this thread heap until `exit`.
        unsafe { body.as_mut() }.take_from_current(class)
    });
    if own.is_none() && announce(local) {
        // Who was told of the first use may have filled the list.
        return class_or_large(local, Some(class), class.block_bytes(), 1);
    }
    // SAFETY: needs the only reference to the thread heap; `Local` promises that nobody has one while a call runs.
    let thread = unsafe { &mut *local.thread().as_ptr() };
    let block = match own {
        Some(block) => block,
        // SAFETY: needs the same heap and token at every call; `Local` promises that.
        None => match unsafe { thread.take_elsewhere(local.heap(), local.token(), class) } {
            Some(block) => block,
            None => return core::ptr::null_mut(),
        },
    };
    // SAFETY: needs a free block whose link was written; a chain of free blocks is linked up to a null link.
    thread.lists[class.index()] = unsafe { Block::next(block) };
    thread.end_slow_path(local.heap());
    block.as_ptr().cast()
}

impl<'b, P: PageSource, T: Transfer> ThreadHeap<'b, P, T> {
    /// Free blocks for the list of `class` when its current slab has none, or there is no current slab; `None` if there is no
    /// memory. Drain point: the outbox is sent.
    ///
    /// # Safety
    /// - As [`alloc`](Self::alloc).
    #[cold]
    #[inline(never)]
    unsafe fn take_elsewhere(
        &mut self,
        heap: &'b Heap<'b, P, T>,
        token: ThreadToken,
        class: SizeClass,
    ) -> Option<NonNull<Block>> {
        self.heed_refusals(heap);
        let blocks = self.take_once(heap, token, class).or_else(|| {
            self.release_idle(heap);
            self.take_once(heap, token, class)
        });
        if blocks.is_none() {
            heap.note_refusal();
            self.end_slow_path(heap);
        }
        blocks
    }

    /// The sources behind the current slab, in their order.
    fn take_once(
        &mut self,
        heap: &'b Heap<'b, P, T>,
        token: ThreadToken,
        class: SizeClass,
    ) -> Option<NonNull<Block>> {
        if let Some(block) = NonNull::new(self.body(heap, token)?.take_from_transfer(class)) {
            return Some(block);
        }
        self.send_outbox(heap);
        self.body(heap, token)?.take_from_next(class)
    }
}

impl<'b, P: PageSource, T: Transfer> Body<'b, P, T> {
    /// Free blocks of the current slab of `class`: those that the thread freed, else those that others freed, else untouched
    /// ones, unless the next slab with room has some that were in use; `None` if it has none.
    #[inline(always)]
    fn take_from_current(&mut self, class: SizeClass) -> Option<NonNull<Block>> {
        let slab = self.current[class.index()]?;
        // SAFETY: needs a live record; the slab is this thread's.
        let record = unsafe { slab.as_ref() };
        let freed = match self.until_look[class.index()] {
            // SAFETY: needs a slab of this thread and class; the class's current one is that.
            0 => unsafe { self.look_at_queue(class, record) },
            // SAFETY: needs the owner; as above.
            _ => unsafe { record.take_queue() },
        };
        // SAFETY: needs a live record; the slab is this thread's.
        let next_has_freed =
            || self.bin(class).room.first().is_some_and(|next| unsafe { next.as_ref() }.has_freed());
        // SAFETY: needs a slab of this thread and class, and an empty queue if there is no block; as above, and it was taken.
        unsafe { take_from(record, class, freed, next_has_freed) }
    }

    /// Takes the current slab's queue and puts untouched blocks before it, if it came back with few blocks often in a row.
    ///
    /// # Safety
    /// - The slab is this thread's, of `class`.
    #[cold]
    #[inline(never)]
    unsafe fn look_at_queue(&mut self, class: SizeClass, slab: &Slab) -> Option<NonNull<Block>> {
        let index = class.index();
        let in_a_row = self.refills.wrapping_sub(self.looked_at[index]) == LOOK_AFTER;
        self.looked_at[index] = self.refills;
        let (queued, enough) = (slab.queued(), class.circulating_blocks());
        let is_thin = queued < enough && slab.has_tail();
        self.until_look[index] = if is_thin { LOOK_AFTER } else { LOOK_SELDOM };
        // SAFETY: needs the owner; the caller promises it.
        let first = unsafe { slab.take_queue() }?;
        if !is_thin || !in_a_row {
            return Some(first);
        }
        // SAFETY: needs the owner of a slab of that class with an empty queue, and free blocks of it; the caller promises the first,
        // and the queue was just taken.
        unsafe { slab.carve(class, queued.min(enough - queued) as usize, first.as_ptr()) }
    }

    /// Free blocks of another slab of `class`, which is current from now on; `None` if there is no memory for any.
    fn take_from_next(&mut self, class: SizeClass) -> Option<NonNull<Block>> {
        self.refills = self.refills.wrapping_add(1);
        if let Some(slab) = self.current[class.index()] {
            if self.bin(class).room.len() == 0 {
                // SAFETY: needs a slab of this thread with an empty queue; current ones are this thread's, and it was just asked.
                if let Some(block) = unsafe { self.revive(slab) } {
                    return Some(block);
                }
            }
            self.current[class.index()] = None;
            // SAFETY: needs a slab of this thread and class on no list; the current one is that.
            unsafe { self.list(class, slab) };
        }
        let slab = self.next_slab(class)?;
        self.current[class.index()] = Some(slab);
        // SAFETY: needs a live record; `next_slab` answers a slab that this thread owns.
        let record = unsafe { slab.as_ref() };
        record.set_place(Place::Current);
        // SAFETY: needs the owner; as above.
        let freed = unsafe { record.take_queue() };
        // SAFETY: needs a slab of this thread and class, and an empty queue if there is no block; as above, and it was taken.
        let block = unsafe { take_from(record, class, freed, || false) };
        // SAFETY: needs a slab of this thread with an empty queue; as above.
        block.or_else(|| unsafe { self.revive(slab) })
    }

    /// Blocks of the slab's holes, if it has any.
    ///
    /// # Safety
    /// - The slab is this thread's, and its queue is empty.
    #[cold]
    unsafe fn revive(&mut self, slab: NonNull<Slab>) -> Option<NonNull<Block>> {
        // SAFETY: needs a live record; the caller promises a slab of this thread.
        let record = unsafe { slab.as_ref() };
        if record.purged() == 0 {
            return None;
        }
        let source = self.heap.backend().source();
        // SAFETY: needs whole pages of one live reservation; grains are that, in a span that is this thread's.
        let commit = |base, bytes| unsafe { source.commit(base, bytes) }.is_ok();
        // SAFETY: needs the owner, and an empty queue; the caller promises both.
        unsafe { record.revive(source.geometry().page_bytes, commit) }
    }

    /// Puts a slab behind those with free blocks or those without.
    ///
    /// # Safety
    /// - The slab is this thread's, of `class`, on no list, and not the current one.
    pub(super) unsafe fn list(&mut self, class: SizeClass, slab: NonNull<Slab>) {
        // SAFETY: needs a live record; the caller promises a slab of this thread.
        let record = unsafe { slab.as_ref() };
        if record.has_room() {
            // SAFETY: the caller keeps the duties of this call, which are the same.
            return unsafe { self.list_with_room(class, slab) };
        }
        record.set_place(Place::Full);
        record.arm(Event::After((class.slab_blocks() as u32 / ROOM_DIVISOR).max(ROOM_BLOCKS_MIN)));
        // SAFETY: needs a live record on no list; the caller promises it, and the list is this thread's.
        unsafe { self.bin(class).full.push_last(slab) };
    }

    /// Puts a slab behind those with free blocks.
    ///
    /// # Safety
    /// - As [`list`](Self::list).
    #[inline]
    pub(super) unsafe fn list_with_room(&mut self, class: SizeClass, slab: NonNull<Slab>) {
        // SAFETY: needs a live record; the caller promises a slab of this thread.
        let record = unsafe { slab.as_ref() };
        record.set_place(Place::Room);
        record.watch();
        // SAFETY: needs a live record on no list; the caller promises it, and the list is this thread's.
        unsafe { self.bin(class).room.push_last(slab) };
    }

    /// A slab of this thread with at least one free block, on no list.
    #[inline]
    fn next_slab(&mut self, class: SizeClass) -> Option<NonNull<Slab>> {
        self.slab_with_room(class)
            .or_else(|| self.drained_slab(class))
            .or_else(|| self.adopt(class))
            .or_else(|| self.new_slab(class))
    }

    /// The first slab with room that has its free blocks in memory, among a few; else the next one.
    #[inline]
    fn slab_with_room(&mut self, class: SizeClass) -> Option<NonNull<Slab>> {
        let room = &mut self.bin(class).room;
        let mut found = room.pop_first()?;
        for _ in 1..PROBES_MAX {
            // SAFETY: needs a live record; the slab is this thread's.
            if unsafe { found.as_ref() }.has_memory() {
                break;
            }
            let Some(next) = room.pop_first() else { break };
            // SAFETY: needs a live record on no list; it was taken off this one.
            unsafe { room.push_last(found) };
            found = next;
        }
        // SAFETY: needs a live record; the slab is this thread's.
        let record = unsafe { found.as_ref() };
        if record.is_unused() {
            self.empty_bytes = self.empty_bytes.saturating_sub(class.slab_bytes());
        }
        self.forget_sparse(class, record);
        Some(found)
    }

    /// Looks at a few full slabs, the longest waiting first: takes the first of which other threads freed blocks, and releases
    /// those of which they freed all. So a thread that allocates gives back more than it takes of what others emptied. What the
    /// thread itself freed of a slab that nobody else freed of waits until its event lists the slab (`full-until-an-eighth`).
    fn drained_slab(&mut self, class: SizeClass) -> Option<NonNull<Slab>> {
        let mut found = None;
        for _ in 0..PROBES_MAX.min(self.bin(class).full.len()) {
            let slab = self.bin(class).full.pop_first()?;
            // SAFETY: needs a live record; the slab is this thread's.
            let record = unsafe { slab.as_ref() };
            if found.is_none() && record.remote.has_waiting() {
                found = Some(slab);
            } else if record.remote.waiting_blocks() >= record.used() as usize {
                // SAFETY: needs a slab of this thread and class on no list; it was just taken off its list.
                unsafe { self.drain_listed(class, slab) };
            } else {
                // SAFETY: needs a live record on no list; it was just taken off this one.
                unsafe { self.bin(class).full.push_last(slab) };
            }
        }
        found
    }

    /// A slab of untouched blocks, from the span backend.
    fn new_slab(&mut self, class: SizeClass) -> Option<NonNull<Slab>> {
        self.note_slab_needed(class);
        let slab = self.take_record()?;
        let span = self.cache.acquire(class.slab_bytes()).ok();
        let Some(span) = span.filter(|span| self.heap.cover(span.base.as_ptr().addr(), span.bytes)) else {
            if let Some(span) = span {
                // SAFETY: needs a span of this backend that nobody uses; it was acquired above.
                unsafe { self.cache.release_span(span) };
            }
            // SAFETY: needs a record of nothing on no list that is ours; it was just taken, and nothing was made of it.
            unsafe { self.keep_record(slab) };
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

/// Free blocks of a slab: those that the thread `freed` of it, else those that others freed, else untouched ones, unless its tail
/// `is_spared`.
///
/// # Safety
/// - The slab is this thread's, of `class`; if nothing was `freed`, its queue is empty.
#[inline(always)]
unsafe fn take_from(
    slab: &Slab,
    class: SizeClass,
    freed: Option<NonNull<Block>>,
    is_spared: impl FnOnce() -> bool,
) -> Option<NonNull<Block>> {
    // SAFETY: needs the owner, and an empty queue; the caller promises both.
    if let Some(block) = freed.or_else(|| unsafe { slab.take_remote() }) {
        return Some(block);
    }
    if is_spared() {
        return None;
    }
    // SAFETY: needs the owner of a slab of that class with an empty queue; the caller promises it.
    unsafe { slab.carve(class, slab.carve_blocks(), core::ptr::null_mut()) }
}
