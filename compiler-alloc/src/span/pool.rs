//! Runs that nobody owns: found by size, joined with their neighbours, purged when too many.
//!
//! All of it is used under the backend's lock. Runs with any memory in them are *warm* and kept apart from runs
//! without; a request takes the smallest run that is warm enough for all of it, then perhaps less than it wanted, and
//! only then a cold one, the lowest of equals. Two runs that touch are always joined, unless a reservation of the page source begins between them.

use super::record::{UnitRecord, UnitState};
use super::run::{Records, Run};
use crate::page_source::PageSource;
use crate::sync::Ordering;
use core::ptr::NonNull;

/// Bins: one for each length up to this many units, then four for each doubling.
const EXACT_BINS: usize = 32;
const BINS: usize = 64;

/// How many runs a search looks at.
const FIT_PROBES_MAX: u32 = 64;

fn bin_of(units: u32) -> usize {
    if units as usize <= EXACT_BINS {
        return units as usize - 1;
    }
    let doubling = units.ilog2();
    let quarter = (units >> (doubling - 2)) & 3;
    (EXACT_BINS + (doubling as usize - 5) * 4 + quarter as usize).min(BINS - 1)
}

/// Lists of runs by size. A run is linked by its first record.
struct Bins {
    newest: [Option<NonNull<UnitRecord>>; BINS],
    oldest: [Option<NonNull<UnitRecord>>; BINS],
    occupied: u64,
}

impl Bins {
    const fn new() -> Self {
        Bins { newest: [None; BINS], oldest: [None; BINS], occupied: 0 }
    }

    fn push(&mut self, first: &UnitRecord) {
        let bin = bin_of(first.run_units());
        let newest = self.newest[bin];
        first.previous.store(core::ptr::null_mut(), Ordering::Relaxed);
        first.next.store(newest.map_or(core::ptr::null_mut(), NonNull::as_ptr), Ordering::Relaxed);
        match newest {
            // SAFETY: needs a live record; linked records are of pooled runs, which stay until they are removed.
            Some(old) => unsafe { old.as_ref() }.previous.store(pointer_to(first), Ordering::Relaxed),
            None => self.oldest[bin] = Some(NonNull::from(first)),
        }
        self.newest[bin] = Some(NonNull::from(first));
        self.occupied |= 1 << bin;
    }

    fn remove(&mut self, first: &UnitRecord) {
        let bin = bin_of(first.run_units());
        let previous = NonNull::new(first.previous.load(Ordering::Relaxed));
        let next = NonNull::new(first.next.load(Ordering::Relaxed));
        match previous {
            // SAFETY: needs a live record; linked records are of pooled runs, which stay until they are removed.
            Some(previous) => unsafe { previous.as_ref() }
                .next
                .store(next.map_or(core::ptr::null_mut(), NonNull::as_ptr), Ordering::Relaxed),
            None => self.newest[bin] = next,
        }
        match next {
            // SAFETY: needs a live record; linked records are of pooled runs, which stay until they are removed.
            Some(next) => unsafe { next.as_ref() }
                .previous
                .store(previous.map_or(core::ptr::null_mut(), NonNull::as_ptr), Ordering::Relaxed),
            None => self.oldest[bin] = previous,
        }
        if self.newest[bin].is_none() {
            self.occupied &= !(1 << bin);
        }
    }

    /// Of the runs of at least `units`, the one that lacks the fewest of `pages` in memory; of equals the smallest, and of
    /// those the one at the lowest address, so that what is asked for again lies where it lay, whatever was returned in
    /// between. And how many pages it lacks.
    fn best_fit(&self, units: u32, pages: u32) -> Option<(&UnitRecord, u32)> {
        let rank =
            |run: &UnitRecord| (pages.saturating_sub(run.run_warm_pages()), run.run_units(), run.base());
        let mut candidates = self.occupied & (u64::MAX << bin_of(units));
        let mut best: Option<&UnitRecord> = None;
        let mut probes_left = FIT_PROBES_MAX;
        while candidates != 0 && probes_left > 0 {
            let mut next = self.newest[candidates.trailing_zeros() as usize];
            while let Some(place) = next
                && probes_left > 0
            {
                // SAFETY: needs a live record; linked records are of pooled runs, which stay while the lock is held.
                let first = unsafe { place.as_ref() };
                if first.run_units() >= units && best.is_none_or(|best| rank(first) < rank(best)) {
                    best = Some(first);
                }
                probes_left -= 1;
                next = NonNull::new(first.next.load(Ordering::Relaxed));
            }
            // Later bins have larger runs only.
            if best.is_some_and(|best| rank(best).0 == 0) {
                break;
            }
            candidates &= candidates - 1;
        }
        best.map(|best| (best, rank(best).0))
    }

    /// A run of the highest occupied bin: within a quarter of the largest.
    fn largest(&self) -> Option<&UnitRecord> {
        let bin = self.occupied.checked_ilog2()? as usize;
        // SAFETY: needs a live record; linked records are of pooled runs, which stay while the lock is held.
        self.newest[bin].map(|first| unsafe { first.as_ref() })
    }

    /// The run to purge next: of the largest bin, the one returned longest ago.
    fn coldest(&self) -> Option<&UnitRecord> {
        let bin = self.occupied.checked_ilog2()? as usize;
        // SAFETY: needs a live record; linked records are of pooled runs, which stay while the lock is held.
        self.oldest[bin].map(|first| unsafe { first.as_ref() })
    }

    fn runs(&self) -> usize {
        let mut runs = 0;
        for bin in self.newest {
            let mut next = bin;
            while let Some(first) = next {
                runs += 1;
                // SAFETY: needs a live record; linked records are of pooled runs, which stay while the lock is held.
                next = NonNull::new(unsafe { first.as_ref() }.next.load(Ordering::Relaxed));
            }
        }
        runs
    }
}

fn pointer_to(record: &UnitRecord) -> *mut UnitRecord {
    core::ptr::from_ref(record).cast_mut()
}

/// The pool.
pub(crate) struct Pool {
    warm: Bins,
    cold: Bins,
    units: usize,
    warm_pages: usize,
}

// SAFETY: needs that the linked records may be reached from any thread; they are atomics in the backend's metadata.
unsafe impl Send for Pool {}

impl Pool {
    pub(crate) const fn new() -> Self {
        Pool { warm: Bins::new(), cold: Bins::new(), units: 0, warm_pages: 0 }
    }

    /// Units of all pooled runs.
    pub(super) fn units(&self) -> usize {
        self.units
    }

    /// Pages of pooled runs that have memory.
    pub(super) fn warm_pages(&self) -> usize {
        self.warm_pages
    }

    /// Runs on all lists: what the validator compares with the runs it meets.
    pub(super) fn runs(&self) -> usize {
        self.warm.runs() + self.cold.runs()
    }

    fn bins(&mut self, warm_pages: u32) -> &mut Bins {
        if warm_pages > 0 { &mut self.warm } else { &mut self.cold }
    }

    fn link(&mut self, records: &Records<'_>, run: Run, warm_pages: u32) {
        records.mark(run, UnitState::Pooled);
        let first = records.at(run.address());
        first.set_run_warm_pages(warm_pages);
        self.bins(warm_pages).push(first);
    }

    fn unlink(&mut self, first: &UnitRecord) {
        self.bins(first.run_warm_pages()).remove(first);
    }

    /// Puts a run in, joined with the pooled runs that it touches.
    pub(super) fn insert(&mut self, records: Records<'_>, run: Run) {
        let geometry = records.geometry;
        let inserted: u32 = records.of(run).map(|record| records.warm_pages(record)).sum();
        self.units += run.units as usize;
        self.warm_pages += inserted as usize;
        let (mut joined, mut warm_pages) = (run, inserted);

        if !records.at(run.address()).begins_reservation() {
            let left_last = records.at(run.address() - geometry.unit_bytes);
            if left_last.state() == UnitState::Pooled {
                let units = left_last.run_units();
                let left_first = records.at(run.address() - units as usize * geometry.unit_bytes);
                self.unlink(left_first);
                warm_pages += left_first.run_warm_pages();
                if let Some(base) = left_first.base() {
                    joined = Run { base, units: units + joined.units };
                }
            }
        }
        if let Some(right) = records.map.record(&geometry, joined.end(&geometry))
            && right.state() == UnitState::Pooled
            && !right.begins_reservation()
        {
            self.unlink(right);
            warm_pages += right.run_warm_pages();
            joined.units += right.run_units();
        }
        self.link(&records, joined, warm_pages);
    }

    /// Takes a run of `units` out, from its warm end.
    ///
    /// All of it warm if there is such a run; else a half or a quarter of it, if that is all warm and not less than
    /// `units_min`; else as warm as there is.
    pub(super) fn take(&mut self, records: Records<'_>, units: u32, units_min: u32) -> Option<Run> {
        let unit_pages = records.geometry.unit_pages() as u32;
        let warm = self.warm.best_fit(units, units.saturating_mul(unit_pages));
        let all_warm = |units: u32| {
            let fits = units >= units_min.max(1);
            let (first, lacks) =
                fits.then(|| self.warm.best_fit(units, units.saturating_mul(unit_pages))).flatten()?;
            (lacks == 0).then_some((first, units))
        };
        let (first, units) = match warm {
            Some((first, 0)) => (first, units),
            _ => all_warm(units / 2)
                .or_else(|| all_warm(units / 4))
                .or_else(|| warm.or_else(|| self.cold.best_fit(units, 0)).map(|(first, _)| (first, units)))?,
        };
        let base = first.base()?;
        // The borrow of the bins ends here; the record itself belongs to the backend.
        let first = records.at(base.as_ptr().addr());
        Some(self.cut(records, first, Run { base, units: first.run_units() }, units))
    }

    /// Takes one of the largest runs out, cut to at most `units_max`, if it has at least `units_min`.
    pub(super) fn take_largest(
        &mut self,
        records: Records<'_>,
        units_min: u32,
        units_max: u32,
    ) -> Option<Run> {
        let (warm, cold) = (self.warm.largest(), self.cold.largest());
        let first = match (warm, cold) {
            (Some(warm), Some(cold)) if cold.run_units() > warm.run_units() => cold,
            (Some(first), _) | (None, Some(first)) => first,
            (None, None) => return None,
        };
        let units = first.run_units().min(units_max);
        if units < units_min {
            return self.take(records, units_min, units_min);
        }
        let base = first.base()?;
        let first = records.at(base.as_ptr().addr());
        Some(self.cut(records, first, Run { base, units: first.run_units() }, units))
    }

    /// Takes the `units` units behind `run` out, if they lie in a pooled run of the same reservation.
    pub(super) fn take_behind(&mut self, records: Records<'_>, run: Run, units: u32) -> Option<Run> {
        let geometry = records.geometry;
        let first = records.map.record(&geometry, run.end(&geometry))?;
        if first.state() != UnitState::Pooled || first.begins_reservation() || first.run_units() < units {
            return None;
        }
        let whole = Run { base: first.base()?, units: first.run_units() };
        let warm_before = first.run_warm_pages();
        self.unlink(first);
        let (taken, rest) = whole.split(units, &geometry);
        let warm_taken: u32 = records.of(taken).map(|record| records.warm_pages(record)).sum();
        self.units -= units as usize;
        self.warm_pages -= warm_taken as usize;
        records.mark(taken, UnitState::Whole);
        if rest.units > 0 {
            self.link(&records, rest, warm_before - warm_taken);
        }
        Some(taken)
    }

    /// Forgets a whole run, which the page source is about to get back.
    pub(super) fn discard(&mut self, records: Records<'_>, run: Run, warm_pages: u32) {
        self.unlink(records.at(run.address()));
        self.units -= run.units as usize;
        self.warm_pages -= warm_pages as usize;
    }

    fn cut(&mut self, records: Records<'_>, first: &UnitRecord, run: Run, units: u32) -> Run {
        let geometry = records.geometry;
        let warm_before = first.run_warm_pages();
        self.unlink(first);
        let (taken, rest) = if units == run.units {
            (run, None)
        } else {
            let last = records.at(run.end(&geometry) - geometry.unit_bytes);
            if records.warm_pages(first) == 0 && records.warm_pages(last) > 0 {
                let (rest, taken) = run.split(run.units - units, &geometry);
                (taken, Some(rest))
            } else {
                let (taken, rest) = run.split(units, &geometry);
                (taken, Some(rest))
            }
        };
        let warm_taken: u32 = records.of(taken).map(|record| records.warm_pages(record)).sum();
        self.units -= units as usize;
        self.warm_pages -= warm_taken as usize;
        records.mark(taken, UnitState::Whole);
        if let Some(rest) = rest {
            self.link(&records, rest, warm_before - warm_taken);
        }
        taken
    }

    /// Gives the memory of at least `bytes` back, largest runs first and of those the oldest, each from its high end.
    /// Answers how many bytes it was; less only if there were no more.
    pub(super) fn purge<P: PageSource>(&mut self, records: Records<'_>, source: &P, bytes: usize) -> usize {
        let geometry = records.geometry;
        let mut purged_pages = 0;
        while purged_pages * geometry.page_bytes < bytes {
            let Some(base) = self.warm.coldest().and_then(UnitRecord::base) else { break };
            let first = records.at(base.as_ptr().addr());
            let run = Run { base, units: first.run_units() };
            self.unlink(first);
            let mut from = run.units;
            let mut pages = 0;
            for record in records.of(run).rev() {
                if (purged_pages + pages) * geometry.page_bytes >= bytes {
                    break;
                }
                pages += records.warm_pages(record) as usize;
                from -= 1;
            }
            purge_units(&records, source, run.slice(from, run.units - from, &geometry));
            self.warm_pages -= pages;
            purged_pages += pages;
            self.link(&records, run, first.run_warm_pages() - pages as u32);
        }
        purged_pages * geometry.page_bytes
    }
}

/// Decommits what a pooled run has, in as few calls as its memory has stretches.
fn purge_units<P: PageSource>(records: &Records<'_>, source: &P, run: Run) {
    let mut stretches = Stretches { source, pending: None };
    for record in records.of(run) {
        if let Some(base) = record.base() {
            stretches.add_pages(records, base, !record.cold() & records.geometry.unit_pages_mask());
        }
        record.set_cold(records.geometry.unit_pages_mask());
    }
    stretches.decommit();
}

/// Decommits those pages of a parted unit that are in `dead` and have memory. Answers how many.
pub(super) fn purge_dead_pages<P: PageSource>(
    records: &Records<'_>,
    source: &P,
    record: &UnitRecord,
    dead: u16,
) -> u32 {
    let Some(base) = record.base() else { return 0 };
    let mut stretches = Stretches { source, pending: None };
    stretches.add_pages(records, base, dead & !record.cold());
    stretches.decommit();
    let purged = (dead & !record.cold()).count_ones();
    record.set_cold(record.cold() | dead);
    purged
}

/// Joins adjacent ranges before they are decommitted.
struct Stretches<'p, P: PageSource> {
    source: &'p P,
    pending: Option<(NonNull<u8>, usize)>,
}

impl<P: PageSource> Stretches<'_, P> {
    /// Adds the pages of a unit that are in `mask`. The caller owns them, and nobody reads them again.
    fn add_pages(&mut self, records: &Records<'_>, base: NonNull<u8>, mask: u16) {
        let page_bytes = records.geometry.page_bytes;
        let mut left = mask;
        while left != 0 {
            let first = left.trailing_zeros();
            let pages = (left >> first).trailing_ones();
            // SAFETY: needs to stay inside the unit; the mask has bits of its pages only.
            let start = unsafe { base.add(first as usize * page_bytes) };
            let bytes = pages as usize * page_bytes;
            match &mut self.pending {
                Some((begin, length)) if begin.as_ptr().addr() + *length == start.as_ptr().addr() => {
                    *length += bytes;
                }
                _ => {
                    self.decommit();
                    self.pending = Some((start, bytes));
                }
            }
            left &= !((((1_u32 << pages) - 1) << first) as u16);
        }
    }

    /// Decommits what is pending.
    fn decommit(&mut self) {
        if let Some((start, bytes)) = self.pending.take() {
            // SAFETY: needs whole pages that nobody reads again; the caller of `add_pages` owns them, and their contents
            // are of no use. Joined ranges lie in one run, hence in one reservation.
            unsafe { self.source.decommit(start, bytes) };
        }
    }
}
