//! Nor may one into a pool.
use compiler_alloc::ArenaPool;

fn main() {
    let mut pool = ArenaPool::new();
    let kept = pool.get().alloc(1);
    pool.reset();
    *kept += 1;
}
