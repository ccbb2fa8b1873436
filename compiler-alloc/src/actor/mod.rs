//! Actor-local heaps: all memory ahead of time, no loop over data, and blocks that come home as messages.
//!
//! ```text
//!  builder ── seal: reserve, populate, lock, cut ──> ActorHeap        one span; the actor's thread only
//!                                                       │ try_alloc
//!                                                    ActorBox ── into_remote ──> RemoteBox      any thread
//!                                                       ^                            │ RemoteSender::send
//!                                                       └── the free list <── drain ─┘ a message, bounded by credits
//! ```
//!
//! Who may do what:
//!
//! | value | thread | frees |
//! |---|---|---|
//! | [`ActorHeap`] | `Send`, not `Sync`; cannot move while a box borrows it | drains messages, ends the actor |
//! | [`ActorBox`] | the actor's | itself, at once |
//! | [`RemoteBox`] | any, if the value may | nothing but the value; its block comes home through a sender or `reclaim` |
//! | [`RemoteSender`] | any, one at a time | sends |
//!
//! Senders and remote boxes may outlive the actor: they keep its span, see `control`.

mod blocks;
mod boxes;
mod builder;
mod control;
mod heap;
#[cfg(all(test, loom))]
mod loom_models;
mod mix;
mod queue;
mod quota_blocks;
mod report;
mod sender;

pub use blocks::CAPACITY_BYTES_MAX;
pub use boxes::{ActorBox, RemoteBox};
pub use builder::ActorHeapBuilder;
pub use heap::ActorHeap;
pub use mix::{ALIGN_MAX, Mix, QUOTA_BLOCK_BYTES_MAX, QUOTAS_MAX, Quota};
pub use queue::CREDITS_MAX;
pub use report::{ActorReport, Live};
pub use sender::{RemoteSender, SendError};
