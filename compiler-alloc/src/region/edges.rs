//! The edge map: one bit for each granule, set where lent memory meets free memory.

use super::grain::{EDGE_BITS, FIRST_HEAD, GRANULE_BYTES};
use core::ptr::NonNull;

/// The map; its words lie in the region's memory.
pub(super) struct Edges {
    /// The word of offset 0, which is not part of the map: so far before the first.
    words: *mut usize,
}

/// Words before the first: no offset is less than the first head's.
const UNUSED_WORDS: usize = FIRST_HEAD / GRANULE_BYTES / EDGE_BITS;

impl Edges {
    /// The map of a region without memory.
    pub(super) const NONE: Edges = Edges { words: core::ptr::null_mut() };

    /// A map without edges in `len` words.
    ///
    /// # Safety
    /// - The words are aligned, valid for reads and writes, and used by nobody else, as long as the map is used.
    /// - If `is_zeroed`, they are zero.
    pub(super) unsafe fn over(words: NonNull<usize>, len: usize, is_zeroed: bool) -> Self {
        if !is_zeroed {
            // SAFETY: needs that many words to write to; the caller says so.
            unsafe { words.write_bytes(0, len) };
        }
        Edges { words: words.as_ptr().wrapping_sub(UNUSED_WORDS) }
    }

    /// Whether the state changes at a granule, which is named by its offset.
    ///
    /// # Safety
    /// - The map has a bit for `at`.
    #[inline(always)]
    pub(super) unsafe fn get(&self, at: usize) -> bool {
        let granule = at / GRANULE_BYTES;
        let word = self.words.wrapping_add(granule / EDGE_BITS);
        // SAFETY: needs a word of the map; the caller's granule has one, and it was written when the map was made.
        let word = unsafe { *word };
        word >> (granule % EDGE_BITS) & 1 == 1
    }

    /// Makes an edge where none is, and none where one is.
    ///
    /// # Safety
    /// - The map has a bit for `at`.
    #[inline(always)]
    pub(super) unsafe fn flip(&mut self, at: usize) {
        let granule = at / GRANULE_BYTES;
        let word = self.words.wrapping_add(granule / EDGE_BITS);
        // SAFETY: needs a word of the map that nobody else uses; the caller's granule has one, and only this map uses it.
        unsafe { *word ^= 1 << (granule % EDGE_BITS) };
    }

    /// As [`flip`](Self::flip); answers whether there was an edge.
    ///
    /// # Safety
    /// - The map has a bit for `at`.
    #[inline(always)]
    pub(super) unsafe fn flip_and_tell(&mut self, at: usize) -> bool {
        let granule = at / GRANULE_BYTES;
        let word = self.words.wrapping_add(granule / EDGE_BITS);
        // SAFETY: needs a word of the map; the caller's granule has one, and it was written when the map was made.
        let before = unsafe { *word };
        // SAFETY: needs a word of the map that nobody else uses, as above; only this map does.
        unsafe { *word = before ^ 1 << (granule % EDGE_BITS) };
        before >> (granule % EDGE_BITS) & 1 == 1
    }
}
