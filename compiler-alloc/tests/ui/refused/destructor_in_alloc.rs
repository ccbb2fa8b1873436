//! `alloc` runs no destructor, so it refuses types that have one.
use compiler_alloc::Arena;

fn main() {
    let arena = Arena::new();
    arena.alloc(String::from("leaked"));
}
