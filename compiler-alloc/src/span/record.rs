//! One record a unit: its state, the run it belongs to, and who touches it.

use crate::config;
use crate::sync::{AtomicBool, AtomicPtr, AtomicU8, AtomicU16, AtomicU32, Ordering};
use core::ptr::NonNull;

/// The state of a unit; the table at the top of [`span`](super) says who may touch the record in each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum UnitState {
    Absent = 0,
    Pooled = 1,
    Cached = 2,
    Whole = 3,
    Parted = 4,
}

/// The record of one unit.
///
/// Of a run only the first and the last record are kept current; in a parted run every record is. Fields are atomic so
/// that a reader who only peeks (a neighbour, the validator) is never in a data race; who may *write* follows from the
/// state.
#[repr(C)]
pub(crate) struct UnitRecord {
    base: AtomicPtr<u8>,
    pub(super) previous: AtomicPtr<UnitRecord>,
    pub(super) next: AtomicPtr<UnitRecord>,
    run_units: AtomicU32,
    /// Of a pooled run's first unit: how many pages of the run have memory.
    run_warm_pages: AtomicU32,
    /// Parts that touch the unit, the open tail among them.
    pub(super) live: AtomicU32,
    /// One bit for each page without memory: never committed, or purged. 0 in every state that somebody owns, except
    /// in a parted unit, where purged pages are dead pages.
    cold: AtomicU16,
    /// One bit for each page of a parted unit that no part touches any more.
    pub(super) dead: AtomicU16,
    state: AtomicU8,
    begins_reservation: AtomicBool,
    /// Whether a parted unit is on the list of units with dead pages.
    pub(super) listed: AtomicBool,
    /// Parts that touch each page.
    pub(super) pages: [AtomicU16; config::UNIT_PAGES_MAX],
}

impl UnitRecord {
    /// The record of a unit that no source has lent.
    pub(super) fn absent() -> Self {
        UnitRecord {
            base: AtomicPtr::new(core::ptr::null_mut()),
            previous: AtomicPtr::new(core::ptr::null_mut()),
            next: AtomicPtr::new(core::ptr::null_mut()),
            run_units: AtomicU32::new(0),
            run_warm_pages: AtomicU32::new(0),
            live: AtomicU32::new(0),
            cold: AtomicU16::new(0),
            dead: AtomicU16::new(0),
            state: AtomicU8::new(UnitState::Absent as u8),
            begins_reservation: AtomicBool::new(false),
            listed: AtomicBool::new(false),
            pages: core::array::from_fn(|_| AtomicU16::new(0)),
        }
    }

    /// Notes that the source lent the unit: its address, and whether a reservation begins here.
    pub(super) fn lend(&self, base: NonNull<u8>, begins_reservation: bool, cold: u16) {
        self.base.store(base.as_ptr(), Ordering::Relaxed);
        self.begins_reservation.store(begins_reservation, Ordering::Relaxed);
        self.cold.store(cold, Ordering::Relaxed);
    }

    /// Notes that the source has the unit back.
    pub(super) fn take_back(&self) {
        self.base.store(core::ptr::null_mut(), Ordering::Relaxed);
        self.begins_reservation.store(false, Ordering::Relaxed);
        self.cold.store(0, Ordering::Relaxed);
        self.set_state(UnitState::Absent);
    }

    /// Where the unit begins, as a pointer that may reach all of its reservation; `None` while absent.
    #[inline]
    pub(super) fn base(&self) -> Option<NonNull<u8>> {
        NonNull::new(self.base.load(Ordering::Relaxed))
    }

    #[inline]
    pub(super) fn state(&self) -> UnitState {
        match self.state.load(Ordering::Relaxed) {
            1 => UnitState::Pooled,
            2 => UnitState::Cached,
            3 => UnitState::Whole,
            4 => UnitState::Parted,
            _ => UnitState::Absent,
        }
    }

    /// Release, so that a `fork` finds whatever was written before in the child as well: a state that says less is true of older contents.
    #[inline]
    pub(super) fn set_state(&self, state: UnitState) {
        self.state.store(state as u8, Ordering::Release);
    }

    /// Length of the run that begins or, if pooled, ends here.
    #[inline]
    pub(super) fn run_units(&self) -> u32 {
        self.run_units.load(Ordering::Relaxed)
    }

    #[inline]
    pub(super) fn set_run_units(&self, units: u32) {
        self.run_units.store(units, Ordering::Relaxed);
    }

    pub(super) fn run_warm_pages(&self) -> u32 {
        self.run_warm_pages.load(Ordering::Relaxed)
    }

    pub(super) fn set_run_warm_pages(&self, pages: u32) {
        self.run_warm_pages.store(pages, Ordering::Relaxed);
    }

    #[inline]
    pub(super) fn begins_reservation(&self) -> bool {
        self.begins_reservation.load(Ordering::Relaxed)
    }

    #[inline]
    pub(super) fn cold(&self) -> u16 {
        self.cold.load(Ordering::Relaxed)
    }

    /// Pages of a parted unit that no part touches and that have memory.
    pub(super) fn unpurged_dead_pages(&self) -> usize {
        (self.dead.load(Ordering::Acquire) & !self.cold()).count_ones() as usize
    }

    #[inline]
    pub(super) fn set_cold(&self, pages: u16) {
        self.cold.store(pages, Ordering::Relaxed);
    }
}
