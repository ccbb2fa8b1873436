//! A heap in fixed storage, for one owner: slab pages for small blocks, a region for everything else, no headers, no atomics.
//!
//! ```text
//!   request ─┬─ up to 256 bytes ──> the class's list ──> its pages ──> a page of the region ─┐
//!            ├─ up to 2 KiB ──────> a kept block of just that size ──────────────────────────┼──> the region
//!            └─ everything else ─────────────────────────────────────────────────────────────┘
//! ```
//!
//! A request that finds no page for its class takes a block of the region. So slabs never refuse what the region could
//! serve, and a free asks the page's record who served it. Slab pages with few blocks in use, and kept blocks, lie between large blocks
//! and cost room. So a class gets a page only when the region has lent some of its blocks, and once an eighth of the storage is in use,
//! blocks are kept in proportion to those of such sizes that are in use. When the region refuses, kept blocks and idle slab pages go
//! back to it, a bounded number, and it is asked once more.
//!
//! All zero is a heap without storage; it refuses every request.

mod check;
mod kept;
mod request;
mod slabs;

pub use check::{FixedCensus, FixedError};

use crate::region::{GRANULE_BYTES, Region};
use core::alloc::Layout;
use core::ptr::NonNull;
use kept::{Kept, SIZES};
use request::{CLASSES, KEPT_BYTES_MAX, PAGE_BYTES, Request, block_bytes};
use slabs::{RECORD_BYTES, Returned, Slabs};

/// Storage of fewer bytes has no slab pages: too large a share of it would lie in pages that are hardly used.
const SLABS_BYTES_MIN: usize = 256 << 10;

/// For each so many bytes of storage one block of each size is kept.
const KEEP_BYTES: usize = 4 << 20;
const KEEP_MAX: usize = 4;

/// Storage is roomy until one in so many of its bytes is in use.
const ROOMY_DIVISOR: usize = 8;

/// A block that shrinks by one in so many of its bytes, or more, may move to a smaller free block.
const SHRINK_DIVISOR: usize = 32;

/// A heap in one piece of memory, for one owner.
///
/// ```
/// use compiler_alloc::fixed_heap::FixedHeap;
/// use core::alloc::Layout;
/// use core::mem::MaybeUninit;
/// use core::ptr::NonNull;
/// let mut storage = [MaybeUninit::<u8>::uninit(); 8 << 10];
/// let mut heap = FixedHeap::EMPTY;
/// // SAFETY: the array outlives the heap, and nothing else uses it meanwhile.
/// assert!(unsafe { heap.begin(NonNull::from(&mut storage).cast(), 8 << 10, false) });
/// let layout = Layout::new::<[u32; 10]>();
/// let block = heap.allocate(layout).unwrap();
/// // SAFETY: lent just now, for this layout.
/// unsafe { heap.deallocate(block, layout) };
/// assert_eq!(heap.check().unwrap().live_bytes, 0);
/// ```
pub struct FixedHeap {
    slabs: Slabs,
    kept: Kept,
    region: Region,
    /// Bytes of the table of slab pages.
    table_bytes: usize,
    /// The storage is roomy while so many bytes are free.
    roomy_bytes: usize,
}

impl FixedHeap {
    /// A heap without storage.
    pub const EMPTY: Self = FixedHeap {
        slabs: Slabs::EMPTY,
        kept: Kept::EMPTY,
        region: Region::EMPTY,
        table_bytes: 0,
        roomy_bytes: 0,
    };

    /// Gives a heap without storage its storage; answers whether it is enough for a block. Constant time if it `is_zeroed`;
    /// otherwise writes zeroes over the records, up to a 75th of the storage.
    ///
    /// # Safety
    /// - The heap has no storage yet.
    /// - The storage is valid for reads and writes, and used by nobody else, for as long as the heap or a block of it is used, on
    ///   whatever thread that is. If it `is_zeroed`, all its bytes are zero.
    pub unsafe fn begin(&mut self, storage: NonNull<u8>, bytes: usize, is_zeroed: bool) -> bool {
        // SAFETY: needs an empty region and such memory; both are duties of our caller.
        if !unsafe { self.region.begin(storage, bytes, is_zeroed) } {
            return false;
        }
        if bytes < SLABS_BYTES_MIN {
            return true;
        }
        self.roomy_bytes = self.region.capacity_bytes() - self.region.capacity_bytes() / ROOMY_DIVISOR;
        self.kept.begin((bytes / KEEP_BYTES).min(KEEP_MAX) as u8);
        let records_bytes = Slabs::records_for(storage.as_ptr().addr(), bytes) * RECORD_BYTES;
        // Whole granules, as the region lends them.
        let table_bytes = records_bytes.next_multiple_of(GRANULE_BYTES);
        // SAFETY: needs at least one byte and no more than a layout has; so large a storage has records, and they are smaller than it.
        let Some(table) = (unsafe { self.region.allocate_bytes(table_bytes) }) else { return true };
        self.table_bytes = table_bytes;
        // The region wrote to the first and to the last granule of what was its only free block; the table may have either.
        let (dirty_bytes, last) =
            if is_zeroed { (GRANULE_BYTES, table_bytes - GRANULE_BYTES) } else { (table_bytes, 0) };
        // SAFETY: needs that many bytes that nobody else uses; the region lent them, at least a granule.
        unsafe { table.write_bytes(0, dirty_bytes) };
        if last != 0 {
            // SAFETY: needs to stay inside the table; it has a granule more.
            let last = unsafe { table.add(last) };
            // SAFETY: needs that many bytes that nobody else uses; as above.
            unsafe { last.write_bytes(0, GRANULE_BYTES) };
        }
        // SAFETY: needs a table of zeroes for this storage; that is what it is now.
        unsafe { self.slabs.begin(storage, bytes, table) };
        true
    }

    /// Whether it was given its storage.
    #[inline(always)]
    pub(crate) const fn has_storage(&self) -> bool {
        self.region.capacity_bytes() != 0
    }

    /// Bytes that blocks may have together.
    pub const fn capacity_bytes(&self) -> usize {
        self.region.capacity_bytes() - self.table_bytes
    }

    /// Bytes that no block, slab page or kept block has. They need not lie together.
    pub const fn free_bytes(&self) -> usize {
        self.region.free_bytes()
    }

    /// Whether so much is free that as many blocks are kept as may be.
    #[inline(always)]
    fn is_roomy(&self) -> bool {
        self.region.free_bytes() >= self.roomy_bytes
    }

    /// A block for `layout`; no bytes count as one. `None` if there is no room, and then nothing changed.
    ///
    /// Constant time while there is room; a request that the region refuses costs a bounded number of steps more.
    #[inline(always)]
    pub fn allocate(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        // So many bytes are no slab's and never kept, which need not be found out step by step.
        if layout.size() > KEPT_BYTES_MAX && layout.align() <= GRANULE_BYTES {
            // SAFETY: needs a layout's size, and at least one byte; it has more.
            return unsafe { self.allocate_large(layout.size()) };
        }
        match Request::of(layout) {
            Request::Small(class) => {
                // SAFETY: needs a class that exists.
                let block = unsafe { self.slabs.pop(class) };
                if block.is_some() { block } else { self.allocate_small(class) }
            }
            Request::Middle(bytes) => {
                // SAFETY: needs a size that exists; larger requests were served above.
                let block = unsafe { self.kept.pop(bytes.div_ceil(GRANULE_BYTES)) };
                if block.is_some() {
                    return block;
                }
                // SAFETY: needs such a size, and at least one byte; as above, and a middle request has more than a small one.
                unsafe { self.allocate_to_keep(bytes) }
            }
            Request::Aligned { .. } => self.allocate_aligned(layout),
        }
    }

    /// A block of the region for `bytes` bytes, aligned to 16, of a size that may be kept. If no more are to be kept, the region also gets one
    /// back that still is.
    ///
    /// # Safety
    /// - `bytes` is at least one, and at most [`KEPT_BYTES_MAX`].
    #[inline(never)]
    unsafe fn allocate_to_keep(&mut self, bytes: usize) -> Option<NonNull<u8>> {
        // SAFETY: the caller keeps the duty of `allocate_bytes`, which is less.
        let Some(block) = (unsafe { self.region.allocate_bytes(bytes) }) else {
            let block = self.allocate_at_last(bytes, 1);
            self.kept.count_lent(block.is_some());
            return block;
        };
        self.kept.count_lent(true);
        self.kept.choose_limit(self.is_roomy());
        if let Some((granules, superfluous)) = self.kept.pop_superfluous() {
            self.kept.count_returned();
            // SAFETY: needs a block that the region lent for that size; it was kept since.
            unsafe { self.region.deallocate_bytes(superfluous, granules * GRANULE_BYTES) };
        }
        Some(block)
    }

    /// A block of the region for `bytes` bytes, aligned to 16.
    ///
    /// # Safety
    /// - `bytes` is at least one, and at most the size of a layout.
    #[inline(never)]
    unsafe fn allocate_large(&mut self, bytes: usize) -> Option<NonNull<u8>> {
        // SAFETY: the caller keeps the duty of `allocate_bytes`, which is the same.
        let block = unsafe { self.region.allocate_bytes(bytes) };
        if block.is_some() { block } else { self.allocate_at_last(bytes, 1) }
    }

    /// A block of the region, aligned as the layout says.
    #[inline(never)]
    fn allocate_aligned(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        let block = self.region.allocate(layout);
        if block.is_some() { block } else { self.allocate_at_last(layout.size(), layout.align()) }
    }

    /// A small block when the list of its class is empty.
    #[inline(never)]
    fn allocate_small(&mut self, class: usize) -> Option<NonNull<u8>> {
        if self.slabs.are_possible() {
            // SAFETY: needs a class that exists, with an empty list.
            let block = unsafe { self.slabs.refill(class) };
            if block.is_some() {
                return block;
            }
            // SAFETY: needs a class that exists.
            if unsafe { self.slabs.has_many_outside(class) }
                && let Some(page) = self.region.allocate(PAGE)
            {
                // SAFETY: needs a class without a page and a page that nobody uses; `refill` found none, the region lent it.
                return Some(unsafe { self.slabs.open(class, page) });
            }
        }
        // Small blocks are aligned as their size is, whoever serves them.
        let bytes = block_bytes(class);
        let block =
            self.allocate_aligned(Layout::from_size_align(bytes, 1 << bytes.trailing_zeros()).ok()?)?;
        if self.slabs.are_possible() {
            // SAFETY: needs a class that exists.
            unsafe { self.slabs.lent_outside(class) };
        }
        Some(block)
    }

    /// What the region refuses: it looks further, and then everything that is idle goes back to it, and it is asked once more.
    #[cold]
    #[inline(never)]
    fn allocate_at_last(&mut self, bytes: usize, align: usize) -> Option<NonNull<u8>> {
        let layout = Layout::from_size_align(bytes, align).ok()?;
        let block = self.region.allocate(layout);
        if block.is_some() || !self.reclaim() {
            return block;
        }
        self.region.allocate(layout)
    }

    /// Gives kept blocks and idle slab pages back to the region; answers whether there were any. A bounded number of steps.
    pub fn reclaim(&mut self) -> bool {
        let mut any = false;
        for granules in 0..SIZES {
            // SAFETY: needs a size that exists.
            while let Some(block) = unsafe { self.kept.pop(granules) } {
                self.kept.count_returned();
                // SAFETY: needs a block that the region lent for that size; it was kept since.
                unsafe { self.region.deallocate_bytes(block, granules * GRANULE_BYTES) };
                any = true;
            }
        }
        for class in 1..CLASSES {
            if let Some(page) = self.slabs.close_idle(class) {
                // SAFETY: needs a page that the region lent and nobody uses; it was a slab page until now.
                unsafe { self.region.deallocate_bytes(page, PAGE_BYTES) };
                any = true;
            }
        }
        any
    }

    /// Takes a block back. Constant time.
    ///
    /// # Safety
    /// - This heap lent `block` for `layout`, and it is not used any more.
    #[inline(always)]
    pub unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout) {
        if layout.size() > KEPT_BYTES_MAX {
            // SAFETY: needs a block that the region lent for so many bytes; no slab page has so large ones.
            return unsafe { self.region.deallocate_bytes(block, layout.size()) };
        }
        match Request::of(layout) {
            Request::Small(class) => {
                // SAFETY: needs a block of this class that is not used any more; the caller says so.
                unsafe { self.deallocate_small(class, block) };
            }
            Request::Middle(bytes) => {
                // SAFETY: needs a size that exists, and a block that has it; larger ones went above, and the caller says that it is free.
                if unsafe { !self.kept.push(bytes.div_ceil(GRANULE_BYTES), block) } {
                    // SAFETY: needs a block that the region lent for so many bytes; others lie in no slab page.
                    unsafe { self.deallocate_unkept(block, bytes) };
                }
            }
            Request::Aligned { bytes, .. } => {
                // SAFETY: needs a block that the region lent for so many bytes, as above.
                unsafe { self.region.deallocate_bytes(block, bytes) };
            }
        }
    }

    /// # Safety
    /// - This heap lent `block` for `class`, which is not 0, and it is not used any more.
    #[inline(always)]
    unsafe fn deallocate_small(&mut self, class: usize, block: NonNull<u8>) {
        if self.slabs.are_possible() {
            // SAFETY: needs a block in the storage that is not used any more, and of this class if its page is; as the caller says.
            match unsafe { self.slabs.push(class, block) } {
                Returned::Free => return,
                // SAFETY: needs a page to which a block came back; as it was told.
                Returned::Turned { page, is_alone } => return unsafe { self.turn(class, page, is_alone) },
                // SAFETY: needs a class that exists, of which the region lent a block; no slab page has this one.
                Returned::Foreign => unsafe { self.slabs.returned_outside(class) },
            }
        }
        // SAFETY: needs a block that the region lent for so many bytes; no slab page has it.
        unsafe { self.region.deallocate_bytes(block, block_bytes(class)) };
    }

    /// What follows when a slab page has its first free block, or nothing in use. Not inlined, so that a free has no frame.
    ///
    /// # Safety
    /// - As for [`Slabs::turn`].
    #[cold]
    #[inline(never)]
    unsafe fn turn(&mut self, class: usize, page: u32, is_alone: bool) {
        // SAFETY: the caller keeps the duties of the slabs' `turn`, which are the same.
        if let Some(page) = unsafe { self.slabs.turn(class, page, is_alone) } {
            // SAFETY: needs a page that the region lent and nobody uses; it was a slab page until now.
            unsafe { self.region.deallocate_bytes(page, PAGE_BYTES) };
        }
    }

    /// Gives the region a block back that could have been kept.
    ///
    /// # Safety
    /// - The region lent `block` for `bytes` bytes, at least one and at most [`KEPT_BYTES_MAX`], and it is not used any more.
    #[inline(never)]
    unsafe fn deallocate_unkept(&mut self, block: NonNull<u8>, bytes: usize) {
        // SAFETY: the caller keeps the duties of `deallocate_here`, which are the same.
        unsafe { self.region.deallocate_here(block, bytes) };
        self.kept.count_returned();
        self.kept.choose_limit(self.is_roomy());
    }

    /// Makes a block as large as `new_bytes` and keeps what it holds. It grows where it lies if that is possible; if it shrinks by a 32nd or
    /// more, it may move to a smaller free block. `None` if there is no room, and then the block is as it was. Constant time, apart from
    /// copying.
    ///
    /// # Safety
    /// - This heap lent `block` for `layout`; if the answer is another block, it is not used any more.
    /// - `new_bytes`, rounded up to the alignment, is at most `isize::MAX`.
    pub unsafe fn resize(
        &mut self,
        block: NonNull<u8>,
        layout: Layout,
        new_bytes: usize,
    ) -> Option<NonNull<u8>> {
        // SAFETY: needs a power of two and a size that fits; the first is of a layout, the second the caller says.
        let new_layout = unsafe { Layout::from_size_align_unchecked(new_bytes, layout.align()) };
        let (old, new) = (Request::of(layout), Request::of(new_layout));
        if let (Request::Small(from), Request::Small(to)) = (old, new) {
            if from == to {
                return Some(block);
            }
        } else if !matches!(old, Request::Small(_)) && !matches!(new, Request::Small(_)) {
            // SAFETY: needs a block that the region lent for this layout, and bytes, unless the alignment is large; the caller says the
            // first, no slab has so large ones, and no bytes with a small alignment are a small request.
            let resized = unsafe { self.resize_in_region(block, layout, new_bytes) };
            if resized.is_some() {
                self.kept.count_resized(old, new);
                return resized;
            }
        }
        let Some(moved) = self.allocate(new_layout) else {
            let may_move_down =
                !matches!(old, Request::Small(_)) && layout.align() <= 16 && new_bytes > layout.size();
            if !may_move_down {
                return None;
            }
            // SAFETY: needs a block that the region lent for this layout, and more bytes; the first the caller says, the second was asked.
            let moved = unsafe { self.region.grow_by_moving_down(block, layout, new_bytes) };
            if moved.is_some() {
                self.kept.count_resized(old, new);
            }
            return moved;
        };
        let bytes = if new_bytes < layout.size() { new_bytes } else { layout.size() };
        // SAFETY: needs two blocks of so many bytes that do not overlap; one was lent just now, the other is still lent.
        unsafe { moved.copy_from_nonoverlapping(block, bytes) };
        // SAFETY: needs a block lent for this layout that is not used any more; what it held was copied.
        unsafe { self.deallocate(block, layout) };
        Some(moved)
    }

    /// Makes a block of the region larger where it lies, or smaller: there, or by moving it into a smaller free block if a 32nd of it or
    /// more comes free. `None` if it cannot grow where it lies.
    ///
    /// # Safety
    /// - The region lent `block` for `layout`; if the answer is another block, it is not used any more.
    /// - `new_bytes` is not 0, unless the alignment is above 16.
    unsafe fn resize_in_region(
        &mut self,
        block: NonNull<u8>,
        layout: Layout,
        new_bytes: usize,
    ) -> Option<NonNull<u8>> {
        if new_bytes > layout.size() {
            // SAFETY: needs a block that the region lent for this layout, and more bytes; the caller's, and compared.
            return unsafe { self.region.grow_in_place(block, layout, new_bytes) }.then_some(block);
        }
        if new_bytes <= layout.size() - layout.size().div_ceil(SHRINK_DIVISOR)
            && layout.align() <= GRANULE_BYTES
        {
            // SAFETY: needs a block that the region lent for this layout with such an alignment, and fewer bytes; as above.
            let moved = unsafe { self.region.shrink_by_moving(block, layout, new_bytes) };
            if moved.is_some() {
                return moved;
            }
        }
        // SAFETY: needs a block that the region lent for this layout, and no more bytes; as above.
        unsafe { self.region.shrink_in_place(block, layout, new_bytes) };
        Some(block)
    }

    /// The region, for whoever lends larger pieces of the same storage.
    pub(crate) fn region(&mut self) -> &mut Region {
        &mut self.region
    }
}

/// What a slab page is to the region.
const PAGE: Layout = match Layout::from_size_align(PAGE_BYTES, PAGE_BYTES) {
    Ok(layout) => layout,
    Err(_) => panic!("a page is a power of two"),
};
