//! Nor may it leave through a variable outside.
use compiler_alloc::Arena;

fn main() {
    let mut arena = Arena::new();
    let mut kept: Option<&u32> = None;
    arena.scope(|s| kept = Some(s.alloc(1)));
    assert!(kept.is_some());
}
