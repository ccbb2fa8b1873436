//! Client requests to valgrind: six instructions that do nothing on a processor and that valgrind's own one recognises.
//!
//! Written here for x86-64 and not taken from crabgrind, which compiles valgrind's C header with bindgen: a C compiler, libclang and
//! valgrind's headers would be needed to build the feature. The instructions and the numbers are part of valgrind's interface to compiled
//! programs, which does not change (`valgrind.h` and `memcheck.h`, version 3.19).

/// Whether requests are compiled in; otherwise [`mark`] is empty.
pub(super) const ACTIVE: bool = cfg!(all(feature = "valgrind", target_arch = "x86_64", target_os = "linux"));

/// What memcheck is asked to do with a range of memory; it ignores the request if it is not running.
#[derive(Clone, Copy)]
#[repr(usize)]
pub(super) enum Mark {
    /// Every access is an error.
    NoAccess = memcheck(0),
    /// Writing is allowed; using what is read before is an error.
    Undefined = memcheck(1),
    /// Everything is allowed.
    Defined = memcheck(2),
}

/// Number of one of memcheck's requests: its two letters, and a count.
const fn memcheck(number: usize) -> usize {
    ((b'M' as usize) << 24 | (b'C' as usize) << 16) + number
}

/// Asks memcheck to mark a range. About fifteen instructions when valgrind is not running.
#[inline(always)]
pub(super) fn mark(base: *const u8, bytes: usize, mark: Mark) {
    if !ACTIVE {
        return;
    }
    let request = [mark as usize, base.addr(), bytes, 0, 0, 0];
    #[cfg(target_arch = "x86_64")]
    // SAFETY: must do what it declares. On a processor the rotations add up to two whole turns and the exchange is of a register with
    // itself; under valgrind the request in rax is read and its answer is put into rdx, and memcheck changes only what it knows about the
    // range. The flags change.
    unsafe {
        core::arch::asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            in("rax") request.as_ptr(),
            inout("rdx") 0_usize => _,
            options(nostack),
        );
    }
    let _ = request;
}
