//! `fork` handlers: the child finds the shared state whole, whatever other threads were doing.

use super::compiler_internal;
use core::ffi::c_int;
use std::sync::Once;

unsafe extern "C" {
    /// The system's registration of handlers around `fork`; they cannot be taken back.
    fn pthread_atfork(
        prepare: Option<unsafe extern "C" fn()>,
        parent: Option<unsafe extern "C" fn()>,
        child: Option<unsafe extern "C" fn()>,
    ) -> c_int;
}

/// Registers the handlers, the first time it is called.
pub(super) fn register_handlers() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: needs handlers that stay valid; they are functions of this program. If the system has no memory for the
        // registration, a fork during a call of another thread is not covered, and nothing else changes.
        let _ = unsafe { pthread_atfork(Some(before), Some(after), Some(after)) };
    });
}

unsafe extern "C" fn before() {
    compiler_internal::backend().before_fork();
}

unsafe extern "C" fn after() {
    // SAFETY: needs that this thread called `before_fork` and nothing since; the system calls the handlers in pairs, in
    // the forking thread and in its copy.
    unsafe { compiler_internal::backend().after_fork() }
}
