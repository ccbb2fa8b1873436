//! TARGETS H4: how much of a limited address space a heap can use, and whether it can use it again.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::account::{ADDRESS_SPACE, status_bytes};
use crate::block::Pile;

/// Address space the allocator may use.
pub const LIMIT_BYTES: usize = 512 << 20;

/// Limits the address space to [`LIMIT_BYTES`] more than this process has, and becomes `heap-workload fill BYTES` under `preload`.
/// The allocator's own library counts as used by it.
///
/// # Errors
/// When the limit cannot be set or the program cannot be started; otherwise it does not return.
pub fn enter(bytes: &str, preload: Option<&str>) -> io::Error {
    let limit = (status_bytes(ADDRESS_SPACE) + LIMIT_BYTES) as libc::rlim_t;
    let limits = libc::rlimit { rlim_cur: limit, rlim_max: limit };
    // SAFETY: the structure must be readable: it is a local of the right type.
    if unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limits) } != 0 {
        return io::Error::last_os_error();
    }
    let mut command = Command::new("/proc/self/exe");
    command.args(["fill", bytes]);
    if let Some(preload) = preload {
        command.env("LD_PRELOAD", preload);
    }
    command.exec()
}

/// Takes blocks of `bytes` until there is no memory, frees them all, and does it again; prints the two counts.
pub fn fill(bytes: usize) {
    // The line buffer of standard output is taken now, while there is memory.
    println!("limit\t{LIMIT_BYTES}");
    let mut pile = Pile::new(bytes);
    let first = pile.fill();
    pile.clear();
    let second = pile.fill();
    pile.clear();
    println!("filled\t{}\nrefilled\t{}", first * bytes, second * bytes);
}
