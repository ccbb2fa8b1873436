//! The peer in measurements: the same passes over bumpalo, used the way its users do (`reset` between units).

use super::{ChunkCounts, Memory, Region, UnitArena};
use bumpalo::Bump;
use std::marker::PhantomData;
use std::sync::{Mutex, PoisonError};

/// bumpalo behind [`Memory`].
pub struct BumpMemory;

/// One `Bump` per concurrent user; a `Bump` is with one guard or idle here, and is freed with the pool.
#[derive(Default)]
pub struct BumpPool {
    // Boxed, because references into a guard's `Bump` must outlive its moves between guard and pool.
    #[allow(clippy::vec_box, reason = "a `Bump` must not move while its guard's allocations live")]
    idle: Mutex<Vec<Box<Bump>>>,
}

/// One worker's exclusive `Bump` of a [`BumpPool`]; it goes back to the pool when the guard is dropped.
pub struct BumpGuard<'p> {
    pool: &'p BumpPool,
    bump: Option<Box<Bump>>,
    // A guard is one thread's.
    _one_thread: PhantomData<*const ()>,
}

impl<'p> BumpGuard<'p> {
    fn bump(&self) -> &'p Bump {
        let bump: &Bump = self.bump.as_deref().expect("the bump is taken only by drop");
        // SAFETY: the allocations must stay valid for 'p and be made by one thread at a time. The box is owned by
        // this guard and moves, without its heap memory moving, to the pool in `drop`; the pool, borrowed for 'p,
        // frees or resets no `Bump` before 'p ends, and a forgotten guard leaks it. The guard is not `Send`.
        unsafe { std::mem::transmute::<&Bump, &'p Bump>(bump) }
    }
}

impl Drop for BumpGuard<'_> {
    fn drop(&mut self) {
        if let Some(bump) = self.bump.take() {
            self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner).push(bump);
        }
    }
}

impl<'p> Region<'p> for BumpGuard<'p> {
    fn slice_fill<T: Copy>(&self, len: usize, value: T) -> &'p mut [T] {
        self.bump().alloc_slice_fill_copy(len, value)
    }
    fn slice_copy<T: Copy>(&self, items: &[T]) -> &'p mut [T] {
        self.bump().alloc_slice_copy(items)
    }
    fn slice_with<T>(&self, len: usize, make: impl FnMut(usize) -> T) -> &'p mut [T] {
        const { assert!(!std::mem::needs_drop::<T>()) };
        self.bump().alloc_slice_fill_with(len, make)
    }
}

impl<'r> Region<'r> for &'r Bump {
    fn slice_fill<T: Copy>(&self, len: usize, value: T) -> &'r mut [T] {
        (**self).alloc_slice_fill_copy(len, value)
    }
    fn slice_copy<T: Copy>(&self, items: &[T]) -> &'r mut [T] {
        (**self).alloc_slice_copy(items)
    }
    fn slice_with<T>(&self, len: usize, make: impl FnMut(usize) -> T) -> &'r mut [T] {
        const { assert!(!std::mem::needs_drop::<T>()) };
        (**self).alloc_slice_fill_with(len, make)
    }
}

/// A `Bump` that is reset between units and expansions.
#[derive(Default)]
pub struct BumpArena(Bump);

impl UnitArena for BumpArena {
    type Region<'a> = &'a Bump;
    type Scope<'s> = &'s Bump;

    fn region(&self) -> &Bump {
        &self.0
    }
    fn scope<O>(&mut self, body: impl for<'s> FnOnce(&&'s Bump) -> O) -> O {
        let result = body(&&self.0);
        self.0.reset();
        result
    }
    fn reset(&mut self) {
        self.0.reset();
    }
    fn used_bytes(&self) -> usize {
        // bumpalo counts whole chunks; what is free in the last one was not used.
        self.0.allocated_bytes().saturating_sub(self.0.chunk_capacity())
    }
    fn reserved_bytes(&self) -> usize {
        self.0.allocated_bytes_including_metadata()
    }
    fn take_chunks(&self) -> ChunkCounts {
        ChunkCounts::default()
    }
}

impl Memory for BumpMemory {
    const NAME: &'static str = "bumpalo";
    type Pool = BumpPool;
    type Guard<'p> = BumpGuard<'p>;
    type Arena = BumpArena;

    fn guard(pool: &BumpPool) -> BumpGuard<'_> {
        let idle = pool.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        BumpGuard { pool, bump: Some(idle.unwrap_or_default()), _one_thread: PhantomData }
    }
    fn guard_used_bytes(guard: &BumpGuard<'_>) -> usize {
        guard.bump().allocated_bytes().saturating_sub(guard.bump().chunk_capacity())
    }
    fn guard_reserved_bytes(guard: &BumpGuard<'_>) -> usize {
        guard.bump().allocated_bytes_including_metadata()
    }
    fn guard_take_chunks(_guard: &BumpGuard<'_>) -> ChunkCounts {
        ChunkCounts::default()
    }
    fn reset_pool(pool: &mut BumpPool) {
        let idle = pool.idle.get_mut().unwrap_or_else(PoisonError::into_inner);
        idle.iter_mut().for_each(|bump| bump.reset());
    }
}
