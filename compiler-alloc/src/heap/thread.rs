//! The life of a thread heap: frees of other threads' blocks, safepoints, and exit.

use super::{Body, Heap, ThreadHeap, ThreadToken};
use crate::free_list::Block;
use crate::page_source::PageSource;
use crate::size_class::SizeClass;
use crate::slab::Slab;
use core::ptr::NonNull;

impl<'b, P: PageSource> ThreadHeap<'b, P> {
    /// Gives a block of another thread's slab back.
    ///
    /// # Safety
    /// - As [`alloc`](Self::alloc).
    /// - `block` is a block of `slab`, which the map shows, and nobody uses it again.
    pub(super) unsafe fn free_remote(
        &mut self,
        _heap: &'b Heap<'b, P>,
        _token: ThreadToken,
        slab: NonNull<Slab>,
        block: NonNull<Block>,
    ) {
        // SAFETY: needs a live record; a slab with a block that is not free stays.
        let record = unsafe { slab.as_ref() };
        // SAFETY: needs a chain that nobody uses; the caller promises that for its one block.
        unsafe { record.remote.splice(block, block, 1) };
    }
}

impl<P: PageSource> Body<'_, P> {
    /// Takes over an abandoned slab of the class.
    pub(crate) fn adopt(&mut self, _class: SizeClass) -> Option<NonNull<Slab>> {
        None
    }
}
