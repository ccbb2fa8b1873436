//! A value of a typed arena cannot outlive the arena.
use compiler_alloc::TypedArena;

fn main() {
    let kept = {
        let arena = TypedArena::new();
        arena.alloc(String::from("x"))
    };
    assert_eq!(kept, "x");
}
