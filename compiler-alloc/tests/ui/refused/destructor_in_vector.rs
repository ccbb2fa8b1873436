//! Nor does a vector.
use compiler_alloc::{Arena, ArenaVec};

fn main() {
    let arena = Arena::new();
    let mut list = ArenaVec::new();
    list.push(arena.as_scope(), vec![1]);
}
