//! Profile `hosted-server`: the heap of a process with many threads, over a span backend of its own.
//!
//! It is `hosted-small` with two more things. Full chains of blocks that threads freed of each other's slabs wait in a
//! [transfer cache](crate::heap::TransferCache) for whichever thread needs blocks of that class next, so that they do not wait for their
//! owner. And its [`Builder`] can ask for huge pages and for NUMA nodes; nobody else can, and nothing is asked by default.
//!
//! Arenas may lie on its backend: [`arena_memory`].

mod builder;

pub use builder::{Builder, node_stats_of};

use super::fork::ForkHandlers;
use super::heap_slot::hosted_server as slot;
use super::process_heap::{self, ProcessHeap};
use super::thread_exit::ExitHook;
use crate::fault::Fault;
use crate::free_list::Block;
use crate::heap::{
    self, Census, Heap, Local, Miss, OwnerWord, SlabMap, ThreadHeap, ThreadToken, TransferCache,
    TransferCounts,
};
use crate::page_source::{NodeBytes, PlacedPages};
use crate::size_class::SizeClass;
use crate::span::{CheckError, ShutdownReport, SpanBackend, SpanStats};
use core::alloc::{GlobalAlloc, Layout};
use core::ffi::c_void;
use core::num::NonZeroUsize;
use core::ptr::NonNull;

static BACKEND: SpanBackend<PlacedPages> = SpanBackend::new(PlacedPages::new(builder::say_fault));

/// All zero, so that it lies in `.bss` and is ready before anything ran.
static MAP: SlabMap = SlabMap::new();

/// All zero too.
static TRANSFER: TransferCache = TransferCache::new();

static HEAP: Heap<'static, PlacedPages, &'static TransferCache> =
    // SAFETY: needs a map of nothing that no other heap uses; it was made above, and only this file names it.
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

/// The calling thread's heap, found through statics and the slot.
#[derive(Clone, Copy)]
struct Own;

// SAFETY: needs constant answers, which statics, the thread pointer and the slot give as long as the thread runs; a thread
// heap that only this thread uses, which the slot is; and no reference to it during a call: `process_heap` makes one only for
// the length of a call, and a handler that the heap calls makes none. Signal handlers must not allocate, here as with any
// `malloc`.
unsafe impl Local<'static> for Own {
    type Pages = PlacedPages;
    type Transfer = &'static TransferCache;

    #[inline(always)]
    fn heap(self) -> &'static Heap<'static, PlacedPages, &'static TransferCache> {
        &HEAP
    }

    #[inline(always)]
    fn map(self) -> &'static SlabMap {
        &MAP
    }

    #[inline(always)]
    fn token(self) -> ThreadToken {
        // SAFETY: needs a number that is not zero; a thread's control block is somewhere.
        let number = unsafe { NonZeroUsize::new_unchecked(slot::token_number()) };
        // SAFETY: needs a number that no other thread heap in use has; a thread has one heap, which ends with the thread.
        unsafe { ThreadToken::new(number) }
    }

    #[inline(always)]
    fn thread(self) -> NonNull<ThreadHeap<'static, PlacedPages, &'static TransferCache>> {
        // SAFETY: needs a pointer that is not null; the slot is somewhere.
        let slot = unsafe { NonNull::new_unchecked(slot::slot()) };
        // The heap is the slot's first field.
        slot.cast()
    }

    #[inline(always)]
    fn owns(self, owner: &OwnerWord) -> bool {
        slot::is_token(owner)
    }

    #[inline(always)]
    unsafe fn list(self, list: usize) -> *mut Block {
        // SAFETY: needs a list of a class, which the caller promises, and no reference to the heap, as during any call.
        unsafe { slot::list(list) }
    }

    #[inline(always)]
    unsafe fn set_list(self, list: usize, first: *mut Block) {
        // SAFETY: as above; the caller promises the chain.
        unsafe { slot::set_list(list, first) }
    }
}

impl ProcessHeap for Own {
    fn backend(self) -> &'static SpanBackend<PlacedPages> {
        &BACKEND
    }

    fn exited(self) -> *mut bool {
        // SAFETY: needs a place inside the slot; it is one of its fields.
        unsafe { &raw mut (*slot::slot()).exited }
    }

    fn exit_hook(self) -> &'static ExitHook {
        &EXIT
    }

    fn fork_handlers(self) -> &'static ForkHandlers {
        &FORK
    }
}

// SAFETY: needs blocks that are as large and as aligned as asked for, disjoint, and stay until they are given back: the heap
// gives no others. Nothing here unwinds.
unsafe impl GlobalAlloc for HostedServer {
    #[inline(always)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        heap::alloc_layout(Own, layout)
    }

    #[inline(always)]
    unsafe fn dealloc(&self, block: *mut u8, _layout: Layout) {
        // SAFETY: needs a pointer that is not null; the caller promises a live block.
        let block = unsafe { NonNull::new_unchecked(block) };
        // SAFETY: needs a live block of this heap that nobody uses again; the caller promises it.
        unsafe { heap::dealloc(Own, block) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        heap::alloc_zeroed(Own, layout.size(), layout.align())
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        // SAFETY: needs a live block of that alignment, which nobody uses if it moved; the caller promises it.
        unsafe { process_heap::resize(Own, block, bytes, layout.align()) }
    }
}

/// Memory for `bytes` bytes, aligned to 16; for none too. Null if there is none to be had.
#[inline(always)]
pub fn allocate(bytes: usize) -> *mut u8 {
    heap::alloc(Own, bytes)
}

/// The block that the thread's list has for `bytes` bytes, if it has one: the fast path of [`allocate`] alone, without its
/// call of the slow one.
///
/// # Errors
/// The list has none, or no list serves so many bytes.
#[inline(always)]
pub fn allocate_listed(bytes: usize) -> Result<NonNull<u8>, Miss> {
    heap::pop_bytes(Own, bytes)
}

/// What [`allocate`] tries next, when the list has no block: the blocks that the thread itself freed of the slab from which it
/// allocated last. No call.
///
/// # Safety
/// - [`allocate_listed`] just answered this miss.
#[inline(always)]
pub unsafe fn allocate_queued(miss: Miss) -> Option<NonNull<u8>> {
    // SAFETY: needs a miss; the caller promises it.
    unsafe { heap::pop_queued(Own, miss) }
}

/// What [`allocate`] does when [`allocate_queued`] finds nothing either.
#[inline]
pub fn allocate_slow(bytes: usize, miss: Miss) -> *mut u8 {
    heap::alloc_slow(Own, bytes, miss)
}

/// Memory for `bytes` bytes, aligned to `align`, a power of two. Null if there is none to be had.
#[inline]
pub fn allocate_aligned(bytes: usize, align: usize) -> *mut u8 {
    heap::alloc_aligned(Own, bytes, align)
}

/// Memory for `bytes` bytes, all zero and aligned to 16. Null if there is none to be had.
#[inline]
pub fn allocate_zeroed(bytes: usize) -> *mut u8 {
    heap::alloc_zeroed(Own, bytes, 16)
}

/// Gives a block back. Null does nothing; what is not the beginning of a block changes nothing and is reported once.
///
/// # Safety
/// - If a block begins at `block`, it was given out and not freed since, and nobody uses it again.
#[inline(always)]
pub unsafe fn free(block: *mut u8) {
    // SAFETY: needs that nobody uses the block again; the caller promises it.
    unsafe { heap::free(Own, block) }
}

/// The block with room for `bytes` bytes and the same contents up to the smaller of its two sizes, perhaps elsewhere. Null if
/// there is no memory for it or if no block begins there; then nothing was changed. Of null it makes a new block.
///
/// # Safety
/// - If a block begins at `block`, it was given out and not freed since; if the answer is another pointer, nobody uses it
///   again.
#[inline]
pub unsafe fn reallocate(block: *mut u8, bytes: usize) -> *mut u8 {
    // SAFETY: the caller promises what is asked; 16 is what every block is aligned to, or the caller does not care.
    unsafe { process_heap::resize(Own, block, bytes, 16) }
}

/// How many bytes the block has; 0 if none begins there. Any address may be asked for.
#[inline]
pub fn usable_bytes(block: *const u8) -> usize {
    HEAP.usable_bytes(block)
}

/// Bytes of the system's page.
pub fn page_bytes() -> usize {
    BACKEND.geometry().page_bytes
}

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

/// Validates the span backend, and the calling thread's slabs and lists. Takes the backend's lock; cost: all spans, and the
/// free blocks of the thread. The slabs of other threads, which may be using them, are not looked at.
///
/// # Errors
/// The first statement that does not hold: corruption or misuse.
pub fn check() -> Result<(), CheckError> {
    process_heap::check(Own)
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
    use super::super::thread_slot;
    use super::{BACKEND, PlacedPages, slot};
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

fn first_use() -> bool {
    process_heap::first_use(Own)
}

static EXIT: ExitHook = ExitHook::new(thread_ends);

unsafe extern "C" fn thread_ends(value: *mut c_void) {
    if EXIT.is_the_end(value) {
        process_heap::end_thread(Own);
    }
}

/// Of this heap and of its backend.
pub(super) static FORK: ForkHandlers =
    ForkHandlers::new(before_fork, after_fork_in_parent, after_fork_in_child);

unsafe extern "C" fn before_fork() {
    HEAP.before_fork();
    BACKEND.before_fork();
}

unsafe extern "C" fn after_fork_in_parent() {
    // SAFETY: needs that this thread called `before_fork` and nothing since; the system calls the handlers in pairs.
    unsafe { BACKEND.after_fork() };
    // SAFETY: as above.
    unsafe { HEAP.after_fork_in_parent() }
}

unsafe extern "C" fn after_fork_in_child() {
    // SAFETY: needs that the thread of which this one is a copy called `before_fork` and nothing since; the system calls
    // the handlers in pairs.
    unsafe { BACKEND.after_fork() };
    // SAFETY: as above; the token is that of the only thread.
    unsafe { HEAP.after_fork_in_child(Own.token()) }
}
