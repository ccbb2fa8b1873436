//! One thread's arenas: allocate, nest scopes, reset in every mode, drop.

use bench_measured::rng::Rng;
use compiler_alloc::{Arena, ResetMode};

use super::super::bench::{Bench, ensure};

const STEPS: usize = 20_000;
const ARENAS: usize = 12;

/// Objects of the current life of an arena whose contents are looked at before they go.
#[derive(Default)]
struct Marks(Vec<(*const u8, usize, u8)>);

impl Marks {
    fn put(&mut self, bytes: &mut [u8], mark: u8) {
        bytes.fill(mark);
        self.0.push((bytes.as_ptr(), bytes.len(), mark));
    }

    fn check_and_forget(&mut self) -> Result<(), String> {
        for (first, len, mark) in self.0.drain(..) {
            // SAFETY: must be len live bytes. They were allocated in an arena that was neither reset nor dropped since: its owner calls
            // this before it does either.
            let bytes = unsafe { std::slice::from_raw_parts(first, len) };
            ensure(bytes.iter().all(|&byte| byte == mark), || {
                format!("an object of {len} bytes was overwritten")
            })?;
        }
        Ok(())
    }
}

pub(in super::super) fn run(bench: &mut Bench, seed: u64) -> Result<(), String> {
    let mut rng = Rng::new(seed);
    let memory = bench.memory();
    let mut arenas: Vec<(Arena, Marks)> =
        (0..ARENAS).map(|_| (Arena::new_in(memory), Marks::default())).collect();
    for step in 0..STEPS {
        let (arena, marks) = &mut arenas[rng.below(ARENAS)];
        match rng.below(100) {
            0..=89 => {
                let len = size(&mut rng);
                marks.put(arena.alloc_slice_fill_with(len, |_| 0_u8), step as u8);
            }
            90..=93 => nest(arena, &mut rng, 3)?,
            94..=96 => {
                marks.check_and_forget()?;
                let kept = rng.below(1 << 20);
                arena.reset_with(
                    [ResetMode::Keep, ResetMode::Release, ResetMode::KeepUpTo(kept)][rng.below(3)],
                );
                ensure(arena.used_bytes() == 0, || {
                    format!("{} bytes in use after reset", arena.used_bytes())
                })?;
            }
            _ => {
                marks.check_and_forget()?;
                *arena = Arena::new_in(memory);
            }
        }
        bench.operations += 1;
        if step % 1000 == 0 {
            bench.check()?;
        }
    }
    for (_, marks) in &mut arenas {
        marks.check_and_forget()?;
    }
    drop(arenas);
    ensure(bench.backend.stats().live_bytes() == 0, || "bytes alive after every arena is gone".to_owned())?;
    bench.shut_down_clean()
}

/// Mostly small, sometimes a page, rarely more than a chunk.
fn size(rng: &mut Rng) -> usize {
    match rng.below(50) {
        0 => rng.between(10_000, 200_000),
        1..=5 => rng.between(500, 5_000),
        _ => rng.between(0, 200),
    }
}

/// Scopes within scopes; the outer one's object must survive the inner ones.
fn nest(arena: &mut Arena, rng: &mut Rng, depth: usize) -> Result<(), String> {
    let before = arena.used_bytes();
    let result = arena.scope(|outer| {
        let text = outer.alloc_str("survives");
        for _ in 0..depth {
            outer.scope(|inner| {
                let len = size(rng);
                inner.alloc_slice_fill_with(len, |index| index as u8);
            });
        }
        ensure(text == "survives", || "an inner scope overwrote an object of the outer one".to_owned())
    });
    ensure(arena.used_bytes() == before, || "a scope did not return to where it began".to_owned())?;
    result
}
