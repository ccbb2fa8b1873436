//! An arena's least alignment is a power of two.
use compiler_alloc::Arena;

fn main() {
    let arena: Arena<3> = Arena::aligned();
    arena.alloc(1);
}
