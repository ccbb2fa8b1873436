//! Diagnostics are data: a code, a place, a headline. Passes return them; nothing here prints by itself.

pub mod code;
pub mod render;

pub use code::{Code, Severity};

use crate::source::TextRange;
use std::num::NonZero;

/// One finding about the input.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// Error, warning or fatal error.
    pub severity: Severity,
    /// What kind of finding.
    pub code: Code,
    /// Where, in the session's source space; meaningful while the unit lives.
    pub range: TextRange,
    /// Where, for people.
    pub place: Place,
    /// The files that included the place's file, innermost first, with the line of the include.
    pub included_from: Vec<(String, u32)>,
    /// The finding in one sentence, true without context.
    pub message: String,
}

/// A place in a file, as `#line` has it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Place {
    /// Name of the file.
    pub file: String,
    /// Line from 1; 0 if there is none.
    pub line: u32,
    /// Column from 1, in bytes.
    pub column: u32,
    /// The text of the line; empty if it is longer than [`LINE_WIDTH_MAX`].
    pub text: String,
}

/// What a unit's passes found.
#[derive(Clone, Debug)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    errors_max: usize,
    errors: usize,
    warnings: usize,
    // A fatal error was kept.
    ended: bool,
    // The last finding that is no note was kept.
    kept_last: bool,
    terminated_after: Option<NonZero<u32>>,
}

/// Bytes of a source line that is shown.
pub const LINE_WIDTH_MAX: usize = 512;
/// Errors after which no more are kept, unless more are wanted.
pub const ERRORS_MAX: usize = 100;
/// Warnings after which no more are kept.
pub const WARNINGS_MAX: usize = 1000;

impl Diagnostics {
    /// Nothing found; of errors, `errors_max` are kept.
    pub fn keeping(errors_max: usize) -> Self {
        Self {
            list: Vec::new(),
            errors_max,
            errors: 0,
            warnings: 0,
            ended: false,
            kept_last: false,
            terminated_after: None,
        }
    }

    /// Whether another finding of `severity` would be kept: after a fatal error only its notes.
    pub fn has_room(&self, severity: Severity) -> bool {
        match severity {
            // With the finding that it belongs to.
            Severity::Note => self.kept_last,
            _ if self.ended => false,
            Severity::Warning => self.warnings < WARNINGS_MAX,
            Severity::Error => self.errors < self.errors_max,
            Severity::Fatal => true,
        }
    }

    /// Keeps `diagnostic`, if there is room.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let keep = self.has_room(diagnostic.severity);
        if diagnostic.severity != Severity::Note {
            self.kept_last = keep;
        }
        if !keep {
            return;
        }
        match diagnostic.severity {
            Severity::Note => {}
            Severity::Warning => self.warnings += 1,
            Severity::Error => self.errors += 1,
            Severity::Fatal => {
                self.errors += 1;
                self.ended = true;
            }
        }
        self.list.push(diagnostic);
    }

    /// The unit is ended because more was found after `errors` errors, and no more were wanted.
    pub fn terminate_after(&mut self, errors: NonZero<u32>) {
        self.terminated_after = Some(errors);
    }

    /// After how many errors the unit was ended because no more were wanted, if it was: more is wrong with it.
    pub fn terminated_after(&self) -> Option<NonZero<u32>> {
        self.terminated_after
    }

    /// Errors kept, fatal ones included.
    pub fn errors(&self) -> usize {
        self.errors
    }

    /// Warnings kept.
    pub fn warnings(&self) -> usize {
        self.warnings
    }

    /// Whether anything but warnings was found.
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// The findings in order.
    pub fn as_slice(&self) -> &[Diagnostic] {
        &self.list
    }
}
