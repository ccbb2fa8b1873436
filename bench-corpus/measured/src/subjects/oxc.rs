//! oxc_allocator, the arena of the oxc compiler.

use std::alloc::Layout;
use std::ptr::NonNull;

use oxc_allocator::{Allocator, Vec as OxcVec};

use super::Subject;

impl Subject for Allocator {
    type List<'a, T: Copy + 'a> = OxcVec<'a, T>;

    fn with_capacity(bytes: usize) -> Self {
        if bytes == 0 { Allocator::new() } else { Allocator::with_capacity(bytes) }
    }

    #[inline(always)]
    fn alloc<T: Copy>(&self, value: T) -> &T {
        Allocator::alloc(self, value)
    }

    #[inline(always)]
    fn alloc_layout(&self, layout: Layout) -> NonNull<u8> {
        Allocator::alloc_layout(self, layout)
    }

    #[inline(always)]
    fn alloc_str(&self, text: &str) -> &str {
        Allocator::alloc_str(self, text)
    }

    #[inline(always)]
    fn alloc_slice_copy<T: Copy>(&self, items: &[T]) -> &[T] {
        Allocator::alloc_slice_copy(self, items)
    }

    #[inline(always)]
    fn list<'a, T: Copy + 'a>(&'a self) -> OxcVec<'a, T> {
        OxcVec::new_in(&self)
    }

    #[inline(always)]
    fn push<'a, T: Copy + 'a>(&'a self, list: &mut OxcVec<'a, T>, item: T) {
        list.push(item);
    }

    #[inline(always)]
    fn freeze<'a, T: Copy + 'a>(&'a self, list: OxcVec<'a, T>) -> &'a [T] {
        list.into_arena_slice()
    }

    fn reset(&mut self) {
        Allocator::reset(self);
    }

    fn reserved_bytes(&self) -> usize {
        self.capacity()
    }
}
