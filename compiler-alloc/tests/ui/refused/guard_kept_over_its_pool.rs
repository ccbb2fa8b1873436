//! A guard cannot outlive its pool.
use compiler_alloc::ArenaPool;

fn main() {
    let guard = {
        let pool = ArenaPool::new();
        pool.get()
    };
    guard.alloc(1);
}
