//! After MicroQuill's SmartHeap benchmark 8: random sizes over a wide range, freed in random order, every fourth batch by another thread.

use std::sync::mpsc::{Receiver, SyncSender};

use bench_measured::rng::Rng;

use super::ring::ring;
use crate::{Block, Scale};

const THREADS: usize = 4;
const BATCH: usize = 1000;
const BATCHES: usize = 1_600;
const QUEUED_MAX: usize = 4;

pub fn run(scale: Scale) {
    ring(THREADS, QUEUED_MAX, |seed, next, previous| work(seed, scale, next, previous));
}

fn work(seed: u64, scale: Scale, next: &SyncSender<Vec<Block>>, previous: &Receiver<Vec<Block>>) {
    let mut rng = Rng::new(seed);
    for turn in 0..scale.of(BATCHES) {
        let mut batch: Vec<Block> = (0..BATCH).map(|_| Block::new(size(&mut rng))).collect();
        rng.shuffle(&mut batch);
        // A full queue gives the batch back; it is then freed here.
        if turn % 4 == 3 && next.try_send(batch).is_ok() {
            drop(previous.try_recv());
        }
    }
}

fn size(rng: &mut Rng) -> usize {
    if rng.below(50) == 0 { rng.between(1001, 1_6000) } else { rng.between(8, 1000) }
}
