//! The C++ operators `new` and `delete`, without a C++ compiler.
//!
//! The standard says which operator calls which: the array forms call the plain ones, sized `delete` calls the unsized
//! one, and so on, so that a program which replaces one replaces all that lead to it. Each form here is therefore a jump
//! through the symbol that the program bound, and only four of them reach the heap: `new`, aligned `new`, `delete` and
//! aligned `delete`. The forms of `new` that do not throw stay with the C++ library, which catches what the plain ones
//! throw.
//!
//! A failing `new` calls the program's new-handler again and again, and throws `std::bad_alloc` when there is none. Both
//! come from the C++ library, by symbols that may be absent: a program without C++ never gets here. Exceptions pass
//! through this file, so what they pass through is machine code with unwinding tables and no Rust.

use core::arch::naked_asm;
use core::ffi::c_void;

use crate::{aligned::memalign, standard::free, standard::malloc};

/// A function that asks the heap by `$ask` with its own two arguments, and on failure the program's new-handler.
///
/// The arguments are kept in the two lower words of the frame; a third keeps the stack aligned at calls.
macro_rules! throwing {
    ($(#[$meta:meta])* $name:ident, $ask:path) => {
        $(#[$meta])*
        #[unsafe(naked)]
        #[unsafe(no_mangle)]
        pub extern "C-unwind" fn $name(_: usize, _: usize) -> *mut c_void {
            naked_asm!(
                ".cfi_startproc",
                "sub rsp, 24",
                ".cfi_def_cfa_offset 32",
                "mov [rsp], rdi",
                "mov [rsp + 8], rsi",
                "2: call {ask}",
                "test rax, rax",
                "je 3f",
                "add rsp, 24",
                ".cfi_remember_state",
                ".cfi_def_cfa_offset 8",
                "ret",
                ".cfi_restore_state",
                ".weak _ZSt15get_new_handlerv",
                ".weak _ZSt17__throw_bad_allocv",
                "3: mov rax, qword ptr [rip + _ZSt15get_new_handlerv@GOTPCREL]",
                "test rax, rax",
                "je 4f",
                "call rax",
                "test rax, rax",
                "je 4f",
                "call rax",
                "mov rdi, [rsp]",
                "mov rsi, [rsp + 8]",
                "jmp 2b",
                "4: mov rax, qword ptr [rip + _ZSt17__throw_bad_allocv@GOTPCREL]",
                "test rax, rax",
                "je 5f",
                "call rax",
                "5: ud2",
                ".cfi_endproc",
                ask = sym $ask,
            )
        }
    };
}

throwing! {
    /// `operator new(size_t)`: a block aligned to 16.
    ///
    /// # Errors
    /// Throws what the new-handler throws, or `std::bad_alloc`.
    _Znwm, plain
}

throwing! {
    /// `operator new(size_t, align_val_t)`.
    ///
    /// # Errors
    /// Throws what the new-handler throws, or `std::bad_alloc`.
    _ZnwmSt11align_val_t, aligned
}

extern "C" fn plain(bytes: usize) -> *mut c_void {
    malloc(bytes)
}

extern "C" fn aligned(bytes: usize, align: usize) -> *mut c_void {
    memalign(align, bytes)
}

/// `operator delete(void*)`: as [`free`].
///
/// # Safety
/// - `block` is null, or was given out and has not been freed since.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _ZdlPv(block: *mut c_void) {
    // SAFETY: needs null or a live block; the caller promises it.
    unsafe { free(block) }
}

/// `operator delete(void*, align_val_t)`: as [`free`].
///
/// # Safety
/// - `block` is null, or was given out and has not been freed since.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _ZdlPvSt11align_val_t(block: *mut c_void, _align: usize) {
    // SAFETY: needs null or a live block; the caller promises it.
    unsafe { free(block) }
}

/// Functions that jump to the operator which the program bound, with all their arguments.
macro_rules! leads_to {
    ($($(#[$meta:meta])* $name:ident => $target:literal;)*) => {$(
        $(#[$meta])*
        ///
        /// # Safety
        /// - As that operator asks.
        #[unsafe(naked)]
        #[unsafe(no_mangle)]
        pub unsafe extern "C-unwind" fn $name() {
            naked_asm!(concat!("jmp qword ptr [rip + ", $target, "@GOTPCREL]"))
        }
    )*};
}

leads_to! {
    /// `operator new[](size_t)`: `operator new(size_t)`.
    _Znam => "_Znwm";
    /// `operator new[](size_t, align_val_t)`: `operator new(size_t, align_val_t)`.
    _ZnamSt11align_val_t => "_ZnwmSt11align_val_t";
    /// `operator delete[](void*)`: `operator delete(void*)`.
    _ZdaPv => "_ZdlPv";
    /// `operator delete(void*, size_t)`: `operator delete(void*)`.
    _ZdlPvm => "_ZdlPv";
    /// `operator delete[](void*, size_t)`: `operator delete[](void*)`.
    _ZdaPvm => "_ZdaPv";
    /// `operator delete(void*, const nothrow_t&)`: `operator delete(void*)`.
    _ZdlPvRKSt9nothrow_t => "_ZdlPv";
    /// `operator delete[](void*, const nothrow_t&)`: `operator delete[](void*)`.
    _ZdaPvRKSt9nothrow_t => "_ZdaPv";
    /// `operator delete[](void*, align_val_t)`: `operator delete(void*, align_val_t)`.
    _ZdaPvSt11align_val_t => "_ZdlPvSt11align_val_t";
    /// `operator delete(void*, size_t, align_val_t)`: `operator delete(void*, align_val_t)`.
    _ZdlPvmSt11align_val_t => "_ZdlPvSt11align_val_t";
    /// `operator delete[](void*, size_t, align_val_t)`: `operator delete[](void*, align_val_t)`.
    _ZdaPvmSt11align_val_t => "_ZdaPvSt11align_val_t";
    /// `operator delete(void*, align_val_t, const nothrow_t&)`: `operator delete(void*, align_val_t)`.
    _ZdlPvSt11align_val_tRKSt9nothrow_t => "_ZdlPvSt11align_val_t";
    /// `operator delete[](void*, align_val_t, const nothrow_t&)`: `operator delete[](void*, align_val_t)`.
    _ZdaPvSt11align_val_tRKSt9nothrow_t => "_ZdaPvSt11align_val_t";
}
