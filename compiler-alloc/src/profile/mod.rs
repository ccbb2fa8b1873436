//! Profiles: the named configurations, and the only place with process-wide state. This is the std layer.

pub mod compiler_internal;
#[cfg(unix)]
mod fork;
mod thread_slot;
