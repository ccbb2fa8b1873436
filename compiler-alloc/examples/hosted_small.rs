//! A program on the heap `hosted-small`: one line makes it the allocator of everything, and the heap says what it holds.

use compiler_alloc::profile::hosted_small::{self, HostedSmall};
use std::collections::BTreeMap;

#[global_allocator]
static HEAP: HostedSmall = HostedSmall;

fn main() {
    let words: BTreeMap<usize, String> =
        (0..300_000).map(|key| (key, format!("word number {key}"))).collect();
    let full = hosted_small::stats();
    println!(
        "{} words: {} KiB held, {} KiB idle",
        words.len(),
        full.heap_live_bytes >> 10,
        full.idle_bytes() >> 10
    );

    drop(words);
    let empty = hosted_small::stats();
    println!("freed: {} KiB held, {} KiB idle", empty.heap_live_bytes >> 10, empty.idle_bytes() >> 10);

    println!("trimmed: {} KiB more went back to the system", hosted_small::trim(0) >> 10);
    assert!(empty.heap_live_bytes * 10 < full.heap_live_bytes, "memory comes back when it is freed");
}
