//! Size classes: which block size serves a request, and how a slab is cut into such blocks.
//!
//! | classes | block sizes in bytes | used by |
//! |---|---|---|
//! | 1 to 64 | 16, 32, 48 to 1024 | every face |
//! | 65 to 84 | four a doubling: 1280, 1536, 1792, 2048 to 32768 | every face |
//! | 85 to 92 | 8, 24, 40 to 120 | requests whose `Layout` needs at most 8-byte alignment |
//!
//! Class 0 serves nothing. Fast paths count lists from the first class that does, by `stepped_list`: one instruction less
//! than to round up, and a request for no bytes is beyond every limit, so it misses.
//!
//! Slabs begin at multiples of a unit, therefore a block is aligned to the largest power of two that divides its size.

use crate::config;

/// How many classes there are, the unused class 0 among them.
pub const CLASSES: usize = OCTETS_FIRST + OCTET_BYTES_MAX / STEP_BYTES + 1;

/// The largest block size; larger requests are large allocations.
pub const BLOCK_BYTES_MAX: usize = 32 << 10;

/// Up to here classes are this far apart.
const STEP_BYTES: usize = 16;
/// The largest request that a stepped class serves.
pub(crate) const STEPPED_BYTES_MAX: usize = 1024;
/// The first class with four a doubling.
const COARSE_FIRST: usize = STEPPED_BYTES_MAX / STEP_BYTES + 1;
/// Sizes of coarse classes are multiples of this, so that a table of this grain finds them.
const COARSE_GRAIN: usize = 256;
const COARSE_CLASSES: usize = 20;
/// The first class for 8-byte alignment.
const OCTETS_FIRST: usize = COARSE_FIRST + COARSE_CLASSES;
/// The largest block size of these.
const OCTET_BYTES_MAX: usize = 120;

/// A slab has at least this many blocks, unless it is as large as the next limit.
const SLAB_BLOCKS_MIN: usize = 64;
/// No slab has more units.
const SLAB_UNITS_MAX: usize = 8;

/// At most this many bytes of blocks are cut at once from memory that was never touched, but at least one block.
const CARVE_BYTES_MAX: usize = 4096;

/// So many bytes of blocks should go round between the program and a slab where no more are in use: enough that refills are
/// rare, and few enough that they stay in the processor's first cache.
const CIRCULATING_BYTES: usize = 32 << 10;
const CIRCULATING_BLOCKS_MIN: usize = 8;
const CIRCULATING_BLOCKS_MAX: usize = 64;

/// The index of a block size.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SizeClass(u8);

/// What the table knows of a class.
#[derive(Clone, Copy)]
struct Class {
    block_bytes: u32,
    slab_units: u32,
    /// Inverse of the odd part of the block size, modulo 2^64.
    inverse: u64,
    /// The power of two in the block size.
    shift: u32,
    slab_blocks: u16,
    carve_blocks: u16,
    circulating_blocks: u16,
}

impl SizeClass {
    /// The index from which classes are only for alignments up to 8.
    pub(crate) const OCTETS_FIRST: usize = OCTETS_FIRST;

    /// The class that serves nothing.
    pub const NONE: SizeClass = SizeClass(0);

    /// The class for `bytes` at 16-byte alignment, as the C face asks; `None` for a large allocation. No bytes count as one.
    #[inline]
    pub const fn of_bytes(bytes: usize) -> Option<SizeClass> {
        if bytes <= STEPPED_BYTES_MAX {
            Some(SizeClass(stepped_list(bytes.saturating_sub(1)) as u8 + 1))
        } else if bytes <= BLOCK_BYTES_MAX {
            Some(SizeClass(coarse_list(bytes - 1) as u8 + 1))
        } else {
            None
        }
    }

    /// The class for `bytes` aligned to `align`, a power of two; `None` for a large allocation.
    ///
    /// With constant arguments it folds to a constant.
    #[inline]
    pub const fn of_layout(bytes: usize, align: usize) -> Option<SizeClass> {
        if align <= 8 && bytes <= OCTET_BYTES_MAX && bytes.wrapping_sub(1) & 8 == 0 && bytes != 0 {
            return Some(SizeClass((OCTETS_FIRST + (bytes - 1) / STEP_BYTES) as u8));
        }
        if align <= STEP_BYTES {
            return Self::of_bytes(bytes);
        }
        Self::of_aligned(bytes, align)
    }

    /// As [`of_layout`](Self::of_layout), for an alignment above 16 bytes.
    const fn of_aligned(bytes: usize, align: usize) -> Option<SizeClass> {
        if bytes > BLOCK_BYTES_MAX || align > BLOCK_BYTES_MAX {
            return None;
        }
        let rounded = if bytes == 0 { align } else { (bytes + align - 1) & !(align - 1) };
        let Some(SizeClass(mut class)) = Self::of_bytes(rounded) else { return None };
        while (class as usize) < OCTETS_FIRST {
            if (TABLE[class as usize].block_bytes as usize).is_multiple_of(align) {
                return Some(SizeClass(class));
            }
            class += 1;
        }
        None
    }

    /// The class with this index, if there is one that serves requests.
    #[inline]
    pub const fn from_index(index: usize) -> Option<SizeClass> {
        if index == 0 || index >= CLASSES { None } else { Some(SizeClass(index as u8)) }
    }

    /// Every class that serves requests, by index.
    pub fn all() -> impl Iterator<Item = SizeClass> {
        (1..CLASSES as u8).map(SizeClass)
    }

    /// The class as an index below [`CLASSES`].
    #[inline]
    pub const fn index(self) -> usize {
        // SAFETY: needs a class of the table; the field is private, and every function here that makes one looked.
        unsafe { core::hint::assert_unchecked((self.0 as usize) < CLASSES) };
        self.0 as usize
    }

    /// Bytes of a block.
    #[inline]
    pub const fn block_bytes(self) -> usize {
        TABLE[self.index()].block_bytes as usize
    }

    /// Units of a slab.
    #[inline]
    pub const fn slab_units(self) -> usize {
        TABLE[self.index()].slab_units as usize
    }

    /// Bytes of a slab.
    #[inline]
    pub const fn slab_bytes(self) -> usize {
        self.slab_units() * config::UNIT_BYTES
    }

    /// Blocks of a slab.
    #[inline]
    pub const fn slab_blocks(self) -> usize {
        TABLE[self.index()].slab_blocks as usize
    }

    /// How many blocks to cut at once from a tail that was never touched.
    #[inline]
    pub(crate) const fn carve_blocks(self) -> usize {
        TABLE[self.index()].carve_blocks as usize
    }

    /// How many blocks should go round between the program and its slab.
    #[inline]
    pub(crate) const fn circulating_blocks(self) -> u32 {
        TABLE[self.index()].circulating_blocks as u32
    }

    /// What every block is aligned to.
    #[inline]
    pub const fn block_align(self) -> usize {
        1 << TABLE[self.index()].shift
    }

    /// The two numbers by which an offset is divided exactly: `(offset * inverse).rotate_right(shift)` is the number of
    /// the block that begins at `offset`, and larger than any such number if none begins there.
    #[inline]
    pub(crate) const fn divisor(self) -> (u64, u32) {
        (TABLE[self.index()].inverse, TABLE[self.index()].shift)
    }
}

/// The list, counted from class 1, for `above` + 1 bytes, of which `above` is below [`STEPPED_BYTES_MAX`].
#[inline(always)]
pub(crate) const fn stepped_list(above: usize) -> usize {
    above / STEP_BYTES
}

/// The list, counted from class 1, for `above` + 1 bytes, of which `above` is below [`BLOCK_BYTES_MAX`].
#[inline(always)]
pub(crate) const fn coarse_list(above: usize) -> usize {
    COARSE[above / COARSE_GRAIN] as usize
}

/// Lists counted from class 1.
static COARSE: [u8; BLOCK_BYTES_MAX / COARSE_GRAIN] = coarse_table();
static TABLE: [Class; CLASSES] = table();

const fn block_bytes_of(class: usize) -> usize {
    if class == 0 {
        STEP_BYTES
    } else if class < COARSE_FIRST {
        class * STEP_BYTES
    } else if class < OCTETS_FIRST {
        let (doubling, quarter) = ((class - COARSE_FIRST) / 4, (class - COARSE_FIRST) % 4);
        (STEPPED_BYTES_MAX << doubling) / 4 * (quarter + 5)
    } else {
        (class - OCTETS_FIRST) * STEP_BYTES + 8
    }
}

const NO_CLASS: Class = Class {
    block_bytes: 0,
    slab_units: 0,
    inverse: 0,
    shift: 0,
    slab_blocks: 0,
    carve_blocks: 0,
    circulating_blocks: 0,
};

const fn at_least(number: usize, least: usize) -> usize {
    if number < least { least } else { number }
}

const fn at_most(number: usize, most: usize) -> usize {
    if number > most { most } else { number }
}

const fn table() -> [Class; CLASSES] {
    let mut table = [NO_CLASS; CLASSES];
    let mut class = 0;
    while class < CLASSES {
        let block_bytes = block_bytes_of(class);
        let mut units = 1;
        while units < SLAB_UNITS_MAX && units * config::UNIT_BYTES / block_bytes < SLAB_BLOCKS_MIN {
            units += 1;
        }
        let shift = block_bytes.trailing_zeros();
        table[class] = Class {
            block_bytes: block_bytes as u32,
            slab_units: units as u32,
            inverse: inverse_of((block_bytes >> shift) as u64),
            shift,
            slab_blocks: (units * config::UNIT_BYTES / block_bytes) as u16,
            carve_blocks: at_least(CARVE_BYTES_MAX / block_bytes, 1) as u16,
            circulating_blocks: at_least(
                at_most(CIRCULATING_BYTES / block_bytes, CIRCULATING_BLOCKS_MAX),
                CIRCULATING_BLOCKS_MIN,
            ) as u16,
        };
        class += 1;
    }
    table
}

/// The inverse of an odd number modulo 2^64: five steps of Newton's method, each of which doubles the correct bits.
const fn inverse_of(odd: u64) -> u64 {
    let mut inverse = odd;
    let mut step = 0;
    while step < 5 {
        inverse = inverse.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(inverse)));
        step += 1;
    }
    inverse
}

const fn coarse_table() -> [u8; BLOCK_BYTES_MAX / COARSE_GRAIN] {
    let mut table = [0; BLOCK_BYTES_MAX / COARSE_GRAIN];
    // Below, the classes are finer than the table; what stands there is the class for the largest size.
    let (mut class, mut slot) = (1, 0);
    while slot < table.len() {
        while (slot + 1) * COARSE_GRAIN > block_bytes_of(class) {
            class += 1;
        }
        table[slot] = class as u8 - 1;
        slot += 1;
    }
    table
}

const _: () = {
    assert!(CLASSES <= u8::MAX as usize && BLOCK_BYTES_MAX < u32::MAX as usize);
    let mut class = 1;
    while class < CLASSES {
        let Class { block_bytes, slab_units, inverse, shift, .. } = TABLE_CHECKED[class];
        let (block, slab) = (block_bytes as usize, slab_units as usize * config::UNIT_BYTES);
        assert!(((block >> shift) as u64).wrapping_mul(inverse) == 1);
        // A free block holds a link, and the blocks of one slab can be counted in 16 bits.
        assert!(block >= 8 && block.is_multiple_of(8) && slab / block <= u16::MAX as usize);
        // What is left over at the end of a slab.
        assert!((slab % block) * 16 <= slab);
        if class < OCTETS_FIRST {
            assert!(block.is_multiple_of(STEP_BYTES));
            if class > 1 {
                // The largest waste in a block, where a request is one byte larger than the class below serves.
                let below = TABLE_CHECKED[class - 1].block_bytes as usize;
                assert!(below < block);
                assert!(class <= 4 || (block - below - 1) * 5 <= block);
            }
        }
        class += 1;
    }
    assert!(block_bytes_of(COARSE_FIRST - 1) == STEPPED_BYTES_MAX);
    assert!(block_bytes_of(OCTETS_FIRST - 1) == BLOCK_BYTES_MAX);
    assert!(block_bytes_of(CLASSES - 1) == OCTET_BYTES_MAX);
};

/// The table again, because a constant may not read a static.
const TABLE_CHECKED: [Class; CLASSES] = table();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_gets_the_smallest_class_that_holds_it() {
        for bytes in 1..=BLOCK_BYTES_MAX {
            let class = SizeClass::of_bytes(bytes).unwrap();
            assert!(class.block_bytes() >= bytes);
            assert!(class.index() == 1 || SizeClass(class.0 - 1).block_bytes() < bytes, "{bytes}");
        }
        assert_eq!(SizeClass::of_bytes(0), SizeClass::of_bytes(16));
        assert_eq!(SizeClass::of_bytes(BLOCK_BYTES_MAX + 1), None);
        assert_eq!(SizeClass::of_bytes(usize::MAX), None);
    }

    #[test]
    fn every_layout_gets_blocks_of_its_alignment() {
        for shift in 0..=21 {
            let align = 1 << shift;
            for bytes in (0..3000).chain((3000..40_000).step_by(37)) {
                let Some(class) = SizeClass::of_layout(bytes, align) else {
                    assert!(bytes + align > BLOCK_BYTES_MAX, "{bytes} at {align} has no class");
                    continue;
                };
                assert!(class.block_bytes() >= bytes && class.block_align() >= align, "{bytes} at {align}");
            }
        }
        assert_eq!(SizeClass::of_layout(24, 8).unwrap().block_bytes(), 24);
        assert_eq!(SizeClass::of_layout(24, 16).unwrap().block_bytes(), 32);
        assert_eq!(SizeClass::of_layout(4096, 4096).unwrap().block_bytes(), 4096);
    }

    #[test]
    fn exact_division_finds_blocks_and_nothing_else() {
        for class in SizeClass::all() {
            let (inverse, shift) = class.divisor();
            let number = |offset: u64| offset.wrapping_mul(inverse).rotate_right(shift);
            for offset in 0..class.slab_bytes() as u64 + 4096 {
                let block = class.block_bytes() as u64;
                if offset.is_multiple_of(block) {
                    assert_eq!(number(offset), offset / block);
                } else {
                    assert!(number(offset) > u64::from(u32::MAX), "{offset} in blocks of {block}");
                }
            }
            assert!(number(0_u64.wrapping_sub(class.block_bytes() as u64)) > u64::from(u32::MAX));
            for alias in [32, 33, 46, 47, 63] {
                for offset in (0..class.slab_bytes() as u64).step_by(8) {
                    assert!(number(offset + (1 << alias)) >= 1 << 16, "an alias in the tables of a map");
                    assert!(
                        number(offset.wrapping_sub(1 << alias)) >= 1 << 16,
                        "an alias in the tables of a map"
                    );
                }
            }
        }
    }

    #[test]
    fn lists_are_counted_from_the_first_class_and_no_size_is_beyond_all() {
        for bytes in 1..=BLOCK_BYTES_MAX {
            let list =
                if bytes <= STEPPED_BYTES_MAX { stepped_list(bytes - 1) } else { coarse_list(bytes - 1) };
            assert_eq!(SizeClass::from_index(list + 1), SizeClass::of_bytes(bytes));
        }
        assert!(0_usize.wrapping_sub(1) >= BLOCK_BYTES_MAX);
    }
}
