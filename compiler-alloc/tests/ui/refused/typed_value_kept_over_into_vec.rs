//! Taking an arena apart moves its values, so none may be borrowed.
use compiler_alloc::TypedArena;

fn main() {
    let arena = TypedArena::new();
    let kept = &*arena.alloc(String::from("x"));
    let values = arena.into_vec();
    assert_eq!(values[0], *kept);
}
