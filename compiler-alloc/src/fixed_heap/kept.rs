//! Blocks of the region that came back and are kept for the next request of just their size, a few of each size.
//!
//! For the region they are lent. A heap whose region refuses a request gives them all back first.

use super::request::KEPT_BYTES_MAX;
use crate::region::GRANULE_BYTES;
use core::ptr::NonNull;

/// How many sizes there are, with that of no bytes.
pub(super) const SIZES: usize = KEPT_BYTES_MAX / GRANULE_BYTES + 1;

/// The kept blocks. All zero keeps none.
pub(super) struct Kept {
    /// The last block of each size that came back.
    heads: [Option<NonNull<Link>>; SIZES],
    counts: [u8; SIZES],
    /// How many of each size are kept.
    limit: u8,
}

/// The first words of a kept block.
struct Link {
    next: Option<NonNull<Link>>,
}

impl Kept {
    /// None, and none will be.
    pub(super) const EMPTY: Self = Kept { heads: [None; SIZES], counts: [0; SIZES], limit: 0 };

    /// From now on keeps up to that many blocks of each size.
    pub(super) fn begin(&mut self, limit: u8) {
        self.limit = limit;
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

    /// Validates every list; answers how many bytes are kept.
    ///
    /// # Errors
    /// The size in granules of a list that has another length than was counted, its count, and its length.
    pub(super) fn check(&self) -> Result<usize, (usize, usize, usize)> {
        let mut bytes = 0;
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
        }
        Ok(bytes)
    }
}
