//! The end: everything given back, or reported by name.

use bench_measured::rng::Rng;
use compiler_alloc::Arena;
use compiler_alloc::fault::{FactName, FaultCode};

use super::bench::{Bench, WORKERS_MAX, become_worker, ensure};
use super::remote_free::{says, sealed_words};

const WORKERS: usize = 4;
const GENERATIONS: usize = 10;

/// Generations of threads that allocate, seal, drop and end; then shutdown, and everything again.
pub(super) fn clean(bench: &mut Bench, seed: u64) -> Result<(), String> {
    const { assert!(WORKERS < WORKERS_MAX) };
    let (memory, workers) = (bench.memory(), bench.workers);
    for generation in 0..GENERATIONS as u64 {
        std::thread::scope(|threads| {
            for worker in 1..=WORKERS {
                threads.spawn(move || {
                    become_worker(worker);
                    let mut rng = Rng::new(seed ^ (generation << 8) ^ worker as u64);
                    let mut arena: Arena = Arena::new_in(memory);
                    for mark in 0..50 {
                        arena.alloc_slice_fill_with(rng.between(1, 20_000), |_| mark);
                        drop(sealed_words(memory, rng.between(1, 5_000), mark));
                        if rng.below(10) == 0 {
                            arena.reset();
                        }
                    }
                    drop(arena);
                    workers.flush(worker);
                });
            }
        });
        bench.operations += (WORKERS * 100) as u64;
        bench.check()?;
        if generation % 5 == 4 {
            bench.shut_down_clean()?;
        }
    }
    Ok(())
}

/// One result stays alive over shutdown.
pub(super) fn leak(bench: &mut Bench, seed: u64) -> Result<(), String> {
    let mut rng = Rng::new(seed);
    let memory = bench.memory();
    let mut results: Vec<_> =
        (0..100).map(|mark| sealed_words(memory, rng.between(1, 10_000), mark)).collect();
    bench.operations += results.len() as u64;
    let kept_mark = rng.below(results.len());
    let kept = results.swap_remove(kept_mark);
    drop(results);
    bench.end_threads();
    let leak = bench.backend.shutdown().leak().ok_or("a live result was not reported")?;
    bench.note_code(&leak);
    ensure(leak.code == FaultCode::ShutdownLeak, || format!("the wrong code: {leak}"))?;
    let reported = leak.fact(FactName::Live);
    let expected = kept.heap_size().reserved as u64;
    ensure(reported == Some(expected), || format!("{reported:?} bytes reported, {expected} are alive"))?;
    ensure(says(&kept, kept_mark as u64), || "memory that is still referenced was touched".to_owned())?;
    bench.check()?;
    drop(kept);
    bench.end_threads();
    bench.check()?;
    let second = bench.backend.shutdown();
    ensure(second.leak().is_none(), || "reported although nothing is alive".to_owned())?;
    bench.check()
}
