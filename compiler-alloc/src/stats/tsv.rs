//! Rows for evidence and for a user's own records: profile, figure, unit, value, separated by tabs. Nothing allocates.

use core::fmt::{self, Write};

use super::Snapshot;

/// The header line, without its end.
pub const HEADER: &str = "profile\tfigure\tunit\tvalue";

/// Writes one line a figure. `profile` must hold no tab and no line end.
///
/// # Errors
/// What `out` answers.
///
/// # Examples
/// ```
/// use compiler_alloc::stats::{Snapshot, tsv};
/// let mut text = String::from(tsv::HEADER) + "\n";
/// tsv::write_rows(&mut text, "compiler-internal", &Snapshot::default()).expect("a string takes all");
/// assert!(text.contains("compiler-internal\treserved\tbytes\t0\n"));
/// ```
pub fn write_rows(out: &mut impl Write, profile: &str, snapshot: &Snapshot) -> fmt::Result {
    for figure in snapshot.figures() {
        writeln!(out, "{profile}\t{}\t{}\t{}", figure.name, figure.unit.name(), figure.value)?;
    }
    Ok(())
}
