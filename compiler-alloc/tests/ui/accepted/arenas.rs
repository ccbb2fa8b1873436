//! The accepted twins of the refused programs about arenas, pools and destructors.
use compiler_alloc::{Arena, ArenaPool};
use std::sync::Arc;

fn main() {
    let mut arena = Arena::new();
    let copied = {
        let kept = arena.alloc(1);
        *kept
    };
    arena.reset();
    // Handing over, as opposed to sharing.
    let arena = std::thread::spawn(move || {
        arena.alloc(copied);
        arena
    })
    .join()
    .unwrap();
    // A destructor that runs, of a value that owns what it holds and may change threads.
    arena.alloc_drop(String::from("owned"));
    arena.alloc_drop(Arc::new(1));
    arena.alloc("no destructor");
    let pool = ArenaPool::new();
    // A guard of each thread's own, as opposed to a sent one.
    std::thread::scope(|threads| {
        threads.spawn(|| _ = pool.get().alloc(1));
    });
}
