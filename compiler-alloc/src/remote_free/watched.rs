//! Blocks for the models of chains. Each has a cell beside it, which its holder touches: if two holders are not ordered, the
//! model checker says so.

use super::{Chain, Waiting};
use crate::free_list::Block;
use core::ops::Range;
use core::ptr::NonNull;
use loom::cell::UnsafeCell;

const BLOCKS: usize = 4;

#[repr(C)]
struct WatchedBlock {
    link: core::cell::UnsafeCell<usize>,
    contents: UnsafeCell<usize>,
}

/// The blocks of one model, which hands each of them from holder to holder.
pub(crate) struct WatchedBlocks([WatchedBlock; BLOCKS]);

// SAFETY: needs that calls from several threads do not race; links are reached only by the protocol that is modelled, and every
// change of a block's holder is watched through its cell, which is the point.
unsafe impl Sync for WatchedBlocks {}
// SAFETY: as above; a block's memory belongs to no thread.
unsafe impl Send for WatchedBlocks {}

impl WatchedBlocks {
    pub(crate) fn new() -> Self {
        WatchedBlocks(core::array::from_fn(|_| WatchedBlock {
            link: core::cell::UnsafeCell::new(0),
            contents: UnsafeCell::new(0),
        }))
    }

    fn block(&self, index: usize) -> NonNull<Block> {
        NonNull::new(self.0[index].link.get()).unwrap().cast()
    }

    /// What a holder does with its block: writes it.
    fn use_block(&self, block: NonNull<Block>) {
        let index = (block.as_ptr().addr() - self.block(0).as_ptr().addr()) / size_of::<WatchedBlock>();
        // SAFETY: needs a live cell; the checker reports accesses that are not ordered.
        self.0[index].contents.with_mut(|contents| unsafe { *contents += 1 });
    }

    /// Uses blocks and links them to a chain, the last one's link apart. The caller holds them.
    pub(crate) fn chain(&self, indices: Range<usize>) -> Chain {
        for index in indices.clone() {
            self.use_block(self.block(index));
            if index > indices.start {
                // SAFETY: needs blocks that nobody else uses; a model chains blocks that it holds.
                unsafe { Block::set_next(self.block(index - 1), self.block(index).as_ptr()) };
            }
        }
        let (first, last) = (self.block(indices.start), self.block(indices.end - 1));
        // SAFETY: needs that many links from the first to the last; they were just written.
        unsafe { Chain::from_parts(first, last, indices.len()) }
    }

    /// Uses every block of what was taken, once, and counts them.
    pub(crate) fn use_all(&self, waiting: Waiting) -> usize {
        let mut next = waiting.first;
        let mut blocks = 0;
        while let Some(block) = next {
            self.use_block(block);
            blocks += 1;
            // SAFETY: needs a block that nobody else uses; it was taken.
            next = NonNull::new(unsafe { Block::next(block) });
        }
        assert_eq!(blocks, waiting.blocks, "the count is exact");
        blocks
    }
}
