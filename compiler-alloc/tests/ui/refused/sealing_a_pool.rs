//! A result cannot hold a pool: it is `Sync`, but it has a destructor.
use compiler_alloc::{ArenaPool, Family, Sealed};

struct Bad;
impl Family for Bad {
    type Of<'a> = ArenaPool;
    fn shorten<'s, 'l: 's>(long: &'s ArenaPool) -> &'s ArenaPool {
        long
    }
}

fn main() {
    Sealed::<Bad>::build(|_| ArenaPool::new());
}
