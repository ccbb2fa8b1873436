//! The thread-local slot in which a thread's heap of this profile lies. See `heap_slot`, of which it is the twin.

use crate::heap::{ThreadHeap, TransferCache};
use crate::page_source::PlacedPages;

pub(super) use place::{slot, token_number};

/// What a thread has of the heap. All zero bytes are the state of a new thread.
#[repr(C)]
pub(super) struct Slot {
    /// First, so that the fast path adds nothing to the slot's address.
    pub(super) heap: ThreadHeap<'static, PlacedPages, TransferCache>,
    /// Whether the exit hook ran; other destructors of the thread may still come.
    pub(super) exited: bool,
}

// Every thread's stack pays for it.
const _: () = assert!(size_of::<Slot>() <= 2048);

#[cfg(all(target_arch = "x86_64", target_os = "linux", not(any(miri, portable_slot))))]
mod place {
    use super::Slot;
    use core::arch::{asm, global_asm};

    // The name carries the version, so that two versions of this crate can be in one program.
    global_asm!(
        ".pushsection .tbss.compiler_alloc_server_slot_0_1, \"awT\", @nobits",
        ".p2align {align}",
        ".globl compiler_alloc_server_slot_0_1",
        ".hidden compiler_alloc_server_slot_0_1",
        ".type compiler_alloc_server_slot_0_1, @tls_object",
        ".size compiler_alloc_server_slot_0_1, {bytes}",
        "compiler_alloc_server_slot_0_1:",
        ".zero {bytes}",
        ".popsection",
        align = const align_of::<Slot>().ilog2(),
        bytes = const size_of::<Slot>(),
    );

    /// The calling thread's slot. Two instructions.
    #[inline(always)]
    pub(in super::super) fn slot() -> *mut Slot {
        let address: usize;
        // SAFETY: needs instructions that change nothing but `address` and the flags: the first loads the symbol's offset
        // from the thread pointer, which the linker or loader wrote into the global offset table, and the second adds the
        // thread pointer, which the ABI keeps in the first word of the thread's control block.
        unsafe {
            asm!(
                "mov {address}, qword ptr [rip + compiler_alloc_server_slot_0_1@GOTTPOFF]",
                "add {address}, qword ptr fs:[0]",
                address = out(reg) address,
                options(pure, nomem, nostack),
            );
        }
        core::ptr::with_exposed_provenance_mut(address)
    }

    /// A number that no other running thread has: the thread pointer. One instruction.
    #[inline(always)]
    pub(in super::super) fn token_number() -> usize {
        let number: usize;
        // SAFETY: needs an instruction that changes nothing but `number`; the ABI keeps the thread pointer in that word.
        unsafe {
            asm!(
                "mov {number}, qword ptr fs:[0]",
                number = out(reg) number,
                options(pure, nomem, nostack, preserves_flags),
            );
        }
        number
    }
}

#[cfg(not(any(
    feature = "std",
    all(target_arch = "x86_64", target_os = "linux", not(any(miri, portable_slot)))
)))]
compile_error!("on this system the heap of a process needs the standard library: enable the feature `std`");

#[cfg(all(
    feature = "std",
    not(all(target_arch = "x86_64", target_os = "linux", not(any(miri, portable_slot))))
))]
mod place {
    use super::{Slot, ThreadHeap};
    use core::cell::UnsafeCell;

    std::thread_local! {
        static SLOT: UnsafeCell<Slot> = const {
            UnsafeCell::new(Slot { heap: ThreadHeap::new(), exited: false })
        };
    }

    /// The calling thread's slot.
    #[inline(always)]
    pub(in super::super) fn slot() -> *mut Slot {
        SLOT.with(UnsafeCell::get)
    }

    /// A number that no other running thread has: the slot's address.
    #[inline(always)]
    pub(in super::super) fn token_number() -> usize {
        slot().addr()
    }
}
