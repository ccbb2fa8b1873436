//! The error number of the calling thread.

use core::ffi::{c_int, c_void};

/// No memory, or more than there can be. The same number on every Linux.
pub const ENOMEM: c_int = 12;
/// An argument that the function does not accept. The same number on every Linux.
pub const EINVAL: c_int = 22;

unsafe extern "C" {
    /// Where the calling thread's error number is.
    safe fn __errno_location() -> *mut c_int;
}

/// Sets the thread's error number.
pub fn set(error: c_int) {
    // SAFETY: needs a valid place for an `int`; the C library answers the address of the thread's own.
    unsafe { __errno_location().write(error) };
}

/// The pointer as C gives it out; sets `errno` to `ENOMEM` if it is null.
#[inline(always)]
pub fn or_no_memory(block: *mut u8) -> *mut c_void {
    if block.is_null() { refuse(ENOMEM) } else { block.cast() }
}

/// Sets `errno` and gives null.
#[cold]
pub fn refuse(error: c_int) -> *mut c_void {
    set(error);
    core::ptr::null_mut()
}
