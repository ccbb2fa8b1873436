//! Blocks that become larger or smaller: where they lie, or by moving down into what is free beside them.

use super::Region;
use super::grain::{block_bytes, block_bytes_of_some};
use core::alloc::Layout;
use core::ptr::NonNull;

impl Region {
    /// Makes a block larger where it lies; answers whether that was possible. Constant time.
    ///
    /// # Safety
    /// - This region lent `block` for a layout with the size of `old`, and `new_bytes` is not less.
    #[inline]
    pub unsafe fn grow_in_place(&mut self, block: NonNull<u8>, old: Layout, new_bytes: usize) -> bool {
        let base = self.base;
        let (old_bytes, new_bytes) = (block_bytes(old.size()), block_bytes(new_bytes));
        if new_bytes <= old_bytes {
            return true;
        }
        let behind = base.offset_of(block) + old_bytes;
        // SAFETY: needs an offset with a bit; a lent block ends there.
        if !unsafe { self.edges.get(behind) } {
            return false;
        }
        // SAFETY: needs the record of a free block; the edge behind a lent block says that one begins there.
        let room = unsafe { *base.bytes(behind) } as usize;
        let more = new_bytes - old_bytes;
        if more > room {
            return false;
        }
        let mut rows = self.bins.rows();
        // SAFETY: needs a free block; it begins there.
        unsafe { self.unlink(&mut rows, base, behind) };
        // SAFETY: needs an unlisted free block that long.
        unsafe { self.lend_unlisted(rows, base, behind, 0, more, room) };
        true
    }

    /// Makes a block smaller where it lies; what it has too much is free at once. Constant time.
    ///
    /// # Safety
    /// - This region lent `block` for a layout with the size of `old`, and `new_bytes` is not more.
    /// - What lies behind `new_bytes` is not used any more.
    #[inline]
    pub unsafe fn shrink_in_place(&mut self, block: NonNull<u8>, old: Layout, new_bytes: usize) {
        let (old_bytes, new_bytes) = (block_bytes(old.size()), block_bytes(new_bytes));
        if new_bytes < old_bytes {
            let at = self.base.offset_of(block);
            // SAFETY: needs bytes that are lent together; they are the end of a lent block.
            unsafe { self.take_back(at + new_bytes, at + old_bytes) };
        }
    }

    /// Makes a block smaller by moving what it holds to a free block elsewhere that is smaller than the one it leaves; `None` if none
    /// is at hand, and then nothing changed. Constant time, apart from copying.
    ///
    /// So small free blocks are used up, and large ones come to be: of random blocks that also grow and shrink, 2 % more of the memory can
    /// be lent than if those that shrink stay.
    ///
    /// # Safety
    /// - This region lent `block` for a layout with the size of `old` and an alignment of at most 16, and `new_bytes` is less, and not 0.
    /// - If the answer is a block, the old one is not used any more.
    pub unsafe fn shrink_by_moving(
        &mut self,
        block: NonNull<u8>,
        old: Layout,
        new_bytes: usize,
    ) -> Option<NonNull<u8>> {
        // SAFETY: needs at least one byte and no more than a layout has; the caller says so.
        let (rows, bin, at) = unsafe { self.find(new_bytes) }?;
        // SAFETY: needs the record of a free block; the first of a bin is one.
        if unsafe { *self.base.bytes(at) } as usize >= block_bytes_of_some(old.size()) {
            return None;
        }
        // SAFETY: needs a bin that `at` is the first block of, with that many bytes; so `find` chose it.
        let moved = unsafe { self.lend_end(rows, self.base, bin, at, block_bytes_of_some(new_bytes)) };
        // SAFETY: needs two ranges of that many bytes that do not overlap; one was lent just now, the other is still lent.
        unsafe { moved.copy_from_nonoverlapping(block, new_bytes) };
        // SAFETY: needs a block that this region lent for that layout and that is not used any more; what it held was copied.
        unsafe { self.deallocate(block, old) };
        Some(moved)
    }

    /// Makes a block larger by moving it down, into the free blocks at both of its sides, with what it holds. `None` if they are
    /// too small together; then nothing changed. Constant time, apart from copying.
    ///
    /// # Safety
    /// - This region lent `block` for a layout with the size of `old` and an alignment of at most 16, and `new_bytes` is not less.
    /// - If the answer is another block, the old one is not used any more.
    pub unsafe fn grow_by_moving_down(
        &mut self,
        block: NonNull<u8>,
        old: Layout,
        new_bytes: usize,
    ) -> Option<NonNull<u8>> {
        let base = self.base;
        let at = base.offset_of(block);
        let (old_bytes, new_bytes) = (block_bytes(old.size()), block_bytes(new_bytes));
        let behind = at + old_bytes;
        // SAFETY: needs an offset with a bit; a lent block begins there.
        let before = match unsafe { self.edges.get(at) } {
            // SAFETY: needs the end of a free block; the edge says that one ends before the lent block.
            true => unsafe { *base.bytes_before(at) as usize },
            false => 0,
        };
        // SAFETY: needs an offset with a bit; a lent block ends there.
        let after = match unsafe { self.edges.get(behind) } {
            // SAFETY: needs the record of a free block; the edge says that one begins behind the lent block.
            true => unsafe { *base.bytes(behind) as usize },
            false => 0,
        };
        let room = before + old_bytes + after;
        if before == 0 || new_bytes > room {
            return None;
        }
        let begin = at - before;
        let mut rows = self.bins.rows();
        // SAFETY: needs a free block; it begins there.
        unsafe { self.unlink(&mut rows, base, begin) };
        if after != 0 {
            // SAFETY: needs a free block; it begins there.
            unsafe { self.unlink(&mut rows, base, behind) };
            // SAFETY: needs an offset with a bit; what was free now belongs to the block.
            unsafe { self.edges.flip(behind) };
            // SAFETY: needs an offset with a bit, as above; the block ends there for now.
            unsafe { self.edges.flip(behind + after) };
        }
        self.bins.set_rows(rows);
        // SAFETY: needs an offset with a bit; what was free now belongs to the block.
        unsafe { self.edges.flip(at) };
        // SAFETY: needs an offset with a bit, as above.
        unsafe { self.edges.flip(begin) };
        self.free -= (before + after) as u32;
        let moved = base.block(begin);
        // SAFETY: needs two ranges that are valid for the old size; both lie in what the block has now. They may overlap.
        unsafe { moved.copy_from(block, old.size()) };
        let end = begin + new_bytes;
        if end != begin + room {
            // SAFETY: needs bytes that are lent together and hold nothing; they are the end of the block.
            unsafe { self.take_back(end, begin + room) };
        }
        Some(moved)
    }

    /// Makes a block longer by the `bytes` bytes before it, a multiple of 16; answers whether they were free. Constant time.
    ///
    /// # Safety
    /// - This region lent `block`, and `bytes` is not 0.
    /// - From now on the block begins `bytes` earlier and is that much larger.
    #[inline]
    pub unsafe fn grow_down_in_place(&mut self, block: NonNull<u8>, bytes: usize) -> bool {
        let base = self.base;
        let at = base.offset_of(block);
        // SAFETY: needs an offset with a bit; a lent block begins there.
        if !unsafe { self.edges.get(at) } {
            return false;
        }
        // SAFETY: needs the end of a free block; the edge says that one ends before the lent block.
        let room = unsafe { *base.bytes_before(at) } as usize;
        if bytes > room {
            return false;
        }
        let below = at - room;
        let mut rows = self.bins.rows();
        // SAFETY: needs a free block; it begins there.
        unsafe { self.unlink(&mut rows, base, below) };
        // SAFETY: needs an unlisted free block that long; the end of it is lent.
        unsafe { self.lend_unlisted(rows, base, below, room - bytes, bytes, room) };
        true
    }
}
