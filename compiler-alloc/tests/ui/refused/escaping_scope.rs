//! A reference into a scope must not leave it.
use compiler_alloc::Arena;

fn main() {
    let mut arena = Arena::new();
    let escaped: &mut u32 = arena.scope(|s| s.alloc(1));
    *escaped += 1;
}
