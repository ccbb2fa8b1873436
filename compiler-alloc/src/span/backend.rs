//! The backend itself: an ordinary value that owns a page source, a page map and the shared state.

use super::page_map::PageMap;
use super::record::UnitState;
use super::run::{Records, Run};
use super::shared::Shared;
use super::stats::{ShutdownReport, SpanStats};
use crate::config;
use crate::counters::Account;
use crate::fault::{FactName, Fault, FaultCode};
use crate::page_source::{Geometry, PageSource};
use crate::sync::{Rank, RankedGuard, RankedLock, const_fn};
use crate::units::UnitCount;
use core::ptr::NonNull;

/// Whole units with one owner. Plain data: dropping it leaks the span until it is released.
///
/// Its memory may be read and written from the acquiring call until it is released, for as long as the backend's page
/// source lives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    /// Where it begins: a multiple of the unit.
    pub base: NonNull<u8>,
    /// How many bytes: a multiple of the unit.
    pub bytes: usize,
}

// SAFETY: needs that the span may be used from any thread; it is a name for memory, and using it is unsafe.
unsafe impl Send for Span {}

/// Lends spans of a page source and takes them back.
///
/// Any number of backends can live at once. Calls on the backend itself take its lock; a thread that asks often does
/// so through a [`SpanCache`](super::SpanCache), which rarely needs it.
///
/// Dropping a backend gives nothing back, because somebody may still use its spans; [`shutdown`](Self::shutdown) does.
///
/// ```
/// use compiler_alloc::page_source::MmapPages;
/// use compiler_alloc::span::SpanBackend;
/// let backend = SpanBackend::new(MmapPages::new());
/// let span = backend.acquire(100_000)?;
/// assert_eq!(span.bytes, 128 << 10);
/// // SAFETY: acquired above from this backend; not used afterwards.
/// unsafe { backend.release(span) };
/// assert!(backend.shutdown().leak().is_none());
/// # Ok::<(), compiler_alloc::fault::Fault>(())
/// ```
pub struct SpanBackend<P> {
    source: P,
    map: PageMap,
    pub(super) shared: RankedLock<Shared>,
}

impl<P> SpanBackend<P> {
    const_fn! {
        /// A backend over `source`. Asks it for nothing before the first span is acquired.
        pub const fn new(source: P) -> Self {
            SpanBackend { source, map: PageMap::new(), shared: RankedLock::new(Rank::Backend, Shared::new()) }
        }
    }
}

impl<P: PageSource> SpanBackend<P> {
    /// The page source.
    pub fn source(&self) -> &P {
        &self.source
    }

    /// The sizes that spans of this backend have.
    pub fn geometry(&self) -> Geometry {
        self.source.geometry()
    }

    #[inline]
    pub(super) fn records(&self) -> Records<'_> {
        Records { map: &self.map, geometry: self.source.geometry() }
    }

    pub(super) fn lock(&self) -> RankedGuard<'_, Shared> {
        self.shared.lock()
    }

    pub(super) fn map(&self) -> &PageMap {
        &self.map
    }

    /// The units of a span that somebody holds.
    pub(super) fn run_of(&self, span: Span) -> Run {
        let records = self.records();
        let units = (span.bytes / records.geometry.unit_bytes) as u32;
        debug_assert_eq!(records.at(span.base.as_ptr().addr()).state(), UnitState::Whole);
        debug_assert_eq!(records.at(span.base.as_ptr().addr()).run_units(), units);
        Run { base: span.base, units }
    }

    /// How many units hold `bytes`, at least one.
    ///
    /// # Errors
    /// [`FaultCode::Exhaustion`] if no address space can hold so much.
    pub(super) fn units_for(&self, bytes: usize) -> Result<u32, Fault> {
        let units = UnitCount::holding(bytes.max(1), self.geometry().unit_bytes);
        match units {
            Some(units) if bytes <= isize::MAX as usize => Ok(units.get()),
            _ => Err(Fault::new(FaultCode::Exhaustion, "span").with(FactName::Asked, bytes as u64)),
        }
    }

    /// Lends whole units that hold at least `bytes`. The contents are not defined. Takes the lock.
    ///
    /// # Errors
    /// [`FaultCode::PageExhaustion`] if the page source refuses, [`FaultCode::Exhaustion`] if fixed storage is used up
    /// or no address space could hold `bytes`. Nothing was changed then, and a later call may succeed.
    pub fn acquire(&self, bytes: usize) -> Result<Span, Fault> {
        let units = self.units_for(bytes)?;
        let mut shared = self.lock();
        let (run, _) = shared.acquire(&self.map, &self.source, units, units)?;
        let bytes = run.bytes(&self.geometry());
        shared.balances.add(Account::Heap, bytes as isize);
        shared.note_balances();
        Ok(Span { base: run.base, bytes })
    }

    /// Takes a span back, and gives memory back to the page source if too much idles. Takes the lock.
    ///
    /// # Safety
    /// - The span came from [`acquire`](Self::acquire) of this backend, or from a [`SpanCache`](super::SpanCache) over
    ///   it, and was not released since.
    /// - Nobody uses its memory again.
    pub unsafe fn release(&self, span: Span) {
        let records = self.records();
        let run = self.run_of(span);
        let mut shared = self.lock();
        shared.balances.add(Account::Heap, -(span.bytes as isize));
        shared.note_balances();
        shared.release(records, run);
        self.settle(shared);
    }

    /// Purges idle memory until at most `keep_bytes` idle, as far as the pool and dead pages go. Takes the lock.
    ///
    /// What threads keep in their caches is theirs: [`SpanCache::flush`](super::SpanCache::flush) returns it.
    pub fn trim(&self, keep_bytes: usize) {
        let mut shared = self.lock();
        if keep_bytes < shared.peak.bytes() {
            shared.peak.forget();
        }
        if keep_bytes < shared.heap_peak.bytes() {
            shared.heap_peak.forget();
        }
        self.purge_to(shared, keep_bytes);
    }

    /// Lets so many bytes idle in any case, more only as the give-back rule says. 0 at first. Takes the lock.
    pub fn retain(&self, bytes: usize) {
        self.lock().retained_bytes = bytes;
    }

    /// Applies the give-back rule after something was returned; opens the lock.
    pub(super) fn settle(&self, shared: RankedGuard<'_, Shared>) {
        if let Some(goal) = shared.purge_goal(self.geometry().page_bytes) {
            self.purge_to(shared, goal);
        }
    }

    /// Purges until at most `idle_bytes_max` idle, or nothing can be purged; opens the lock. Address space that idles without
    /// memory goes back as well, beyond what is reserved at once: others in the process may need it.
    ///
    /// The lock is opened after every [`PURGE_BYTES_MAX`](config::PURGE_BYTES_MAX), because giving memory back takes the
    /// system about 100 µs a MiB, for which other threads should not wait longer than that.
    fn purge_to<'g>(&'g self, mut shared: RankedGuard<'g, Shared>, idle_bytes_max: usize) {
        let records = self.records();
        loop {
            let idle = shared.idle_bytes(records.geometry.page_bytes);
            let excess = idle.saturating_sub(idle_bytes_max).min(config::PURGE_BYTES_MAX);
            if excess == 0 || shared.purge(records, &self.source, excess) == 0 {
                let keep_bytes = records.geometry.reserve_bytes_max;
                return shared.release_cold_reservations(records, &self.source, keep_bytes);
            }
            drop(shared);
            shared = self.lock();
        }
    }

    /// Gives every reservation that is wholly idle back to the page source: memory or address space was refused. Takes the
    /// lock. Answers how many bytes.
    pub(crate) fn release_idle_reservations(&self) -> usize {
        self.lock().release_reservations(self.records(), &self.source, |_, _| true)
    }

    /// Gives every reservation that is wholly idle back to the page source, and says what is still alive.
    ///
    /// Threads should have flushed their caches; what they keep counts as not returned. Memory that somebody holds is
    /// never released. If nothing is left and no thread is registered, the backend's own records go back too, and the
    /// backend is as it was when it was made; it may be used again in either case.
    pub fn shutdown(&self) -> ShutdownReport {
        let records = self.records();
        let mut shared = self.lock();
        let released_bytes = shared.release_reservations(records, &self.source, |_, _| true);
        let stats = self.stats_of(&mut shared);
        let mut report = ShutdownReport {
            released_bytes,
            live_bytes: stats.live_bytes(),
            live_units: self.units_in_use(&shared),
            cached_bytes: stats.cached_bytes + stats.tail_bytes,
            threads: shared.threads_in_use,
            record_bytes: shared.metadata.reserved_bytes(),
        };
        if shared.reserved_units == 0 && shared.threads_in_use == 0 {
            // SAFETY: needs that nobody holds or looks up a record; no unit is lent, so no owner can, and lookups of
            // addresses in general hold the lock that we hold.
            unsafe { shared.release_records(&self.map, &self.source) };
            report.released_bytes += core::mem::take(&mut report.record_bytes);
        }
        report
    }

    /// Units that somebody holds, counted by walking every reservation.
    fn units_in_use(&self, shared: &Shared) -> usize {
        let mut units = 0;
        self.walk(shared, |state, run| {
            units += match state {
                UnitState::Whole | UnitState::Parted => run.units as usize,
                _ => 0,
            };
        });
        units
    }

    /// Visits every run of every reservation, in order of address within each.
    pub(super) fn walk(&self, shared: &Shared, mut visit: impl FnMut(UnitState, Run)) {
        let records = self.records();
        let geometry = records.geometry;
        for (base, bytes) in shared.each_reservation() {
            let mut offset = 0;
            while offset < bytes {
                let record = records.at(base.as_ptr().addr() + offset);
                let state = record.state();
                let units = if state == UnitState::Parted { 1 } else { record.run_units().max(1) };
                // SAFETY: needs to stay inside the reservation; `offset` is below its size.
                let run = Run { base: unsafe { base.add(offset) }, units };
                visit(state, run);
                offset += run.bytes(&geometry);
            }
        }
    }

    /// Calls `visit` for every range that the page source has lent for spans. Takes the lock, and holds it meanwhile.
    pub(crate) fn each_reservation(&self, mut visit: impl FnMut(NonNull<u8>, usize)) {
        let shared = self.lock();
        shared.each_reservation().for_each(|(base, bytes)| visit(base, bytes));
    }

    /// Whether the backend has lent the memory at `address`, to anybody. Takes the lock. Any address may be asked for.
    pub fn owns(&self, address: usize) -> bool {
        let shared = self.lock();
        let record = self.map.record(&self.geometry(), address);
        let owned = record.is_some_and(|record| record.base().is_some());
        drop(shared);
        owned
    }

    /// What the backend holds, now. Exact if no thread is in the middle of a call. Takes the lock; cost: the threads.
    pub fn stats(&self) -> SpanStats {
        self.stats_of(&mut self.lock())
    }

    fn stats_of(&self, shared: &mut Shared) -> SpanStats {
        let geometry = self.geometry();
        let (sum, warm) = shared.all_balances();
        let totals = shared.totals;
        SpanStats {
            arena_live_bytes: sum.get(Account::Arena),
            sealed_live_bytes: sum.get(Account::Sealed),
            heap_live_bytes: sum.get(Account::Heap),
            tail_bytes: sum.get(Account::Tails),
            tail_used_bytes: sum.get(Account::TailsUsed),
            pooled_bytes: shared.pool.warm_pages() * geometry.page_bytes,
            cached_bytes: sum.get(Account::Cached),
            dead_bytes: sum.get(Account::Dead),
            committed_bytes: shared.committed_bytes,
            reserved_bytes: shared.reserved_units * geometry.unit_bytes,
            record_bytes: shared.metadata.reserved_bytes(),
            arena_peak_bytes: shared.peak.bytes(),
            live_peak_bytes: totals.live_peak.max(sum.live()),
            acquires: totals.acquires + warm,
            warm_acquires: totals.warm_acquires + warm,
            releases: totals.releases,
            purges: totals.purges,
            purged_bytes: totals.purged_bytes,
            reservations: totals.reservations,
            refused_requests: totals.refused_requests,
            threads: shared.threads_in_use,
        }
    }
}
