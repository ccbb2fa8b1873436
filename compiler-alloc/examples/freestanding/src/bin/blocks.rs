//! Blocks and an arena from one static heap, without `alloc` and without a path that panics: if one could be reached, this program
//! would not link. Ends with 0 if everything is as it should be, or with the number of the first thing that is not.

#![no_std]
#![no_main]

#[path = "../start/mod.rs"]
mod start;

use compiler_alloc::RawArena;
use compiler_alloc::fault::FaultCode;
use compiler_alloc::profile::freestanding::{SingleContext, StaticHeap};
use core::alloc::Layout;
use core::ptr::NonNull;

// SAFETY: needs one context; this program has no threads and no handlers.
const ONE: SingleContext = unsafe { SingleContext::promise() };
// SAFETY: needs a value that stays where it is; it is a static's.
static HEAP: StaticHeap<{ 512 << 10 }> = unsafe { StaticHeap::new(ONE) };

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        safe fn a_path_that_panics_can_be_reached() -> !;
    }
    // In a build without optimisation, such paths are not removed yet.
    if cfg!(debug_assertions) { start::exit(101) } else { a_path_that_panics_can_be_reached() }
}

const BLOCKS: usize = 4000;

#[unsafe(no_mangle)]
extern "C" fn program() -> i32 {
    match run() {
        Ok(()) => 0,
        Err(step) => step,
    }
}

/// Takes blocks of all sizes until there is no room, gives every other one back, takes again, and gives everything back.
fn run() -> Result<(), i32> {
    let mut blocks: [Option<(NonNull<u8>, Layout)>; BLOCKS] = [None; BLOCKS];
    let mut refused = 0;
    for (number, place) in blocks.iter_mut().enumerate() {
        let bytes = 1 + number * 37 % 700;
        let layout = Layout::from_size_align(bytes, 1 << (number % 6)).map_err(|_| 1)?;
        match HEAP.allocate(layout) {
            Ok(block) => {
                // SAFETY: needs a block of so many bytes; it was lent just now.
                unsafe { block.write_bytes(number as u8, bytes) };
                *place = Some((block, layout));
            }
            Err(fault) if fault.code == FaultCode::Exhaustion => refused += 1,
            Err(_) => return Err(2),
        }
    }
    if refused == 0 {
        return Err(3);
    }
    HEAP.check().map_err(|_| 4)?;
    for (number, place) in blocks.iter_mut().enumerate() {
        if number % 2 == 0 {
            give_back(place, number)?;
        }
    }
    let again = Layout::from_size_align(600, 16).map_err(|_| 1)?;
    let block = HEAP.allocate(again).map_err(|_| 5)?;
    // SAFETY: needs a block lent for this layout; it was just now.
    unsafe { HEAP.deallocate(block, again) };
    for (number, place) in blocks.iter_mut().enumerate() {
        give_back(place, number)?;
    }
    arena()?;
    HEAP.reclaim();
    if HEAP.check().map_err(|_| 6)?.live_bytes != 0 || HEAP.free_bytes() != HEAP.capacity_bytes() {
        return Err(7);
    }
    Ok(())
}

/// Gives a block back that still holds what was written to it.
fn give_back(place: &mut Option<(NonNull<u8>, Layout)>, number: usize) -> Result<(), i32> {
    if let Some((block, layout)) = place.take() {
        for at in 0..layout.size() {
            // SAFETY: needs an offset inside the block.
            let byte = unsafe { block.add(at) };
            // SAFETY: needs a byte that was written; all of the block's were.
            if unsafe { byte.read() } != number as u8 {
                return Err(8);
            }
        }
        // SAFETY: needs a block lent for this layout, that is not used any more; it left its place.
        unsafe { HEAP.deallocate(block, layout) };
    }
    Ok(())
}

/// An arena on the same storage: fills it, empties it, and ends.
fn arena() -> Result<(), i32> {
    let mut arena = RawArena::new_in(&HEAP);
    let layout = Layout::new::<[u64; 5]>();
    for _ in 0..2 {
        let mut count = 0_u64;
        while let Ok(value) = arena.try_alloc_layout(layout) {
            // SAFETY: needs room for a word; the layout has five.
            unsafe { value.cast::<u64>().write(count) };
            count += 1;
        }
        if count < 8_000 {
            return Err(9);
        }
        arena.reset();
    }
    Ok(())
}
