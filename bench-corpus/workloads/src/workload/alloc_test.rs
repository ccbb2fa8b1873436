//! After OLEGR's alloc-test: a random slot of many is emptied or filled with a block of random size, small ones far more often, and all of
//! the block is written.

use bench_measured::rng::Rng;

use super::{THREADS, draw_two};
use crate::{Block, Scale};

const SLOTS: usize = 1 << 15;
const STEPS: usize = 8_000_000;

pub fn one(scale: Scale) {
    work(scale.of(STEPS), SLOTS, 1);
}

pub fn many(scale: Scale) {
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || work(scale.of(STEPS) / THREADS, SLOTS / THREADS, thread as u64));
        }
    });
}

fn work(steps: usize, slots: usize, seed: u64) {
    let mut rng = Rng::new(seed);
    let mut blocks: Vec<Option<Block>> = (0..slots).map(|_| None).collect();
    for _ in 0..steps {
        let (at, number) = draw_two(&mut rng, slots, 1 << 32);
        let slot = &mut blocks[at];
        match slot.take() {
            Some(block) => drop(block),
            None => {
                let mut block = Block::new(size(number));
                block.fill();
                *slot = Some(block);
            }
        }
    }
}

/// 8 to 8192 bytes: each power of two is half as likely as the one below it.
fn size(number: usize) -> usize {
    let power = (number | 1 << 10).trailing_zeros() as usize;
    8 + ((8 << power) - 8) * (number >> 16) / (1 << 16)
}
