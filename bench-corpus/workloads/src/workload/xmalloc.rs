//! After Lever and Boreham's malloc-test, the asymmetric variant known as xmalloc-test: some threads only allocate, others only free.

use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex};

use bench_measured::rng::Rng;

use super::draw_two;
use crate::{Block, Scale};

const PRODUCERS: usize = 2;
const CONSUMERS: usize = 2;
const BATCH: usize = 128;
const BATCHES: usize = 30_000;
const QUEUED_MAX: usize = 32;

pub fn run(scale: Scale) {
    let (sender, receiver) = sync_channel::<Vec<Block>>(QUEUED_MAX);
    let receiver = Arc::new(Mutex::new(receiver));
    std::thread::scope(|scope| {
        for producer in 0..PRODUCERS {
            let sender = sender.clone();
            scope.spawn(move || {
                let mut rng = Rng::new(producer as u64);
                for _ in 0..scale.of(BATCHES) {
                    let batch = (0..BATCH).map(|_| Block::new(size(&mut rng))).collect();
                    if sender.send(batch).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        for _ in 0..CONSUMERS {
            let receiver = Arc::clone(&receiver);
            scope.spawn(move || {
                while let Some(batch) = next(&receiver) {
                    drop(batch)
                }
            });
        }
    });
}

fn next(receiver: &Mutex<Receiver<Vec<Block>>>) -> Option<Vec<Block>> {
    receiver.lock().ok()?.recv().ok()
}

/// 16 to 1008 bytes, small ones more often.
fn size(rng: &mut Rng) -> usize {
    let (power, share) = draw_two(rng, 7, 1 << 16);
    16 + ((((16 << power) - 16) * share) >> 16)
}
