//! Walks of a slab's queue: after a double free only they tell what is free.

use super::{Event, Slab};
use crate::config::CACHE_LINE_BYTES;
use crate::sync;
use core::ptr;

impl Slab {
    /// Whether the queue holds every block that was ever handed out and lies in no hole, each once. Cost: a walk of the queue.
    ///
    /// After a double free it does not, although the count says that nothing is in use.
    pub(crate) fn queue_is_complete(&self) -> bool {
        self.prefetch_links();
        let reachable = self.reachable() as usize;
        self.queue.walk(reachable + 1, |_| {}) == reachable
    }

    /// Asks for the cache lines in which links lie, in the order of their addresses. A walk of the queue waits for each link
    /// before it knows where the next one is; asked for beforehand they come side by side.
    pub(super) fn prefetch_links(&self) {
        let Some(class) = self.class() else { return };
        let end = self.base() + self.carved() * class.block_bytes();
        for address in (self.base()..end).step_by(class.block_bytes().max(CACHE_LINE_BYTES)) {
            sync::prefetch(ptr::without_provenance::<u8>(address));
        }
    }

    /// Counts anew what is used, after more blocks came back than were out: what the queue does not hold. For the owner.
    /// Cost: a walk of the queue, which meets no block twice, so nothing that lives is taken for free.
    pub(crate) fn recount(&self) {
        let reachable = self.reachable();
        let free = self.queue.walk(reachable as usize, |_| {}) as u32;
        self.set_used(reachable - free, Event::Empty);
    }

    /// Validates the counting equation by walking the queue.
    ///
    /// # Errors
    /// The statement that does not hold, what the books say and what was counted.
    pub(crate) fn check(&self, page_bytes: usize) -> Result<(), (&'static str, usize, usize)> {
        self.check_holes(page_bytes)?;
        let equal = |statement, expected, found| {
            if expected == found { Ok(()) } else { Err((statement, expected, found)) }
        };
        let overdrawn = usize::from(self.used() > self.reachable());
        equal("at most the carved blocks are used", 0, overdrawn)?;
        let mut strangers = 0;
        let found = self.queue.walk(self.blocks() as usize + 1, |block| {
            strangers += usize::from(!self.is_block(block.as_ptr().addr()));
        });
        equal("queued blocks were handed out before", 0, strangers)?;
        equal("the queue has as many blocks as are counted", self.queued() as usize, found)
    }
}
