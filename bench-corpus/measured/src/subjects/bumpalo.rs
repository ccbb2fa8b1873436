//! bumpalo, with its default minimum alignment of 1 and with 8.

use std::alloc::Layout;
use std::ptr::NonNull;

use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;

use super::Subject;

impl Subject for Bump {
    type List<'a, T: Copy + 'a> = BumpVec<'a, T>;

    fn with_capacity(bytes: usize) -> Self {
        if bytes == 0 { Bump::new() } else { Bump::with_capacity(bytes) }
    }

    #[inline(always)]
    fn alloc<T: Copy>(&self, value: T) -> &T {
        Bump::alloc(self, value)
    }

    #[inline(always)]
    fn alloc_layout(&self, layout: Layout) -> NonNull<u8> {
        Bump::alloc_layout(self, layout)
    }

    #[inline(always)]
    fn alloc_str(&self, text: &str) -> &str {
        Bump::alloc_str(self, text)
    }

    #[inline(always)]
    fn alloc_slice_copy<T: Copy>(&self, items: &[T]) -> &[T] {
        Bump::alloc_slice_copy(self, items)
    }

    #[inline(always)]
    fn list<'a, T: Copy + 'a>(&'a self) -> BumpVec<'a, T> {
        BumpVec::new_in(self)
    }

    #[inline(always)]
    fn push<'a, T: Copy + 'a>(&'a self, list: &mut BumpVec<'a, T>, item: T) {
        list.push(item);
    }

    #[inline(always)]
    fn freeze<'a, T: Copy + 'a>(&'a self, list: BumpVec<'a, T>) -> &'a [T] {
        list.into_bump_slice()
    }

    fn reset(&mut self) {
        Bump::reset(self);
    }

    fn reserved_bytes(&self) -> usize {
        self.allocated_bytes()
    }
}
