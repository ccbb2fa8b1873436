//! After Larson and Krishnan, "Memory allocation for long-running server applications" (1998): each thread replaces random blocks of
//! its array, then hands the whole array to a new thread and ends, so that most blocks are freed by a thread that did not take them.

use bench_measured::rng::Rng;

use crate::{Block, Scale};

const CHAINS: usize = 4;
const BLOCKS: usize = 1000;
const GENERATIONS: usize = 40;
const REPLACEMENTS: usize = 75_000;

pub fn run(scale: Scale) {
    let mut arrays: Vec<Vec<Block>> = (0..CHAINS).map(|chain| fresh(chain as u64)).collect();
    for generation in 0..scale.of(GENERATIONS) {
        std::thread::scope(|scope| {
            for (chain, array) in arrays.iter_mut().enumerate() {
                scope.spawn(move || replace(array, (generation * CHAINS + chain) as u64));
            }
        });
    }
}

fn fresh(seed: u64) -> Vec<Block> {
    let mut rng = Rng::new(seed);
    (0..BLOCKS).map(|_| Block::new(rng.between(10, 500))).collect()
}

fn replace(array: &mut [Block], seed: u64) {
    let mut rng = Rng::new(1000 + seed);
    for _ in 0..REPLACEMENTS {
        let bytes = rng.between(10, 500);
        array[rng.below(BLOCKS)] = Block::new(bytes);
    }
}
