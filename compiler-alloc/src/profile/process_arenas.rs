//! Arenas over the process's backend: the constructors that need no memory argument.

use super::compiler_internal;
use crate::arena::{Arena, ArenaPool, CacheAccess, Family, PoolBuilder, RawArena, Scope, Sealed, Session};
use crate::arena::{ArenaMemory, InitError, NoDrop, Prefault, TypedArena};
use crate::page_source::OsPages;
use crate::span::SpanCache;
use core::ptr::NonNull;

/// Bytes of the smallest piece to which [`arena_memory_ahead`] gives its pages at once: the chunks of an arena that has a mebibyte, and
/// large objects. An arena that never gets so far pays nothing.
pub const PREFAULT_BYTES_MIN: usize = 128 << 10;

/// The process's memory for arenas: the calling thread's span cache. A type for each way to get pages, so that the usual one has no code
/// for the other.
struct ProcessMemory<const IS_AHEAD: bool = false>;

// SAFETY: all lent caches must be over one backend; they are over the process's.
unsafe impl<const IS_AHEAD: bool> CacheAccess for ProcessMemory<IS_AHEAD> {
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

    fn prefault(&self) -> Prefault {
        if IS_AHEAD { Prefault::Ahead { bytes_min: PREFAULT_BYTES_MIN } } else { Prefault::OnTouch }
    }
}

/// The memory of everything that is made without a memory argument.
const PROCESS: ProcessMemory = ProcessMemory;

/// What an arena without a memory argument uses.
pub fn arena_memory() -> &'static dyn ArenaMemory {
    &PROCESS
}

/// The same memory, but pieces of [`PREFAULT_BYTES_MIN`] or more that nobody used before get all their pages when they are taken, by one
/// system call instead of a page fault each; see [`Prefault`]. For big passes in a process that does not live long enough to reuse its
/// memory: where passes repeat, memory is warm and there is nothing to gain.
///
/// ```
/// use compiler_alloc::profile::arena_memory_ahead;
/// use compiler_alloc::{Arena, ArenaPool, Session};
/// let arena = Arena::new_in(arena_memory_ahead());
/// let numbers = arena.alloc_slice_fill_with(1 << 20, |index| index as u32);
/// assert_eq!(numbers[7], 7);
/// let (_pool, _session) = (ArenaPool::new_in(arena_memory_ahead()), Session::new_in(arena_memory_ahead()));
/// ```
pub fn arena_memory_ahead() -> &'static dyn ArenaMemory {
    &ProcessMemory::<true>
}

impl RawArena {
    /// An empty arena over the process's memory, with the default alignment. Takes nothing until the first
    /// allocation.
    pub const fn new() -> Self {
        Self::new_in(&PROCESS)
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
        Self::new_in(&PROCESS)
    }
}

impl<const MIN_ALIGN: usize> Arena<MIN_ALIGN> {
    /// An empty arena over the process's memory: `Arena::<16>::aligned()`. Takes nothing until the first
    /// allocation.
    pub const fn aligned() -> Self {
        const { RawArena::<MIN_ALIGN>::CHECK };
        Self::aligned_in(&PROCESS)
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
        Self::new_in(&PROCESS)
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
        Self::new_in(&PROCESS)
    }

    /// All values, in the order in which they came, moved into a vector.
    pub fn into_vec(self) -> Vec<T> {
        let len = self.len();
        let mut values = Vec::with_capacity(len);
        // SAFETY: there must be room for all values, outside of the arena; the vector was made for them.
        unsafe { self.move_to(NonNull::from(values.spare_capacity_mut()).cast()) };
        // SAFETY: so many values must be initialised; they were just moved there.
        unsafe { values.set_len(len) };
        values
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
        Self::new_in(&PROCESS)
    }
}

impl Default for Session {
    fn default() -> Self {
        Self::new()
    }
}

impl<R: Family> Sealed<R> {
    /// Builds a result: everything that `f` allocates through the builder belongs to it.
    ///
    /// # Panics
    ///
    /// If memory is exhausted, or with `f`; then nothing is left behind.
    pub fn build(f: impl for<'a> FnOnce(&mut Scope<'a>) -> R::Of<'a>) -> Self
    where
        for<'z> R::Of<'z>: Send + Sync,
    {
        const { NoDrop::<R::Of<'static>>::RESULT };
        Self::build_in(&PROCESS, f)
    }

    /// Builds a result, if `f` does not answer an error.
    ///
    /// # Errors
    ///
    /// What `f` answers, or a fault if there is no memory for the result's record; then nothing is left behind.
    pub fn try_build<E>(
        f: impl for<'a> FnOnce(&mut Scope<'a>) -> Result<R::Of<'a>, E>,
    ) -> Result<Self, InitError<E>>
    where
        for<'z> R::Of<'z>: Send + Sync,
    {
        const { NoDrop::<R::Of<'static>>::RESULT };
        Self::try_build_in(&PROCESS, f)
    }

    /// Builds a result by several workers at once, each of which gets an arena from the builder.
    ///
    /// # Panics
    ///
    /// If memory is exhausted, or with `f`; then nothing is left behind.
    pub fn build_pool(f: impl for<'a, 'h> FnOnce(&'h PoolBuilder<'a>) -> R::Of<'a>) -> Self
    where
        for<'z> R::Of<'z>: Send + Sync,
    {
        const { NoDrop::<R::Of<'static>>::RESULT };
        Self::build_pool_in(&PROCESS, f)
    }

    /// Builds a result by several workers at once, if `f` does not answer an error.
    ///
    /// # Errors
    ///
    /// What `f` answers, or a fault if there is no memory for the result's record; then nothing is left behind.
    pub fn try_build_pool<E>(
        f: impl for<'a, 'h> FnOnce(&'h PoolBuilder<'a>) -> Result<R::Of<'a>, E>,
    ) -> Result<Self, InitError<E>>
    where
        for<'z> R::Of<'z>: Send + Sync,
    {
        const { NoDrop::<R::Of<'static>>::RESULT };
        Self::try_build_pool_in(&PROCESS, f)
    }
}
