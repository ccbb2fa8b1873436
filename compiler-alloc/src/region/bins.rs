//! Which bins have a block: a bit for each bin, and a bit for each row of bins that has one.
//!
//! The row bits are handed on by value while an operation changes several bins, so that they stay in a register; the operation
//! that took them by [`rows`](Bins::rows) puts them back by [`set_rows`](Bins::set_rows).

use super::grain::{Bin, ROW_BINS, ROWS};
use core::num::NonZeroU64;

/// One bit for each row with a bin that has a block.
#[derive(Clone, Copy)]
pub(super) struct Rows(u64);

/// The bits. All zero is the table of a region without free blocks.
#[repr(C)]
pub(super) struct Bins {
    rows: Rows,
    /// One bit for each bin with a block.
    bits: [u64; ROWS],
}

impl Bins {
    /// Bins for all sizes, none with a block.
    pub(super) const EMPTY: Self = Bins { rows: Rows(0), bits: [0; ROWS] };

    /// The row bits, for one operation.
    #[inline(always)]
    pub(super) fn rows(&self) -> Rows {
        self.rows
    }

    /// Puts the row bits back.
    #[inline(always)]
    pub(super) fn set_rows(&mut self, rows: Rows) {
        self.rows = rows;
    }

    /// The first bin with a block behind `bin`. Two words are looked at, never more.
    ///
    /// # Safety
    /// - The bin's row is below `ROWS`.
    #[inline(always)]
    pub(super) unsafe fn find_behind(&self, rows: Rows, Bin { row, step, .. }: Bin) -> Option<Bin> {
        // SAFETY: needs a row that exists; the caller's bin has one.
        let bits = *unsafe { self.bits.get_unchecked(row) };
        if let Some(here) = NonZeroU64::new(bits & !1 << (step % ROW_BINS)) {
            return Some(Bin::at(row as u32, here.trailing_zeros()));
        }
        let behind = NonZeroU64::new(rows.0 & !1 << row)?;
        let row = behind.trailing_zeros();
        // SAFETY: needs a row that exists; only rows that do are ever set in `rows`.
        let bits = *unsafe { self.bits.get_unchecked(row as usize) };
        // SAFETY: needs a word that is not zero; a row that is set in `rows` has a bin with a block.
        let bits = unsafe { NonZeroU64::new_unchecked(bits) };
        Some(Bin::at(row, bits.trailing_zeros()))
    }

    /// Notes that a bin has a block.
    ///
    /// # Safety
    /// - The bin's row is below `ROWS`.
    #[inline(always)]
    pub(super) unsafe fn mark(&mut self, rows: &mut Rows, Bin { row, step, .. }: Bin) {
        // SAFETY: needs a row that exists; the caller's bin has one.
        let bits = unsafe { self.bits.get_unchecked_mut(row) };
        *bits |= 1 << (step % ROW_BINS);
        rows.0 |= 1 << row;
    }

    /// Notes that a bin has no block any more.
    ///
    /// # Safety
    /// - The bin's row is below `ROWS`.
    #[inline(always)]
    pub(super) unsafe fn unmark(&mut self, rows: &mut Rows, Bin { row, step, .. }: Bin) {
        // SAFETY: needs a row that exists; the caller's bin has one.
        let bits = unsafe { self.bits.get_unchecked_mut(row) };
        *bits &= !(1 << (step % ROW_BINS));
        if *bits == 0 {
            rows.0 &= !(1 << row);
        }
    }

    /// Whether the bits say that a bin has a block, or `None` if its row's bit says otherwise than the row.
    pub(super) fn is_marked(&self, Bin { row, step, .. }: Bin) -> Option<bool> {
        let bits = self.bits.get(row)?;
        let row_is_marked = self.rows.0 >> row & 1 == 1;
        (row_is_marked == (*bits != 0)).then_some(bits >> (step % ROW_BINS) & 1 == 1)
    }
}
