//! Counts that are easy to confuse, each with its own type, and the only place where one becomes another.

use core::fmt;

/// A number of units: the grain in which spans are cut (64 KiB on an operating system).
///
/// How many bytes a unit has is said by the page source's [`Geometry`](crate::page_source::Geometry).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UnitCount(u32);

impl UnitCount {
    /// No unit.
    pub const ZERO: UnitCount = UnitCount(0);
    /// One unit.
    pub const ONE: UnitCount = UnitCount(1);

    /// A count of `units`.
    #[inline]
    pub const fn new(units: u32) -> Self {
        UnitCount(units)
    }

    /// The smallest count that holds `bytes`, or `None` if it does not fit this type.
    #[inline]
    pub const fn holding(bytes: usize, unit_bytes: usize) -> Option<Self> {
        let units = bytes.div_ceil(unit_bytes);
        if units > u32::MAX as usize { None } else { Some(UnitCount(units as u32)) }
    }

    /// The plain number.
    #[inline]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The number as an index.
    #[inline]
    pub const fn as_usize(self) -> usize {
        self.0 as usize
    }

    /// How many bytes that many units have.
    #[inline]
    pub const fn bytes(self, unit_bytes: usize) -> usize {
        self.0 as usize * unit_bytes
    }
}

impl fmt::Debug for UnitCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} units", self.0)
    }
}

/// Rounds `bytes` up to a multiple of `grain`, a power of two; `None` on overflow.
#[inline]
pub(crate) const fn round_up(bytes: usize, grain: usize) -> Option<usize> {
    match bytes.checked_add(grain - 1) {
        Some(sum) => Some(sum & !(grain - 1)),
        None => None,
    }
}

/// Rounds `bytes` down to a multiple of `grain`, a power of two.
#[inline]
pub(crate) const fn round_down(bytes: usize, grain: usize) -> usize {
    bytes & !(grain - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_up_refuses_to_wrap() {
        assert_eq!(round_up(usize::MAX, 4096), None);
        assert_eq!(round_up(1, 4096), Some(4096));
        assert_eq!(round_up(4096, 4096), Some(4096));
        assert_eq!(round_down(4097, 4096), 4096);
    }

    #[test]
    fn a_count_holds_every_byte_asked_for() {
        assert_eq!(UnitCount::holding(1, 65536), Some(UnitCount::ONE));
        assert_eq!(UnitCount::holding(65537, 65536), Some(UnitCount::new(2)));
        assert_eq!(UnitCount::holding(usize::MAX, 1), None);
    }
}
