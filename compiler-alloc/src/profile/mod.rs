//! Profiles: the named configurations, and the only place with process-wide state. This is the std layer; of it, only the
//! heap of a process on Linux does without the standard library (feature `hosted` alone), and `freestanding` without anything.

#[cfg(all(feature = "hosted", not(loom)))]
mod backend;
#[cfg(all(feature = "std", not(loom)))]
pub mod compiler_internal;
#[cfg(all(feature = "hosted", unix, not(loom)))]
mod fork;
pub mod freestanding;
#[cfg(all(feature = "hosted", unix, not(loom)))]
mod heap_slot;
#[cfg(all(feature = "hosted", target_os = "linux", not(loom)))]
pub mod hosted_server;
#[cfg(all(feature = "hosted", unix, not(loom)))]
pub mod hosted_small;
#[cfg(all(feature = "std", not(loom)))]
mod process_arenas;
#[cfg(all(feature = "hosted", unix, not(loom)))]
mod process_faces;
#[cfg(all(feature = "hosted", unix, not(loom)))]
mod process_heap;
#[cfg(all(feature = "hosted", target_pointer_width = "64", not(loom)))]
pub mod realtime;
#[cfg(all(feature = "hosted", unix, not(loom)))]
pub mod standard_error;
#[cfg(all(feature = "test-fixture", feature = "std", target_pointer_width = "64", not(loom)))]
pub mod test_fixture;
#[cfg(all(feature = "hosted", unix, not(loom)))]
mod thread_exit;
#[cfg(all(feature = "std", not(loom)))]
mod thread_slot;

#[cfg(all(feature = "std", not(loom)))]
pub use process_arenas::{PREFAULT_BYTES_MIN, arena_memory, arena_memory_ahead};
