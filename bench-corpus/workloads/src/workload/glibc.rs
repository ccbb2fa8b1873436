//! After the two malloc benchmarks of glibc's own suite: one size with few and many blocks live, and a random working set a thread.

use bench_measured::rng::Rng;

use super::{THREADS, draw_two};
use crate::{Block, Scale};

const SIZES: &[usize] = &[8, 16, 64, 128, 256, 1024, 4096];
const LIVE: &[usize] = &[25, 100, 400, 1600];
const CALLS: usize = 7_000_000;

pub fn simple(scale: Scale) {
    let calls = scale.of(CALLS) / (SIZES.len() * LIVE.len());
    for &bytes in SIZES {
        for &live in LIVE {
            let mut blocks = Vec::with_capacity(live);
            for turn in 0..calls / live {
                blocks.extend((0..live).map(|_| Block::new(bytes)));
                // In their order, or against it.
                if turn % 2 == 0 { blocks.clear() } else { while blocks.pop().is_some() {} }
            }
        }
    }
}

const WORKING_SET: usize = 1024;
const REPLACEMENTS: usize = 1_500_000;

pub fn thread(scale: Scale) {
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || {
                let mut rng = Rng::new(thread as u64);
                let mut blocks: Vec<Option<Block>> = (0..WORKING_SET).map(|_| None).collect();
                for _ in 0..scale.of(REPLACEMENTS) {
                    let (at, number) = draw_two(&mut rng, WORKING_SET, 12 << 16);
                    let slot = &mut blocks[at];
                    // Freed before the next is taken, as a program does that is done with it.
                    *slot = None;
                    *slot = Some(Block::new(size(number)));
                }
            });
        }
    });
}

/// 8 to 32,768 bytes, the density falling as one over the size.
fn size(number: usize) -> usize {
    let low = 8 << (number >> 16);
    low + ((low * (number & 0xFFFF)) >> 16)
}
