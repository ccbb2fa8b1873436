//! Patterns of malloc and free whose instructions are counted: run with two lengths under callgrind, the difference is the steady cost.
//!
//! Each pattern also runs over `Nothing`, which only has the cost of the loop.

use std::hint::black_box;
use std::sync::mpsc::sync_channel;

use bench_measured::rng::Rng;

/// Where blocks come from and go to.
trait Source: Copy + Send + 'static {
    fn take(self, bytes: usize) -> Raw;
    fn give(self, block: Raw);
}

/// A block's address, which threads may hand over.
#[derive(Clone, Copy)]
struct Raw(*mut libc::c_void);

// SAFETY: the address may be freed by any thread: malloc allows it, and each address has one holder.
unsafe impl Send for Raw {}

#[derive(Clone, Copy)]
struct Malloc;

impl Source for Malloc {
    #[inline(always)]
    fn take(self, bytes: usize) -> Raw {
        // SAFETY: malloc has no duties.
        let memory = unsafe { libc::malloc(bytes) };
        Raw(black_box(memory))
    }

    #[inline(always)]
    fn give(self, block: Raw) {
        // SAFETY: the pointer must come from malloc and be freed once: each pattern gives what it took, once.
        unsafe { libc::free(black_box(block.0)) }
    }
}

#[derive(Clone, Copy)]
struct Nothing;

impl Source for Nothing {
    #[inline(always)]
    fn take(self, bytes: usize) -> Raw {
        Raw(black_box(std::ptr::without_provenance_mut(bytes)))
    }

    #[inline(always)]
    fn give(self, block: Raw) {
        black_box(block.0);
    }
}

/// A pattern of calls.
pub const PATTERNS: &[&str] = &["pair", "batch", "random", "remote"];
/// Blocks of the batch pattern.
const BATCH: usize = 100;
/// Live blocks of the random pattern, and how many of them are replaced in a round.
const LIVE: usize = 400;
const REPLACED: usize = 64;
/// Blocks handed over at once in the remote pattern.
const HANDED_OVER: usize = 1000;

/// Runs `pattern` with blocks of `bytes` so that malloc and free are called about `pairs` times each; how often exactly. `None` for an unknown
/// pattern.
pub fn run(pattern: &str, bytes: usize, pairs: usize, over_nothing: bool) -> Option<usize> {
    let bytes = black_box(bytes);
    match (pattern, over_nothing) {
        ("pair", false) => Some(pair(Malloc, bytes, pairs)),
        ("pair", true) => Some(pair(Nothing, bytes, pairs)),
        ("batch", false) => Some(batch(Malloc, bytes, pairs)),
        ("batch", true) => Some(batch(Nothing, bytes, pairs)),
        ("random", false) => Some(random(Malloc, bytes, pairs)),
        ("random", true) => Some(random(Nothing, bytes, pairs)),
        ("remote", false) => Some(remote(Malloc, bytes, pairs)),
        ("remote", true) => Some(remote(Nothing, bytes, pairs)),
        _ => None,
    }
}

#[inline(never)]
fn pair<S: Source>(source: S, bytes: usize, pairs: usize) -> usize {
    for _ in 0..pairs {
        source.give(source.take(bytes));
    }
    pairs
}

/// A hundred taken, then freed, the last taken first.
#[inline(never)]
fn batch<S: Source>(source: S, bytes: usize, pairs: usize) -> usize {
    let mut blocks = [Raw(std::ptr::null_mut()); BATCH];
    for _ in 0..pairs / BATCH {
        for block in &mut blocks {
            *block = source.take(bytes);
        }
        for block in blocks.iter().rev() {
            source.give(*block);
        }
    }
    pairs / BATCH * BATCH
}

/// 64 random ones of 400 live ones are freed, then taken again.
#[inline(never)]
fn random<S: Source>(source: S, bytes: usize, pairs: usize) -> usize {
    let mut blocks: Vec<Raw> = (0..LIVE).map(|_| source.take(bytes)).collect();
    let mut rng = Rng::new(64);
    for _ in 0..pairs / REPLACED {
        for turn in 0..REPLACED {
            blocks.swap(turn, turn + rng.below(LIVE - turn));
        }
        for block in &blocks[..REPLACED] {
            source.give(*block);
        }
        for block in &mut blocks[..REPLACED] {
            *block = source.take(bytes);
        }
    }
    blocks.into_iter().for_each(|block| source.give(block));
    pairs / REPLACED * REPLACED
}

/// One thread takes, another frees, in step.
#[inline(never)]
fn remote<S: Source>(source: S, bytes: usize, pairs: usize) -> usize {
    let (to_other, from_here) = sync_channel::<Vec<Raw>>(1);
    let (to_here, from_other) = sync_channel::<Vec<Raw>>(1);
    let other = std::thread::spawn(move || {
        while let Ok(mut blocks) = from_here.recv() {
            for block in blocks.drain(..) {
                source.give(block);
            }
            if to_here.send(blocks).is_err() {
                return;
            }
        }
    });
    let mut blocks = Vec::with_capacity(HANDED_OVER);
    for _ in 0..pairs / HANDED_OVER {
        for _ in 0..HANDED_OVER {
            blocks.push(source.take(bytes));
        }
        to_other.send(blocks).expect("the other thread waits");
        blocks = from_other.recv().expect("the other thread answers");
    }
    drop(to_other);
    other.join().expect("the other thread does not panic");
    pairs / HANDED_OVER * HANDED_OVER
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_calls_about_as_often_as_asked() {
        for pattern in PATTERNS {
            for over_nothing in [false, true] {
                let pairs = run(pattern, 64, 10_000, over_nothing).expect("the pattern is known");
                assert!((9_900..=10_000).contains(&pairs), "{pattern}: {pairs}");
            }
        }
        assert_eq!(run("other", 64, 1, false), None);
    }
}
