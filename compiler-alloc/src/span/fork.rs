//! `fork`: the shared state is whole in the child, and the books say what is there.
//!
//! In the child, what other threads kept in their caches and open tails stays with them, that is: unused for ever. But they may have been
//! in the middle of a call: between marking a run and adding it to their account, or between leaving the pages of a unit, calling them dead,
//! and putting the unit on the list of those with dead pages. Nobody goes on there, so the child counts what is kept, and makes dead bits and
//! list anew from the counts of the pages, which are written first. A unit that its last part was just leaving stays with the vanished thread.
//!
//! The walk over all runs relies on an order that the owners of runs keep: whoever cuts a run or opens it marks the further pieces before the
//! first one, so that a walk finds either the old run or all of the new ones.

use super::backend::SpanBackend;
use super::give_back::DeadList;
use super::record::{UnitRecord, UnitState};
use crate::counters::Account;
use crate::page_source::{Geometry, PageSource};
use crate::sync::Ordering;

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

    /// Opens the lock again in the child, corrects the accounts of what threads keep and of dead pages, and makes the list of units with
    /// dead pages anew. Cost: all units.
    ///
    /// # Safety
    /// - The calling thread is the only one of the process, and the copy of one that called
    ///   [`before_fork`](Self::before_fork); since then only that thread used the backend, in handlers of the program.
    pub unsafe fn after_fork_in_child(&self) {
        // SAFETY: as for the parent.
        unsafe { self.shared.unlock_without_guard() }
        let mut shared = self.lock();
        let records = self.records();
        let geometry = records.geometry;
        let (mut kept_bytes, mut dead_pages) = (0, 0);
        let mut dead = DeadList::new();
        self.walk(&shared, |state, run| match state {
            UnitState::Cached => kept_bytes += run.bytes(&geometry),
            UnitState::Parted => {
                dead_pages += finish_leaving(records.at(run.address()), &geometry, &mut dead)
            }
            _ => {}
        });
        shared.dead = dead;
        let (sum, _) = shared.all_balances();
        shared.balances.correct(&sum, Account::Cached, kept_bytes);
        shared.balances.correct(&sum, Account::Dead, dead_pages * geometry.page_bytes);
    }
}

/// Makes the record of a parted unit say what the counts of its pages say, whatever call of a vanished thread was changing it, and puts it
/// on the new list if it has dead pages with memory. Answers how many.
fn finish_leaving(record: &UnitRecord, geometry: &Geometry, list: &mut DeadList) -> usize {
    if record.live.load(Ordering::Relaxed) == 0 {
        record.live.store(1, Ordering::Relaxed);
    }
    let is_empty = |page: &usize| record.pages[*page].load(Ordering::Relaxed) == 0;
    let dead = (0..geometry.unit_pages()).filter(is_empty).fold(0, |bits, page| bits | 1 << page);
    record.dead.store(dead, Ordering::Relaxed);
    let unpurged = record.unpurged_dead_pages();
    record.listed.store(unpurged > 0, Ordering::Relaxed);
    if unpurged > 0 {
        list.push(record);
    }
    unpurged
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;
    use crate::config::UNIT_BYTES;
    use crate::counters::Holder;
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
    /// Two parts in one unit, of which the upper one is being left: `steps` of what that call does were done when the process forked.
    fn check_forked_while_leaving(steps: usize) {
        let backend = SpanBackend::new(MmapPages::new());
        let mut cache = SpanCache::new(&backend);
        let page_bytes = backend.geometry().page_bytes;
        let [upper, lower] = [(); 2].map(|()| cache.take(page_bytes, page_bytes, Holder::Arena).unwrap());
        let address = upper.low.as_ptr().addr();
        let record = backend.records().at(address);
        let page = address % UNIT_BYTES / page_bytes;
        let is_alone = address.is_multiple_of(page_bytes) && upper.bytes == page_bytes;
        assert!(is_alone && lower.low.as_ptr().addr() + page_bytes == address, "the parts have a page each");
        let leaving: [&dyn Fn(); 4] = [
            &|| record.pages[page].store(0, Ordering::Relaxed),
            &|| _ = record.dead.fetch_or(1 << page, Ordering::AcqRel),
            &|| record.listed.store(true, Ordering::Relaxed),
            &|| _ = record.live.fetch_sub(1, Ordering::AcqRel),
        ];
        leaving[..steps].iter().for_each(|step| step());
        assert_eq!(backend.check().is_err(), steps > 0, "{steps} steps alone do not leave the books whole");
        backend.before_fork();
        // SAFETY: needs the thread that called `before_fork`, and that no other one uses the backend; it is this one's.
        unsafe { backend.after_fork_in_child() };
        assert_eq!(backend.check(), Ok(()), "after {steps} steps");
        // SAFETY: needs a part that was taken and not released; the copy of the thread in the child still has it.
        unsafe { cache.release(lower, Holder::Arena) };
        cache.flush();
        backend.trim(0);
        assert_eq!(backend.check(), Ok(()), "after {steps} steps and a purge");
        assert_eq!(backend.stats().dead_bytes, 0);
    }

    #[test]
    fn a_unit_that_was_being_left_when_the_process_forked_is_whole_in_the_child() {
        (0..=4).for_each(check_forked_while_leaving);
    }

    #[test]
    fn a_unit_that_its_last_part_was_leaving_stays_with_the_vanished_thread() {
        let backend = SpanBackend::new(MmapPages::new());
        let mut cache = SpanCache::new(&backend);
        let part = cache.take(16, 16, Holder::Arena).unwrap();
        let unit = part.low.as_ptr().addr() / UNIT_BYTES * UNIT_BYTES;
        cache.flush();
        let record = backend.records().at(unit);
        // As of a thread that left the unit as its last part, and did not reclaim it.
        record.live.store(0, Ordering::Relaxed);
        assert!(backend.check().is_err());
        backend.before_fork();
        // SAFETY: needs the thread that called `before_fork`, and that no other one uses the backend; it is this one's.
        unsafe { backend.after_fork_in_child() };
        assert_eq!(backend.check(), Ok(()));
        let more = cache.take(1 << 20, 1 << 20, Holder::Arena).unwrap();
        assert!(!(more.low.as_ptr().addr()..more.low.as_ptr().addr() + more.bytes).contains(&unit));
    }
}
