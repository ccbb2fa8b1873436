//! Blocks of the region that came back and are kept for the next request of just their size and alignment, a few of each.
//!
//! For the region they are lent. A heap whose region refuses a request gives them all back first. Nothing is read from or written to a
//! block that is kept: where it lies is noted in a table, so that to keep one and to hand it out touches no line of it.

use super::request::{LISTS, list_bytes};
use core::ptr::NonNull;

/// The most blocks that a list has.
pub(super) const KEPT_MAX: usize = 4;

/// Where kept blocks lie, and how many. All zero is a table of none.
#[repr(C)]
pub(super) struct Table {
    /// How many blocks each list has.
    counts: [u8; LISTS.next_multiple_of(4)],
    /// Bytes from the beginning of the storage to each block.
    offsets: [[u32; KEPT_MAX]; LISTS],
}

/// The kept blocks. All zero keeps none.
pub(super) struct Kept {
    table: *mut Table,
    /// Where offsets begin.
    storage: *mut u8,
    /// How many blocks each list may have.
    most: u8,
    /// The list that gives up a block next, below [`LISTS`].
    turn: u16,
}

impl Kept {
    /// None, and none will be.
    pub(super) const EMPTY: Self =
        Kept { table: core::ptr::null_mut(), storage: core::ptr::null_mut(), most: 0, turn: 0 };

    /// From now on keeps up to `most` blocks of each list.
    ///
    /// # Safety
    /// - `most` is at most [`KEPT_MAX`].
    /// - `table` has the bytes of a [`Table`], zeroes, aligned to a granule, which nobody else uses as long as this value is used.
    pub(super) unsafe fn begin(&mut self, storage: NonNull<u8>, table: NonNull<u8>, most: u8) {
        (self.table, self.storage, self.most) = (table.as_ptr().cast(), storage.as_ptr(), most);
    }

    /// Whether blocks may be kept.
    pub(super) const fn has_table(&self) -> bool {
        !self.table.is_null()
    }

    /// A kept block of a list, if there is one.
    ///
    /// # Safety
    /// - This value was begun, and `list` is below [`LISTS`].
    #[inline(always)]
    pub(super) unsafe fn pop(&mut self, list: usize) -> Option<NonNull<u8>> {
        // SAFETY: needs a table that nobody else uses; `begin` got it, as the caller says.
        let table = unsafe { &mut *self.table };
        // SAFETY: needs a list that exists; the caller says so.
        let count = unsafe { table.counts.get_unchecked_mut(list) };
        let left = count.checked_sub(1)?;
        *count = left;
        // SAFETY: needs a list that exists; the caller says so.
        let offsets = unsafe { table.offsets.get_unchecked(list) };
        // SAFETY: needs a place of the list; it has no more blocks than places.
        let offset = *unsafe { offsets.get_unchecked(usize::from(left)) };
        // SAFETY: needs a pointer that is not null; the block lies in the storage.
        Some(unsafe { NonNull::new_unchecked(self.storage.wrapping_add(offset as usize)) })
    }

    /// Keeps a block, if there is room in its list; answers whether it did.
    ///
    /// # Safety
    /// - This value was begun, and `list` is below [`LISTS`].
    /// - The block lies in the storage, has the bytes and the alignment of the list, and is not used any more.
    #[inline(always)]
    pub(super) unsafe fn push(&mut self, list: usize, block: NonNull<u8>) -> bool {
        // SAFETY: needs a table that nobody else uses; `begin` got it, as the caller says.
        let table = unsafe { &mut *self.table };
        // SAFETY: needs a list that exists; the caller says so.
        let count = unsafe { table.counts.get_unchecked_mut(list) };
        let before = *count;
        if before >= self.most {
            return false;
        }
        *count = before + 1;
        // SAFETY: needs a list that exists; the caller says so.
        let offsets = unsafe { table.offsets.get_unchecked_mut(list) };
        // SAFETY: needs a place of the list; it has more places than blocks.
        let offset = unsafe { offsets.get_unchecked_mut(usize::from(before)) };
        *offset = (block.as_ptr().addr() - self.storage.addr()) as u32;
        true
    }

    /// A block of the next list in turn and its bytes, if there is one.
    ///
    /// # Safety
    /// - This value was begun.
    pub(super) unsafe fn pop_next(&mut self) -> Option<(NonNull<u8>, usize)> {
        let list = usize::from(self.turn);
        self.turn = if list + 1 < LISTS { self.turn + 1 } else { 0 };
        // SAFETY: needs a value that was begun and a list that exists; the caller says the first, and the turn is always one.
        unsafe { self.pop(list) }.map(|block| (block, list_bytes(list)))
    }

    /// Validates every list; answers how many bytes are kept.
    ///
    /// # Errors
    /// The bytes of a list's blocks, how many it may have, and how many were counted.
    pub(super) fn check(&self) -> Result<usize, (usize, usize, usize)> {
        if !self.has_table() {
            return Ok(0);
        }
        // SAFETY: needs a table that nobody writes to meanwhile; `begin` got it, and the value is borrowed.
        let table = unsafe { &*self.table };
        let mut bytes = 0;
        for (list, count) in table.counts.iter().enumerate() {
            let most = if list < LISTS { self.most } else { 0 };
            if *count > most {
                return Err((list_bytes(list), most.into(), (*count).into()));
            }
            bytes += usize::from(*count) * list_bytes(list);
        }
        Ok(bytes)
    }
}
