//! Profile `compiler-internal`: arenas, scopes and results sealed by other threads, then the shutdown of the process's backend.

use compiler_alloc::profile::compiler_internal;
use compiler_alloc::{Arena, Family, Scope, Sealed};
use profile_programs::{is_leaking, report};

struct Words;

impl Family for Words {
    type Of<'a> = &'a [&'a str];

    fn shorten<'s, 'l: 's>(long: &'s Self::Of<'l>) -> &'s Self::Of<'s> {
        long
    }
}

fn words<'a>(out: &Scope<'a>) -> &'a [&'a str] {
    out.alloc_slice_fill_with(5_000, |number| &*out.alloc_str(&format!("word {number}")))
}

fn main() -> std::process::ExitCode {
    let mut arena: Arena = Arena::new();
    for _ in 0..3 {
        let bytes: usize = arena.scope(|scope| words(scope).iter().map(|word| word.len()).sum());
        assert!(bytes > 5_000);
        arena.reset();
    }
    drop(arena);
    let threads: Vec<_> =
        (0..3).map(|_| std::thread::spawn(|| Sealed::<Words>::build(|out| words(out)))).collect();
    let results: Vec<_> =
        threads.into_iter().map(|thread| thread.join().expect("a pass ends well")).collect();
    assert!(results.iter().all(|result| result.get()[4_999] == "word 4999"));
    if is_leaking() {
        std::mem::forget(results);
    } else {
        drop(results);
    }
    let end = compiler_internal::shutdown();
    report("compiler-internal", end.live_bytes, end.leak())
}
