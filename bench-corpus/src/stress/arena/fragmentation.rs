//! Results of very different sizes that go in random order: holes must join again.

use bench_measured::rng::Rng;
use compiler_alloc::Sealed;
use compiler_alloc::config::RESERVE_BYTES_MAX;

use super::super::bench::{Bench, ensure};
use super::remote_free::{Words, says, sealed_words};

const STEPS: usize = 6_000;
/// Bytes alive at most: well below one reservation.
const LIVE_BYTES_MAX: usize = 24 << 20;

pub(in super::super) fn run(bench: &mut Bench, seed: u64) -> Result<(), String> {
    let mut rng = Rng::new(seed);
    let memory = bench.memory();
    let mut results: Vec<(u64, Sealed<Words>)> = Vec::new();
    let mut live_bytes = 0;
    for step in 0..STEPS as u64 {
        while live_bytes > LIVE_BYTES_MAX || (!results.is_empty() && rng.below(5) < 2) {
            let (mark, result) = results.swap_remove(rng.below(results.len()));
            ensure(says(&result, mark), || "a result was overwritten".to_owned())?;
            live_bytes -= result.heap_size().reserved;
        }
        let words = match rng.below(100) {
            0 => rng.between(100_000, 400_000),
            1..=9 => rng.between(5_000, 50_000),
            _ => rng.between(10, 1_000),
        };
        let result = sealed_words(memory, words, step);
        live_bytes += result.heap_size().reserved;
        results.push((step, result));
        bench.operations += 1;
        if step % 500 == 0 {
            bench.check()?;
        }
    }
    rng.shuffle(&mut results);
    drop(results);
    bench.end_threads();
    bench.check()?;
    obtain_largest(bench)?;
    bench.shut_down_clean()
}

/// Everything is free, so one reservation must be whole again: its largest span without asking the page source.
fn obtain_largest(bench: &mut Bench) -> Result<(), String> {
    let before = bench.backend.stats();
    let span =
        bench.backend.acquire(RESERVE_BYTES_MAX).map_err(|fault| format!("the largest span: {fault}"))?;
    let after = bench.backend.stats();
    ensure(after.reservations == before.reservations, || {
        format!("{} reservations for {} bytes of free units", after.reservations, before.reserved_bytes)
    })?;
    ensure(span.bytes >= RESERVE_BYTES_MAX, || format!("a span of {} bytes", span.bytes))?;
    // SAFETY: must be acquired from this backend and unused afterwards. It was, just above, and nobody was told of it.
    unsafe { bench.backend.release(span) };
    bench.operations += 1;
    bench.check()
}
