//! How a program begins and ends without start files: on this Linux by raw system calls, on a bare x86-64 machine by the
//! note that QEMU looks for. The programs know nothing of either.

#[cfg(not(target_os = "none"))]
mod linux;
#[cfg(not(target_os = "none"))]
pub use linux::exit;

#[cfg(target_os = "none")]
mod board;
#[cfg(target_os = "none")]
pub use board::exit;

unsafe extern "C" {
    fn program() -> i32;
}

/// Where both ways meet.
extern "C" fn run() -> ! {
    // SAFETY: needs the program's own function; each program of this package has one.
    exit(unsafe { program() })
}
