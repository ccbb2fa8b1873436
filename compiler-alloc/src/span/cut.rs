//! Where parts of an open span touch: the counts of the unit and the page in which a cut lies.

use super::cache::SpanCache;
use crate::page_source::{Geometry, PageSource};
use crate::sync::Ordering;

impl<P: PageSource> SpanCache<'_, P> {
    /// Makes two parts of one that this thread owns: the unit and the page in which it is cut are touched once more.
    pub(super) fn split_at(&self, address: usize) {
        let records = self.backend.records();
        let geometry = &records.geometry;
        if !is_multiple(address, geometry.unit_bytes) {
            let record = records.at(address);
            record.live.fetch_add(1, Ordering::Relaxed);
            if !is_multiple(address, geometry.page_bytes) {
                record.pages[page_of(geometry, address)].fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Makes one part of two that this thread owns. Neither count can become zero: the joined part holds one.
    pub(super) fn join_at(&self, address: usize) {
        let records = self.backend.records();
        let geometry = &records.geometry;
        if !is_multiple(address, geometry.unit_bytes) {
            let record = records.at(address);
            let before = record.live.fetch_sub(1, Ordering::Relaxed);
            debug_assert!(before >= 2, "two joined parts touch the unit");
            if !is_multiple(address, geometry.page_bytes) {
                let before = record.pages[page_of(geometry, address)].fetch_sub(1, Ordering::Relaxed);
                debug_assert!(before >= 2, "two joined parts touch the page");
            }
        }
    }

    /// Moves the cut between two parts that this thread owns from `high` down to `low`: what a split there and a join here do, without
    /// what cancels out in a unit or page that holds both.
    #[inline(always)]
    pub(super) fn move_cut(&self, high: usize, low: usize) {
        debug_assert!(low <= high);
        let Geometry { unit_bytes, page_bytes, .. } = self.backend.geometry();
        let in_one = |size: usize| !is_multiple(low, size) && low ^ high < size;
        if !in_one(unit_bytes) {
            self.split_at(low);
            self.join_at(high);
        } else if !in_one(page_bytes) && !is_multiple(low | high, page_bytes) {
            self.move_page_counts(high, low);
        }
    }

    /// The same within a unit, between two of its pages.
    #[inline(never)]
    fn move_page_counts(&self, high: usize, low: usize) {
        let records = self.backend.records();
        let geometry = &records.geometry;
        let pages = &records.at(low).pages;
        if !is_multiple(low, geometry.page_bytes) {
            pages[page_of(geometry, low)].fetch_add(1, Ordering::Relaxed);
        }
        if !is_multiple(high, geometry.page_bytes) {
            let before = pages[page_of(geometry, high)].fetch_sub(1, Ordering::Relaxed);
            debug_assert!(before >= 2, "the two parts touch the page");
        }
    }

    /// Whether parts on both sides of `address` lie in one reservation, so that one pointer may reach both.
    #[inline]
    pub(super) fn may_join_at(&self, address: usize) -> bool {
        !is_multiple(address, self.backend.geometry().unit_bytes) || self.is_in_one_reservation(address)
    }

    /// The same where a unit begins.
    #[inline(never)]
    fn is_in_one_reservation(&self, address: usize) -> bool {
        !self.backend.records().at(address).begins_reservation()
    }
}

/// The page of its unit in which `address` lies.
#[inline]
pub(super) fn page_of(geometry: &Geometry, address: usize) -> usize {
    (address & (geometry.unit_bytes - 1)) >> geometry.page_bytes.trailing_zeros()
}

/// Whether `address` is a multiple of `size`, a power of two that the compiler does not know: without a division, whose cost would depend on
/// the address.
#[inline]
pub(super) fn is_multiple(address: usize, size: usize) -> bool {
    debug_assert!(size.is_power_of_two());
    address & (size - 1) == 0
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;
    use crate::config;
    use crate::counters::Holder;
    use crate::page_source::MmapPages;
    use crate::span::SpanBackend;
    use crate::span::record::UnitRecord;

    #[test]
    fn moving_a_cut_counts_as_a_split_and_a_join_do() {
        let backend = SpanBackend::new(MmapPages::new());
        let mut cache = SpanCache::new(&backend);
        let part =
            cache.take(config::OWN_RUN_BYTES_MIN, config::OWN_RUN_BYTES_MIN, Holder::Arena).expect("memory");
        let part_low = part.low.addr().get();
        let counts = || -> Vec<(u16, Vec<u16>)> {
            let units = (part_low..part_low + part.bytes).step_by(config::UNIT_BYTES);
            let of_unit = |record: &UnitRecord| {
                let pages = record.pages.iter().map(|page| page.load(Ordering::Relaxed));
                (record.live.load(Ordering::Relaxed) as u16, pages.collect())
            };
            units.map(|unit| of_unit(backend.records().at(unit))).collect()
        };
        // In a page, between pages, between units, and on the cuts themselves.
        let offsets =
            [16, 4080, 4096, 4112, 8192, 61_440, 65_520, 65_536, 65_552, 69_632, 131_072, 131_088, 200_000];
        let before = counts();
        for (index, low) in offsets.iter().map(|offset| part_low + offset).enumerate() {
            for high in offsets[index + 1..].iter().map(|offset| part_low + offset) {
                cache.split_at(low);
                let expected = counts();
                cache.join_at(low);
                cache.split_at(high);
                cache.move_cut(high, low);
                assert_eq!(counts(), expected, "from {high:x} to {low:x}");
                cache.join_at(low);
                assert_eq!(counts(), before);
            }
        }
        // SAFETY: the part was taken above, is as it was, and is not used again.
        unsafe { cache.release(part, Holder::Arena) };
    }
}
