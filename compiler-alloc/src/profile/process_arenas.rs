//! Arenas over the process's backend: the constructors that need no memory argument.

use super::compiler_internal;
use crate::arena::{Arena, ArenaPool, CacheAccess, Family, PoolBuilder, RawArena, Scope, Sealed, Session};
use crate::arena::{ArenaMemory, InitError, TypedArena};
use crate::page_source::OsPages;
use crate::span::SpanCache;

/// The process's memory for arenas: the calling thread's span cache.
struct ProcessMemory;

// SAFETY: all lent caches must be over one backend; they are over the process's.
unsafe impl CacheAccess for ProcessMemory {
    type Pages = OsPages;

    fn with_cache<R>(&self, work: impl FnOnce(&mut SpanCache<'static, OsPages>) -> R) -> R {
        compiler_internal::with_cache(work)
    }

    fn thread_token(&self) -> usize {
        std::thread_local! {
            /// Its address tells threads apart that run at the same time.
            static TOKEN: u8 = const { 0 };
        }
        TOKEN.try_with(|token| core::ptr::from_ref(token).addr()).unwrap_or(0)
    }
}

/// What an arena without a memory argument uses.
pub fn arena_memory() -> &'static dyn ArenaMemory {
    &ProcessMemory
}

impl RawArena {
    /// An empty arena over the process's memory, with the default alignment. Takes nothing until the first
    /// allocation.
    pub const fn new() -> Self {
        Self::new_in(&ProcessMemory)
    }
}

impl Default for RawArena {
    fn default() -> Self {
        Self::new()
    }
}

impl Arena {
    /// An empty arena over the process's memory, with the default alignment. Takes nothing until the first
    /// allocation.
    pub const fn new() -> Self {
        Self::new_in(&ProcessMemory)
    }
}

impl<const MIN_ALIGN: usize> Arena<MIN_ALIGN> {
    /// An empty arena over the process's memory: `Arena::<16>::aligned()`. Takes nothing until the first
    /// allocation.
    pub const fn aligned() -> Self {
        Self::aligned_in(&ProcessMemory)
    }
}

impl<const MIN_ALIGN: usize> Default for Arena<MIN_ALIGN> {
    fn default() -> Self {
        Self::aligned()
    }
}

impl ArenaPool {
    /// A pool without arenas, over the process's memory.
    pub const fn new() -> Self {
        Self::new_in(&ProcessMemory)
    }
}

impl Default for ArenaPool {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> TypedArena<T> {
    /// An empty arena over the process's memory. Takes nothing until the first allocation.
    pub const fn new() -> Self {
        Self::new_in(&ProcessMemory)
    }

    /// All values, in the order in which they came, moved into a vector.
    pub fn into_vec(self) -> Vec<T> {
        self.into_iter().collect()
    }
}

impl<T> Default for TypedArena<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl Session {
    /// A session over the process's memory. Takes nothing until a pass allocates.
    pub const fn new() -> Self {
        Self::new_in(&ProcessMemory)
    }
}

impl Default for Session {
    fn default() -> Self {
        Self::new()
    }
}

impl<R: Family> Sealed<R>
where
    for<'z> R::Of<'z>: Send + Sync,
{
    /// Builds a result: everything that `f` allocates through the builder belongs to it.
    ///
    /// # Panics
    ///
    /// If memory is exhausted, or with `f`; then nothing is left behind.
    pub fn build(f: impl for<'a> FnOnce(&mut Scope<'a>) -> R::Of<'a>) -> Self {
        Self::build_in(&ProcessMemory, f)
    }

    /// Builds a result, if `f` does not answer an error.
    ///
    /// # Errors
    ///
    /// What `f` answers, or a fault if there is no memory for the result's record; then nothing is left behind.
    pub fn try_build<E>(
        f: impl for<'a> FnOnce(&mut Scope<'a>) -> Result<R::Of<'a>, E>,
    ) -> Result<Self, InitError<E>> {
        Self::try_build_in(&ProcessMemory, f)
    }

    /// Builds a result by several workers at once, each of which gets an arena from the builder.
    ///
    /// # Panics
    ///
    /// If memory is exhausted, or with `f`; then nothing is left behind.
    pub fn build_pool(f: impl for<'a, 'h> FnOnce(&'h PoolBuilder<'a>) -> R::Of<'a>) -> Self {
        Self::build_pool_in(&ProcessMemory, f)
    }

    /// Builds a result by several workers at once, if `f` does not answer an error.
    ///
    /// # Errors
    ///
    /// What `f` answers, or a fault if there is no memory for the result's record; then nothing is left behind.
    pub fn try_build_pool<E>(
        f: impl for<'a, 'h> FnOnce(&'h PoolBuilder<'a>) -> Result<R::Of<'a>, E>,
    ) -> Result<Self, InitError<E>> {
        Self::try_build_pool_in(&ProcessMemory, f)
    }
}
