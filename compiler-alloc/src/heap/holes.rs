//! When holes are purged: counted, at the moment of a free.
//!
//! A slab becomes *sparse* when at most an eighth of its blocks is used. If many slabs are sparse at once, the blocks that
//! live are scattered over more memory than they need, and the pages between them go back. If few are, they are on their way
//! to being empty, and are left alone.

use super::Body;
use crate::page_source::PageSource;
use crate::size_class::SizeClass;
use crate::slab::Slab;
use crate::transfer::Transfer;

/// Holes are looked for when sparse slabs have this many bytes, and
const SPARSE_BYTES_MIN: usize = 32 << 20;
/// at least this fraction of all that the thread's slabs have. So a walk looks at an eighth of them at least, and a program
/// with less than that never pays for one.
const SPARSE_BYTES_DIVISOR: usize = 8;

impl<P: PageSource, T: Transfer> Body<'_, P, T> {
    /// Counts a slab that became sparse, and purges the holes of all that did, if they are many.
    pub(super) fn note_sparse(&mut self, class: SizeClass) {
        self.sparse_bytes += class.slab_bytes();
        if self.sparse_bytes >= SPARSE_BYTES_MIN.max(self.slab_bytes / SPARSE_BYTES_DIVISOR) {
            self.sparse_bytes = 0;
            self.purge_holes();
        }
    }

    /// Counts a slab no more that was sparse and is used again, or empty.
    #[inline]
    pub(super) fn forget_sparse(&mut self, class: SizeClass, record: &Slab) {
        if record.take_sparse() {
            self.sparse_bytes -= class.slab_bytes();
        }
    }

    /// Gives the pages of sparse slabs back on which no block lives. Cost: the slabs with room, and the free blocks of the
    /// sparse ones.
    #[cold]
    fn purge_holes(&mut self) {
        let source = self.heap.backend().source();
        let page_bytes = source.geometry().page_bytes;
        for class in SizeClass::all() {
            let room = &self.bins[class.index()].room;
            let mut next = room.first();
            while let Some(slab) = next {
                // SAFETY: needs a live record; the slab is this thread's.
                let record = unsafe { slab.as_ref() };
                // SAFETY: needs a slab of this list; it was reached from the first one.
                next = unsafe { room.after(slab) };
                if record.take_sparse() {
                    // SAFETY: needs whole pages of one live reservation that nobody reads before they are committed again;
                    // grains are that, in a span that is this thread's, and all of their blocks are free.
                    let decommit = |base, bytes| unsafe { source.decommit(base, bytes) };
                    // SAFETY: needs the owner; the slab is this thread's.
                    unsafe { record.purge_holes(page_bytes, decommit) };
                    record.arm_watching();
                }
            }
        }
    }
}
