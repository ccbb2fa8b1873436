//! blink-alloc. Its vectors are those of allocator-api2.

use std::alloc::Layout;
use std::ptr::NonNull;

use allocator_api2_04::vec::Vec as ApiVec;
use blink_alloc::{Blink, BlinkAlloc};

use super::Subject;

impl Subject for Blink {
    type List<'a, T: Copy + 'a> = ApiVec<T, &'a BlinkAlloc>;

    fn with_capacity(bytes: usize) -> Self {
        if bytes == 0 { Blink::new() } else { Blink::new_in(BlinkAlloc::with_chunk_size(bytes)) }
    }

    #[inline(always)]
    fn alloc<T: Copy>(&self, value: T) -> &T {
        self.put_no_drop(value)
    }

    #[inline(always)]
    fn alloc_layout(&self, layout: Layout) -> NonNull<u8> {
        self.allocator().allocate(layout).expect("memory for a benchmark").cast()
    }

    #[inline(always)]
    fn alloc_str(&self, text: &str) -> &str {
        self.copy_str(text)
    }

    #[inline(always)]
    fn alloc_slice_copy<T: Copy>(&self, items: &[T]) -> &[T] {
        self.copy_slice(items)
    }

    #[inline(always)]
    fn list<'a, T: Copy + 'a>(&'a self) -> ApiVec<T, &'a BlinkAlloc> {
        ApiVec::new_in(self.allocator())
    }

    #[inline(always)]
    fn push<'a, T: Copy + 'a>(&'a self, list: &mut ApiVec<T, &'a BlinkAlloc>, item: T) {
        list.push(item);
    }

    #[inline(always)]
    fn freeze<'a, T: Copy + 'a>(&'a self, list: ApiVec<T, &'a BlinkAlloc>) -> &'a [T] {
        list.leak()
    }

    fn reset(&mut self) {
        Blink::reset(self);
    }

    /// It does not tell.
    fn reserved_bytes(&self) -> usize {
        0
    }
}
