//! `fork`: the shared state is whole in the child, and the books say what is there.
//!
//! In the child, what other threads kept in their caches and open tails stays with them, that is: unused for ever. But they may have been
//! in the middle of a call, between marking a run and adding it to their account; so what is kept and what is dead is counted anew.

use super::backend::SpanBackend;
use super::record::UnitState;
use crate::counters::Account;
use crate::page_source::PageSource;

impl<P: PageSource> SpanBackend<P> {
    /// Takes the lock for the duration of a `fork`, so that the child finds the shared state whole.
    pub fn before_fork(&self) {
        self.shared.lock_without_guard();
    }

    /// Opens the lock again in the parent.
    ///
    /// # Safety
    /// - The calling thread called [`before_fork`](Self::before_fork) and has not called this since.
    pub unsafe fn after_fork_in_parent(&self) {
        // SAFETY: needs that this thread holds the lock without a guard; the caller promises just that.
        unsafe { self.shared.unlock_without_guard() }
    }

    /// Opens the lock again in the child, and corrects the accounts of what threads keep and of dead pages. Cost: all units.
    ///
    /// # Safety
    /// - The calling thread is the only one of the process, and the copy of one that called
    ///   [`before_fork`](Self::before_fork) and nothing since.
    pub unsafe fn after_fork_in_child(&self) {
        // SAFETY: as for the parent.
        unsafe { self.shared.unlock_without_guard() }
        let mut shared = self.lock();
        let records = self.records();
        let geometry = records.geometry;
        let (mut kept_bytes, mut dead_pages) = (0, 0);
        self.walk(&shared, |state, run| match state {
            UnitState::Cached => kept_bytes += run.bytes(&geometry),
            UnitState::Parted => dead_pages += records.at(run.address()).unpurged_dead_pages(),
            _ => {}
        });
        let (sum, _) = shared.all_balances();
        shared.balances.correct(&sum, Account::Cached, kept_bytes);
        shared.balances.correct(&sum, Account::Dead, dead_pages * geometry.page_bytes);
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;
    use crate::config::UNIT_BYTES;
    use crate::page_source::MmapPages;
    use crate::span::SpanCache;

    #[test]
    fn the_books_of_a_child_hold_although_a_thread_was_in_the_middle_of_a_call() {
        let backend = SpanBackend::new(MmapPages::new());
        let mut cache = SpanCache::new(&backend);
        let span = cache.acquire(UNIT_BYTES).unwrap();
        // SAFETY: needs a span of this backend that nobody uses; it was acquired above.
        unsafe { cache.release_span(span) };
        assert_eq!(backend.stats().cached_bytes, UNIT_BYTES);
        // As of a thread that marked another run as kept, and has not added it to its account.
        cache.account(Account::Cached, -(UNIT_BYTES as isize));
        assert!(backend.check().is_err());
        backend.before_fork();
        // SAFETY: needs the thread that called `before_fork`, and that no other one uses the backend; it is this one's.
        unsafe { backend.after_fork_in_child() };
        assert_eq!(backend.check(), Ok(()));
        assert_eq!(backend.stats().cached_bytes, UNIT_BYTES);
        drop(cache);
        assert_eq!(backend.check(), Ok(()));
    }
}
