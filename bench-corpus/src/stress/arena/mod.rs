//! Cases of `compiler-internal`: arenas, pools and sealed results on a backend of the case's own.

mod exhaustion;
mod fragmentation;
mod large_objects;
mod local_free;
mod panics;
mod remote_free;
mod shutdown;

pub(super) use exhaustion::{limit, page_source};
pub(super) use fragmentation::run as fragmentation;
pub(super) use large_objects::run as large_objects;
pub(super) use local_free::run as local_free;
pub(super) use panics::run as panics;
pub(super) use remote_free::{pool, sealed};
pub(super) use shutdown::{clean, in_flight, leak};
