//! What the programs of all profiles share: threads that allocate and free, and one line a program about its end.

use compiler_alloc::fault::Fault;
use std::alloc::{GlobalAlloc, Layout};
use std::process::ExitCode;
use std::sync::mpsc::channel;

const THREADS: usize = 3;
const BLOCKS: usize = 4_000;

/// Whether the program was asked to leave something alive at its end (argument `leak`).
pub fn is_leaking() -> bool {
    std::env::args().nth(1).is_some_and(|argument| argument == "leak")
}

/// Prints `profile<TAB>still alive in bytes<TAB>code`, `-` for no code.
pub fn report(profile: &str, live_bytes: usize, leak: Option<Fault>) -> ExitCode {
    println!("{profile}\t{live_bytes}\t{}", leak.map_or("-", |fault| fault.code.name()));
    ExitCode::SUCCESS
}

/// Threads take blocks of many sizes from `heap` and hand each to the next thread, which checks and frees it.
///
/// # Panics
/// A request was refused, or a block does not hold what was written.
pub fn exchange(heap: &'static (impl GlobalAlloc + Sync)) {
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..THREADS).map(|_| channel::<(usize, Layout)>()).unzip();
    let threads: Vec<_> = receivers
        .into_iter()
        .enumerate()
        .map(|(number, receiver)| {
            let next = senders[(number + 1) % THREADS].clone();
            std::thread::spawn(move || {
                for turn in 0..BLOCKS {
                    let block = take(heap, 1 + (turn * 97 + number) % 5_000 + (turn % 500 / 499) * 200_000);
                    next.send(block).expect("the next thread still receives");
                    give_back(heap, receiver.recv().expect("the thread before still sends"));
                }
            })
        })
        .collect();
    drop(senders);
    for thread in threads {
        thread.join().expect("a thread found wrong contents");
    }
}

/// A block of `bytes` whose first and last byte are its size's lowest.
pub fn take(heap: &impl GlobalAlloc, bytes: usize) -> (usize, Layout) {
    let layout = Layout::from_size_align(bytes, 16).expect("sizes are small");
    // SAFETY: needs a layout that is not empty; every caller asks for at least one byte.
    let block = unsafe { heap.alloc(layout) };
    assert!(!block.is_null(), "{bytes} bytes were refused");
    // SAFETY: needs writable memory of so many bytes; the block was just lent for the layout.
    unsafe { block.write_bytes(bytes as u8, bytes) };
    (block.expose_provenance(), layout)
}

fn give_back(heap: &impl GlobalAlloc, (address, layout): (usize, Layout)) {
    let block = std::ptr::with_exposed_provenance_mut::<u8>(address);
    // SAFETY: needs initialised memory of so many bytes that nobody writes; `take` filled it and this thread has it alone.
    let bytes = unsafe { std::slice::from_raw_parts(block, layout.size()) };
    assert!(bytes.iter().all(|&byte| byte == layout.size() as u8), "a block had two holders");
    // SAFETY: needs a block lent for this layout, that nobody uses any more; it came from `take`, once.
    unsafe { heap.dealloc(block, layout) };
}
