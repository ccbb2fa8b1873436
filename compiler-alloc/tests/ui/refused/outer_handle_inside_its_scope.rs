//! The outer handle is locked while an inner scope is open.
use compiler_alloc::Arena;

fn main() {
    let mut arena = Arena::new();
    arena.scope(|outer| {
        outer.scope(|inner| {
            inner.alloc(1);
            outer.alloc(2);
        });
    });
}
