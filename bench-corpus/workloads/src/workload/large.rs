//! Large blocks: a few live at a time, random sizes, every page written, some grown in place or moved.

use bench_measured::rng::Rng;

use crate::{Block, Scale};

const SLOTS: usize = 20;
const STEPS: usize = 4_000;
const BYTES_MIN: usize = 200 << 10;
const BYTES_MAX: usize = 8 << 20;

pub fn run(scale: Scale) {
    let mut rng = Rng::new(5);
    let mut blocks: Vec<Option<Block>> = (0..SLOTS).map(|_| None).collect();
    for step in 0..scale.of(STEPS) {
        let slot = &mut blocks[rng.below(SLOTS)];
        *slot = None;
        // One in eight is very large; the others lie around half a mebibyte.
        let bytes =
            if step % 8 == 0 { rng.between(BYTES_MIN, BYTES_MAX) } else { rng.between(BYTES_MIN, 1 << 20) };
        let mut block = if step % 5 == 0 { Block::zeroed(bytes) } else { Block::new(bytes) };
        block.touch_pages();
        if step % 10 == 0 {
            block.resize(bytes + bytes / 2);
        }
        *slot = Some(block);
    }
}
