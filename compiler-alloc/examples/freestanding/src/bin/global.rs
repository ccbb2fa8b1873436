//! The heap as the global allocator of a program that uses `alloc`: vectors, boxes, a tree. Ends with 0 if the sums are right.

#![no_std]
#![no_main]

extern crate alloc;

#[path = "../start/mod.rs"]
mod start;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use compiler_alloc::profile::freestanding::{SingleContext, StaticHeap};

#[global_allocator]
// SAFETY: needs one context, and a value that stays where it is; this program has no threads and no handlers, and it is a static's.
static HEAP: StaticHeap<{ 1 << 20 }> = unsafe { StaticHeap::new(ONE) };
// SAFETY: needs one context; this program has no threads and no handlers.
const ONE: SingleContext = unsafe { SingleContext::promise() };

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    start::exit(101)
}

#[unsafe(no_mangle)]
extern "C" fn program() -> i32 {
    let mut words = BTreeMap::new();
    for number in 0_u32..3000 {
        let mut word = String::from("w");
        word.extend(core::iter::repeat_n('x', (number % 40) as usize));
        words.entry(word).or_insert_with(Vec::new).push(Box::new(number));
    }
    let count: usize = words.values().map(Vec::len).sum();
    let sum: u32 = words.values().flatten().map(|number| **number).sum();
    if count != 3000 || sum != 2999 * 3000 / 2 {
        return 1;
    }
    drop(words);
    match HEAP.check() {
        Ok(census) if census.live_bytes == 0 => 0,
        Ok(_) => 2,
        Err(_) => 3,
    }
}
