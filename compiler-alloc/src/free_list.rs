//! Free blocks, linked through their first words.
//!
//! A [`Block`] chain ends in null. A [`FreeQueue`] is filled at its end and taken whole: a push writes the new block's
//! address into the last one and never reads, so it is three stores. The link of the last block is not defined until
//! the queue is taken.
//!
//! Queue order makes an immediate double free harmless: pushing a block that waits in the queue makes the walk from the
//! head skip what lies between, so that the queue never hands a block out twice. The count of pushes then says more
//! than the walk finds, which is how it is noticed.

use core::cell::Cell;
use core::ptr::NonNull;

/// A free block. While it is free its first word is the link to the next one.
#[repr(C)]
pub struct Block {
    next: Cell<*mut Block>,
}

/// A chain of free blocks, or null.
pub(crate) type Chain = *mut Block;

impl Block {
    /// The block after this one.
    ///
    /// # Safety
    /// - `block` is free, its link was written, and nobody else uses it.
    #[inline(always)]
    pub(crate) unsafe fn next(block: NonNull<Block>) -> Chain {
        // SAFETY: needs readable memory with a link; the caller promises a free block whose link was written.
        unsafe { (*block.as_ptr()).next.get() }
    }

    /// Makes `next` the block after this one.
    ///
    /// # Safety
    /// - `block` is at least a word of writable, word-aligned memory that nobody else uses.
    #[inline(always)]
    pub(crate) unsafe fn set_next(block: NonNull<Block>, next: Chain) {
        // SAFETY: needs writable, aligned memory; the caller promises both.
        unsafe { block.as_ptr().write(Block { next: Cell::new(next) }) }
    }
}

/// Links `count` blocks that lie one after the other, the last one to `rest`.
///
/// # Safety
/// - From `first` on there is writable memory for that many blocks, at least one, that nobody uses.
#[inline]
pub(crate) unsafe fn link_blocks(first: NonNull<u8>, block_bytes: usize, count: usize, rest: Chain) {
    /// Apart, so that a refill of one block saves no registers.
    ///
    /// # Safety
    /// - As `link_blocks`.
    #[inline(never)]
    unsafe fn link_many(first: NonNull<u8>, block_bytes: usize, count: usize) -> NonNull<u8> {
        let mut last = first;
        for _ in 1..count {
            // SAFETY: needs to stay inside the blocks; the caller promises `count` of them.
            let next = unsafe { last.add(block_bytes) };
            // SAFETY: needs writable memory that nobody uses; the caller promises it.
            unsafe { Block::set_next(last.cast(), next.as_ptr().cast()) };
            last = next;
        }
        last
    }
    // SAFETY: the caller keeps the duties of this call, which are the same.
    let last = if count == 1 { first } else { unsafe { link_many(first, block_bytes, count) } };
    // SAFETY: needs writable memory that nobody uses; the caller promises it.
    unsafe { Block::set_next(last.cast(), rest) };
}

/// Free blocks in the order in which they came. Pinned: an empty queue points to itself.
#[repr(C)]
pub(crate) struct FreeQueue {
    /// A block that is not in the queue: its link is the first block.
    head: Block,
    /// The last block, or `head`.
    tail: Cell<*mut Block>,
}

impl FreeQueue {
    /// An unfinished queue; it is empty after [`clear`](Self::clear), at the place where it will stay.
    pub(crate) const fn new() -> Self {
        FreeQueue {
            head: Block { next: Cell::new(core::ptr::null_mut()) },
            tail: Cell::new(core::ptr::null_mut()),
        }
    }

    /// Forgets every block. To be called before anything else, and not to be moved afterwards.
    #[inline]
    pub(crate) fn clear(&self) {
        self.tail.set(core::ptr::from_ref(&self.head).cast_mut());
    }

    /// Whether no block waits.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        core::ptr::eq(self.tail.get(), &self.head)
    }

    /// Puts a block at the end. Three stores.
    ///
    /// # Safety
    /// - `block` is memory of a block that nobody uses and that belongs to the queue's slab.
    /// - The caller is the queue's owner, and [`clear`](Self::clear) was called where the queue is.
    #[inline(always)]
    pub(crate) unsafe fn push(&self, block: NonNull<Block>) {
        // SAFETY: needs a writable link; `tail` is this queue's head or a block that was pushed and not taken since.
        let last = unsafe { &*self.tail.get() };
        last.next.set(block.as_ptr());
        self.tail.set(block.as_ptr());
    }

    /// Puts a whole chain at the end, if it has a null link within `limit` blocks and none of its blocks waits here already; then
    /// answers how many they are. Otherwise, which takes a double free, changes nothing. Cost: a load for each block.
    ///
    /// # Safety
    /// - As [`push`](Self::push), for each block of the chain; each link was written.
    pub(crate) unsafe fn append(&self, first: NonNull<Block>, limit: usize) -> Option<usize> {
        let (mut last, mut found) = (first, 1);
        // Links lead from every block that waits here to the last one.
        while last.as_ptr() != self.tail.get() {
            // SAFETY: needs a written link; the caller promises a chain.
            let Some(next) = NonNull::new(unsafe { Block::next(last) }) else {
                // SAFETY: needs the queue's owner and an unused block of its slab; the caller promises both.
                unsafe { self.push(first) };
                self.tail.set(last.as_ptr());
                return Some(found);
            };
            if found == limit {
                break;
            }
            found += 1;
            last = next;
        }
        None
    }

    /// Takes all blocks as a chain, the first pushed first; `None` if none waits.
    ///
    /// # Safety
    /// - The caller is the queue's owner, and [`clear`](Self::clear) was called where the queue is.
    #[inline(always)]
    pub(crate) unsafe fn take(&self) -> Option<NonNull<Block>> {
        if self.is_empty() {
            return None;
        }
        // SAFETY: needs a writable link that nobody else uses; the queue is not empty, so `tail` is a block that was pushed and not
        // taken, and the caller is the owner.
        let last = unsafe { &*self.tail.get() };
        last.next.set(core::ptr::null_mut());
        self.clear();
        // SAFETY: needs a pointer that is not null; the first push since the queue was empty wrote a block there.
        Some(unsafe { NonNull::new_unchecked(self.head.next.get()) })
    }

    /// How many blocks a walk finds, at most `limit`.
    pub(crate) fn walk(&self, limit: usize, mut visit: impl FnMut(NonNull<Block>)) -> usize {
        if self.is_empty() {
            return 0;
        }
        let (mut found, mut next) = (0, self.head.next.get());
        while let Some(block) = NonNull::new(next) {
            visit(block);
            found += 1;
            if found == limit || core::ptr::eq(next, self.tail.get()) {
                break;
            }
            // SAFETY: needs a written link; the block is in the queue and not the last one.
            next = unsafe { Block::next(block) };
        }
        found
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn blocks<const N: usize>() -> [Block; N] {
        core::array::from_fn(|_| Block { next: Cell::new(core::ptr::null_mut()) })
    }

    fn length(mut next: Option<NonNull<Block>>) -> usize {
        let mut length = 0;
        while let Some(block) = next {
            length += 1;
            // SAFETY: needs a written link; the chain was taken from a queue.
            next = NonNull::new(unsafe { Block::next(block) });
        }
        length
    }

    fn push(queue: &FreeQueue, block: &Block) {
        // SAFETY: needs a block that nobody uses; the tests' blocks are used for nothing else.
        unsafe { queue.push(NonNull::from(block)) }
    }

    fn take(queue: &FreeQueue) -> Option<NonNull<Block>> {
        // SAFETY: needs the owner of a queue that was cleared where it is; the tests clear theirs first, and never move them.
        unsafe { queue.take() }
    }

    #[test]
    fn blocks_come_back_in_the_order_in_which_they_were_freed() {
        let (queue, blocks) = (FreeQueue::new(), blocks::<3>());
        queue.clear();
        assert!(queue.is_empty() && take(&queue).is_none());
        for block in &blocks {
            push(&queue, block);
        }
        let mut order = Vec::new();
        assert_eq!(queue.walk(usize::MAX, |block| order.push(block.as_ptr().cast_const())), 3);
        assert_eq!(order, blocks.iter().map(core::ptr::from_ref).collect::<Vec<_>>());
        assert_eq!(length(take(&queue)), 3);
        assert!(queue.is_empty());
    }

    #[test]
    fn a_chain_is_appended_whole_unless_a_block_of_it_waits_already() {
        let (queue, blocks) = (FreeQueue::new(), blocks::<6>());
        queue.clear();
        let append = |from: usize, limit| {
            // SAFETY: needs linked blocks that nobody uses; the tests' blocks are used for nothing else.
            unsafe { queue.append(NonNull::from(&blocks[from]), limit) }
        };
        let link =
            |from: usize, to: usize| blocks[from].next.set(core::ptr::from_ref(&blocks[to]).cast_mut());
        let mut order = Vec::new();
        push(&queue, &blocks[0]);
        link(1, 2);
        link(2, 3);
        assert_eq!(append(1, 2), None, "longer than was said");
        assert_eq!(append(1, 3), Some(3));
        push(&queue, &blocks[4]);
        assert_eq!(queue.walk(usize::MAX, |block| order.push(block.as_ptr().cast_const())), 5);
        assert_eq!(order, blocks[..5].iter().map(core::ptr::from_ref).collect::<Vec<_>>());
        link(5, 2);
        assert_eq!(append(5, 6), None, "from its second block on it waits already");
        link(5, 5);
        assert_eq!(append(5, 6), None, "a loop");
        assert_eq!(length(take(&queue)), 5);
        blocks[5].next.set(core::ptr::null_mut());
        assert_eq!(append(5, 1), Some(1));
        assert_eq!(length(take(&queue)), 1);
    }

    #[test]
    fn a_block_that_is_freed_twice_comes_back_once() {
        let (queue, blocks) = (FreeQueue::new(), blocks::<4>());
        queue.clear();
        for index in [0, 1, 2, 1, 3] {
            push(&queue, &blocks[index]);
        }
        assert_eq!(length(take(&queue)), 3, "the one between is lost, none comes twice");
        for index in [2, 2] {
            push(&queue, &blocks[index]);
        }
        assert_eq!(length(take(&queue)), 1);
    }
}
