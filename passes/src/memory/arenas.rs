//! Our arenas: a pool for what workers share, an arena a worker for a unit, and scopes of another for expansions.

use super::{ChunkCounts, Memory, Region, UnitArena};
use compiler_alloc::{Arena, ArenaPool, PoolGuard, ResetMode, Scope};

/// compiler-alloc's arenas behind [`Memory`].
pub struct ArenaMemory;

impl<'s> Region<'s> for Scope<'s> {
    #[inline]
    fn slice_fill<T: Copy>(&self, len: usize, value: T) -> &'s mut [T] {
        self.alloc_slice_fill_with(len, |_| value)
    }
    #[inline]
    fn slice_copy<T: Copy>(&self, items: &[T]) -> &'s mut [T] {
        self.alloc_slice_copy(items)
    }
    #[inline]
    fn slice_with<T>(&self, len: usize, make: impl FnMut(usize) -> T) -> &'s mut [T] {
        self.alloc_slice_fill_with(len, make)
    }
}

impl<'s> Region<'s> for &'s Scope<'s> {
    #[inline]
    fn slice_fill<T: Copy>(&self, len: usize, value: T) -> &'s mut [T] {
        (**self).slice_fill(len, value)
    }
    #[inline]
    fn slice_copy<T: Copy>(&self, items: &[T]) -> &'s mut [T] {
        (**self).slice_copy(items)
    }
    #[inline]
    fn slice_with<T>(&self, len: usize, make: impl FnMut(usize) -> T) -> &'s mut [T] {
        (**self).slice_with(len, make)
    }
}

impl<'p> Region<'p> for PoolGuard<'p> {
    #[inline]
    fn slice_fill<T: Copy>(&self, len: usize, value: T) -> &'p mut [T] {
        (**self).slice_fill(len, value)
    }
    #[inline]
    fn slice_copy<T: Copy>(&self, items: &[T]) -> &'p mut [T] {
        (**self).slice_copy(items)
    }
    #[inline]
    fn slice_with<T>(&self, len: usize, make: impl FnMut(usize) -> T) -> &'p mut [T] {
        (**self).slice_with(len, make)
    }
}

/// An arena that is reset between units and rewound between expansions.
#[derive(Default)]
pub struct ArenaOfUnit(Arena);

impl UnitArena for ArenaOfUnit {
    type Region<'a> = &'a Scope<'a>;
    type Scope<'s> = Scope<'s>;

    fn region(&self) -> &Scope<'_> {
        self.0.as_scope()
    }
    #[inline]
    fn scope<O>(&mut self, body: impl for<'s> FnOnce(&Scope<'s>) -> O) -> O {
        self.0.scope(|inner| body(inner))
    }
    fn reset(&mut self) {
        self.0.reset();
    }
    fn used_bytes(&self) -> usize {
        self.0.used_bytes()
    }
    fn reserved_bytes(&self) -> usize {
        self.0.reserved_bytes()
    }
    fn take_chunks(&self) -> ChunkCounts {
        self.0.raw().take_counts()
    }
}

impl Memory for ArenaMemory {
    const NAME: &'static str = "compiler-alloc";
    type Pool = ArenaPool;
    type Guard<'p> = PoolGuard<'p>;
    type Arena = ArenaOfUnit;

    fn guard(pool: &ArenaPool) -> PoolGuard<'_> {
        pool.get()
    }
    fn guard_used_bytes(guard: &PoolGuard<'_>) -> usize {
        guard.used_bytes()
    }
    fn guard_reserved_bytes(guard: &PoolGuard<'_>) -> usize {
        guard.reserved_bytes()
    }
    fn guard_take_chunks(guard: &PoolGuard<'_>) -> ChunkCounts {
        guard.raw().take_counts()
    }
    /// Hands all spans back, warm, for whichever worker needs them next; arenas that kept theirs would each grow to the most they ever held.
    fn reset_pool(pool: &mut ArenaPool) {
        pool.reset_with(ResetMode::Release);
    }
}
