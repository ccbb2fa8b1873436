//! The counter of a slab's blocks in use, which runs down to the next event.

use core::cell::Cell;

/// How many blocks an event may free before the owner hears of it.
pub(crate) enum Event {
    /// When the slab is empty.
    Empty,
    /// When this many more blocks are free, or the slab is empty.
    After(u32),
    /// Not at all: the slab stays, whatever comes back.
    Never,
}

/// More frees than any slab has blocks.
const MUTE: u32 = 1 << 30;

/// How many blocks are in use, counted down to the next event.
#[repr(C, align(8))]
pub(super) struct Countdown {
    frees_until_event: Cell<u32>,
    /// How many blocks are used at the event; may be negative.
    used_at_event: Cell<u32>,
}

impl Countdown {
    pub(super) const fn new() -> Self {
        Countdown { frees_until_event: Cell::new(0), used_at_event: Cell::new(0) }
    }

    /// So many blocks are in use, and that is the next event.
    #[inline]
    pub(super) fn set(&self, used: u32, event: Event) {
        // At least one, so that a double free of an empty slab's block is an event as well.
        let until_empty = used.max(1);
        let frees = match event {
            Event::Empty => until_empty,
            Event::After(frees) => frees.clamp(1, until_empty),
            Event::Never => used + MUTE,
        };
        self.used_at_event.set(used.wrapping_sub(frees));
        self.frees_until_event.set(frees);
    }

    /// Blocks in use; negative, as two's complement, if more blocks came back than were out.
    #[inline]
    pub(super) fn used(&self) -> u32 {
        self.frees_until_event.get().wrapping_add(self.used_at_event.get())
    }

    /// All of so many blocks are in use; the next event is that none is, or none if it is muted. Of no blocks it is.
    #[inline]
    pub(super) fn set_full(&self, blocks: u32, is_muted: bool) {
        let muted = if is_muted { MUTE } else { 0 };
        self.frees_until_event.set(blocks + muted);
        self.used_at_event.set(0_u32.wrapping_sub(muted));
    }

    /// Counts a free. Answers whether that is the event.
    #[inline(always)]
    pub(super) fn count(&self) -> bool {
        let left = self.frees_until_event.get().wrapping_sub(1);
        self.frees_until_event.set(left);
        left == 0
    }

    /// Becomes what the other one is.
    #[inline(always)]
    pub(super) fn copy_from(&self, other: &Countdown) {
        let (frees, used) = (other.frees_until_event.get(), other.used_at_event.get());
        self.frees_until_event.set(frees);
        self.used_at_event.set(used);
    }
}
