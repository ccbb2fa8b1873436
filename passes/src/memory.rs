//! Where the passes get their memory from: one trait, so that the same passes run over different allocators.
//!
//! Three lifetimes are asked for, and nothing else:
//!
//! | memory | lives until | used for |
//! |---|---|---|
//! | [`Memory::Pool`] | the [`Session`](crate::pipeline) ends | files and their tokens, spellings: read by all workers |
//! | [`Memory::Arena`] as the unit's | the unit ends | macro numbers, expanded tokens in flight, spellings made by `#` and `##` |
//! | [`Memory::Arena`] as scratch | one top-level expansion or directive ends | macro arguments, replacement lists, the context stack |
//!
//! Everything the passes put there is `Copy`, so no destructor is ever skipped.

pub mod arenas;
#[cfg(feature = "bumpalo")]
pub mod bump;
pub mod grow;
pub mod shared_table;

pub use compiler_alloc::arena::ChunkCounts;
pub use grow::GrowVec;

/// A place to allocate from whose allocations live for `'r`.
pub trait Region<'r> {
    /// A slice of `len` copies of `value`.
    fn slice_fill<T: Copy>(&self, len: usize, value: T) -> &'r mut [T];

    /// A copy of `items`.
    fn slice_copy<T: Copy>(&self, items: &[T]) -> &'r mut [T];

    /// A slice of `len` items made by `make`. `T` must not need a destructor.
    fn slice_with<T>(&self, len: usize, make: impl FnMut(usize) -> T) -> &'r mut [T];
}

/// One thread's memory that is emptied as a whole.
pub trait UnitArena: Default + Send {
    /// What [`UnitArena::region`] lends.
    type Region<'a>: Region<'a> + Copy
    where
        Self: 'a;
    /// What a scope lends.
    type Scope<'s>: Region<'s>
    where
        Self: 's;

    /// The arena as a place to allocate from.
    fn region(&self) -> Self::Region<'_>;

    /// Runs `body` with a region of its own, and takes back everything allocated there when it returns.
    fn scope<O>(&mut self, body: impl for<'s> FnOnce(&Self::Scope<'s>) -> O) -> O
    where
        Self: 'static;

    /// Takes back every allocation and keeps the memory for the next use.
    fn reset(&mut self);

    /// Bytes allocated since the last reset.
    fn used_bytes(&self) -> usize;

    /// Bytes held from below.
    fn reserved_bytes(&self) -> usize;

    /// Where its memory came from since this was last asked; zero if the family does not know.
    fn take_chunks(&self) -> ChunkCounts;
}

/// A family of allocators for the passes.
pub trait Memory: 'static {
    /// The name in reports.
    const NAME: &'static str;
    /// Shared by all workers of a session.
    type Pool: Default + Sync + Send;
    /// One worker's exclusive handle to the pool; its allocations live as long as the pool is borrowed.
    type Guard<'p>: Region<'p>;
    /// A worker's own memory.
    type Arena: UnitArena + 'static;

    /// An exclusive handle to `pool` for the calling worker.
    fn guard(pool: &Self::Pool) -> Self::Guard<'_>;

    /// Bytes allocated through `guard`'s part of the pool so far.
    fn guard_used_bytes(guard: &Self::Guard<'_>) -> usize;

    /// Bytes `guard`'s part of the pool holds from below.
    fn guard_reserved_bytes(guard: &Self::Guard<'_>) -> usize;

    /// Where the memory of `guard`'s part of the pool came from since this was last asked; zero if the family does not know.
    fn guard_take_chunks(guard: &Self::Guard<'_>) -> ChunkCounts;

    /// Takes back every allocation and keeps the memory for the next session.
    fn reset_pool(pool: &mut Self::Pool);
}
