//! The arithmetic of a region: granules, bins, and how a piece of memory is divided. Integers in, integers out.
//!
//! A bin is a range of sizes. To each size 1008 bytes are added, and of the sum the highest digit is the bin's *row*, the next six its
//! *step*. So sizes up to 1 KiB have a bin each, and above a bin is 32 bytes wide from 1040 on, 64 from 3088 on, and so forth: free
//! blocks of a bin differ by at most a 32nd.

#![forbid(unsafe_code)]

/// Bytes of a granule: blocks begin at multiples of it and are made of it.
pub(crate) const GRANULE_BYTES: usize = 16;

/// Bits of one word of the edge map.
pub(super) const EDGE_BITS: usize = usize::BITS as usize;

/// Bytes of the head of a list.
pub(super) const HEAD_BYTES: usize = 8;

/// Binary digits of a size that choose its bin within a row.
const STEPS_LOG2: u32 = 6;

/// Bins of a row, and therefore bits of one word of the table of bins.
pub(super) const ROW_BINS: usize = 1 << STEPS_LOG2;

/// Added to sizes, so that the smallest one is the first of a row in which every size has a bin.
const BIAS: usize = GRANULE_BYTES * (ROW_BINS - 1);

/// The first row with a bin; those below are never used.
const FIRST_ROW: usize = (BIAS + GRANULE_BYTES).ilog2() as usize;

/// Rows, with those that are never used.
pub(super) const ROWS: usize = 64;

/// Bytes of the heads of a row.
const ROW_BYTES: u32 = (ROW_BINS * HEAD_BYTES) as u32;

/// The offset of the first head.
pub(super) const FIRST_HEAD: usize = FIRST_ROW * ROW_BINS * HEAD_BYTES;

/// The most bytes that a region lends: offsets, and the sum of a size and what is added to it, have 32 digits.
pub const REGION_BYTES_MAX: usize = (1 << (u32::BITS - 1)) / 32 * 63;

/// How many bytes a block for `bytes` bytes has; no bytes count as one.
#[inline(always)]
pub(super) const fn block_bytes(bytes: usize) -> usize {
    block_bytes_of_some(if bytes == 0 { 1 } else { bytes })
}

/// How many bytes a block for `bytes` bytes has. No bytes give none.
#[inline(always)]
pub(super) const fn block_bytes_of_some(bytes: usize) -> usize {
    bytes.wrapping_add(GRANULE_BYTES - 1) & !(GRANULE_BYTES - 1)
}

/// A range of sizes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Bin {
    /// The highest digit of the sums.
    pub(super) row: usize,
    /// The digits behind it. Only the six lowest count.
    pub(super) step: usize,
    /// The offset of the head of its list.
    pub(super) head: usize,
}

impl Bin {
    /// That of free blocks with this many bytes.
    #[inline(always)]
    pub(super) const fn of(bytes: usize) -> Bin {
        let sum = bytes as u64 + BIAS as u64;
        // The logarithm, without the path that panics: the sum is never 0.
        let row = sum.leading_zeros() ^ (u64::BITS - 1);
        let step = (sum << STEPS_LOG2 >> row) as u32;
        // In 32 digits, so that it is computed once, and not again by each address that begins with it.
        let head = (row * ROW_BYTES).wrapping_add(step * HEAD_BYTES as u32).wrapping_sub(ROW_BYTES);
        Bin { row: row as usize, step: step as usize, head: head as usize }
    }

    /// The bin whose list has this head.
    #[inline(always)]
    pub(super) const fn of_head(head: usize) -> Bin {
        Bin { row: head / ROW_BYTES as usize, step: head / HEAD_BYTES % ROW_BINS, head }
    }

    /// That with these digits.
    #[inline(always)]
    pub(super) const fn at(row: u32, step: u32) -> Bin {
        let head = row * ROW_BYTES + step * HEAD_BYTES as u32;
        Bin { row: row as usize, step: step as usize, head: head as usize }
    }
}

/// Bytes of the heads of lists in a region of so many bytes, or of fewer.
pub(crate) const fn heads_bytes(bytes: usize) -> usize {
    let last = if bytes < GRANULE_BYTES {
        GRANULE_BYTES
    } else if bytes > REGION_BYTES_MAX {
        REGION_BYTES_MAX
    } else {
        bytes
    };
    block_bytes(Bin::of(last).head + HEAD_BYTES - FIRST_HEAD)
}

/// Where the parts of a region lie in its memory, as offsets from its beginning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Plan {
    /// The edge map: one bit for each granule from the first head on, and one behind the last.
    pub(super) edges: usize,
    /// Words of the edge map.
    pub(super) edge_words: usize,
    /// The heads of the lists; the first has the offset [`FIRST_HEAD`].
    pub(super) heads: usize,
    /// The offset of the last head.
    pub(super) last_head: usize,
    /// The offset of the first granule that is lent.
    pub(super) begin: usize,
    /// The offset behind the last one.
    pub(super) end: usize,
}

/// Divides `bytes` bytes at `address` among the parts of a region; `None` if no granule is left.
///
/// What exceeds [`REGION_BYTES_MAX`] stays unused.
pub(super) const fn plan(address: usize, bytes: usize) -> Option<Plan> {
    let word_bytes = size_of::<usize>();
    let Some(edges_address) = address.checked_next_multiple_of(word_bytes) else { return None };
    // What alignment may take at most, and the words of the rest and of the bit behind it.
    let spent = (word_bytes - 1) + 2 * word_bytes + (GRANULE_BYTES - 1);
    if bytes <= spent {
        return None;
    }
    // A word of the edge map and the granules that it describes.
    let group = word_bytes + EDGE_BITS * GRANULE_BYTES;
    let room = bytes - spent;
    let whole = room / group * EDGE_BITS;
    let rest = (room % group).saturating_sub(word_bytes) / GRANULE_BYTES;
    // Heads for every size that may come to be, and behind them what is lent.
    let granules = whole + rest;
    let most = REGION_BYTES_MAX / GRANULE_BYTES;
    let rest_bytes = if granules > most { most } else { granules } * GRANULE_BYTES;
    let heads_bytes = heads_bytes(rest_bytes);
    if rest_bytes <= heads_bytes {
        return None;
    }
    let edge_words = (rest_bytes / GRANULE_BYTES + 1).div_ceil(EDGE_BITS);
    let Some(heads_address) =
        (edges_address + edge_words * word_bytes).checked_next_multiple_of(GRANULE_BYTES)
    else {
        return None;
    };
    Some(Plan {
        edges: edges_address - address,
        edge_words,
        heads: heads_address - address,
        last_head: Bin::of(rest_bytes).head,
        begin: FIRST_HEAD + heads_bytes,
        end: FIRST_HEAD + rest_bytes,
    })
}

const _: () = {
    // Sizes up to 64 granules have bins of their own, from the first head on.
    let mut granules = 1;
    while granules <= 64 {
        assert!(Bin::of(16 * granules).head == FIRST_HEAD + HEAD_BYTES * (granules - 1));
        granules += 1;
    }
    // Bins do not overlap and leave nothing out.
    let mut granules = 1;
    while granules < 5000 {
        let (this, next) = (Bin::of(16 * granules), Bin::of(16 * (granules + 1)));
        assert!(next.head == this.head || next.head == this.head + HEAD_BYTES);
        assert!(
            Bin::of_head(this.head).row == this.row && Bin::of_head(this.head).step == this.step % ROW_BINS
        );
        granules += 1;
    }
    // Granules and heads do not meet, and sums and offsets have 32 digits.
    assert!(FIRST_HEAD.is_multiple_of(GRANULE_BYTES * EDGE_BITS) && Bin::of(REGION_BYTES_MAX).row < 32);
    assert!((FIRST_HEAD + heads_bytes(REGION_BYTES_MAX)) as u64 + (REGION_BYTES_MAX as u64) < 1 << 32);
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_of_a_plan_leaves_the_memory_or_meets_another() {
        for bytes in (0..6000).chain([65_536, 1 << 20, (1 << 24) + 3]) {
            for address in [4096, 4097, 4104, 4111] {
                let Some(plan) = plan(address, bytes) else {
                    assert!(bytes < 112, "{bytes} bytes are enough for a granule");
                    continue;
                };
                assert!((address + plan.edges).is_multiple_of(size_of::<usize>()));
                assert!((address + plan.heads).is_multiple_of(GRANULE_BYTES));
                assert!(plan.edge_words * EDGE_BITS > (plan.end - FIRST_HEAD) / GRANULE_BYTES);
                assert!(plan.edges + plan.edge_words * size_of::<usize>() <= plan.heads);
                assert!(plan.last_head + HEAD_BYTES <= plan.begin && plan.begin < plan.end);
                assert!(plan.begin.is_multiple_of(16) && plan.end.is_multiple_of(16));
                assert!(Bin::of(plan.end - plan.begin).head <= plan.last_head);
                let end = plan.heads + plan.end - FIRST_HEAD;
                assert!(end <= bytes, "{bytes} bytes at {address}: {plan:?}");
                assert!(bytes - end < 112, "{bytes} bytes at {address} leave {} unused", bytes - end);
            }
        }
    }

    #[test]
    fn a_block_of_the_next_bin_serves_the_request_and_is_hardly_larger() {
        for granules in (1..70_000).step_by(7) {
            let below = Bin::of(16 * granules - 1).head;
            let smallest = (granules..).find(|size| Bin::of(16 * size).head > below).unwrap();
            assert!(smallest - granules <= granules / 32, "{granules} granules: {smallest}");
        }
    }
}
