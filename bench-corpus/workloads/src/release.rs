//! TARGETS H3b: what a heap gives back. 505 MiB of mixed blocks, nine of ten freed at random, then all, then 32 short threads.

use bench_measured::rng::Rng;

use crate::account::{RESIDENT, status_bytes};
use crate::block::{THIN_BYTES_MIN, ThinBlock};
use crate::{Block, Scale};

const LIVE_BYTES: usize = 505 << 20;
const THREAD_BYTES: usize = 10 << 20;
const THREADS_AT_ONCE: usize = 8;
const WAVES: usize = 4;

/// Prints resident bytes after each step, `name<TAB>bytes` a line. Nothing waits: what counts is the moment of the free.
pub fn run(scale: Scale) {
    let say = |name| println!("{name}\t{}", status_bytes(RESIDENT));
    say("at_start");
    let mut rng = Rng::new(505);
    let mut blocks = Vec::with_capacity(scale.of(LIVE_BYTES) / 300);
    let mut live = 0;
    while live < scale.of(LIVE_BYTES) {
        let bytes = mixed(&mut rng);
        blocks.push(ThinBlock::new(Block::new(bytes)));
        live += bytes;
    }
    println!("live\t{live}");
    say("all_live");
    rng.shuffle(&mut blocks);
    let kept = blocks.len() / 10;
    blocks.drain(kept..).for_each(|block| drop(block.into_block()));
    blocks.shrink_to_fit();
    say("tenth_live");
    blocks.drain(..).for_each(|block| drop(block.into_block()));
    drop(blocks);
    say("none_live");
    for wave in 0..WAVES {
        // Joined, not scoped: a scope does not wait for what runs after a thread's function.
        let threads: Vec<_> = (0..THREADS_AT_ONCE)
            .map(|thread| std::thread::spawn(move || churn((wave * THREADS_AT_ONCE + thread) as u64)))
            .collect();
        for thread in threads {
            thread.join().expect("a churning thread ends well");
        }
    }
    say("threads_gone");
}

fn churn(seed: u64) {
    let mut rng = Rng::new(seed);
    let mut blocks = Vec::new();
    let mut live = 0;
    while live < THREAD_BYTES {
        let bytes = mixed(&mut rng);
        live += bytes;
        blocks.push(ThinBlock::new(Block::new(bytes)));
    }
    blocks.into_iter().for_each(|block| drop(block.into_block()));
}

/// About 340 bytes in the mean: mostly small, some of a few hundred bytes, a few of a few thousand.
fn mixed(rng: &mut Rng) -> usize {
    match rng.below(100) {
        0..72 => rng.between(THIN_BYTES_MIN, 256),
        72..97 => rng.between(257, 1024),
        _ => rng.between(1025, 4096),
    }
}
