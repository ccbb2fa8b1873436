//! A typed arena of values that may not change threads may not either.
use compiler_alloc::TypedArena;
use std::rc::Rc;

fn main() {
    let arena = TypedArena::new();
    arena.alloc(Rc::new(1));
    std::thread::spawn(move || drop(arena));
}
