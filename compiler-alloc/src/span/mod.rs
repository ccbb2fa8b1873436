//! Spans: runs of units with one owner, and open spans that several parts share.
//!
//! ```text
//!  region (2 MiB)  |u|u|u|u| ... |u|     u = unit, 64 KiB, one record each, found by address through the page map
//!  run             [  4 units  ]         units with one state, marked at both ends
//!  open span       [tail......|part|part]  cut from the high end downwards; the open tail is itself a part
//! ```
//!
//! | state | owner | may touch the record |
//! |---|---|---|
//! | absent | nobody | the page source has not lent the unit |
//! | pooled | the pool | holder of the backend's lock |
//! | cached | one thread's [`SpanCache`] | that thread |
//! | whole | whoever acquired the span | the owner |
//! | parted | the parts that touch the unit | atomic counts and dead bits: each part's owner; list links: holder of the lock |
//!
//! Transitions: absent → pooled (reserve), pooled → whole (acquire; memory is committed first), whole ↔ cached (a
//! thread keeps and reuses a run), whole → parted (a run is opened), parted → cached or pooled (the last part leaves a
//! unit), cached → pooled (flush), pooled → absent (shutdown).
//!
//! *Counting equation*, which [`check`](SpanBackend::check) recounts: the units of all reservations are the sum of the
//! pooled, cached, whole and parted ones; committed bytes are those of all their pages without the cold bit.

mod backend;
mod cache;
mod check;
mod cut;
mod fork;
mod give_back;
#[cfg(all(test, loom))]
mod loom_models;
mod page_map;
mod parts;
mod pool;
mod record;
mod run;
mod shared;
mod stats;

pub use crate::counters::Holder;
pub use backend::{Span, SpanBackend};
pub use cache::SpanCache;
pub use check::CheckError;
pub use parts::Part;
pub use stats::{ShutdownReport, SpanStats};
