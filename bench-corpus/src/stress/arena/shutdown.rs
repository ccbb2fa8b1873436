//! The end: everything given back, or reported by name.

use bench_measured::rng::Rng;
use compiler_alloc::Arena;
use compiler_alloc::fault::{FactName, FaultCode};

use super::super::bench::{Bench, WORKERS_MAX, become_worker, ensure};
use super::remote_free::{says, sealed_words};

const WORKERS: usize = 4;
const GENERATIONS: usize = 10;

/// Generations of threads that allocate, seal, drop and end; then shutdown, and everything again.
pub(in super::super) fn clean(bench: &mut Bench, seed: u64) -> Result<(), String> {
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
pub(in super::super) fn leak(bench: &mut Bench, seed: u64) -> Result<(), String> {
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

/// Workers allocate, seal and drop while the main thread shuts the backend down again and again: what lives is reported and stays whole;
/// when they have ended nothing lives.
pub(in super::super) fn in_flight(bench: &mut Bench, seed: u64) -> Result<(), String> {
    let (memory, workers) = (bench.memory(), bench.workers);
    let is_over = std::sync::atomic::AtomicBool::new(false);
    let (reports, wrong) = std::thread::scope(|threads| {
        let is_over = &is_over;
        let handles: Vec<_> = (1..WORKERS)
            .map(|worker| {
                threads.spawn(move || {
                    become_worker(worker);
                    let mut rng = Rng::new(seed ^ worker as u64);
                    let mut wrong = 0;
                    let mut kept = Vec::new();
                    for mark in 0.. {
                        kept.push((mark, sealed_words(memory, rng.between(1, 20_000), mark)));
                        if kept.len() > 20 {
                            let (mark, result) = kept.swap_remove(rng.below(kept.len()));
                            wrong += usize::from(!says(&result, mark));
                        }
                        // At least so much that some of it lives whenever the backend is shut down.
                        if mark > 400 && is_over.load(std::sync::atomic::Ordering::Relaxed) {
                            break;
                        }
                    }
                    wrong += kept.iter().filter(|(mark, result)| !says(result, *mark)).count();
                    drop(kept);
                    workers.flush(worker);
                    wrong
                })
            })
            .collect();
        let held = sealed_words(memory, 1_000, 7);
        let reports: Vec<_> = (0..50).map(|_| bench.backend.shutdown().leak()).collect();
        is_over.store(true, std::sync::atomic::Ordering::Relaxed);
        let wrong: usize = handles.into_iter().map(|handle| handle.join().unwrap_or(1)).sum();
        (reports, wrong + usize::from(!says(&held, 7)))
    });
    bench.operations += (WORKERS as u64 - 1) * 400;
    ensure(wrong == 0, || format!("{wrong} results were changed by a shutdown"))?;
    for leak in reports {
        bench.note_code(&leak.ok_or("a shutdown did not see what lives")?);
    }
    bench.shut_down_clean()
}
