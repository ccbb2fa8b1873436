//! Blocks of other threads' slabs on their way back: a few private chains, one a slab.
//!
//! A thread that frees a block of somebody else's slab keeps it in a *way*, chosen by the address of the slab's record, so
//! that blocks of one slab travel as one chain and cost one compare-and-swap together. A way is sent when it holds
//! [`CHAIN_BLOCKS_MAX`] blocks or [`CHAIN_BYTES_MAX`] bytes, when a block of another slab needs it, and at every drain
//! point of the thread. So at most [`WAYS`] chains of that size wait in a thread that frees nothing more.
//!
//! All zero bytes are an empty outbox, because a thread heap must be that too.

use crate::free_list::Block;
use crate::remote_free::Chain;
use crate::slab::Slab;
use core::ptr::{self, NonNull};

/// How many chains a thread keeps.
pub(super) const WAYS: usize = 4;

/// A chain is sent when it has this many blocks,
const CHAIN_BLOCKS_MAX: usize = 32;

/// or when its blocks have this many bytes together.
const CHAIN_BYTES_MAX: usize = 16 << 10;

/// Bytes between two ways: those between two records, so that the way is found by a mask alone.
const WAY_STRIDE: usize = 128;

/// One chain, or none.
#[repr(C, align(128))]
struct Way {
    /// Whose blocks these are; null if the way is not in use.
    slab: *mut Slab,
    last: *mut Block,
    /// How many more blocks the chain may have.
    room: usize,
    first: *mut Block,
    /// How many blocks it may have in all.
    room_at_first: usize,
}

const _: () = assert!(size_of::<Way>() == WAY_STRIDE);

/// Chains that are not sent yet.
#[repr(C)]
pub(super) struct Outbox {
    ways: [Way; WAYS],
}

/// A chain and whose it is.
#[derive(Clone, Copy)]
pub(super) struct Parcel {
    pub(super) slab: NonNull<Slab>,
    pub(super) chain: Chain,
}

impl Outbox {
    /// No chains.
    pub(super) const fn new() -> Self {
        Outbox { ways: [const { Way::empty() }; WAYS] }
    }

    #[inline(always)]
    fn way(&mut self, slab: *mut Slab) -> &mut Way {
        let index = slab.addr() / WAY_STRIDE % WAYS;
        // SAFETY: needs an index below the number of ways; it is a remainder.
        unsafe { self.ways.get_unchecked_mut(index) }
    }

    /// Whether blocks of the slab wait here.
    #[inline(always)]
    pub(super) fn has_chain(&mut self, slab: NonNull<Slab>) -> bool {
        self.way(slab.as_ptr()).slab == slab.as_ptr()
    }

    /// Adds a block to its slab's chain. Answers whether the chain is to be sent now. One conditional branch, and no access
    /// but to the way and to the chain's last block.
    ///
    /// # Safety
    /// - The slab has a chain here, `block` is one of its blocks, and nobody uses it again.
    #[inline(always)]
    pub(super) unsafe fn put(&mut self, slab: NonNull<Slab>, block: NonNull<Block>) -> bool {
        let way = self.way(slab.as_ptr());
        // SAFETY: needs a pointer that is not null; a way in use has a chain, and the caller promises one.
        let last = unsafe { NonNull::new_unchecked(way.last) };
        // SAFETY: needs a block that nobody else uses; it was put here and not sent.
        unsafe { Block::set_next(last, block.as_ptr()) };
        way.last = block.as_ptr();
        way.room -= 1;
        way.room == 0
    }

    /// Begins a chain with `block`. Answers the chain that is to be sent now: one of another slab that was in the way.
    ///
    /// # Safety
    /// - `block` is a block of `slab` with `block_bytes` bytes, and nobody uses it again.
    /// - The slab has no chain here, and [`chain_blocks`] of its blocks is more than one.
    pub(super) unsafe fn open(
        &mut self,
        slab: NonNull<Slab>,
        block: NonNull<Block>,
        block_bytes: usize,
    ) -> Option<Parcel> {
        let way = self.way(slab.as_ptr());
        let displaced = way.take();
        let room = chain_blocks(block_bytes) - 1;
        *way = Way {
            slab: slab.as_ptr(),
            first: block.as_ptr(),
            last: block.as_ptr(),
            room,
            room_at_first: room,
        };
        displaced
    }

    /// Takes the chain of `slab`.
    pub(super) fn take(&mut self, slab: NonNull<Slab>) -> Option<Parcel> {
        let way = self.way(slab.as_ptr());
        if way.slab == slab.as_ptr() { way.take() } else { None }
    }

    /// Takes any chain; none if the outbox is empty.
    #[inline]
    pub(super) fn take_any(&mut self) -> Option<Parcel> {
        self.ways.iter_mut().find_map(Way::take)
    }
}

impl Way {
    const fn empty() -> Way {
        let (slab, block) = (ptr::null_mut(), ptr::null_mut());
        Way { slab, first: block, last: block, room: 0, room_at_first: 0 }
    }

    #[inline]
    fn take(&mut self) -> Option<Parcel> {
        let slab = NonNull::new(self.slab)?;
        let (first, last) = (NonNull::new(self.first)?, NonNull::new(self.last)?);
        let blocks = 1 + self.room_at_first - self.room;
        self.slab = ptr::null_mut();
        // SAFETY: needs a chain of that many links; `put` wrote one for each block after the first.
        let chain = unsafe { Chain::from_parts(first, last, blocks) };
        Some(Parcel { slab, chain })
    }
}

/// How many blocks of that size a chain may have, at least one.
pub(super) fn chain_blocks(block_bytes: usize) -> usize {
    (CHAIN_BYTES_MAX / block_bytes).clamp(1, CHAIN_BLOCKS_MAX)
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    fn slabs<const N: usize>() -> Box<[Slab; N]> {
        Box::new(core::array::from_fn(|_| Slab::none()))
    }

    fn block(memory: &mut usize) -> NonNull<Block> {
        NonNull::from(memory).cast()
    }

    #[test]
    fn a_chain_is_full_at_32_blocks_or_16_kib() {
        assert_eq!(chain_blocks(16), 32);
        assert_eq!(chain_blocks(512), 32);
        assert_eq!(chain_blocks(1024), 16);
        assert_eq!(chain_blocks(8 << 10), 2);
        assert_eq!(chain_blocks(32 << 10), 1);
        let (slabs, mut memory, mut outbox) = (slabs::<1>(), [0_usize; 16], Outbox::new());
        let slab = NonNull::from(&slabs[0]);
        let [first, rest @ ..] = &mut memory;
        // SAFETY: needs blocks that nobody uses; the test's words are used for nothing else.
        assert!(unsafe { outbox.open(slab, block(first), 1024) }.is_none());
        for (index, word) in rest.iter_mut().enumerate() {
            // SAFETY: as above.
            let put = unsafe { outbox.put(slab, block(word)) };
            assert_eq!(put, index == 14);
        }
        assert_eq!(outbox.take(slab).unwrap().chain.blocks(), 16);
        assert!(outbox.take(slab).is_none() && outbox.take_any().is_none());
    }

    #[test]
    fn a_slab_that_needs_the_way_of_another_displaces_its_chain() {
        let (slabs, mut memory, mut outbox) = (slabs::<5>(), [0_usize; 6], Outbox::new());
        let mut words = memory.iter_mut();
        let mut open = |outbox: &mut Outbox, index: usize| {
            let (slab, word) = (NonNull::from(&slabs[index]), words.next().unwrap());
            assert!(!outbox.has_chain(slab));
            // SAFETY: needs blocks that nobody uses; the test's words are used for nothing else.
            unsafe { outbox.open(slab, block(word), 16) }
        };
        for index in 0..WAYS {
            assert!(open(&mut outbox, index).is_none(), "neighbours have ways of their own");
        }
        let displaced = open(&mut outbox, WAYS).unwrap();
        assert_eq!(displaced.slab, NonNull::from(&slabs[0]));
        assert_eq!(displaced.chain.blocks(), 1);
        assert_eq!(core::iter::from_fn(|| outbox.take_any()).count(), WAYS);
    }
}
