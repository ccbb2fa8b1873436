//! A guard belongs to the worker that got it.
use compiler_alloc::ArenaPool;

fn main() {
    let pool = ArenaPool::new();
    let guard = pool.get();
    std::thread::scope(|threads| {
        threads.spawn(move || _ = guard.alloc(1));
    });
}
