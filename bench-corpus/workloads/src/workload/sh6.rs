//! After MicroQuill's SmartHeap benchmark 6: batches of equal small blocks, the size rising, the number falling with it; most are freed
//! in the order they were taken or against it, every fourth batch is kept for a while.

use std::collections::VecDeque;

use super::THREADS;
use crate::{Block, Scale};

const SIZE_MAX: usize = 1000;
const SIZE_STEP: usize = 8;
const BATCH_BYTES: usize = 64 << 10;
const KEPT: usize = 12;
const ROUNDS: usize = 100;

pub fn run(scale: Scale) {
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(move || (0..scale.of(ROUNDS)).for_each(|_| round()));
        }
    });
}

fn round() {
    let mut kept = VecDeque::with_capacity(KEPT + 1);
    for (turn, bytes) in (SIZE_STEP..=SIZE_MAX).step_by(SIZE_STEP).enumerate() {
        let count = (BATCH_BYTES / bytes).max(60);
        let mut batch: Vec<Block> = (0..count).map(|_| Block::new(bytes)).collect();
        match turn % 4 {
            0 => batch.drain(..).for_each(drop),
            1 => {
                while let Some(block) = batch.pop() {
                    drop(block)
                }
            }
            2 => {
                // Every other one now, the rest in order later.
                let mut is_first = false;
                batch.retain(|_| {
                    is_first = !is_first;
                    is_first
                });
            }
            _ => kept.push_back(batch),
        }
        if kept.len() > KEPT {
            kept.pop_front();
        }
    }
}
