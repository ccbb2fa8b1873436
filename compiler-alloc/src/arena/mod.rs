//! Arenas: memory for one purpose that goes back all at once.
//!
//! # Which lifetime an allocation has
//!
//! | handle | results live | until |
//! |---|---|---|
//! | [`Arena`] | for the borrow of the handle | the arena is reset, enters a scope, or is dropped |
//! | [`Scope<'s>`](Scope) | for the brand `'s` | the closure that received the scope ends |
//! | [`PoolGuard<'pool>`](PoolGuard) | for the borrow of the pool | the pool is reset or dropped |
//! | [`Sealed`] | as long as any of its clones | the last clone is dropped |
//!
//! Nothing is freed one by one, and only [`Scope::alloc_drop`] and [`TypedArena`] run destructors. Layers, bottom-up: `bump`
//! (arithmetic), `memory` (what is asked of below), `chunk` (list of pieces), `window` (the fast path), `raw` (layouts), `scope` and `alloc`
//! (types and brands), collections, `pool`, `sealed`, `session`.

mod alloc;
#[cfg(any(
    feature = "allocator-api2",
    feature = "allocator-api2-03",
    feature = "allocator-api2-04",
    feature = "allocator_api"
))]
mod allocator;
// Public for the drop-in packages in compat/, which stand on the same chunks, window and marks; no promise to others.
#[doc(hidden)]
pub mod bump;
#[doc(hidden)]
pub mod chunk;
mod drops;
mod fingerprinted;
#[cfg(all(test, loom))]
mod loom_models;
mod map;
mod memory;
#[doc(hidden)]
pub mod poison;
mod pool;
mod raw;
mod scope;
mod sealed;
#[cfg(feature = "std")]
mod session;
mod spans;
mod text;
mod typed;
mod vec;
#[doc(hidden)]
pub mod window;

pub use alloc::InitError;
pub(crate) use alloc::NoDrop;
pub use fingerprinted::Fingerprinted;
pub use map::{ArenaMap, FoldHasher};
pub use memory::{ArenaMemory, PIECE_ALIGN, Piece};
pub use pool::{ArenaPool, PoolGuard, SHARE_BYTES_KEPT};
pub use raw::{ChunkCounts, RawArena, ResetMode};
pub use scope::{InnerScope, Scope};
pub use sealed::{BuilderGuard, Family, HeapSize, PoolBuilder, Sealed};
#[cfg(feature = "std")]
pub use session::{Pass, PassAccount, Round, SESSION_IDLE_BYTES, Scratch, Session, Worker};
pub use spans::{CacheAccess, Prefault, Spans};
pub use text::ArenaStr;
pub use typed::{IntoIter as TypedIntoIter, IterMut as TypedIterMut, TypedArena};
pub use vec::ArenaVec;

/// The fewest and the most bytes that an arena asks for at a time, unless an object needs more: twice as much as it has, at most 16 KiB,
/// or an eighth of what it has if that is more.
pub const CHUNK_STEP_BYTES: [usize; 2] = chunk::STEP_BYTES;

/// Objects of more bytes than this, padding included, do not go into a chunk but get a piece of memory of their own.
pub const CHUNKED_OBJECT_BYTES_MAX: usize = chunk::LARGE_BYTES;

use crate::fault::Fault;
use core::alloc::Layout;
use core::fmt;
use core::ptr::NonNull;

/// One thread's bump region.
///
/// Allocating moves a pointer down and compares it with a limit. [`reset`](Self::reset) forgets everything in
/// constant time and keeps the memory warm. `MIN_ALIGN`, a power of two from 1 to 16, is the alignment that every
/// object gets at least; objects that need no more than it cost one instruction less.
///
/// `Send`, not `Sync`: hand it over, do not share it. For several threads use [`ArenaPool`].
///
/// ```
/// use compiler_alloc::Arena;
/// let mut arena = Arena::new();
/// let name: &str = arena.alloc_str("main");
/// let pair = arena.alloc((name, 1));
/// pair.1 += 1;
/// assert_eq!(*pair, ("main", 2));
/// arena.reset();
/// assert_eq!(arena.used_bytes(), 0);
/// ```
///
/// Values with destructors are refused:
///
/// ```compile_fail
/// let arena = compiler_alloc::Arena::new();
/// arena.alloc(String::new());
/// ```
#[repr(transparent)]
pub struct Arena<const MIN_ALIGN: usize = 8> {
    raw: RawArena<MIN_ALIGN>,
}

impl Arena {
    /// An empty arena over `memory`, with the default alignment. Takes nothing until the first allocation.
    pub const fn new_in(memory: &'static dyn ArenaMemory) -> Self {
        Self::aligned_in(memory)
    }
}

#[allow(clippy::mut_from_ref, reason = "every call hands out memory that nothing else refers to")]
impl<const MIN_ALIGN: usize> Arena<MIN_ALIGN> {
    /// An empty arena over `memory`, with the alignment that its type states. Takes nothing until the first allocation.
    pub const fn aligned_in(memory: &'static dyn ArenaMemory) -> Self {
        const { RawArena::<MIN_ALIGN>::CHECK };
        Self { raw: RawArena::aligned_in(memory) }
    }

    /// The arena as the handle that passes and collections take. What is allocated through it lives for this borrow
    /// of the arena.
    #[inline(always)]
    pub fn as_scope<'a>(&'a self) -> &'a Scope<'a, MIN_ALIGN> {
        // SAFETY: what is allocated must stay in place for 'a; resetting, rewinding and dropping need the exclusive
        // borrow or the value, which cannot be had while 'a lasts.
        unsafe { Scope::lend(&self.raw) }
    }

    /// The arena without its types: layouts only.
    #[inline(always)]
    pub fn raw(&self) -> &RawArena<MIN_ALIGN> {
        &self.raw
    }

    /// Runs `f` with a scope; when it returns or panics, everything allocated inside is gone and its memory is
    /// ready for reuse. What the arena held before stays.
    ///
    /// # Panics
    ///
    /// Goes on with a panic of `f` or of a registered destructor.
    #[inline]
    pub fn scope<'env, O>(&mut self, f: impl for<'i> FnOnce(&mut InnerScope<'i, 'env, MIN_ALIGN>) -> O) -> O {
        scope::enter(&mut self.raw, f)
    }

    /// Moves `value` into the arena. Four instructions and one conditional branch beyond storing the value.
    ///
    /// Refuses types with destructors at compile time.
    ///
    /// # Panics
    ///
    /// If memory or a limit is exhausted.
    #[inline(always)]
    pub fn alloc<T>(&self, value: T) -> &mut T {
        const { NoDrop::<T>::CHECK };
        self.as_scope().alloc(value)
    }

    /// As [`alloc`](Self::alloc), without panicking.
    ///
    /// # Errors
    ///
    /// A fault if memory or a limit is exhausted; what was allocated is as it was.
    #[inline(always)]
    pub fn try_alloc<T>(&self, value: T) -> Result<&mut T, Fault> {
        const { NoDrop::<T>::CHECK };
        self.as_scope().try_alloc(value)
    }

    /// Puts the result of `f` into the arena; the compiler can build it in place. `f` may allocate from the same
    /// arena.
    ///
    /// # Panics
    ///
    /// If memory or a limit is exhausted.
    #[inline(always)]
    pub fn alloc_with<T>(&self, f: impl FnOnce() -> T) -> &mut T {
        const { NoDrop::<T>::CHECK };
        self.as_scope().alloc_with(f)
    }

    /// As [`alloc_with`](Self::alloc_with), without panicking.
    ///
    /// # Errors
    ///
    /// A fault if memory or a limit is exhausted; what was allocated is as it was.
    #[inline(always)]
    pub fn try_alloc_with<T>(&self, f: impl FnOnce() -> T) -> Result<&mut T, Fault> {
        const { NoDrop::<T>::CHECK };
        self.as_scope().try_alloc_with(f)
    }

    /// Copies a string into the arena.
    ///
    /// # Panics
    ///
    /// If memory or a limit is exhausted.
    #[inline(always)]
    pub fn alloc_str(&self, text: &str) -> &mut str {
        self.as_scope().alloc_str(text)
    }

    /// As [`alloc_str`](Self::alloc_str), without panicking.
    ///
    /// # Errors
    ///
    /// A fault if memory or a limit is exhausted; what was allocated is as it was.
    #[inline(always)]
    pub fn try_alloc_str(&self, text: &str) -> Result<&mut str, Fault> {
        self.as_scope().try_alloc_str(text)
    }

    /// Copies a slice into the arena.
    ///
    /// # Panics
    ///
    /// If memory or a limit is exhausted.
    #[inline(always)]
    pub fn alloc_slice_copy<T: Copy>(&self, values: &[T]) -> &mut [T] {
        self.as_scope().alloc_slice_copy(values)
    }

    /// As [`alloc_slice_copy`](Self::alloc_slice_copy), without panicking.
    ///
    /// # Errors
    ///
    /// A fault if memory or a limit is exhausted; what was allocated is as it was.
    #[inline(always)]
    pub fn try_alloc_slice_copy<T: Copy>(&self, values: &[T]) -> Result<&mut [T], Fault> {
        self.as_scope().try_alloc_slice_copy(values)
    }

    /// Clones a slice's elements into the arena.
    ///
    /// # Panics
    ///
    /// If memory or a limit is exhausted.
    #[inline]
    pub fn alloc_slice_clone<T: Clone>(&self, values: &[T]) -> &mut [T] {
        const { NoDrop::<T>::CHECK };
        self.as_scope().alloc_slice_clone(values)
    }

    /// As [`alloc_slice_clone`](Self::alloc_slice_clone), without panicking.
    ///
    /// # Errors
    ///
    /// A fault if memory or a limit is exhausted; what was allocated is as it was.
    #[inline]
    pub fn try_alloc_slice_clone<T: Clone>(&self, values: &[T]) -> Result<&mut [T], Fault> {
        const { NoDrop::<T>::CHECK };
        self.as_scope().try_alloc_slice_clone(values)
    }

    /// A slice of `len` values, each the result of `f` for its index. `f` may allocate from the same arena.
    ///
    /// # Panics
    ///
    /// If memory or a limit is exhausted.
    #[inline]
    pub fn alloc_slice_fill_with<T>(&self, len: usize, f: impl FnMut(usize) -> T) -> &mut [T] {
        const { NoDrop::<T>::CHECK };
        self.as_scope().alloc_slice_fill_with(len, f)
    }

    /// As [`alloc_slice_fill_with`](Self::alloc_slice_fill_with), without panicking.
    ///
    /// # Errors
    ///
    /// A fault if memory or a limit is exhausted; what was allocated is as it was.
    #[inline]
    pub fn try_alloc_slice_fill_with<T>(
        &self,
        len: usize,
        f: impl FnMut(usize) -> T,
    ) -> Result<&mut [T], Fault> {
        const { NoDrop::<T>::CHECK };
        self.as_scope().try_alloc_slice_fill_with(len, f)
    }

    /// A slice of what `values` yields, at most as many as its `len()` says. The iterator may allocate from the
    /// same arena.
    ///
    /// # Panics
    ///
    /// If memory or a limit is exhausted.
    #[inline]
    pub fn alloc_slice_fill_iter<T>(
        &self,
        values: impl IntoIterator<Item = T, IntoIter: ExactSizeIterator>,
    ) -> &mut [T] {
        const { NoDrop::<T>::CHECK };
        self.as_scope().alloc_slice_fill_iter(values)
    }

    /// As [`alloc_slice_fill_iter`](Self::alloc_slice_fill_iter), without panicking.
    ///
    /// # Errors
    ///
    /// A fault if memory or a limit is exhausted; what was allocated is as it was.
    #[inline]
    pub fn try_alloc_slice_fill_iter<T>(
        &self,
        values: impl IntoIterator<Item = T, IntoIter: ExactSizeIterator>,
    ) -> Result<&mut [T], Fault> {
        const { NoDrop::<T>::CHECK };
        self.as_scope().try_alloc_slice_fill_iter(values)
    }

    /// Room for `layout`; the content is unspecified. It stays in place until the arena is reset, rewound or
    /// dropped.
    ///
    /// # Panics
    ///
    /// If memory or a limit is exhausted.
    #[inline(always)]
    pub fn alloc_layout(&self, layout: Layout) -> NonNull<u8> {
        self.as_scope().alloc_layout(layout)
    }

    /// As [`alloc_layout`](Self::alloc_layout), without panicking.
    ///
    /// # Errors
    ///
    /// A fault if memory or a limit is exhausted; what was allocated is as it was.
    #[inline(always)]
    pub fn try_alloc_layout(&self, layout: Layout) -> Result<NonNull<u8>, Fault> {
        self.as_scope().try_alloc_layout(layout)
    }

    /// Puts what `f` answers into the arena, or answers its error; then its room is free again, if nothing was
    /// allocated since.
    ///
    /// # Errors
    ///
    /// What `f` answers.
    ///
    /// # Panics
    ///
    /// If memory or a limit is exhausted; `f` is not called then.
    #[inline]
    pub fn alloc_try_with<T, E>(&self, f: impl FnOnce() -> Result<T, E>) -> Result<&mut T, E> {
        const { NoDrop::<T>::CHECK };
        self.as_scope().alloc_try_with(f)
    }

    /// As [`alloc_try_with`](Self::alloc_try_with), without panicking.
    ///
    /// # Errors
    ///
    /// What `f` answers, or a fault if memory or a limit is exhausted; `f` is not called then.
    #[inline]
    pub fn try_alloc_try_with<T, E>(&self, f: impl FnOnce() -> Result<T, E>) -> Result<&mut T, InitError<E>> {
        const { NoDrop::<T>::CHECK };
        self.as_scope().try_alloc_try_with(f)
    }

    /// Moves `value` into the arena and runs its destructor when the arena is reset or dropped; see
    /// [`Scope::alloc_drop`].
    ///
    /// # Panics
    ///
    /// If memory or a limit is exhausted; then `value` is dropped.
    #[inline]
    pub fn alloc_drop<T: Send + 'static>(&self, value: T) -> &mut T {
        self.as_scope().alloc_drop(value)
    }

    /// As [`alloc_drop`](Self::alloc_drop), without panicking.
    ///
    /// # Errors
    ///
    /// A fault if memory or a limit is exhausted, together with the value.
    #[inline]
    pub fn try_alloc_drop<T: Send + 'static>(&self, value: T) -> Result<&mut T, (Fault, T)> {
        self.as_scope().try_alloc_drop(value)
    }

    /// Forgets everything that was allocated, runs registered destructors, and keeps all chunks warm; the first
    /// chunk stays the first. Constant time, apart from destructors and objects that had a piece of their own. A
    /// drain point.
    #[inline]
    pub fn reset(&mut self) {
        self.raw.reset();
    }

    /// Forgets everything that was allocated, runs registered destructors, and treats the memory as `mode` says. A
    /// drain point.
    #[inline]
    pub fn reset_with(&mut self, mode: ResetMode) {
        self.raw.reset_with(mode);
    }

    /// Bytes handed out since the last reset, padding included. Constant time.
    #[inline]
    pub fn used_bytes(&self) -> usize {
        self.raw.used_bytes()
    }

    /// Bytes of memory held, used or not. Constant time.
    #[inline]
    pub fn reserved_bytes(&self) -> usize {
        self.raw.reserved_bytes()
    }

    /// From now on at most `bytes` bytes may be used; `None` lifts the limit. A limit stays over resets. Costs the fast
    /// path nothing.
    #[inline]
    pub fn set_limit(&self, bytes: Option<usize>) {
        self.raw.set_limit(bytes);
    }
}

impl<const MIN_ALIGN: usize> fmt::Debug for Arena<MIN_ALIGN> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arena")
            .field("used_bytes", &self.used_bytes())
            .field("reserved_bytes", &self.reserved_bytes())
            .finish()
    }
}
