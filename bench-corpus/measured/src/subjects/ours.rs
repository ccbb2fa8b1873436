//! compiler-alloc, with its default minimum alignment of 8 and with 1, and with pages ahead.

use std::alloc::Layout;
use std::ptr::NonNull;

use compiler_alloc::profile::arena_memory_ahead;
use compiler_alloc::{Arena, ArenaVec, ResetMode};

use super::Subject;

impl<const MIN_ALIGN: usize> Subject for Arena<MIN_ALIGN> {
    type List<'a, T: Copy + 'a> = ArenaVec<'a, T>;

    /// There is nothing to promise: an arena grows by steps out of warm memory.
    fn with_capacity(_bytes: usize) -> Self {
        Arena::aligned()
    }

    #[inline(always)]
    fn alloc<T: Copy>(&self, value: T) -> &T {
        Arena::alloc(self, value)
    }

    #[inline(always)]
    fn alloc_layout(&self, layout: Layout) -> NonNull<u8> {
        Arena::alloc_layout(self, layout)
    }

    #[inline(always)]
    fn alloc_str(&self, text: &str) -> &str {
        Arena::alloc_str(self, text)
    }

    #[inline(always)]
    fn alloc_slice_copy<T: Copy>(&self, items: &[T]) -> &[T] {
        Arena::alloc_slice_copy(self, items)
    }

    #[inline(always)]
    fn list<'a, T: Copy + 'a>(&'a self) -> ArenaVec<'a, T> {
        ArenaVec::new()
    }

    #[inline(always)]
    fn push<'a, T: Copy + 'a>(&'a self, list: &mut ArenaVec<'a, T>, item: T) {
        list.push(self.as_scope(), item);
    }

    #[inline(always)]
    fn freeze<'a, T: Copy + 'a>(&'a self, list: ArenaVec<'a, T>) -> &'a [T] {
        list.into_slice()
    }

    fn reset(&mut self) {
        self.reset_with(ResetMode::Keep);
    }

    fn reserved_bytes(&self) -> usize {
        Arena::reserved_bytes(self)
    }
}

/// Our arena over memory that gets its pages ahead.
pub struct ArenaAhead(Arena);

impl Subject for ArenaAhead {
    type List<'a, T: Copy + 'a> = ArenaVec<'a, T>;

    fn with_capacity(_bytes: usize) -> Self {
        Self(Arena::new_in(arena_memory_ahead()))
    }

    #[inline(always)]
    fn alloc<T: Copy>(&self, value: T) -> &T {
        self.0.alloc(value)
    }

    #[inline(always)]
    fn alloc_layout(&self, layout: Layout) -> NonNull<u8> {
        self.0.alloc_layout(layout)
    }

    #[inline(always)]
    fn alloc_str(&self, text: &str) -> &str {
        self.0.alloc_str(text)
    }

    #[inline(always)]
    fn alloc_slice_copy<T: Copy>(&self, items: &[T]) -> &[T] {
        self.0.alloc_slice_copy(items)
    }

    #[inline(always)]
    fn list<'a, T: Copy + 'a>(&'a self) -> ArenaVec<'a, T> {
        ArenaVec::new()
    }

    #[inline(always)]
    fn push<'a, T: Copy + 'a>(&'a self, list: &mut ArenaVec<'a, T>, item: T) {
        list.push(self.0.as_scope(), item);
    }

    #[inline(always)]
    fn freeze<'a, T: Copy + 'a>(&'a self, list: ArenaVec<'a, T>) -> &'a [T] {
        list.into_slice()
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn reserved_bytes(&self) -> usize {
        self.0.reserved_bytes()
    }
}
