//! Vectors that grow by half through `realloc`, several at a time, so that none is always the last block; contents are checked.

use bench_measured::rng::Rng;

use crate::{Block, Scale};

const VECTORS: usize = 16;
const STEPS: usize = 50_000;
const BYTES_MAX: usize = 4 << 20;

pub fn run(scale: Scale) {
    let mut rng = Rng::new(6);
    let mut vectors: Vec<Block> = (0..VECTORS).map(|_| Block::new(16)).collect();
    for _ in 0..scale.of(STEPS) {
        let vector = &mut vectors[rng.below(VECTORS)];
        let bytes = vector.bytes() + vector.bytes() / 2;
        // Most vectors stay small; each doubling survives with three in four.
        if bytes > BYTES_MAX || rng.below(16) == 0 {
            *vector = Block::new(16);
        } else {
            vector.resize(bytes);
        }
    }
}
