//! Marking free arena memory for AddressSanitizer and for valgrind, and arena memory as a root for the sanitizer's leak check.
//!
//! Active under `--cfg sanitize_address` (what `make sanitize` sets beside `-Zsanitizer=address`, whose own cfg is
//! unstable), and with the feature `valgrind` on x86-64 Linux. Otherwise every function here is empty, and the allocation path keeps its
//! instruction count.

mod valgrind;

use valgrind::Mark;

/// Whether marking is compiled in.
pub const ACTIVE: bool = cfg!(sanitize_address) || valgrind::ACTIVE;

#[cfg(sanitize_address)]
unsafe extern "C" {
    fn __asan_poison_memory_region(base: *const u8, bytes: usize);
    fn __asan_unpoison_memory_region(base: *const u8, bytes: usize);
    fn __lsan_register_root_region(base: *const u8, bytes: usize);
    fn __lsan_unregister_root_region(base: *const u8, bytes: usize);
}

/// Reading or writing `bytes` bytes from `base` becomes an error, which the sanitizer reports as use-after-poison and valgrind as an
/// invalid access.
///
/// # Safety
///
/// - The range lies in a piece that the caller holds.
/// - No live object lies in it.
#[inline(always)]
pub unsafe fn poison(base: *const u8, bytes: usize) {
    #[cfg(sanitize_address)]
    // SAFETY: the range must be memory whose shadow exists and that nobody may use; the caller holds the piece and
    // says that no live object lies in it; the call changes only the shadow.
    unsafe {
        __asan_poison_memory_region(base, bytes)
    };
    valgrind::mark(base, bytes, Mark::NoAccess);
}

/// The sanitizer keeps one mark for this many bytes, which says how many of them, from the first, may be used.
#[cfg(sanitize_address)]
const MARK_BYTES: usize = 8;

/// Reading and writing `bytes` bytes from `base` is allowed again, for a new object: valgrind reports the use of what nobody wrote. The
/// sanitizer also allows the bytes before `base` that share a mark with it, because a mark cannot forbid its first bytes only.
///
/// # Safety
///
/// The range, extended down to a multiple of eight, lies in a piece that the caller holds.
#[inline(always)]
pub unsafe fn unpoison(base: *const u8, bytes: usize) {
    #[cfg(sanitize_address)]
    {
        let before = base.addr() % MARK_BYTES;
        // SAFETY: the range must be memory whose shadow exists; the caller holds the piece; the call changes only
        // the shadow.
        unsafe { __asan_unpoison_memory_region(base.wrapping_sub(before), bytes + before) };
    }
    valgrind::mark(base, bytes, Mark::Undefined);
}

/// The bytes are an arena's no longer: reading and writing them is allowed, as before the arena had them.
///
/// # Safety
///
/// As [`unpoison`].
#[inline(always)]
pub unsafe fn forget(base: *const u8, bytes: usize) {
    #[cfg(sanitize_address)]
    // SAFETY: the duty of `unpoison` is this function's own.
    unsafe {
        unpoison(base, bytes)
    };
    // Not undefined: the memory may go to a heap that hands it out as zeroes once the system has taken it and given it back.
    valgrind::mark(base, bytes, Mark::Defined);
}

/// The leak check follows pointers that lie in this range. Undone by [`forget_roots`] with the same range.
///
/// # Safety
///
/// The range is a piece, or a part of one, that the caller holds until it calls [`forget_roots`].
#[inline(always)]
pub unsafe fn add_roots(base: *const u8, bytes: usize) {
    #[cfg(sanitize_address)]
    // SAFETY: the range must stay mapped until it is unregistered; the caller holds the piece until then.
    unsafe {
        __lsan_register_root_region(base, bytes)
    };
    #[cfg(not(sanitize_address))]
    let _ = (base, bytes);
}

/// Ends [`add_roots`] for exactly this range.
///
/// # Safety
///
/// The same range was given to [`add_roots`] and not to this function since.
#[inline(always)]
pub unsafe fn forget_roots(base: *const u8, bytes: usize) {
    #[cfg(sanitize_address)]
    // SAFETY: the range must be one that was registered; the caller says so.
    unsafe {
        __lsan_unregister_root_region(base, bytes)
    };
    #[cfg(not(sanitize_address))]
    let _ = (base, bytes);
}
