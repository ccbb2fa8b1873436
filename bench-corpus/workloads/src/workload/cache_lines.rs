//! After the cache-scratch and cache-thrash programs of the Hoard paper (Berger and others, 2000): false sharing that an allocator causes
//! by giving neighbouring small blocks to different threads, passively (a block freed by a thread that did not take it) or actively.

use super::THREADS;
use crate::{Block, Scale};

const BYTES: usize = 8;
const ROUNDS: usize = 400_000;
const WRITES: usize = 500;

pub fn scratch(scale: Scale) {
    // Taken one after the other by this thread: they probably share a cache line.
    let blocks: Vec<Block> = (0..THREADS).map(|_| Block::new(BYTES)).collect();
    std::thread::scope(|scope| {
        for block in blocks {
            scope.spawn(move || {
                drop(block);
                work(scale);
            });
        }
    });
}

pub fn thrash(scale: Scale) {
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(move || work(scale));
        }
    });
}

fn work(scale: Scale) {
    for _ in 0..scale.of(ROUNDS) {
        Block::new(BYTES).work(WRITES);
    }
}
