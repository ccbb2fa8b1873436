//! Nor those of a slice in a scope, of which the line that asked for it is named too.
use compiler_alloc::Arena;

fn main() {
    let mut arena = Arena::new();
    arena.scope(|scope| {
        scope.alloc_slice_clone(&[String::new()]);
    });
}
