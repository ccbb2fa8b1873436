//! After Robson's bad program (1971, 1974): in each step, sizes doubled, it keeps exactly those blocks that cover a certain offset of
//! every window of memory, so that the freed holes are just too small for the next step. The live bytes stay bounded.

use bench_measured::rng::Rng;

use crate::{Block, Scale};

const LIVE_BYTES: usize = 24 << 20;
const STEPS: u32 = 11;
const ROUNDS: usize = 3;

pub fn run(scale: Scale) {
    for round in 0..scale.of(ROUNDS) {
        let bound = scale.of(LIVE_BYTES);
        let mut blocks: Vec<Block> = Vec::new();
        let mut live = 0;
        let mut rng = Rng::new(round as u64);
        for step in 0..STEPS {
            let bytes = 16 << step;
            while live + bytes <= bound {
                blocks.push(Block::new(bytes));
                live += bytes;
            }
            let window = 2 * bytes;
            let offset = rng.below(window / 16) * 16;
            blocks.retain(|block| {
                let is_kept = (offset.wrapping_sub(block.address()) & (window - 1)) < block.bytes();
                live -= if is_kept { 0 } else { block.bytes() };
                is_kept
            });
        }
    }
}
