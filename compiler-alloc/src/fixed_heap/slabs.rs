//! Slab pages: 4 KiB of blocks of one class, without headers; the records lie in a table beside them.
//!
//! A class has one *current* page, whose blocks it hands out from a list of its own, and a list of pages with *room*. A block
//! that comes back joins its page's own list, also of the current page, which the class takes whole when its own is empty.
//! So handing out a block touches the class and the block, and taking one back the block and its page's record.
//!
//! *The counting equation* of a page: `used + free = carved`, where a current page's blocks in the list of the class count
//! as used. A page that is not current and has nothing in use goes back to the region at once.

use super::request::{CLASSES, PAGE_BLOCKS, PAGE_BYTES, STEP_BYTES, block_bytes};
use core::ptr::NonNull;

/// The end of a list, of blocks or of pages.
const END: u32 = 0;

/// So many blocks of a class outside of its pages are worth a page.
const OUTSIDE_MANY: u32 = 4;

/// What is known of 4 KiB of the storage: of a slab page, whose class is not 0.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct PageRecord {
    /// The first block that came back: its number, in steps of 8 bytes from the grid's beginning.
    free: u32,
    /// The next page with room, counted from 1.
    next: u32,
    /// The page with room before this one, counted from 1.
    prev: u32,
    /// Blocks that were handed out or lie in the list of the class.
    used: u16,
    /// Blocks that were ever handed out, and above these digits the class; so a record has 16 bytes.
    carved_and_class: u16,
}

/// Bytes of a page's record.
pub(super) const RECORD_BYTES: usize = size_of::<PageRecord>();

/// Digits of the number of blocks that were ever handed out.
const CARVED_LOG2: u32 = 10;

const _: () =
    assert!(PAGE_BYTES / STEP_BYTES < 1 << CARVED_LOG2 && CLASSES <= 1 << (u16::BITS - CARVED_LOG2));
const _: () = assert!(RECORD_BYTES == 16);

impl PageRecord {
    /// The class of its blocks; 0 if it is no slab page.
    #[inline(always)]
    fn class(&self) -> usize {
        usize::from(self.carved_and_class >> CARVED_LOG2)
    }

    /// Blocks that were ever handed out.
    #[inline(always)]
    fn carved(&self) -> u16 {
        self.carved_and_class % (1 << CARVED_LOG2)
    }
}

/// A class of blocks.
#[derive(Clone, Copy)]
struct Slot {
    /// The first block to hand out, numbered as in [`PageRecord::free`].
    free: u32,
    /// How many are in that list.
    left: u32,
    /// The current page, counted from 1.
    page: u32,
    /// The first page with room, counted from 1.
    room: u32,
}

/// What became of a block that was taken back.
pub(super) enum Returned {
    /// It is free.
    Free,
    /// It is no slab's block.
    Foreign,
    /// It is free, and its page, counted from 1, got its only free block, or has nothing in use any more: [`turn`](Slabs::turn) follows.
    Turned {
        /// The page.
        page: u32,
        /// Whether the block is the only free one.
        is_alone: bool,
    },
}

/// The slab pages of one heap. All zero is a heap without any.
pub(super) struct Slabs {
    /// Where page 0 begins: the multiple of 4 KiB at or before the storage.
    grid: *mut u8,
    records: *mut PageRecord,
    pages: u32,
    slots: [Slot; CLASSES],
    /// Blocks of each class that the region lent, because the class had no page with room.
    outside: [u32; CLASSES],
}

impl Slabs {
    /// No pages, and none to come.
    pub(super) const EMPTY: Self = Slabs {
        grid: core::ptr::null_mut(),
        records: core::ptr::null_mut(),
        pages: 0,
        slots: [Slot { free: END, left: 0, page: END, room: END }; CLASSES],
        outside: [0; CLASSES],
    };

    /// How many records a storage needs.
    pub(super) const fn records_for(address: usize, bytes: usize) -> usize {
        (address + bytes).div_ceil(PAGE_BYTES) - address / PAGE_BYTES
    }

    /// Gives slabs their table.
    ///
    /// # Safety
    /// - There are no pages yet; `records` has [`records_for`](Self::records_for) zero records for the storage, which nobody else uses.
    pub(super) unsafe fn begin(&mut self, storage: NonNull<u8>, bytes: usize, records: NonNull<u8>) {
        let address = storage.as_ptr().addr();
        self.grid = storage.as_ptr().map_addr(|address| address & !(PAGE_BYTES - 1));
        self.records = records.as_ptr().cast();
        self.pages = Self::records_for(address, bytes) as u32;
    }

    /// Whether pages may become slab pages.
    pub(super) const fn are_possible(&self) -> bool {
        self.pages != 0
    }

    /// Whether a class has a current page or one with room.
    ///
    /// # Safety
    /// - `class` is below [`CLASSES`].
    #[inline(always)]
    pub(super) unsafe fn has_pages(&self, class: usize) -> bool {
        // SAFETY: needs a class that exists; the caller says so.
        let slot = unsafe { self.slots.get_unchecked(class) };
        (slot.page | slot.room) != END
    }

    /// Whether there may be slab pages, and the region lent so many blocks of a class that they are worth one.
    ///
    /// # Safety
    /// - `class` is below [`CLASSES`].
    #[inline(always)]
    pub(super) unsafe fn has_many_outside(&self, class: usize) -> bool {
        // SAFETY: needs a class that exists; the caller says so.
        *unsafe { self.outside.get_unchecked(class) } >= OUTSIDE_MANY && self.are_possible()
    }

    /// Counts a block of a class that the region lent.
    ///
    /// # Safety
    /// - `class` is below [`CLASSES`].
    #[inline(always)]
    pub(super) unsafe fn lent_outside(&mut self, class: usize) {
        // SAFETY: needs a class that exists; the caller says so.
        *unsafe { self.outside.get_unchecked_mut(class) } += 1;
    }

    /// Counts one that the region got back.
    ///
    /// # Safety
    /// - `class` is below [`CLASSES`], and such a block was counted.
    #[inline(always)]
    pub(super) unsafe fn returned_outside(&mut self, class: usize) {
        // SAFETY: needs a class that exists; the caller says so.
        *unsafe { self.outside.get_unchecked_mut(class) } -= 1;
    }

    /// How many blocks of the first class are counted that has such blocks.
    pub(super) fn any_outside(&self) -> Option<usize> {
        self.outside.iter().find(|&&count| count != 0).map(|&count| count as usize)
    }

    /// The next block of the class's list, if it has one: nine instructions.
    ///
    /// # Safety
    /// - `class` is below [`CLASSES`].
    #[inline(always)]
    pub(super) unsafe fn pop(&mut self, class: usize) -> Option<NonNull<u8>> {
        // SAFETY: needs a class that exists; the caller says so.
        let slot = unsafe { self.slots.get_unchecked_mut(class) };
        if slot.free == END {
            return None;
        }
        let block = self.grid.wrapping_add(slot.free as usize * STEP_BYTES);
        // SAFETY: needs a free block; the list has only such, and their first word is the link.
        slot.free = unsafe { block.cast::<u32>().read() };
        slot.left -= 1;
        // SAFETY: needs a pointer that is not null; no block has number 0, with which lists end.
        Some(unsafe { NonNull::new_unchecked(block) })
    }

    /// A block from somewhere else of the class's pages: what came back to the current one, its untouched end, or a page with room.
    ///
    /// # Safety
    /// - `class` is below [`CLASSES`] and not 0, and its list is empty.
    pub(super) unsafe fn refill(&mut self, class: usize) -> Option<NonNull<u8>> {
        // SAFETY: needs a class that exists; the caller says so.
        let slot = unsafe { self.slots.get_unchecked_mut(class) };
        if slot.page != END {
            let (page, record) = (slot.page, self.records.wrapping_add(slot.page as usize - 1));
            // SAFETY: needs a record of the table; the current page has one, and only this value uses it.
            let record = unsafe { &mut *record };
            if record.free == END {
                // SAFETY: needs a class that exists; the caller says so.
                if record.carved() < *unsafe { PAGE_BLOCKS.get_unchecked(class) } {
                    let offset = usize::from(record.carved()) * block_bytes(class);
                    record.carved_and_class += 1;
                    record.used += 1;
                    let block = self.grid.wrapping_add((page as usize - 1) * PAGE_BYTES + offset);
                    // SAFETY: needs a pointer that is not null; the page lies in the storage.
                    return Some(unsafe { NonNull::new_unchecked(block) });
                }
                // Full: it is nobody's until a block comes back.
                slot.page = END;
            }
        }
        if slot.page == END {
            let page = slot.room;
            if page == END {
                return None;
            }
            slot.page = page;
            // SAFETY: needs a page with room; the list has only such.
            unsafe { self.remove(class, page) };
        }
        // SAFETY: needs a class with a current page that has free blocks; it was asked, or just became it.
        unsafe { self.take_list(class) };
        // SAFETY: needs a class that exists; the caller says so.
        unsafe { self.pop(class) }
    }

    /// Makes the blocks that came back to the current page the list of the class.
    ///
    /// # Safety
    /// - `class` is below [`CLASSES`], has a current page and an empty list.
    #[inline(always)]
    unsafe fn take_list(&mut self, class: usize) {
        // SAFETY: needs a class that exists; the caller says so.
        let slot = unsafe { self.slots.get_unchecked_mut(class) };
        // SAFETY: needs a record of the table; the current page has one, and only this value uses it.
        let record = unsafe { &mut *self.records.wrapping_add(slot.page as usize - 1) };
        slot.free = core::mem::replace(&mut record.free, END);
        slot.left = u32::from(record.carved() - record.used);
        record.used = record.carved();
    }

    /// Makes 4 KiB of the storage the current page of a class, and hands out its first block.
    ///
    /// # Safety
    /// - `class` is below [`CLASSES`] and not 0, and has neither a current page nor one with room.
    /// - `page` is a page of the grid, whole in the storage, that nobody else uses.
    pub(super) unsafe fn open(&mut self, class: usize, page: NonNull<u8>) -> NonNull<u8> {
        let number = (page.as_ptr().addr() - self.grid.addr()) / PAGE_BYTES;
        let carved_and_class = 1 | (class as u16) << CARVED_LOG2;
        let record = PageRecord { free: END, next: END, prev: END, used: 1, carved_and_class };
        // SAFETY: needs a record of the table, that nobody else uses; the page is of the grid.
        unsafe { self.records.wrapping_add(number).write(record) };
        // SAFETY: needs a class that exists; the caller says so.
        unsafe { self.slots.get_unchecked_mut(class) }.page = number as u32 + 1;
        page
    }

    /// Takes a block of a class back.
    ///
    /// # Safety
    /// - The block lies in the storage, is not used any more, and if its page is a slab page of `class`, was handed out by it.
    #[inline(always)]
    pub(super) unsafe fn push(&mut self, class: usize, block: NonNull<u8>) -> Returned {
        let offset = block.as_ptr().addr().wrapping_sub(self.grid.addr());
        let number = offset / PAGE_BYTES;
        let record = self.records.wrapping_add(number);
        // SAFETY: needs a record of the table, that nobody else uses; every page of the storage has one.
        let record = unsafe { &mut *record };
        if record.class() != class {
            return Returned::Foreign;
        }
        let before = record.free;
        // SAFETY: needs a block that nobody else uses; it was given back.
        unsafe { block.as_ptr().cast::<u32>().write(before) };
        record.free = (offset / STEP_BYTES) as u32;
        record.used -= 1;
        if record.used == 0 || before == END {
            return Returned::Turned { page: number as u32 + 1, is_alone: before == END };
        }
        Returned::Free
    }

    /// Lists a page that got its first free block; gives up one that has nothing in use any more and answers where it begins.
    ///
    /// # Safety
    /// - `page` is a slab page of `class` with a free block, and in the list of those with room, unless it `is_alone` or is current.
    pub(super) unsafe fn turn(&mut self, class: usize, page: u32, is_alone: bool) -> Option<NonNull<u8>> {
        // SAFETY: needs a class that exists; a slab page has one.
        if unsafe { self.slots.get_unchecked(class) }.page == page {
            return None;
        }
        let record = self.records.wrapping_add(page as usize - 1);
        // SAFETY: needs a record of the table; the page has one.
        if unsafe { (*record).used } != 0 {
            // SAFETY: needs a page with room in no list; it got its only block just now.
            unsafe { self.insert(class, page) };
            return None;
        }
        if !is_alone {
            // SAFETY: needs a page in the list; it has had room for longer.
            unsafe { self.remove(class, page) };
        }
        // SAFETY: needs a page that no class uses; it left the list.
        Some(unsafe { self.close(page) })
    }

    /// Makes a page no slab page any more; answers where it begins.
    ///
    /// # Safety
    /// - `page` is a slab page of which nothing is in use and which no list and no class has.
    unsafe fn close(&mut self, page: u32) -> NonNull<u8> {
        let number = page as usize - 1;
        // SAFETY: needs a record of the table; the page has one.
        unsafe { (*self.records.wrapping_add(number)).carved_and_class = 0 };
        // SAFETY: needs a pointer that is not null; it is a page of the storage.
        unsafe { NonNull::new_unchecked(self.grid.wrapping_add(number * PAGE_BYTES)) }
    }

    /// Gives a class's current page up, if nothing of it is in use; answers where it begins.
    pub(super) fn close_idle(&mut self, class: usize) -> Option<NonNull<u8>> {
        let slot = self.slots.get_mut(class)?;
        let page = slot.page;
        if page == END {
            return None;
        }
        // SAFETY: needs a record of the table; the current page has one.
        let used = unsafe { (*self.records.wrapping_add(page as usize - 1)).used };
        if u32::from(used) != slot.left {
            return None;
        }
        (slot.free, slot.left, slot.page) = (END, 0, END);
        // SAFETY: needs a page of which nothing is in use; all its used blocks lay in the list, which is gone.
        Some(unsafe { self.close(page) })
    }

    /// Puts a page first into the list of those with room.
    ///
    /// # Safety
    /// - `page` is a slab page of `class` in no list.
    unsafe fn insert(&mut self, class: usize, page: u32) {
        // SAFETY: needs a class that exists; a slab page has one.
        let slot = unsafe { self.slots.get_unchecked_mut(class) };
        let next = core::mem::replace(&mut slot.room, page);
        // SAFETY: needs a record of the table; the page has one.
        let record = unsafe { &mut *self.records.wrapping_add(page as usize - 1) };
        (record.next, record.prev) = (next, END);
        if next != END {
            // SAFETY: needs a record of the table; the page in the list has one.
            unsafe { (*self.records.wrapping_add(next as usize - 1)).prev = page };
        }
    }

    /// Takes a page out of the list of those with room.
    ///
    /// # Safety
    /// - `page` is in the list of `class`.
    unsafe fn remove(&mut self, class: usize, page: u32) {
        // SAFETY: needs a record of the table; the page has one, and it is copied.
        let record = unsafe { *self.records.wrapping_add(page as usize - 1) };
        if record.next != END {
            // SAFETY: needs a record of the table; the page in the list has one.
            unsafe { (*self.records.wrapping_add(record.next as usize - 1)).prev = record.prev };
        }
        if record.prev != END {
            // SAFETY: needs a record of the table; the page in the list has one.
            unsafe { (*self.records.wrapping_add(record.prev as usize - 1)).next = record.next };
        } else {
            // SAFETY: needs a class that exists; a slab page has one.
            unsafe { self.slots.get_unchecked_mut(class) }.room = record.next;
        }
    }
}

/// What a walk over the slab pages counted.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct SlabCensus {
    /// Pages that are slab pages.
    pub(super) pages: usize,
    /// Bytes of their blocks that are in use.
    pub(super) live_bytes: usize,
}

impl Slabs {
    /// Validates every page, list and count. Cost: all pages and free blocks.
    ///
    /// # Errors
    /// The first statement that does not hold, the page's number, what should be and what is.
    pub(super) fn check(&self) -> Result<SlabCensus, (&'static str, usize, usize, usize)> {
        let equal = |statement, page: usize, expected: usize, found: usize| {
            if expected == found { Ok(()) } else { Err((statement, page, expected, found)) }
        };
        let mut census = SlabCensus::default();
        let mut with_room = 0;
        for number in 0..self.pages as usize {
            // SAFETY: needs a record of the table, which is copied.
            let record = unsafe { *self.records.wrapping_add(number) };
            let class = record.class();
            if class == 0 {
                continue;
            }
            let Some(slot) = self.slots.get(class) else {
                return Err(("a slab page has a class", number, CLASSES - 1, class));
            };
            let is_current = slot.page as usize == number + 1;
            let free = self.blocks_of(number, class, record.free)?;
            equal(
                "used and free blocks are those carved",
                number,
                record.carved().into(),
                free + usize::from(record.used),
            )?;
            let listed = if is_current { self.blocks_of(number, class, slot.free)? } else { 0 };
            equal(
                "a class counts its list",
                number,
                if is_current { slot.left as usize } else { 0 },
                listed,
            )?;
            with_room += usize::from(!is_current && free != 0);
            census.pages += 1;
            census.live_bytes += (usize::from(record.used) - listed) * block_bytes(class);
            let is_needed = is_current || record.used != 0;
            equal("a page that is kept has blocks in use", number, 1, usize::from(is_needed))?;
        }
        let mut listed = 0;
        for (class, slot) in self.slots.iter().enumerate() {
            let (mut page, mut prev) = (slot.room, END);
            while page != END {
                equal("a listed page is of the grid", page as usize, 1, usize::from(page <= self.pages))?;
                // SAFETY: needs a record of the table, which is copied.
                let record = unsafe { *self.records.wrapping_add(page as usize - 1) };
                equal("a listed page is of the class", page as usize - 1, class, record.class())?;
                equal(
                    "a listed page knows the one before",
                    page as usize - 1,
                    prev as usize,
                    record.prev as usize,
                )?;
                listed += 1;
                equal(
                    "no more pages are listed than have room",
                    page as usize - 1,
                    1,
                    usize::from(listed <= with_room),
                )?;
                (prev, page) = (page, record.next);
            }
        }
        equal("pages with room are listed", 0, with_room, listed)?;
        Ok(census)
    }

    /// How many blocks a list has, all of one page.
    fn blocks_of(
        &self,
        number: usize,
        class: usize,
        first: u32,
    ) -> Result<usize, (&'static str, usize, usize, usize)> {
        let (mut block, mut count) = (first, 0);
        while block != END {
            let offset = block as usize * STEP_BYTES;
            if offset / PAGE_BYTES != number {
                return Err(("a page's list has its own blocks", number, number, offset / PAGE_BYTES));
            }
            if !(offset % PAGE_BYTES).is_multiple_of(block_bytes(class)) {
                return Err(("a free block begins where a block does", number, 0, offset % PAGE_BYTES));
            }
            count += 1;
            if count > PAGE_BYTES / STEP_BYTES {
                return Err(("a page's list ends", number, PAGE_BYTES / STEP_BYTES, count));
            }
            // SAFETY: needs a free block, which nobody writes to meanwhile; it lies in a slab page.
            block = unsafe { self.grid.wrapping_add(offset).cast::<u32>().read() };
        }
        Ok(count)
    }
}
