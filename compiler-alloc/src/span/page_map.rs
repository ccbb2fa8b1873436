//! Address to unit record, for any address at all.
//!
//! Two levels: a root, made on first use, and leaves made on demand, when a region below them is lent. An entry of a leaf
//! is the array of records of one region; an entry that nobody filled is null. Lookups take no lock and never fault: null,
//! foreign and wild addresses end in a null entry or outside of the window. On an operating system both tables are zeroed
//! memory of which only the pages with entries are ever touched.
//!
//! Entries are only ever filled in, under the backend's lock, and emptied all together at shutdown.

use super::record::UnitRecord;
use crate::metadata::Metadata;
use crate::page_source::{Geometry, PageSource, SourceError};
use crate::sync::{AtomicPtr, Ordering, const_fn};
use core::alloc::Layout;
use core::ptr::NonNull;

/// Entries of a leaf under a large window: one leaf of them covers 128 GiB of 2 MiB regions.
const LEAF_ENTRIES_MAX: usize = 1 << 16;

/// Tables up to this size are initialised entry by entry; larger ones rely on zeroed memory, to touch no page of them.
const ENTRIES_WRITTEN_MAX: usize = 1 << 10;

type Entry = AtomicPtr<UnitRecord>;
type Root = AtomicPtr<Entry>;

/// How the window of a geometry is cut into leaves.
#[derive(Clone, Copy)]
struct Shape {
    region_shift: u32,
    unit_shift: u32,
    first_region: usize,
    regions: usize,
    leaf_entries: usize,
}

impl Shape {
    #[inline]
    fn of(geometry: &Geometry) -> Shape {
        let region_shift = geometry.region_bytes.trailing_zeros();
        let regions = geometry.window_bytes.div_ceil(geometry.region_bytes);
        Shape {
            region_shift,
            unit_shift: geometry.unit_bytes.trailing_zeros(),
            first_region: geometry.window_base >> region_shift,
            regions,
            leaf_entries: regions.min(LEAF_ENTRIES_MAX),
        }
    }

    #[inline]
    fn region_of(&self, address: usize) -> Option<usize> {
        let region = (address >> self.region_shift).wrapping_sub(self.first_region);
        (region < self.regions).then_some(region)
    }

    fn leaves(&self) -> usize {
        self.regions.div_ceil(self.leaf_entries)
    }
}

/// The map. Its tables live in the backend's [`Metadata`].
pub(crate) struct PageMap {
    root: AtomicPtr<Root>,
}

impl PageMap {
    const_fn! {
        /// A map of nothing, without tables.
        pub(crate) const fn new() -> Self {
            PageMap { root: AtomicPtr::new(core::ptr::null_mut()) }
        }
    }

    /// The record of the unit that holds `address`, if a region there was ever lent.
    #[inline]
    pub(crate) fn record(&self, geometry: &Geometry, address: usize) -> Option<&UnitRecord> {
        let shape = Shape::of(geometry);
        let region = shape.region_of(address)?;
        let root = NonNull::new(self.root.load(Ordering::Acquire))?;
        // SAFETY: needs an index below the number of leaves; the region is below `regions`, by `region_of`.
        let slot = unsafe { root.add(region / shape.leaf_entries) };
        // SAFETY: needs an initialised entry; the root was published by `make_root` after every entry was written.
        let slot = unsafe { slot.as_ref() };
        let leaf = NonNull::new(slot.load(Ordering::Acquire))?;
        // SAFETY: needs an index inside the leaf; the remainder is below `leaf_entries`.
        let entry = unsafe { leaf.add(region % shape.leaf_entries) };
        // SAFETY: needs an initialised entry; leaves are initialised, by writes or by zeroed memory, before publication.
        let entry = unsafe { entry.as_ref() };
        let records = NonNull::new(entry.load(Ordering::Acquire))?;
        let unit = (address >> shape.unit_shift) & (geometry.region_units() - 1);
        // SAFETY: needs an index inside the array; a region's array has one record for each of its units.
        let record = unsafe { records.add(unit) };
        // SAFETY: needs an initialised record; the array was filled before it was published, and lives as long as the
        // map, whose borrow bounds the reference.
        Some(unsafe { record.as_ref() })
    }

    /// Makes the records of every region that a range of addresses touches.
    ///
    /// Called with the backend's lock held. On failure whatever was made stays, describes absent units and is used by
    /// the next call.
    pub(crate) fn cover<P: PageSource>(
        &self,
        metadata: &mut Metadata,
        source: &P,
        geometry: &Geometry,
        address: usize,
        bytes: usize,
    ) -> Result<(), SourceError> {
        let shape = Shape::of(geometry);
        let outside = SourceError::Refused { os_error: 0 };
        let first = shape.region_of(address).ok_or(outside)?;
        let last = shape.region_of(address + (bytes - 1)).ok_or(outside)?;
        let root = self.make_root(metadata, source, &shape)?;
        for region in first..=last {
            // SAFETY: needs an index below the number of leaves; both ends came from `region_of`.
            let slot = unsafe { root.add(region / shape.leaf_entries) };
            // SAFETY: needs an initialised entry; `make_root` wrote every entry.
            let slot = unsafe { slot.as_ref() };
            let leaf = self.make_leaf(metadata, source, &shape, slot)?;
            // SAFETY: needs an index inside the leaf; the remainder is below `leaf_entries`.
            let entry = unsafe { leaf.add(region % shape.leaf_entries) };
            // SAFETY: needs an initialised entry; leaves are initialised before they are published.
            let entry = unsafe { entry.as_ref() };
            if entry.load(Ordering::Relaxed).is_null() {
                let records = make_table(metadata, source, geometry.region_units(), UnitRecord::absent)?;
                entry.store(records.as_ptr(), Ordering::Release);
            }
        }
        Ok(())
    }

    fn make_root<P: PageSource>(
        &self,
        metadata: &mut Metadata,
        source: &P,
        shape: &Shape,
    ) -> Result<NonNull<Root>, SourceError> {
        if let Some(root) = NonNull::new(self.root.load(Ordering::Relaxed)) {
            return Ok(root);
        }
        let root = make_table(metadata, source, shape.leaves(), || Root::new(core::ptr::null_mut()))?;
        self.root.store(root.as_ptr(), Ordering::Release);
        Ok(root)
    }

    fn make_leaf<P: PageSource>(
        &self,
        metadata: &mut Metadata,
        source: &P,
        shape: &Shape,
        slot: &Root,
    ) -> Result<NonNull<Entry>, SourceError> {
        if let Some(leaf) = NonNull::new(slot.load(Ordering::Relaxed)) {
            return Ok(leaf);
        }
        let leaf = make_table(metadata, source, shape.leaf_entries, || Entry::new(core::ptr::null_mut()))?;
        slot.store(leaf.as_ptr(), Ordering::Release);
        Ok(leaf)
    }

    /// Forgets every table. Their memory belongs to the [`Metadata`] that made them.
    ///
    /// # Safety
    /// - Nobody holds a record of this map, and no lookup runs at the same time.
    pub(crate) unsafe fn forget(&self) {
        self.root.store(core::ptr::null_mut(), Ordering::Relaxed);
    }
}

/// An array of `length` entries, each of them `entry()`. A large one is left as it comes, zero: null pointers.
fn make_table<P: PageSource, T>(
    metadata: &mut Metadata,
    source: &P,
    length: usize,
    entry: impl Fn() -> T,
) -> Result<NonNull<T>, SourceError> {
    let layout = Layout::array::<T>(length).map_err(|_| SourceError::Full)?;
    let table = metadata.allocate(source, layout)?.cast::<T>();
    if length <= ENTRIES_WRITTEN_MAX {
        for index in 0..length {
            // SAFETY: needs an index inside the array; the layout has `length` entries.
            let place = unsafe { table.add(index) };
            // SAFETY: needs writable memory of the type's alignment; the record was just allocated for it.
            unsafe { place.write(entry()) };
        }
    }
    Ok(table)
}
