//! bump-scope, with its default settings.

use std::alloc::Layout;
use std::ptr::NonNull;

use bump_scope::traits::BumpAllocatorTyped;
use bump_scope::{Bump, BumpBox, BumpVec};

use super::Subject;

impl Subject for Bump {
    type List<'a, T: Copy + 'a> = BumpVec<T, &'a Bump>;

    fn with_capacity(bytes: usize) -> Self {
        if bytes == 0 { Bump::new() } else { Bump::with_size(bytes) }
    }

    #[inline(always)]
    fn alloc<T: Copy>(&self, value: T) -> &T {
        BumpBox::leak(Bump::alloc(self, value))
    }

    #[inline(always)]
    fn alloc_layout(&self, layout: Layout) -> NonNull<u8> {
        self.allocate_layout(layout)
    }

    #[inline(always)]
    fn alloc_str(&self, text: &str) -> &str {
        BumpBox::leak(Bump::alloc_str(self, text))
    }

    #[inline(always)]
    fn alloc_slice_copy<T: Copy>(&self, items: &[T]) -> &[T] {
        BumpBox::leak(Bump::alloc_slice_copy(self, items))
    }

    #[inline(always)]
    fn list<'a, T: Copy + 'a>(&'a self) -> BumpVec<T, &'a Bump> {
        BumpVec::new_in(self)
    }

    #[inline(always)]
    fn push<'a, T: Copy + 'a>(&'a self, list: &mut BumpVec<T, &'a Bump>, item: T) {
        list.push(item);
    }

    #[inline(always)]
    fn freeze<'a, T: Copy + 'a>(&'a self, list: BumpVec<T, &'a Bump>) -> &'a [T] {
        BumpBox::leak(list.into_boxed_slice())
    }

    /// Keeps every chunk; its `reset` keeps only the last.
    fn reset(&mut self) {
        self.reset_to_start();
    }

    fn reserved_bytes(&self) -> usize {
        self.stats().size()
    }
}
