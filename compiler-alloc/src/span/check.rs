//! The validator: walks every structure of a backend and recounts every sum.

use super::backend::SpanBackend;
use super::record::UnitState;
use super::shared::Shared;
use crate::counters::Account;
use crate::page_source::PageSource;
use crate::sync::Ordering;
use core::fmt;

/// What does not hold, where, and by how much.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CheckError {
    /// The statement that is wrong.
    pub statement: &'static str,
    /// The address of the unit at which it was noticed; 0 for sums.
    pub address: usize,
    /// What the books say.
    pub expected: usize,
    /// What was counted.
    pub found: usize,
}

impl fmt::Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CheckError { statement, address, expected, found } = self;
        write!(f, "{statement}: expected {expected}, found {found}")?;
        if *address != 0 {
            write!(f, ", at {address:#x}")?;
        }
        Ok(())
    }
}

impl core::error::Error for CheckError {}

fn equal(statement: &'static str, address: usize, expected: usize, found: usize) -> Result<(), CheckError> {
    if expected == found { Ok(()) } else { Err(CheckError { statement, address, expected, found }) }
}

/// What the walk over all units adds up to.
#[derive(Default)]
struct Sums {
    units: usize,
    pooled_units: usize,
    pooled_runs: usize,
    pooled_warm_pages: usize,
    cached_units: usize,
    warm_pages: usize,
    dead_pages: usize,
    listed_units: usize,
}

impl<P: PageSource> SpanBackend<P> {
    /// Validates every structure. Takes the lock; cost: all units.
    ///
    /// # Errors
    /// The first statement that does not hold. While other threads are in the middle of calls, sums may be off for a
    /// moment; with all threads at rest an error means corruption.
    pub fn check(&self) -> Result<(), CheckError> {
        let shared = self.lock();
        let records = self.records();
        let geometry = records.geometry;
        let mut sums = Sums::default();
        let mut error = None;
        let mut previous: Option<(UnitState, usize)> = None;
        self.walk(&shared, |state, run| {
            let result = (|| {
                sums.units += run.units as usize;
                let first = records.at(run.address());
                let joined =
                    previous == Some((UnitState::Pooled, run.address())) && !first.begins_reservation();
                previous = Some((state, run.end(&geometry)));
                let warm: usize = records.of(run).map(|record| records.warm_pages(record) as usize).sum();
                sums.warm_pages += warm;
                let full = run.units as usize * geometry.unit_pages();
                match state {
                    UnitState::Absent => {
                        equal("every unit of a reservation is lent", run.address(), 1, 0)?;
                    }
                    UnitState::Pooled => {
                        sums.pooled_runs += 1;
                        sums.pooled_units += run.units as usize;
                        sums.pooled_warm_pages += warm;
                        equal("pooled neighbours are joined", run.address(), 0, usize::from(joined))?;
                        let noted = first.run_warm_pages() as usize;
                        equal("a pooled run knows its warm pages", run.address(), noted, warm)?;
                        let last = records.at(run.end(&geometry) - geometry.unit_bytes);
                        let back = last.run_units() as usize;
                        equal("the last unit knows the run", run.address(), run.units as usize, back)?;
                    }
                    UnitState::Cached => {
                        sums.cached_units += run.units as usize;
                        equal("kept runs are committed", run.address(), full, warm)?;
                    }
                    UnitState::Whole => equal("acquired spans are committed", run.address(), full, warm)?,
                    UnitState::Parted => {
                        let live = first.live.load(Ordering::Acquire) as usize;
                        equal("a part touches a parted unit", run.address(), 1, usize::from(live > 0))?;
                        let dead = first.dead.load(Ordering::Acquire);
                        for page in 0..geometry.unit_pages() {
                            let parts = first.pages[page].load(Ordering::Acquire);
                            let is_dead = dead & 1 << page != 0;
                            equal(
                                "a page is dead if and only if no part touches it",
                                run.address(),
                                usize::from(parts == 0),
                                usize::from(is_dead),
                            )?;
                        }
                        let purged_live = (first.cold() & !dead).count_ones() as usize;
                        equal("only dead pages of a parted unit are purged", run.address(), 0, purged_live)?;
                        let unpurged = first.unpurged_dead_pages();
                        let listed = first.listed.load(Ordering::Acquire);
                        let forgotten = usize::from(unpurged > 0 && !listed);
                        equal("a unit with unpurged dead pages is listed", run.address(), 0, forgotten)?;
                        sums.dead_pages += unpurged;
                        sums.listed_units += usize::from(listed);
                    }
                }
                let base = first.base().map_or(0, |base| base.as_ptr().addr());
                equal("the page map and the record agree", run.address(), run.address(), base)
            })();
            if error.is_none() {
                error = result.err();
            }
        });
        match error {
            Some(error) => Err(error),
            None => self.check_sums(&shared, &sums),
        }
    }

    fn check_sums(&self, shared: &Shared, sums: &Sums) -> Result<(), CheckError> {
        let geometry = self.geometry();
        let (balances, _) = shared.all_balances();
        let threads = shared.each_thread().filter(|record| record.in_use.load(Ordering::Relaxed)).count();
        let page_bytes = geometry.page_bytes;
        equal("reserved units are those of all reservations", 0, shared.reserved_units, sums.units)?;
        equal("pooled units are those of pooled runs", 0, shared.pool.units(), sums.pooled_units)?;
        equal("every pooled run is on one list", 0, shared.pool.runs(), sums.pooled_runs)?;
        equal("pooled warm pages", 0, shared.pool.warm_pages(), sums.pooled_warm_pages)?;
        let cached_bytes = sums.cached_units * geometry.unit_bytes;
        equal("kept bytes are those of kept runs", 0, balances.get(Account::Cached), cached_bytes)?;
        equal(
            "dead bytes are those of dead pages",
            0,
            balances.get(Account::Dead),
            sums.dead_pages * page_bytes,
        )?;
        equal("units with the listed flag are on the list", 0, shared.dead.len(), sums.listed_units)?;
        equal(
            "committed bytes are those of warm pages",
            0,
            shared.committed_bytes,
            sums.warm_pages * page_bytes,
        )?;
        equal("registered threads have records", 0, shared.threads_in_use, threads)
    }
}
