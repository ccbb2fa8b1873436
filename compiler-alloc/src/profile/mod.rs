//! Profiles: the named configurations, and the only place with process-wide state. This is the std layer; of it, only the
//! heap of a process on Linux does without the standard library (feature `hosted` alone).

mod backend;
#[cfg(feature = "std")]
pub mod compiler_internal;
#[cfg(unix)]
mod fork;
#[cfg(unix)]
mod heap_slot;
#[cfg(unix)]
pub mod hosted_small;
#[cfg(feature = "std")]
mod process_arenas;
#[cfg(unix)]
pub mod standard_error;
#[cfg(unix)]
mod thread_exit;
#[cfg(feature = "std")]
mod thread_slot;

#[cfg(feature = "std")]
pub use process_arenas::arena_memory;
