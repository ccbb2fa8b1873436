//! Objects larger than any chunk, and with alignments of pages and more, between small ones.

use std::alloc::Layout;

use bench_measured::rng::Rng;
use compiler_alloc::Arena;

use super::super::bench::{Bench, ensure};

const ROUNDS: usize = 40;
const OBJECTS: usize = 12;

pub(in super::super) fn run(bench: &mut Bench, seed: u64) -> Result<(), String> {
    let mut rng = Rng::new(seed);
    let mut arena: Arena = Arena::new_in(bench.memory());
    for round in 0..ROUNDS {
        let small = arena.alloc([round as u64; 4]);
        for _ in 0..OBJECTS {
            let bytes = if rng.below(8) == 0 {
                rng.between(8 << 20, 24 << 20)
            } else {
                rng.between(600_000, 3_000_000)
            };
            let align = 1 << rng.between(0, 16);
            let layout = Layout::from_size_align(bytes, align).map_err(|error| error.to_string())?;
            let first = arena.alloc_layout(layout).as_ptr();
            ensure(first.addr().is_multiple_of(align), || format!("an object is not aligned to {align}"))?;
            // SAFETY: must be in bounds and unshared. The first byte of an object of more than one byte that was just handed out.
            unsafe { first.write(1) };
            // SAFETY: must stay in the object. It has `bytes` bytes.
            let last = unsafe { first.add(bytes - 1) };
            // SAFETY: must be in bounds and unshared. The last byte of the same object.
            unsafe { last.write(2) };
            bench.operations += 1;
        }
        ensure(*small == [round as u64; 4], || "a large object overlaps a small one".to_owned())?;
        bench.check()?;
        arena.reset();
        let held = arena.reserved_bytes();
        ensure(held < 1 << 20, || format!("{held} bytes held after reset: large objects stay"))?;
    }
    drop(arena);
    ensure(bench.backend.stats().live_bytes() == 0, || "bytes alive after the arena is gone".to_owned())?;
    bench.shut_down_clean()
}
