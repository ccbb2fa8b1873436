//! Which part of the heap serves a request. Integers in, integers out: the same answer when the block comes back.

#![forbid(unsafe_code)]

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
pub(super) const KEPT_BYTES_MAX: usize = 2048;

/// Who serves a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Request {
    /// A slab of this class, below [`CLASSES`] and not 0.
    Small(usize),
    /// The region: more than [`SMALL_BYTES_MAX`] bytes aligned to at most 16, so that a block may have been kept.
    Middle(usize),
    /// The region: so many bytes with an alignment that no slab has.
    Aligned {
        /// Bytes, at least one.
        bytes: usize,
        /// The alignment.
        align: usize,
    },
}

impl Request {
    /// Who serves `layout`; no bytes count as one.
    #[inline(always)]
    pub(super) const fn of(layout: Layout) -> Request {
        let align = layout.align();
        let bytes = if layout.size() == 0 { 1 } else { layout.size() };
        // A layout's size can be rounded up to its alignment; the sum does not wrap around.
        let rounded = if align <= STEP_BYTES { bytes } else { (bytes + (align - 1)) & !(align - 1) };
        if rounded <= SMALL_BYTES_MAX {
            Request::Small(rounded.div_ceil(STEP_BYTES))
        } else if align <= 16 {
            Request::Middle(bytes)
        } else {
            Request::Aligned { bytes, align }
        }
    }
}

/// Bytes of a class's blocks.
#[inline(always)]
pub(super) const fn block_bytes(class: usize) -> usize {
    class * STEP_BYTES
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
    fn a_block_of_the_class_has_the_bytes_and_the_alignment() {
        for shift in 0..14 {
            for bytes in 0..600 {
                let layout = Layout::from_size_align(bytes, 1 << shift).unwrap();
                match Request::of(layout) {
                    Request::Small(class) => {
                        assert!(class < CLASSES && block_bytes(class) >= bytes);
                        assert!(bytes == 0 || block_bytes(class) < bytes + STEP_BYTES.max(layout.align()));
                        assert!(
                            block_bytes(class)
                                .is_multiple_of(layout.align().min(STEP_BYTES.max(layout.align())))
                        );
                        assert!(PAGE_BYTES.is_multiple_of(layout.align()));
                    }
                    Request::Middle(same) => assert!(same == bytes && bytes > SMALL_BYTES_MAX && shift <= 4),
                    Request::Aligned { bytes: same, align } => {
                        assert!(same == bytes.max(1) && align == layout.align() && shift > 4);
                    }
                }
            }
        }
    }
}
