//! The subject that does not allocate: what remains of a probe when its operation is absent.

use std::alloc::Layout;
use std::cell::UnsafeCell;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use super::Subject;

/// Bytes of one slot; larger than anything a probe stores at once.
const SLOT_BYTES: usize = 4096;

/// Slots by purpose, so that a value, a string and two lists of different item sizes may be written at the same time.
const VALUE: usize = 0;
const TEXT: usize = 1;
const SLICE: usize = 2;
const LISTS: usize = 3;

/// Hands out the same few slots again and again. A result is overwritten by the next call of the same kind, so it is of use
/// only for measuring what a workload costs without an allocator.
#[repr(C, align(64))]
pub struct Nothing {
    slots: UnsafeCell<[[MaybeUninit<u8>; SLOT_BYTES]; 8]>,
}

impl Nothing {
    #[inline(always)]
    fn slot<T>(&self, index: usize) -> *mut T {
        const { assert!(size_of::<T>() <= SLOT_BYTES && align_of::<T>() <= 64) };
        opaque(self.slots.get().cast::<u8>().wrapping_add(index * SLOT_BYTES)).cast()
    }
}

/// The same pointer in a register of its own: the twin must not know that every object has the same address, or it would save work
/// that no program with distinct objects can save. Costs one register move.
#[inline(always)]
#[cfg_attr(
    target_arch = "x86_64",
    expect(clippy::pointers_in_nomem_asm_block, reason = "the pointer is passed through, not followed")
)]
fn opaque(mut pointer: *mut u8) -> *mut u8 {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: must do what it declares. No instruction at all; the register keeps its value.
    unsafe {
        std::arch::asm!("/* {0} */", inout(reg) pointer, options(nomem, nostack, preserves_flags));
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        pointer = std::hint::black_box(pointer);
    }
    pointer
}

/// A list in a fixed slot: a push stores and counts, nothing else.
pub struct SlotList<'a, T> {
    first: *mut T,
    len: u32,
    slot: PhantomData<&'a [T]>,
}

impl Subject for Nothing {
    type List<'a, T: Copy + 'a> = SlotList<'a, T>;

    fn with_capacity(_bytes: usize) -> Self {
        Self { slots: UnsafeCell::new([[MaybeUninit::uninit(); SLOT_BYTES]; 8]) }
    }

    #[inline(always)]
    fn alloc<T: Copy>(&self, value: T) -> &T {
        let slot = self.slot::<T>(VALUE);
        // SAFETY: must be valid, aligned memory for a T, with no other use while written. `slot` checks size and alignment
        // against the slot at compile time; the cell is not Sync, so no other thread has it.
        unsafe { slot.write(value) };
        // SAFETY: must point at an initialised T that nothing else touches while the reference lives. It was written above;
        // callers of this subject hold a result no longer than the next call of the same kind.
        unsafe { &*slot }
    }

    #[inline(always)]
    fn alloc_layout(&self, _layout: Layout) -> NonNull<u8> {
        let slot = self.slot::<u8>(VALUE);
        // SAFETY: must not be null. It points into `self`.
        unsafe { NonNull::new_unchecked(slot) }
    }

    #[inline(always)]
    fn alloc_str(&self, text: &str) -> &str {
        let slot = self.slot::<u8>(TEXT);
        debug_assert!(text.len() <= SLOT_BYTES);
        // SAFETY: must not overlap and be valid for len bytes. The workloads' strings are literals of less than a slot,
        // the slot is ours and nothing else points into it while it is written.
        unsafe { slot.copy_from_nonoverlapping(text.as_ptr(), text.len()) };
        // SAFETY: must be len initialised bytes that stay. Copied above; overwritten only by the next string.
        let bytes = unsafe { std::slice::from_raw_parts(slot, text.len()) };
        // SAFETY: must be UTF-8. A copy of a `str`.
        unsafe { std::str::from_utf8_unchecked(bytes) }
    }

    #[inline(always)]
    fn alloc_slice_copy<T: Copy>(&self, items: &[T]) -> &[T] {
        let slot = self.slot::<T>(SLICE);
        debug_assert!(size_of_val(items) <= SLOT_BYTES);
        // SAFETY: must not overlap and be valid for the length. The workloads' slices are shorter than a slot, the slot is ours.
        unsafe { slot.copy_from_nonoverlapping(items.as_ptr(), items.len()) };
        // SAFETY: must be that many initialised items that stay. Copied above; overwritten only by the next slice.
        unsafe { std::slice::from_raw_parts(slot, items.len()) }
    }

    #[inline(always)]
    fn list<'a, T: Copy + 'a>(&'a self) -> SlotList<'a, T> {
        SlotList { first: self.slot(LISTS + size_of::<T>() / 8), len: 0, slot: PhantomData }
    }

    #[inline(always)]
    fn push<'a, T: Copy + 'a>(&'a self, list: &mut SlotList<'a, T>, item: T) {
        debug_assert!((list.len as usize + 1) * size_of::<T>() <= SLOT_BYTES);
        let place = list.first.wrapping_add(list.len as usize);
        // SAFETY: must be valid, aligned memory for a T. The workloads push fewer items than a slot holds; `list` aligned it.
        unsafe { place.write(item) };
        list.len += 1;
    }

    #[inline(always)]
    fn freeze<'a, T: Copy + 'a>(&'a self, list: SlotList<'a, T>) -> &'a [T] {
        // SAFETY: must be len initialised items. Each push wrote one; overwritten only by the next list of this item size.
        unsafe { std::slice::from_raw_parts(list.first, list.len as usize) }
    }

    fn reset(&mut self) {}

    fn reserved_bytes(&self) -> usize {
        0
    }
}
