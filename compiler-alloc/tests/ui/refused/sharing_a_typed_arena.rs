//! A typed arena has one user at a time.
use compiler_alloc::TypedArena;

fn main() {
    let arena = TypedArena::new();
    std::thread::scope(|threads| {
        threads.spawn(|| _ = arena.alloc(1));
        threads.spawn(|| _ = arena.alloc(2));
    });
}
