//! The walk over everything that can be validated, with one answer: the first equation that does not hold.
//!
//! Structures validate themselves ([`SpanBackend::check`]); here their totals are held against each other.

use core::fmt;

use crate::page_source::PageSource;
use crate::span::{CheckError, SpanBackend, SpanStats};

/// What the walk found wrong.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Violation {
    /// A structure of the span backend is broken.
    Structure(CheckError),
    /// Two totals contradict each other.
    Totals {
        /// The equation, in words.
        equation: &'static str,
        /// Its left side.
        left: usize,
        /// Its right side.
        right: usize,
    },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Violation::Structure(error) => write!(f, "{error}"),
            Violation::Totals { equation, left, right } => write!(f, "{equation}: {left} against {right}"),
        }
    }
}

impl core::error::Error for Violation {}

/// Validates every structure of `backend` and the totals of its statistics. Takes the pool's lock; costs a walk over all units.
///
/// Call it while no other thread is inside a call of the backend.
///
/// # Errors
/// The first violation.
pub fn walk<P: PageSource>(backend: &SpanBackend<P>) -> Result<(), Violation> {
    backend.check().map_err(Violation::Structure)?;
    totals(&backend.stats())
}

/// Holds the totals of a quiet backend against each other.
///
/// # Errors
/// The first equation that does not hold.
pub fn totals(stats: &SpanStats) -> Result<(), Violation> {
    let at_most = |equation, left, right| {
        if left <= right { Ok(()) } else { Err(Violation::Totals { equation, left, right }) }
    };
    at_most("committed <= reserved", stats.committed_bytes, stats.reserved_bytes)?;
    at_most("idle <= committed", stats.idle_bytes(), stats.committed_bytes)?;
    at_most("warm acquires <= acquires", stats.warm_acquires, stats.acquires)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_that_contradict_each_other_are_named() {
        let mut stats = SpanStats::default();
        assert!(totals(&stats).is_ok());
        stats.committed_bytes = 2;
        stats.reserved_bytes = 1;
        let violation = totals(&stats).expect_err("more is committed than reserved");
        assert_eq!(violation.to_string(), "committed <= reserved: 2 against 1");
    }
}
