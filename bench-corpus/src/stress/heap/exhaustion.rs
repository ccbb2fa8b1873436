//! Memory runs out below a heap: a null pointer, nothing changed, and the same request succeeds once memory is back.

use bench_measured::rng::Rng;
use compiler_alloc::fault::FaultCode;

use super::super::bench::{Bench, ensure};
use super::{Block, Thread, Way, end, heap};

/// Requests to the page source after which the scenario must have got through.
const REQUESTS_MAX: usize = 2_000;
/// More than any idle run of the scenario.
const REFUSED_BYTES: usize = 64 << 20;
/// Bytes of a request that no machine serves.
const IMPOSSIBLE_BYTES: usize = 1 << 46;

/// Refuses the page source's requests from the first on, from the second on, ... until the scenario needs no more of them.
pub(in super::super) fn page_source<W: Way>(bench: &mut Bench, seed: u64) -> Result<(), String> {
    for passed in 0..REQUESTS_MAX {
        bench.renew();
        bench.pages().refuse_requests(passed, usize::MAX);
        let was_refused = run_once::<W>(bench, seed)?;
        if bench.backend.stats().refused_requests == 0 {
            return ensure(!was_refused, || "refused although the page source refused nothing".to_owned());
        }
    }
    Err(format!("the scenario asks the page source more than {REQUESTS_MAX} times"))
}

/// Small and large blocks of one thread, once with a refusal in between; true if there was one.
fn run_once<W: Way>(bench: &mut Bench, seed: u64) -> Result<bool, String> {
    let heap = heap::<W>(bench);
    let mut thread = Thread::new(heap, 1);
    let mut rng = Rng::new(seed);
    let mut kept: Vec<Block> = Vec::new();
    let mut was_refused = false;
    for step in 0..200_u8 {
        let bytes = if rng.below(5) == 0 { rng.between(40_000, 4_000_000) } else { rng.between(1, 20_000) };
        bench.operations += 1;
        let block = match thread.alloc(bytes, step) {
            Some(block) => block,
            None => {
                ensure(!was_refused, || "refused although the page source gives again".to_owned())?;
                was_refused = true;
                note_refusal(bench)?;
                thread.check()?;
                bench.check()?;
                bench.pages().refuse_nothing();
                bench.operations += 1;
                thread.alloc(bytes, step).ok_or("refused again although memory is back")?
            }
        };
        kept.push(block);
    }
    bench.pages().refuse_nothing();
    for block in kept {
        ensure(block.is_whole(), || format!("a block of {} bytes was changed", block.bytes()))?;
        thread.free(block);
    }
    drop(thread);
    end(bench, heap)?;
    Ok(was_refused)
}

/// A null pointer has no code; the backend says why it refuses, to whoever asks it for so much again.
fn note_refusal(bench: &mut Bench) -> Result<(), String> {
    match bench.backend.acquire(REFUSED_BYTES) {
        Ok(_) => Err("the heap had no memory, but the backend has".to_owned()),
        Err(fault) => {
            bench.note_refused(&fault);
            ensure(fault.code == FaultCode::PageExhaustion, || format!("the wrong code: {fault}"))
        }
    }
}

/// Requests that cannot be served leave a busy heap as it is, and a smaller one succeeds.
pub(in super::super) fn large<W: Way>(bench: &mut Bench, seed: u64) -> Result<(), String> {
    let heap = heap::<W>(bench);
    let mut thread = Thread::new(heap, 1);
    let mut rng = Rng::new(seed);
    for step in 0..50_u8 {
        let small = thread.alloc(rng.between(1, 3_000), step).ok_or("no memory")?;
        let bytes = IMPOSSIBLE_BYTES + rng.below(1 << 20);
        bench.operations += 1;
        ensure(thread.alloc(bytes, step).is_none(), || format!("{bytes} bytes were promised"))?;
        match bench.backend.acquire(bytes) {
            Ok(_) => return Err("the backend promised them".to_owned()),
            Err(fault) => bench.note_refused(&fault),
        }
        let large = thread.alloc(rng.between(40_000, 400_000), step).ok_or("no memory")?;
        let small = match thread.resize(small, bytes) {
            Ok(_) => return Err("a block grew beyond memory".to_owned()),
            Err(small) => small,
        };
        ensure(small.is_whole() && large.is_whole(), || "a refused request changed a block".to_owned())?;
        thread.free(small);
        thread.free(large);
        bench.check()?;
    }
    drop(thread);
    end(bench, heap)
}
