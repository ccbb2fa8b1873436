//! A tiny compiler in one session: a parallel pass with per-worker scratch, a pass over its result, a sealed result that outlives the
//! session, and the accounts of every pass. Run: `cargo run -p compiler-alloc --example parse_in_parallel`.

use compiler_alloc::{ArenaMap, ArenaVec, Family, Scope, Sealed, Session};
use rayon::prelude::*;

/// An expression: numbers, names and sums.
#[derive(Clone, Copy)]
enum Tree<'a> {
    Number(i64),
    Name(&'a str),
    Sum(&'a [Tree<'a>]),
}

/// Parses `1 + x + 2`. The result lives in `out`; the list of pieces in `scratch`.
fn parse<'a>(source: &str, scratch: &Scope, out: &Scope<'a>) -> Tree<'a> {
    let mut pieces = ArenaVec::new();
    for piece in source.split('+') {
        pieces.push(scratch, piece.trim());
    }
    let leaf = |piece: &&str| piece.parse().map_or_else(|_| Tree::Name(out.alloc_str(piece)), Tree::Number);
    Tree::Sum(out.alloc_slice_fill_iter(pieces.iter().map(leaf)))
}

/// How often each name is used, by name.
struct Uses<'a>(ArenaMap<'a, &'a str, u32>);
struct UsesFamily;
impl Family for UsesFamily {
    type Of<'a> = Uses<'a>;
    fn shorten<'s, 'l: 's>(long: &'s Uses<'l>) -> &'s Uses<'s> {
        long
    }
}

/// Counts names. Everything it keeps is copied into the sealed result.
fn count_names(trees: &[Tree]) -> Sealed<UsesFamily> {
    Sealed::<UsesFamily>::build(|b| {
        let mut uses = ArenaMap::new();
        for tree in trees {
            let Tree::Sum(terms) = tree else { continue };
            for term in *terms {
                if let Tree::Name(name) = term {
                    match uses.get_mut(*name) {
                        Some(count) => *count += 1,
                        None => _ = uses.insert(b, &*b.alloc_str(name), 1),
                    }
                }
            }
        }
        Uses(uses)
    })
}

/// Runs the example.
pub fn main() {
    let sources: Vec<String> = (0..10_000).map(|n| format!("x{} + {n} + y + 7", n % 5)).collect();
    let mut session = Session::new();
    let (sum, uses) = session.round(|round| {
        let trees: Vec<Tree> = round.pass("parse", |pass| {
            sources
                .par_iter()
                .map_init(
                    || pass.worker(),
                    |worker, source| worker.scope(|scratch, out| parse(source, scratch, out)),
                )
                .collect()
        });
        let sum = round.pass("sum", |_| {
            let terms = trees.iter().flat_map(|tree| match tree {
                Tree::Sum(terms) => *terms,
                _ => &[],
            });
            terms.map(|term| if let Tree::Number(number) = term { *number } else { 0 }).sum::<i64>()
        });
        (sum, round.pass("count names", |_| count_names(&trees)))
    });
    println!("sum of all numbers: {sum}");
    println!("{:<12} {:>10} {:>12} {:>10}", "pass", "out bytes", "scratch peak", "boundaries");
    for account in session.accounts() {
        println!(
            "{:<12} {:>10} {:>12} {:>10}",
            account.name, account.out_used_bytes, account.scratch_peak_bytes, account.boundaries
        );
    }
    drop(session);
    println!("after the session: {:?}, {:?}", uses.get().0, uses.heap_size());
}
