//! Blocks that come back from other threads: one word a slab, a chain at a time.
//!
//! ```text
//!  word of a slab   | count : 16 | address of the newest chain's first block : 47 | ABANDONED : 1 |
//!
//!  freeing thread   A -> B -> C         a private chain, oldest first; nobody else sees it
//!  splice           A -> B -> C -> D -> E -> null      one compare-and-swap puts it before what waits already
//!  owner, drain     one exchange takes everything, with the count; an empty word costs a load
//! ```
//!
//! | word | meaning | who may change it, and how |
//! |---|---|---|
//! | 0 | owned, nothing waits | anybody: [`splice`](RemoteWord::splice) |
//! | first block and count | owned, a chain waits | anybody: `splice`; the owner: [`drain`](RemoteWord::drain) |
//! | `ABANDONED` | no owner, nothing waits | holder of the heap lock: [`adopt`](RemoteWord::adopt) |
//!
//! The owner abandons with the exchange that also takes the chain, holding the heap lock, so no chain is ever behind the
//! mark, and whoever meets the mark takes the heap lock and merges its chain into the slab itself. That is how a thread
//! that only frees can be the one that finds the slab empty.
//!
//! *Ordering.* A splice releases what the freeing thread did with the blocks and their links; taking the chain acquires it
//! from all who spliced since the last exchange, because compare-and-swap continues the release sequence of the ones
//! before. A splice may compare successfully with a word that was drained and filled again in between: the link it wrote
//! names the block that the word names, which is all that is needed.
//!
//! *Double frees.* A chain is kept in the order of the frees, so that freeing its newest block again only writes that
//! block's link twice: the next splice or push sets it right, no block is in the chain twice, and only the count is one
//! too large. The count is therefore an upper bound of the blocks of a chain after misuse, and exact without it.

use crate::free_list::Block;
use crate::sync::{AtomicPtr, Ordering, const_fn};
use core::ptr::{self, NonNull};

/// Marks a slab without owner. Blocks begin at multiples of at least 8, so an address leaves the bit free.
const ABANDONED: usize = 1;

/// Where the count begins: above every address that a process on the supported systems is given.
const COUNT_SHIFT: u32 = 48;

const ADDRESS_MASK: usize = ((1_usize << COUNT_SHIFT) - 1) & !ABANDONED;

/// Blocks of one slab that were freed one after the other, linked oldest first. The last link is not written yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Chain {
    first: NonNull<Block>,
    last: NonNull<Block>,
    blocks: usize,
}

impl Chain {
    /// A chain of one block.
    #[inline]
    pub(crate) fn of(block: NonNull<Block>) -> Chain {
        Chain { first: block, last: block, blocks: 1 }
    }

    /// A chain that its parts describe.
    ///
    /// # Safety
    /// - `first` leads over `blocks - 1` links to `last`; all of them are blocks of one slab that nobody else uses.
    #[inline]
    pub(crate) unsafe fn from_parts(first: NonNull<Block>, last: NonNull<Block>, blocks: usize) -> Chain {
        Chain { first, last, blocks }
    }

    /// How many blocks.
    #[cfg(all(test, not(any(loom, shuttle))))]
    pub(crate) fn blocks(&self) -> usize {
        self.blocks
    }

    /// Closes the chain, so that it can be walked.
    ///
    /// # Safety
    /// - Nobody else uses a block of the chain.
    pub(crate) unsafe fn closed(self) -> Waiting {
        // SAFETY: needs a block that nobody else uses; the caller vouches for it.
        unsafe { self.link_last_to(ptr::null_mut()) };
        Waiting { first: Some(self.first), blocks: self.blocks }
    }

    /// # Safety
    /// - Nobody else uses the last block.
    #[inline]
    unsafe fn link_last_to(&self, next: *mut Block) {
        // SAFETY: needs a block that nobody else uses; the caller vouches for the last one.
        unsafe { Block::set_next(self.last, next) };
    }
}

/// What a drain took: blocks linked up to a null link, newest chain first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Waiting {
    /// The first block, or nothing.
    pub(crate) first: Option<NonNull<Block>>,
    /// How many blocks: exact, or too large after a double free.
    pub(crate) blocks: usize,
}

impl Waiting {
    /// Nothing.
    pub(crate) const NONE: Waiting = Waiting { first: None, blocks: 0 };

    /// Whether the blocks are as many as were counted. If not, one of them was freed twice, and the links may form a loop.
    ///
    /// # Safety
    /// - Nobody else uses the blocks, and the last link is null.
    #[inline]
    pub(crate) unsafe fn ends(&self) -> bool {
        let (mut next, mut left) = (self.first, self.blocks);
        while let Some(block) = next.filter(|_| left > 0) {
            // SAFETY: needs a written link; the caller promises blocks that are linked up to a null link.
            next = NonNull::new(unsafe { Block::next(block) });
            left -= 1;
        }
        next.is_none() && left == 0
    }

    /// The same blocks, counted by a walk.
    ///
    /// # Safety
    /// - As [`ends`](Self::ends).
    pub(crate) unsafe fn counted(self) -> Waiting {
        let (mut blocks, mut next) = (0, self.first);
        while let Some(block) = next.filter(|_| blocks < self.blocks) {
            blocks += 1;
            // SAFETY: needs a written link; the caller promises blocks that are linked up to a null link.
            next = NonNull::new(unsafe { Block::next(block) });
        }
        Waiting { first: self.first, blocks }
    }

    /// The first block with the count beside it, as a remote word has them. Null if there is no block.
    #[inline]
    pub(crate) fn into_word(self) -> *mut Block {
        let first = self.first.map_or(ptr::null_mut(), NonNull::as_ptr);
        first.map_addr(|bits| bits | self.blocks << COUNT_SHIFT)
    }

    /// As a chain again, which ends at the last block that the count allows. Cost: a walk.
    ///
    /// # Safety
    /// - Nobody else uses the blocks, and the last link is null.
    pub(crate) unsafe fn into_chain(self) -> Option<Chain> {
        let mut last = self.first?;
        for _ in 1..self.blocks {
            // SAFETY: needs a written link; the caller promises blocks that are linked up to a null link.
            let Some(next) = NonNull::new(unsafe { Block::next(last) }) else { break };
            last = next;
        }
        self.first.map(|first| Chain { first, last, blocks: self.blocks })
    }

    /// What [`into_word`](Self::into_word) made a word of.
    #[inline]
    pub(crate) fn of_word(word: *mut Block) -> Waiting {
        let first = NonNull::new(word.map_addr(|bits| bits & ADDRESS_MASK));
        Waiting { first, blocks: word.addr() >> COUNT_SHIFT }
    }
}

/// The slab has no owner: take the heap lock and merge the chain into the slab.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Abandoned;

/// The remote word of one slab. A null pointer is an owned slab's word with nothing waiting, so zeroed memory is valid.
#[repr(transparent)]
pub(crate) struct RemoteWord(AtomicPtr<Block>);

impl RemoteWord {
    const_fn! {
        /// The word of a slab that has an owner; nothing waits.
        pub(crate) const fn new() -> Self {
            RemoteWord(AtomicPtr::new(ptr::null_mut()))
        }
    }

    /// Puts a chain before what waits already, by one compare-and-swap unless other threads are at it too.
    ///
    /// # Errors
    /// [`Abandoned`] if the slab has no owner; the chain is still the caller's. Holding the heap lock, the caller may ask
    /// again, and the answer stays true until it opens the lock.
    ///
    /// # Safety
    /// - The blocks of the chain belong to the word's slab, and nobody else uses them.
    /// - After success the caller uses none of them again.
    #[inline]
    pub(crate) unsafe fn splice(&self, chain: Chain) -> Result<(), Abandoned> {
        const { assert!(usize::BITS == 64, "the word holds a count beside the address") };
        debug_assert_eq!(chain.first.as_ptr().addr() & !ADDRESS_MASK, 0);
        let mut seen = self.0.load(Ordering::Relaxed);
        loop {
            if seen.addr() & ABANDONED != 0 {
                return Err(Abandoned);
            }
            // SAFETY: needs a block that nobody else uses; the caller vouches for it until the word is exchanged.
            unsafe { chain.link_last_to(seen.map_addr(|bits| bits & ADDRESS_MASK)) };
            let count = (seen.addr() & !ADDRESS_MASK).wrapping_add(chain.blocks << COUNT_SHIFT);
            let spliced = chain.first.as_ptr().map_addr(|bits| bits | count);
            match self.0.compare_exchange_weak(seen, spliced, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return Ok(()),
                Err(now) => seen = now,
            }
        }
    }

    /// Takes everything that waits. Without a locked operation if nothing does.
    ///
    /// For the owner, or for the holder of the heap lock if there is none.
    #[inline]
    pub(crate) fn drain(&self) -> Waiting {
        if self.has_waiting() { self.take() } else { Waiting::NONE }
    }

    /// Takes what waits, by one exchange.
    #[inline]
    fn take(&self) -> Waiting {
        Waiting::of_word(self.0.swap(ptr::null_mut(), Ordering::Acquire))
    }

    /// Whether a drain would take something: a load, and possibly out of date.
    #[inline]
    pub(crate) fn has_waiting(&self) -> bool {
        self.0.load(Ordering::Relaxed).addr() & ADDRESS_MASK != 0
    }

    /// How many blocks a drain would take: a load, and possibly out of date.
    #[inline]
    pub(crate) fn waiting_blocks(&self) -> usize {
        self.0.load(Ordering::Relaxed).addr() >> COUNT_SHIFT
    }

    /// Marks the slab as abandoned and takes everything that waits.
    ///
    /// For the owner, holding the heap lock.
    pub(crate) fn abandon(&self) -> Waiting {
        Waiting::of_word(self.0.swap(ptr::without_provenance_mut(ABANDONED), Ordering::Acquire))
    }

    /// Takes the mark away: from now on other threads splice again.
    ///
    /// For the holder of the heap lock. Nothing waits behind the mark.
    pub(crate) fn adopt(&self) {
        debug_assert!(self.is_abandoned());
        self.0.store(ptr::null_mut(), Ordering::Relaxed);
    }

    /// Whether the slab has no owner. True for as long as the heap lock is held, if it is.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.0.load(Ordering::Relaxed).addr() == ABANDONED
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn storage<const N: usize>() -> [usize; N] {
        [0; N]
    }

    fn chain_of(blocks: &[NonNull<Block>]) -> Chain {
        for pair in blocks.windows(2) {
            // SAFETY: needs blocks that nobody else uses; the test owns them.
            unsafe { Block::set_next(pair[0], pair[1].as_ptr()) };
        }
        // SAFETY: needs that many links from the first to the last; they were just written.
        unsafe { Chain::from_parts(blocks[0], blocks[blocks.len() - 1], blocks.len()) }
    }

    fn splice(word: &RemoteWord, blocks: &[NonNull<Block>]) -> Result<(), Abandoned> {
        // SAFETY: needs blocks that nobody else uses; the test owns them.
        unsafe { word.splice(chain_of(blocks)) }
    }

    fn walk(waiting: Waiting) -> Vec<NonNull<Block>> {
        let mut blocks = Vec::new();
        let mut next = waiting.first;
        while let Some(block) = next {
            assert!(blocks.len() < 100, "a loop");
            blocks.push(block);
            // SAFETY: needs a block that nobody else uses; the test owns them.
            next = NonNull::new(unsafe { Block::next(block) });
        }
        blocks
    }

    #[test]
    fn chains_wait_newest_first_and_come_out_whole() {
        let mut memory = storage::<6>();
        let b = memory.each_mut().map(|word| NonNull::from(word).cast::<Block>());
        let word = RemoteWord::new();
        assert_eq!(word.drain(), Waiting::NONE);
        splice(&word, &b[0..1]).unwrap();
        splice(&word, &b[1..4]).unwrap();
        assert!(word.has_waiting());
        let taken = word.drain();
        assert_eq!(taken.blocks, 4);
        assert_eq!(walk(taken), [b[1], b[2], b[3], b[0]]);
        assert!(!word.has_waiting());
        splice(&word, &b[4..6]).unwrap();
        assert_eq!(walk(word.drain()), b[4..6]);
    }

    #[test]
    fn an_abandoned_word_refuses_chains_until_it_is_adopted() {
        let mut memory = storage::<3>();
        let b = memory.each_mut().map(|word| NonNull::from(word).cast::<Block>());
        let word = RemoteWord::new();
        splice(&word, &b[0..2]).unwrap();
        assert!(!word.is_abandoned());
        assert_eq!(walk(word.abandon()), b[0..2]);
        assert!(word.is_abandoned());
        assert!(!word.has_waiting());
        assert_eq!(splice(&word, &b[2..3]), Err(Abandoned));
        assert_eq!(word.drain(), Waiting::NONE);
        assert!(word.is_abandoned(), "draining leaves the mark");
        word.adopt();
        assert!(!word.is_abandoned());
        splice(&word, &b[2..3]).unwrap();
        assert_eq!(walk(word.drain()), b[2..3]);
    }

    #[test]
    fn freeing_the_newest_block_of_a_chain_again_yields_no_block_twice() {
        let mut memory = storage::<4>();
        let b = memory.each_mut().map(|word| NonNull::from(word).cast::<Block>());
        let word = RemoteWord::new();
        splice(&word, &[b[0]]).unwrap();
        splice(&word, &[b[1], b[2], b[2]]).unwrap();
        splice(&word, &[b[3], b[3]]).unwrap();
        let taken = word.drain();
        assert_eq!(walk(taken), [b[3], b[1], b[2], b[0]]);
        assert_eq!(taken.blocks, 6, "the count is an upper bound");
    }

    #[test]
    fn a_closed_chain_can_be_walked() {
        let mut memory = storage::<3>();
        let b = memory.each_mut().map(|word| NonNull::from(word).cast::<Block>());
        // SAFETY: needs blocks that nobody else uses; the test owns them.
        let waiting = unsafe { chain_of(&b).closed() };
        assert_eq!(waiting.blocks, 3);
        assert_eq!(walk(waiting), b);
    }
}

#[cfg(all(test, loom))]
pub(crate) mod watched;

#[cfg(all(test, loom))]
mod loom_models {
    //! Every interleaving of freeing threads with the owner's drain, abandon and an adopter, over [`WatchedBlocks`].

    use super::watched::WatchedBlocks;
    use super::*;
    use loom::sync::{Arc, Mutex};
    use loom::thread;

    /// What the heap lock guards of a slab: blocks that came back, and whether the slab was adopted.
    struct Merged {
        blocks: usize,
        owned: bool,
    }

    struct Model {
        word: RemoteWord,
        blocks: WatchedBlocks,
        lock: Mutex<Merged>,
    }

    impl Model {
        fn new() -> Arc<Model> {
            Arc::new(Model {
                word: RemoteWord::new(),
                blocks: WatchedBlocks::new(),
                lock: Mutex::new(Merged { blocks: 0, owned: true }),
            })
        }

        /// Frees blocks as a chain; to the slab itself, under the lock, if it has no owner. Answers whether the lock was needed.
        fn free(&self, indices: core::ops::Range<usize>) -> bool {
            let chain = self.blocks.chain(indices);
            // SAFETY: needs blocks that nobody else uses; each model frees each block once.
            if unsafe { self.word.splice(chain) }.is_ok() {
                return false;
            }
            let mut merged = self.lock.lock().unwrap();
            // SAFETY: as above; the chain was not taken.
            if unsafe { self.word.splice(chain) }.is_err() {
                assert!(!merged.owned);
                // SAFETY: as above.
                merged.blocks += self.blocks.use_all(unsafe { chain.closed() });
            } else {
                assert!(merged.owned);
            }
            true
        }

        fn abandon(&self) {
            let mut merged = self.lock.lock().unwrap();
            merged.blocks += self.blocks.use_all(self.word.abandon());
            merged.owned = false;
        }

        fn adopt(&self) {
            let mut merged = self.lock.lock().unwrap();
            if self.word.is_abandoned() {
                assert!(!merged.owned);
                self.word.adopt();
                merged.owned = true;
            }
        }
    }

    #[test]
    fn loom_spliced_chains_are_drained_once_each() {
        loom::model(|| {
            let model = Model::new();
            let others: Vec<_> = [0..2, 2..3]
                .map(|indices| {
                    let model = model.clone();
                    thread::spawn(move || model.free(indices))
                })
                .into();
            // Not `drain`: the checker follows only the last access of a word, and would let a load hide what came before.
            let mut blocks = model.blocks.use_all(model.word.take());
            blocks += model.blocks.use_all(model.word.take());
            for other in others {
                assert!(!other.join().unwrap());
            }
            blocks += model.blocks.use_all(model.word.drain());
            assert_eq!(blocks, 3);
            assert!(!model.word.has_waiting());
        });
    }

    #[test]
    fn loom_a_block_that_was_drained_and_freed_again_is_spliced_rightly() {
        loom::model(|| {
            let model = Model::new();
            model.free(0..1);
            let other = {
                let model = model.clone();
                thread::spawn(move || model.free(1..3))
            };
            // The owner takes block 0 and gives it to somebody who frees it: the word may be what `other` read before.
            let mut blocks = model.blocks.use_all(model.word.take());
            model.free(0..1);
            other.join().unwrap();
            blocks += model.blocks.use_all(model.word.drain());
            assert_eq!(blocks, 4, "block 0 twice, once for each time it was freed");
        });
    }

    #[test]
    fn loom_a_chain_meets_an_owner_that_leaves() {
        loom::model(|| {
            let model = Model::new();
            let others: Vec<_> = [0..2, 2..3]
                .map(|indices| {
                    let model = model.clone();
                    thread::spawn(move || model.free(indices))
                })
                .into();
            model.abandon();
            others.into_iter().for_each(|other| {
                other.join().unwrap();
            });
            assert!(model.word.is_abandoned());
            assert_eq!(
                model.lock.lock().unwrap().blocks,
                3,
                "every block was merged, by whoever found the mark"
            );
        });
    }

    #[test]
    fn loom_a_chain_meets_an_owner_that_leaves_and_one_that_comes() {
        loom::model(|| {
            let model = Model::new();
            let freer = {
                let model = model.clone();
                thread::spawn(move || model.free(0..2))
            };
            let adopter = {
                let model = model.clone();
                thread::spawn(move || model.adopt())
            };
            model.free(2..3);
            model.abandon();
            freer.join().unwrap();
            adopter.join().unwrap();
            let waiting = model.blocks.use_all(model.word.drain());
            let merged = model.lock.lock().unwrap();
            assert_eq!(merged.blocks + waiting, 3);
            assert_eq!(merged.owned, !model.word.is_abandoned());
        });
    }
}
