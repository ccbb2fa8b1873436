//! Libraries that a program loads with `RTLD_DEEPBIND` would get the C library's `malloc` instead of this one.
//!
//! Such a library looks for symbols first in what it depends on itself, so its `free` is that of the C library, and blocks
//! that it gets from the program, or gives to it, end the process. PHP loads its extensions so. Therefore the shared library
//! has a `dlopen` that leaves the flag out and then *is* the system's: a jump, so that the system still sees who called, whose
//! search path counts. The static library has none, because a program that is one piece loads nothing.

use core::arch::naked_asm;
use core::ffi::{c_char, c_int, c_void};
use core::sync::atomic::AtomicUsize;

/// The flag, in glibc.
const RTLD_DEEPBIND: c_int = 8;

/// "The next library that has the symbol", in glibc.
const RTLD_NEXT: c_int = -1;

/// Where the system's function is; 0 until it was looked for.
static SYSTEM: AtomicUsize = AtomicUsize::new(0);

/// The system's `dlopen`, for which `RTLD_DEEPBIND` is left out of `mode`. Exported under that name, by the linker. Null if
/// the system has none.
#[unsafe(naked)]
#[unsafe(no_mangle)]
pub extern "C" fn compiler_alloc_dlopen(_file: *const c_char, _mode: c_int) -> *mut c_void {
    naked_asm!(
        ".weak dlsym",
        "and esi, {others}",
        "mov rax, qword ptr [rip + {system}]",
        "test rax, rax",
        "je 2f",
        "jmp rax",
        "2: mov rax, qword ptr [rip + dlsym@GOTPCREL]",
        "test rax, rax",
        "je 3f",
        "push rdi",
        "push rsi",
        "sub rsp, 8",
        "mov rdi, {next}",
        "lea rsi, [rip + 4f]",
        "call rax",
        "mov qword ptr [rip + {system}], rax",
        "add rsp, 8",
        "pop rsi",
        "pop rdi",
        "test rax, rax",
        "je 3f",
        "jmp rax",
        "3: ret",
        "4: .asciz \"dlopen\"",
        others = const !RTLD_DEEPBIND,
        next = const RTLD_NEXT,
        system = sym SYSTEM,
    )
}
