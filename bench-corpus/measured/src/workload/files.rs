//! A compiler's files: each has an arena of its own, of about 100 KB, that is gone when the next begins or when another thread drops it.

use std::sync::mpsc;
use std::thread;

use super::passes::{OBJECT_BYTES, fill};
use crate::rng::Rng;
use crate::subjects::Values;

/// Seed of the files' sizes.
pub const SEED: u64 = 0xF11E;

/// Files of one run.
pub const FILES: usize = 1000;

/// Fewest and most bytes that a file asks for.
const BYTES: (usize, usize) = (50_000, 150_000);

/// Arenas that may wait for the thread that drops them.
const WAITING_MAX: usize = 4;

/// One file after the other: a fresh arena, filled and dropped. Returns a sum over what they stored, the same for every subject.
pub fn one_by_one<S: Values>() -> u64 {
    build::<S>(drop)
}

/// The same, but every arena is dropped by another thread.
///
/// # Panics
/// When a thread cannot be started.
pub fn dropped_elsewhere<S: Values + Send + 'static>() -> u64 {
    let (give, take) = mpsc::sync_channel::<S>(WAITING_MAX);
    let consumer = thread::spawn(move || take.iter().map(drop).count());
    let sum = build::<S>(|arena| give.send(arena).expect("the consumer takes all"));
    drop(give);
    let dropped = consumer.join().expect("the consumer does not panic");
    assert_eq!(dropped, FILES);
    sum
}

fn build<S: Values>(done: impl Fn(S)) -> u64 {
    let mut rng = Rng::new(SEED);
    (0..FILES as u64).fold(0, |sum: u64, file| {
        let arena = S::empty();
        let stored = fill(&arena, file, rng.between(BYTES.0, BYTES.1) / OBJECT_BYTES);
        done(arena);
        sum.wrapping_add(stored)
    })
}

#[cfg(all(test, feature = "peers"))]
mod tests {
    use super::*;

    #[test]
    fn every_subject_stores_the_same_whoever_drops_it() {
        let sum = one_by_one::<bumpalo::Bump>();
        assert_eq!(sum, one_by_one::<compiler_alloc::Arena>());
        assert_eq!(sum, dropped_elsewhere::<bumpalo::Bump>());
        assert_eq!(sum, dropped_elsewhere::<compiler_alloc::Arena>());
    }
}
