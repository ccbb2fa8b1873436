//! Several threads: blocks freed by threads that did not allocate them, and threads that end while their blocks live.

use std::sync::Mutex;

use bench_measured::rng::Rng;

use super::super::bench::{Bench, ensure};
use super::{BenchHeap, Block, Thread, Way, end, heap};

const THREADS: usize = 4;
const ROUNDS: u64 = 5;
const BLOCKS: usize = 4_000;

type Inbox = Mutex<Vec<Block>>;

/// Every thread allocates for the others and frees what the others allocated, in the same round; threads end after each.
pub(in super::super) fn remote_free<W: Way>(bench: &mut Bench, seed: u64) -> Result<(), String> {
    let heap = heap::<W>(bench);
    for round in 0..ROUNDS {
        let inboxes: [Inbox; THREADS] = Default::default();
        run_threads(|index| {
            let mut thread = Thread::new(heap, index);
            let mut rng = Rng::new(seed ^ round << 8 ^ index as u64);
            for step in 0..BLOCKS {
                let block = thread.alloc(rng.between(1, 600), step as u8).ok_or("no memory")?;
                // Never to itself.
                let to = (index + rng.between(1, THREADS - 1)) % THREADS;
                inboxes[to].lock().map_err(|_| "a thread panicked")?.push(block);
                let come: Vec<Block> =
                    std::mem::take(&mut *inboxes[index].lock().map_err(|_| "a thread panicked")?);
                free_all(&mut thread, come)?;
            }
            thread.check()
        })?;
        bench.operations += (2 * THREADS * BLOCKS) as u64;
        // What was sent to a thread that had ended by then.
        let mut last = Thread::new(heap, THREADS);
        for inbox in inboxes {
            free_all(&mut last, inbox.into_inner().map_err(|_| "a thread panicked")?)?;
        }
        drop(last);
        bench.check()?;
    }
    end(bench, heap)
}

/// Generations of threads: each frees what the one before left alive, and leaves blocks of its own.
pub(in super::super) fn cross_thread<W: Way>(bench: &mut Bench, seed: u64) -> Result<(), String> {
    let heap = heap::<W>(bench);
    let mut left: Vec<Vec<Block>> = (0..THREADS).map(|_| Vec::new()).collect();
    for round in 0..2 * ROUNDS {
        let shelves: Vec<Inbox> = left.into_iter().map(Mutex::new).collect();
        let is_last = round + 1 == 2 * ROUNDS;
        run_threads(|index| generation(heap, &shelves, index, seed ^ round << 8, is_last))?;
        bench.operations += (2 * THREADS * BLOCKS) as u64;
        left = shelves.into_iter().map(|shelf| shelf.into_inner().unwrap_or_default()).collect();
        bench.check()?;
    }
    ensure(left.iter().all(Vec::is_empty), || "blocks were left over".to_owned())?;
    end(bench, heap)
}

/// One thread of a generation: it takes over its neighbour's blocks.
fn generation<W: Way>(
    heap: &'static BenchHeap<W>,
    shelves: &[Inbox],
    index: usize,
    seed: u64,
    is_last: bool,
) -> Result<(), String> {
    let mut thread = Thread::new(heap, index);
    let mut rng = Rng::new(seed ^ index as u64);
    let inherited = std::mem::take(&mut *shelves[index].lock().map_err(|_| "a thread panicked")?);
    let mut own = Vec::with_capacity(BLOCKS);
    for step in 0..BLOCKS {
        own.push(thread.alloc(rng.between(1, 2_000), step as u8).ok_or("no memory")?);
    }
    free_all(&mut thread, inherited)?;
    let kept = if is_last { BLOCKS } else { BLOCKS / 2 };
    let mut kept = own.split_off(BLOCKS - kept);
    free_all(&mut thread, own)?;
    thread.check()?;
    if is_last {
        return free_all(&mut thread, kept);
    }
    // The next thread of the neighbour's number finds them.
    shelves[(index + 1) % THREADS].lock().map_err(|_| "a thread panicked")?.append(&mut kept);
    Ok(())
}

fn free_all<W: Way>(thread: &mut Thread<W>, blocks: Vec<Block>) -> Result<(), String> {
    for block in blocks {
        ensure(block.is_whole(), || {
            format!("a block of {} bytes was changed by somebody else", block.bytes())
        })?;
        thread.free(block);
    }
    Ok(())
}

/// Runs `work` on as many threads as there are indices.
fn run_threads(work: impl Fn(usize) -> Result<(), String> + Sync) -> Result<(), String> {
    std::thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = (0..THREADS).map(|index| scope.spawn(move || work(index))).collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().map_err(|_| "a thread panicked".to_owned())?)
    })
}
