//! A registered destructor may run on another thread, so the value must be `Send`.
use compiler_alloc::Arena;
use std::rc::Rc;

fn main() {
    let arena = Arena::new();
    arena.alloc_drop(Rc::new(1));
}
