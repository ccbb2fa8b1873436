//! Behaviours of the library, one module each.

mod allocator_versions;
mod arena;
mod arena_collections;
mod arena_exhaustion;
mod arena_memory;
#[cfg(any(sanitize_address, all(feature = "valgrind", target_arch = "x86_64", target_os = "linux")))]
mod arena_poison;
mod arena_pool;
mod arena_scopes;
mod arena_sealed;
mod arena_session;
mod bump_arithmetic;
mod exhaustion;
mod fork;
mod give_back;
mod heap;
mod heap_census;
#[cfg(target_pointer_width = "64")]
mod heap_exhaustion;
#[cfg(target_pointer_width = "64")]
mod heap_thread;
#[cfg(target_pointer_width = "64")]
mod heap_threads;
#[cfg(target_pointer_width = "64")]
mod heap_transfer;
mod own_process;
mod parts;
#[cfg(target_os = "linux")]
mod prefault;
#[cfg(target_pointer_width = "64")]
mod realtime;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod realtime_locking;
mod rlimit;
mod safepoint;
mod shutdown;
mod spans;
#[cfg(target_pointer_width = "64")]
mod test_fixture;
mod threads;
mod typed_arena;
mod warm_passes;
