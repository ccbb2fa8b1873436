//! Random actions, the share that is usable, and single operations for the stepper.

use super::subjects::{Fixed, STORAGE_BYTES};
use crate::probe::drive;
use crate::rng::Rng;

/// Largest sizes of the timed actions, in bytes.
pub const SIZES: &[usize] = &[200, 1000, 3000, 10_000];

/// What the usable share is measured with: sizes up to so many bytes, or up to 10,000 with `realloc` up to ten times that.
pub const FILLS: &[&str] = &["200", "1000", "2000", "3000", "10000", "mixed"];

/// Blocks whose operations are stepped.
pub const MIXES: &[&str] = &["200x40000", "2000x10000", "30000x600", "2000-aligned"];

/// Live blocks above which actions give as many back as they take.
const LIVE: usize = 300;

/// A block that was taken.
#[derive(Clone, Copy)]
struct Block {
    at: *mut u8,
    size: usize,
    align: usize,
}

impl Fixed {
    fn take(&self, size: usize, align: usize) -> Option<Block> {
        // SAFETY: needs a size and alignment of a layout that is not empty; the workloads draw such.
        let at = unsafe { (self.alloc)(size, align) };
        (!at.is_null()).then_some(Block { at, size, align })
    }

    fn give_back(&self, block: Block) {
        // SAFETY: needs a block that was taken so; a `Block` says how it was.
        unsafe { (self.dealloc)(block.at, block.size, block.align) };
    }

    fn resize(&self, block: &mut Block, size: usize) -> bool {
        // SAFETY: needs a block that was taken so; a `Block` says how it was.
        let at = unsafe { (self.realloc)(block.at, block.size, block.align, size) };
        if !at.is_null() {
            (block.at, block.size) = (at, size);
        }
        !at.is_null()
    }
}

/// A size, biased towards small ones.
fn biased(rng: &mut Rng, max: usize) -> usize {
    let cap = rng.between(16, max - 1);
    rng.between(4, cap - 1)
}

/// An alignment: three of four are a word's, and each next one is a quarter as frequent.
fn alignment(rng: &mut Rng) -> usize {
    align_of::<usize>() << ((rng.next_u64() as u16 | 0x4000).trailing_zeros() / 2)
}

/// Runs one workload on one subject; whether there is such a workload.
pub fn run(subject: Fixed, arguments: &[&str]) -> bool {
    match *arguments {
        ["empty"] => true,
        ["actions", max, count] => {
            let (Ok(max), Ok(count)) = (max.parse(), count.parse()) else { return false };
            actions(subject, max, count);
            true
        }
        ["usable", kind, rounds] => {
            let (true, Ok(rounds)) = (FILLS.contains(&kind), rounds.parse()) else { return false };
            usable(subject, kind, rounds);
            true
        }
        ["step", mix, which @ ("alloc" | "free"), operations] => {
            let (true, Ok(operations)) = (MIXES.contains(&mix), operations.parse()) else { return false };
            step(subject, mix, which == "alloc", operations);
            true
        }
        _ => false,
    }
}

/// So many random actions without `realloc` on about 300 live blocks.
fn actions(subject: Fixed, max: usize, count: usize) {
    let mut rng = Rng::new(max as u64);
    let mut live: Vec<Block> = Vec::with_capacity(count.min(100_000));
    let (mut done, mut refused) = (0_usize, 0_usize);
    for _ in 0..count {
        if rng.below(6) < 3 || live.len() < LIVE {
            let (size, align) = (biased(&mut rng, max), alignment(&mut rng));
            match subject.take(size, align) {
                Some(block) => {
                    live.push(block);
                    done += 1;
                }
                None => refused += 1,
            }
        } else {
            subject.give_back(live.swap_remove(rng.below(live.len())));
            done += 1;
        }
    }
    println!("done\t{done}\nrefused\t{refused}");
}

/// Fills the storage by random actions until the first refusal, and counts what is live then: a mean and the least, in millionths.
fn usable(subject: Fixed, kind: &str, rounds: usize) {
    let mut rng = Rng::new(rounds as u64);
    let (mut sum, mut least) = (0_usize, usize::MAX);
    for _ in 0..rounds {
        let mut live: Vec<Block> = Vec::with_capacity(400_000);
        while fill(subject, kind, &mut rng, &mut live) {}
        let bytes: usize = live.iter().map(|block| block.size).sum();
        let share = (bytes as u128 * 1_000_000 / STORAGE_BYTES as u128) as usize;
        sum += share;
        least = least.min(share);
        for block in live {
            subject.give_back(block);
        }
    }
    println!("mean_millionths\t{}\nleast_millionths\t{least}", sum / rounds);
}

/// One random action: five takes for one give-back, with four resizes when `mixed`. Whether there was room.
fn fill(subject: Fixed, kind: &str, rng: &mut Rng, live: &mut Vec<Block>) -> bool {
    let (max, choices) = match kind.parse() {
        Ok(max) => (max, 6),
        Err(_) => (10_000, 10),
    };
    match rng.below(choices) {
        0..=4 => {
            let (size, align) = (biased(rng, max), alignment(rng));
            let taken = subject.take(size, align);
            live.extend(taken);
            taken.is_some()
        }
        _ if live.is_empty() => true,
        5 => {
            let gone = live.swap_remove(rng.below(live.len()));
            subject.give_back(gone);
            true
        }
        _ => {
            let index = rng.below(live.len());
            subject.resize(&mut live[index], rng.between(1, max * 10 - 1))
        }
    }
}

/// Fills, gives every other block back, and then takes and gives back at random; the stepper follows either the takes or the others.
fn step(subject: Fixed, mix: &str, follows_takes: bool, operations: usize) {
    let (max, count, is_aligned) = match mix {
        "200x40000" => (200, 40_000, false),
        "2000x10000" => (2000, 10_000, false),
        "30000x600" => (30_000, 600, false),
        _ => (2000, 10_000, true),
    };
    let mut rng = Rng::new(count as u64);
    let draw = |rng: &mut Rng| {
        (rng.between(1, max), if is_aligned { 8 << rng.below(6) } else { align_of::<usize>() })
    };
    let mut live: Vec<Block> = Vec::with_capacity(2 * count);
    for _ in 0..count {
        let (size, align) = draw(&mut rng);
        live.extend(subject.take(size, align));
    }
    let mut number = 0;
    live.retain(|block| {
        number += 1;
        if number % 2 == 0 {
            subject.give_back(*block);
        }
        number % 2 != 0
    });
    for _ in 0..operations {
        let (size, align) = draw(&mut rng);
        if follows_takes {
            // SAFETY: needs a function with these arguments, and a tracer; the worker was started by one.
            let at = unsafe { drive::call_marked(subject.alloc as *const (), &[size, align, 0, 0, 0]) };
            let block = Block { at: std::ptr::with_exposed_provenance_mut(at), size, align };
            if !block.at.is_null() {
                live.push(block);
            }
            subject.give_back(live.swap_remove(rng.below(live.len())));
        } else {
            live.extend(subject.take(size, align));
            let gone = live.swap_remove(rng.below(live.len()));
            let arguments = [gone.at.expose_provenance(), gone.size, gone.align, 0, 0];
            // SAFETY: needs a function with these arguments, and a tracer; the worker was started by one.
            unsafe { drive::call_marked(subject.dealloc as *const (), &arguments) };
        }
    }
}
