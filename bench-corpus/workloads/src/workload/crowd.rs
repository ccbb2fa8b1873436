//! Sixteen threads on a few cores: each replaces random blocks of its own and now and then swaps one with whoever comes by.

use std::sync::Mutex;

use bench_measured::rng::Rng;

use super::draw_two;
use crate::{Block, Scale};

const THREADS: usize = 16;
const OWN: usize = 500;
const PLACES: usize = 256;
const STEPS: usize = 400_000;

pub fn run(scale: Scale) {
    let places: Vec<Mutex<Option<Block>>> = (0..PLACES).map(|_| Mutex::new(None)).collect();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let places = &places;
            scope.spawn(move || work(places, scale, thread as u64));
        }
    });
}

fn work(places: &[Mutex<Option<Block>>], scale: Scale, seed: u64) {
    let mut rng = Rng::new(seed);
    let mut own: Vec<Option<Block>> = (0..OWN).map(|_| None).collect();
    for step in 0..scale.of(STEPS) {
        let (at, number) = draw_two(&mut rng, OWN, 1 << 16);
        let slot = &mut own[at];
        if step % 4 == 0 {
            let mut place = places[number % PLACES].lock().expect("no thread panicked");
            std::mem::swap(&mut *place, slot);
        } else {
            *slot = Some(Block::new(16 + number % 1485));
        }
    }
}
