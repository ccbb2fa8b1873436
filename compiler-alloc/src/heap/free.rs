//! Free: by the owner into the slab's queue, by another thread through the outbox, large, or not ours; and the events.

use super::thread::announce;
use super::{Body, Heap, Here, Local, ThreadHeap, ThreadToken};
use crate::fault::MisuseKind;
use crate::free_list::Block;
use crate::page_source::PageSource;
use crate::size_class::SizeClass;
use crate::slab::{Event, Kind, Place, Slab};
use crate::transfer::Transfer;
use core::ptr::NonNull;

/// Gives a block back. Null and pointers that are not the beginning of a block are noticed and dropped.
///
/// A block of the thread's own slab: three conditional branches, no call, no locked operation.
///
/// # Safety
/// - If `pointer` is the beginning of a block of this heap, nobody uses the block again.
#[inline(always)]
pub unsafe fn free<'b, L: Local<'b>>(local: L, pointer: *mut u8) {
    let slab = local.map().near_slab(pointer.addr());
    // SAFETY: needs a live record, or the record of nothing; the map shows nothing else, and a record stays readable as
    // long as the heap lives.
    let record = unsafe { slab.as_ref() };
    if !local.owns(record.owner_word()) {
        // SAFETY: needs an unused block if the pointer is one; the caller promises it.
        return unsafe { free_elsewhere::<L, true>(local, slab, pointer) };
    }
    // SAFETY: needs the owner; the token was compared before.
    if !unsafe { record.is_own_block(pointer.addr()) } {
        // SAFETY: the caller keeps the duties of this call, which are the same.
        return unsafe { free_miss(local, pointer) };
    }
    // SAFETY: needs a pointer that is not null; it is the address of a block.
    let block = unsafe { NonNull::new_unchecked(pointer) }.cast::<Block>();
    // SAFETY: needs the owner and an unused block of the slab; the token and the division said so, and the caller promises
    // that nobody uses it.
    if unsafe { record.push_local(block) } {
        // SAFETY: needs a slab of this thread; the token was compared before.
        unsafe { free_event(local, slab) };
    }
}

/// Gives a block back whose pointer needs no checking: two conditional branches.
///
/// # Safety
/// - `pointer` came from this heap, was not freed since, and nobody uses the block again.
#[inline(always)]
pub unsafe fn dealloc<'b, L: Local<'b>>(local: L, pointer: NonNull<u8>) {
    // SAFETY: needs an address of ours; the caller promises a live block.
    let slab = unsafe { local.map().own_slab(pointer.as_ptr().addr()) };
    // SAFETY: needs a live record; the caller promises a live block, whose slab the map shows.
    let record = unsafe { slab.as_ref() };
    if !local.owns(record.owner_word()) {
        // SAFETY: needs a slab as the map shows it for the pointer, and an unused block; looked up above, and the caller
        // promises the rest.
        return unsafe { free_elsewhere::<L, false>(local, slab, pointer.as_ptr()) };
    }
    // SAFETY: needs the owner and an unused block of the slab; the token says so and the caller promises it.
    if unsafe { record.push_local(pointer.cast()) } {
        // SAFETY: needs a slab of this thread; the token was compared before.
        unsafe { free_event(local, slab) };
    }
}

/// The slab is not this thread's. If the outbox has a chain of it, the block joins the chain; this and the test whether it is
/// full are the only conditional branches, besides the division if the pointer is to be `CHECKED`.
///
/// # Safety
/// - As [`free`]; or, unless it is `CHECKED`, as [`dealloc`], and the map shows `slab` for the pointer.
#[inline(always)]
unsafe fn free_elsewhere<'b, L: Local<'b>, const CHECKED: bool>(
    local: L,
    slab: NonNull<Slab>,
    pointer: *mut u8,
) {
    // SAFETY: needs the only reference to the thread heap; `Local` promises that nobody has one while a call runs.
    let thread = unsafe { &mut *local.thread().as_ptr() };
    // SAFETY: needs a live record, or the record of nothing; the map shows nothing else.
    let record = unsafe { slab.as_ref() };
    // SAFETY: needs a block of the slab that is not free; its chain in the outbox has one.
    let is_block = || unsafe { record.is_block_beside(pointer.addr()) };
    if !thread.outbox.has_chain(slab) || CHECKED && !is_block() {
        // SAFETY: the caller keeps the duties of this call, which are the same.
        return unsafe { free_miss(local, pointer) };
    }
    // SAFETY: needs a pointer that is not null; the slab has a chain, so it is one, and the pointer is in it.
    let block = unsafe { NonNull::new_unchecked(pointer) }.cast::<Block>();
    // SAFETY: needs a slab with a chain here and an unused block of it; asked above, and the caller promises the block.
    if !unsafe { thread.outbox.put(slab, block) } {
        // SAFETY: the caller keeps the duties of this call, which are the same; `put` just refused the block.
        unsafe { chain_is_full(local, block, slab) };
    }
}

/// The chain of a slab is sent, and `block` begins the next one.
///
/// # Safety
/// - As [`Outbox::replace`](super::outbox::Outbox::replace).
#[cold]
#[inline(never)]
unsafe fn chain_is_full<'b, L: Local<'b>>(local: L, block: NonNull<Block>, slab: NonNull<Slab>) {
    // SAFETY: needs the only reference to the thread heap; `Local` promises that nobody has one while a call runs.
    let thread = unsafe { &mut *local.thread().as_ptr() };
    // SAFETY: the caller keeps the duties of this call, which are the same.
    unsafe { thread.send_full_chain(local.heap(), slab, block) };
}

/// The pointer is no block of the slab that was found first: null, remote, large, or a misuse; or a block of this thread whose
/// unit has bits of its address in common with another one.
///
/// # Safety
/// - As [`free`].
#[cold]
#[inline(never)]
unsafe fn free_miss<'b, L: Local<'b>>(local: L, pointer: *mut u8) {
    let slab = local.map().slab(pointer.addr());
    // SAFETY: needs a live record, or the record of nothing; the map shows nothing else.
    let record = unsafe { slab.as_ref() };
    // SAFETY: needs the owner, if it comes to that; the token is compared before.
    if local.owns(record.owner_word()) && unsafe { record.is_own_block(pointer.addr()) } {
        // SAFETY: needs a pointer that is not null; it is the address of a block.
        let block = unsafe { NonNull::new_unchecked(pointer) };
        // SAFETY: needs the owner and an unused block of the slab; compared above, and the caller promises that nobody uses it.
        if unsafe { record.push_local(block.cast()) } {
            // SAFETY: needs a slab of this thread; the token was compared before.
            unsafe { free_event(local, slab) };
        }
        return;
    }
    if record.kind() != Kind::None {
        announce(local);
    }
    // SAFETY: needs the only reference to the thread heap; `Local` promises that nobody has one while a call runs.
    let thread = unsafe { &mut *local.thread().as_ptr() };
    // SAFETY: needs the same heap and token at every call, which `Local` promises; the caller promises the rest.
    unsafe { thread.free_miss(local.heap(), local.token(), slab, pointer) }
}

/// A counter reached zero: the slab is empty, or has enough free blocks to be listed.
///
/// # Safety
/// - The slab is this thread's.
#[cold]
#[inline(never)]
unsafe fn free_event<'b, L: Local<'b>>(local: L, slab: NonNull<Slab>) {
    // SAFETY: needs the only reference to the thread heap; `Local` promises that nobody has one while a call runs.
    let thread = unsafe { &mut *local.thread().as_ptr() };
    // A thread that owns a slab has a body.
    if let Some(mut body) = thread.body {
        // SAFETY: needs a live body that only this thread uses; `enter` lent it to this thread heap until `exit`.
        let body = unsafe { body.as_mut() };
        // SAFETY: needs a slab of this thread on the list that its place says; the caller promises the first, and only in the middle of a
        // slow path, in which no block is freed, is a slab elsewhere.
        unsafe { body.note_event(slab) };
    }
}

impl<'b, P: PageSource, T: Transfer> ThreadHeap<'b, P, T> {
    /// [`free`] with this thread heap.
    ///
    /// # Safety
    /// - As [`alloc`](Self::alloc).
    /// - As [`free`].
    #[inline]
    pub unsafe fn free(&mut self, heap: &'b Heap<'b, P, T>, token: ThreadToken, pointer: *mut u8) {
        // SAFETY: the caller keeps the duties of this call, which are the same.
        let here = unsafe { Here::of(self, heap, token) };
        // SAFETY: the caller keeps the duties of this call, which are the same.
        unsafe { free(here, pointer) }
    }

    /// [`dealloc`] with this thread heap.
    ///
    /// # Safety
    /// - As [`alloc`](Self::alloc).
    /// - As [`dealloc`].
    #[inline]
    pub unsafe fn dealloc(&mut self, heap: &'b Heap<'b, P, T>, token: ThreadToken, pointer: NonNull<u8>) {
        // SAFETY: the caller keeps the duties of this call, which are the same.
        let here = unsafe { Here::of(self, heap, token) };
        // SAFETY: the caller keeps the duties of this call, which are the same.
        unsafe { dealloc(here, pointer) }
    }

    /// The pointer is not a block of this thread: null, remote, large, or a misuse.
    ///
    /// # Safety
    /// - The map shows `slab` for the pointer.
    /// - As [`free`](Self::free).
    #[inline]
    unsafe fn free_miss(
        &mut self,
        heap: &'b Heap<'b, P, T>,
        token: ThreadToken,
        slab: NonNull<Slab>,
        pointer: *mut u8,
    ) {
        let Some(block) = NonNull::new(pointer) else { return };
        // SAFETY: needs a live record, or the record of nothing; as in `free`.
        let record = unsafe { slab.as_ref() };
        if record.kind() == Kind::Slab && record.is_block(pointer.addr()) {
            if !self.outbox.has_chain(slab) {
                // SAFETY: needs a block of a slab of this heap that nobody uses; compared, and the caller promises the rest.
                return unsafe { self.free_remote(heap, slab, block.cast()) };
            }
            // SAFETY: needs a slab with a chain here and an unused block of it; asked above, and the caller promises the block.
            if !unsafe { self.outbox.put(slab, block.cast()) } {
                // SAFETY: as above; `put` just refused the block.
                unsafe { self.send_full_chain(heap, slab, block.cast()) };
            }
            return;
        }
        // SAFETY: the caller keeps the duties of this call, which are the same.
        unsafe { self.free_large_or_nothing(heap, token, slab, pointer) }
    }

    /// The chain of a slab is full: it leaves, and `block` begins the next one.
    ///
    /// # Safety
    /// - As [`Outbox::replace`](super::outbox::Outbox::replace).
    unsafe fn send_full_chain(&mut self, heap: &Heap<'b, P, T>, slab: NonNull<Slab>, block: NonNull<Block>) {
        // SAFETY: the caller keeps the duties of this call, which are the same.
        match unsafe { self.outbox.replace(slab, block) } {
            // SAFETY: needs unused blocks of the parcel's slab; the outbox had them, and gave them up.
            Some(full) => unsafe { heap.pass_on(full) },
            None => {
                // SAFETY: needs a live record; the slab has a chain, whose blocks are not free.
                let class = unsafe { slab.as_ref() }.class();
                let block_bytes = class.map_or(0, |class| class.block_bytes());
                heap.report(MisuseKind::DoubleFree, block.as_ptr().addr(), block_bytes);
            }
        }
    }

    /// The pointer is a large allocation, or a misuse.
    ///
    /// # Safety
    /// - As [`free`](Self::free). The map shows `slab` for the pointer, which is none of its blocks.
    #[cold]
    #[inline(never)]
    unsafe fn free_large_or_nothing(
        &mut self,
        heap: &'b Heap<'b, P, T>,
        token: ThreadToken,
        slab: NonNull<Slab>,
        pointer: *mut u8,
    ) {
        // SAFETY: needs a live record, or the record of nothing; as in `free`.
        let record = unsafe { slab.as_ref() };
        match record.kind() {
            Kind::Large if record.base() == pointer.addr() => {
                // SAFETY: needs a large allocation that begins at the pointer and that nobody uses; compared, and the caller
                // promises the rest.
                unsafe { self.free_large(heap, token, slab) }
            }
            _ => heap.report_no_block(pointer),
        }
    }
}

/// So many bytes of empty slabs a thread keeps for their classes, beside each class's current one, whatever it does.
pub(super) const EMPTY_BYTES_MIN: usize = 1 << 20;

/// It keeps as many more as it released and needed again for the same class, up to this; until it needs a slab for a class
/// that has none, or releases twice as much without needing any.
const EMPTY_BYTES_MAX: usize = 8 << 20;

impl<P: PageSource, T: Transfer> Body<'_, P, T> {
    /// Decides what becomes of a slab whose counter reached zero.
    ///
    /// # Safety
    /// - The slab is this thread's, and on the list that its [`Place`] says.
    pub(crate) unsafe fn note_event(&mut self, slab: NonNull<Slab>) {
        // SAFETY: needs a live record; the caller promises a slab of this thread.
        let record = unsafe { slab.as_ref() };
        let Some(class) = record.class() else { return };
        if record.is_overdrawn() {
            self.heap.report(MisuseKind::DoubleFree, record.base(), class.block_bytes());
            return record.recount();
        }
        if record.used() == 0 {
            // SAFETY: the caller keeps the duties of this call, which are the same; nothing of the slab is used.
            return unsafe { self.note_empty(class, slab) };
        }
        match record.place() {
            Place::Full => {
                // SAFETY: needs a slab of this list; its place says so.
                unsafe { self.bin(class).full.remove(slab) };
                // SAFETY: needs a slab of this thread and class on no list; it was just taken off its list.
                unsafe { self.list_with_room(class, slab) };
            }
            Place::Room => {
                self.forget_sparse(class, record);
                let is_sparse = record.note_sparse();
                record.arm_watching();
                if is_sparse {
                    // What was freed last is in the processor's cache.
                    let room = &mut self.bin(class).room;
                    // SAFETY: needs a slab of this list; its place says so.
                    unsafe { room.remove(slab) };
                    // SAFETY: needs a live record on no list; it was just taken off this one.
                    unsafe { room.push_first(slab) };
                    self.note_sparse(class);
                }
            }
            Place::Current => record.arm(Event::Never),
            Place::Loose | Place::Abandoned => record.arm(Event::Empty),
        }
    }

    /// Releases an empty slab, unless it is the current one or few bytes of empty slabs are kept.
    ///
    /// # Safety
    /// - As [`note_event`](Self::note_event); the slab is of `class`, and empty.
    unsafe fn note_empty(&mut self, class: SizeClass, slab: NonNull<Slab>) {
        // SAFETY: needs a live record; the caller promises a slab of this thread.
        let record = unsafe { slab.as_ref() };
        self.forget_sparse(class, record);
        let is_kept = self.empty_bytes + class.slab_bytes() <= self.empty_bytes_max;
        let bin = self.bin(class);
        match record.place() {
            Place::Room if is_kept => {
                // Where it stands since it became sparse.
                self.empty_bytes += class.slab_bytes();
                return record.arm(Event::Empty);
            }
            Place::Current if bin.room.first().is_none() => return record.arm(Event::Never),
            Place::Current => self.current[class.index()] = None,
            // SAFETY: needs a slab of this list; its place says so.
            Place::Full => unsafe { bin.full.remove(slab) },
            // SAFETY: needs a slab of this list; its place says so.
            Place::Room => unsafe { bin.room.remove(slab) },
            Place::Loose | Place::Abandoned => {}
        }
        if is_kept {
            self.empty_bytes += class.slab_bytes();
            // SAFETY: needs a slab of this thread and class on no list; it was taken off its list above.
            return unsafe { self.list_with_room(class, slab) };
        }
        let bin = self.bin(class);
        bin.released = bin.released.saturating_add(1);
        self.released_bytes += class.slab_bytes();
        // SAFETY: needs an empty slab on no list; `used` is 0 and it was taken off its list above.
        unsafe { self.release_slab(slab) };
        if self.released_bytes > 2 * self.empty_bytes_max {
            self.release_empty_slabs();
        }
    }

    /// Counts a slab that is needed and has to be made. If one of the class was released before, it should have been kept.
    #[inline]
    pub(super) fn note_slab_needed(&mut self, class: SizeClass) {
        let bin = self.bin(class);
        if bin.released > 0 {
            bin.released -= 1;
            self.released_bytes = 0;
            self.empty_bytes_max = (self.empty_bytes_max + class.slab_bytes()).min(EMPTY_BYTES_MAX);
        } else if self.empty_bytes > EMPTY_BYTES_MIN {
            self.release_empty_slabs();
        }
    }

    /// Counts as if there were no empty slabs, because all of them are being released.
    pub(super) fn forget_empty_slabs(&mut self) {
        (self.empty_bytes, self.empty_bytes_max, self.released_bytes) = (0, EMPTY_BYTES_MIN, 0);
    }

    /// Releases the empty slabs that are kept for their classes, if they are more than every thread may keep. Cost: the slabs
    /// with room; seldom, because it takes slabs that were released and needed again to keep so many.
    #[cold]
    #[inline(never)]
    fn release_empty_slabs(&mut self) {
        (self.empty_bytes_max, self.released_bytes) = (EMPTY_BYTES_MIN, 0);
        for class in SizeClass::all() {
            self.bin(class).released = 0;
            if self.empty_bytes <= EMPTY_BYTES_MIN {
                continue;
            }
            let mut next = self.bin(class).room.first();
            while let Some(slab) = next {
                let room = &mut self.bin(class).room;
                // SAFETY: needs a slab of this list; it was reached from the first one.
                next = unsafe { room.after(slab) };
                // SAFETY: needs a live record; the slab is this thread's.
                if unsafe { slab.as_ref() }.is_unused() {
                    // SAFETY: needs a slab of this list; as above.
                    unsafe { room.remove(slab) };
                    self.empty_bytes = self.empty_bytes.saturating_sub(class.slab_bytes());
                    // SAFETY: needs an empty slab of this thread on no list; it was taken off its list above.
                    unsafe { self.release_slab(slab) };
                }
            }
        }
    }

    /// Gives an empty slab's span to the thread's cache. If a block of it was freed twice, another one is still in use, and
    /// nobody gets the memory any more. Cost: a walk of the queue.
    ///
    /// # Safety
    /// - The slab is this thread's, empty, and on no list.
    pub(crate) unsafe fn release_slab(&mut self, slab: NonNull<Slab>) {
        // SAFETY: needs a live record; the caller promises a slab of this thread.
        let record = unsafe { slab.as_ref() };
        self.slab_bytes -= record.span().bytes;
        // SAFETY: needs an empty slab of the caller's on no list; the caller promises it.
        if let Some(span) = unsafe { self.heap.unmake(record) } {
            // SAFETY: needs a span of this backend that nobody uses; `unmake` found all of its blocks free.
            unsafe { self.cache.release_span(span) };
            // SAFETY: needs a record of nothing on no list; `unmake` made it that, and the caller promises the rest.
            unsafe { self.keep_record(slab) };
        }
    }

    /// A record of nothing, for the next slab or large allocation; `None` if there is no memory for one.
    pub(crate) fn take_record(&mut self) -> Option<NonNull<Slab>> {
        if self.spare.first().is_none() {
            self.heap.lend_records(&mut self.spare);
        }
        self.spare.pop_first()
    }

    /// Keeps a record of nothing for the next slab.
    ///
    /// # Safety
    /// - The record is of this heap, describes nothing that is in use, is on no list, and nobody else uses it.
    pub(crate) unsafe fn keep_record(&mut self, slab: NonNull<Slab>) {
        // SAFETY: needs a live record on no list; the caller promises it.
        unsafe { self.spare.push_first(slab) };
        if self.spare.len() > super::SPARES_MAX {
            self.heap.take_records(&mut self.spare, super::SPARES_MAX / 2);
        }
    }
}
