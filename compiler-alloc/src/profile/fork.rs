//! `fork` handlers: the child finds the shared state whole, whatever other threads were doing.

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

/// The handlers of one heap and the span backend below it.
pub(super) struct ForkHandlers {
    registered: AtomicBool,
    before: unsafe extern "C" fn(),
    after_in_parent: unsafe extern "C" fn(),
    after_in_child: unsafe extern "C" fn(),
}

impl ForkHandlers {
    /// Handlers that are not registered yet: one that takes the locks, and two that open them again.
    pub(super) const fn new(
        before: unsafe extern "C" fn(),
        after_in_parent: unsafe extern "C" fn(),
        after_in_child: unsafe extern "C" fn(),
    ) -> Self {
        ForkHandlers { registered: AtomicBool::new(false), before, after_in_parent, after_in_child }
    }

    /// Registers the handlers, the first time it is called. May allocate, and be called again by that.
    ///
    /// Handlers that were registered before ours run while we hold the locks; they may allocate, because the thread that holds
    /// a lock across `fork` may take it again.
    pub(super) fn register(&self) {
        if self.registered.load(Ordering::Relaxed) || self.registered.swap(true, Ordering::Relaxed) {
            return;
        }
        // SAFETY: needs handlers that stay valid; they are functions of this program. If the system has no memory for the
        // registration, a fork during a call of another thread is not covered, and nothing else changes.
        let _ = unsafe {
            pthread_atfork(Some(self.before), Some(self.after_in_parent), Some(self.after_in_child))
        };
    }
}
