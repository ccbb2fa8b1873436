//! Snapshots with units: every number of a backend under its name, mergeable over backends, printable as rows.
//!
//! ```
//! use compiler_alloc::stats::Snapshot;
//! let snapshot = Snapshot::default();
//! assert!(snapshot.figures().any(|figure| figure.name == "reserved"));
//! ```

pub mod tsv;

use crate::span::SpanStats;

/// What a figure counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Runs of units.
    Spans,
    /// Calls or events.
    Calls,
    /// Threads.
    Threads,
}

impl Unit {
    /// The unit as evidence files spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Unit::Bytes => "bytes",
            Unit::Spans => "spans",
            Unit::Calls => "calls",
            Unit::Threads => "threads",
        }
    }
}

/// One number of a snapshot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Figure {
    /// What it is, in lower case with `-`.
    pub name: &'static str,
    /// Its unit.
    pub unit: Unit,
    /// Its value.
    pub value: usize,
}

/// How many figures a snapshot has.
pub const FIGURES: usize = 19;

/// The numbers of one backend, or of several merged.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Snapshot {
    spans: SpanStats,
}

impl From<SpanStats> for Snapshot {
    fn from(spans: SpanStats) -> Self {
        Snapshot { spans }
    }
}

impl Snapshot {
    /// Every figure, always all of them and in the same order.
    pub fn figures(&self) -> impl Iterator<Item = Figure> + use<> {
        let s = &self.spans;
        let figure = |name, unit, value| Figure { name, unit, value };
        let figures: [Figure; FIGURES] = [
            figure("live-in-arenas", Unit::Bytes, s.arena_live_bytes),
            figure("live-in-sealed-results", Unit::Bytes, s.sealed_live_bytes),
            figure("live-in-heaps", Unit::Bytes, s.heap_live_bytes),
            figure("open-tails", Unit::Bytes, s.tail_bytes),
            figure("idle-in-pool", Unit::Bytes, s.pooled_bytes),
            figure("idle-in-caches", Unit::Bytes, s.cached_bytes),
            figure("idle-in-dead-pages", Unit::Bytes, s.dead_bytes),
            figure("committed", Unit::Bytes, s.committed_bytes),
            figure("reserved", Unit::Bytes, s.reserved_bytes),
            figure("records", Unit::Bytes, s.record_bytes),
            figure("live-peak", Unit::Bytes, s.live_peak_bytes),
            figure("acquired", Unit::Spans, s.acquires),
            figure("acquired-warm", Unit::Spans, s.warm_acquires),
            figure("returned", Unit::Spans, s.releases),
            figure("purges", Unit::Calls, s.purges),
            figure("purged", Unit::Bytes, s.purged_bytes),
            figure("reservations", Unit::Calls, s.reservations),
            figure("refused", Unit::Calls, s.refused_requests),
            figure("threads", Unit::Threads, s.threads),
        ];
        figures.into_iter()
    }

    /// This snapshot and another backend's, added up figure by figure. Peaks add up too: they bound what both held at once.
    #[must_use]
    pub fn merged(mut self, other: &Snapshot) -> Snapshot {
        let (a, b) = (&mut self.spans, &other.spans);
        a.arena_live_bytes += b.arena_live_bytes;
        a.sealed_live_bytes += b.sealed_live_bytes;
        a.heap_live_bytes += b.heap_live_bytes;
        a.tail_bytes += b.tail_bytes;
        a.pooled_bytes += b.pooled_bytes;
        a.cached_bytes += b.cached_bytes;
        a.dead_bytes += b.dead_bytes;
        a.committed_bytes += b.committed_bytes;
        a.reserved_bytes += b.reserved_bytes;
        a.record_bytes += b.record_bytes;
        a.arena_peak_bytes += b.arena_peak_bytes;
        a.live_peak_bytes += b.live_peak_bytes;
        a.acquires += b.acquires;
        a.warm_acquires += b.warm_acquires;
        a.releases += b.releases;
        a.purges += b.purges;
        a.purged_bytes += b.purged_bytes;
        a.reservations += b.reservations;
        a.refused_requests += b.refused_requests;
        a.threads += b.threads;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merging_adds_every_figure() {
        let spans = SpanStats { reserved_bytes: 3, acquires: 2, threads: 1, ..SpanStats::default() };
        let one = Snapshot::from(spans);
        let both = one.merged(&one);
        for (single, double) in one.figures().zip(both.figures()) {
            assert_eq!(double.value, 2 * single.value, "{}", single.name);
        }
    }

    #[test]
    fn every_figure_has_its_own_name() {
        let names: [&str; FIGURES] = {
            let mut figures = Snapshot::default().figures();
            core::array::from_fn(|_| figures.next().expect("as many as the constant says").name)
        };
        for (index, name) in names.iter().enumerate() {
            assert!(!names[..index].contains(name), "{name}");
        }
    }
}
