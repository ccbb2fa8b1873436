//! A whole Rust program, the test harness included, on the heap `hosted-server`.
#![cfg(all(target_os = "linux", feature = "std", not(loom)))]

#[path = "../global_allocator/blocks.rs"]
mod blocks;
#[path = "../global_allocator/life.rs"]
mod life;
#[path = "../it/own_process.rs"]
mod own_process;
mod placement;
mod smaps;
mod threads;
#[path = "../global_allocator/unwinding.rs"]
mod unwinding;

/// The profile that these tests are about.
pub use compiler_alloc::profile::hosted_server as profile;

#[global_allocator]
static HEAP: profile::HostedServer = profile::HostedServer;
