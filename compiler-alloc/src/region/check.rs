//! The validator of a region: from edge to edge, every free block against its list, and every list against the free blocks.

use super::grain::{GRANULE_BYTES, ROW_BINS, bin_of};
use super::{FIRST, NOBODY, Region};
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
    /// The granule where it does not, counted from 1.
    pub granule: usize,
    /// The number that should be there.
    pub expected: usize,
    /// The number that is.
    pub found: usize,
}

impl fmt::Display for RegionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RegionError { statement, granule, expected, found } = self;
        write!(f, "{statement}: at granule {granule}: expected {expected}, found {found}")
    }
}

impl core::error::Error for RegionError {}

fn equal(statement: &'static str, granule: u32, expected: u32, found: u32) -> Result<(), RegionError> {
    if expected == found {
        return Ok(());
    }
    let (granule, expected, found) = (granule as usize, expected as usize, found as usize);
    Err(RegionError { statement, granule, expected, found })
}

impl<const ROWS: usize> Region<ROWS> {
    /// Validates every free block, list and bit. Cost: all granules.
    ///
    /// # Errors
    /// The first statement that does not hold.
    pub fn check(&self) -> Result<RegionCensus, RegionError> {
        let mut census = RegionCensus::default();
        let (mut begin, mut is_free) = (1, false);
        for at in 1..=self.granules {
            // SAFETY: needs a granule of ours.
            if unsafe { self.edges.get(at) } {
                self.check_range(begin, at, is_free, &mut census)?;
                (begin, is_free) = (at, !is_free);
            }
        }
        self.check_range(begin, self.granules + 1, is_free, &mut census)?;
        if self.granules != 0 {
            // SAFETY: needs a granule of ours or one behind.
            let ends = unsafe { self.edges.get(self.granules + 1) };
            equal("behind the end counts as lent", self.granules, u32::from(is_free), u32::from(ends))?;
        }
        equal("free granules are counted", 0, (census.free_bytes / GRANULE_BYTES) as u32, self.free)?;
        let listed = self.check_lists()?;
        equal("lists have every free block once", 0, census.free_blocks as u32, listed)?;
        Ok(census)
    }

    fn check_range(
        &self,
        at: u32,
        end: u32,
        is_free: bool,
        census: &mut RegionCensus,
    ) -> Result<(), RegionError> {
        let granules = end - at;
        let bytes = granules as usize * GRANULE_BYTES;
        if !is_free {
            census.lent_bytes += bytes;
            return Ok(());
        }
        census.free_bytes += bytes;
        census.free_blocks += 1;
        census.largest_free_bytes = census.largest_free_bytes.max(bytes);
        // SAFETY: needs a granule of ours, which nobody writes to meanwhile; the region is borrowed.
        let size = unsafe { (*self.origin.block(at)).granules };
        equal("a free block knows its size", at, granules, size)?;
        // SAFETY: needs a granule of ours, as above.
        let size = unsafe { (*self.origin.block(end - 1)).granules_at_end };
        equal("a free block knows its size at its end", end - 1, granules, size)
    }

    /// Walks every list; answers how many blocks they have together. A list that runs in circles ends with an error.
    fn check_lists(&self) -> Result<u32, RegionError> {
        let mut listed = 0;
        for bin in 0..ROWS * ROW_BINS {
            // SAFETY: needs a bin that exists.
            let mut at = unsafe { self.bins.head(bin) };
            let is_marked = self.bins.is_marked(bin);
            equal("the row of a bin is marked if a bin of it is", at, 1, u32::from(is_marked.is_some()))?;
            let marked = u32::from(is_marked == Some(true));
            equal("a bin is marked if it has a block", at, u32::from(at != NOBODY), marked)?;
            let mut prev = FIRST | bin as u32;
            while at != NOBODY {
                equal("a listed block is in the region", at, 1, u32::from(at <= self.granules))?;
                // SAFETY: needs a granule of ours, or one behind.
                let is_edge = unsafe { self.edges.get(at) };
                equal("a listed block is free", at, 1, u32::from(is_edge))?;
                // SAFETY: needs a granule of ours, which nobody writes to meanwhile; the region is borrowed.
                let size = unsafe { (*self.origin.block(at)).granules };
                // SAFETY: needs a granule of ours, as above.
                let before = unsafe { (*self.origin.block(at)).prev };
                equal("a listed block has a size of its bin", at, bin as u32, bin_of(size) as u32)?;
                equal("a listed block knows the one before it", at, prev, before)?;
                listed += 1;
                equal(
                    "there are no more listed blocks than granules",
                    at,
                    1,
                    u32::from(listed <= self.granules),
                )?;
                prev = at;
                // SAFETY: needs a granule of ours, as above.
                at = unsafe { (*self.origin.block(at)).next };
            }
        }
        Ok(listed)
    }
}
