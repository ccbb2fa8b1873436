//! A whole Rust program, the test harness included, on the heap.
#![cfg(all(unix, feature = "std", not(loom)))]

mod blocks;
mod life;
#[path = "../it/own_process.rs"]
mod own_process;
mod unwinding;

use compiler_alloc::profile::hosted_small::HostedSmall;

#[global_allocator]
static HEAP: HostedSmall = HostedSmall;
