//! A heap in fixed storage, for one owner: slab pages for small blocks, a region for everything else, no headers, no atomics.
//!
//! ```text
//!   request ─┬─ up to 256 bytes ──> the class's list ──> its pages ──> a page of the region ─┐
//!            ├─ up to 32 KiB ─────> a kept block of just that size ──────────────────────────┼──> the region
//!            └─ everything else ─────────────────────────────────────────────────────────────┘
//! ```
//!
//! A request that finds no page for its class takes a block of the region. So slabs never refuse what the region could
//! serve, and a free asks the page's record who served it. Slab pages with few blocks in use, and kept blocks, lie between large blocks
//! and cost room. So a class gets a page only when the region has lent some of its blocks; and where blocks are resized, which needs room
//! beside them, kept ones go back to the region little by little. When the region refuses, all kept blocks and idle slab pages go back to it,
//! a bounded number, and it is asked once more.
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
use kept::{KEPT_MAX, Kept, Table};
use request::{CLASSES, KEPT_BYTES_MAX, LISTS, PAGE_BYTES, Request, SMALL_BYTES_MAX, block_bytes};
use slabs::{RECORD_BYTES, Returned, Slabs};

/// Storage of fewer bytes has no slab pages: too large a share of it would lie in pages that are hardly used.
const SLABS_BYTES_MIN: usize = 256 << 10;

/// For each so many bytes of storage one block of each size and alignment is kept, up to [`KEPT_MAX`].
const KEEP_BYTES: usize = 4 << 20;

/// Lists whose last kept block goes back to the region when a block of the region is resized.
const GIVEN_UP: usize = 16;

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
    /// Requests of more bytes go to the region at once; there are no slab pages for others, or no blocks kept, if this is less than theirs.
    direct_bytes: usize,
    /// Bytes of the tables of slab pages and kept blocks.
    tables_bytes: usize,
}

impl FixedHeap {
    /// A heap without storage.
    pub const EMPTY: Self = FixedHeap {
        slabs: Slabs::EMPTY,
        kept: Kept::EMPTY,
        region: Region::EMPTY,
        direct_bytes: 0,
        tables_bytes: 0,
    };

    /// Gives a heap without storage its storage; answers whether it is enough for a block. Constant time if it `is_zeroed`;
    /// otherwise writes zeroes over the records, up to a 74th of the storage.
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
        let records_bytes = Slabs::records_for(storage.as_ptr().addr(), bytes) * RECORD_BYTES;
        let kept_most = (bytes / KEEP_BYTES).min(KEPT_MAX);
        let kept_bytes = if kept_most == 0 { 0 } else { size_of::<Table>() };
        // Whole granules, as the region lends them.
        let tables_bytes = (records_bytes + kept_bytes).next_multiple_of(GRANULE_BYTES);
        // SAFETY: needs at least one byte and no more than a layout has; so large a storage has records, and both are smaller than it.
        let Some(tables) = (unsafe { self.region.allocate_bytes(tables_bytes) }) else { return true };
        self.tables_bytes = tables_bytes;
        // The region wrote to the first and to the last granule of what was its only free block; the tables may have either.
        let (dirty_bytes, last) =
            if is_zeroed { (GRANULE_BYTES, tables_bytes - GRANULE_BYTES) } else { (tables_bytes, 0) };
        // SAFETY: needs that many bytes that nobody else uses; the region lent them, at least a granule.
        unsafe { tables.write_bytes(0, dirty_bytes) };
        if last != 0 {
            // SAFETY: needs to stay inside the tables; they have a granule more.
            let last = unsafe { tables.add(last) };
            // SAFETY: needs that many bytes that nobody else uses; as above.
            unsafe { last.write_bytes(0, GRANULE_BYTES) };
        }
        // SAFETY: needs a table of zeroes for this storage; that is what it is now.
        unsafe { self.slabs.begin(storage, bytes, tables) };
        self.direct_bytes = SMALL_BYTES_MAX;
        if kept_most != 0 {
            // SAFETY: needs to stay inside the tables; the second begins where the first ends.
            let table = unsafe { tables.add(records_bytes) };
            // SAFETY: needs such a table of zeroes, and a number that was limited; it has the bytes, and a record's alignment is a word's.
            unsafe { self.kept.begin(storage, table, kept_most as u8) };
            self.direct_bytes = KEPT_BYTES_MAX;
        }
        true
    }

    /// Whether it was given its storage.
    #[inline(always)]
    pub(crate) const fn has_storage(&self) -> bool {
        self.region.capacity_bytes() != 0
    }

    /// Bytes that blocks may have together.
    pub const fn capacity_bytes(&self) -> usize {
        self.region.capacity_bytes() - self.tables_bytes
    }

    /// Bytes that no block, slab page or kept block has. They need not lie together.
    pub const fn free_bytes(&self) -> usize {
        self.region.free_bytes()
    }

    /// A block for `layout`; no bytes count as one. `None` if there is no room, and then nothing changed.
    ///
    /// Constant time while there is room; a request that the region refuses costs a bounded number of steps more.
    #[inline(always)]
    pub fn allocate(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        // What is no slab's and never kept need not be found out step by step.
        if layout.size() > self.direct_bytes {
            return self.allocate_directly(layout);
        }
        // SAFETY: needs at most `direct_bytes` bytes; longer ones went above.
        match unsafe { self.request_of_few(layout) } {
            Request::Small(class) => {
                // SAFETY: needs a class that exists.
                let block = unsafe { self.slabs.pop(class) };
                if block.is_some() { block } else { self.allocate_small(class, layout.align()) }
            }
            Request::Middle { list, bytes } => {
                // SAFETY: needs lists that were begun, and one that exists; with smaller storage all requests of so many bytes went above.
                let block = unsafe { self.kept.pop(list) };
                if block.is_some() {
                    return block;
                }
                // SAFETY: needs at least one byte; blocks of lists have more.
                unsafe { self.allocate_rounded(bytes, layout.align()) }
            }
            // SAFETY: needs at least one byte; every request has.
            Request::Other { bytes } => unsafe { self.allocate_rounded(bytes, layout.align()) },
        }
    }

    /// Who serves a layout.
    ///
    /// # Safety
    /// - It is of at most `direct_bytes` bytes.
    #[inline(always)]
    unsafe fn request_of_few(&self, layout: Layout) -> Request {
        // SAFETY: needs that it is so: `begin` chooses one of three numbers, of which this is the largest, and nothing else does.
        unsafe { core::hint::assert_unchecked(self.direct_bytes <= KEPT_BYTES_MAX) };
        // SAFETY: needs that it is so; the caller says so.
        unsafe { core::hint::assert_unchecked(layout.size() <= self.direct_bytes) };
        Request::of(layout)
    }

    /// A block of the region for what no slab serves and nothing is kept for.
    #[inline(never)]
    fn allocate_directly(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        let block = self.region.allocate(layout);
        if block.is_some() { block } else { self.allocate_at_last(layout.size(), layout.align()) }
    }

    /// A block of the region for `bytes` bytes: those of a list's blocks, or as many as were asked for.
    ///
    /// # Safety
    /// - They are at least one, and no more than a layout has, rounded up to a list's blocks.
    #[inline(never)]
    unsafe fn allocate_rounded(&mut self, bytes: usize, align: usize) -> Option<NonNull<u8>> {
        if align > GRANULE_BYTES {
            return self.allocate_aligned(bytes, align);
        }
        // SAFETY: needs at least one byte and no more than a layout has; the caller says so, and rounding adds less than a 32nd.
        let block = unsafe { self.region.allocate_bytes(bytes) };
        if block.is_some() { block } else { self.allocate_at_last(bytes, align) }
    }

    /// The same with an alignment above a granule.
    #[inline(never)]
    fn allocate_aligned(&mut self, bytes: usize, align: usize) -> Option<NonNull<u8>> {
        let block = self.region.allocate_aligned(Layout::from_size_align(bytes, align).ok()?);
        if block.is_some() { block } else { self.allocate_at_last(bytes, align) }
    }

    /// A small block when the list of its class is empty.
    #[inline(never)]
    fn allocate_small(&mut self, class: usize, align: usize) -> Option<NonNull<u8>> {
        // SAFETY: needs a class that exists.
        if unsafe { self.slabs.has_pages(class) } {
            return self.allocate_from_pages(class, align);
        }
        self.allocate_outside(class, align)
    }

    /// A small block of a class that has pages.
    #[inline(never)]
    fn allocate_from_pages(&mut self, class: usize, align: usize) -> Option<NonNull<u8>> {
        // SAFETY: needs a class that exists, with an empty list.
        let block = unsafe { self.slabs.refill(class) };
        if block.is_some() { block } else { self.allocate_outside(class, align) }
    }

    /// A small block of a class whose pages have no room.
    #[inline(always)]
    fn allocate_outside(&mut self, class: usize, align: usize) -> Option<NonNull<u8>> {
        // SAFETY: needs a class that exists.
        if unsafe { self.slabs.has_many_outside(class) } {
            return self.allocate_page(class, align);
        }
        self.allocate_small_in_region(class, align)
    }

    /// A small block of a class that gets a page, if the region has one.
    #[inline(never)]
    fn allocate_page(&mut self, class: usize, align: usize) -> Option<NonNull<u8>> {
        match self.region.allocate(PAGE) {
            // SAFETY: needs a class without a page and a page that nobody uses; its pages had no room, and the region lent this one.
            Some(page) => Some(unsafe { self.slabs.open(class, page) }),
            None => self.allocate_small_in_region(class, align),
        }
    }

    /// A small block of the region.
    #[inline(always)]
    fn allocate_small_in_region(&mut self, class: usize, align: usize) -> Option<NonNull<u8>> {
        if align <= GRANULE_BYTES {
            // SAFETY: needs at least one byte and no more than a layout has; every class but 0 has some.
            let block = unsafe { self.region.allocate_bytes(block_bytes(class)) };
            if block.is_some() {
                // SAFETY: needs a class that exists.
                unsafe { self.slabs.lent_outside(class) };
                return block;
            }
        }
        self.allocate_small_at_last(class, align)
    }

    /// A small block of the region that has a large alignment, or that the region refused at first.
    #[cold]
    #[inline(never)]
    fn allocate_small_at_last(&mut self, class: usize, align: usize) -> Option<NonNull<u8>> {
        // SAFETY: needs at least one byte; blocks of every class have more.
        let block = unsafe { self.allocate_rounded(block_bytes(class), align)? };
        // SAFETY: needs a class that exists.
        unsafe { self.slabs.lent_outside(class) };
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
        if self.kept.has_table() {
            for _ in 0..LISTS * KEPT_MAX {
                // SAFETY: needs lists that were begun; they have their table.
                any |= unsafe { self.give_up_kept() };
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

    /// Gives a kept block back to the region, of the next list in turn; answers whether there was one.
    ///
    /// # Safety
    /// - Blocks may be kept.
    unsafe fn give_up_kept(&mut self) -> bool {
        // SAFETY: needs lists that were begun; the caller says so.
        let Some((block, bytes)) = (unsafe { self.kept.pop_next() }) else { return false };
        // SAFETY: needs a block that the region lent for so many bytes; it was kept since.
        unsafe { self.region.deallocate_bytes(block, bytes) };
        true
    }

    /// Takes a block back. Constant time.
    ///
    /// # Safety
    /// - This heap lent `block` for `layout`, and it is not used any more.
    #[inline(always)]
    pub unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout) {
        if layout.size() > self.direct_bytes {
            // SAFETY: needs a block that the region lent for so many bytes; no slab page has so large ones.
            return unsafe { self.region.deallocate_bytes(block, layout.size()) };
        }
        // SAFETY: needs at most `direct_bytes` bytes; longer ones went above.
        match unsafe { self.request_of_few(layout) } {
            Request::Small(class) => {
                // SAFETY: needs a block of this class that is not used any more; the caller says so.
                unsafe { self.deallocate_small(class, block) };
            }
            Request::Middle { list, bytes } => {
                // SAFETY: needs lists that were begun, one that exists, and a block that has its size and alignment; as in `allocate`, and
                // the caller says that the block is free.
                if unsafe { !self.kept.push(list, block) } {
                    // SAFETY: needs a block that the region lent for so many bytes; others lie in no slab page.
                    unsafe { self.region.deallocate_bytes(block, bytes) };
                }
            }
            Request::Other { bytes } => {
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
                Returned::Foreign => {}
            }
        }
        // SAFETY: needs a class that exists, of which the region lent a block; no slab page has this one.
        unsafe { self.slabs.returned_outside(class) };
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
        let (old, new) = (self.request(layout), self.request(new_layout));
        let in_region = match (old, new) {
            (Request::Small(from), Request::Small(to)) if from == to => return Some(block),
            (Request::Small(_), _) | (_, Request::Small(_)) => None,
            // SAFETY: needs powers of two and sizes that fit; they are layouts' sizes, rounded up to no more than their alignments.
            _ => Some(unsafe { Layout::from_size_align_unchecked(old.block_bytes(), layout.align()) }),
        };
        if self.kept.has_table() && in_region.is_some() {
            for _ in 0..GIVEN_UP {
                // SAFETY: needs lists that were begun; they have their table.
                unsafe { self.give_up_kept() };
            }
        }
        if let Some(lent) = in_region {
            // SAFETY: needs a block that the region lent for this layout, and bytes; the caller says the first, and no request has none.
            let resized = unsafe { self.resize_in_region(block, lent, new.block_bytes()) };
            if resized.is_some() {
                return resized;
            }
        }
        let Some(moved) = self.allocate(new_layout) else {
            let lent =
                in_region.filter(|lent| lent.align() <= GRANULE_BYTES && new.block_bytes() > lent.size())?;
            // SAFETY: needs a block that the region lent for this layout, and more bytes; the first the caller says, the second was asked.
            return unsafe { self.region.grow_by_moving_down(block, lent, new.block_bytes()) };
        };
        let bytes = if new_bytes < layout.size() { new_bytes } else { layout.size() };
        // SAFETY: needs two blocks of so many bytes that do not overlap; one was lent just now, the other is still lent.
        unsafe { moved.copy_from_nonoverlapping(block, bytes) };
        match in_region {
            // SAFETY: needs a block that the region lent for this layout and that is not used any more; what it held was copied. It is
            // not kept, so that it merges with what is free beside it.
            Some(lent) => unsafe { self.region.deallocate_bytes(block, lent.size()) },
            // SAFETY: needs a block lent for this layout that is not used any more, as above.
            None => unsafe { self.deallocate(block, layout) },
        }
        Some(moved)
    }

    /// Who serves `layout` in this heap.
    fn request(&self, layout: Layout) -> Request {
        if layout.size() > self.direct_bytes {
            return Request::Other { bytes: layout.size() };
        }
        Request::of(layout)
    }

    /// Makes a block of the region larger where it lies, or smaller: there, or by moving it into a smaller free block if a 32nd of it or
    /// more comes free. `None` if it cannot grow where it lies.
    ///
    /// # Safety
    /// - The region lent `block` for `layout`; if the answer is another block, it is not used any more.
    /// - `new_bytes` is not 0.
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
