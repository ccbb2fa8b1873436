//! After Larson and Krishnan, "Memory allocation for long-running server applications" (1998): each thread replaces random blocks of
//! its array, then hands the whole array to a new thread and ends, so that most blocks are freed by a thread that did not take them.

use bench_measured::rng::Rng;

use super::draw_two;
use crate::{Block, Scale};

const CHAINS: usize = 4;
const BLOCKS: usize = 1000;
const BYTES_MIN: usize = 10;
const BYTES_MAX: usize = 500;
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
    (0..BLOCKS).map(|_| Block::new(rng.between(BYTES_MIN, BYTES_MAX))).collect()
}

fn replace(array: &mut [Block], seed: u64) {
    let mut rng = Rng::new(1000 + seed);
    for _ in 0..REPLACEMENTS {
        let (at, more) = draw_two(&mut rng, BLOCKS, BYTES_MAX - BYTES_MIN + 1);
        array[at] = Block::new(BYTES_MIN + more);
    }
}
