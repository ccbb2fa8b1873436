//! The arenas that are measured, behind one trait, so that every subject runs the same source.

#[cfg(feature = "arena-peers")]
mod blink;
#[cfg(feature = "arena-peers")]
mod bump_scope;
#[cfg(feature = "peers")]
mod bumpalo;
#[cfg(feature = "arena-peers")]
pub mod direction;
#[cfg(feature = "arena-peers")]
mod multitude;
mod nothing;
mod ours;
#[cfg(feature = "peers")]
mod oxc;
#[cfg(feature = "arena-peers")]
mod typed_arena;

pub use nothing::Nothing;
pub use ours::ArenaAhead;
#[cfg(feature = "arena-peers")]
pub use typed_arena::TypedWords;

use std::alloc::Layout;
use std::ptr::NonNull;

/// What a workload asks for that only fills arenas and drops them.
pub trait Values {
    /// An empty arena.
    fn empty() -> Self;

    /// Moves `value` into the arena.
    fn put<T: Copy>(&self, value: T) -> &T;
}

impl<S: Subject> Values for S {
    fn empty() -> Self {
        S::with_capacity(0)
    }

    #[inline(always)]
    fn put<T: Copy>(&self, value: T) -> &T {
        self.alloc(value)
    }
}

/// An arena as the workloads use it. Every method is inlined into its caller, as a user's calls would be.
pub trait Subject {
    /// A vector that grows in the arena.
    type List<'a, T: Copy + 'a>
    where
        Self: 'a;

    /// An arena that serves `bytes` without asking for a new chunk, where the peer can promise that.
    fn with_capacity(bytes: usize) -> Self;

    /// Moves `value` into the arena.
    fn alloc<T: Copy>(&self, value: T) -> &T;

    /// Memory of a layout that is known only at run time.
    fn alloc_layout(&self, layout: Layout) -> NonNull<u8>;

    /// Copies a string.
    fn alloc_str(&self, text: &str) -> &str;

    /// Copies a slice.
    fn alloc_slice_copy<T: Copy>(&self, items: &[T]) -> &[T];

    /// An empty list.
    fn list<'a, T: Copy + 'a>(&'a self) -> Self::List<'a, T>;

    /// Appends to a list.
    fn push<'a, T: Copy + 'a>(&'a self, list: &mut Self::List<'a, T>, item: T);

    /// Ends a list; its items stay as long as the arena.
    fn freeze<'a, T: Copy + 'a>(&'a self, list: Self::List<'a, T>) -> &'a [T];

    /// Empties the arena, in the way the peer offers that keeps most memory.
    fn reset(&mut self);

    /// Bytes the arena holds from below, where it can tell.
    fn reserved_bytes(&self) -> usize;
}
