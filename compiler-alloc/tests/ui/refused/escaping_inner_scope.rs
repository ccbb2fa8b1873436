//! A reference into an inner scope must not reach the outer one.
use compiler_alloc::Arena;

fn main() {
    let mut arena = Arena::new();
    arena.scope(|outer| {
        let escaped: &u32 = outer.scope(|inner| &*inner.alloc(1));
        assert_eq!(*escaped, 1);
    });
}
