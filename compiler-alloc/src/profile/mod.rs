//! Profiles: the named configurations, and the only place with process-wide state. This is the std layer.

pub mod compiler_internal;
#[cfg(unix)]
mod fork;
#[cfg(unix)]
mod heap_slot;
#[cfg(unix)]
pub mod hosted_small;
mod process_arenas;
#[cfg(unix)]
pub mod standard_error;
#[cfg(unix)]
mod thread_exit;
mod thread_slot;

pub use process_arenas::arena_memory;
