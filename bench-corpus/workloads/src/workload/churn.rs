//! Thousands of short threads: each takes some blocks, frees what its predecessor left and leaves some to its successor.

use bench_measured::rng::Rng;

use crate::{Block, Scale};

const THREADS: usize = 6_000;
const BLOCKS: usize = 200;

pub fn run(scale: Scale) {
    let mut left: [Vec<Block>; 2] = [Vec::new(), Vec::new()];
    for generation in 0..scale.of(THREADS) / 2 {
        std::thread::scope(|scope| {
            for (side, left) in left.iter_mut().enumerate() {
                scope.spawn(move || {
                    let mut rng = Rng::new((2 * generation + side) as u64);
                    let mut blocks: Vec<Block> =
                        (0..BLOCKS).map(|_| Block::new(rng.between(16, 2000))).collect();
                    left.clear();
                    rng.shuffle(&mut blocks);
                    *left = blocks.split_off(BLOCKS / 2);
                });
            }
        });
    }
}
