//! A guard of a parallel build is one worker's, as a pool's is.
use compiler_alloc::arena::PoolBuilder;

fn build(pool: &PoolBuilder<'_>) {
    let guard = pool.get();
    std::thread::scope(|threads| {
        threads.spawn(move || _ = guard.alloc(1));
    });
}

fn main() {
    _ = build;
}
