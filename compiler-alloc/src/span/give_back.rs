//! How much memory may idle, and what happens to the rest: counted, never timed.
//!
//! Idle are the committed bytes that no owner holds: pooled runs, runs that threads keep, used bytes of open tails, and
//! dead pages of parted units. Whenever something is returned:
//! ```text
//! idle <= max(1.5 * arena_peak - arena_live + 1 MiB, (arena_live + sealed_live) / 4)
//!         + min(heap_peak - heap_live, max(7 MiB, min(heap_returned - heap_live, 64 MiB))) + min(2 * heap_live, 48 MiB)
//! ```
//! or what [`SpanBackend::retain`](super::SpanBackend::retain) allows, if that is more. Beyond it, pooled runs and then dead pages are purged until a sixteenth less than that is left.

use super::pool::purge_dead_pages;
use super::record::UnitRecord;
use super::run::Records;
use crate::config;
use crate::counters::{Account, Balances};
use crate::page_source::PageSource;
use crate::sync::Ordering;
use core::ptr::NonNull;

/// The recent peak of bytes held by arenas, or by heaps.
///
/// A peak is halved when they, without ever holding half of it meanwhile, gave back 16 times as many bytes as it has: a
/// pass that comes again finds its memory warm, and a process whose big work is over does not hold on to it.
#[derive(Debug)]
pub(super) struct RecentPeak {
    bytes: usize,
    live: usize,
    /// Bytes given back since half of the peak was last held.
    returned_below_half: usize,
    /// The peak when less than half of it was held last; 0 if that never was.
    fell_from: usize,
    /// How much of such a peak was held again afterwards.
    returned_to: usize,
}

impl RecentPeak {
    pub(super) const fn new() -> Self {
        RecentPeak { bytes: 0, live: 0, returned_below_half: 0, fell_from: 0, returned_to: 0 }
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The height that was reached, left for less than half of it, and reached again; 0 if none was.
    pub(super) fn returned_to(&self) -> usize {
        self.returned_to
    }

    /// Takes note of how many bytes are held now.
    pub(super) fn observe(&mut self, live: usize) {
        let returned = self.live.saturating_sub(live);
        self.live = live;
        if live >= self.bytes / 2 {
            self.returned_to = self.returned_to.max(live.min(self.fell_from));
            self.bytes = self.bytes.max(live);
            self.returned_below_half = 0;
            return;
        }
        self.fell_from = self.bytes;
        self.returned_below_half = self.returned_below_half.saturating_add(returned);
        if self.returned_below_half / config::QUIET_TURNOVERS_MAX >= self.bytes {
            self.bytes /= 2;
            self.fell_from = self.bytes;
            self.returned_to = self.returned_to.min(self.bytes);
            self.returned_below_half = 0;
        }
    }

    /// Forgets the peak.
    pub(super) fn forget(&mut self) {
        *self = RecentPeak::new();
    }
}

/// How many bytes may idle: what the arenas' recent peak may ask for again, half as much for what it cannot use because it is
/// splintered, and 1 MiB of rounding to units and chunks, or a quarter of what arenas and sealed results hold; and for heaps
/// a few MiB of what they gave back, more of it once they asked for it again, and up to twice what they hold.
pub(super) fn idle_bytes_max(balances: &Balances, peak: &RecentPeak, heap_peak: &RecentPeak) -> usize {
    let (arena, heap) = (balances.get(Account::Arena), balances.get(Account::Heap));
    let peak_bytes = peak.bytes() + peak.bytes() / config::PEAK_SPLINTERS_DIVISOR;
    let returning = peak_bytes.saturating_sub(arena) + config::IDLE_BYTES_MIN;
    let quarter = (arena + balances.get(Account::Sealed)) / config::IDLE_LIVE_DIVISOR;
    let returned = heap_peak.returned_to().saturating_sub(heap).min(config::HEAP_RETURNED_BYTES_MAX);
    let given_back = heap_peak.bytes().saturating_sub(heap).min(returned.max(config::HEAP_IDLE_BYTES_MAX));
    let turned_over = (2 * heap).min(config::HEAP_TURNOVER_BYTES_MAX);
    returning.max(quarter) + given_back + turned_over
}

/// The parted units that have dead pages, linked by their records. Used under the backend's lock.
pub(super) struct DeadList {
    newest: Option<NonNull<UnitRecord>>,
}

// SAFETY: needs that the linked records may be reached from any thread; they are atomics in the backend's metadata.
unsafe impl Send for DeadList {}

impl DeadList {
    pub(super) const fn new() -> Self {
        DeadList { newest: None }
    }

    /// Links a unit whose `listed` flag the caller has just set. The caller still holds a count of the unit.
    pub(super) fn push(&mut self, record: &UnitRecord) {
        let pointer = core::ptr::from_ref(record).cast_mut();
        record.previous.store(core::ptr::null_mut(), Ordering::Relaxed);
        record.next.store(self.newest.map_or(core::ptr::null_mut(), NonNull::as_ptr), Ordering::Relaxed);
        if let Some(old) = self.newest {
            // SAFETY: needs a live record; a linked unit stays parted until it is removed, under the lock we are under.
            unsafe { old.as_ref() }.previous.store(pointer, Ordering::Relaxed);
        }
        self.newest = NonNull::new(pointer);
    }

    /// Unlinks a unit if it is linked, and clears its flag.
    ///
    /// The flag is cleared by a read-modify-write *before* the caller reads the unit's dead pages. Whoever marks a page
    /// dead sets the flag by one *after* marking: one of the two sees the other, so no dead page is forgotten.
    pub(super) fn remove(&mut self, record: &UnitRecord) {
        if !record.listed.swap(false, Ordering::AcqRel) {
            return;
        }
        let previous = NonNull::new(record.previous.load(Ordering::Relaxed));
        let next = NonNull::new(record.next.load(Ordering::Relaxed));
        match previous {
            // SAFETY: needs a live record; a linked unit stays parted until it is removed, under the lock we are under.
            Some(previous) => unsafe { previous.as_ref() }
                .next
                .store(next.map_or(core::ptr::null_mut(), NonNull::as_ptr), Ordering::Relaxed),
            None => self.newest = next,
        }
        if let Some(next) = next {
            // SAFETY: needs a live record; a linked unit stays parted until it is removed, under the lock we are under.
            unsafe { next.as_ref() }
                .previous
                .store(previous.map_or(core::ptr::null_mut(), NonNull::as_ptr), Ordering::Relaxed);
        }
    }

    /// Gives dead pages of at least `bytes` back; answers how many bytes, less only if there were no more.
    pub(super) fn purge<P: PageSource>(
        &mut self,
        records: Records<'_>,
        source: &P,
        balances: &mut Balances,
        bytes: usize,
    ) -> usize {
        let mut purged = 0;
        while purged < bytes {
            let Some(newest) = self.newest else { break };
            // SAFETY: needs a live record; a linked unit stays parted until it is removed, under the lock we are under.
            let record = unsafe { newest.as_ref() };
            self.remove(record);
            let dead = record.dead.load(Ordering::Acquire);
            let pages = purge_dead_pages(&records, source, record, dead);
            purged += pages as usize * records.geometry.page_bytes;
        }
        balances.add(Account::Dead, -(purged as isize));
        purged
    }

    /// How many units are linked.
    pub(super) fn len(&self) -> usize {
        let (mut units, mut next) = (0, self.newest);
        while let Some(record) = next {
            units += 1;
            // SAFETY: needs a live record; a linked unit stays parted until it is removed, under the lock we are under.
            next = NonNull::new(unsafe { record.as_ref() }.next.load(Ordering::Relaxed));
        }
        units
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_that_comes_again_keeps_its_peak() {
        let mut peak = RecentPeak::new();
        for _ in 0..100 {
            for live in [1 << 20, 48 << 20, 30 << 20, 12 << 20, 3 << 20, 0] {
                peak.observe(live);
            }
        }
        assert_eq!(peak.bytes(), 48 << 20);
    }

    #[test]
    fn a_height_has_returned_when_it_was_reached_left_and_reached_again() {
        let mut peak = RecentPeak::new();
        let mut observe = |mib: usize| {
            peak.observe(mib << 20);
            peak.returned_to() >> 20
        };
        assert_eq!([8, 0, 6, 80, 0, 30].map(&mut observe), [0, 0, 6, 8, 8, 8], "30 is less than half of 80");
        assert_eq!([50, 100, 0].map(&mut observe), [50, 80, 80]);
        // 100, 50 and 25 MiB 16 times each.
        for _ in 0..16 * (100 + 50 + 25) {
            observe(1);
            observe(0);
        }
        assert!(observe(0) <= 13);
    }

    #[test]
    fn a_peak_is_forgotten_by_halves_when_small_work_follows() {
        let mut peak = RecentPeak::new();
        peak.observe(64 << 20);
        // 16 times 64, 32, 16, 8 and 4 MiB.
        for _ in 0..16 * (64 + 32 + 16 + 8 + 4) {
            peak.observe(1 << 20);
            peak.observe(0);
        }
        assert!(peak.bytes() <= 2 << 20, "{} bytes remembered", peak.bytes());
    }
}
