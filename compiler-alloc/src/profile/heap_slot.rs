//! The thread-local slots in which a thread's heaps lie, one for each profile; the linker drops what a program does not use.
//!
//! On Linux for x86_64 a slot is a symbol in `.tbss` that is read by the initial-exec model: one load of its offset and one
//! addition of the thread pointer, no call, in a shared library too. Elsewhere, and with the feature `loadable`, it is a
//! `thread_local!` without destructor. Either way it is all zero when a thread starts, which is a heap that was not used yet, and stays until the thread is
//! gone.

use crate::free_list::Block;
use crate::heap::{Direct, OwnerWord, ThreadHeap, Transfer, TransferCache};
use crate::page_source::{OsPages, PageSource};

/// What a thread has of a heap. All zero bytes are the state of a new thread.
#[repr(C)]
pub(super) struct Slot<P: PageSource + 'static, T: Transfer + 'static> {
    /// First, so that the fast path adds nothing to the slot's address.
    pub(super) heap: ThreadHeap<'static, P, T>,
    /// Whether the exit hook ran; other destructors of the thread may still come.
    pub(super) exited: bool,
}

// Every thread's stack pays for it.
const _: () = assert!(size_of::<Slot<OsPages, TransferCache>>() <= 2048);

macro_rules! heap_slot {
    ($profile:ident, $symbol:literal, $pages:ty, $transfer:ty) => {
        #[cfg(all(target_arch = "x86_64", target_os = "linux", not(any(miri, feature = "loadable"))))]
        pub(in super::super) mod $profile {
            use super::*;

            /// What a thread has of this profile's heap.
            pub(in super::super) type Slot = super::Slot<$pages, $transfer>;
            use core::arch::{asm, global_asm};

            // The name carries the version, so that two versions of this crate can be in one program.
            global_asm!(
                concat!(".pushsection .tbss.", $symbol, ", \"awT\", @nobits"),
                ".p2align {align}",
                concat!(".globl ", $symbol),
                concat!(".hidden ", $symbol),
                concat!(".type ", $symbol, ", @tls_object"),
                concat!(".size ", $symbol, ", {bytes}"),
                concat!($symbol, ":"),
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
                // thread pointer, which the ABI keeps in the first word of the thread's control block. `nomem`, although two words are
                // read: no Rust value lies in them and nobody writes them while the thread runs, so no write has to come before.
                unsafe {
                    asm!(
                        concat!("mov {address}, qword ptr [rip + ", $symbol, "@GOTTPOFF]"),
                        "add {address}, qword ptr fs:[0]",
                        address = out(reg) address,
                        options(pure, nomem, nostack),
                    );
                }
                core::ptr::with_exposed_provenance_mut(address)
            }

            /// Where the slot lies, from the thread pointer on. One instruction.
            #[inline(always)]
            fn slot_offset() -> isize {
                let offset: isize;
                // SAFETY: needs an instruction that changes nothing but `offset`: it loads what the linker or loader wrote into the
                // global offset table. `nomem` as in `slot`.
                unsafe {
                    asm!(
                        concat!("mov {offset}, qword ptr [rip + ", $symbol, "@GOTTPOFF]"),
                        offset = out(reg) offset,
                        options(pure, nomem, nostack, preserves_flags),
                    );
                }
                offset
            }

            /// The first block of a list of the thread, counted from class 1. Two instructions, because the slot's address is not computed.
            ///
            /// # Safety
            /// - `list` + 1 is below the number of classes, and nobody has a reference to the thread's heap that is used again.
            #[inline(always)]
            pub(in super::super) unsafe fn list(list: usize) -> *mut Block {
                let first: *mut Block;
                // SAFETY: needs an instruction that changes nothing but `first` and reads a word of the slot, which the caller's list
                // says; the slot's heap is its first field.
                unsafe {
                    asm!(
                        "mov {first}, qword ptr fs:[{offset} + {list}*8 + {lists}]",
                        first = lateout(reg) first,
                        offset = in(reg) slot_offset(),
                        list = in(reg) list,
                        lists = const ThreadHeap::<$pages, $transfer>::LISTS_OFFSET,
                        options(pure, readonly, nostack, preserves_flags),
                    );
                }
                first
            }

            /// Makes `first` the first block of a list of the thread, counted from class 1. One instruction.
            ///
            /// # Safety
            /// - As [`list`]; `first` is null or a free block of the class, linked up to a null link.
            #[inline(always)]
            pub(in super::super) unsafe fn set_list(list: usize, first: *mut Block) {
                // SAFETY: needs an instruction that changes nothing but a word of the slot, which the caller's list says.
                unsafe {
                    asm!(
                        "mov qword ptr fs:[{offset} + {list}*8 + {lists}], {first}",
                        first = in(reg) first,
                        offset = in(reg) slot_offset(),
                        list = in(reg) list,
                        lists = const ThreadHeap::<$pages, $transfer>::LISTS_OFFSET,
                        options(nostack, preserves_flags),
                    );
                }
            }

            /// Whether the word holds the calling thread's [`token_number`]. Three instructions: the word is compared where it is.
            #[inline(always)]
            pub(in super::super) fn is_token(word: &OwnerWord) -> bool {
                // SAFETY: needs instructions that change nothing but a register and the flags, and that read a word which lives as long
                // as it is borrowed; other threads may write it meanwhile, and an aligned load of eight bytes is one access.
                unsafe {
                    asm!(
                        "mov {number}, qword ptr fs:[0]",
                        "cmp qword ptr [{word}], {number}",
                        "jne {other}",
                        number = out(reg) _,
                        word = in(reg) word,
                        other = label { return false },
                        options(readonly, nostack),
                    );
                }
                true
            }

            /// A number that no other running thread has: the thread pointer. One instruction.
            #[inline(always)]
            pub(in super::super) fn token_number() -> usize {
                let number: usize;
                // SAFETY: needs an instruction that changes nothing but `number`; the ABI keeps the thread pointer in that word.
                // `nomem` as in `slot`.
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

        #[cfg(all(feature = "std", not(all(target_arch = "x86_64", target_os = "linux", not(any(miri, feature = "loadable"))))))]
        pub(in super::super) mod $profile {
            use super::*;

            /// What a thread has of this profile's heap.
            pub(in super::super) type Slot = super::Slot<$pages, $transfer>;
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

            fn first_block(list: usize) -> *mut *mut Block {
                slot()
                    .wrapping_byte_add(ThreadHeap::<$pages, $transfer>::LISTS_OFFSET)
                    .cast::<*mut Block>()
                    .wrapping_add(list)
            }

            /// The first block of a list of the thread, counted from class 1.
            ///
            /// # Safety
            /// - `list` + 1 is below the number of classes, and nobody has a reference to the thread's heap that is used again.
            #[inline(always)]
            pub(in super::super) unsafe fn list(list: usize) -> *mut Block {
                // SAFETY: needs a word of the slot; the caller's list says so.
                unsafe { first_block(list).read() }
            }

            /// Makes `first` the first block of a list of the thread, counted from class 1.
            ///
            /// # Safety
            /// - As [`list`]; `first` is null or a free block of the class, linked up to a null link.
            #[inline(always)]
            pub(in super::super) unsafe fn set_list(list: usize, first: *mut Block) {
                // SAFETY: needs a word of the slot; the caller's list says so.
                unsafe { first_block(list).write(first) }
            }

            /// Whether the word holds the calling thread's [`token_number`].
            #[inline(always)]
            pub(in super::super) fn is_token(word: &OwnerWord) -> bool {
                word.number() == token_number()
            }
        }
    };
}

heap_slot!(hosted_small, "compiler_alloc_slot_0_1", OsPages, Direct);
#[cfg(target_os = "linux")]
heap_slot!(
    hosted_server,
    "compiler_alloc_server_slot_0_1",
    crate::page_source::PlacedPages,
    &'static TransferCache
);

#[cfg(not(any(
    feature = "std",
    all(target_arch = "x86_64", target_os = "linux", not(any(miri, feature = "loadable")))
)))]
compile_error!("on this system the heap of a process needs the standard library: enable the feature `std`");

#[cfg(test)]
mod tests {
    use super::hosted_small::{Slot, slot, token_number};
    use super::{OsPages, ThreadHeap};

    #[test]
    fn every_thread_has_its_own_slot_and_finds_it_zero() {
        let look = || {
            let slot = slot();
            // SAFETY: needs `Slot` bytes that nobody writes; the slot is this thread's, which uses no heap.
            let bytes = unsafe { core::slice::from_raw_parts(slot.cast::<u8>(), size_of::<Slot>()) };
            (slot.addr(), token_number(), bytes.iter().all(|&byte| byte == 0))
        };
        let main = look();
        let seen = std::sync::Barrier::new(2);
        std::thread::scope(|scope| {
            let threads = [0, 1].map(|_| {
                scope.spawn(|| {
                    let found = look();
                    seen.wait();
                    found
                })
            });
            let [a, b] = threads.map(|thread| thread.join().unwrap());
            assert!(main.0 != a.0 && main.0 != b.0 && a.0 != b.0, "slots");
            assert!(main.1 != a.1 && main.1 != b.1 && a.1 != b.1, "tokens");
            assert!(a.2 && b.2);
        });
        assert_eq!((slot().addr(), token_number()), (main.0, main.1), "both stay");
        assert!(slot().cast::<ThreadHeap<'static, OsPages>>().is_aligned());
    }
}
