//! Iterating lends every value exclusively, so none may be borrowed meanwhile.
use compiler_alloc::TypedArena;

fn main() {
    let mut arena = TypedArena::new();
    let kept = arena.alloc(String::from("x"));
    for value in arena.iter_mut() {
        value.push('y');
    }
    kept.push('z');
}
