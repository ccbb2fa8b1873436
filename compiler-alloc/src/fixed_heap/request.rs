//! Which part of the heap serves a request. Integers in, integers out: the same answer when the block comes back.

#![forbid(unsafe_code)]

use crate::region::GRANULE_BYTES;
use core::alloc::Layout;

/// Bytes of a slab page, and what it is aligned to.
pub(super) const PAGE_BYTES: usize = 4096;

/// Block sizes of slabs are multiples of this.
pub(super) const STEP_BYTES: usize = 8;

/// The largest block of a slab.
pub(super) const SMALL_BYTES_MAX: usize = 256;

/// How many classes there are, with class 0, which serves nothing.
pub(super) const CLASSES: usize = SMALL_BYTES_MAX / STEP_BYTES + 1;

/// Blocks of more bytes are never kept.
pub(super) const KEPT_BYTES_MAX: usize = 32 << 10;

/// Up to here every number of granules has a list of its own, and blocks with a larger alignment are kept.
const EXACT_BYTES_MAX: usize = 2 << 10;

/// Blocks with a larger alignment are never kept.
const KEPT_ALIGN_MAX: usize = 256;

/// Binary digits of a size above [`EXACT_BYTES_MAX`] that choose its list within a doubling.
const STEPS_LOG2: u32 = 5;

/// The first list of sizes above [`EXACT_BYTES_MAX`].
const FIRST_STEPPED: usize = EXACT_BYTES_MAX / GRANULE_BYTES + 1;

/// Lists of a doubling.
const STEPS: usize = 1 << STEPS_LOG2;

/// What the first digits of the first size above [`EXACT_BYTES_MAX`] would be as a number of a list.
const STEPPED_BIAS: usize = EXACT_BYTES_MAX.trailing_zeros() as usize * STEPS + STEPS;

/// The first list of blocks with an alignment above a granule.
const FIRST_ALIGNED: usize =
    FIRST_STEPPED + (((KEPT_BYTES_MAX / EXACT_BYTES_MAX).ilog2() as usize) << STEPS_LOG2);

/// How many lists of kept blocks there are. A few are never used.
pub(super) const LISTS: usize = aligned_list(EXACT_BYTES_MAX, 2 * GRANULE_BYTES) + 1;

/// Added to the sizes of aligned blocks, so that after division by the alignment no two alignments have the same numbers.
const ALIGNED_BIAS: usize = 2 * EXACT_BYTES_MAX;

/// The list of so many bytes, a multiple of the alignment. Those of each alignment come behind those of the next larger one.
#[inline(always)]
const fn aligned_list(bytes: usize, align: usize) -> usize {
    FIRST_ALIGNED + ((bytes + ALIGNED_BIAS) >> align.trailing_zeros())
        - (ALIGNED_BIAS >> KEPT_ALIGN_MAX.trailing_zeros())
}

/// Who serves a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Request {
    /// A slab of this class, below [`CLASSES`] and not 0.
    Small(usize),
    /// The region, unless a block was kept.
    Middle {
        /// The list of its size and alignment, below [`LISTS`].
        list: usize,
        /// The bytes of every block of the list, at most [`KEPT_BYTES_MAX`]; those that were asked for or more.
        bytes: usize,
    },
    /// The region: so many bytes with an alignment that no slab has, or so many that no block is kept.
    Other {
        /// Bytes, at least one.
        bytes: usize,
    },
}

impl Request {
    /// Who serves `layout`; no bytes count as one.
    #[inline(always)]
    pub(super) const fn of(layout: Layout) -> Request {
        let align = layout.align();
        let bytes = if layout.size() == 0 { 1 } else { layout.size() };
        if bytes > SMALL_BYTES_MAX {
            return if align <= GRANULE_BYTES {
                Self::of_many(bytes)
            } else {
                Self::of_aligned(bytes, align)
            };
        }
        if align > SMALL_BYTES_MAX {
            return Request::Other { bytes };
        }
        // Rounded up to the alignment and to a step, both powers of two.
        let low_digits = (align - 1) | (STEP_BYTES - 1);
        Request::Small(((bytes + low_digits) & !low_digits) / STEP_BYTES)
    }

    /// Who serves more bytes than slabs do, with an alignment above a granule.
    #[inline(always)]
    const fn of_aligned(bytes: usize, align: usize) -> Request {
        // A layout's size can be rounded up to its alignment; the sum does not wrap around.
        let rounded = (bytes + (align - 1)) & !(align - 1);
        if align <= KEPT_ALIGN_MAX && rounded <= EXACT_BYTES_MAX {
            Request::Middle { list: aligned_list(rounded, align), bytes: rounded }
        } else {
            Request::Other { bytes }
        }
    }

    /// Who serves more bytes than slabs do, aligned to a granule at most.
    #[inline(always)]
    const fn of_many(bytes: usize) -> Request {
        if bytes <= EXACT_BYTES_MAX {
            let granules = bytes.div_ceil(GRANULE_BYTES);
            Request::Middle { list: granules, bytes: granules * GRANULE_BYTES }
        } else if bytes <= KEPT_BYTES_MAX {
            let less_one = bytes - 1;
            // It is not 0 anyway, but so the logarithm has no path that panics.
            let row = (less_one | 1).ilog2();
            // As many steps and those below its highest digit, which is set.
            let shift = row - STEPS_LOG2;
            let step = less_one >> shift;
            let list = row as usize * STEPS + step + FIRST_STEPPED - STEPPED_BIAS;
            Request::Middle { list, bytes: (step + 1) << shift }
        } else {
            Request::Other { bytes }
        }
    }

    /// Bytes of the block that the region lends for it; a slab's blocks have those of their class.
    pub(super) const fn block_bytes(self) -> usize {
        match self {
            Request::Small(class) => block_bytes(class),
            Request::Middle { bytes, .. } | Request::Other { bytes } => bytes,
        }
    }
}

/// Bytes of a class's blocks.
#[inline(always)]
pub(super) const fn block_bytes(class: usize) -> usize {
    class * STEP_BYTES
}

/// Bytes of the blocks of a list of kept blocks.
pub(super) const fn list_bytes(list: usize) -> usize {
    if list < FIRST_STEPPED {
        list * GRANULE_BYTES
    } else if list < FIRST_ALIGNED {
        let (doubling, step) = ((list - FIRST_STEPPED) >> STEPS_LOG2, (list - FIRST_STEPPED) % STEPS);
        (STEPS + step + 1) << doubling << (EXACT_BYTES_MAX.trailing_zeros() - STEPS_LOG2)
    } else {
        let number = list - FIRST_ALIGNED + (ALIGNED_BIAS >> KEPT_ALIGN_MAX.trailing_zeros());
        (number << (ALIGNED_BIAS.trailing_zeros() - number.ilog2())) - ALIGNED_BIAS
    }
}

/// Blocks of a slab page by class.
pub(super) const PAGE_BLOCKS: [u16; CLASSES] = {
    let mut blocks = [0; CLASSES];
    let mut class = 1;
    while class < CLASSES {
        blocks[class] = (PAGE_BYTES / block_bytes(class)) as u16;
        class += 1;
    }
    blocks
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_of_the_class_or_list_has_the_bytes_and_the_alignment() {
        for shift in 0..14 {
            for bytes in 0..40_000 {
                let layout = Layout::from_size_align(bytes, 1 << shift).unwrap();
                let align = layout.align();
                match Request::of(layout) {
                    Request::Small(class) => {
                        assert!(class < CLASSES && block_bytes(class) >= bytes);
                        assert!(bytes == 0 || block_bytes(class) < bytes + STEP_BYTES.max(align));
                        assert!(block_bytes(class).is_multiple_of(align.min(STEP_BYTES.max(align))));
                        assert!(PAGE_BYTES.is_multiple_of(align));
                    }
                    Request::Middle { list, bytes: block } => {
                        assert!(list < LISTS && list_bytes(list) == block, "{bytes} {align}: {list}");
                        assert!(block >= bytes && block.is_multiple_of(GRANULE_BYTES.max(align)));
                        let waste_max = if bytes > EXACT_BYTES_MAX { bytes / 32 } else { align.max(16) - 1 };
                        assert!(block - bytes <= waste_max && bytes > SMALL_BYTES_MAX - align.max(8) + 1);
                        assert!(bytes <= KEPT_BYTES_MAX && align <= KEPT_ALIGN_MAX);
                    }
                    Request::Other { bytes: same } => {
                        assert_eq!(same, bytes.max(1));
                        assert!(bytes > KEPT_BYTES_MAX || shift > 4);
                    }
                }
            }
        }
    }

    #[test]
    fn every_list_is_of_one_size_and_alignment() {
        let mut known = [None; LISTS];
        for align in [16, 32, 64, 128, 256] {
            for bytes in 1..=KEPT_BYTES_MAX {
                let layout = Layout::from_size_align(bytes, align).unwrap();
                if let Request::Middle { list, bytes } = Request::of(layout) {
                    assert_eq!(*known[list].get_or_insert((bytes, align)), (bytes, align), "list {list}");
                }
            }
        }
        assert_eq!(known[LISTS - 1], Some((EXACT_BYTES_MAX, 2 * GRANULE_BYTES)));
    }
}
