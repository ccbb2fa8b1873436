//! The validator of a region: from edge to edge, every free block against its list, and every list against the free blocks.

use super::Region;
use super::grain::{Bin, FIRST_HEAD, GRANULE_BYTES, HEAD_BYTES, ROW_BINS, ROWS};
use core::fmt;

/// What a walk over a region counted.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct RegionCensus {
    /// Bytes that are lent.
    pub lent_bytes: usize,
    /// Bytes that are free.
    pub free_bytes: usize,
    /// Free blocks.
    pub free_blocks: usize,
    /// Bytes of the largest free block.
    pub largest_free_bytes: usize,
}

/// A statement about a region that does not hold: its memory was overwritten, or a block was taken back wrongly.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct RegionError {
    /// What should hold.
    pub statement: &'static str,
    /// The offset in bytes from the first head, where it does not.
    pub offset: usize,
    /// The number that should be there.
    pub expected: usize,
    /// The number that is.
    pub found: usize,
}

impl fmt::Display for RegionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RegionError { statement, offset, expected, found } = self;
        write!(f, "{statement}: at offset {offset}: expected {expected}, found {found}")
    }
}

impl core::error::Error for RegionError {}

fn equal(statement: &'static str, offset: usize, expected: usize, found: usize) -> Result<(), RegionError> {
    if expected == found {
        return Ok(());
    }
    Err(RegionError { statement, offset, expected, found })
}

impl Region {
    /// Validates every free block, list and bit. Cost: all granules, and all bins.
    ///
    /// # Errors
    /// The first statement that does not hold.
    pub fn check(&self) -> Result<RegionCensus, RegionError> {
        let mut census = RegionCensus::default();
        if self.capacity == 0 {
            return Ok(census);
        }
        let (first, end) = (self.end - self.capacity, self.end);
        let (mut begin, mut is_free) = (first, false);
        for at in (first..end).step_by(GRANULE_BYTES) {
            // SAFETY: needs an offset with a bit; all from the first head to the end have one.
            if unsafe { self.edges.get(at) } {
                self.check_range(begin, at, is_free, &mut census)?;
                (begin, is_free) = (at, !is_free);
            }
        }
        self.check_range(begin, end, is_free, &mut census)?;
        // SAFETY: needs an offset with a bit, as above.
        let ends = unsafe { self.edges.get(end) };
        equal("behind the end counts as lent", end, usize::from(is_free), usize::from(ends))?;
        equal("free bytes are counted", first, census.free_bytes, self.free as usize)?;
        let listed = self.check_lists(first)?;
        equal("lists have every free block once", first, census.free_blocks, listed)?;
        Ok(census)
    }

    fn check_range(
        &self,
        at: usize,
        end: usize,
        is_free: bool,
        census: &mut RegionCensus,
    ) -> Result<(), RegionError> {
        let bytes = end - at;
        if !is_free {
            census.lent_bytes += bytes;
            return Ok(());
        }
        census.free_bytes += bytes;
        census.free_blocks += 1;
        census.largest_free_bytes = census.largest_free_bytes.max(bytes);
        // SAFETY: needs a granule of ours, which nobody writes to meanwhile; the region is borrowed.
        let size = unsafe { *self.base.bytes(at) } as usize;
        equal("a free block knows its size", at, bytes, size)?;
        // SAFETY: needs a granule of ours, as above.
        let size = unsafe { *self.base.bytes_before(end) } as usize;
        equal("a free block knows its size at its end", end, bytes, size)
    }

    /// Walks every list; answers how many blocks they have together. A list that runs in circles ends with an error.
    fn check_lists(&self, first: usize) -> Result<usize, RegionError> {
        let mut listed = 0;
        for head in (0..ROWS * ROW_BINS * HEAD_BYTES).step_by(HEAD_BYTES) {
            let bin = Bin::of_head(head);
            let is_marked = self.bins.is_marked(bin);
            equal("the row of a bin is marked if a bin of it is", head, 1, usize::from(is_marked.is_some()))?;
            let is_marked = is_marked == Some(true);
            if head < FIRST_HEAD || head > Bin::of(self.capacity).head {
                equal("a bin without a head is not marked", head, 0, usize::from(is_marked))?;
                continue;
            }
            // SAFETY: needs a head, which nobody writes to meanwhile; bins up to that of all bytes have one.
            let mut at = unsafe { (*self.base.links(head)).next } as usize;
            equal(
                "a bin is marked if it has a block",
                head,
                usize::from(at != head),
                usize::from(is_marked),
            )?;
            let mut before = head;
            while at != head {
                let is_inside = (first..self.end).contains(&at) && at.is_multiple_of(GRANULE_BYTES);
                equal("a listed block is in the region", at, 1, usize::from(is_inside))?;
                // SAFETY: needs an offset with a bit; it is in the region.
                let is_edge = unsafe { self.edges.get(at) };
                equal("a listed block is free", at, 1, usize::from(is_edge))?;
                // SAFETY: needs a granule of ours, which nobody writes to meanwhile; the region is borrowed.
                let size = unsafe { *self.base.bytes(at) } as usize;
                // SAFETY: needs a granule of ours, as above.
                let prev = unsafe { (*self.base.links(at)).prev } as usize;
                equal("a listed block has a size of its bin", at, head, Bin::of(size).head)?;
                equal("a listed block knows the one before it", at, before, prev)?;
                listed += 1;
                let is_possible = listed <= self.capacity / GRANULE_BYTES;
                equal("there are no more listed blocks than granules", at, 1, usize::from(is_possible))?;
                before = at;
                // SAFETY: needs a granule of ours, as above.
                at = unsafe { (*self.base.links(at)).next } as usize;
            }
            // SAFETY: needs a head, as above.
            let last = unsafe { (*self.base.links(head)).prev } as usize;
            equal("a head knows the last block of its list", head, before, last)?;
        }
        Ok(listed)
    }
}
