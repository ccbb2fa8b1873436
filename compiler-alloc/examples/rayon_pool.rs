//! Workers of rayon that build one program in a pool of arenas, pass after pass. Shows three things: results of all workers have the
//! lifetime of the pool and are read by everybody after the pass; a worker's temporaries end with its scope; after the first rounds a
//! reset keeps the memory, so later rounds take none. Run: `cargo run -p compiler-alloc --example rayon_pool`.

use compiler_alloc::{ArenaMap, ArenaPool, ArenaVec, Scope};
use rayon::prelude::*;

/// A function of the program: its name, and the names it calls.
struct Function<'a> {
    name: &'a str,
    calls: &'a [&'a str],
}

/// Parses `name: callee callee ..`. The function lives in `out`.
fn parse<'a>(source: &str, out: &Scope<'a>) -> Function<'a> {
    let (name, callees) = source.split_once(": ").unwrap_or((source, ""));
    let mut calls = ArenaVec::new();
    for callee in callees.split_whitespace() {
        calls.push(out, &*out.alloc_str(callee));
    }
    Function { name: out.alloc_str(name), calls: calls.into_slice() }
}

/// How many different functions one function calls; the table of those seen is gone afterwards.
fn different_callees(function: &Function<'_>, scratch: &Scope<'_>) -> usize {
    let mut seen = ArenaMap::new();
    for callee in function.calls {
        seen.insert(scratch, scratch.alloc_str(callee), ());
    }
    seen.len()
}

/// Runs the example.
pub fn main() {
    let sources: Vec<String> =
        (0..20_000).map(|n| format!("f{n}: f{} f{} f{}", n / 2, n / 3, n / 2)).collect();
    let mut pool = ArenaPool::new();
    let mut reserved = Vec::new();
    for round in 0..4 {
        let functions: Vec<Function> =
            sources.par_iter().map_init(|| pool.get(), |arena, source| parse(source, arena)).collect();
        // The second pass reads what all workers of the first one built, and has temporaries of its own.
        let edges: usize = functions
            .par_iter()
            .map_init(
                || pool.get(),
                |arena, function| arena.scope(|scratch| different_callees(function, scratch)),
            )
            .sum();
        assert_eq!(functions[7].name, "f7");
        assert_eq!(edges, 39_997, "f0, f1 and f3 call one function, all others two");
        // The pass boundary. `functions` cannot be used any more: with a use below, this line would not compile.
        pool.reset();
        reserved.push(pool.reserved_bytes());
        println!("round {round}: {edges} edges; the pool holds {} KiB", reserved[round] >> 10);
    }
    assert!(reserved[3] > 0, "a reset keeps memory for the next round");
}
