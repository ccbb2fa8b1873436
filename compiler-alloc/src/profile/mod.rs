//! Profiles: the named configurations, and the only place with process-wide state. This is the std layer.

pub mod compiler_internal;
#[cfg(unix)]
mod fork;
mod process_arenas;
mod thread_slot;

pub use process_arenas::arena_memory;
