//! The validator of a fixed heap, and what it counts.

use super::FixedHeap;
use super::request::PAGE_BYTES;
use crate::region::RegionError;
use core::fmt;

/// What a walk over a fixed heap counted.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub struct FixedCensus {
    /// Bytes of the blocks in use, as the heap rounds them: to 8 in slab pages; elsewhere to 16 or the alignment, above 2 KiB to a 32nd.
    pub live_bytes: usize,
    /// Bytes that nothing uses.
    pub free_bytes: usize,
    /// Bytes of blocks kept for a request of just their size and alignment.
    pub kept_bytes: usize,
    /// Pages of 4 KiB that are cut into small blocks.
    pub slab_pages: usize,
    /// Bytes of the largest free block of the region.
    pub largest_free_bytes: usize,
}

/// A statement about a fixed heap that does not hold: its storage was overwritten, or a block came back wrongly.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum FixedError {
    /// The region is not sound.
    Region(RegionError),
    /// A slab page is not sound.
    Slabs {
        /// What should hold.
        statement: &'static str,
        /// The number of the page, from the beginning of the storage.
        page: usize,
        /// The number that should be there.
        expected: usize,
        /// The number that is.
        found: usize,
    },
    /// More blocks of a size are counted as kept than may be.
    Kept {
        /// Bytes of each.
        bytes: usize,
        /// How many may be kept.
        expected: usize,
        /// How many are counted.
        found: usize,
    },
}

impl fmt::Display for FixedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FixedError::Region(error) => error.fmt(f),
            FixedError::Slabs { statement, page, expected, found } => {
                write!(f, "{statement}: page {page}: expected {expected}, found {found}")
            }
            FixedError::Kept { bytes, expected, found } => {
                write!(f, "kept blocks of {bytes} bytes: expected at most {expected}, found {found}")
            }
        }
    }
}

impl core::error::Error for FixedError {}

impl FixedHeap {
    /// Validates the region, every slab page and every list, and counts. Cost: all of the storage's records and free blocks.
    ///
    /// # Errors
    /// The first statement that does not hold.
    pub fn check(&self) -> Result<FixedCensus, FixedError> {
        let region = self.region.check().map_err(FixedError::Region)?;
        let slabs = self.slabs.check().map_err(|(statement, page, expected, found)| FixedError::Slabs {
            statement,
            page,
            expected,
            found,
        })?;
        let kept_bytes = self.kept.check().map_err(|(bytes, expected, found)| FixedError::Kept {
            bytes,
            expected,
            found,
        })?;
        let not_blocks = slabs.pages * PAGE_BYTES + self.tables_bytes + kept_bytes;
        let live_bytes = slabs.live_bytes + region.lent_bytes.saturating_sub(not_blocks);
        if live_bytes == 0
            && let Some(found) = self.slabs.any_outside()
        {
            let statement = "without blocks in use none is counted outside of slab pages";
            return Err(FixedError::Slabs { statement, page: 0, expected: 0, found });
        }
        Ok(FixedCensus {
            live_bytes,
            free_bytes: region.free_bytes,
            kept_bytes,
            slab_pages: slabs.pages,
            largest_free_bytes: region.largest_free_bytes,
        })
    }
}
