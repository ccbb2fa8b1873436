//! Memory runs out: refused before anything is published, everything still valid, and the same request succeeds once memory is back.

use bench_measured::rng::Rng;
use compiler_alloc::Arena;
use compiler_alloc::fault::{Fault, FaultCode};

use super::super::bench::{Bench, ensure};

/// Requests to the page source after which the scenario must have got through.
const REQUESTS_MAX: usize = 2_000;
/// Bytes of the limited arena.
const LIMIT_BYTES: usize = 1 << 20;

/// Refuses the page source's requests from the first on, from the second on, ... until the scenario needs no more of them.
pub(in super::super) fn page_source(bench: &mut Bench, seed: u64) -> Result<(), String> {
    for passed in 0..REQUESTS_MAX {
        bench.renew();
        // From here on every request: a backend that is refused much asks for less before it gives up.
        bench.pages().refuse_requests(passed, usize::MAX);
        let was_refused = run_once(bench, seed)?;
        bench.pages().refuse_nothing();
        let refused_below = bench.backend.stats().refused_requests;
        bench.shut_down_clean()?;
        // A refusal below need not reach the arena: a shorter run may do. The loop ends when there was none.
        if refused_below == 0 {
            return ensure(!was_refused, || "refused although the page source refused nothing".to_owned());
        }
    }
    Err(format!("the scenario asks the page source more than {REQUESTS_MAX} times"))
}

/// Small and large objects in two arenas; true if one of them was refused.
fn run_once(bench: &mut Bench, seed: u64) -> Result<bool, String> {
    let mut rng = Rng::new(seed);
    let memory = bench.memory();
    let arenas: [Arena; 2] = [Arena::new_in(memory), Arena::new_in(memory)];
    let mut was_refused = false;
    for step in 0..60_u64 {
        let arena = &arenas[rng.below(2)];
        let words = if rng.below(6) == 0 { rng.between(70_000, 400_000) } else { rng.between(1, 20_000) };
        let used = arena.used_bytes();
        bench.operations += 1;
        let fill = |_| step;
        let list = match arena.try_alloc_slice_fill_with(words, fill) {
            Ok(list) => list,
            Err(fault) => {
                ensure(!was_refused, || format!("refused although the page source gives again: {fault}"))?;
                was_refused = true;
                bench.pages().refuse_nothing();
                bench.note_refused(&fault);
                ensure(fault.code == FaultCode::PageExhaustion, || format!("the wrong code: {fault}"))?;
                ensure(arena.used_bytes() == used, || "a refused request left bytes in use".to_owned())?;
                bench.check()?;
                bench.operations += 1;
                let again = arena.try_alloc_slice_fill_with(words, fill);
                again.map_err(|fault| format!("refused again although memory is back: {fault}"))?
            }
        };
        ensure(list.len() == words && list.iter().all(|&word| word == step), || {
            "a list is not whole".to_owned()
        })?;
    }
    Ok(was_refused)
}

/// Fills a limited arena until it refuses, resets it, and does so again.
pub(in super::super) fn limit(bench: &mut Bench, seed: u64) -> Result<(), String> {
    let mut rng = Rng::new(seed);
    let mut arena: Arena = Arena::new_in(bench.memory());
    arena.set_limit(Some(LIMIT_BYTES));
    for _ in 0..20 {
        let fault = fill_to_the_limit(bench, &arena, &mut rng);
        bench.note_refused(&fault);
        ensure(fault.code == FaultCode::Exhaustion, || format!("the wrong code: {fault}"))?;
        ensure(arena.used_bytes() <= LIMIT_BYTES, || format!("{} bytes in use", arena.used_bytes()))?;
        ensure(arena.used_bytes() > LIMIT_BYTES / 2, || "refused long before the limit".to_owned())?;
        bench.check()?;
        arena.reset();
    }
    arena.set_limit(None);
    bench.operations += 1;
    arena
        .try_alloc_slice_fill_with(LIMIT_BYTES, |_| 0_u64)
        .map_err(|fault| format!("without a limit: {fault}"))?;
    drop(arena);
    bench.shut_down_clean()
}

fn fill_to_the_limit(bench: &mut Bench, arena: &Arena, rng: &mut Rng) -> Fault {
    loop {
        bench.operations += 1;
        let bytes = rng.between(1, 40_000);
        if let Err(fault) = arena.try_alloc_slice_fill_with(bytes, |_| 0_u8) {
            return fault;
        }
    }
}
