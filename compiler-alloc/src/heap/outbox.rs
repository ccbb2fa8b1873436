//! Blocks of other threads' slabs on their way back: a few private chains, one a slab.
//!
//! A thread that frees a block of somebody else's slab keeps it in a *way*, chosen by the address of the slab's record, so
//! that blocks of one slab travel as one chain and cost one compare-and-swap together. A chain is sent when it has
//! [`CHAIN_BLOCKS_MAX`] blocks or [`CHAIN_BYTES_MAX`] bytes and one more comes, when a block of another slab needs its way,
//! and at every drain point of the thread. So at most [`WAYS`] chains of that size wait in a thread that frees nothing more.
//!
//! A way in use always has a block, so its slab, and with it the slab's record, stays what it is. All zero bytes are an
//! empty outbox, because a thread heap must be that too.

use crate::free_list::Block;
use crate::remote_free::Chain;
use crate::size_class::{CLASSES, SizeClass};
use crate::slab::Slab;
use core::ptr::{self, NonNull};

/// How many chains a thread keeps.
pub(super) const WAYS: usize = 32;

/// A chain has at most this many blocks,
const CHAIN_BLOCKS_MAX: usize = 32;

/// and its blocks have at most this many bytes together.
const CHAIN_BYTES_MAX: usize = 16 << 10;

/// Bytes between two records of slabs: neighbours get ways of their own.
const RECORD_STRIDE: usize = 128;

/// How much of a chain is still to come.
#[derive(Clone, Copy)]
#[repr(C)]
struct Room {
    /// One more than the blocks that still fit into the chain.
    left: u32,
    /// How many blocks fit in all.
    blocks_max: u32,
}

/// Chains that are not sent yet. A way is one entry of each array, because an index beside a constant costs nothing, while
/// the address of a record of 32 bytes has to be computed.
#[repr(C)]
pub(super) struct Outbox {
    /// Whose blocks these are; null if the way is not in use.
    slabs: [*mut Slab; WAYS],
    lasts: [*mut Block; WAYS],
    rooms: [Room; WAYS],
    firsts: [*mut Block; WAYS],
    /// One bit for each way in use.
    in_use: u32,
}

const _: () = assert!(size_of::<Room>() == size_of::<*mut Block>() && WAYS.is_power_of_two());

/// A chain and whose it is.
#[derive(Clone, Copy)]
pub(super) struct Parcel {
    pub(super) slab: NonNull<Slab>,
    pub(super) chain: Chain,
}

/// The way of the blocks of a slab. Not by the block's address: what the fast path of a free has computed of it would have to
/// stay alive until here, and costs that path an instruction.
#[inline(always)]
fn way_of(slab: NonNull<Slab>) -> usize {
    slab.as_ptr().addr() / RECORD_STRIDE % WAYS
}

impl Outbox {
    /// No chains.
    pub(super) const fn new() -> Self {
        Outbox {
            slabs: [ptr::null_mut(); WAYS],
            lasts: [ptr::null_mut(); WAYS],
            rooms: [Room { left: 0, blocks_max: 0 }; WAYS],
            firsts: [ptr::null_mut(); WAYS],
            in_use: 0,
        }
    }

    /// Whether blocks of the slab wait here.
    #[inline(always)]
    pub(super) fn has_chain(&self, slab: NonNull<Slab>) -> bool {
        self.slabs[way_of(slab)] == slab.as_ptr()
    }

    /// Adds a block to its slab's chain, if there is room. If not, [`replace`](Self::replace) the chain. One conditional
    /// branch, and no access but to the way and to the chain's last block.
    ///
    /// # Safety
    /// - The slab has a chain here, `block` is one of its blocks, and nobody uses it again.
    #[inline(always)]
    pub(super) unsafe fn put(&mut self, slab: NonNull<Slab>, block: NonNull<Block>) -> bool {
        let way = way_of(slab);
        let room = &mut self.rooms[way];
        room.left -= 1;
        if room.left == 0 {
            return false;
        }
        let last = &mut self.lasts[way];
        // SAFETY: needs a pointer that is not null; a way in use has a chain, and the caller promises one.
        let before = unsafe { NonNull::new_unchecked(*last) };
        // SAFETY: needs a block that nobody else uses; it was put here and not sent.
        unsafe { Block::set_next(before, block.as_ptr()) };
        *last = block.as_ptr();
        true
    }

    /// Begins a new chain with a block for which there was no room. Answers the old chain, which is to be sent now; nothing,
    /// and changes nothing, if the block is the last one of the old chain already, because it was freed twice.
    ///
    /// # Safety
    /// - As [`put`](Self::put), which just answered `false` for this block.
    pub(super) unsafe fn replace(&mut self, slab: NonNull<Slab>, block: NonNull<Block>) -> Option<Parcel> {
        let way = way_of(slab);
        // As if the block had not been tried.
        self.rooms[way].left = 1;
        if self.lasts[way] == block.as_ptr() {
            return None;
        }
        let full = self.parcel(way);
        self.begin(way, slab, block, self.rooms[way].blocks_max);
        full
    }

    /// Begins a chain with the first block of a slab. Answers the chain that is to be sent now: one of another slab that was
    /// in the way.
    ///
    /// # Safety
    /// - `block` is a block of `slab`, and nobody uses it again.
    /// - The slab has no chain here, and `blocks_max` is [`chain_blocks`] of the size of its blocks.
    pub(super) unsafe fn open(
        &mut self,
        slab: NonNull<Slab>,
        block: NonNull<Block>,
        blocks_max: u32,
    ) -> Option<Parcel> {
        let way = way_of(slab);
        self.in_use |= 1 << way;
        let displaced = self.parcel(way);
        self.begin(way, slab, block, blocks_max);
        displaced
    }

    /// Takes any chain; none if the outbox is empty.
    #[inline]
    pub(super) fn take_any(&mut self) -> Option<Parcel> {
        if self.in_use == 0 {
            return None;
        }
        let way = self.in_use.trailing_zeros() as usize % WAYS;
        self.in_use &= self.in_use - 1;
        let parcel = self.parcel(way);
        self.slabs[way] = ptr::null_mut();
        parcel
    }

    #[inline]
    fn begin(&mut self, way: usize, slab: NonNull<Slab>, block: NonNull<Block>, blocks_max: u32) {
        self.slabs[way] = slab.as_ptr();
        self.firsts[way] = block.as_ptr();
        self.lasts[way] = block.as_ptr();
        self.rooms[way] = Room { left: blocks_max, blocks_max };
    }

    /// What is in a way, which the caller makes anew.
    #[inline]
    fn parcel(&self, way: usize) -> Option<Parcel> {
        let slab = NonNull::new(self.slabs[way])?;
        let (first, last) = (NonNull::new(self.firsts[way])?, NonNull::new(self.lasts[way])?);
        let Room { left, blocks_max } = self.rooms[way];
        let blocks = 1 + blocks_max - left;
        // SAFETY: needs a chain of that many links; `put` wrote one for each block after the first.
        let chain = unsafe { Chain::from_parts(first, last, blocks as usize) };
        Some(Parcel { slab, chain })
    }
}

/// How many blocks of a class a chain may have, at least one.
#[inline]
pub(super) fn chain_blocks(class: SizeClass) -> u32 {
    CHAIN_BLOCKS[class.index()].into()
}

/// A division for each chain would cost as much as all else of beginning one.
static CHAIN_BLOCKS: [u8; CLASSES] = {
    let mut table = [1; CLASSES];
    let mut index = 1;
    while let Some(class) = SizeClass::from_index(index) {
        let blocks = CHAIN_BYTES_MAX / class.block_bytes();
        table[index] = if blocks > CHAIN_BLOCKS_MAX {
            CHAIN_BLOCKS_MAX
        } else if blocks > 0 {
            blocks
        } else {
            1
        } as u8;
        index += 1;
    }
    table
};

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    fn slabs<const N: usize>() -> Box<[Slab; N]> {
        Box::new(core::array::from_fn(|_| Slab::none()))
    }

    fn class(bytes: usize) -> SizeClass {
        SizeClass::of_bytes(bytes).unwrap()
    }

    /// Words that are blocks.
    struct Blocks<const N: usize>([usize; N]);

    impl<const N: usize> Blocks<N> {
        fn block(&mut self, number: usize) -> NonNull<Block> {
            NonNull::from(&mut self.0[number]).cast()
        }
    }

    #[test]
    fn a_chain_is_full_at_32_blocks_or_16_kib() {
        assert_eq!(chain_blocks(class(16)), 32);
        assert_eq!(chain_blocks(class(512)), 32);
        assert_eq!(chain_blocks(class(1024)), 16);
        assert_eq!(chain_blocks(class(8 << 10)), 2);
        assert_eq!(chain_blocks(class(32 << 10)), 1);
        let (slabs, mut memory, mut outbox) = (slabs::<1>(), Blocks([0; 17]), Outbox::new());
        let slab = NonNull::from(&slabs[0]);
        // SAFETY: needs blocks that nobody uses; the test's words are used for nothing else.
        assert!(unsafe { outbox.open(slab, memory.block(0), chain_blocks(class(1024))) }.is_none());
        for number in 1..16 {
            // SAFETY: as above.
            assert!(unsafe { outbox.put(slab, memory.block(number)) });
        }
        // SAFETY: as above.
        assert!(!unsafe { outbox.put(slab, memory.block(16)) });
        // SAFETY: as above.
        let full = unsafe { outbox.replace(slab, memory.block(16)) };
        assert_eq!(full.unwrap().chain.blocks(), 16);
        assert!(outbox.has_chain(slab));
        assert_eq!(outbox.take_any().unwrap().chain.blocks(), 1);
        assert!(!outbox.has_chain(slab) && outbox.take_any().is_none());
    }

    #[test]
    fn the_last_block_of_a_full_chain_does_not_begin_the_next_one_too() {
        let (slabs, mut memory, mut outbox) = (slabs::<1>(), Blocks([0; 17]), Outbox::new());
        let slab = NonNull::from(&slabs[0]);
        // SAFETY: needs blocks that nobody uses; the test's words are used for nothing else.
        assert!(unsafe { outbox.open(slab, memory.block(0), 2) }.is_none());
        // SAFETY: as above.
        assert!(unsafe { outbox.put(slab, memory.block(1)) });
        for _ in 0..2 {
            // SAFETY: as above.
            assert!(!unsafe { outbox.put(slab, memory.block(1)) });
            // SAFETY: as above.
            assert!(unsafe { outbox.replace(slab, memory.block(1)) }.is_none());
        }
        assert_eq!(outbox.take_any().unwrap().chain.blocks(), 2);
        assert!(outbox.take_any().is_none());
    }

    #[test]
    fn a_slab_that_needs_the_way_of_another_displaces_its_chain() {
        let (slabs, mut memory, mut outbox) = (slabs::<{ WAYS + 1 }>(), Blocks([0; WAYS + 1]), Outbox::new());
        let mut open = |outbox: &mut Outbox, index: usize| {
            let (slab, block) = (NonNull::from(&slabs[index]), memory.block(index));
            assert!(!outbox.has_chain(slab));
            // SAFETY: needs blocks that nobody uses; the test's words are used for nothing else.
            unsafe { outbox.open(slab, block, 32) }
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
