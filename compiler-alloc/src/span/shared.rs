//! What all threads of a backend share, under its one lock.

use super::give_back::{DeadList, RecentPeak, idle_bytes_max};
use super::page_map::PageMap;
use super::pool::Pool;
use super::record::UnitState;
use super::run::{Records, Run};
use crate::config;
use crate::counters::{Account, Balances, ThreadBalances};
use crate::fault::{FactName, Fault, FaultCode};
use crate::metadata::Metadata;
use crate::page_source::{Geometry, PageSource, SourceError};
use crate::sync::{AtomicBool, Ordering};
use crate::units::UnitCount;
use core::alloc::Layout;
use core::ptr::NonNull;

/// One range that the page source has lent.
pub(super) struct Reservation {
    pub(super) next: Option<NonNull<Reservation>>,
    pub(super) base: NonNull<u8>,
    pub(super) bytes: usize,
}

/// One thread's accounts, or an unused record that the next thread will get.
pub(super) struct ThreadRecord {
    pub(super) next: Option<NonNull<ThreadRecord>>,
    pub(super) in_use: AtomicBool,
    pub(super) balances: ThreadBalances,
}

/// Totals since the backend was made.
#[derive(Clone, Copy, Default)]
pub(super) struct Totals {
    pub(super) acquires: usize,
    pub(super) warm_acquires: usize,
    pub(super) releases: usize,
    pub(super) purges: usize,
    pub(super) purged_bytes: usize,
    pub(super) reservations: usize,
    pub(super) refused_requests: usize,
    pub(super) live_peak: usize,
}

/// What is known of the memory of a run that was just taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Contents {
    /// Every unit had memory already: touching it faults nothing in.
    Warm,
    /// Some units had memory.
    Mixed,
    /// No page had memory.
    Cold,
}

/// The state behind the lock.
pub(super) struct Shared {
    pub(super) metadata: Metadata,
    pub(super) pool: Pool,
    pub(super) dead: DeadList,
    pub(super) reservations: Option<NonNull<Reservation>>,
    unused_reservations: Option<NonNull<Reservation>>,
    pub(super) threads: Option<NonNull<ThreadRecord>>,
    pub(super) threads_in_use: usize,
    pub(super) balances: Balances,
    /// Of arenas.
    pub(super) peak: RecentPeak,
    pub(super) heap_peak: RecentPeak,
    /// So many bytes may idle in any case.
    pub(super) retained_bytes: usize,
    pub(super) totals: Totals,
    pub(super) reserved_units: usize,
    pub(super) committed_bytes: usize,
}

// SAFETY: needs that the lists may be followed from any thread; they are records in the backend's own metadata, reached
// only through this value.
unsafe impl Send for Shared {}

impl Shared {
    pub(super) const fn new() -> Self {
        Shared {
            metadata: Metadata::new(),
            pool: Pool::new(),
            dead: DeadList::new(),
            reservations: None,
            unused_reservations: None,
            threads: None,
            threads_in_use: 0,
            balances: Balances::new(),
            peak: RecentPeak::new(),
            heap_peak: RecentPeak::new(),
            retained_bytes: 0,
            totals: Totals {
                acquires: 0,
                warm_acquires: 0,
                releases: 0,
                purges: 0,
                purged_bytes: 0,
                reservations: 0,
                refused_requests: 0,
                live_peak: 0,
            },
            reserved_units: 0,
            committed_bytes: 0,
        }
    }

    /// A committed run of `units` or, if that is not to be had, of fewer but at least `units_min`; and what is known of its
    /// memory.
    ///
    /// # Errors
    /// Why not even `units_min` could be had; nothing was changed then.
    pub(super) fn acquire<P: PageSource>(
        &mut self,
        map: &PageMap,
        source: &P,
        units: u32,
        units_min: u32,
    ) -> Result<(Run, Contents), Fault> {
        let records = Records { map, geometry: source.geometry() };
        let run = match self.pool.take(records, units, units_min) {
            Some(run) => run,
            None => self.reserve_and_take(records, source, units, units_min)?,
        };
        match self.commit(records, source, run) {
            Ok(cold_pages) => {
                self.totals.acquires += 1;
                self.totals.warm_acquires += usize::from(cold_pages == 0);
                let pages = run.units as usize * records.geometry.unit_pages();
                let contents = match cold_pages {
                    0 => Contents::Warm,
                    cold if cold == pages => Contents::Cold,
                    _ => Contents::Mixed,
                };
                Ok((run, contents))
            }
            Err(error) => {
                self.totals.refused_requests += 1;
                self.pool.insert(records, run);
                Err(self.fault(records, error, units_min))
            }
        }
    }

    /// Takes a run that the pool does not have, by reserving more, by being content with less, or by giving back what idles
    /// in other places and asking again.
    fn reserve_and_take<P: PageSource>(
        &mut self,
        records: Records<'_>,
        source: &P,
        units: u32,
        units_min: u32,
    ) -> Result<Run, Fault> {
        let mut refusal = match self.reserve(records.map, source, units) {
            Ok(()) => None,
            Err(_) if units_min < units => {
                self.totals.refused_requests += 1;
                if let Some(run) = self.pool.take_largest(records, units_min, units) {
                    return Ok(run);
                }
                self.reserve(records.map, source, units_min).err()
            }
            Err(error) => Some(error),
        };
        if refusal.is_some() && self.release_reservations(records, source, |_, _| true) > 0 {
            self.totals.refused_requests += 1;
            refusal = self.reserve(records.map, source, units_min).err();
        }
        if let Some(error) = refusal {
            self.totals.refused_requests += 1;
            return Err(self.fault(records, error, units_min));
        }
        let run = self.pool.take_largest(records, units_min, units);
        run.ok_or_else(|| self.fault(records, SourceError::Full, units_min))
    }

    /// Gives memory to every page of a run that has none. Answers how many pages those are.
    fn commit<P: PageSource>(
        &mut self,
        records: Records<'_>,
        source: &P,
        run: Run,
    ) -> Result<usize, SourceError> {
        let geometry = &records.geometry;
        let (mut unit, mut cold_pages) = (0, 0);
        while unit < run.units {
            let (begin, mut pages) = (unit, 0);
            while unit < run.units {
                let cold = records.at(run.address() + unit as usize * geometry.unit_bytes).cold();
                if cold == 0 {
                    break;
                }
                pages += cold.count_ones() as usize;
                unit += 1;
            }
            if begin == unit {
                unit += 1;
                continue;
            }
            let stretch = run.slice(begin, unit - begin, geometry);
            // SAFETY: needs whole pages of a live reservation; units are that, and the run is ours alone.
            unsafe { source.commit(stretch.base, stretch.bytes(geometry)) }?;
            records.of(stretch).for_each(|record| record.set_cold(0));
            cold_pages += pages;
            self.committed_bytes += pages * geometry.page_bytes;
        }
        Ok(cold_pages)
    }

    /// A run with the units behind it, `units` in all, committed; `None` if they are not free or there is no memory for them.
    pub(super) fn extend<P: PageSource>(
        &mut self,
        map: &PageMap,
        source: &P,
        run: Run,
        units: u32,
    ) -> Option<Run> {
        let records = Records { map, geometry: source.geometry() };
        let more = self.pool.take_behind(records, run, units - run.units)?;
        if self.commit(records, source, more).is_err() {
            self.totals.refused_requests += 1;
            self.pool.insert(records, more);
            return None;
        }
        let joined = Run { base: run.base, units };
        records.mark(joined, UnitState::Whole);
        Some(joined)
    }

    /// Notes that the memory of a run was taken away, so that none of its pages has any, and puts it into the pool.
    pub(super) fn release_bare(&mut self, records: Records<'_>, run: Run) {
        let warm_pages: u32 = records.of(run).map(|record| records.warm_pages(record)).sum();
        self.committed_bytes -= warm_pages as usize * records.geometry.page_bytes;
        for record in records.of(run) {
            record.set_cold(records.geometry.unit_pages_mask());
        }
        self.release(records, run);
    }

    /// Puts a run of committed or purged units into the pool.
    pub(super) fn release(&mut self, records: Records<'_>, run: Run) {
        self.totals.releases += 1;
        self.pool.insert(records, run);
    }

    /// Reserves room for at least `units` more, as much as is reserved at once, or less if that is refused.
    fn reserve<P: PageSource>(&mut self, map: &PageMap, source: &P, units: u32) -> Result<(), SourceError> {
        let geometry = source.geometry();
        let needed = UnitCount::new(units).bytes(geometry.unit_bytes);
        let mut bytes = needed.max(self.reserve_bytes_ahead(&geometry));
        loop {
            match self.reserve_exactly(map, source, bytes) {
                Ok(()) => return Ok(()),
                Err(error) if bytes == needed => return Err(error),
                Err(_) => {
                    let half = (bytes / 2).next_multiple_of(geometry.unit_bytes);
                    bytes = if half == bytes { needed } else { half.max(needed) };
                }
            }
        }
    }

    /// How much to reserve if less is needed: at first little, so that the records of a small process lie on one or two pages;
    /// then as much as the source allows, so that large spans find room to grow. All that is left of a fixed source.
    fn reserve_bytes_ahead(&self, geometry: &Geometry) -> usize {
        if self.reserved_units > 0 || geometry.record_bytes_min == 0 {
            return geometry.reserve_bytes_max;
        }
        config::RESERVE_BYTES_FIRST.min(geometry.reserve_bytes_max)
    }

    fn reserve_exactly<P: PageSource>(
        &mut self,
        map: &PageMap,
        source: &P,
        bytes: usize,
    ) -> Result<(), SourceError> {
        let place = self.reservation_record(source)?;
        let geometry = source.geometry();
        let align = if bytes >= geometry.region_bytes && geometry.record_bytes_min > 0 {
            geometry.region_bytes
        } else {
            geometry.unit_bytes
        };
        let base = match source.reserve(bytes, align) {
            Ok(base) => base,
            Err(error) => {
                self.put_reservation_record(place);
                return Err(error);
            }
        };
        let address = base.as_ptr().addr();
        if let Err(error) = map.cover(&mut self.metadata, source, &geometry, address, bytes) {
            // SAFETY: needs the whole reservation, unused; it was made above and nobody has seen it.
            unsafe { source.release(base, bytes) };
            self.put_reservation_record(place);
            return Err(error);
        }
        let records = Records { map, geometry };
        let units = (bytes / geometry.unit_bytes) as u32;
        let run = Run { base, units };
        for (index, record) in records.of(run).enumerate() {
            // SAFETY: needs to stay inside the reservation; `index` is below its number of units.
            let unit_base = unsafe { base.add(index * geometry.unit_bytes) };
            record.lend(unit_base, index == 0, geometry.unit_pages_mask());
        }
        // SAFETY: needs writable, aligned memory; the record was allocated for this type and is on no list.
        unsafe { place.write(Reservation { next: self.reservations, base, bytes }) };
        self.reservations = Some(place);
        self.reserved_units += units as usize;
        self.totals.reservations += 1;
        self.pool.insert(records, run);
        Ok(())
    }

    fn reservation_record<P: PageSource>(&mut self, source: &P) -> Result<NonNull<Reservation>, SourceError> {
        if let Some(place) = self.unused_reservations {
            // SAFETY: needs an initialised record; every record on the list was written by `put_reservation_record`.
            self.unused_reservations = unsafe { place.as_ref() }.next;
            return Ok(place);
        }
        Ok(self.metadata.allocate(source, Layout::new::<Reservation>())?.cast())
    }

    pub(super) fn put_reservation_record(&mut self, place: NonNull<Reservation>) {
        let unused = Reservation { next: self.unused_reservations, base: NonNull::dangling(), bytes: 0 };
        // SAFETY: needs writable, aligned memory; the record was allocated for this type and is on no other list.
        unsafe { place.write(unused) };
        self.unused_reservations = Some(place);
    }

    /// The records of threads, also those that no thread uses now.
    pub(super) fn each_thread(&self) -> impl Iterator<Item = &ThreadRecord> {
        // SAFETY: needs an initialised record that is only read while it is borrowed; `register` writes each before it links it, and
        // nobody moves or releases one before `release_records`, which has the list exclusively.
        let record = |place: NonNull<ThreadRecord>| unsafe { place.as_ref() };
        core::iter::successors(self.threads.map(record), move |thread| thread.next.map(record))
    }

    /// A record for a thread: an unused one, or a new one.
    ///
    /// `None` if the page source refuses memory for a new record.
    pub(super) fn register<P: PageSource>(&mut self, source: &P) -> Option<NonNull<ThreadRecord>> {
        let unused = self.each_thread().find(|record| !record.in_use.swap(true, Ordering::Relaxed));
        if let Some(place) = unused.map(NonNull::from) {
            self.threads_in_use += 1;
            return Some(place);
        }
        let Ok(place) = self.metadata.allocate(source, Layout::new::<ThreadRecord>()) else {
            self.totals.refused_requests += 1;
            return None;
        };
        let place = place.cast::<ThreadRecord>();
        let record = ThreadRecord {
            next: self.threads,
            in_use: AtomicBool::new(true),
            balances: ThreadBalances::new(),
        };
        // SAFETY: needs writable, aligned memory; the record was just allocated for this type.
        unsafe { place.write(record) };
        self.threads = Some(place);
        self.threads_in_use += 1;
        Some(place)
    }

    /// Publishes what is left of a thread's accounts and makes its record unused.
    pub(super) fn unregister(&mut self, record: &ThreadRecord) {
        self.publish(&record.balances);
        record.in_use.store(false, Ordering::Relaxed);
        self.threads_in_use -= 1;
    }

    /// Moves a thread's balances to the shared ones.
    pub(super) fn publish(&mut self, balances: &ThreadBalances) {
        let warm = balances.publish(&mut self.balances);
        self.totals.acquires += warm;
        self.totals.warm_acquires += warm;
        self.note_balances();
    }

    /// The balances of everybody, published or not; and how many requests threads served warm since they last published.
    pub(super) fn all_balances(&self) -> (Balances, usize) {
        let mut sum = self.balances;
        let warm = self.each_thread().map(|record| record.balances.add_to(&mut sum)).sum();
        (sum, warm)
    }

    /// Keeps the peaks after the balances changed.
    pub(super) fn note_balances(&mut self) {
        self.totals.live_peak = self.totals.live_peak.max(self.balances.live());
        self.peak.observe(self.balances.get(Account::Arena));
        self.heap_peak.observe(self.balances.get(Account::Heap));
    }

    /// Committed bytes that nobody holds, as far as published.
    pub(super) fn idle_bytes(&self, page_bytes: usize) -> usize {
        self.pool.warm_pages() * page_bytes
            + self.balances.get(Account::Cached)
            + self.balances.get(Account::Dead)
            + self.balances.get(Account::TailsUsed)
    }

    /// How many bytes should idle after a purge, if by the give-back rule too many idle now.
    pub(super) fn purge_goal(&self, page_bytes: usize) -> Option<usize> {
        let limit = idle_bytes_max(&self.balances, &self.peak, &self.heap_peak).max(self.retained_bytes);
        (self.idle_bytes(page_bytes) > limit).then_some(limit - limit / config::PURGE_SLACK_DIVISOR)
    }

    /// Purges about `bytes` of idle memory, pooled runs first. Answers how many bytes; 0 only if nothing can be purged.
    pub(super) fn purge<P: PageSource>(&mut self, records: Records<'_>, source: &P, bytes: usize) -> usize {
        let mut purged = self.pool.purge(records, source, bytes);
        if purged < bytes {
            purged += self.dead.purge(records, source, &mut self.balances, bytes - purged);
        }
        self.committed_bytes -= purged;
        self.totals.purges += usize::from(purged > 0);
        self.totals.purged_bytes += purged;
        purged
    }

    /// The fault for a span that could not be had.
    fn fault(&self, records: Records<'_>, error: SourceError, units: u32) -> Fault {
        let asked = UnitCount::new(units).bytes(records.geometry.unit_bytes);
        let reserved = self.reserved_units * records.geometry.unit_bytes;
        self.source_fault("span", error, asked).with(FactName::Reserved, reserved as u64)
    }

    /// One failure, one code: the system's refusal is page exhaustion, the end of fixed storage a limit of ours.
    fn source_fault(&self, subject: &'static str, error: SourceError, asked: usize) -> Fault {
        let (code, os_error) = match error {
            SourceError::Refused { os_error } => (FaultCode::PageExhaustion, Some(os_error)),
            SourceError::Full => (FaultCode::Exhaustion, None),
        };
        let fault = Fault::new(code, subject).with(FactName::Asked, asked as u64);
        match os_error {
            Some(number) => fault.with(FactName::OsError, number.unsigned_abs().into()),
            None => fault,
        }
    }

    /// Every range that the page source has lent for spans: where it begins, and its bytes.
    pub(super) fn each_reservation(&self) -> impl Iterator<Item = (NonNull<u8>, usize)> {
        let mut next = self.reservations;
        core::iter::from_fn(move || {
            // SAFETY: needs an initialised record; every record on the list was written when it was linked.
            let &Reservation { next: after, base, bytes } = unsafe { next?.as_ref() };
            next = after;
            Some((base, bytes))
        })
    }

    /// Releases reservations that lie whole in the pool with nothing but addresses, except for some of at most `keep_bytes`
    /// together, if much more than that idles. Cost: the reservations, if it does.
    pub(super) fn release_cold_reservations<P: PageSource>(
        &mut self,
        records: Records<'_>,
        source: &P,
        keep_bytes: usize,
    ) {
        let geometry = records.geometry;
        let idle_bytes = self.pool.units() * geometry.unit_bytes;
        let cold_bytes = idle_bytes - self.pool.warm_pages() * geometry.page_bytes;
        if cold_bytes <= 2 * keep_bytes {
            return;
        }
        let mut keep_left = keep_bytes;
        self.release_reservations(records, source, |bytes, warm_pages| {
            if warm_pages > 0 {
                return false;
            }
            let is_kept = bytes <= keep_left;
            keep_left -= if is_kept { bytes } else { 0 };
            !is_kept
        });
    }

    /// Releases the reservations that lie whole in the pool and that `choose` wants released, given their bytes and how many
    /// pages of them have memory. Answers the bytes released.
    pub(super) fn release_reservations<P: PageSource>(
        &mut self,
        records: Records<'_>,
        source: &P,
        mut choose: impl FnMut(usize, u32) -> bool,
    ) -> usize {
        let geometry = records.geometry;
        let mut released = 0;
        let mut kept = None;
        let mut next = self.reservations.take();
        while let Some(place) = next {
            // SAFETY: needs an initialised record; `reserve_exactly` wrote every record on the list.
            let reservation = unsafe { place.read() };
            next = reservation.next;
            let units = (reservation.bytes / geometry.unit_bytes) as u32;
            let first = records.at(reservation.base.as_ptr().addr());
            let is_idle = first.state() == UnitState::Pooled && first.run_units() == units;
            if !is_idle || !choose(reservation.bytes, first.run_warm_pages()) {
                // SAFETY: needs writable, aligned memory; the record is of this type and on no list now.
                unsafe { place.write(Reservation { next: kept, ..reservation }) };
                kept = Some(place);
                continue;
            }
            let run = Run { base: reservation.base, units };
            let warm_pages = first.run_warm_pages();
            self.pool.discard(records, run, warm_pages);
            self.committed_bytes -= warm_pages as usize * geometry.page_bytes;
            for record in records.of(run) {
                record.take_back();
            }
            self.reserved_units -= units as usize;
            self.put_reservation_record(place);
            // SAFETY: needs a whole reservation that nobody uses; all of it was pooled, and left the pool above.
            unsafe { source.release(reservation.base, reservation.bytes) };
            released += reservation.bytes;
        }
        self.reservations = kept;
        released
    }

    /// Gives the records and tables back as well.
    ///
    /// # Safety
    /// - No unit is lent, no thread is registered, and no lookup in `map` runs.
    pub(super) unsafe fn release_records<P: PageSource>(&mut self, map: &PageMap, source: &P) {
        // SAFETY: needs that nobody holds a record or looks one up; the caller promises both.
        unsafe { map.forget() };
        // SAFETY: needs the source of every record, and that none is used again; the lists are emptied below.
        unsafe { self.metadata.release_all(source) };
        self.unused_reservations = None;
        self.threads = None;
        self.peak.forget();
        self.heap_peak.forget();
    }
}
