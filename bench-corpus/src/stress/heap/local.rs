//! One thread: small blocks, blocks of very different ages, large ones.

use bench_measured::rng::Rng;

use super::super::bench::{Bench, ensure};
use super::{Block, Thread, Way, end, heap, held_bytes};

/// Operations of `local_free`.
const OPERATIONS: usize = 60_000;
/// Blocks that it keeps at most.
const KEPT_MAX: usize = 3_000;
/// Bytes that `fragmentation` fills.
const FILLED_BYTES: usize = 24 << 20;

/// Sizes as programs ask for them: mostly small.
fn size(rng: &mut Rng) -> usize {
    match rng.below(10) {
        0 => rng.between(1_024, 32_768),
        1..=3 => rng.between(128, 1_024),
        _ => rng.between(1, 128),
    }
}

fn take<W: Way>(thread: &mut Thread<W>, bench: &mut Bench, bytes: usize, mark: u8) -> Result<Block, String> {
    bench.operations += 1;
    thread.alloc(bytes, mark).ok_or_else(|| format!("no memory for {bytes} bytes"))
}

fn give_back<W: Way>(thread: &mut Thread<W>, bench: &mut Bench, block: Block) -> Result<(), String> {
    whole(&block)?;
    bench.operations += 1;
    thread.free(block);
    Ok(())
}

fn whole(block: &Block) -> Result<(), String> {
    ensure(block.is_whole(), || format!("a block of {} bytes was changed by somebody else", block.bytes()))
}

/// Allocates, frees and resizes at random, and looks at every block before it goes.
pub(in super::super) fn local_free<W: Way>(bench: &mut Bench, seed: u64) -> Result<(), String> {
    let heap = heap::<W>(bench);
    let mut thread = Thread::new(heap, 1);
    let mut rng = Rng::new(seed);
    let mut kept: Vec<Block> = Vec::new();
    for step in 0..OPERATIONS {
        let is_full = kept.len() == KEPT_MAX;
        match rng.below(if is_full { 2 } else { 5 }) {
            0 | 1 if !kept.is_empty() => {
                give_back(&mut thread, bench, kept.swap_remove(rng.below(kept.len())))?;
            }
            2 if !kept.is_empty() => {
                let block = kept.swap_remove(rng.below(kept.len()));
                bench.operations += 1;
                let bytes = size(&mut rng);
                let block =
                    thread.resize(block, bytes).map_err(|_| format!("no memory for {bytes} bytes"))?;
                whole(&block)?;
                kept.push(block);
            }
            _ => kept.push(take(&mut thread, bench, size(&mut rng), step as u8)?),
        }
        if step % 10_000 == 0 {
            thread.check()?;
            bench.check()?;
        }
    }
    for block in kept {
        whole(&block)?;
        thread.free(block);
    }
    drop(thread);
    end(bench, heap)
}

/// Fills 24 MiB with mixed blocks, frees a random nine of ten, then the rest; what the survivors hold and what is left is bounded.
pub(in super::super) fn fragmentation<W: Way>(bench: &mut Bench, seed: u64) -> Result<(), String> {
    let heap = heap::<W>(bench);
    let mut thread = Thread::new(heap, 1);
    let mut rng = Rng::new(seed);
    for round in 0..4_u8 {
        let mut blocks = Vec::new();
        let mut filled = 0;
        while filled < FILLED_BYTES {
            let bytes = size(&mut rng);
            blocks.push(take(&mut thread, bench, bytes, round)?);
            filled += bytes;
        }
        let full = held_bytes(bench);
        ensure(full * 2 <= filled * 3, || format!("{full} bytes are held for {filled}"))?;
        rng.shuffle(&mut blocks);
        let survivors = blocks.split_off(blocks.len() / 10 * 9);
        for block in blocks {
            give_back(&mut thread, bench, block)?;
        }
        bench.check()?;
        for block in survivors {
            give_back(&mut thread, bench, block)?;
        }
        thread.collect();
        thread.check()?;
        let left = held_bytes(bench);
        ensure(left * 2 <= full, || format!("{left} of {full} bytes are held although no block lives"))?;
    }
    drop(thread);
    end(bench, heap)
}

/// Large allocations between small ones, resized in both directions.
pub(in super::super) fn large_objects<W: Way>(bench: &mut Bench, seed: u64) -> Result<(), String> {
    let heap = heap::<W>(bench);
    let mut thread = Thread::new(heap, 1);
    let mut rng = Rng::new(seed);
    let mut kept: Vec<Block> = Vec::new();
    for step in 0..120_u8 {
        let bytes =
            if rng.below(3) == 0 { rng.between(1 << 20, 12 << 20) } else { rng.between(30_000, 300_000) };
        kept.push(take(&mut thread, bench, bytes, step)?);
        kept.push(take(&mut thread, bench, rng.between(1, 500), step)?);
        let block = kept.swap_remove(rng.below(kept.len()));
        whole(&block)?;
        bench.operations += 1;
        if rng.below(2) == 0 {
            let bytes = rng.between(1, 3 << 20);
            let block = thread.resize(block, bytes).map_err(|_| format!("no memory for {bytes} bytes"))?;
            whole(&block)?;
            kept.push(block);
        } else {
            thread.free(block);
        }
        if kept.len() > 24 {
            thread.free(kept.swap_remove(rng.below(24)));
        }
        bench.check()?;
    }
    for block in kept {
        whole(&block)?;
        thread.free(block);
    }
    drop(thread);
    end(bench, heap)
}
