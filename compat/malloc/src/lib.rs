//! The heap profiles `hosted-small` and `hosted-server` as `malloc`, `free` and the C++ operators.
//!
//! Loaded by `LD_PRELOAD`, or linked before the C library, it answers every allocation of a program. Nothing here
//! allocates: the functions check what the standards ask them to check, and pass on to
//! [`hosted_server`](compiler_alloc::profile::hosted_server), whose transfer cache is closed before the program begins unless it is
//! started with that profile: then its heap is `hosted-small`.
//!
//! Where the standards leave a choice, it is glibc's, because the programs that run under this library were written
//! against it: `malloc(0)` gives a block of its own, `realloc(pointer, 0)` frees and gives null.
#![cfg_attr(panic = "abort", no_std)]

mod aligned;
#[cfg(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu"))]
mod deep_binding;
mod environment;
mod errno;
mod operators;
mod process;
mod standard;
mod statistics;

// Nothing else is linked.
#[link(name = "c")]
unsafe extern "C" {}

#[cfg(panic = "abort")]
mod panicking {
    use compiler_alloc::profile::standard_error::say;
    use core::panic::PanicInfo;

    unsafe extern "C" {
        /// Ends the process by a signal.
        safe fn abort() -> !;
    }

    /// A defect of this library: says where, and ends the process.
    #[panic_handler]
    fn panicked(panic: &PanicInfo<'_>) -> ! {
        say(format_args!("compiler-alloc: {panic}"));
        abort()
    }
}
