//! Probes of the general heap through Rust's own interface, inlined into their loops as into a program whose global allocator it is.

use std::alloc::{GlobalAlloc, Layout};
use std::hint::black_box;

use compiler_alloc::profile::hosted_small::HostedSmall;

use super::cases::{Case, Face, ProbeShape, find, keep};
use super::drive::{Arguments, Driver};

/// Turns of the short call; no list runs empty in the long one.
const TURNS: u32 = 8;

/// Blocks that `before` makes ready for the long call.
const BLOCKS: usize = 2 * TURNS as usize;

/// Blocks taken before the first call. The 64 warm calls take a whole number of refills.
const OFFSET: usize = 40;

/// The layout that the compiler knows.
const LAYOUT: Layout = Layout::new::<[u64; 4]>();

const fn looped(name: &'static str, what: &'static str) -> Case {
    Case { name, shape: ProbeShape::Loop(TURNS), what, face: Face::Rust }
}

/// Cases of the general heap as a Rust program uses it.
pub const HEAP_CASES: &[Case] = &[
    looped("alloc-const-32", "`GlobalAlloc::alloc` of 32 bytes, layout known at compile time, in a loop"),
    looped("dealloc-32", "`GlobalAlloc::dealloc` of blocks of 32 bytes, in a loop"),
];

/// Drives the probe of a heap case. `None` when the case is not one of them.
pub(super) fn drive(name: &str, driver: Driver) -> Option<()> {
    let case = find(name).filter(|case| HEAP_CASES.contains(case))?;
    let mut blocks = [std::ptr::null_mut::<u8>(); BLOCKS];
    let place = &raw mut blocks;
    let arguments: Arguments = [place as usize, 0, 0, 0, 0];
    match name {
        "alloc-const-32" => {
            // The list is somewhere in the middle when the measured calls begin: what they take leaks, and runs it empty at other turns.
            for _ in 0..OFFSET {
                // SAFETY: the layout is not empty.
                black_box(unsafe { HostedSmall.alloc(LAYOUT) });
            }
            // SAFETY: the function takes a place for as many blocks as there are turns at most, and their number. The place lives to the end of
            // this function and nobody else uses it meanwhile.
            unsafe { driver.drive(alloc_const as *const (), arguments, case.shape, || ()) };
        }
        _ => {
            let before = || {
                free_all(place);
                fill_all(place);
            };
            // SAFETY: as above; every block is allocated before each call, and those that the call freed are null afterwards.
            unsafe { driver.drive(dealloc as *const (), arguments, case.shape, before) };
        }
    }
    Some(())
}

/// Drives the twin of a heap case. `None` when the case is not one of them.
pub(super) fn drive_twin(name: &str, driver: Driver) -> Option<()> {
    let case = HEAP_CASES.iter().find(|case| case.name == name)?;
    let mut blocks = [std::ptr::null_mut::<u8>(); BLOCKS];
    let arguments: Arguments = [&raw mut blocks as usize, 0, 0, 0, 0];
    let twin =
        if name == "alloc-const-32" { alloc_nothing as *const () } else { dealloc_nothing as *const () };
    // SAFETY: the function takes a place for as many pointers as there are turns at most, and their number.
    unsafe { driver.drive(twin, arguments, case.shape, || ()) };
    Some(())
}

fn free_all(blocks: *mut [*mut u8; BLOCKS]) {
    // SAFETY: must be a live place that nobody else uses. The drivers pass their own, between two calls of a probe.
    for block in unsafe { &mut *blocks } {
        let block = std::mem::replace(block, std::ptr::null_mut());
        if !black_box(block).is_null() {
            // SAFETY: must be a live block of this layout. What is not null was allocated by a probe or by `fill_all`, and is forgotten here.
            unsafe { HostedSmall.dealloc(block, LAYOUT) };
        }
    }
}

fn fill_all(blocks: *mut [*mut u8; BLOCKS]) {
    // SAFETY: must be a live place that nobody else uses. As in `free_all`.
    for block in unsafe { &mut *blocks } {
        // SAFETY: the layout is not empty.
        *block = unsafe { HostedSmall.alloc(LAYOUT) };
    }
}

#[inline(never)]
extern "C" fn alloc_const(blocks: *mut *mut u8, turns: u64) {
    for turn in 0..turns as usize {
        // SAFETY: the layout is not empty.
        let block = unsafe { HostedSmall.alloc(LAYOUT) };
        // SAFETY: must be a place in the array. The drivers' turns are at most its length.
        unsafe { blocks.wrapping_add(turn).write(block) };
        forget_memory();
    }
}

#[inline(never)]
extern "C" fn alloc_nothing(blocks: *mut *mut u8, turns: u64) {
    for turn in 0..turns as usize {
        let place = blocks.wrapping_add(turn);
        // SAFETY: must be a place in the array. The drivers' turns are at most its length.
        unsafe { place.write(place.cast()) };
        forget_memory();
    }
}

#[inline(never)]
extern "C" fn dealloc(blocks: *mut *mut u8, turns: u64) {
    for turn in 0..turns as usize {
        // SAFETY: must be a place in the array. The drivers' turns are at most its length.
        let block = unsafe { blocks.wrapping_add(turn).replace(std::ptr::null_mut()) };
        // SAFETY: must be a live block of this layout. `fill_all` allocated it, and its place was just emptied.
        unsafe { HostedSmall.dealloc(block, LAYOUT) };
        forget_memory();
    }
}

#[inline(never)]
extern "C" fn dealloc_nothing(blocks: *mut *mut u8, turns: u64) {
    for turn in 0..turns as usize {
        // SAFETY: must be a place in the array. The drivers' turns are at most its length.
        keep(unsafe { blocks.wrapping_add(turn).replace(std::ptr::null_mut()) });
        forget_memory();
    }
}

/// Makes the compiler forget what it knows of memory, as a program between two calls would: no word of the heap stays in a register, and no two
/// turns become one. No instruction at all on x86-64.
#[inline(always)]
fn forget_memory() {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: must do what it declares. No instruction at all.
    unsafe {
        std::arch::asm!("", options(nostack, preserves_flags));
    }
    #[cfg(not(target_arch = "x86_64"))]
    std::sync::atomic::compiler_fence(std::sync::atomic::Ordering::SeqCst);
}
