//! What other threads freed of a slab, and other blocks that come back many at a time: into the thread's list, or into the queue.

use super::{Event, Slab};
use crate::free_list::Block;
use crate::remote_free::Waiting;
use core::ptr::NonNull;

/// So many lines are asked for at most for each block of a chain that is walked.
const PREFETCHED_MAX: usize = 4;

impl Slab {
    /// Takes what other threads freed for the thread's list; `None` if there is nothing. It counts as used before and after.
    /// Cost: a load if nothing came, else one exchange and a walk of links that the list's user reads soon anyway.
    ///
    /// The walk is for double frees by different threads, which can close a chain to a loop: then the blocks go through the
    /// queue, in which none comes twice. The links lie in other processors' caches, and each says where the next one is; if the chain has
    /// enough of the slab's blocks, all links are asked for beforehand.
    ///
    /// # Safety
    /// - The caller owns the slab, and its queue is empty.
    #[inline(always)]
    pub(crate) unsafe fn take_remote(&self) -> Option<NonNull<Block>> {
        // SAFETY: the caller keeps the duties of this call, which are the same.
        if self.remote.has_waiting() { unsafe { self.take_waiting() } } else { None }
    }

    /// # Safety
    /// - As [`take_remote`](Self::take_remote).
    #[inline(never)]
    unsafe fn take_waiting(&self) -> Option<NonNull<Block>> {
        let waiting = self.remote.drain();
        if waiting.blocks >= self.carved() / PREFETCHED_MAX {
            self.prefetch_links();
        }
        // SAFETY: needs blocks that nobody else uses, linked up to a null link; the exchange made them ours, and splices linked them.
        if unsafe { waiting.ends() } {
            return waiting.first;
        }
        // SAFETY: needs the owner, and blocks of the slab as above.
        unsafe { self.take_back(waiting) };
        // SAFETY: needs the owner; the caller is it.
        unsafe { self.take_queue() }
    }

    /// Takes what other threads freed into its queue, and sets the event anew. Cost: a load if nothing came, else one exchange and
    /// a walk.
    ///
    /// # Safety
    /// - The caller owns the slab.
    pub(crate) unsafe fn drain(&self) {
        // SAFETY: needs the owner, and blocks of the slab that nobody uses; the caller is it, and the exchange made them ours.
        unsafe { self.take_back(self.remote.drain()) };
    }

    /// Puts blocks that counted as used into its queue, and sets the event anew. Cost: a walk.
    ///
    /// # Safety
    /// - The caller owns the slab or, if nobody does, holds the heap lock.
    /// - The blocks are of this slab, count as used, are linked up to a null link, and nobody uses them.
    pub(crate) unsafe fn take_back(&self, waiting: Waiting) {
        let found = match waiting.first {
            Some(first) => {
                // SAFETY: needs the owner, and linked blocks that nobody uses; the caller promises both.
                let appended = unsafe { self.queue.append(first, waiting.blocks) };
                // SAFETY: the caller keeps the duties of this call, which are the same.
                appended.unwrap_or_else(|| unsafe { self.push_each(waiting) })
            }
            None => 0,
        };
        self.set_used(self.used().saturating_sub(found as u32), Event::Empty);
    }

    /// Puts blocks of which one was freed twice into the queue, in which none comes twice; answers how many.
    ///
    /// # Safety
    /// - As [`take_back`](Self::take_back).
    #[cold]
    #[inline(never)]
    unsafe fn push_each(&self, waiting: Waiting) -> usize {
        let (mut found, mut next) = (0, waiting.first);
        // Bounded, because the links can make a loop.
        while let Some(block) = next.filter(|_| found < waiting.blocks) {
            // SAFETY: needs a written link; the caller promises blocks that are linked up to a null link.
            next = NonNull::new(unsafe { Block::next(block) });
            // SAFETY: needs the owner, and a block that nobody uses; the caller promises both.
            unsafe { self.queue.push(block) };
            found += 1;
        }
        found
    }
}
