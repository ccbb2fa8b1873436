//! A run of units, and how its records are found and marked.

use super::page_map::PageMap;
use super::record::{UnitRecord, UnitState};
use crate::page_source::Geometry;
use crate::units::UnitCount;
use core::ptr::NonNull;

/// Contiguous units of one reservation, in the hands of whoever holds this value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Run {
    pub(crate) base: NonNull<u8>,
    pub(crate) units: u32,
}

impl Run {
    #[inline]
    pub(super) fn bytes(self, geometry: &Geometry) -> usize {
        UnitCount::new(self.units).bytes(geometry.unit_bytes)
    }

    #[inline]
    pub(super) fn address(self) -> usize {
        self.base.as_ptr().addr()
    }

    #[inline]
    pub(super) fn end(self, geometry: &Geometry) -> usize {
        self.address() + self.bytes(geometry)
    }

    /// The `units` units from number `first` on.
    #[inline]
    pub(super) fn slice(self, first: u32, units: u32, geometry: &Geometry) -> Run {
        debug_assert!(first + units <= self.units);
        // SAFETY: needs to stay inside or one past the run; `first` is at most the number of its units.
        let base = unsafe { self.base.add(UnitCount::new(first).bytes(geometry.unit_bytes)) };
        Run { base, units }
    }

    /// The first `units` units, and the rest.
    #[inline]
    pub(super) fn split(self, units: u32, geometry: &Geometry) -> (Run, Run) {
        (self.slice(0, units, geometry), self.slice(units, self.units - units, geometry))
    }
}

/// The records of one backend.
#[derive(Clone, Copy)]
pub(crate) struct Records<'b> {
    pub(super) map: &'b PageMap,
    pub(super) geometry: Geometry,
}

impl<'b> Records<'b> {
    /// The record of the unit at `address`, which the backend has lent.
    ///
    /// # Panics
    /// If no region there was ever lent: a caller broke its promise about where memory came from.
    #[inline]
    pub(super) fn at(&self, address: usize) -> &'b UnitRecord {
        match self.map.record(&self.geometry, address) {
            Some(record) => record,
            None => foreign(address),
        }
    }

    /// The records of every unit of a run, in order.
    pub(super) fn of(self, run: Run) -> impl DoubleEndedIterator<Item = &'b UnitRecord> {
        let unit_bytes = self.geometry.unit_bytes;
        (0..run.units as usize).map(move |unit| self.at(run.address() + unit * unit_bytes))
    }

    /// Marks the two ends of a run: its state and its length.
    #[inline]
    pub(super) fn mark(&self, run: Run, state: UnitState) {
        let first = self.at(run.address());
        first.set_run_units(run.units);
        first.set_state(state);
        if run.units > 1 {
            let last = self.at(run.end(&self.geometry) - self.geometry.unit_bytes);
            last.set_run_units(run.units);
            last.set_state(state);
        }
    }

    /// Pages of a unit that have memory.
    #[inline]
    pub(super) fn warm_pages(&self, record: &UnitRecord) -> u32 {
        self.geometry.unit_pages() as u32 - record.cold().count_ones()
    }
}

#[cold]
fn foreign(address: usize) -> ! {
    panic!("address {address:#x} was never lent by this span backend")
}
