//! The functions of the C standard and of POSIX that know no alignment.

use crate::errno::{ENOMEM, or_no_memory, refuse};
use compiler_alloc::heap::Miss;
use compiler_alloc::profile::hosted_server;
use core::ffi::c_void;

/// Gives a block of at least `bytes` bytes, aligned to 16; for 0 the smallest one, with an address of its own.
///
/// No lock and no system call while the thread's list of that size has a block.
///
/// # Errors
/// Null, and `errno` is `ENOMEM`.
#[unsafe(no_mangle)]
pub extern "C" fn malloc(bytes: usize) -> *mut c_void {
    match hosted_server::allocate_listed(bytes) {
        Ok(block) => block.as_ptr().cast(),
        Err(miss) => malloc_miss(bytes, miss),
    }
}

/// Apart, so that the fast path needs no frame: it looks at no answer of a call.
#[cold]
#[inline(never)]
fn malloc_miss(bytes: usize, miss: Miss) -> *mut c_void {
    // SAFETY: needs a miss; this is where `malloc` goes with one.
    match unsafe { hosted_server::allocate_queued(miss) } {
        Some(block) => block.as_ptr().cast(),
        // SAFETY: needs the miss of this size; as above.
        None => unsafe { malloc_slow(bytes, miss) },
    }
}

/// Apart, for the same reason.
///
/// # Safety
/// - The miss is the one of this size that `malloc` just had.
#[cold]
#[inline(never)]
unsafe fn malloc_slow(bytes: usize, miss: Miss) -> *mut c_void {
    // SAFETY: needs the miss of this size; the caller promises it.
    or_no_memory(unsafe { hosted_server::allocate_slow(bytes, miss) })
}

/// Gives a block back. Null does nothing; what is not a block of this heap changes nothing and is reported once.
///
/// Keeps `errno`. No lock while blocks of this thread are freed; blocks of others are sent back in chains.
///
/// # Safety
/// - `block` is null, or was given out and has not been freed since.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn free(block: *mut c_void) {
    // SAFETY: needs null or a live block; the caller promises it.
    unsafe { hosted_server::free(block.cast()) }
}

/// Gives a block of `count` times `bytes` zero bytes, aligned to 16. Pages that are known to be zero are not touched.
///
/// # Errors
/// Null, and `errno` is `ENOMEM`; also if the product is larger than any block.
#[unsafe(no_mangle)]
pub extern "C" fn calloc(count: usize, bytes: usize) -> *mut c_void {
    match count.checked_mul(bytes) {
        Some(total) => or_no_memory(hosted_server::allocate_zeroed(total)),
        None => refuse(ENOMEM),
    }
}

/// Changes the size of a block, keeps what fits into both, and gives its address, which may be another one.
///
/// For null it is [`malloc`]. For 0 bytes the block is freed and null is given, as glibc does; `errno` stays.
///
/// # Errors
/// Null, `errno` is `ENOMEM`, and the block stays as it was. Also for what is not a block of this heap.
///
/// # Safety
/// - `block` is null, or was given out and has not been freed since.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn realloc(block: *mut c_void, bytes: usize) -> *mut c_void {
    if block.is_null() {
        return malloc(bytes);
    }
    if bytes == 0 {
        // SAFETY: needs a live block; the caller promises it.
        unsafe { free(block) };
        return core::ptr::null_mut();
    }
    // SAFETY: needs a live block and a size above 0; the caller promises the first, the second was tested.
    or_no_memory(unsafe { hosted_server::reallocate(block.cast(), bytes) })
}

/// [`realloc`] to `count` times `bytes`.
///
/// # Errors
/// As `realloc`; also if the product is larger than any block.
///
/// # Safety
/// - `block` is null, or was given out and has not been freed since.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reallocarray(block: *mut c_void, count: usize, bytes: usize) -> *mut c_void {
    match count.checked_mul(bytes) {
        // SAFETY: needs null or a live block; the caller promises it.
        Some(total) => unsafe { realloc(block, total) },
        None => refuse(ENOMEM),
    }
}

/// [`free`] of a block whose requested size the caller knows (C23).
///
/// # Safety
/// - `block` is null, or was given out by [`malloc`], [`calloc`] or [`realloc`] for `bytes` bytes, and has not been freed
///   since.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn free_sized(block: *mut c_void, _bytes: usize) {
    // SAFETY: needs null or a live block; the caller promises it.
    unsafe { hosted_server::free(block.cast()) }
}

/// [`free`] of a block whose requested alignment and size the caller knows (C23).
///
/// # Safety
/// - `block` is null, or was given out by `aligned_alloc` for this alignment and size, and has not been freed since.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn free_aligned_sized(block: *mut c_void, _align: usize, _bytes: usize) {
    // SAFETY: needs null or a live block; the caller promises it.
    unsafe { hosted_server::free(block.cast()) }
}

/// How many bytes of the block may be used: what was asked for, rounded up to its size class or to pages. 0 for null and
/// for what is not a block of this heap.
#[unsafe(no_mangle)]
pub extern "C" fn malloc_usable_size(block: *mut c_void) -> usize {
    hosted_server::usable_bytes(block.cast())
}

/// Gives idle memory back to the system until at most `keep` bytes idle; of the calling thread too, but not of others.
///
/// Answers 1 if anything was given back, else 0. Takes the locks of the heap and of its backend.
#[unsafe(no_mangle)]
pub extern "C" fn malloc_trim(keep: usize) -> core::ffi::c_int {
    core::ffi::c_int::from(hosted_server::trim(keep) > 0)
}
