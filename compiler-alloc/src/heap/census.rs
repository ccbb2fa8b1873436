//! What a heap has in use, by size class: for statistics and leak reports.
//!
//! Nothing counts on the hot path, so a thread's blocks are counted from its slabs, and only the thread itself may look at
//! those while it runs. Of other running threads it is known how many blocks their slabs ever handed out, and that is an
//! upper bound.

use super::{Heap, ThreadHeap};
use crate::free_list::Block;
use crate::page_source::PageSource;
use crate::size_class::{CLASSES, SizeClass};
use crate::slab::{Kind, Slab, SlabList};
use crate::transfer::Transfer;
use core::ptr::NonNull;

/// What is in use of one size class, or of the large allocations.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub struct ClassUse {
    /// Bytes of a block; 0 for large allocations, whose sizes differ.
    pub block_bytes: usize,
    /// Slabs, or large allocations.
    pub spans: usize,
    /// Bytes of these.
    pub span_bytes: usize,
    /// Blocks that the program has, of all slabs but those of other running threads.
    pub blocks: usize,
    /// Blocks that the program has at most: of other running threads' slabs, all that were ever handed out.
    pub blocks_max: usize,
}

impl ClassUse {
    /// Bytes of the blocks in use, as far as they are known.
    pub const fn bytes(&self) -> usize {
        if self.block_bytes == 0 { self.span_bytes } else { self.blocks * self.block_bytes }
    }
}

/// What a heap has in use, by class; the first entry is that of large allocations.
pub struct Census {
    classes: [ClassUse; CLASSES],
}

impl Census {
    /// The classes that have spans, large allocations first, then by block size.
    pub fn used(&self) -> impl Iterator<Item = &ClassUse> {
        // The classes of 8, 24 and 40 bytes and more come after all others, and belong between them.
        let (common, octets) = self.classes.split_at(SizeClass::OCTETS_FIRST);
        let mut octets = octets.iter().peekable();
        let mut common = common.iter().peekable();
        core::iter::from_fn(move || match (common.peek(), octets.peek()) {
            (Some(one), Some(other)) if other.block_bytes < one.block_bytes => octets.next(),
            (None, _) => octets.next(),
            _ => common.next(),
        })
        .filter(|class| class.spans > 0)
    }

    fn note(&mut self, record: &Slab) {
        let (index, block_bytes) = match (record.kind(), record.class()) {
            (Kind::None, _) | (Kind::Slab, None) => return,
            (Kind::Large, _) => (0, 0),
            (Kind::Slab, Some(class)) => (class.index(), class.block_bytes()),
        };
        let class = &mut self.classes[index];
        class.block_bytes = block_bytes;
        class.spans += 1;
        class.span_bytes += record.span_bytes();
        class.blocks_max += record.carved();
        if index == 0 {
            class.blocks += 1;
        }
    }

    /// A slab whose counters the caller may read: what was the upper bound becomes exact.
    fn note_exact(&mut self, record: &Slab) {
        if let Some(class) = record.class() {
            let (used, class) = (record.used() as usize, &mut self.classes[class.index()]);
            class.blocks += used;
            class.blocks_max -= record.carved() - used;
        }
    }
}

impl<P: PageSource, T: Transfer> ThreadHeap<'_, P, T> {
    /// Counts what the heap has in use, as this thread sees it. Exact if no other thread runs. Takes the heap's lock; cost:
    /// every slab, and the blocks of this thread's lists.
    pub fn census(&self, heap: &Heap<'_, P, T>) -> Census {
        let mut census = Census { classes: [ClassUse::default(); CLASSES] };
        let registry = heap.lock();
        registry.each_record(|record| census.note(record));
        registry.central.each(|record| census.note_exact(record));
        drop(registry);
        let Some(body) = self.body else { return census };
        // SAFETY: needs a live body that nobody writes; it is this thread's.
        let body = unsafe { body.as_ref() };
        for class in SizeClass::all() {
            let bin = &body.bins[class.index()];
            if let Some(slab) = body.current[class.index()] {
                // SAFETY: needs a live record; the slab is this thread's.
                census.note_exact(unsafe { slab.as_ref() });
            }
            each_slab(&bin.room, |record| census.note_exact(record));
            each_slab(&bin.full, |record| census.note_exact(record));
            // Blocks of the thread's list count as used in their slabs, and are not the program's.
            let list = self.lists[class.index()];
            let listed = list_length(list);
            // SAFETY: needs a live record, or the record of nothing; the map shows nothing else.
            let owner = unsafe { heap.map().slab(list.addr()).as_ref() }.owner();
            let class = &mut census.classes[class.index()];
            // But they may be of another thread's slab, of which only the upper bound is known.
            if owner == body.token.get() {
                class.blocks -= listed;
            }
            class.blocks_max -= listed;
        }
        census
    }
}

/// Visits the slabs of one of this thread's lists.
fn each_slab(list: &SlabList, mut visit: impl FnMut(&Slab)) {
    let mut next = list.first();
    while let Some(slab) = next {
        // SAFETY: needs a live record; listed ones are, and the list is this thread's.
        visit(unsafe { slab.as_ref() });
        // SAFETY: needs a slab of this list; it is.
        next = unsafe { list.after(slab) };
    }
}

/// How many blocks one of this thread's lists has.
fn list_length(list: *mut Block) -> usize {
    let (mut length, mut next) = (0, NonNull::new(list));
    while let Some(block) = next {
        length += 1;
        // SAFETY: needs a free block whose link was written; a thread's list holds nothing else.
        next = NonNull::new(unsafe { Block::next(block) });
    }
    length
}
