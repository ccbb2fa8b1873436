//! Blocks of the region that came back and are kept for the next request of just their size, a few of each size.
//!
//! For the region they are lent. A heap whose region refuses a request gives them all back first. How many are kept is chosen anew
//! whenever the region lends or takes back a block of such a size: as many as may be while the storage is roomy, later in proportion to
//! the blocks of such sizes that are in use.

use super::request::{KEPT_BYTES_MAX, Request};
use crate::region::GRANULE_BYTES;
use core::ptr::NonNull;

/// How many sizes there are, with that of no bytes.
pub(super) const SIZES: usize = KEPT_BYTES_MAX / GRANULE_BYTES + 1;

/// For each so many blocks that could be kept, one of each size may be.
const LENT_FOR_ONE: u32 = 512;

/// The kept blocks. All zero keeps none.
pub(super) struct Kept {
    /// The last block of each size that came back.
    heads: [Option<NonNull<Link>>; SIZES],
    counts: [u8; SIZES],
    /// How many of each size are kept now.
    limit: u8,
    /// How many of each size may be kept at most.
    most: u8,
    /// The size that gives up a block next, below [`SIZES`].
    turn: u8,
    /// Blocks of such sizes that the region lent, with those that are kept.
    lent: u32,
}

/// The first words of a kept block.
struct Link {
    next: Option<NonNull<Link>>,
}

impl Kept {
    /// None, and none will be.
    pub(super) const EMPTY: Self =
        Kept { heads: [None; SIZES], counts: [0; SIZES], limit: 0, most: 0, turn: 0, lent: 0 };

    /// From now on keeps up to that many blocks of each size.
    pub(super) fn begin(&mut self, most: u8) {
        (self.limit, self.most) = (most, most);
    }

    /// Counts a block of a size that can be kept, if the region lent one.
    #[inline(always)]
    pub(super) fn count_lent(&mut self, has_lent: bool) {
        self.lent += u32::from(has_lent);
    }

    /// Counts one that the region got back.
    #[inline(always)]
    pub(super) fn count_returned(&mut self) {
        self.lent -= 1;
    }

    /// Counts a block of the region that became larger or smaller, and may be of a size that can be kept only before or only since.
    pub(super) fn count_resized(&mut self, old: Request, new: Request) {
        let is_counted =
            |request| u32::from(matches!(request, Request::Middle(bytes) if bytes <= KEPT_BYTES_MAX));
        self.lent = self.lent + is_counted(new) - is_counted(old);
    }

    /// Chooses how many of each size are kept from now on. Those that are kept stay until they are asked for or
    /// [superfluous](Self::pop_superfluous).
    #[inline(always)]
    pub(super) fn choose_limit(&mut self, is_roomy: bool) {
        let in_proportion = self.lent / LENT_FOR_ONE;
        self.limit =
            if is_roomy || in_proportion > self.most.into() { self.most } else { in_proportion as u8 };
    }

    /// A kept block of that many granules, if there is one.
    ///
    /// # Safety
    /// - `granules` is below [`SIZES`].
    #[inline(always)]
    pub(super) unsafe fn pop(&mut self, granules: usize) -> Option<NonNull<u8>> {
        // SAFETY: needs a size that exists; the caller says so.
        let head = unsafe { self.heads.get_unchecked_mut(granules) };
        let block = (*head)?;
        // SAFETY: needs a kept block, which begins with its link.
        *head = unsafe { block.as_ref() }.next;
        // SAFETY: needs a size that exists; the caller says so.
        let count = unsafe { self.counts.get_unchecked_mut(granules) };
        *count = count.wrapping_sub(1);
        Some(block.cast())
    }

    /// If no more blocks are to be kept, one that still is and its granules: of the next size in turn, if there is one of it.
    pub(super) fn pop_superfluous(&mut self) -> Option<(usize, NonNull<u8>)> {
        if self.limit != 0 {
            return None;
        }
        let granules = usize::from(self.turn);
        self.turn = if granules + 1 < SIZES { self.turn + 1 } else { 0 };
        // SAFETY: needs a size that exists; the turn is always one.
        unsafe { self.pop(granules) }.map(|block| (granules, block))
    }

    /// Keeps a block of that many granules, if there is room for it; answers whether it did.
    ///
    /// # Safety
    /// - `granules` is below [`SIZES`], and the block has that many and is not used any more.
    #[inline(always)]
    pub(super) unsafe fn push(&mut self, granules: usize, block: NonNull<u8>) -> bool {
        // SAFETY: needs a size that exists; the caller says so.
        let count = unsafe { self.counts.get_unchecked_mut(granules) };
        if *count >= self.limit {
            return false;
        }
        *count = count.wrapping_add(1);
        // SAFETY: needs a size that exists; the caller says so.
        let head = unsafe { self.heads.get_unchecked_mut(granules) };
        let block: NonNull<Link> = block.cast();
        // SAFETY: needs a block that nobody uses, aligned for a pointer; it is free, and aligned to a granule.
        unsafe { block.write(Link { next: *head }) };
        *head = Some(block);
        true
    }

    /// Blocks that the region lent, of sizes that can be kept, with those that are kept.
    pub(super) fn lent(&self) -> usize {
        self.lent as usize
    }

    /// Validates every list; answers how many blocks are kept, and how many bytes.
    ///
    /// # Errors
    /// The size in granules of a list that has another length than was counted, its count, and its length.
    pub(super) fn check(&self) -> Result<(usize, usize), (usize, usize, usize)> {
        let (mut bytes, mut blocks) = (0, 0);
        for (granules, (head, count)) in self.heads.iter().zip(self.counts).enumerate() {
            let (mut block, mut length) = (*head, 0);
            while let Some(at) = block {
                length += 1;
                if length > usize::from(count) {
                    break;
                }
                // SAFETY: needs a kept block, which nobody writes to meanwhile.
                block = unsafe { at.as_ref() }.next;
            }
            if length != usize::from(count) {
                return Err((granules, count.into(), length));
            }
            bytes += length * granules * GRANULE_BYTES;
            blocks += length;
        }
        Ok((blocks, bytes))
    }
}
