//! After the benchmark of rpmalloc: threads that take blocks of 16 to 16,000 bytes, free some themselves and pass some on round a ring.

use std::sync::mpsc::{Receiver, SyncSender};

use bench_measured::rng::Rng;

use super::ring::ring;
use crate::{Block, Scale};

const THREADS: usize = 4;
const LOOPS: usize = 4_000;
const BLOCKS: usize = 300;
const PASSED_ON: usize = 60;
const KEPT_MAX: usize = 2_000;
const QUEUED_MAX: usize = 8;

pub fn run(scale: Scale) {
    ring(THREADS, QUEUED_MAX, |seed, next, previous| work(seed, scale, next, previous));
}

fn work(seed: u64, scale: Scale, next: &SyncSender<Vec<Block>>, previous: &Receiver<Vec<Block>>) {
    let mut rng = Rng::new(seed);
    let mut kept: Vec<Block> = Vec::with_capacity(KEPT_MAX + BLOCKS);
    for _ in 0..scale.of(LOOPS) {
        kept.extend((0..BLOCKS).map(|_| Block::new(size(&mut rng))));
        let _full_queue_keeps_them = next.try_send(kept.split_off(kept.len() - PASSED_ON));
        while let Ok(mut batch) = previous.try_recv() {
            batch.drain(..).for_each(drop);
        }
        while kept.len() > KEPT_MAX {
            drop(kept.swap_remove(rng.below(kept.len())));
        }
    }
}

/// Linear in the exponent: half of them below 500 bytes.
fn size(rng: &mut Rng) -> usize {
    let high = 16usize << rng.below(11);
    rng.between(16, high.clamp(17, 16_000))
}
