//! An outer vector must not take its buffer from an inner scope.
use compiler_alloc::{Arena, ArenaVec};

fn main() {
    let mut arena = Arena::new();
    arena.scope(|outer| {
        let mut list = ArenaVec::new();
        list.push(outer, 1);
        outer.scope(|inner| list.push(inner, 2));
        assert_eq!(list.len(), 2);
    });
}
