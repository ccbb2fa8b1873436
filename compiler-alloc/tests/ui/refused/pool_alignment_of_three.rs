//! Nor may the arenas of a pool have another alignment, even if nobody asks it for one.
use compiler_alloc::ArenaPool;
use compiler_alloc::profile::arena_memory;

fn main() {
    let _pool: ArenaPool<3> = ArenaPool::aligned_in(arena_memory());
}
