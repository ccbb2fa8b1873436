//! Time of single operations beside a peer: the same random program on each allocator, round by round in turn, and of each operation the
//! least over the rounds, so that what the machine does meanwhile is left out and what the operation itself costs stays.

use std::alloc::Layout;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use compiler_alloc::profile::realtime::{ActorHeap, Realtime};

use crate::fixed::Rlsf;
use crate::rng::Rng;

/// Memory of each allocator.
const BYTES: usize = 32 << 20;

/// Blocks held at most.
const HELD_MAX: usize = 5000;

/// An allocator of blocks.
trait Blocks {
    fn allocate(&mut self, layout: Layout) -> Option<NonNull<u8>>;

    /// # Safety
    /// - The block was handed out for this layout, and nobody uses it any more.
    unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout);
}

impl Blocks for ActorHeap {
    fn allocate(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        ActorHeap::allocate(self, layout)
    }

    unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller keeps the duties, which are the same.
        unsafe { ActorHeap::deallocate(self, block, layout) }
    }
}

impl Blocks for Rlsf {
    fn allocate(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        Rlsf::allocate(self, layout)
    }

    unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller keeps the duties, which are the same.
        unsafe { Rlsf::deallocate(self, block, layout.align()) }
    }
}

/// Sizes of the random program.
const SIZES: [usize; 8] = [16, 24, 64, 100, 256, 1000, 2000, 4096];

fn layout(bytes: usize) -> Layout {
    Layout::from_size_align(bytes, 8).expect("a power of two")
}

/// Processor cycles, after everything before is done.
fn now() -> u64 {
    let mut processor = 0;
    // SAFETY: needs a processor with the instruction; every x86-64 that runs this has it.
    unsafe { std::arch::x86_64::__rdtscp(&raw mut processor) }
}

/// Runs the program of `seed` and lowers each operation's least time. Ends with everything free.
fn round(blocks: &mut impl Blocks, seed: u64, least: &mut [u64]) {
    let mut rng = Rng::new(seed);
    let mut held: Vec<(NonNull<u8>, Layout)> = Vec::with_capacity(HELD_MAX);
    for least in least {
        let wants_more = held.is_empty() || held.len() < HELD_MAX && rng.below(100) < 52;
        let (drawn, place) = (SIZES[rng.below(SIZES.len())], rng.below(held.len().max(1)));
        let elapsed = if wants_more {
            let before = now();
            let block = blocks.allocate(layout(drawn));
            let elapsed = now() - before;
            held.push((block.expect("the memory is large"), layout(drawn)));
            elapsed
        } else {
            let (block, layout) = held.swap_remove(place);
            let before = now();
            // SAFETY: needs a block that was handed out for this layout and is not used any more; it was held, and is forgotten here.
            unsafe { blocks.deallocate(block, layout) };
            now() - before
        };
        *least = elapsed.min(*least);
    }
    for (block, layout) in held {
        // SAFETY: as above.
        unsafe { blocks.deallocate(block, layout) };
    }
}

/// Times our two kinds of heaps and rlsf; one line each: median, 99.99th percentile and maximum of the operations' least times, in cycles.
pub fn table(operations: usize, rounds: usize, seed: u64) -> Vec<String> {
    let mut quotas = Realtime::builder().best_effort_locking();
    for bytes in SIZES {
        quotas = quotas.quota(layout(bytes), HELD_MAX / 2);
    }
    let mut quotas = quotas.seal().expect("the machine has the memory");
    let mut region =
        Realtime::builder().capacity(BYTES).best_effort_locking().seal().expect("the machine has the memory");
    let storage: &'static mut [MaybeUninit<u8>] =
        Box::leak(vec![MaybeUninit::new(1_u8); BYTES].into_boxed_slice());
    let mut rlsf = Rlsf::new();
    rlsf.insert_free_block(storage);
    let names = ["ours-quotas", "ours-region", "rlsf"];
    let mut least = vec![vec![u64::MAX; operations]; names.len()];
    for turn in 0..rounds {
        // In one order twice, then in the other: nobody runs after itself, whose memory would still be in the caches, and nobody always
        // after the same other one.
        for place in 0..names.len() {
            let subject = if turn % 4 < 2 || place == 0 { place } else { names.len() - place };
            match subject {
                0 => round(&mut quotas, seed, &mut least[0]),
                1 => round(&mut region, seed, &mut least[1]),
                _ => round(&mut rlsf, seed, &mut least[2]),
            }
        }
    }
    let line = |(name, mut least): (&str, Vec<u64>)| {
        least.sort_unstable();
        let at = |share: f64| least[((operations as f64 * share) as usize).min(operations - 1)];
        format!("latency\t{name}\t{operations}\t{}\t{}\t{}", at(0.5), at(0.9999), at(1.0))
    };
    names.into_iter().zip(least).map(line).collect()
}
