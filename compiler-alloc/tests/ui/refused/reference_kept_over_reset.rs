//! A reference into an arena must not outlive a reset.
use compiler_alloc::Arena;

fn main() {
    let mut arena = Arena::new();
    let kept = arena.alloc(1);
    arena.reset();
    *kept += 1;
}
