//! A whole Rust program, the test harness included, on the heap.
#![cfg(all(unix, feature = "std", not(loom)))]

mod blocks;
mod life;
#[path = "../it/own_process.rs"]
mod own_process;
mod unwinding;

/// The profile that these tests are about; `tests/hosted_server` runs them again for another.
pub use compiler_alloc::profile::hosted_small as profile;

#[global_allocator]
static HEAP: profile::HostedSmall = profile::HostedSmall;
