//! The blocks of declared quotas: a free list each, made when the heap is sealed.
//!
//! *Counting equation*, which [`check`](QuotaBlocks::check) recounts: a list has as many blocks as its quota says are free, each of
//! them begins at a multiple of the block size in the quota's own range, and none is in it twice.

use super::mix::{Lookup, Mix, QUOTAS_MAX, Quota};
use super::report::Live;
use crate::free_list::Block;
use crate::span::CheckError;
use crate::sync::prefetch;
use core::alloc::Layout;
use core::ptr::NonNull;

/// One quota's free blocks.
struct List {
    /// The first free block, or null.
    head: *mut Block,
    /// How many blocks are free.
    free: u32,
    blocks: u32,
    /// Where its blocks begin.
    base: NonNull<u8>,
    block_bytes: usize,
}

impl List {
    const EMPTY: List =
        List { head: core::ptr::null_mut(), free: 0, blocks: 0, base: NonNull::dangling(), block_bytes: 0 };

    /// Bytes of all its blocks.
    fn bytes(&self) -> usize {
        self.blocks as usize * self.block_bytes
    }

    /// Its blocks that are handed out.
    fn live(&self) -> Live {
        let blocks = (self.blocks - self.free) as usize;
        Live { blocks, bytes: blocks * self.block_bytes }
    }
}

/// Every quota's blocks. The owner's alone.
pub(super) struct QuotaBlocks {
    lookup: Lookup,
    lists: [List; QUOTAS_MAX],
}

/// Where each quota's blocks begin, and how many bytes all of them need from an address that is a multiple of the largest
/// alignment; `None` if that is more than an address space.
pub(super) fn bytes_for(mix: &Mix) -> Option<usize> {
    mix.quotas().iter().try_fold(0_usize, end_of)
}

/// The end of a quota's blocks that come after `begin`.
fn end_of(begin: usize, quota: &Quota) -> Option<usize> {
    begin.checked_next_multiple_of(quota.block_align)?.checked_add(quota.bytes()?)
}

impl QuotaBlocks {
    /// Cuts the blocks of every quota from `base` on and links them, lowest first. Touches every block.
    ///
    /// # Safety
    /// - There are [`bytes_for`] bytes of writable memory at `base`, which nobody else uses while the value lives.
    /// - `base` is a multiple of the largest alignment in the mix.
    pub(super) unsafe fn cut(mix: &Mix, base: NonNull<u8>) -> Self {
        let mut blocks = QuotaBlocks { lookup: Lookup::of(mix), lists: [List::EMPTY; QUOTAS_MAX] };
        let mut offset = 0_usize;
        for (list, quota) in blocks.lists.iter_mut().zip(mix.quotas()) {
            offset = offset.next_multiple_of(quota.block_align);
            // SAFETY: needs to stay inside the memory; `bytes_for` counted the same offsets.
            let first = unsafe { base.add(offset) };
            *list = List {
                head: core::ptr::null_mut(),
                free: quota.blocks as u32,
                blocks: quota.blocks as u32,
                base: first,
                block_bytes: quota.block_bytes,
            };
            for index in (0..quota.blocks).rev() {
                // SAFETY: needs to stay inside the quota's range; `index` is below its number of blocks.
                let block = unsafe { first.add(index * quota.block_bytes) }.cast::<Block>();
                // SAFETY: needs a word of writable memory, aligned to a word, that nobody uses; the caller promises the memory, and
                // blocks are multiples of their alignment, which is at least a word's.
                unsafe { Block::set_next(block, list.head) };
                list.head = block.as_ptr();
            }
            offset += quota.blocks * quota.block_bytes;
        }
        blocks
    }

    /// The quota that serves `layout`, full or not; `None` if none was declared. No loop.
    #[inline(always)]
    pub(super) fn quota_for(&self, layout: Layout) -> Option<usize> {
        self.lookup.quota_for(layout)
    }

    /// A block of a quota; `None` if it is used up. No loop.
    #[inline(always)]
    pub(super) fn allocate(&mut self, quota: usize) -> Option<NonNull<u8>> {
        let list = self.lists.get_mut(quota)?;
        let block = NonNull::new(list.head)?;
        // SAFETY: needs a free block whose link was written; it heads the list, whose blocks all are that.
        let next = unsafe { Block::next(block) };
        // The next request of this kind then waits for no memory: the link is all that it reads of a block.
        prefetch(next);
        list.head = next;
        list.free -= 1;
        Some(block.cast())
    }

    /// Takes a block back. No loop.
    ///
    /// # Safety
    /// - `block` came from [`allocate`](Self::allocate) of this value for the same quota, was not given back since, and nobody
    ///   uses it any more.
    #[inline(always)]
    pub(super) unsafe fn deallocate(&mut self, quota: usize, block: NonNull<u8>) {
        let Some(list) = self.lists.get_mut(quota) else { return };
        debug_assert!(list.free < list.blocks, "more blocks come back than were handed out");
        let block = block.cast::<Block>();
        // SAFETY: needs writable, aligned memory that nobody uses; the caller promises a block of this list.
        unsafe { Block::set_next(block, list.head) };
        list.head = block.as_ptr();
        list.free += 1;
    }

    /// Bytes of a quota's blocks, and of those that are handed out.
    pub(super) fn usage(&self, quota: usize) -> (usize, usize) {
        self.lists.get(quota).map_or((0, 0), |list| (list.bytes(), list.live().bytes))
    }

    /// What is handed out. Cost: the quotas.
    pub(super) fn live(&self) -> Live {
        self.lists.iter().map(List::live).fold(Live::default(), |sum, live| Live {
            blocks: sum.blocks + live.blocks,
            bytes: sum.bytes + live.bytes,
        })
    }

    /// Bytes of all blocks.
    pub(super) fn usable_bytes(&self) -> usize {
        self.lists.iter().map(List::bytes).sum()
    }

    /// Walks every list. Cost: the blocks.
    ///
    /// # Errors
    /// The first statement that does not hold.
    pub(super) fn check(&self) -> Result<(), CheckError> {
        for list in &self.lists {
            let wrong =
                |statement, address, expected, found| Err(CheckError { statement, address, expected, found });
            let (mut next, mut found) = (NonNull::new(list.head), 0);
            while let Some(block) = next {
                let address = block.as_ptr().addr();
                let offset = address.wrapping_sub(list.base.as_ptr().addr());
                if found == list.free as usize {
                    return wrong("a quota's list ends after its free blocks", address, found, found + 1);
                }
                if offset >= list.bytes() || !offset.is_multiple_of(list.block_bytes) {
                    return wrong(
                        "a quota's list has blocks of its own range",
                        address,
                        list.base.as_ptr().addr(),
                        offset,
                    );
                }
                found += 1;
                // SAFETY: needs a free block whose link was written; it lies in the range, begins a block and is in the list.
                next = NonNull::new(unsafe { Block::next(block) });
            }
            if found != list.free as usize {
                return wrong("a quota's list has all its free blocks", 0, list.free as usize, found);
            }
        }
        Ok(())
    }
}
