//! A bare x86-64 machine, as QEMU starts it from a note (PVH): protected mode, no paging, no stack. The way to 64-bit code, and the
//! emulator's device for ending.

use super::run;
use core::arch::{asm, global_asm};

// One table of each level maps the first gigabyte to itself, in pages of 2 MiB; then long mode, a stack, and `run`.
global_asm!(
    ".pushsection .note.pvh, \"a\", @note",
    ".balign 4",
    ".long 4, 4, 18",
    ".asciz \"Xen\"",
    ".long board_start",
    ".popsection",
    ".pushsection .text.board, \"ax\"",
    ".code32",
    ".global board_start",
    "board_start:",
    "mov eax, offset board_table_3",
    "or eax, 3",
    "mov dword ptr [board_table_4], eax",
    "mov eax, offset board_table_2",
    "or eax, 3",
    "mov dword ptr [board_table_3], eax",
    "xor ecx, ecx",
    "2:",
    "mov eax, ecx",
    "shl eax, 21",
    "or eax, 0x83",
    "mov dword ptr [board_table_2 + ecx * 8], eax",
    "inc ecx",
    "cmp ecx, 512",
    "jne 2b",
    "mov eax, offset board_table_4",
    "mov cr3, eax",
    "mov eax, cr4",
    "or eax, 0x20",
    "mov cr4, eax",
    "mov ecx, 0xc0000080",
    "rdmsr",
    "or eax, 0x100",
    "wrmsr",
    "mov eax, cr0",
    "or eax, 0x80000001",
    "mov cr0, eax",
    "lgdt [board_gdt_pointer]",
    "mov esp, offset board_stack_end",
    "push 8",
    "mov eax, offset board_long",
    "push eax",
    "retf",
    ".code64",
    "board_long:",
    "mov rsp, offset board_stack_end",
    "xor ebp, ebp",
    "call {run}",
    ".balign 8",
    "board_gdt: .quad 0, 0x00209a0000000000, 0x0000920000000000",
    "board_gdt_pointer: .word 23",
    ".long board_gdt",
    ".popsection",
    ".pushsection .bss.board, \"aw\", @nobits",
    ".balign 4096",
    "board_table_4: .skip 4096",
    "board_table_3: .skip 4096",
    "board_table_2: .skip 4096",
    ".skip 262144",
    "board_stack_end:",
    ".popsection",
    run = sym run,
);

/// Ends the emulator by its device `isa-debug-exit` at port 0xf4: its exit code is `2 * code + 1`.
pub fn exit(code: i32) -> ! {
    loop {
        // SAFETY: needs a port that may be written to; the program owns the machine.
        unsafe { asm!("out dx, eax", in("dx") 0xf4_u16, in("eax") code, options(nomem, nostack)) };
    }
}
