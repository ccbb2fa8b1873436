//! Which list of blocks serves a layout: arithmetic and one table, no loop over data and no unsafe code.
//!
//! Sizes are cut into buckets: 8 bytes apart up to 256, then 32 a doubling, so a bucket is at most 3.2 % wider than its smallest
//! size. A quota's block size is its bucket's upper end rounded up to the alignment. Quotas are sorted by block size; a table says
//! for each bucket which quota is the first that is large enough, a word of bits for each alignment which quotas have it, and the
//! lowest bit of both is the answer.
#![forbid(unsafe_code)]

use core::alloc::Layout;

/// The most quotas of different block size or alignment that one heap has.
pub const QUOTAS_MAX: usize = 64;

/// The largest alignment of a block: blocks begin at such multiples of a unit, and a page is what systems agree on.
pub const ALIGN_MAX: usize = 4096;

/// The largest block of a quota.
pub const QUOTA_BLOCK_BYTES_MAX: usize = 1 << 32;

/// The base-two logarithm of the largest size in the first, linear buckets.
const LINEAR_SHIFT: u32 = 8;
/// The logarithm of the number of buckets in a doubling.
const STEPS_SHIFT: u32 = 5;
/// The logarithm of the bytes of a linear bucket.
const GRAIN_SHIFT: u32 = LINEAR_SHIFT - STEPS_SHIFT;

/// Blocks are aligned to the largest power of two in their size, up to this.
const NATURAL_ALIGN_MAX: usize = 64;

const BUCKETS: usize = bucket_of(QUOTA_BLOCK_BYTES_MAX) + 1;
const ALIGNS: usize = ALIGN_MAX.trailing_zeros() as usize + 1;

/// In the table: no quota is large enough.
const NONE: u8 = QUOTAS_MAX as u8;

/// The bucket that `bytes` falls into. No bytes count as one.
#[inline(always)]
const fn bucket_of(bytes: usize) -> usize {
    let below = bytes.saturating_sub(1);
    let shift = (below | 1 << LINEAR_SHIFT).ilog2() - STEPS_SHIFT;
    (((shift - GRAIN_SHIFT) as usize) << STEPS_SHIFT) + (below >> shift) + 1
}

/// The largest size in a bucket.
const fn bucket_end(bucket: usize) -> usize {
    let (steps, linear) = (1 << STEPS_SHIFT, 1 << STEPS_SHIFT);
    if bucket <= linear {
        return bucket << GRAIN_SHIFT;
    }
    let doubling = (bucket - 1 - linear) / steps;
    let step = (bucket - 1 - linear) % steps + steps;
    (step + 1) << (doubling + GRAIN_SHIFT as usize)
}

const _: () = {
    assert!(QUOTAS_MAX == u64::BITS as usize);
    let mut bucket = 1;
    while bucket < BUCKETS {
        let end = bucket_end(bucket);
        assert!(bucket_of(end) == bucket && bucket_of(end + 1) == bucket + 1);
        // The smallest size in the bucket, and how much larger its blocks are.
        let first = bucket_end(bucket - 1) + 1;
        assert!((end - first) * 32 <= end || bucket <= 1 << STEPS_SHIFT);
        bucket += 1;
    }
};

/// So many blocks of one size and alignment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quota {
    /// Bytes of a block, a multiple of its alignment.
    pub block_bytes: usize,
    /// What every block is aligned to.
    pub block_align: usize,
    /// How many blocks.
    pub blocks: usize,
}

impl Quota {
    /// A quota of no blocks.
    const EMPTY: Quota = Quota { block_bytes: 0, block_align: 1, blocks: 0 };

    /// The quota of `blocks` blocks for `layout`; `None` if the layout is larger or more aligned than any quota.
    const fn of(layout: Layout, blocks: usize) -> Option<Quota> {
        if layout.align() > ALIGN_MAX || layout.size() > QUOTA_BLOCK_BYTES_MAX - ALIGN_MAX {
            return None;
        }
        // A free block holds a link, so it is aligned to a word.
        let align = if layout.align() < 8 { 8 } else { layout.align() };
        let block_bytes = bucket_end(bucket_of(layout.size())).next_multiple_of(align);
        let natural = 1 << block_bytes.trailing_zeros();
        let natural = if natural > NATURAL_ALIGN_MAX { NATURAL_ALIGN_MAX } else { natural };
        Some(Quota { block_bytes, block_align: if align < natural { natural } else { align }, blocks })
    }

    /// Bytes of all blocks; `None` if no address space holds them.
    pub const fn bytes(&self) -> Option<usize> {
        self.block_bytes.checked_mul(self.blocks)
    }
}

/// The quotas that a heap declares, in order of their block size, before the table is made.
#[derive(Clone, Copy, Debug)]
pub struct Mix {
    quotas: [Quota; QUOTAS_MAX],
    len: usize,
}

/// Why a quota cannot be declared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum MixError {
    /// The layout is larger, or more aligned, than any quota, or there are more blocks than can be counted.
    TooLarge,
    /// There are 64 quotas already.
    TooMany,
}

impl Mix {
    /// No quotas.
    pub(super) const fn new() -> Self {
        Mix { quotas: [Quota::EMPTY; QUOTAS_MAX], len: 0 }
    }

    /// The quotas, smallest blocks first.
    pub fn quotas(&self) -> &[Quota] {
        self.quotas.get(..self.len).unwrap_or(&[])
    }

    /// Adds `blocks` blocks for `layout`; quotas of the same block size and alignment become one.
    ///
    /// # Errors
    /// [`MixError`]; nothing was changed then.
    pub(super) fn add(&mut self, layout: Layout, blocks: usize) -> Result<(), MixError> {
        let added = Quota::of(layout, blocks).ok_or(MixError::TooLarge)?;
        let key = |quota: &Quota| (quota.block_bytes, quota.block_align);
        let place = self.quotas().partition_point(|quota| key(quota) < key(&added));
        if let Some(same) = self.quotas.get_mut(..self.len).and_then(|quotas| quotas.get_mut(place))
            && key(same) == key(&added)
        {
            let blocks = same.blocks.checked_add(blocks).filter(|&sum| sum <= u32::MAX as usize);
            same.blocks = blocks.ok_or(MixError::TooLarge)?;
            return Ok(());
        }
        if blocks > u32::MAX as usize {
            return Err(MixError::TooLarge);
        }
        if self.len == QUOTAS_MAX {
            return Err(MixError::TooMany);
        }
        self.len += 1;
        if let Some(moved) = self.quotas.get_mut(place..self.len) {
            moved.rotate_right(1);
            if let Some(slot) = moved.first_mut() {
                *slot = added;
            }
        }
        Ok(())
    }
}

/// The table that finds a quota: 801 bytes and a word for each alignment.
#[derive(Debug)]
pub(super) struct Lookup {
    /// For each bucket the first quota whose blocks hold every size in it.
    first: [u8; BUCKETS],
    /// For each alignment, by its logarithm, one bit for each quota that has it.
    aligned: [u64; ALIGNS],
}

impl Lookup {
    /// The table of `mix`. Cost: the buckets.
    pub(super) fn of(mix: &Mix) -> Self {
        let mut lookup = Lookup { first: [NONE; BUCKETS], aligned: [0; ALIGNS] };
        for (bucket, first) in lookup.first.iter_mut().enumerate() {
            let place = mix.quotas().partition_point(|quota| quota.block_bytes < bucket_end(bucket));
            *first = if place == mix.len { NONE } else { place as u8 };
        }
        for (shift, bits) in lookup.aligned.iter_mut().enumerate() {
            for (place, quota) in mix.quotas().iter().enumerate() {
                *bits |= u64::from(quota.block_align >= 1 << shift) << place;
            }
        }
        lookup
    }

    /// The quota with the smallest blocks that serve `layout`. Two loads, no loop.
    #[inline(always)]
    pub(super) fn quota_for(&self, layout: Layout) -> Option<usize> {
        let first = u32::from(*self.first.get(bucket_of(layout.size()))?);
        let aligned = *self.aligned.get(layout.align().trailing_zeros() as usize)?;
        let fitting = aligned & u64::MAX.checked_shl(first)?;
        if fitting == 0 { None } else { Some(fitting.trailing_zeros() as usize) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(bytes: usize, align: usize) -> Layout {
        Layout::from_size_align(bytes, align).unwrap()
    }

    #[test]
    fn buckets_follow_each_other_without_gap() {
        for bytes in 0..200_000 {
            let bucket = bucket_of(bytes);
            assert!(bytes <= bucket_end(bucket), "{bytes}");
            assert!(bytes <= 1 || bucket_end(bucket - 1) < bytes, "{bytes}");
        }
        assert!(bucket_of(usize::MAX) >= BUCKETS, "no table entry");
    }

    #[test]
    fn every_layout_gets_the_smallest_declared_blocks_that_hold_it() {
        let mut mix = Mix::new();
        for (bytes, align) in
            [(24, 8), (32, 32), (48, 16), (100, 4), (1000, 8), (1000, 512), (4096, 4096), (70_000, 16)]
        {
            mix.add(layout(bytes, align), 10).unwrap();
        }
        let lookup = Lookup::of(&mix);
        for align in (0..=13).map(|shift| 1 << shift) {
            for bytes in (0..5000).chain((5000..75_000).step_by(61)) {
                let holds = |quota: &Quota| {
                    quota.block_bytes >= bucket_end(bucket_of(bytes)) && quota.block_align >= align
                };
                let expected = mix.quotas().iter().position(holds);
                assert_eq!(lookup.quota_for(layout(bytes, align)), expected, "{bytes} at {align}");
            }
        }
    }

    #[test]
    fn a_declared_layout_is_served_by_its_own_quota_and_wastes_at_most_a_thirtysecond_and_the_alignment() {
        for align in [1, 8, 16, 64, 4096] {
            for bytes in (1..3000).chain((3000..200_000).step_by(997)) {
                let mut mix = Mix::new();
                mix.add(layout(bytes, align), 1).unwrap();
                let quota = mix.quotas()[0];
                assert_eq!(Lookup::of(&mix).quota_for(layout(bytes, align)), Some(0));
                assert!(quota.block_bytes >= bytes && quota.block_bytes.is_multiple_of(quota.block_align));
                let waste = quota.block_bytes - bytes;
                assert!(waste < (bytes / 31).max(8) + align.max(8), "{bytes} at {align}: {waste}");
            }
        }
    }

    #[test]
    fn the_sixtyfifth_quota_is_refused_and_equal_ones_are_joined() {
        let mut mix = Mix::new();
        for index in 0..QUOTAS_MAX {
            mix.add(layout(8 * (index + 1), 8), 1).unwrap();
        }
        assert_eq!(mix.add(layout(8, 8), 2), Ok(()));
        assert_eq!(mix.quotas()[0].blocks, 3);
        assert_eq!(mix.add(layout(4096, 8), 1), Err(MixError::TooMany));
        assert_eq!(mix.add(layout(8, 8192), 1), Err(MixError::TooLarge));
        assert_eq!(mix.add(layout(8, 8), usize::MAX), Err(MixError::TooLarge));
    }
}
