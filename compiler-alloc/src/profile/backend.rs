//! The one span backend of the process: its arenas and its heap share it.

use crate::page_source::OsPages;
use crate::span::SpanBackend;

static BACKEND: SpanBackend<OsPages> = SpanBackend::new(OsPages::new());

/// The span backend of the process.
pub const fn backend() -> &'static SpanBackend<OsPages> {
    &BACKEND
}
