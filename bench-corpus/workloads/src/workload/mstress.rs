//! After the mstress program of mimalloc's suite: rounds of threads that take blocks of mostly small sizes, keep some for the round, swap
//! some with other threads through shared places, and fill and check every word.

use std::sync::Mutex;

use bench_measured::rng::Rng;

use crate::{Block, Scale};

const THREADS: usize = 4;
const ROUNDS: usize = 24;
const STEPS: usize = 50_000;
const PLACES: usize = 1000;

pub fn run(scale: Scale) {
    let places: Vec<Mutex<Option<Block>>> = (0..PLACES).map(|_| Mutex::new(None)).collect();
    for round in 0..scale.of(ROUNDS) {
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let places = &places;
                scope.spawn(move || work(places, (round * THREADS + thread) as u64));
            }
        });
        if round % 10 == 9 {
            places.iter().for_each(|place| drop(take(place)));
        }
    }
}

fn work(places: &[Mutex<Option<Block>>], seed: u64) {
    let mut rng = Rng::new(seed);
    let (mut kept, mut passing) = (Vec::new(), Vec::new());
    for _ in 0..STEPS {
        if rng.below(100) < 50 {
            let block = filled(&mut rng);
            if rng.below(100) < 20 { kept.push(block) } else { passing.push(block) }
        } else if let Some(block) = passing.pop() {
            block.check_filled();
        }
        if rng.below(100) < 25 && !passing.is_empty() {
            let at = rng.below(passing.len());
            let mut place = places[rng.below(PLACES)].lock().expect("no thread panicked");
            if let Some(other) = place.replace(passing.swap_remove(at)) {
                drop(place);
                other.check_filled();
                passing.push(other);
            }
        }
    }
    kept.iter().for_each(Block::check_filled);
}

fn filled(rng: &mut Rng) -> Block {
    // One in 1000 is large, one in 100 medium.
    let bytes = match rng.below(1000) {
        0 => rng.between(8 << 10, 128 << 10),
        1..10 => rng.between(1 << 10, 8 << 10),
        _ => 8 * rng.between(1, 32),
    };
    let mut block = Block::new(bytes);
    block.fill();
    block
}

fn take(place: &Mutex<Option<Block>>) -> Option<Block> {
    place.lock().expect("no thread panicked").take()
}
