//! Whose the global allocator is: asked of the allocators themselves, because a program may be built otherwise than its name says.

use std::hint::black_box;

/// Large enough to show in glibc's account, small enough to be no mapping of its own.
const PROBE_BYTES: usize = 100_000;

/// Whether what Rust's collections hold comes from glibc's malloc: its own account grows by it.
pub fn glibc() -> bool {
    let before = glibc_bytes();
    let probe = black_box(vec![1_u8; PROBE_BYTES]);
    let grown = glibc_bytes().saturating_sub(before);
    drop(probe);
    grown >= PROBE_BYTES
}

/// Bytes in use by glibc's account.
fn glibc_bytes() -> usize {
    // SAFETY: mallinfo2 has no requirement; it reads glibc's own counters under glibc's own locks.
    let account = unsafe { libc::mallinfo2() };
    account.uordblks + account.hblkhd
}

/// Whether what Rust's collections hold comes from mimalloc: it says so of a block.
#[cfg(feature = "peer-mimalloc")]
pub fn mimalloc() -> bool {
    unsafe extern "C" {
        fn mi_is_in_heap_region(block: *const std::ffi::c_void) -> bool;
    }
    let probe = black_box(vec![1_u8; PROBE_BYTES]);
    // SAFETY: the function takes any address and only looks it up in mimalloc's own map of pages.
    unsafe { mi_is_in_heap_region(probe.as_ptr().cast()) }
}
