//! The central cache: abandoned slabs, by class, under the heap lock.
//!
//! A slab comes here when its thread ends while the program still uses some of its blocks, and leaves when a thread that
//! needs blocks of its class adopts it, or when somebody frees its last block. In between it belongs to whoever holds the
//! heap lock, and its remote word carries the mark that sends freeing threads to that lock.
//!
//! Slabs that have a free block stand before those that have none, so adopting looks at one slab only.

use crate::remote_free::Chain;
use crate::size_class::{CLASSES, SizeClass};
use crate::slab::{Place, Slab, SlabList};
use core::ptr::NonNull;

/// Abandoned slabs. Every call is made with the heap lock held; each costs a few loads and stores, but for the blocks of
/// a chain, which are walked.
pub(crate) struct CentralCache {
    slabs: [SlabList; CLASSES],
    abandoned: usize,
    adopted: usize,
    released: usize,
}

/// How often slabs changed hands.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct CentralCounts {
    /// Slabs that lie in the central cache.
    pub waiting: usize,
    /// Slabs that threads left behind when they ended.
    pub abandoned: usize,
    /// Slabs that other threads took over.
    pub adopted: usize,
    /// Abandoned slabs whose last block was freed.
    pub released: usize,
}

impl CentralCache {
    pub(crate) const fn new() -> Self {
        CentralCache { slabs: [const { SlabList::new() }; CLASSES], abandoned: 0, adopted: 0, released: 0 }
    }

    /// Takes a slab from its owner, with what waits in its remote word. Answers whether it is empty; then it is not kept
    /// and still the caller's.
    ///
    /// # Safety
    /// - The slab is the caller's, on no list, and none of its free blocks is in one of the caller's lists.
    pub(crate) unsafe fn abandon(&mut self, slab: NonNull<Slab>) -> bool {
        // SAFETY: needs a live record; the caller promises a slab of its own.
        let record = unsafe { slab.as_ref() };
        // SAFETY: needs the owner, and blocks of the slab that nobody uses; the caller is it, and the exchange made them ours.
        unsafe { record.take_back(record.remote.abandon()) };
        if record.is_unused() {
            // Nobody has a block of it, so nobody meets the mark.
            record.remote.adopt();
            return true;
        }
        record.set_owner(0);
        record.set_place(Place::Abandoned);
        self.abandoned += 1;
        // SAFETY: needs a slab of nobody's on no list, under the lock; the caller promised it, and it has no owner now.
        unsafe { self.list(slab) };
        false
    }

    /// Gives an abandoned slab with at least one free block a new owner.
    pub(crate) fn adopt(&mut self, class: SizeClass, owner: usize) -> Option<NonNull<Slab>> {
        let list = &mut self.slabs[class.index()];
        let slab = list.first()?;
        // SAFETY: needs a live record; listed ones are, and the lock is held.
        let record = unsafe { slab.as_ref() };
        if !record.has_room() {
            return None;
        }
        // SAFETY: needs a slab of this list; it is its first.
        unsafe { list.remove(slab) };
        self.adopted += 1;
        record.set_place(Place::Loose);
        record.set_owner(owner);
        record.remote.adopt();
        Some(slab)
    }

    /// Merges a chain into an abandoned slab. Answers whether it is empty now; then it was taken off its list and is the
    /// caller's.
    ///
    /// # Safety
    /// - The slab's remote word carries the mark, and the lock has been held since that was seen.
    /// - The chain is of this slab, and nobody uses its blocks.
    pub(crate) unsafe fn merge(&mut self, slab: NonNull<Slab>, chain: Chain) -> bool {
        // SAFETY: needs a live record; the chain has blocks of the slab that were not free until now.
        let record = unsafe { slab.as_ref() };
        let Some(class) = record.class() else { return false };
        let had_room = record.has_room();
        // SAFETY: needs a chain that nobody uses; the caller promises it.
        let blocks = unsafe { chain.closed() };
        // SAFETY: needs the lock, and blocks of the slab that nobody uses; it was seen without owner under the lock, and the caller
        // promises the blocks.
        unsafe { record.take_back(blocks) };
        let is_unused = record.is_unused();
        if is_unused || !had_room {
            // SAFETY: needs a slab of this list; an abandoned slab is on the list of its class.
            unsafe { self.slabs[class.index()].remove(slab) };
            if is_unused {
                self.released += 1;
                record.set_place(Place::Loose);
                record.remote.adopt();
            } else {
                // SAFETY: needs a slab of nobody's on no list, under the lock; it was just taken off its list.
                unsafe { self.list(slab) };
            }
        }
        is_unused
    }

    /// Lists a slab: with room before those without.
    ///
    /// # Safety
    /// - The slab has no owner and is on no list, and the lock is held.
    unsafe fn list(&mut self, slab: NonNull<Slab>) {
        // SAFETY: needs a live record; the caller promises a slab.
        let record = unsafe { slab.as_ref() };
        let Some(class) = record.class() else { return };
        let list = &mut self.slabs[class.index()];
        if record.has_room() {
            // SAFETY: needs a live record on no list; the caller promises it.
            unsafe { list.push_first(slab) };
        } else {
            // SAFETY: as above.
            unsafe { list.push_last(slab) };
        }
    }

    /// Visits every slab.
    pub(crate) fn each(&self, mut visit: impl FnMut(&Slab)) {
        for list in &self.slabs {
            let mut next = list.first();
            while let Some(slab) = next {
                // SAFETY: needs a live record; listed ones are, and the lock is held.
                visit(unsafe { slab.as_ref() });
                // SAFETY: needs a slab of this list; it is.
                next = unsafe { list.after(slab) };
            }
        }
    }

    /// How often slabs changed hands, so far.
    pub(crate) fn counts(&self) -> CentralCounts {
        CentralCounts {
            waiting: self.slabs.iter().map(SlabList::len).sum(),
            abandoned: self.abandoned,
            adopted: self.adopted,
            released: self.released,
        }
    }
}
