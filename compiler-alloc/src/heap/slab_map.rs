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

/// The map. 768 KiB of addresses, of which only what is used takes memory; a static one lies in `.bss`.
#[repr(C, align(64))]
pub struct SlabMap {
    /// The leaf of everything that is not ours, and in its first bytes the record of nothing. Never written.
    zero_leaf: [AtomicUsize; LEAF_ENTRIES],
    root: [AtomicUsize; ROOT_ENTRIES],
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
        let offset = unsafe { &*entry }.load(Ordering::Acquire);
        let slab = core::ptr::with_exposed_provenance_mut(self.address().wrapping_add(offset));
        // SAFETY: needs a pointer that is not null; offsets lead from the map to records or to the map itself.
        unsafe { NonNull::new_unchecked(slab) }
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
            unsafe { &*entry }.store(offset, Ordering::Release);
        }
    }

    /// Forgets every leaf. Their memory belongs to the store that made them.
    ///
    /// # Safety
    /// - No record is shown, and no lookup runs.
    pub(crate) unsafe fn forget(&self) {
        for root in &self.root {
            if root.load(Ordering::Relaxed) != 0 {
                root.store(0, Ordering::Relaxed);
            }
        }
    }
}
