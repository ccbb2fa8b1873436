//! Snapshots of a backend, as plain numbers.

use crate::fault::{FactName, Fault, FaultCode};

/// What a backend holds and what it did, at one moment. All sizes in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub struct SpanStats {
    /// Held by arenas.
    pub arena_live_bytes: usize,
    /// Held by sealed results.
    pub sealed_live_bytes: usize,
    /// Held by heaps, and spans acquired from the backend itself.
    pub heap_live_bytes: usize,
    /// In open tails: begun spans from which threads cut their next parts.
    pub tail_bytes: usize,
    /// Idle: of these, bytes that were in use before.
    pub tail_used_bytes: usize,
    /// Idle: committed pages of pooled runs.
    pub pooled_bytes: usize,
    /// Idle: runs that threads keep.
    pub cached_bytes: usize,
    /// Idle: pages of parted units that nobody touches any more and that were not purged.
    pub dead_bytes: usize,
    /// Bytes that were committed and not purged or released since, whoever has them.
    pub committed_bytes: usize,
    /// Address space reserved for units.
    pub reserved_bytes: usize,
    /// Address space reserved for records, page map included.
    pub record_bytes: usize,
    /// The recent peak of bytes held by arenas, which the give-back rule remembers.
    pub arena_peak_bytes: usize,
    /// The most live bytes at any published moment.
    pub live_peak_bytes: usize,
    /// Runs of units acquired.
    pub acquires: usize,
    /// Of these, runs that needed no page to be committed.
    pub warm_acquires: usize,
    /// Runs of units that came back to the pool.
    pub releases: usize,
    /// How often memory was given back.
    pub purges: usize,
    /// How many bytes were given back.
    pub purged_bytes: usize,
    /// Reservations made.
    pub reservations: usize,
    /// Requests that the page source refused.
    pub refused_requests: usize,
    /// Threads that have accounts.
    pub threads: usize,
}

impl SpanStats {
    /// Bytes that somebody holds.
    pub const fn live_bytes(&self) -> usize {
        self.arena_live_bytes + self.sealed_live_bytes + self.heap_live_bytes
    }

    /// Committed bytes that nobody holds and that have, or had, contents.
    pub const fn idle_bytes(&self) -> usize {
        self.pooled_bytes + self.cached_bytes + self.dead_bytes + self.tail_used_bytes
    }

    /// Committed bytes that are pinned by live parts and spans: the live bytes, and what they cannot help holding,
    /// such as the rest of a page that a live part touches. Open tails are not counted.
    pub const fn held_bytes(&self) -> usize {
        let nobodys = self.pooled_bytes + self.cached_bytes + self.dead_bytes + self.tail_bytes;
        self.committed_bytes.saturating_sub(nobodys)
    }
}

/// What [`SpanBackend::shutdown`](super::SpanBackend::shutdown) did, and found alive.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Address space given back to the page source.
    pub released_bytes: usize,
    /// Bytes that somebody still holds.
    pub live_bytes: usize,
    /// Units in which these lie.
    pub live_units: usize,
    /// Bytes that threads still keep in caches and open tails.
    pub cached_bytes: usize,
    /// Threads that still have accounts.
    pub threads: usize,
    /// Address space that the backend's own records still take.
    pub record_bytes: usize,
}

impl ShutdownReport {
    /// The fault to raise, if something is still alive.
    pub fn leak(&self) -> Option<Fault> {
        (self.live_bytes > 0).then(|| {
            Fault::new(FaultCode::ShutdownLeak, "span backend")
                .with(FactName::Live, self.live_bytes as u64)
                .with(FactName::Units, self.live_units as u64)
                .with(FactName::Released, self.released_bytes as u64)
        })
    }
}
