//! Profile `hosted-small`: the general heap of a process, over the same span backend as its arenas.
//!
//! Every thread has a heap of its own in its thread-local slot. Pages come from the operating system, four kilobytes at a
//! time; huge pages and NUMA placement do not exist here. The heap serves a thread from its first instruction to its last:
//! before `main`, in thread-local destructors, while unwinding, and after `main`. A thread that allocates after its heap
//! ended gets one for the length of the call.

use super::backend::backend;
use super::process_faces::process_faces;
use super::process_heap;
use crate::heap::{Census, Direct, Heap, SlabMap};
use crate::page_source::OsPages;
use crate::span::{ShutdownReport, SpanStats};

/// All zero, so that it lies in `.bss` and is ready before anything ran.
static MAP: SlabMap = SlabMap::new();

static HEAP: Heap<'static, OsPages> =
    // SAFETY: needs a map of nothing that no other heap uses; it was made above, and only this file names it.
    unsafe { Heap::new(backend(), &MAP) }.on_misuse(process_heap::say_misuse).on_first_use(first_use);

/// The heap of the process, for `#[global_allocator]`.
///
/// Local allocations and frees up to 32 KiB take no lock and make no call. Memory goes back to the system when it is
/// freed, by a counted rule. Exhaustion is a null pointer, never an abort of ours.
///
/// ```
/// use compiler_alloc::profile::hosted_small::HostedSmall;
/// use std::alloc::{GlobalAlloc, Layout};
/// let layout = Layout::new::<[u64; 8]>();
/// // SAFETY: the layout is not empty.
/// let block = unsafe { HostedSmall.alloc(layout) };
/// assert!(!block.is_null());
/// // SAFETY: given out above for this layout.
/// unsafe { HostedSmall.dealloc(block, layout) };
/// ```
#[derive(Clone, Copy, Default, Debug)]
pub struct HostedSmall;

process_faces!(
    HostedSmall,
    slot: hosted_small,
    heap: HEAP,
    map: MAP,
    backend: backend(),
    pages: OsPages,
    transfer: Direct
);

/// Takes in what other threads freed of the calling thread's blocks, gives its empty slabs back, and purges idle memory until
/// at most `keep_bytes` idle. Other threads keep theirs. Answers how many bytes went back to the system.
pub fn trim(keep_bytes: usize) -> usize {
    process_heap::trim(Own, keep_bytes)
}

/// Ends the calling thread's heap, gives everything idle back to the system, and says what is still alive. Threads that still
/// run keep what they keep. Memory that somebody holds is never released.
///
/// Allocating afterwards works, and starts anew. Takes the locks; cost: every slab of the thread, every reservation.
pub fn shutdown() -> ShutdownReport {
    process_heap::shutdown(Own)
}

/// Lets so many bytes idle in any case, of arenas too, before memory goes back to the system. 0 at first.
pub fn retain(bytes: usize) {
    backend().retain(bytes);
}

/// Counts what the program has in use, by size class, after taking in what other threads freed of the calling thread's
/// blocks. Exact if no other thread runs. Takes the heap's lock; cost: every slab.
pub fn census() -> Census {
    process_heap::census(Own)
}

/// What the process holds, arenas included, now. Takes the backend's lock.
pub fn stats() -> SpanStats {
    backend().stats()
}
