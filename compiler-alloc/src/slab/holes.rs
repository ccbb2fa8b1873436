//! Holes: whole pages of a slab whose blocks are all free, given back to the system while the slab lives.
//!
//! A slab is cut into at most 64 *grains*, each of one or more OS pages. A purged grain has no memory, and a block is
//! *purged* if it overlaps a purged grain: it is free, but not in the queue. So the bits of the grains say which blocks are
//! purged, and reviving a grain puts those of its blocks into circulation that overlap no other purged grain.

use super::{Event, Slab};
use crate::config;
use crate::free_list::{Block, Chain};
use core::ptr::NonNull;

/// One bit for each grain of the record's mask.
const GRAINS_MAX: usize = 64;

/// No slab has more blocks.
const SLAB_BLOCKS_MAX: usize = config::UNIT_BYTES / 8;

/// The size of a slab's grains, as a power of two: an OS page, or as many as it takes to have at most [`GRAINS_MAX`].
fn grain_shift(slab_bytes: usize, page_bytes: usize) -> u32 {
    slab_bytes.div_ceil(GRAINS_MAX).max(page_bytes).next_power_of_two().trailing_zeros()
}

/// The grains that a range of bytes overlaps, as bits.
fn grains_of(begin: usize, bytes: usize, grain_shift: u32) -> u64 {
    let (first, last) = (begin >> grain_shift, (begin + bytes - 1) >> grain_shift);
    (u64::MAX >> (63 - last)) & (u64::MAX << first)
}

/// One bit for each block of a slab.
struct BlockSet([u64; SLAB_BLOCKS_MAX / 64]);

impl BlockSet {
    const fn new() -> Self {
        BlockSet([0; SLAB_BLOCKS_MAX / 64])
    }

    fn insert(&mut self, number: usize) {
        self.0[number / 64] |= 1 << (number % 64);
    }

    fn each(&self, mut visit: impl FnMut(usize)) {
        for (index, &bits) in self.0.iter().enumerate() {
            let mut left = bits;
            while left != 0 {
                visit(index * 64 + left.trailing_zeros() as usize);
                left &= left - 1;
            }
        }
    }
}

impl Slab {
    /// Takes every grain whose blocks all wait in the queue, and has `decommit` give its memory back, one call for grains in
    /// a row: where it begins and its bytes. Answers how many bytes. Cost: a walk of the queue.
    ///
    /// The next event is that the slab is empty.
    ///
    /// # Safety
    /// - The caller owns the slab.
    pub(crate) unsafe fn purge_holes(
        &self,
        page_bytes: usize,
        mut decommit: impl FnMut(NonNull<u8>, usize),
    ) -> usize {
        let (Some(class), span) = (self.class(), self.span()) else { return 0 };
        let (block, shift) = (class.block_bytes(), grain_shift(span.bytes, page_bytes));
        let grain = 1_usize << shift;
        let mut free_bytes = [0_u32; GRAINS_MAX];
        let mut note = |offset: usize| {
            let mut begin = offset;
            while begin < offset + block {
                let end = ((begin >> shift) + 1) << shift;
                free_bytes[begin >> shift] += (end.min(offset + block) - begin) as u32;
                begin = end;
            }
        };
        // The links are read once, because the blocks are scattered over memory that nobody used lately.
        let mut free = BlockSet::new();
        self.queue.walk(self.carved(), |place| {
            // SAFETY: needs the owner; the caller is it.
            let number = unsafe { self.stable_block_number(place.as_ptr().addr()) };
            if number < SLAB_BLOCKS_MAX {
                free.insert(number);
            }
        });
        free.each(|number| note(number * block));
        self.each_purged(shift, note);
        let whole = free_bytes.iter().enumerate().filter(|&(_, &bytes)| bytes as usize == grain);
        let holes = whole.fold(0, |holes, (index, _)| holes | 1_u64 << index) & !self.purged_grains.get();
        if holes == 0 {
            return 0;
        }
        let used = self.used();
        self.purged_grains.set(self.purged_grains.get() | holes);
        self.queue.clear();
        let mut dropped = 0_u32;
        free.each(|number| {
            if grains_of(number * block, block, shift) & holes != 0 {
                dropped += 1;
                return;
            }
            // SAFETY: needs to stay inside the span; the block was in the queue.
            let place = unsafe { span.base.add(number * block) };
            // SAFETY: needs the owner, and an unused block; it was in the queue, which was emptied.
            unsafe { self.queue.push(place.cast()) };
        });
        self.set_reachable(class, self.reachable() - dropped);
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

    /// Makes blocks of holes usable again, for the thread's list, where they count as used; `None` if there are none, or if
    /// `commit` has no memory for them.
    ///
    /// # Safety
    /// - The caller owns the slab, and its queue is empty.
    /// - What `commit` answers `true` for is memory that may be written.
    pub(crate) unsafe fn revive(
        &self,
        page_bytes: usize,
        mut commit: impl FnMut(NonNull<u8>, usize) -> bool,
    ) -> Option<NonNull<Block>> {
        let (class, span) = (self.class()?, self.span());
        let (block, shift) = (class.block_bytes(), grain_shift(span.bytes, page_bytes));
        let grain = 1_usize << shift;
        let mut chain: Chain = core::ptr::null_mut();
        let mut revived = 0_u32;
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
                if grains_of(number * block, block, shift) & self.purged_grains.get() == 0 {
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
        self.set_reachable(class, self.reachable() + revived);
        self.countdown.copy_from(&self.full);
        NonNull::new(chain)
    }

    /// Visits the offset of every purged block.
    fn each_purged(&self, shift: u32, mut visit: impl FnMut(usize)) {
        let Some(class) = self.class() else { return };
        if self.purged_grains.get() == 0 {
            return;
        }
        let block = class.block_bytes();
        for number in 0..self.carved() {
            if grains_of(number * block, block, shift) & self.purged_grains.get() != 0 {
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
        self.each_purged(grain_shift(self.span().bytes, page_bytes), |_| purged += 1);
        if purged == self.purged() as usize {
            return Ok(());
        }
        Err(("purged blocks are those that overlap holes", self.purged() as usize, purged))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::size_class::SizeClass;

    #[test]
    fn ranges_overlap_the_grains_that_they_touch() {
        assert_eq!(grains_of(0, 1, 12), 1);
        assert_eq!(grains_of(4095, 2, 12), 0b11);
        assert_eq!(grains_of(4096, 4096, 12), 0b10);
        assert_eq!(grains_of(63 * 8192, 8192, 13), 1 << 63);
        assert_eq!(grains_of(0, 64 * 8192, 13), u64::MAX);
    }

    #[test]
    fn a_slab_has_at_most_64_grains_and_no_more_blocks_than_the_set() {
        for class in SizeClass::all() {
            assert!(class.slab_blocks() <= SLAB_BLOCKS_MAX);
            for page_bytes in [4096, 16384, 65536] {
                let shift = grain_shift(class.slab_bytes(), page_bytes);
                assert!((1 << shift) >= page_bytes && class.slab_bytes() >> shift <= GRAINS_MAX);
            }
        }
    }
}
