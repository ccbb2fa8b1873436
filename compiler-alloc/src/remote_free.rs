//! Blocks freed by threads that do not own their slab: chains, spliced into one word of the slab.
//!
//! The word holds a pointer to the newest block in its low 48 bits, the number of blocks in its high 16, and in bit 0
//! whether the slab is abandoned. A splice is one compare-and-swap, a drain one exchange.

use crate::free_list::{Block, Chain};
use crate::sync::{AtomicUsize, Ordering};
use core::ptr::NonNull;

/// Set while the slab has no owner.
const ABANDONED: usize = 1;
const COUNT_SHIFT: u32 = 48;
const ADDRESS: usize = (1 << COUNT_SHIFT) - 1 - ABANDONED;

/// What a drain found.
#[derive(Clone, Copy)]
pub(crate) struct Drained {
    /// The blocks, the newest first; null if there were none.
    pub(crate) chain: Chain,
    /// How many blocks were counted.
    pub(crate) blocks: u32,
    /// Whether the slab was abandoned.
    pub(crate) abandoned: bool,
}

/// The word of a slab into which other threads put blocks.
pub(crate) struct RemoteWord(AtomicUsize);

impl RemoteWord {
    crate::sync::const_fn! {
        /// A word without blocks, of a slab that has an owner.
        pub(crate) const fn new() -> Self {
            RemoteWord(AtomicUsize::new(0))
        }
    }

    /// Whether there may be blocks. One load.
    #[inline]
    pub(crate) fn has_blocks(&self) -> bool {
        self.0.load(Ordering::Relaxed) & ADDRESS != 0
    }

    /// Puts a chain of `blocks` blocks before those that wait. Answers whether the slab was abandoned at that moment.
    ///
    /// # Safety
    /// - The chain leads from `first` to `last`, and nobody else uses its blocks, which belong to the word's slab.
    pub(crate) unsafe fn splice(&self, first: NonNull<Block>, last: NonNull<Block>, blocks: u32) -> bool {
        let mut old = self.0.load(Ordering::Relaxed);
        loop {
            let waiting = core::ptr::with_exposed_provenance_mut::<Block>(old & ADDRESS);
            // SAFETY: needs a block that is ours; the caller promises that for the whole chain.
            unsafe { Block::set_next(last, waiting) };
            let count = (old >> COUNT_SHIFT) + blocks as usize;
            let new = first.as_ptr().expose_provenance() | count << COUNT_SHIFT | old & ABANDONED;
            match self.0.compare_exchange_weak(old, new, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return old & ABANDONED != 0,
                Err(now) => old = now,
            }
        }
    }

    /// Takes every block, and leaves the slab with or without an owner. One exchange.
    pub(crate) fn drain(&self, abandon: bool) -> Drained {
        let old = self.0.swap(usize::from(abandon), Ordering::AcqRel);
        Drained {
            chain: core::ptr::with_exposed_provenance_mut(old & ADDRESS),
            blocks: (old >> COUNT_SHIFT) as u32,
            abandoned: old & ABANDONED != 0,
        }
    }
}
