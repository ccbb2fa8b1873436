//! Profile `hosted-server`: the heap of a process with many threads, over a span backend of its own.
//!
//! It is `hosted-small` with two more things. Full chains of blocks that threads freed of each other's slabs wait in a
//! [transfer cache](crate::heap::TransferCache) for whichever thread needs blocks of that class next, so that they do not wait for their
//! owner. And its [`Builder`] can ask for huge pages and for NUMA nodes; nobody else can, and nothing is asked by default.
//!
//! Arenas may lie on its backend: [`arena_memory`].

mod builder;

pub use builder::{Builder, node_stats_of};

use super::process_faces::process_faces;
use super::process_heap;
use crate::fault::Fault;
use crate::heap::{Census, Heap, SlabMap, TransferCache, TransferCounts};
use crate::page_source::{NodeBytes, PlacedPages};
use crate::size_class::SizeClass;
use crate::span::{ShutdownReport, SpanBackend, SpanStats};

static BACKEND: SpanBackend<PlacedPages> = SpanBackend::new(PlacedPages::new(builder::say_fault));

/// All zero, so that it lies in `.bss` and is ready before anything ran.
static MAP: SlabMap = SlabMap::new();

/// All zero too.
static TRANSFER: TransferCache = TransferCache::new();

static HEAP: Heap<'static, PlacedPages, &'static TransferCache> =
    // SAFETY: needs a map of nothing and a transfer cache that no other heap uses; they were made above, and only this file names them.
    unsafe { Heap::with_transfer(&BACKEND, &MAP, &TRANSFER) }
            .on_misuse(process_heap::say_misuse)
            .on_first_use(first_use);

/// The heap of the process, for `#[global_allocator]`.
///
/// Local allocations and frees up to 32 KiB take no lock and make no call. Exhaustion is a null pointer, never an abort of
/// ours. Placement is asked for once, at the start of `main`: see [`Builder`].
///
/// ```
/// use compiler_alloc::profile::hosted_server::HostedServer;
/// use std::alloc::{GlobalAlloc, Layout};
/// let layout = Layout::new::<[u64; 8]>();
/// // SAFETY: the layout is not empty.
/// let block = unsafe { HostedServer.alloc(layout) };
/// assert!(!block.is_null());
/// // SAFETY: given out above for this layout.
/// unsafe { HostedServer.dealloc(block, layout) };
/// ```
#[derive(Clone, Copy, Default, Debug)]
pub struct HostedServer;

impl HostedServer {
    /// Everything off; what it is told, it asks of the system at [`install`](Builder::install).
    pub const fn builder() -> Builder {
        Builder::new()
    }
}

process_faces!(
    HostedServer,
    slot: hosted_server,
    heap: HEAP,
    map: MAP,
    backend: &BACKEND,
    pages: PlacedPages,
    transfer: &'static TransferCache
);

/// A drain point between two requests: takes in what other threads freed of the calling thread's blocks, from the transfer cache
/// too, sends what it freed of theirs, and releases its empty slabs. Cost: the thread's slabs, and the blocks that came back.
pub fn safepoint() {
    process_heap::safepoint(Own);
}

/// Lets chains of remotely freed blocks go to the owners of their slabs, as `hosted-small` does, and sends those home that wait.
pub fn close_transfer_cache() {
    TRANSFER.close();
    HEAP.recall_all();
}

/// As [`safepoint`]; then empties the transfer cache and purges idle memory until at most `keep_bytes` idle. Other threads
/// keep theirs. Answers how many bytes went back to the system.
pub fn trim(keep_bytes: usize) -> usize {
    process_heap::trim(Own, keep_bytes)
}

/// Ends the calling thread's heap, empties the transfer cache, gives everything idle back to the system, and says what is still
/// alive. Threads that still run keep what they keep. Memory that somebody holds is never released.
///
/// Allocating afterwards works, and starts anew. Takes the locks; cost: every slab of the thread, every reservation.
pub fn shutdown() -> ShutdownReport {
    process_heap::shutdown(Own)
}

/// Lets so many bytes idle in any case before memory goes back to the system. 0 at first.
pub fn retain(bytes: usize) {
    BACKEND.retain(bytes);
}

/// Counts what the program has in use, by size class, after a [`safepoint`]. Exact if no other thread runs. Takes the heap's lock;
/// cost: every slab.
pub fn census() -> Census {
    process_heap::census(Own)
}

/// What the backend holds, arenas on it included, now. Takes its lock.
pub fn stats() -> SpanStats {
    BACKEND.stats()
}

/// What became of the batches of the transfer cache, of all classes. Exact if no other thread runs.
pub fn transfer_counts() -> TransferCounts {
    TRANSFER.totals()
}

/// What became of the batches of one class.
pub fn transfer_counts_of(class: SizeClass) -> TransferCounts {
    TRANSFER.counts(class)
}

/// On which NUMA nodes the memory of the backend lies, by the system's account. Takes the backend's lock; cost: a call of the
/// system for 128 pages of all that is reserved.
///
/// # Errors
/// `ALLOCATOR_NUMA_POLICY`: the system does not say.
pub fn node_stats() -> Result<NodeBytes, Fault> {
    node_stats_of(&BACKEND)
}

/// The span backend below the heap.
pub const fn backend() -> &'static SpanBackend<PlacedPages> {
    &BACKEND
}

/// Memory for arenas on the heap's backend, placed as its [`Builder`] asked: what a compile server gives to
/// `Arena::new_in`, `ArenaPool::new_in` and `Session::new_in`.
#[cfg(feature = "std")]
pub fn arena_memory() -> &'static dyn crate::arena::ArenaMemory {
    &arenas::ServerMemory
}

#[cfg(feature = "std")]
mod arenas {
    use super::super::heap_slot::hosted_server as slot;
    use super::super::thread_slot;
    use super::{BACKEND, PlacedPages};
    use crate::arena::CacheAccess;
    use crate::span::SpanCache;

    /// The calling thread's span cache over the heap's backend.
    pub(super) struct ServerMemory;

    // SAFETY: all lent caches must be over one backend; they are over the heap's.
    unsafe impl CacheAccess for ServerMemory {
        type Pages = PlacedPages;

        fn with_cache<R>(&self, work: impl FnOnce(&mut SpanCache<'static, PlacedPages>) -> R) -> R {
            thread_slot::with_server(&BACKEND, work)
        }

        fn thread_token(&self) -> usize {
            slot::token_number()
        }
    }
}
