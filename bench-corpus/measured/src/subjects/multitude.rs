//! multitude, whose handles are given up for plain references, as a compiler would.

use std::alloc::Layout;
use std::ptr::NonNull;

use allocator_api2_04::alloc::Allocator;
use multitude::vec::Vec as MultitudeVec;
use multitude::{Alloc, Arena};

use super::Subject;

impl Subject for Arena {
    type List<'a, T: Copy + 'a> = MultitudeVec<'a, T>;

    fn with_capacity(bytes: usize) -> Self {
        if bytes == 0 { Arena::new() } else { Arena::builder().with_capacity(bytes).build() }
    }

    #[inline(always)]
    fn alloc<T: Copy>(&self, value: T) -> &T {
        Alloc::leak(Arena::alloc(self, value))
    }

    #[inline(always)]
    fn alloc_layout(&self, layout: Layout) -> NonNull<u8> {
        let arena = self;
        (&arena).allocate(layout).expect("memory for a benchmark").cast()
    }

    #[inline(always)]
    fn alloc_str(&self, text: &str) -> &str {
        Alloc::leak(Arena::alloc_str(self, text))
    }

    #[inline(always)]
    fn alloc_slice_copy<T: Copy>(&self, items: &[T]) -> &[T] {
        Alloc::leak(Arena::alloc_slice_copy(self, items))
    }

    #[inline(always)]
    fn list<'a, T: Copy + 'a>(&'a self) -> MultitudeVec<'a, T> {
        self.alloc_vec()
    }

    #[inline(always)]
    fn push<'a, T: Copy + 'a>(&'a self, list: &mut MultitudeVec<'a, T>, item: T) {
        list.push(item);
    }

    #[inline(always)]
    fn freeze<'a, T: Copy + 'a>(&'a self, list: MultitudeVec<'a, T>) -> &'a [T] {
        list.leak()
    }

    fn reset(&mut self) {
        Arena::reset(self);
    }

    /// It tells only with statistics, which change its code.
    fn reserved_bytes(&self) -> usize {
        0
    }
}
