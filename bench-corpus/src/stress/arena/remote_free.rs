//! Memory that crosses threads: sealed results dropped elsewhere, and pools whose workers build for one lifetime.

use std::sync::Mutex;

use bench_measured::rng::Rng;
use compiler_alloc::arena::ArenaMemory;
use compiler_alloc::{ArenaPool, Family, Sealed};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::super::bench::{Bench, become_worker, ensure};

/// Results on their way to one worker, each with the word it is full of.
type Inbox = Mutex<Vec<(u64, Sealed<Words>)>>;

const WORKERS: usize = 4;
const ROUNDS: usize = 6;
const RESULTS: usize = 200;

/// A slice of words.
pub(super) struct Words;

impl Family for Words {
    type Of<'a> = &'a [u64];
    fn shorten<'s, 'l: 's>(long: &'s &'l [u64]) -> &'s &'s [u64] {
        long
    }
}

/// A result of `words` words that all say `mark`.
pub(super) fn sealed_words(memory: &'static dyn ArenaMemory, words: usize, mark: u64) -> Sealed<Words> {
    Sealed::build_in(memory, |builder| &*builder.alloc_slice_fill_with(words, |_| mark))
}

/// Whether all words still say `mark`.
pub(super) fn says(result: &Sealed<Words>, mark: u64) -> bool {
    result.get().iter().all(|&word| word == mark)
}

/// Each round every worker builds results, and every worker drops results that others built.
pub(in super::super) fn sealed(bench: &mut Bench, seed: u64) -> Result<(), String> {
    let memory = bench.memory();
    for round in 0..ROUNDS as u64 {
        let inboxes: [Inbox; WORKERS] = Default::default();
        std::thread::scope(|threads| {
            for worker in 0..WORKERS {
                let inboxes = &inboxes;
                threads.spawn(move || {
                    become_worker(worker + 1);
                    let mut rng = Rng::new(seed ^ (round << 8) ^ worker as u64);
                    for index in 0..RESULTS as u64 {
                        let mark = (worker as u64) << 32 | index;
                        let result = sealed_words(memory, rng.between(1, 8_000), mark);
                        // Never to itself.
                        let to = (worker + rng.between(1, WORKERS - 1)) % WORKERS;
                        inboxes[to].lock().expect("no worker panics").push((mark, result));
                    }
                });
            }
        });
        bench.check()?;
        let wrong: usize = std::thread::scope(|threads| {
            let handles: Vec<_> = inboxes
                .into_iter()
                .enumerate()
                .map(|(worker, inbox)| {
                    threads.spawn(move || {
                        become_worker(worker + 1);
                        let results = inbox.into_inner().expect("no worker panics");
                        results.into_iter().filter(|(mark, result)| !says(result, *mark)).count()
                    })
                })
                .collect();
            handles.into_iter().map(|handle| handle.join().expect("no worker panics")).sum()
        });
        ensure(wrong == 0, || format!("{wrong} results changed on their way to another thread"))?;
        bench.operations += 2 * (WORKERS * RESULTS) as u64;
        let live = bench.backend.stats().live_bytes();
        ensure(live == 0, || format!("{live} bytes alive after every result was dropped"))?;
        bench.check()?;
    }
    bench.shut_down_clean()
}

/// Each round rayon's workers build lists in one pool; the main thread reads all of them, then resets the pool.
pub(in super::super) fn pool(bench: &mut Bench, seed: u64) -> Result<(), String> {
    let workers = rayon::ThreadPoolBuilder::new()
        .num_threads(WORKERS)
        .start_handler(|index| become_worker(index + 1))
        .build()
        .map_err(|error| format!("threads: {error}"))?;
    let mut pool: ArenaPool = ArenaPool::new_in(bench.memory());
    let mut rng = Rng::new(seed);
    for _ in 0..ROUNDS {
        let lengths: Vec<usize> = (0..2_000).map(|_| rng.between(0, 300)).collect();
        let lists: Vec<&[u64]> = workers.install(|| {
            let build = |guard: &mut compiler_alloc::PoolGuard<'_>, length: &usize| -> *const [u64] {
                let length = *length;
                guard.alloc_slice_fill_with(length, |index| (length * 1000 + index) as u64)
            };
            let lists: Vec<SharedList> = lengths
                .par_iter()
                .map_init(|| pool.get(), |guard, length| SharedList(build(guard, length)))
                .collect();
            // SAFETY: must be live and unshared with writers: allocations of a guard live as long as the pool is not reset or dropped,
            // which the borrow of `lists` below ends before.
            lists.into_iter().map(|list| unsafe { &*list.0 }).collect()
        });
        for (list, &length) in lists.iter().zip(&lengths) {
            let is_whole = list.len() == length
                && list.iter().enumerate().all(|(index, &word)| word == (length * 1000 + index) as u64);
            ensure(is_whole, || format!("a list of {length} words was overwritten by another worker"))?;
        }
        bench.operations += lengths.len() as u64;
        bench.check()?;
        pool.reset();
        ensure(pool.used_bytes() == 0, || "bytes in use after the pool was reset".to_owned())?;
    }
    drop(pool);
    drop(workers);
    bench.shut_down_clean()
}

/// A list on its way from a worker to the main thread.
struct SharedList(*const [u64]);

// SAFETY: the words must be readable from any thread. They are plain words that nobody writes after the list is built.
unsafe impl Send for SharedList {}
