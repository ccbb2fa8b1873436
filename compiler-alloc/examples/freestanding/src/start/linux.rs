//! A process of Linux on x86-64, without a C library: its entry, its end, and the functions that compiled code expects.

use super::run;
use core::arch::{asm, naked_asm};

/// Where the kernel enters the program: aligns the stack as functions expect it.
///
/// # Safety
/// - Called by nobody.
#[unsafe(naked)]
#[unsafe(no_mangle)]
unsafe extern "C" fn _start() -> ! {
    naked_asm!("xor ebp, ebp", "and rsp, -16", "call {run}", run = sym run)
}

/// Ends the process.
pub fn exit(code: i32) -> ! {
    // SAFETY: needs the number and the argument of a system call; this one is `exit_group`, which does not return.
    unsafe { asm!("syscall", in("rax") 231, in("rdi") code, options(noreturn)) }
}

/// # Safety
/// - Both ranges of `bytes` bytes are valid, and do not overlap.
#[unsafe(no_mangle)]
unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, bytes: usize) -> *mut u8 {
    // SAFETY: needs two valid ranges and a clear direction flag; the first the caller says, the second the calling convention.
    unsafe {
        asm!("rep movsb", inout("rcx") bytes => _, inout("rdi") to => _, inout("rsi") from => _, options(nostack))
    };
    to
}

/// # Safety
/// - Both ranges of `bytes` bytes are valid.
#[unsafe(no_mangle)]
unsafe extern "C" fn memmove(to: *mut u8, from: *const u8, bytes: usize) -> *mut u8 {
    if to.addr().wrapping_sub(from.addr()) >= bytes {
        // SAFETY: needs ranges that copying upwards does not confuse; `to` is not inside `from`'s.
        return unsafe { memcpy(to, from, bytes) };
    }
    let (last_to, last_from) =
        (to.wrapping_add(bytes).wrapping_sub(1), from.wrapping_add(bytes).wrapping_sub(1));
    // SAFETY: needs two valid ranges, copied from their ends; the direction flag is cleared again.
    unsafe {
        asm!("std", "rep movsb", "cld", inout("rcx") bytes => _, inout("rdi") last_to => _, inout("rsi") last_from => _,
             options(nostack));
    };
    to
}

/// # Safety
/// - `bytes` bytes from `to` on are valid.
#[unsafe(no_mangle)]
unsafe extern "C" fn memset(to: *mut u8, byte: i32, bytes: usize) -> *mut u8 {
    // SAFETY: needs a valid range and a clear direction flag; the first the caller says, the second the calling convention.
    unsafe {
        asm!("rep stosb", inout("rcx") bytes => _, inout("rdi") to => _, in("al") byte as u8, options(nostack))
    };
    to
}

/// # Safety
/// - Both ranges of `bytes` bytes are valid.
#[unsafe(no_mangle)]
unsafe extern "C" fn memcmp(left: *const u8, right: *const u8, bytes: usize) -> i32 {
    for at in 0..bytes {
        // SAFETY: needs a byte of the range; `at` is below its length.
        let l = unsafe { left.add(at).read_volatile() };
        // SAFETY: needs a byte of the range; `at` is below its length.
        let r = unsafe { right.add(at).read_volatile() };
        if l != r {
            return i32::from(l) - i32::from(r);
        }
    }
    0
}
