//! Address to slab record, for any address at all, from the first instruction of the process.
//!
//! ```text
//!  address   63..47    46..32        31..16        15..0
//!            ignored   root index    leaf index    inside a unit
//! ```
//!
//! Root entries and leaf entries are *offsets from the map itself*: 0 in the root is the zero leaf at the map's beginning,
//! 0 in a leaf is the record of nothing, also at the map's beginning and all zero. So a map in zeroed memory is ready,
//! needs no initialisation and no test: null, foreign and wild addresses lead to a record whose owner is nobody. An
//! address that differs from one of ours in the ignored bits leads to that record, where the exact division refuses it.
//!
//! In front of the two levels stands one table by bits 31..16 alone, which answers with one load: the record of *some* unit
//! with these bits, the first that was shown ([`near_slab`](SlabMap::near_slab)). Whoever asks it divides the offset exactly
//! and thereby refuses a record of another unit; then the two levels are asked. So a heap that spans at most 4 GiB of
//! addresses is answered by the first load.
//!
//! Entries are written with release and read with acquire order; leaves are never withdrawn before shutdown.

use crate::config;
use crate::metadata::Metadata;
use crate::page_source::{PageSource, SourceError};
use crate::slab::Slab;
use core::alloc::Layout;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};

const UNIT_SHIFT: u32 = config::UNIT_BYTES.trailing_zeros();
const LEAF_BITS: u32 = 16;
const LEAF_SHIFT: u32 = UNIT_SHIFT + LEAF_BITS;
const LEAF_ENTRIES: usize = 1 << LEAF_BITS;
const ADDRESS_BITS: u32 = 47;
const ROOT_ENTRIES: usize = 1 << (ADDRESS_BITS - LEAF_SHIFT);

/// The map. 1.25 MiB of addresses, of which only what is used takes memory; a static one lies in `.bss`.
#[repr(C, align(64))]
pub struct SlabMap {
    /// The leaf of everything that is not ours, and in its first bytes the record of nothing. Never written.
    zero_leaf: [AtomicUsize; LEAF_ENTRIES],
    root: [AtomicUsize; ROOT_ENTRIES],
    /// For each value of the address bits 31..16 one unit's record, or nothing.
    near: [AtomicUsize; LEAF_ENTRIES],
}

const _: () = assert!(size_of::<[AtomicUsize; LEAF_ENTRIES]>() >= size_of::<Slab>());

impl Default for SlabMap {
    fn default() -> Self {
        Self::new()
    }
}

impl SlabMap {
    /// A map of nothing: all zero bytes, so that zeroed memory is a map too.
    pub const fn new() -> Self {
        SlabMap {
            zero_leaf: [const { AtomicUsize::new(0) }; LEAF_ENTRIES],
            root: [const { AtomicUsize::new(0) }; ROOT_ENTRIES],
            near: [const { AtomicUsize::new(0) }; LEAF_ENTRIES],
        }
    }

    #[inline(always)]
    fn address(&self) -> usize {
        core::ptr::from_ref(self).expose_provenance()
    }

    #[inline(always)]
    fn root_index(address: usize) -> usize {
        address >> LEAF_SHIFT & (ROOT_ENTRIES - 1)
    }

    #[inline(always)]
    fn leaf_index(address: usize) -> usize {
        address as u32 as usize >> UNIT_SHIFT
    }

    #[inline(always)]
    fn record(&self, offset: usize) -> NonNull<Slab> {
        let slab = core::ptr::with_exposed_provenance_mut(self.address().wrapping_add(offset));
        // SAFETY: needs a pointer that is not null; offsets lead from the map to records or to the map itself.
        unsafe { NonNull::new_unchecked(slab) }
    }

    /// The record of a unit that has the bits 31..16 of its address in common with `address`; the record of nothing if there is
    /// none. One load. If no block of that record begins at `address`, [`slab`](Self::slab) knows better.
    #[inline(always)]
    pub(crate) fn near_slab(&self, address: usize) -> NonNull<Slab> {
        // SAFETY: needs an index below the number of entries; it has as many bits.
        let entry = unsafe { self.near.get_unchecked(Self::leaf_index(address)) };
        self.record(entry.load(Ordering::Acquire))
    }

    /// The record for the unit of `address`; the record of nothing if there is none. Two loads.
    #[inline(always)]
    pub(crate) fn slab(&self, address: usize) -> NonNull<Slab> {
        // SAFETY: needs an index below the number of root entries; it is masked.
        unsafe { self.slab_below(Self::root_index(address), address) }
    }

    /// The record for the unit of an address that this heap handed out. Two loads, without masking the ignored bits.
    ///
    /// # Safety
    /// - `address` lies in memory that was handed out.
    #[inline(always)]
    pub(crate) unsafe fn own_slab(&self, address: usize) -> NonNull<Slab> {
        // SAFETY: needs an index below the number of root entries; user space ends at 2^47, and the caller promises an
        // address of ours.
        unsafe { self.slab_below(address >> LEAF_SHIFT, address) }
    }

    /// # Safety
    /// - `root_index` is below the number of root entries.
    #[inline(always)]
    unsafe fn slab_below(&self, root_index: usize, address: usize) -> NonNull<Slab> {
        // SAFETY: needs an index below the number of root entries; the caller promises it.
        let root = unsafe { self.root.get_unchecked(root_index) };
        let leaf = self.address().wrapping_add(root.load(Ordering::Acquire));
        let leaf = core::ptr::with_exposed_provenance::<AtomicUsize>(leaf);
        // SAFETY: needs to stay inside the leaf; the index has as many bits as a leaf has entries.
        let entry = unsafe { leaf.add(Self::leaf_index(address)) };
        // SAFETY: needs an initialised entry; leaves are zeroed memory, published by `cover`, or the zero leaf.
        self.record(unsafe { &*entry }.load(Ordering::Acquire))
    }

    /// Whether the leaves for a range of addresses were made.
    #[inline]
    pub(crate) fn covers(&self, address: usize, bytes: usize) -> bool {
        let last = Self::root_index(address + (bytes - 1));
        (Self::root_index(address)..=last).all(|index| self.root[index].load(Ordering::Acquire) != 0)
    }

    /// Makes the leaves for a range of addresses. Called with the heap lock held.
    ///
    /// # Errors
    /// What the page source answered; leaves made before stay, and are empty.
    pub(crate) fn cover<P: PageSource>(
        &self,
        metadata: &mut Metadata,
        source: &P,
        address: usize,
        bytes: usize,
    ) -> Result<(), SourceError> {
        for index in Self::root_index(address)..=Self::root_index(address + (bytes - 1)) {
            let root = &self.root[index];
            if root.load(Ordering::Relaxed) == 0 {
                let leaf = metadata.allocate(source, Layout::new::<[AtomicUsize; LEAF_ENTRIES]>())?;
                let offset = leaf.as_ptr().expose_provenance().wrapping_sub(self.address());
                root.store(offset, Ordering::Release);
            }
        }
        Ok(())
    }

    /// Shows `slab` for every unit of a range, or nothing if it is `None`.
    ///
    /// # Safety
    /// - The range is whole units of a span that the caller holds, and [`cover`](Self::cover) made its leaves.
    /// - The record lives as long as the map shows it.
    pub(crate) unsafe fn show(&self, address: usize, bytes: usize, slab: Option<NonNull<Slab>>) {
        let offset = slab.map_or(0, |slab| slab.as_ptr().expose_provenance().wrapping_sub(self.address()));
        for unit in (address..address + bytes).step_by(config::UNIT_BYTES) {
            let leaf = self.root[Self::root_index(unit)].load(Ordering::Acquire);
            debug_assert_ne!(leaf, 0, "the leaf was not made");
            let leaf = self.address().wrapping_add(leaf);
            let leaf = core::ptr::with_exposed_provenance::<AtomicUsize>(leaf);
            // SAFETY: needs to stay inside the leaf; the index has as many bits as a leaf has entries.
            let entry = unsafe { leaf.add(Self::leaf_index(unit)) };
            // SAFETY: needs an initialised entry; `cover` made the leaf of zeroed memory.
            let entry = unsafe { &*entry };
            // Nobody else writes the entry of a unit that the caller holds.
            let before = entry.load(Ordering::Relaxed);
            entry.store(offset, Ordering::Release);
            let near = &self.near[Self::leaf_index(unit)];
            // Only who has the unit writes its record here, so the record is gone when it is withdrawn, whoever else writes; what
            // another unit loses meanwhile is the short way to it.
            if near.load(Ordering::Relaxed) == before {
                near.store(offset, Ordering::Release);
            }
        }
    }

    /// Forgets every leaf. Their memory belongs to the store that made them.
    ///
    /// # Safety
    /// - No record is shown, and no lookup runs.
    pub(crate) unsafe fn forget(&self) {
        for root in self.root.iter().chain(&self.near) {
            if root.load(Ordering::Relaxed) != 0 {
                root.store(0, Ordering::Relaxed);
            }
        }
    }
}
