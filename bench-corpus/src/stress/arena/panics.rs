//! Panics inside the arena's own calls: closures that build values, closures of scopes, destructors.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use bench_measured::rng::Rng;
use compiler_alloc::{Arena, Sealed};

use super::super::bench::{Bench, ensure};
use super::remote_free::Words;

/// Rounds of the case.
const ROUNDS: usize = 3_000;

/// What the closures panic with: no message, no hook.
struct OnPurpose;

/// Unwinds without saying so on standard error.
fn give_up() -> ! {
    resume_unwind(Box::new(OnPurpose))
}

/// Gives up while it is dropped, if it is live.
struct Grenade(bool);

impl Drop for Grenade {
    fn drop(&mut self) {
        if std::mem::take(&mut self.0) {
            give_up();
        }
    }
}

/// Every kind of call in turn, with a panic in the middle; afterwards the arena serves on and nothing is lost.
pub(in super::super) fn run(bench: &mut Bench, seed: u64) -> Result<(), String> {
    let mut rng = Rng::new(seed);
    let memory = bench.memory();
    let mut arena: Arena = Arena::new_in(memory);
    let mut caught = 0;
    for round in 0..ROUNDS {
        let length = rng.between(1, 3_000);
        let at = rng.below(length);
        let outcome = catch_unwind(AssertUnwindSafe(|| match round % 5 {
            0 => {
                arena.alloc_slice_fill_with(length, |index| if index == at { give_up() } else { index });
            }
            1 => arena.scope(|scope| {
                scope.alloc_slice_fill_with(length, |index| index);
                give_up()
            }),
            2 => {
                arena.alloc_with(|| -> [u64; 9] { give_up() });
            }
            3 => {
                // One panic while another unwinds would end the process; the destructors after this one still run.
                for is_live in [false, true, false] {
                    arena.alloc_drop(Grenade(is_live));
                }
                arena.reset();
            }
            _ => {
                Sealed::<Words>::build_in(memory, |builder| {
                    builder.alloc_slice_fill_with(length, |index| index as u64);
                    give_up()
                });
            }
        }));
        caught += usize::from(outcome.is_err());
        bench.operations += 1;
        let kept = arena.alloc_slice_fill_with(100, |index| index + round);
        ensure(kept.iter().enumerate().all(|(index, &word)| word == index + round), || {
            format!("round {round}: a slice after a panic is not whole")
        })?;
        if round % 50 == 0 {
            arena.reset();
            bench.check()?;
        }
    }
    ensure(caught == ROUNDS, || format!("{caught} of {ROUNDS} panics came through"))?;
    drop(arena);
    bench.shut_down_clean()
}
