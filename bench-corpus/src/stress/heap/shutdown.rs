//! The end of a heap: nothing alive when every block was freed, a report when one was not.

use bench_measured::rng::Rng;

use super::super::bench::{Bench, ensure};
use super::{Block, Thread, Way, end, heap};

const THREADS: usize = 4;

/// Threads come, allocate, hand half of it on, and go; the next ones free it; shutdown finds nothing.
pub(in super::super) fn clean<W: Way>(bench: &mut Bench, seed: u64) -> Result<(), String> {
    let heap = heap::<W>(bench);
    let mut left: Vec<Block> = Vec::new();
    for round in 0..6_u64 {
        let inherited = std::mem::take(&mut left);
        let mut shares: Vec<Vec<Block>> = (0..THREADS).map(|_| Vec::new()).collect();
        inherited.into_iter().enumerate().for_each(|(index, block)| shares[index % THREADS].push(block));
        let made: Vec<Vec<Block>> = std::thread::scope(|scope| {
            let threads: Vec<_> = shares
                .into_iter()
                .enumerate()
                .map(|(index, share)| {
                    scope.spawn(move || {
                        let mut thread = Thread::new(heap, index);
                        let mut rng = Rng::new(seed ^ round << 8 ^ index as u64);
                        share.into_iter().for_each(|block| thread.free(block));
                        (0..1_000)
                            .filter_map(|step| thread.alloc(rng.between(1, 50_000), step as u8))
                            .collect()
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap_or_default()).collect()
        });
        bench.operations += 2 * 1_000 * THREADS as u64;
        left = made.into_iter().flatten().collect();
        ensure(left.len() == 1_000 * THREADS, || "a thread had no memory".to_owned())?;
        bench.check()?;
    }
    let mut last = Thread::new(heap, THREADS);
    left.into_iter().for_each(|block| last.free(block));
    drop(last);
    end(bench, heap)
}

/// A block outlives its thread and a shutdown: reported, still whole, and given back by the next shutdown.
pub(in super::super) fn leak<W: Way>(bench: &mut Bench, seed: u64) -> Result<(), String> {
    let heap = heap::<W>(bench);
    let mut rng = Rng::new(seed);
    let mut thread = Thread::new(heap, 1);
    let survivor = thread.alloc(rng.between(100, 1_000), 0x5a).ok_or("no memory")?;
    for step in 0..2_000_u32 {
        let block = thread.alloc(rng.between(1, 5_000), step as u8).ok_or("no memory")?;
        thread.free(block);
        bench.operations += 2;
    }
    drop(thread);
    let report = bench.backend.shutdown();
    let leak = report.leak().ok_or("nothing was reported")?;
    bench.note_code(&leak);
    ensure(survivor.is_whole(), || "the survivor was changed by shutdown".to_owned())?;
    let mut last = Thread::new(heap, 2);
    last.free(survivor);
    drop(last);
    end(bench, heap)
}
