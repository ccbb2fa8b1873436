//! Free blocks by size: a list for each bin, a bit for each bin with a block, a bit for each row with such a bin.

use super::grain::{ROW_BINS, ROWS_MAX};
use core::num::{NonZeroU32, NonZeroU64};

/// Number of the granule that nobody has: the end of a list.
pub(super) const NOBODY: u32 = 0;

/// What is above the blocks themselves: the first block of each bin, and the bits that find a bin with blocks.
///
/// All zero is the table of a region without free blocks.
pub(super) struct Bins<const ROWS: usize> {
    /// One bit for each row with a block.
    rows: u32,
    /// One bit for each bin with a block.
    bits: [u64; ROWS],
    /// The first block of each bin, or [`NOBODY`].
    heads: [[u32; ROW_BINS]; ROWS],
}

impl<const ROWS: usize> Bins<ROWS> {
    /// Bins for all sizes, none with a block.
    pub(super) const EMPTY: Self = {
        assert!(ROWS >= 2 && ROWS <= ROWS_MAX, "a region has 2 to 13 rows of bins");
        Bins { rows: 0, bits: [0; ROWS], heads: [[NOBODY; ROW_BINS]; ROWS] }
    };

    /// The first bin with a block, from `bin` on. Two words are looked at, never more.
    ///
    /// # Safety
    /// - `bin` is below `ROWS * ROW_BINS`.
    #[inline(always)]
    pub(super) unsafe fn find(&self, bin: usize) -> Option<usize> {
        let row = bin / ROW_BINS;
        // SAFETY: needs a row that exists; the caller's bin has one.
        let bits = unsafe { self.bits.get_unchecked(row) };
        if let Some(here) = NonZeroU64::new(bits >> (bin % ROW_BINS)) {
            return Some(bin + here.trailing_zeros() as usize);
        }
        let above = NonZeroU32::new(self.rows & (!1 << row))?;
        let row = above.trailing_zeros() as usize;
        // SAFETY: needs a row that exists; only rows that do are ever set in `rows`.
        let bits = *unsafe { self.bits.get_unchecked(row) };
        // SAFETY: needs a word that is not zero; a row that is set in `rows` has a bin with a block.
        let bits = unsafe { NonZeroU64::new_unchecked(bits) };
        Some(row * ROW_BINS + bits.trailing_zeros() as usize)
    }

    /// The first block of a bin, or [`NOBODY`].
    ///
    /// # Safety
    /// - `bin` is below `ROWS * ROW_BINS`.
    #[inline(always)]
    pub(super) unsafe fn head(&self, bin: usize) -> u32 {
        // SAFETY: needs a bin that exists; the caller says so. The rows lie one behind the other.
        unsafe { *self.heads.as_flattened().get_unchecked(bin) }
    }

    /// Makes `block` the first of a bin that has at least one now, and answers which was the first.
    ///
    /// # Safety
    /// - `bin` is below `ROWS * ROW_BINS`.
    #[inline(always)]
    pub(super) unsafe fn push(&mut self, bin: usize, block: u32) -> u32 {
        // SAFETY: needs a bin that exists; the caller says so.
        let head = unsafe { self.heads.as_flattened_mut().get_unchecked_mut(bin) };
        let before = core::mem::replace(head, block);
        let row = bin / ROW_BINS;
        // SAFETY: needs a row that exists; the caller's bin has one.
        let bits = unsafe { self.bits.get_unchecked_mut(row) };
        *bits |= 1 << (bin % ROW_BINS);
        self.rows |= 1 << row;
        before
    }

    /// Makes `block` the first of a bin whose first block leaves; [`NOBODY`] if there is no other.
    ///
    /// # Safety
    /// - `bin` is below `ROWS * ROW_BINS`, and has a block.
    #[inline(always)]
    pub(super) unsafe fn pop(&mut self, bin: usize, block: u32) {
        // SAFETY: needs a bin that exists; the caller says so.
        let head = unsafe { self.heads.as_flattened_mut().get_unchecked_mut(bin) };
        *head = block;
        if block == NOBODY {
            let row = bin / ROW_BINS;
            // SAFETY: needs a row that exists; the caller's bin has one.
            let bits = unsafe { self.bits.get_unchecked_mut(row) };
            *bits &= !(1 << (bin % ROW_BINS));
            if *bits == 0 {
                self.rows &= !(1 << row);
            }
        }
    }

    /// Whether the bits say that a bin has a block, or `None` if its row's bit says otherwise than the row.
    pub(super) fn is_marked(&self, bin: usize) -> Option<bool> {
        let bits = self.bits.get(bin / ROW_BINS)?;
        let row_is_marked = self.rows >> (bin / ROW_BINS) & 1 == 1;
        (row_is_marked == (*bits != 0)).then_some(bits >> (bin % ROW_BINS) & 1 == 1)
    }
}
