//! What an actor's heap holds, and what was left of it at its end.

use crate::fault::{FactName, Fault, FaultCode};

/// Blocks that are handed out, wherever they are.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Live {
    /// How many blocks.
    pub blocks: usize,
    /// Their bytes, rounding included.
    pub bytes: usize,
}

/// What an actor's end found; see [`ActorHeap::shutdown`](super::ActorHeap::shutdown).
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub struct ActorReport {
    /// Messages that were waiting and were drained.
    pub drained: usize,
    /// Messages that their senders had begun and did not finish; their blocks count as live.
    pub unfinished: usize,
    /// Blocks that did not come back.
    pub live: Live,
    /// Those of them that left the actor's thread.
    pub remote_blocks: usize,
    /// Senders that still exist; the memory stays until they are gone.
    pub senders: usize,
    /// Whether the span went back to the backend. If not, the last sender or remote box to go gives it back.
    pub is_released: bool,
    /// Bytes of the span.
    pub span_bytes: usize,
    pub(super) units: usize,
}

impl ActorReport {
    /// [`FaultCode::ShutdownLeak`], if blocks did not come back.
    pub fn leak(&self) -> Option<Fault> {
        let released = if self.is_released { self.span_bytes } else { 0 };
        (self.live.blocks > 0).then(|| {
            Fault::new(FaultCode::ShutdownLeak, "actor heap")
                .with(FactName::Live, self.live.bytes as u64)
                .with(FactName::Units, self.units as u64)
                .with(FactName::Released, released as u64)
                .with(FactName::Pending, self.remote_blocks as u64)
        })
    }
}
