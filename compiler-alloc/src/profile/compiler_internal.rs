//! Profile `compiler-internal`: the one span backend that all arenas of a process share.
//!
//! Pages come from the operating system, four kilobytes at a time; huge pages and NUMA placement do not exist here.
//! Every thread has a [`SpanCache`] of its own, found through a thread-local slot and flushed when the thread ends.

use super::thread_slot;
use crate::page_source::OsPages;
use crate::span::{CheckError, ShutdownReport, SpanCache, SpanStats};

pub use super::backend::backend;

/// Runs `work` with the calling thread's cache.
///
/// While the thread's local data are being destroyed, and inside another call of this function, `work` gets a cache that
/// is made for the call and flushed after it.
pub fn with_cache<R>(work: impl FnOnce(&mut SpanCache<'static, OsPages>) -> R) -> R {
    thread_slot::with(backend(), work)
}

/// What the process holds, now.
pub fn stats() -> SpanStats {
    backend().stats()
}

/// Flushes the calling thread's cache and purges idle memory until at most `keep_bytes` idle. Other threads keep theirs.
pub fn trim(keep_bytes: usize) {
    with_cache(|cache| cache.trim(keep_bytes));
}

/// A drain point of the calling thread, between passes; see [`SpanCache::safepoint`].
pub fn safepoint() {
    with_cache(SpanCache::safepoint);
}

/// Validates every structure of the backend.
///
/// # Errors
/// As [`SpanBackend::check`](crate::span::SpanBackend::check).
pub fn check() -> Result<(), CheckError> {
    backend().check()
}

/// Flushes the calling thread's cache, gives everything idle back to the system and says what is still alive.
///
/// Allocating afterwards works, and starts anew.
pub fn shutdown() -> ShutdownReport {
    with_cache(|cache| {
        cache.flush();
        cache.backend().shutdown()
    })
}
