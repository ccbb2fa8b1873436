//! Transfer caches: full chains of remotely freed blocks, on offer to whichever thread needs blocks of that class next.
//!
//! ```text
//!  freeing thread ── full chain ──> | batch | batch |  -  |  -  |  -  |  -  |  -  |  -  |  <── refill of any thread
//!                        │              one cache line a class: BATCHES_MAX words
//!                        └── no room: to the slab's owner, by its remote word
//! ```
//!
//! A batch is one chain of one slab's blocks, never cut: it has as many blocks as the outbox lets a chain have. Its blocks
//! count as used in their slab for as long as they are here and while whoever took them has them in a list; so the counting
//! equation of [`slab`](crate::slab) and the local paths know nothing of this file.
//!
//! | word | meaning | who may change it, and how |
//! |---|---|---|
//! | 0 | no batch | anybody: a compare-and-swap puts one |
//! | first block and count | a batch, linked up to a null link | anybody: an exchange takes it, and then has it alone |
//!
//! *Equation:* batches that came in = [`hits`](TransferCounts::hits) + [`sent_home`](TransferCounts::sent_home) +
//! [`waiting`](TransferCounts::waiting).
//!
//! *Ordering.* Putting releases what the freeing thread did with the blocks and their links, taking acquires it. Words do not
//! depend on each other, and a word that was emptied and filled again between a look and an exchange is as good as before.
//!
//! Whether a heap has such a cache is a type: [`Direct`] has none, and its heap compiles to code without a trace of it.

use crate::free_list::Block;
use crate::remote_free::{Chain, Waiting};
use crate::size_class::{CLASSES, SizeClass};
use crate::sync::{AtomicBool, AtomicPtr, AtomicUsize, Ordering, array_of, const_fn};
use core::ptr;

/// How many batches wait of one class at most: as many words as one cache line has.
pub const BATCHES_MAX: usize = 8;

/// How a heap's chains of remotely freed blocks travel: [`Direct`], or through a [`TransferCache`]. There are no others.
pub trait Transfer: Sync + sealed::Sealed {
    /// The transfer cache, if there is one. Constant, so that a heap without one has no code for it.
    fn cache(&self) -> Option<&TransferCache>;
}

/// One that lies elsewhere: a static of its own, which is all zero.
impl Transfer for &TransferCache {
    #[inline(always)]
    fn cache(&self) -> Option<&TransferCache> {
        Some(self)
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Direct {}
    impl Sealed for super::TransferCache {}
    impl Sealed for &super::TransferCache {}
}

impl Transfer for Direct {
    #[inline(always)]
    fn cache(&self) -> Option<&TransferCache> {
        None
    }
}

impl Transfer for TransferCache {
    #[inline(always)]
    fn cache(&self) -> Option<&TransferCache> {
        Some(self)
    }
}

/// No transfer cache: every chain goes to the owner of its slab.
#[derive(Clone, Copy, Default, Debug)]
pub struct Direct;

/// A transfer cache, for heaps whose threads free each other's blocks. See the module.
pub struct TransferCache {
    /// Not open to new batches.
    closed: AtomicBool,
    /// Whether a batch ever came in. Until then nothing waits, and nobody looks at the lines.
    has_been_used: AtomicBool,
    lines: [Line; CLASSES],
}

/// The batches of one class, and beside them, in a line of their own, what became of earlier ones.
#[repr(C, align(64))]
struct Line {
    batches: [AtomicPtr<Block>; BATCHES_MAX],
    counts: Counts,
}

/// What became of the batches of one class.
#[repr(align(64))]
struct Counts {
    hits: AtomicUsize,
    misses: AtomicUsize,
    overflows: AtomicUsize,
    sent_home: AtomicUsize,
}

const _: () = assert!(size_of::<Line>() == 128 || crate::sync::IS_MODEL);

/// What became of batches, of one class or of all.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub struct TransferCounts {
    /// Refills that took a batch.
    pub hits: usize,
    /// Refills that asked and found none.
    pub misses: usize,
    /// Chains that found no room and went to their slab's owner.
    pub overflows: usize,
    /// Batches that went to their slab's owner after all: at a drain point, when memory ran out, or at shutdown.
    pub sent_home: usize,
    /// Batches that wait now.
    pub waiting: usize,
}

impl TransferCounts {
    /// Both together.
    fn and(self, other: TransferCounts) -> TransferCounts {
        TransferCounts {
            hits: self.hits + other.hits,
            misses: self.misses + other.misses,
            overflows: self.overflows + other.overflows,
            sent_home: self.sent_home + other.sent_home,
            waiting: self.waiting + other.waiting,
        }
    }

    /// Of 1,000 refills that asked, how many took a batch; 0 if none asked.
    pub fn hits_per_mille(&self) -> usize {
        (self.hits * 1000).checked_div(self.hits + self.misses).unwrap_or(0)
    }
}

impl Counts {
    const_fn! {
        const fn new() -> Self {
            Counts {
                hits: AtomicUsize::new(0),
                misses: AtomicUsize::new(0),
                overflows: AtomicUsize::new(0),
                sent_home: AtomicUsize::new(0),
            }
        }
    }
}

impl Line {
    const_fn! {
        const fn new() -> Self {
            Line { batches: array_of![AtomicPtr::new(ptr::null_mut()); BATCHES_MAX], counts: Counts::new() }
        }
    }

    /// Puts a batch where none is; `false` if there is no such place.
    ///
    /// # Safety
    /// - As [`TransferCache::put`].
    unsafe fn put(&self, chain: Chain) -> bool {
        // SAFETY: needs a chain that nobody else uses; the caller promises it.
        let batch = unsafe { chain.closed() }.into_word();
        self.batches.iter().any(|word| {
            word.load(Ordering::Relaxed).is_null()
                && word.compare_exchange(ptr::null_mut(), batch, Ordering::Release, Ordering::Relaxed).is_ok()
        })
    }

    /// Takes the batch that came last of those that `wanted` accepts, as far as a look before the exchange tells.
    fn take(&self, wanted: impl Fn(usize) -> bool) -> Option<Waiting> {
        self.batches.iter().rev().find_map(|word| {
            let seen = word.load(Ordering::Relaxed);
            if seen.is_null() || !wanted(Waiting::of_word(seen).first?.as_ptr().addr()) {
                return None;
            }
            // The look may be out of date: what is taken is what is there now.
            let taken = Waiting::of_word(word.swap(ptr::null_mut(), Ordering::Acquire));
            taken.first.is_some().then_some(taken)
        })
    }
}

impl TransferCache {
    const_fn! {
        /// An empty cache, open.
        pub const fn new() -> Self {
            TransferCache {
                closed: AtomicBool::new(false),
                has_been_used: AtomicBool::new(false),
                lines: array_of![Line::new(); CLASSES],
            }
        }
    }

    /// Takes no batches from now on, and hands out none; what waits is still to be sent home.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    /// Whether batches come in and go out.
    #[inline]
    pub(crate) fn is_open(&self) -> bool {
        !self.closed.load(Ordering::Relaxed)
    }

    /// Whether a batch may wait. Who does not see one that another thread puts meanwhile has looked before it came.
    pub(crate) fn has_been_used(&self) -> bool {
        self.has_been_used.load(Ordering::Relaxed)
    }

    fn line(&self, class: SizeClass) -> &Line {
        &self.lines[class.index()]
    }

    /// Puts a chain of a class on offer.
    ///
    /// # Errors
    /// The chain, if there is no room; it is still the caller's.
    ///
    /// # Safety
    /// - Nobody else uses its blocks, and after success the caller does not either.
    pub(crate) unsafe fn put(&self, class: SizeClass, chain: Chain) -> Result<(), Chain> {
        let line = self.line(class);
        if !self.has_been_used.load(Ordering::Relaxed) {
            self.has_been_used.store(true, Ordering::Relaxed);
        }
        // SAFETY: needs a chain that nobody else uses; the caller promises it.
        if unsafe { line.put(chain) } {
            return Ok(());
        }
        line.counts.overflows.fetch_add(1, Ordering::Relaxed);
        Err(chain)
    }

    /// Takes a batch for a list. The caller has its blocks alone.
    pub(crate) fn take(&self, class: SizeClass) -> Option<Waiting> {
        let line = self.line(class);
        let batch = line.take(|_| true);
        let count = if batch.is_some() { &line.counts.hits } else { &line.counts.misses };
        count.fetch_add(1, Ordering::Relaxed);
        batch
    }

    /// Takes a batch that is to go home: one whose first block has an address that `wanted` accepts, or perhaps another one
    /// that came in its place meanwhile.
    pub(crate) fn recall(&self, class: SizeClass, wanted: impl Fn(usize) -> bool) -> Option<Waiting> {
        let line = self.line(class);
        let batch = line.take(wanted)?;
        line.counts.sent_home.fetch_add(1, Ordering::Relaxed);
        Some(batch)
    }

    /// What became of the batches of a class. Exact if no other thread runs.
    pub fn counts(&self, class: SizeClass) -> TransferCounts {
        let line = self.line(class);
        TransferCounts {
            hits: line.counts.hits.load(Ordering::Relaxed),
            misses: line.counts.misses.load(Ordering::Relaxed),
            overflows: line.counts.overflows.load(Ordering::Relaxed),
            sent_home: line.counts.sent_home.load(Ordering::Relaxed),
            waiting: line.batches.iter().filter(|word| !word.load(Ordering::Relaxed).is_null()).count(),
        }
    }

    /// What became of all batches. Exact if no other thread runs. Cost: all classes.
    pub fn totals(&self) -> TransferCounts {
        SizeClass::all().map(|class| self.counts(class)).fold(TransferCounts::default(), TransferCounts::and)
    }
}

impl Default for TransferCache {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, loom))]
mod loom_models {
    //! Every interleaving of threads that put and take batches, over [`WatchedBlocks`].

    use super::*;
    use crate::remote_free::watched::WatchedBlocks;
    use loom::sync::Arc;
    use loom::thread;

    struct Model {
        line: Line,
        blocks: WatchedBlocks,
    }

    impl Model {
        fn new() -> Arc<Model> {
            Arc::new(Model { line: Line::new(), blocks: WatchedBlocks::new() })
        }

        /// Puts two blocks as a batch.
        fn put(&self, first: usize) {
            let chain = self.blocks.chain(first..first + 2);
            // SAFETY: needs blocks that nobody else uses; each model puts each block once.
            assert!(unsafe { self.line.put(chain) });
        }

        /// Takes a batch, if a look finds one, and uses its blocks; answers how many.
        fn take(&self) -> usize {
            self.line.take(|_| true).map_or(0, |batch| self.blocks.use_all(batch))
        }
    }

    #[test]
    fn loom_a_batch_is_taken_once_by_whoever_comes_first() {
        loom::model(|| {
            let model = Model::new();
            model.put(0);
            let other = {
                let model = model.clone();
                thread::spawn(move || model.take())
            };
            let taken = model.take();
            assert_eq!(taken + other.join().unwrap(), 2);
        });
    }

    #[test]
    fn loom_batches_of_two_threads_go_to_different_places() {
        loom::model(|| {
            let model = Model::new();
            let other = {
                let model = model.clone();
                thread::spawn(move || model.put(2))
            };
            model.put(0);
            let early = model.take();
            other.join().unwrap();
            assert_eq!(early + model.take() + model.take(), 4);
        });
    }

    #[test]
    fn loom_a_batch_that_is_put_while_another_is_taken_is_not_lost() {
        loom::model(|| {
            let model = Model::new();
            model.put(0);
            let other = {
                let model = model.clone();
                thread::spawn(move || model.take())
            };
            model.put(2);
            let taken = other.join().unwrap();
            assert_eq!(taken + model.take() + model.take(), 4);
        });
    }
}
