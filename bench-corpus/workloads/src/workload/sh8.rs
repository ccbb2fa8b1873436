//! After MicroQuill's SmartHeap benchmark 8: random sizes over a wide range, freed in random order, every fourth batch by another thread.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use bench_measured::rng::Rng;

use crate::{Block, Scale};

const THREADS: usize = 4;
const BATCH: usize = 1000;
const BATCHES: usize = 1_600;
const QUEUED_MAX: usize = 4;

pub fn run(scale: Scale) {
    let (senders, mut receivers): (Vec<_>, Vec<_>) = (0..THREADS).map(|_| sync_channel(QUEUED_MAX)).unzip();
    // A thread receives from the one before it.
    receivers.rotate_right(1);
    std::thread::scope(|scope| {
        for (thread, (sender, receiver)) in senders.into_iter().zip(receivers).enumerate() {
            scope.spawn(move || work(thread as u64, scale, &sender, &receiver));
        }
    });
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
