//! Profile `realtime`: a heap for each actor, sealed before it is used, over the process's span backend.
//!
//! Pages come from the operating system, four kilobytes at a time, and are populated and locked before the heap exists; huge pages and
//! NUMA placement do not exist here. `docs/realtime.md` says when to choose it and what sealing promises.

use super::backend::backend;
use crate::page_source::OsPages;

pub use crate::actor::{
    ActorBox, ActorHeap, ActorHeapBuilder, ActorReport, Live, RemoteBox, RemoteSender, SendError,
};

/// The profile. A heap of it is an [`ActorHeap`].
///
/// ```
/// use compiler_alloc::profile::realtime::Realtime;
/// use std::alloc::Layout;
///
/// let heap = Realtime::builder()
///     .quota(Layout::new::<[u64; 4]>(), 1000)
///     .senders(1, 16)
///     .best_effort_locking()
///     .seal()?;
/// let mut sender = heap.sender()?;
///
/// let message = heap.try_alloc([1_u64, 2, 3, 4])?.into_remote();
/// std::thread::spawn(move || {
///     assert_eq!(message[3], 4);
///     sender.send(message).expect("one message has credit");
/// })
/// .join()
/// .unwrap();
///
/// assert_eq!(heap.drain(8), 1);
/// assert!(heap.shutdown().leak().is_none());
/// # Ok::<(), compiler_alloc::fault::Fault>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Realtime;

impl Realtime {
    /// The profile's name in evidence and diagnostics.
    pub const NAME: &'static str = "realtime";

    /// Begins to declare a heap over the process's backend. Reserves nothing before [`seal`](ActorHeapBuilder::seal).
    pub fn builder() -> ActorHeapBuilder<OsPages> {
        ActorHeap::builder(backend())
    }
}
