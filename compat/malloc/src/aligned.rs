//! The functions that take an alignment. Any power of two will do; one above 64 KiB takes that much more address space.

use crate::errno::{EINVAL, ENOMEM, or_no_memory, refuse};
use compiler_alloc::profile::hosted_server;
use core::ffi::{c_int, c_void};

/// Stores a block of `bytes` bytes, aligned to `align`, at `place`, and answers 0. `errno` stays as it was.
///
/// # Errors
/// `EINVAL` if the alignment is no power of two or no multiple of a pointer's size, else `ENOMEM`; then nothing is stored.
///
/// # Safety
/// - `place` can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn posix_memalign(place: *mut *mut c_void, align: usize, bytes: usize) -> c_int {
    if !align.is_power_of_two() || align < size_of::<*mut c_void>() {
        return EINVAL;
    }
    let block = hosted_server::allocate_aligned(bytes, align);
    if block.is_null() {
        return ENOMEM;
    }
    // SAFETY: needs a writable place; the caller promises it.
    unsafe { place.write(block.cast()) };
    0
}

/// Gives a block of `bytes` bytes, aligned to `align`. `bytes` need not be a multiple of `align` (since C17).
///
/// # Errors
/// Null, and `errno` is `EINVAL` if the alignment is no power of two, else `ENOMEM`.
#[unsafe(no_mangle)]
pub extern "C" fn aligned_alloc(align: usize, bytes: usize) -> *mut c_void {
    if !align.is_power_of_two() {
        return refuse(EINVAL);
    }
    or_no_memory(hosted_server::allocate_aligned(bytes, align))
}

/// Gives a block of `bytes` bytes, aligned to the power of two at or above `align`, as glibc does.
///
/// # Errors
/// Null, and `errno` is `EINVAL` if there is no such power of two, else `ENOMEM`.
#[unsafe(no_mangle)]
pub extern "C" fn memalign(align: usize, bytes: usize) -> *mut c_void {
    match align.checked_next_power_of_two() {
        Some(align) => or_no_memory(hosted_server::allocate_aligned(bytes, align)),
        None => refuse(EINVAL),
    }
}

/// Gives a block of `bytes` bytes that begins at a page.
///
/// # Errors
/// Null, and `errno` is `ENOMEM`.
#[unsafe(no_mangle)]
pub extern "C" fn valloc(bytes: usize) -> *mut c_void {
    or_no_memory(hosted_server::allocate_aligned(bytes, hosted_server::page_bytes()))
}

/// Gives whole pages for `bytes` bytes; for 0 one page.
///
/// # Errors
/// Null, and `errno` is `ENOMEM`.
#[unsafe(no_mangle)]
pub extern "C" fn pvalloc(bytes: usize) -> *mut c_void {
    let page = hosted_server::page_bytes();
    match bytes.max(1).checked_next_multiple_of(page) {
        Some(bytes) => or_no_memory(hosted_server::allocate_aligned(bytes, page)),
        None => refuse(ENOMEM),
    }
}
