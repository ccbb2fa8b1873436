//! Two threads must not allocate from one arena.
use compiler_alloc::Arena;

fn main() {
    let arena = Arena::new();
    std::thread::scope(|threads| {
        threads.spawn(|| _ = arena.alloc(1));
    });
}
