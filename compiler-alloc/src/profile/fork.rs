//! `fork` handlers: the child finds the shared state whole, whatever other threads were doing.

use super::backend::backend;
use super::hosted_small;
use core::ffi::c_int;
use core::sync::atomic::{AtomicBool, Ordering};

unsafe extern "C" {
    /// The system's registration of handlers around `fork`; they cannot be taken back.
    fn pthread_atfork(
        prepare: Option<unsafe extern "C" fn()>,
        parent: Option<unsafe extern "C" fn()>,
        child: Option<unsafe extern "C" fn()>,
    ) -> c_int;
}

/// Registers the handlers, the first time it is called. May allocate, and be called again by that.
///
/// Early is good: handlers that were registered before ours run while we hold the locks, and must not allocate.
pub(super) fn register_handlers() {
    static REGISTERED: AtomicBool = AtomicBool::new(false);
    if REGISTERED.load(Ordering::Relaxed) || REGISTERED.swap(true, Ordering::Relaxed) {
        return;
    }
    // SAFETY: needs handlers that stay valid; they are functions of this program. If the system has no memory for the
    // registration, a fork during a call of another thread is not covered, and nothing else changes.
    let _ = unsafe { pthread_atfork(Some(before), Some(after_in_parent), Some(after_in_child)) };
}

unsafe extern "C" fn before() {
    hosted_small::before_fork();
    backend().before_fork();
}

unsafe extern "C" fn after_in_parent() {
    // SAFETY: needs that this thread called `before_fork` and nothing since; the system calls the handlers in pairs.
    unsafe { backend().after_fork() };
    // SAFETY: as above.
    unsafe { hosted_small::after_fork_in_parent() };
}

unsafe extern "C" fn after_in_child() {
    // SAFETY: needs that the thread of which this one is a copy called `before_fork` and nothing since; the system calls
    // the handlers in pairs.
    unsafe { backend().after_fork() };
    // SAFETY: as above.
    unsafe { hosted_small::after_fork_in_child() };
}
