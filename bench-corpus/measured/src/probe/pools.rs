//! How a worker finds its arena for one task in the peers' pools (TARGETS A7): get it and return it. Their arenas are empty, so what a
//! peer does to an arena that comes back full is not counted.

use std::cell::Cell;
use std::sync::atomic::{Ordering, compiler_fence};

use blink_alloc::{BlinkAlloc, BlinkAllocCache};
use bump_scope::BumpPool;
use bumpalo::Bump;
use bumpalo_herd::Herd;
use oxc_allocator::AllocatorPool;

use super::cases::{find, keep};
use super::drive::{Arguments, Driver};

/// The case that a pool answers.
const CASE: &str = "pool-get";

/// Drives a pool's probe. Returns false for every other case.
fn drive<P>(name: &str, driver: Driver, pool: &P, probe: extern "C" fn(&P, u64)) -> bool {
    let Some(case) = find(name).filter(|case| case.name == CASE) else { return false };
    let arguments: Arguments = [&raw const *pool as usize, 0, 0, 0, 0];
    // SAFETY: the function takes a pool and a number of turns; its type says that this is its pool, which lives to the end of this call.
    unsafe { driver.drive(probe as *const (), arguments, case.shape, || ()) };
    true
}

/// An arena of each thread's own, found by a constant thread-local: what a pool costs that gives nothing back.
pub(super) fn drive_thread_local(name: &str, driver: Driver) -> bool {
    drive(name, driver, &(), local_get)
}

/// bumpalo's pool.
pub(super) fn drive_herd(name: &str, driver: Driver) -> bool {
    drive(name, driver, &Herd::new(), herd_get)
}

/// oxc's pool.
pub(super) fn drive_oxc(name: &str, driver: Driver) -> bool {
    drive(name, driver, &AllocatorPool::new(2), oxc_get)
}

/// bump-scope's pool.
pub(super) fn drive_bump_scope(name: &str, driver: Driver) -> bool {
    drive(name, driver, &BumpPool::new(), bump_scope_get)
}

/// blink-alloc's store of arenas.
pub(super) fn drive_blink(name: &str, driver: Driver) -> bool {
    let cache = BlinkAllocCache::new();
    cache.push(BlinkAlloc::new());
    drive(name, driver, &cache, blink_get)
}

#[inline(never)]
extern "C" fn local_get(_: &(), turns: u64) {
    std::thread_local! {
        static MINE: Cell<*const Bump> = const { Cell::new(std::ptr::null()) };
    }
    // Somebody knows the address, and might have changed the pointer at each fence: so every turn reads it again.
    MINE.with(|mine| _ = std::hint::black_box(mine));
    for _ in 0..turns {
        compiler_fence(Ordering::SeqCst);
        keep(MINE.get());
    }
}

#[inline(never)]
extern "C" fn herd_get(herd: &Herd, turns: u64) {
    for _ in 0..turns {
        keep(&raw const *herd.get().as_bump());
    }
}

#[inline(never)]
extern "C" fn oxc_get(pool: &AllocatorPool, turns: u64) {
    for _ in 0..turns {
        keep(&raw const *pool.get());
    }
}

#[inline(never)]
extern "C" fn bump_scope_get(pool: &BumpPool, turns: u64) {
    for _ in 0..turns {
        keep(&raw const *pool.get());
    }
}

#[inline(never)]
extern "C" fn blink_get(cache: &BlinkAllocCache, turns: u64) {
    for _ in 0..turns {
        if let Some(arena) = cache.pop() {
            keep(&raw const arena);
            cache.push(arena);
        }
    }
}
