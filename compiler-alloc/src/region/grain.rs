//! The arithmetic of a region: granules, bins, and how a piece of memory is divided. Integers in, integers out.
//!
//! A bin is a range of sizes. Up to 63 granules every size has a bin of its own; above, a doubling has 32 bins, so a free
//! block is at most a 32nd larger than the smallest one of its bin.

#![forbid(unsafe_code)]

/// Bytes of a granule: blocks begin at multiples of it and are made of it.
pub(crate) const GRANULE_BYTES: usize = 16;

/// Bits of one word of the table of bins, and therefore bins of one row.
pub(super) const ROW_BINS: usize = 64;

/// Bits of one word of the edge map.
pub(super) const EDGE_BITS: usize = usize::BITS as usize;

/// No region has more rows: larger numbers of granules would need more than 31 digits.
pub(super) const ROWS_MAX: usize = 13;

/// Binary digits of a size that choose its bin within a doubling.
const STEPS_LOG2: u32 = 5;

/// The largest number of granules that a region with this many rows of bins can have: every larger bin than the one of such
/// a request exists.
pub(super) const fn granules_max(rows: usize) -> usize {
    let doublings = 2 * rows as u32;
    (1 << (doublings + STEPS_LOG2 - 1)) - (1 << (doublings - 2))
}

/// How many granules a block of `bytes` bytes has, less one. No bytes give a number that no region reaches.
#[inline(always)]
pub(super) const fn granules_less_one(bytes: usize) -> usize {
    bytes.wrapping_sub(1) / GRANULE_BYTES
}

/// How many granules a block for `bytes` bytes has; no bytes count as one.
#[inline(always)]
pub(super) const fn granules_for(bytes: usize) -> usize {
    let bytes = if bytes == 0 { 1 } else { bytes };
    granules_less_one(bytes) + 1
}

/// The bin of free blocks with this many granules.
#[inline(always)]
pub(super) const fn bin_of(granules: u32) -> usize {
    let shift = (granules | 1 << STEPS_LOG2).ilog2() - STEPS_LOG2;
    ((shift as usize) << STEPS_LOG2) + (granules >> shift) as usize
}

/// The first bin whose every block has more granules than this.
#[inline(always)]
pub(super) const fn bin_above(granules_less_one: u32) -> usize {
    bin_of(granules_less_one) + 1
}

/// Where the parts of a region lie in its memory, as offsets from its beginning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Plan {
    /// The edge map: one bit for each granule, one before the first and one behind the last.
    pub(super) edges: usize,
    /// Words of the edge map.
    pub(super) edge_words: usize,
    /// Granule 0, which belongs to nobody; those that are lent begin behind it.
    pub(super) origin: usize,
    /// How many granules are lent.
    pub(super) granules: u32,
}

/// Divides `bytes` bytes at `address` among the parts of a region with this many rows; `None` if no granule is left.
///
/// What exceeds [`granules_max`] stays unused.
pub(super) const fn plan(address: usize, bytes: usize, rows: usize) -> Option<Plan> {
    let word_bytes = size_of::<usize>();
    let Some(edges_address) = address.checked_next_multiple_of(word_bytes) else { return None };
    // What alignment and rounding may take at most, and the granule of nobody.
    let spent = (word_bytes - 1) + 2 * word_bytes + (GRANULE_BYTES - 1) + GRANULE_BYTES;
    if bytes <= spent {
        return None;
    }
    // A word of the edge map and the granules that it describes.
    let group = word_bytes + EDGE_BITS * GRANULE_BYTES;
    let room = bytes - spent;
    let whole = room / group * EDGE_BITS;
    let rest = (room % group).saturating_sub(word_bytes) / GRANULE_BYTES;
    let granules = whole + rest;
    let granules = if granules > granules_max(rows) { granules_max(rows) } else { granules };
    if granules == 0 {
        return None;
    }
    let edge_words = (granules + 2).div_ceil(EDGE_BITS);
    let edges = edges_address - address;
    let Some(origin_address) =
        (edges_address + edge_words * word_bytes).checked_next_multiple_of(GRANULE_BYTES)
    else {
        return None;
    };
    Some(Plan { edges, edge_words, origin: origin_address - address, granules: granules as u32 })
}

const _: () = {
    // Sizes up to 63 granules have bins of their own, and the next bin begins with the next size.
    let mut granules = 1;
    while granules < 64 {
        assert!(bin_of(granules) == granules as usize && bin_above(granules - 1) == granules as usize);
        granules += 1;
    }
    // Bins do not overlap and leave nothing out, and what is above a request serves it.
    let mut granules = 1;
    while granules < 5000 {
        let (this, next) = (bin_of(granules), bin_of(granules + 1));
        assert!(next == this || next == this + 1);
        assert!(bin_above(granules) > this && bin_above(granules) <= next + 1);
        granules += 1;
    }
    // The largest region's bins fit the table.
    assert!(bin_above(granules_max(11) as u32 - 1) < 11 * ROW_BINS);
    // Numbers of granules leave the highest digit of 32 free.
    assert!(granules_max(ROWS_MAX) < 1 << 31);
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_of_a_plan_leaves_the_memory_or_meets_another() {
        for bytes in (0..6000).chain([65_536, 1 << 20, (1 << 24) + 3]) {
            for address in [4096, 4097, 4104, 4111] {
                let Some(plan) = plan(address, bytes, 11) else {
                    assert!(bytes < 128, "{bytes} bytes are enough for a granule");
                    continue;
                };
                let granules = plan.granules as usize;
                assert!((address + plan.edges).is_multiple_of(size_of::<usize>()));
                assert!((address + plan.origin).is_multiple_of(GRANULE_BYTES));
                assert!(plan.edge_words * EDGE_BITS >= granules + 2);
                assert!(plan.edges + plan.edge_words * size_of::<usize>() <= plan.origin);
                let end = plan.origin + (granules + 1) * GRANULE_BYTES;
                assert!(end <= bytes, "{bytes} bytes at {address}: {plan:?}");
                assert!(bytes - end < 160, "{bytes} bytes at {address} leave {} unused", bytes - end);
            }
        }
    }

    #[test]
    fn a_block_of_the_bin_above_serves_the_request_and_is_hardly_larger() {
        for granules in (1..70_000).step_by(7) {
            let above = bin_above(granules - 1);
            let smallest = (granules..).find(|size| bin_of(*size) == above).unwrap();
            assert!(smallest - granules <= granules / 32, "{granules} granules: {smallest}");
        }
    }
}
