//! Probes of what only compiler-alloc has: spans from the thread's cache, reset, scopes, pools, sealing, drain points with nothing
//! pending. Their twin is a loop that only looks at the subject's address.

use std::cell::UnsafeCell;

use compiler_alloc::page_source::MmapPages;
use compiler_alloc::profile::arena_memory;
use compiler_alloc::span::{Holder, SpanBackend, SpanCache};
use compiler_alloc::{Arena, ArenaPool, Family, Sealed, TypedArena};

use super::cases::{Case, find, keep};
use super::drive::{Arguments, Driver};

/// Turns of the short call: a thread publishes its account after 512 KiB of traffic, which is 64 turns with a part of 4 KiB, so the
/// cost of publishing is part of each operation's.
const TURNS: u32 = 64;

/// Turns of the short call of what moves no memory.
const TURNS_LOCAL: u32 = 8;

/// Turns of the short call of `seal`. The thread's account is published before each call, so that none of its 32 turns at most, a quarter of
/// a megabyte, has to do it in between.
const TURNS_SEAL: u32 = 16;

const fn looped(name: &'static str, turns: u32, what: &'static str) -> Case {
    Case { name, shape: super::ProbeShape::Loop(turns), what, face: super::Face::Rust }
}

/// Cases that only compiler-alloc answers.
pub const OWN_CASES: &[Case] = &[
    looped("span-cycle", TURNS, "acquire a span of 64 KiB from the thread's cache and give it back"),
    looped("part-cycle", TURNS, "take a part of 4 KiB from the thread's open span and give it back"),
    looped(
        "reset",
        TURNS_LOCAL,
        "one value of 24 bytes, then reset, which is a drain point; nothing is pending",
    ),
    looped("scope", TURNS_LOCAL, "enter and leave a scope in which one value of 24 bytes is made"),
    looped("pool-get", TURNS_LOCAL, "get the worker's arena from a pool and return it"),
    looped("arena-cycle", TURNS, "make an arena of the process, put 24 bytes into it, drop it"),
    looped("seal", TURNS_SEAL, "seal a result of 24 bytes and drop it"),
    looped("safepoint", TURNS_LOCAL, "the drain point at a pass boundary; nothing is pending"),
];

struct Words;

impl Family for Words {
    type Of<'a> = &'a [u64; 3];
    fn shorten<'s, 'l: 's>(long: &'s &'l [u64; 3]) -> &'s &'s [u64; 3] {
        long
    }
}

type Cache = SpanCache<'static, MmapPages>;

/// Drives the probe of an own case. `None` when the case is not one of them.
pub(super) fn drive(name: &str, driver: Driver) -> Option<()> {
    static BACKEND: SpanBackend<MmapPages> = SpanBackend::new(MmapPages::new());
    let case = find(name)?;
    let cache = UnsafeCell::new(SpanCache::new(&BACKEND));
    let arena = UnsafeCell::new(Arena::new());
    let pool = ArenaPool::new();
    let (cache, arena, pool) = (cache.get() as usize, arena.get() as usize, &raw const pool as usize);
    let (function, subject): (*const (), usize) = match name {
        "span-cycle" => (span_cycle as *const (), cache),
        "part-cycle" => (part_cycle as *const (), cache),
        "reset" => (reset as *const (), arena),
        "scope" => (scope as *const (), arena),
        "pool-get" => (pool_get as *const (), pool),
        "arena-cycle" => (arena_cycle as *const (), 0),
        "seal" => (seal as *const (), 0),
        "safepoint" => (safepoint as *const (), 0),
        _ => return None,
    };
    let arguments: Arguments = [subject, 0, 0, 0, 0];
    let before = || {
        if name == "seal" {
            arena_memory().trim(usize::MAX);
        }
    };
    // SAFETY: the function takes the subject it was paired with and a number of turns. Cache, arena and pool live to the end of this
    // function and are used by the probe alone.
    unsafe { driver.drive(function, arguments, case.shape, before) };
    Some(())
}

/// Drives the probe of a case that an arena of one type answers. Returns false when it is another.
pub(super) fn drive_typed(name: &str, driver: Driver) -> bool {
    let Some(case) = find(name) else { return false };
    let arena = TypedArena::<[u64; 3]>::new();
    // As the peer is asked for: room for every call.
    arena.reserve((1 << 20) / 24);
    let subject = &raw const arena as usize;
    let (function, arguments): (*const (), Arguments) = match name {
        "call-24" => (typed_call_24 as *const (), [subject, 0, 0, 0, 0]),
        "alloc-24" => (typed_loop_24 as *const (), [subject, 0, 2, 3, 0]),
        _ => return false,
    };
    // SAFETY: the function takes the leading integers it is paired with; the arena lives to the end of this function.
    unsafe { driver.drive(function, arguments, case.shape, || ()) };
    true
}

#[inline(never)]
extern "C" fn typed_call_24(arena: &TypedArena<[u64; 3]>) -> &[u64; 3] {
    arena.alloc([1, 2, 3])
}

#[inline(never)]
extern "C" fn typed_loop_24(arena: &TypedArena<[u64; 3]>, turns: u64, b: u64, c: u64) {
    for a in 0..turns {
        keep(&*arena.alloc([a, b, c]));
    }
}

/// Drives the twin of an own case. `None` when the case is not one of them.
pub(super) fn drive_twin(name: &str, driver: Driver) -> Option<()> {
    let case = OWN_CASES.iter().find(|case| case.name == name)?;
    let word = 0_u64;
    let arguments: Arguments = [&raw const word as usize, 0, 0, 0, 0];
    // SAFETY: the function takes a pointer, which it does not follow, and a number of turns.
    unsafe { driver.drive(nothing as *const (), arguments, case.shape, || ()) };
    Some(())
}

#[inline(never)]
extern "C" fn nothing(subject: *const u64, turns: u64) {
    for _ in 0..turns {
        keep(subject);
    }
}

#[inline(never)]
extern "C" fn span_cycle(cache: &mut Cache, turns: u64) {
    for _ in 0..turns {
        let Ok(span) = cache.acquire(64 << 10) else { return };
        keep(span.base.as_ptr());
        // SAFETY: must be acquired from this cache's backend and unused afterwards. Acquired above; nobody else knows it.
        unsafe { cache.release_span(span) };
    }
}

#[inline(never)]
extern "C" fn part_cycle(cache: &mut Cache, turns: u64) {
    for _ in 0..turns {
        let Ok(part) = cache.take(4096, 4096, Holder::Arena) else { return };
        keep(part.low.as_ptr());
        // SAFETY: must be taken from this backend for this holder, as it is, and unused afterwards. Taken above; nobody else knows it.
        unsafe { cache.release(part, Holder::Arena) };
    }
}

#[inline(never)]
extern "C" fn reset(arena: &mut Arena, turns: u64) {
    for a in 0..turns {
        keep(arena.alloc([a, a, a]));
        arena.reset();
    }
}

#[inline(never)]
extern "C" fn scope(arena: &mut Arena, turns: u64) {
    for a in 0..turns {
        arena.scope(|inner| keep(inner.alloc([a, a, a])));
    }
}

#[inline(never)]
extern "C" fn pool_get(pool: &ArenaPool, turns: u64) {
    for _ in 0..turns {
        keep(&raw const *pool.get());
    }
}

#[inline(never)]
extern "C" fn arena_cycle(_subject: usize, turns: u64) {
    for a in 0..turns {
        let arena = Arena::new();
        keep(arena.alloc([a, a, a]));
    }
}

#[inline(never)]
extern "C" fn seal(_subject: usize, turns: u64) {
    for a in 0..turns {
        keep(&raw const *Sealed::<Words>::build(|builder| &*builder.alloc([a, a, a])).get());
    }
}

#[inline(never)]
extern "C" fn safepoint(_subject: usize, turns: u64) {
    let memory = arena_memory();
    for _ in 0..turns {
        memory.safepoint();
        keep((&raw const *memory).cast::<u8>());
    }
}
