//! The sections, in reading order: what a user sees first, then what explains it, then what a release must meet.

mod backend;
mod budgets;
mod classes;
mod corpus;
mod diagnostics;
mod fast_paths;
mod faults;
mod memory;
mod provenance;
mod spans;
mod stress;
mod workloads;

use super::document::Document;
use super::input::Inputs;

/// The whole report.
///
/// # Errors
/// A sentence with the file when a value in it is none.
pub fn all(inputs: &Inputs) -> Result<Document, String> {
    Ok(Document {
        origin: provenance::origin(inputs),
        sections: vec![
            memory::section(inputs),
            faults::section(inputs)?,
            spans::section(inputs),
            classes::section(inputs)?,
            fast_paths::section(inputs)?,
            budgets::section(inputs)?,
            workloads::section(inputs),
            stress::section(inputs),
            backend::section(inputs),
            diagnostics::section(inputs),
            provenance::section(inputs),
        ],
    })
}

/// What brings committed evidence that is missing.
const MAKE_EVIDENCE: &str = "make evidence";
/// What runs the passes and the arena contest before it makes the page.
const MAKE_REPORT: &str = "make report";
