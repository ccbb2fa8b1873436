//! The inputs: what the world tells the database.

#![expect(missing_docs, reason = "salsa's macros make functions without documentation")]

use crate::files::Content;
use passes::options::Options;
use std::sync::Arc;

/// A unit: the file it starts with, and how it is read.
#[salsa::input(debug)]
pub struct Unit {
    /// The path, relative to the options' directory.
    pub path: Arc<[u8]>,
    /// The options.
    pub options: Arc<Options>,
}

/// All units.
#[salsa::input(debug)]
pub struct Project {
    /// In order.
    pub units: Vec<Unit>,
}

/// A file of the project or the system, whether it exists or not: that a search for a header found nothing is a fact like others.
#[salsa::input]
pub struct SourceFile {
    /// The path as it was asked for.
    pub path: Arc<[u8]>,
    /// What is there.
    pub content: Content,
}
