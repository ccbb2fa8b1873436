//! What the threads of one heap share: records, abandoned slabs, and the thread heaps themselves.

use super::free::EMPTY_BYTES_MIN;
use super::refill::LOOK_AFTER;
use super::{Bin, Body, SlabMap, ThreadToken};
use crate::central::{CentralCache, CentralCounts};
use crate::config;
use crate::fault::{Misuse, MisuseKind};
use crate::metadata::Metadata;
use crate::page_source::PageSource;
use crate::size_class::CLASSES;
use crate::slab::{Kind, Slab, SlabList};
use crate::span::{SpanBackend, SpanCache};
use crate::sync::{AtomicU8, AtomicUsize, Ordering, Rank, RankedGuard, RankedLock, const_fn};
use crate::transfer::{Direct, Transfer};
use core::alloc::Layout;
use core::ptr::NonNull;

/// Records are handed to a thread this many at a time.
const SPARE_BATCH: usize = 8;

/// Records are made this many at a time.
const ARRAY_RECORDS: usize = 15;

/// A general heap over a span backend. Threads use it through their [`ThreadHeap`](super::ThreadHeap)s.
///
/// Dropping it gives nothing back, because somebody may still use its blocks.
pub struct Heap<'b, P: PageSource, T: Transfer = Direct> {
    backend: &'b SpanBackend<P>,
    map: &'b SlabMap,
    transfer: T,
    shared: RankedLock<Registry<'b, P, T>>,
    on_misuse: Option<fn(Misuse)>,
    on_first_use: Option<fn() -> bool>,
    /// One bit for each kind.
    misuses_reported: AtomicU8,
    /// How often a thread was refused memory after it had given back what idled in it.
    refusals: AtomicUsize,
}

/// The state behind the heap lock.
pub(crate) struct Registry<'b, P: PageSource, T: Transfer> {
    pub(crate) metadata: Metadata,
    /// Records of nothing.
    unused: SlabList,
    /// Every record that was ever made.
    arrays: Option<NonNull<RecordArray>>,
    /// Abandoned slabs.
    pub(crate) central: CentralCache,
    /// Bodies that no thread uses.
    unused_bodies: Option<NonNull<Body<'b, P, T>>>,
    /// Bodies that a thread uses.
    threads: usize,
    /// Records in all arrays.
    records_made: usize,
}

/// What lives in a heap.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct HeapLeft {
    /// Slabs and large allocations, with the records that threads keep for their next ones.
    pub spans: usize,
    /// Thread heaps that allocated and did not exit.
    pub threads: usize,
}

/// Records, made together.
#[repr(C, align(64))]
struct RecordArray {
    next: Option<NonNull<RecordArray>>,
    records: [Slab; ARRAY_RECORDS],
}

// SAFETY: needs that the records may be reached from any thread; they lie in the heap's own metadata, and the lists are
// followed under the lock only.
unsafe impl<P: PageSource, T: Transfer> Send for Registry<'_, P, T> {}

impl<'b, P: PageSource> Heap<'b, P> {
    const_fn! {
    /// A heap over `backend` that finds its slabs through `map`, which no other heap may use. Takes nothing before the
    /// first allocation.
    ///
    /// # Safety
    /// - No other heap uses `map`, and it is all zero.
    pub const unsafe fn new(backend: &'b SpanBackend<P>, map: &'b SlabMap) -> Self {
        // SAFETY: the caller keeps the first duty of this call, which is the same; there is no transfer cache.
        unsafe { Heap::with_transfer(backend, map, Direct) }
    }
    }
}

impl<'b, P: PageSource, T: Transfer> Heap<'b, P, T> {
    const_fn! {
    /// As [`new`](Heap::new), with another way of transfer.
    ///
    /// # Safety
    /// - No other heap uses `map`, and it is all zero.
    /// - No other heap uses the transfer cache, if there is one: threads of one heap would get blocks of the other.
    pub const unsafe fn with_transfer(backend: &'b SpanBackend<P>, map: &'b SlabMap, transfer: T) -> Self {
        let shared = Registry {
            metadata: Metadata::new(),
            unused: SlabList::new(),
            arrays: None,
            central: CentralCache::new(),
            unused_bodies: None,
            threads: 0,
            records_made: 0,
        };
        Heap {
            backend,
            map,
            transfer,
            shared: RankedLock::new(Rank::Heap, shared),
            on_misuse: None,
            on_first_use: None,
            misuses_reported: AtomicU8::new(0),
            refusals: AtomicUsize::new(0),
        }
    }
    }

    /// The same heap, which calls `handler` the first time that it notices a misuse of each kind. The handler runs in the
    /// call that misused the heap, without a lock, and must not allocate from it.
    pub const fn on_misuse(mut self, handler: fn(Misuse)) -> Self {
        self.on_misuse = Some(handler);
        self
    }

    /// The same heap, which calls `handler` when a thread begins to use it in a way that needs an end. The handler sees to
    /// it that [`ThreadHeap::exit`](super::ThreadHeap::exit) is called when the thread ends and answers `true`; or answers
    /// `false` if that is too late or impossible, and then every slow path of the thread ends with an exit of its own, and the handler
    /// is not called for it again before somebody calls `exit` for it. If the use was by a [`Local`](super::Local), it may allocate
    /// from the heap by one that finds the thread heap itself, to which nothing refers while the handler runs; methods of `ThreadHeap`
    /// do refer to it, so with them it must not. Without a handler the answer is `true`.
    pub const fn on_first_use(mut self, handler: fn() -> bool) -> Self {
        self.on_first_use = Some(handler);
        self
    }

    pub(super) fn note_first_use(&self) -> bool {
        self.on_first_use.is_none_or(|handler| handler())
    }

    /// How often a thread was refused memory: when it grows, threads give back what idles in them.
    #[inline]
    pub(super) fn refusals(&self) -> usize {
        self.refusals.load(Ordering::Relaxed)
    }

    /// Asks all other threads to give back what idles in them, each at its next miss.
    pub(super) fn note_refusal(&self) {
        self.refusals.fetch_add(1, Ordering::Relaxed);
    }

    /// Address space reserved for the heap's own records. Takes the lock.
    pub fn record_bytes(&self) -> usize {
        self.lock().metadata.reserved_bytes()
    }

    /// Gives the heap's own records back to the page source: the heap is over. Takes the lock.
    ///
    /// What [`SpanBackend::shutdown`] does not know of; a process's heap is never over.
    ///
    /// # Safety
    /// - Every thread heap has [exited](super::ThreadHeap::exit), no block is in use, and nobody uses the heap again.
    pub unsafe fn release_records(&self) {
        // SAFETY: needs the source of every record, and that none is used again; records come from the backend's source, and the caller
        // promises the rest.
        unsafe { self.lock().metadata.release_all(self.backend.source()) };
    }

    /// How often slabs changed hands. Takes the lock.
    pub fn central_counts(&self) -> CentralCounts {
        self.lock().central.counts()
    }

    /// The span backend below.
    pub fn backend(&self) -> &'b SpanBackend<P> {
        self.backend
    }

    /// The map from addresses to slabs.
    #[inline(always)]
    pub fn map(&self) -> &'b SlabMap {
        self.map
    }

    /// The way of transfer.
    #[inline(always)]
    pub fn transfer(&self) -> &T {
        &self.transfer
    }

    pub(super) fn shared(&self) -> &RankedLock<Registry<'b, P, T>> {
        &self.shared
    }

    pub(crate) fn lock(&self) -> RankedGuard<'_, Registry<'b, P, T>> {
        self.shared.lock()
    }

    /// Makes the map's tables for a range of addresses; `false` if there is no memory for them. Takes the lock only when
    /// they are new.
    pub(crate) fn cover(&self, address: usize, bytes: usize) -> bool {
        self.map.covers(address, bytes)
            || self.map.cover(&mut self.lock().metadata, self.backend.source(), address, bytes).is_ok()
    }

    /// Has a misuse reported, the first time that it is of this kind.
    #[cold]
    pub(crate) fn report(&self, kind: MisuseKind, address: usize, block_bytes: usize) {
        let bit = 1 << kind as u8;
        if self.misuses_reported.fetch_or(bit, Ordering::Relaxed) & bit == 0
            && let Some(handler) = self.on_misuse
        {
            handler(Misuse { kind, address, block_bytes });
        }
    }

    /// Has it reported that no block begins at `pointer`.
    #[cold]
    pub(crate) fn report_no_block(&self, pointer: *const u8) {
        let slab = self.map.slab(pointer.addr());
        // SAFETY: needs a live record, or the record of nothing; the map shows nothing else.
        let record = unsafe { slab.as_ref() };
        let (kind, block_bytes) = match record.kind() {
            Kind::None => (MisuseKind::Foreign, 0),
            Kind::Large => (MisuseKind::Interior, record.span().bytes),
            Kind::Slab => (MisuseKind::Interior, record.class().map_or(0, |class| class.block_bytes())),
        };
        self.report(kind, pointer.addr(), block_bytes);
    }

    /// Lends a body to a thread: an unused one, or a new one; `None` if there is no memory for it. Takes the lock.
    #[cold]
    pub(crate) fn enter(&'b self, token: ThreadToken) -> Option<NonNull<Body<'b, P, T>>> {
        assert_eq!(self.backend.geometry().unit_bytes, config::UNIT_BYTES, "heaps need units of 64 KiB");
        let mut shared = self.lock();
        if let Some(mut place) = shared.unused_bodies {
            // SAFETY: needs an initialised body that nobody uses; `leave` put it on the list, and the lock is held.
            let body = unsafe { place.as_mut() };
            shared.unused_bodies = body.next_unused.take();
            body.token = token;
            body.refusals_seen = self.refusals();
            shared.threads += 1;
            return Some(place);
        }
        let place = shared.metadata.allocate(self.backend.source(), Layout::new::<Body<'b, P, T>>()).ok()?;
        let place = place.cast::<Body<'b, P, T>>();
        let body = Body {
            current: [None; CLASSES],
            until_look: [LOOK_AFTER; CLASSES],
            looked_at: [0; CLASSES],
            refills: 0,
            heap: self,
            token,
            cache: SpanCache::new(self.backend),
            bins: [const { Bin::NEW }; CLASSES],
            spare: SlabList::new(),
            refusals_seen: self.refusals(),
            slab_bytes: 0,
            empty_bytes: 0,
            empty_bytes_max: EMPTY_BYTES_MIN,
            released_bytes: 0,
            sparse_bytes: 0,
            next_unused: None,
        };
        // SAFETY: needs writable, aligned memory; the record was just allocated for this type.
        unsafe { place.write(body) };
        shared.threads += 1;
        Some(place)
    }

    /// Takes a body back that its thread left. Takes the lock.
    ///
    /// # Safety
    /// - `enter` lent it, and nobody uses it again; it has no slabs and no records.
    pub(super) unsafe fn leave(&self, mut place: NonNull<Body<'b, P, T>>) {
        let mut shared = self.lock();
        // SAFETY: needs a live body that nobody else uses; the caller promises it.
        unsafe { place.as_mut() }.next_unused = shared.unused_bodies;
        shared.unused_bodies = Some(place);
        shared.threads -= 1;
    }

    /// Gives the heap's own records and the tables of its map back to the page source, if nothing lives: no slab, no large
    /// allocation, no thread heap that did not exit. Says what does; then nothing was changed. Takes the lock.
    ///
    /// The spans of the heap are back in the backend already, each since its last block was freed.
    ///
    /// # Safety
    /// - No other call on this heap runs meanwhile, not even one that only looks up an address.
    pub unsafe fn shutdown(&self) -> HeapLeft {
        self.recall_all();
        let mut shared = self.lock();
        let left = HeapLeft { spans: shared.records_made - shared.unused.len(), threads: shared.threads };
        if left == HeapLeft::default() {
            // SAFETY: needs that no record is shown and no lookup runs; every record is unused, and the caller promises the
            // rest.
            unsafe { self.map.forget() };
            shared.arrays = None;
            shared.records_made = 0;
            shared.unused = SlabList::new();
            shared.unused_bodies = None;
            // SAFETY: needs the source of every record, and that none is used again; it is the backend's, and all lists were
            // emptied above.
            unsafe { shared.metadata.release_all(self.backend.source()) };
        }
        left
    }

    /// Moves records of nothing to `spare`, at least one unless there is no memory. Takes the lock.
    pub(crate) fn lend_records(&self, spare: &mut SlabList) {
        let mut shared = self.lock();
        while spare.len() < SPARE_BATCH {
            let Some(record) = shared.unused.pop_first() else {
                if shared.make_records(self.backend.source()) {
                    continue;
                }
                return;
            };
            // SAFETY: needs a live record on no list; it was just taken off the unused ones.
            unsafe { spare.push_first(record) };
        }
    }

    /// Takes one record of nothing back. Takes the lock.
    ///
    /// # Safety
    /// - The record is of this heap, describes nothing that is in use, is on no list, and nobody else uses it.
    pub(crate) unsafe fn take_record(&self, record: NonNull<Slab>) {
        // SAFETY: needs a live record on no list; the caller promises it.
        unsafe { self.lock().unused.push_first(record) };
    }

    /// Takes records of nothing back, until `spare` has at most `keep`. Takes the lock.
    pub(crate) fn take_records(&self, spare: &mut SlabList, keep: usize) {
        let mut shared = self.lock();
        while spare.len() > keep {
            let Some(record) = spare.pop_first() else { return };
            // SAFETY: needs a live record on no list; it was just taken off the spare ones.
            unsafe { shared.unused.push_first(record) };
        }
    }
}

impl<P: PageSource, T: Transfer> Registry<'_, P, T> {
    /// Makes unused records; `false` if there is no memory for them.
    fn make_records(&mut self, source: &P) -> bool {
        let Ok(place) = self.metadata.allocate(source, Layout::new::<RecordArray>()) else { return false };
        let place = place.cast::<RecordArray>();
        let array = RecordArray { next: self.arrays, records: core::array::from_fn(|_| Slab::none()) };
        // SAFETY: needs writable, aligned memory; it was just allocated for this type.
        unsafe { place.write(array) };
        self.arrays = Some(place);
        self.records_made += ARRAY_RECORDS;
        // SAFETY: needs an initialised array; it was just written.
        for record in unsafe { &place.as_ref().records } {
            // SAFETY: needs a live record on no list; it was just made, and arrays are never moved.
            unsafe { self.unused.push_last(NonNull::from(record)) };
        }
        true
    }

    /// Visits every record, whatever it describes.
    pub(super) fn each_record(&self, mut visit: impl FnMut(&Slab)) {
        let mut next = self.arrays;
        while let Some(place) = next {
            // SAFETY: needs an initialised array; every one on the list was written when it was linked.
            let array = unsafe { place.as_ref() };
            array.records.iter().for_each(&mut visit);
            next = array.next;
        }
    }
}
