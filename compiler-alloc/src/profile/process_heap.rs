//! What every heap of a process does alike, whatever its profile: find the thread's heap, begin and end a thread's use, and
//! answer questions about the whole.

use super::fork::ForkHandlers;
use super::standard_error;
use super::thread_exit::ExitHook;
use crate::fault::Misuse;
use crate::heap::{Census, Local, ThreadHeap};
use crate::span::{CheckError, ShutdownReport, SpanBackend};
use core::ptr::NonNull;

/// The statics of a profile's heap, and its slot in every thread.
pub(super) trait ProcessHeap: Local<'static> {
    /// The backend below the heap.
    fn backend(self) -> &'static SpanBackend<Self::Pages>;

    /// Whether the exit hook ran in the calling thread: a place in its slot, which stays.
    fn exited(self) -> *mut bool;

    /// By what it hears of threads that end.
    fn exit_hook(self) -> &'static ExitHook;

    /// Its handlers around `fork`.
    fn fork_handlers(self) -> &'static ForkHandlers;
}

/// The calling thread's heap.
///
/// # Safety
/// - Nobody uses the answer of an earlier call again.
unsafe fn thread<'t, H: ProcessHeap>(own: H) -> &'t mut ThreadHeap<'static, H::Pages, H::Transfer> {
    // SAFETY: needs the only reference to the thread heap; `Local` promises that no call runs, and the caller the rest.
    unsafe { &mut *own.thread().as_ptr() }
}

/// The block with room for `bytes` bytes aligned to `align` and the same contents, perhaps elsewhere.
///
/// # Safety
/// - If a block begins at `block`, it was given out, not freed since, and is aligned to `align`, a power of two; if the
///   answer is another pointer, nobody uses it again.
#[inline]
pub(super) unsafe fn resize<H: ProcessHeap>(own: H, block: *mut u8, bytes: usize, align: usize) -> *mut u8 {
    let Some(block) = NonNull::new(block) else { return crate::heap::alloc_aligned(own, bytes, align) };
    crate::heap::thread::announce(own);
    // SAFETY: needs that no earlier answer is used again; each is used for one call.
    let thread = unsafe { thread(own) };
    // SAFETY: needs the same heap and token at every call, which `Local` promises, and a block as the caller promises it.
    unsafe { thread.resize(own.heap(), own.token(), block, bytes, align) }
}

/// What the heap asks when a thread uses it first: sees to it that it hears of the thread's end, and answers whether it
/// will. May allocate, that is, use the thread's heap, to which nobody has a reference meanwhile.
pub(super) fn first_use<H: ProcessHeap>(own: H) -> bool {
    // SAFETY: needs an initialised value; all zero bytes are one.
    if unsafe { own.exited().read() } {
        return false;
    }
    own.fork_handlers().register();
    own.exit_hook().hook()
}

/// The calling thread ends: what its heap still has is given back or left to others.
pub(super) fn end_thread<H: ProcessHeap>(own: H) {
    // SAFETY: needs a live place that nobody refers to; the slot is this thread's and stays.
    unsafe { own.exited().write(true) };
    exit(own);
}

fn exit<H: ProcessHeap>(own: H) {
    // SAFETY: needs that no earlier answer is used again; each is used for one call.
    let thread = unsafe { thread(own) };
    // SAFETY: needs the same heap at every call, which `Local` promises.
    unsafe { thread.exit(own.heap()) };
}

/// Takes in what others freed, gives empty slabs back and purges; answers how many bytes went back to the system.
pub(super) fn trim<H: ProcessHeap>(own: H, keep_bytes: usize) -> usize {
    let before = own.backend().stats().purged_bytes;
    // SAFETY: needs that no earlier answer is used again; each is used for one call.
    let thread = unsafe { thread(own) };
    // SAFETY: needs the same heap at every call, which `Local` promises.
    unsafe { thread.trim(own.heap(), keep_bytes) };
    own.backend().stats().purged_bytes - before
}

/// A safepoint of the calling thread.
pub(super) fn safepoint<H: ProcessHeap>(own: H) {
    // SAFETY: needs that no earlier answer is used again; each is used for one call.
    let thread = unsafe { thread(own) };
    // SAFETY: needs the same heap at every call, which `Local` promises.
    unsafe { thread.collect(own.heap()) };
}

/// Ends the calling thread's heap, gives everything idle back to the system, and says what is still alive.
pub(super) fn shutdown<H: ProcessHeap>(own: H) -> ShutdownReport {
    exit(own);
    own.heap().recall_all();
    own.backend().shutdown()
}

/// Counts what the program has in use, after a safepoint.
pub(super) fn census<H: ProcessHeap>(own: H) -> Census {
    safepoint(own);
    // SAFETY: needs that no earlier answer is used again; each is used for one call.
    unsafe { thread(own) }.census(own.heap())
}

/// Validates the span backend, and the calling thread's slabs and lists.
pub(super) fn check<H: ProcessHeap>(own: H) -> Result<(), CheckError> {
    own.backend().check()?;
    // SAFETY: needs that no earlier answer is used again; each is used for one call.
    unsafe { thread(own) }.check()
}

/// Says what a program did to the heap that it must not do. Does not allocate.
pub(super) fn say_misuse(misuse: Misuse) {
    standard_error::say(format_args!(
        "compiler-alloc: {misuse}; nothing was changed, and the next of its kind is not reported"
    ));
}
