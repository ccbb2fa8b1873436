//! What the threads of one heap share: records, abandoned slabs, and the thread heaps themselves.

use super::list::SlabList;
use super::{Bin, Body, SlabMap, ThreadToken};
use crate::config;
use crate::fault::{Misuse, MisuseKind};
use crate::metadata::Metadata;
use crate::page_source::PageSource;
use crate::size_class::CLASSES;
use crate::slab::Slab;
use crate::span::{SpanBackend, SpanCache};
use crate::sync::{AtomicU8, Ordering, Rank, RankedGuard, RankedLock};
use core::alloc::Layout;
use core::ptr::NonNull;

/// Records are handed to a thread this many at a time.
const SPARE_BATCH: usize = 8;

/// A general heap over a span backend. Threads use it through their [`ThreadHeap`](super::ThreadHeap)s.
///
/// Dropping it gives nothing back, because somebody may still use its blocks.
pub struct Heap<'b, P: PageSource> {
    backend: &'b SpanBackend<P>,
    map: &'b SlabMap,
    shared: RankedLock<Registry<'b, P>>,
    on_misuse: Option<fn(Misuse)>,
    /// One bit for each kind.
    misuses_reported: AtomicU8,
}

/// The state behind the heap lock.
pub(crate) struct Registry<'b, P: PageSource> {
    pub(crate) metadata: Metadata,
    /// Records of nothing.
    unused: SlabList,
    /// Abandoned slabs by class: the central cache.
    pub(crate) abandoned: [SlabList; CLASSES],
    /// Every body that was ever made, in use or not.
    pub(crate) bodies: Option<NonNull<Body<'b, P>>>,
}

// SAFETY: needs that the records may be reached from any thread; they lie in the heap's own metadata, and the lists are
// followed under the lock only.
unsafe impl<P: PageSource> Send for Registry<'_, P> {}

impl<'b, P: PageSource> Heap<'b, P> {
    /// A heap over `backend` that finds its slabs through `map`, which no other heap may use. Takes nothing before the
    /// first allocation.
    ///
    /// # Safety
    /// - No other heap uses `map`, and it is all zero.
    pub const unsafe fn new(backend: &'b SpanBackend<P>, map: &'b SlabMap) -> Self {
        let shared = Registry {
            metadata: Metadata::new(),
            unused: SlabList::new(),
            abandoned: [const { SlabList::new() }; CLASSES],
            bodies: None,
        };
        Heap {
            backend,
            map,
            shared: RankedLock::new(Rank::Heap, shared),
            on_misuse: None,
            misuses_reported: AtomicU8::new(0),
        }
    }

    /// The same heap, which calls `handler` the first time that it notices a misuse of each kind. The handler runs in the
    /// call that misused the heap, without a lock, and must not allocate from it.
    pub const fn on_misuse(mut self, handler: fn(Misuse)) -> Self {
        self.on_misuse = Some(handler);
        self
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

    pub(crate) fn lock(&self) -> RankedGuard<'_, Registry<'b, P>> {
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

    /// Lends a body to a thread: an unused one, or a new one; `None` if there is no memory for it. Takes the lock.
    #[cold]
    pub(crate) fn enter(&'b self, token: ThreadToken) -> Option<NonNull<Body<'b, P>>> {
        assert_eq!(self.backend.geometry().unit_bytes, config::UNIT_BYTES, "heaps need units of 64 KiB");
        let mut shared = self.lock();
        let mut next = shared.bodies;
        while let Some(mut place) = next {
            // SAFETY: needs an initialised body that nobody uses; bodies on the list were written below, and `in_use` is
            // written under the lock only.
            let body = unsafe { place.as_mut() };
            if !body.in_use {
                body.in_use = true;
                body.token = token;
                return Some(place);
            }
            next = body.next;
        }
        let place = shared.metadata.allocate(self.backend.source(), Layout::new::<Body<'b, P>>()).ok()?;
        let place = place.cast::<Body<'b, P>>();
        let body = Body {
            heap: self,
            token,
            cache: SpanCache::new(self.backend),
            bins: [const { Bin { current: None, room: SlabList::new(), full: SlabList::new() } }; CLASSES],
            spare: SlabList::new(),
            next: shared.bodies,
            in_use: true,
        };
        // SAFETY: needs writable, aligned memory; the record was just allocated for this type.
        unsafe { place.write(body) };
        shared.bodies = Some(place);
        Some(place)
    }

    /// Moves records of nothing to `spare`, at least one unless there is no memory. Takes the lock.
    pub(crate) fn lend_records(&self, spare: &mut SlabList) {
        let mut shared = self.lock();
        while spare.len() < SPARE_BATCH {
            let record = match shared.unused.pop_first() {
                Some(record) => record,
                None => match shared.metadata.allocate(self.backend.source(), Layout::new::<Slab>()) {
                    Ok(place) => {
                        let place = place.cast::<Slab>();
                        // SAFETY: needs writable, aligned memory; the record was just allocated for this type.
                        unsafe { place.write(Slab::none()) };
                        place
                    }
                    Err(_) => return,
                },
            };
            // SAFETY: needs a live record on no list; it was just taken off the unused ones, or made.
            unsafe { spare.push_first(record) };
        }
    }

    /// Takes one record of nothing back. Takes the lock.
    pub(crate) fn take_record(&self, record: NonNull<Slab>) {
        // SAFETY: needs a live record on no list; callers unmade it after taking it off its list.
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
