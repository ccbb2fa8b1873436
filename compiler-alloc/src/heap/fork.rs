//! `fork`: the shared state is whole in the child, and nobody there takes a slab for its own that was another thread's.
//!
//! In the child only the forking thread goes on. What the other threads held, with their slabs, outboxes and span caches,
//! may have been in the middle of a change; it stays as it is, unused for ever. But a new thread of the child may get the
//! token that one of them had, so their slabs lose their owner. Blocks of such slabs that the child frees wait in the remote
//! words.

use super::{Heap, ThreadToken};
use crate::page_source::PageSource;
use crate::transfer::Transfer;

impl<P: PageSource, T: Transfer> Heap<'_, P, T> {
    /// Takes the heap lock for the duration of a `fork`; before the backend's
    /// ([`SpanBackend::before_fork`](crate::span::SpanBackend::before_fork)).
    pub fn before_fork(&self) {
        self.shared().lock_without_guard();
    }

    /// Opens the lock again in the parent; after the backend's.
    ///
    /// # Safety
    /// - The calling thread called [`before_fork`](Self::before_fork) and has not called this since.
    pub unsafe fn after_fork_in_parent(&self) {
        // SAFETY: needs that this thread holds the lock without a guard; the caller promises just that.
        unsafe { self.shared().unlock_without_guard() }
    }

    /// Takes their owner from the slabs of all threads but the calling one, which has `token`, and opens the lock again;
    /// after the backend's. Cost: every slab record.
    ///
    /// # Safety
    /// - The calling thread is the only one of the process, and the copy of one that called
    ///   [`before_fork`](Self::before_fork); since then only that thread used the heap, in handlers of the program.
    pub unsafe fn after_fork_in_child(&self, token: ThreadToken) {
        // SAFETY: as for the parent.
        unsafe { self.shared().unlock_without_guard() }
        self.lock().each_record(|record| {
            if record.owner() != token.get() {
                record.set_owner(0);
            }
        });
    }
}
