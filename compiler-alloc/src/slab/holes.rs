//! Holes: whole pages of a slab whose blocks are all free, given back to the system while the slab lives.
//!
//! A slab is cut into at most 64 *grains*, each of one or more OS pages. A purged grain has no memory, and a block is
//! *purged* if it overlaps a purged grain: it is free, but not in the queue. So the bits of the grains say which blocks are
//! purged, and reviving a grain puts those of its blocks into circulation that overlap no other purged grain.

use super::{Event, Slab};
use crate::free_list::{Block, Chain};
use core::ptr::NonNull;

/// One bit for each grain of the record's mask.
const GRAINS_MAX: usize = 64;

/// The size of a slab's grains: an OS page, or as many as it takes to have at most [`GRAINS_MAX`].
fn grain_bytes(slab_bytes: usize, page_bytes: usize) -> usize {
    slab_bytes.div_ceil(GRAINS_MAX).next_multiple_of(page_bytes)
}

/// The grains that a range of bytes overlaps, as bits.
fn grains_of(begin: usize, bytes: usize, grain: usize) -> u64 {
    let (first, last) = (begin / grain, (begin + bytes - 1) / grain);
    (u64::MAX >> (63 - last)) & (u64::MAX << first)
}

impl Slab {
    /// How many free blocks lie in holes.
    #[inline]
    pub(crate) fn purged(&self) -> u32 {
        self.purged_blocks.get().into()
    }

    /// Takes every grain whose blocks all wait in the queue, and has `decommit` give its memory back, one call for grains in
    /// a row: where it begins and its bytes. Answers how many bytes. For the owner; cost: a walk of the queue.
    ///
    /// The next event is that the slab is empty.
    pub(crate) fn purge_holes(
        &self,
        page_bytes: usize,
        mut decommit: impl FnMut(NonNull<u8>, usize),
    ) -> usize {
        let (Some(class), span) = (self.class(), self.span()) else { return 0 };
        let (block, grain) = (class.block_bytes(), grain_bytes(span.bytes, page_bytes));
        let offset_of = |block: NonNull<Block>| block.as_ptr().addr().wrapping_sub(self.base());
        let mut free_bytes = [0_u32; GRAINS_MAX];
        let mut note = |offset: usize| {
            let mut begin = offset;
            while begin < offset + block {
                let end = (begin / grain + 1) * grain;
                free_bytes[begin / grain] += (end.min(offset + block) - begin) as u32;
                begin = end;
            }
        };
        self.queue.walk(self.carved(), |block| note(offset_of(block)));
        self.each_purged(grain, note);
        let whole = free_bytes.iter().enumerate().filter(|&(_, &bytes)| bytes as usize == grain);
        let holes = whole.fold(0, |holes, (index, _)| holes | 1_u64 << index) & !self.purged_grains.get();
        if holes == 0 {
            return 0;
        }
        let used = self.used();
        self.purged_grains.set(self.purged_grains.get() | holes);
        let mut next = NonNull::new(self.queue.take());
        let mut dropped = 0;
        while let Some(free) = next {
            // SAFETY: needs a written link; the chain was taken from the queue, and its memory is still there.
            next = NonNull::new(unsafe { Block::next(free) });
            if grains_of(offset_of(free), block, grain) & holes == 0 {
                // SAFETY: needs the owner, and an unused block; it was in the queue.
                unsafe { self.queue.push(free) };
            } else {
                dropped += 1;
            }
        }
        self.purged_blocks.set(self.purged_blocks.get() + dropped);
        self.set_used(used, Event::Empty);
        let mut left = holes;
        while left != 0 {
            let first = left.trailing_zeros();
            let grains = (left >> first).trailing_ones();
            // SAFETY: needs to stay inside the span; the grain lies in it.
            let base = unsafe { span.base.add(first as usize * grain) };
            decommit(base, grains as usize * grain);
            left &= !((u64::MAX >> (64 - grains)) << first);
        }
        holes.count_ones() as usize * grain
    }

    /// Makes blocks of holes usable again, for the thread's list, where they count as used; null if there are none, or if
    /// `commit` has no memory for them. For the owner.
    pub(crate) fn revive(
        &self,
        page_bytes: usize,
        mut commit: impl FnMut(NonNull<u8>, usize) -> bool,
    ) -> Chain {
        let (Some(class), span) = (self.class(), self.span()) else { return core::ptr::null_mut() };
        let (block, grain) = (class.block_bytes(), grain_bytes(span.bytes, page_bytes));
        let mut chain: Chain = core::ptr::null_mut();
        let mut revived = 0;
        while chain.is_null() && self.purged_grains.get() != 0 {
            let first = self.purged_grains.get().trailing_zeros();
            // SAFETY: needs to stay inside the span; the grain lies in it.
            let base = unsafe { span.base.add(first as usize * grain) };
            if !commit(base, grain) {
                break;
            }
            self.purged_grains.set(self.purged_grains.get() & !(1 << first));
            let (begin, end) = (first as usize * grain, (first as usize + 1) * grain);
            let mut number = begin / block;
            while number < self.carved() && number * block < end {
                if grains_of(number * block, block, grain) & self.purged_grains.get() == 0 {
                    // SAFETY: needs to stay inside the span; the block was handed out before.
                    let free = unsafe { span.base.add(number * block) }.cast::<Block>();
                    // SAFETY: needs writable memory that nobody uses; all grains that the block overlaps have memory.
                    unsafe { Block::set_next(free, chain) };
                    chain = free.as_ptr();
                    revived += 1;
                }
                number += 1;
            }
        }
        let used = self.used() + u32::from(revived);
        self.purged_blocks.set(self.purged_blocks.get() - revived);
        self.set_used(used, Event::Empty);
        chain
    }

    /// Visits the offset of every purged block.
    fn each_purged(&self, grain: usize, mut visit: impl FnMut(usize)) {
        let Some(class) = self.class() else { return };
        if self.purged_grains.get() == 0 {
            return;
        }
        let block = class.block_bytes();
        for number in 0..self.carved() {
            if grains_of(number * block, block, grain) & self.purged_grains.get() != 0 {
                visit(number * block);
            }
        }
    }

    /// Validates that the purged blocks are those that overlap purged grains.
    ///
    /// # Errors
    /// As [`check`](Slab::check).
    pub(super) fn check_holes(&self, page_bytes: usize) -> Result<(), (&'static str, usize, usize)> {
        let mut purged = 0;
        self.each_purged(grain_bytes(self.span().bytes, page_bytes), |_| purged += 1);
        if purged == self.purged() as usize {
            return Ok(());
        }
        Err(("purged blocks are those that overlap holes", self.purged() as usize, purged))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_overlap_the_grains_that_they_touch() {
        assert_eq!(grains_of(0, 1, 4096), 1);
        assert_eq!(grains_of(4095, 2, 4096), 0b11);
        assert_eq!(grains_of(4096, 4096, 4096), 0b10);
        assert_eq!(grains_of(63 * 8192, 8192, 8192), 1 << 63);
        assert_eq!(grains_of(0, 64 * 8192, 8192), u64::MAX);
    }

    #[test]
    fn a_slab_has_at_most_64_grains() {
        for units in 1..=8 {
            for page_bytes in [4096, 16384, 65536] {
                let slab_bytes = units * 65536;
                let grain = grain_bytes(slab_bytes, page_bytes);
                assert!(grain.is_multiple_of(page_bytes) && slab_bytes.div_ceil(grain) <= GRAINS_MAX);
            }
        }
    }
}
