//! A block of `malloc`'s that notices when it was damaged.
//!
//! The first eight bytes, and the last eight of a block of sixteen or more, hold a mark made of address and size. The mark is checked
//! and wiped before the block goes back: a block that was handed out twice, overlaps another or lost its contents ends the program.

use std::hint::black_box;
use std::mem;
use std::ptr::NonNull;

/// Smallest block: the mark must fit.
pub const BYTES_MIN: usize = 8;
/// Smallest block that can become a [`ThinBlock`]: a mark, the size, a mark.
pub const THIN_BYTES_MIN: usize = 24;

const WORD: usize = size_of::<u64>();
const OS_PAGE: usize = 4096;

/// Memory from `malloc`, freed on drop.
///
/// ```
/// let mut block = bench_workloads::Block::new(100);
/// block.resize(1000);
/// assert_eq!(block.bytes(), 1000);
/// ```
#[derive(Debug)]
pub struct Block {
    address: NonNull<u8>,
    bytes: usize,
}

// SAFETY: a block may be used by another thread than the one that took it. malloc's memory belongs to the process; we hold the only pointer.
unsafe impl Send for Block {}

impl Block {
    /// A block of `bytes` from `malloc`, marked.
    ///
    /// # Panics
    /// When there is no memory, the address is not aligned, or `bytes` is below [`BYTES_MIN`].
    #[inline]
    pub fn new(bytes: usize) -> Self {
        Self::try_new(bytes).expect("malloc has memory")
    }

    /// A block of `bytes` from `malloc`, marked; `None` when there is no memory.
    ///
    /// # Panics
    /// When the address is not aligned, or `bytes` is below [`BYTES_MIN`].
    #[inline]
    pub fn try_new(bytes: usize) -> Option<Self> {
        assert!(bytes >= BYTES_MIN, "a block of {bytes} bytes cannot be marked");
        // SAFETY: malloc has no duties. The optimiser must not see that the block is ours to drop, hence black_box.
        let memory = unsafe { libc::malloc(black_box(bytes)) };
        Self::adopt(memory, bytes)
    }

    /// A block of `bytes` from `calloc`, checked to be zero in every word, then marked.
    ///
    /// # Panics
    /// As [`Block::new`], and when a word is not zero.
    pub fn zeroed(bytes: usize) -> Self {
        assert!(bytes >= BYTES_MIN, "a block of {bytes} bytes cannot be marked");
        // SAFETY: calloc has no duties.
        let memory = unsafe { libc::calloc(1, black_box(bytes)) };
        let address = NonNull::new(black_box(memory).cast::<u8>()).expect("calloc has memory");
        let block = Self { address, bytes };
        for at in (0..bytes - BYTES_MIN + 1).step_by(WORD) {
            assert_eq!(block.read(at), 0, "calloc gave memory that is not zero");
        }
        block.set_mark();
        block
    }

    /// A block of `bytes` from `aligned_alloc`, checked for its alignment, then marked.
    ///
    /// # Panics
    /// As [`Block::new`], and when the address is not a multiple of `align`.
    pub fn aligned(align: usize, bytes: usize) -> Self {
        // SAFETY: aligned_alloc has no duties; it refuses what is not a power of two.
        let memory = unsafe { libc::aligned_alloc(align, black_box(bytes)) };
        let block = Self::adopt(memory, bytes).expect("aligned_alloc has memory");
        assert_eq!(block.address() % align, 0, "aligned_alloc gave an unaligned address");
        block
    }

    #[inline]
    fn adopt(memory: *mut libc::c_void, bytes: usize) -> Option<Self> {
        let block = Self { address: NonNull::new(black_box(memory).cast::<u8>())?, bytes };
        // A block that cannot hold anything aligned to 16 need not be.
        assert_eq!(block.address() % if bytes < 16 { 8 } else { 16 }, 0, "malloc gave an unaligned address");
        block.set_mark();
        Some(block)
    }

    /// Where it is.
    #[inline]
    pub fn address(&self) -> usize {
        self.address.as_ptr().addr()
    }

    /// Bytes asked for.
    #[inline]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Grows or shrinks by `realloc`, and checks that the contents came along.
    ///
    /// # Panics
    /// When there is no memory or the contents are damaged.
    pub fn resize(&mut self, bytes: usize) {
        assert!(bytes >= BYTES_MIN, "a block of {bytes} bytes cannot be marked");
        self.check_mark();
        let old = (self.mark(), self.bytes);
        // SAFETY: the pointer must come from malloc and be live: `address` is, and is replaced by the result at once.
        let memory = unsafe { libc::realloc(self.address.as_ptr().cast(), black_box(bytes)) };
        self.address = NonNull::new(black_box(memory).cast::<u8>()).expect("realloc has memory");
        self.bytes = bytes;
        assert_eq!(self.read(0), old.0, "realloc lost the first word");
        if old.1 >= 2 * WORD && bytes >= old.1 {
            assert_eq!(self.read(old.1 - WORD), old.0, "realloc lost the last word");
        }
        self.set_mark();
    }

    /// Writes every word.
    pub fn fill(&mut self) {
        let mark = self.mark();
        for at in (0..self.bytes - WORD + 1).step_by(WORD) {
            self.write(at, mark);
        }
        self.set_mark();
    }

    /// Checks every word of a block that was filled.
    ///
    /// # Panics
    /// When one is damaged.
    pub fn check_filled(&self) {
        let mark = self.mark();
        // The last word may overlap the one before it; the mark there is checked by its own place.
        for at in (0..(self.bytes - WORD).saturating_sub(WORD - 1)).step_by(WORD) {
            assert_eq!(self.read(at), mark, "word at {at} of {} bytes is damaged", self.bytes);
        }
        self.check_mark();
    }

    /// Writes one word in every OS page.
    pub fn touch_pages(&mut self) {
        for at in (OS_PAGE..self.bytes.saturating_sub(2 * WORD)).step_by(OS_PAGE) {
            self.write(at, 1);
        }
    }

    /// Writes the first word `times` times and reads it back each time: what a program that works on a small object does.
    ///
    /// # Panics
    /// When another value is read back.
    pub fn work(&mut self, times: usize) {
        let word = self.address.cast::<u64>().as_ptr();
        for turn in 0..times as u64 {
            // Volatile, and nothing of it on the stack, where the stack lies would decide how fast this is.
            // SAFETY: eight bytes must be ours to write and aligned: every block has them, and `adopt` checked the address.
            unsafe { word.write_volatile(turn) };
            // SAFETY: the word must be readable and written: it was written just now.
            let read = unsafe { word.read_volatile() };
            assert!(read == turn, "another thread wrote to this block");
        }
        self.set_mark();
    }

    #[inline]
    fn mark(&self) -> u64 {
        // Never zero: the address is not, and the size moves only the upper half.
        self.address() as u64 ^ ((self.bytes as u64) << 48)
    }

    #[inline]
    fn set_mark(&self) {
        self.write(0, self.mark());
        if self.bytes >= 2 * WORD {
            self.write(self.bytes - WORD, self.mark());
        }
    }

    #[inline]
    fn check_mark(&self) {
        assert_eq!(self.read(0), self.mark(), "the first word of a block is damaged");
        if self.bytes >= 2 * WORD {
            assert_eq!(self.read(self.bytes - WORD), self.mark(), "the last word of a block is damaged");
        }
    }

    #[inline]
    fn write(&self, at: usize, word: u64) {
        debug_assert!(at + WORD <= self.bytes);
        // SAFETY: the offset must stay inside the block: callers pass at most `bytes - WORD`.
        let place = unsafe { self.address.add(at) };
        // SAFETY: eight bytes from `place` must be ours to write: they lie inside the block, which only this value points to.
        unsafe { place.cast::<u64>().write_unaligned(word) }
    }

    #[inline]
    fn read(&self, at: usize) -> u64 {
        debug_assert!(at + WORD <= self.bytes);
        // SAFETY: the offset must stay inside the block: callers pass at most `bytes - WORD`.
        let place = unsafe { self.address.add(at) };
        // SAFETY: eight bytes from `place` must be readable and written before: callers read what `write`, calloc or realloc filled.
        unsafe { place.cast::<u64>().read_unaligned() }
    }
}

impl Drop for Block {
    #[inline]
    fn drop(&mut self) {
        self.check_mark();
        // A second owner of the same memory finds its mark gone. Volatile: the optimiser knows that nobody may read it after `free`.
        // SAFETY: eight bytes must be ours to write and aligned: every block has them, and `adopt` checked the address.
        unsafe { self.address.as_ptr().cast::<u64>().write_volatile(0) };
        // SAFETY: the pointer must come from malloc and not be freed yet: it was taken in `try_new` and this value is its only owner.
        unsafe { libc::free(self.address.as_ptr().cast()) }
    }
}

/// A block in one word: the size lies in the block itself, so that a million handles weigh little.
#[derive(Debug)]
pub struct ThinBlock(NonNull<u8>);

impl ThinBlock {
    /// Puts the size into the block's second word.
    ///
    /// # Panics
    /// When the block is smaller than [`THIN_BYTES_MIN`].
    pub fn new(block: Block) -> Self {
        assert!(block.bytes >= THIN_BYTES_MIN, "no room for the size");
        block.write(WORD, block.bytes as u64);
        let thin = Self(block.address);
        mem::forget(block);
        thin
    }

    /// The block.
    pub fn into_block(self) -> Block {
        // SAFETY: the second word must be inside the block: `new` checked its size.
        let place = unsafe { self.0.add(WORD) };
        // SAFETY: the word must be written: `new` wrote it.
        let bytes = unsafe { place.cast::<u64>().read() };
        Block { address: self.0, bytes: bytes as usize }
    }
}

/// Blocks of one size, linked through their own second words: holds any number without taking memory.
#[derive(Debug)]
pub struct Pile {
    top: u64,
    bytes: usize,
    count: usize,
}

impl Pile {
    /// An empty pile for blocks of `bytes`.
    ///
    /// # Panics
    /// When they are smaller than [`THIN_BYTES_MIN`].
    pub fn new(bytes: usize) -> Self {
        assert!(bytes >= THIN_BYTES_MIN, "no room for the link");
        Self { top: 0, bytes, count: 0 }
    }

    /// Takes blocks until there is no memory; how many it holds then.
    pub fn fill(&mut self) -> usize {
        while let Some(block) = Block::try_new(self.bytes) {
            block.write(WORD, self.top);
            self.top = block.address.as_ptr().expose_provenance() as u64;
            self.count += 1;
            mem::forget(block);
        }
        self.count
    }

    /// Gives every block back, the last taken first.
    pub fn clear(&mut self) {
        while let Some(address) = NonNull::new(std::ptr::with_exposed_provenance_mut::<u8>(self.top as usize))
        {
            let block = Block { address, bytes: self.bytes };
            self.top = block.read(WORD);
            self.count -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_block_ends_the_program() {
        let block = Block::new(64);
        block.write(56, 7);
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| block.check_mark()));
        assert!(outcome.is_err());
        block.set_mark();
    }

    #[test]
    fn a_block_handed_out_twice_is_noticed_by_its_second_owner() {
        let first = Block::new(64);
        let second = Block { address: first.address, bytes: 64 };
        second.check_mark();
        drop(first);
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| second.check_mark()));
        assert!(outcome.is_err());
        mem::forget(second);
    }

    #[test]
    fn a_thin_block_gives_the_block_back() {
        let block = ThinBlock::new(Block::new(33)).into_block();
        assert_eq!(block.bytes(), 33);
    }

    #[test]
    fn contents_survive_growing_and_shrinking() {
        let mut block = Block::new(8);
        for bytes in [16, 100, 5000, 300_000, 40, 8] {
            block.resize(bytes);
        }
        block.fill();
        block.check_filled();
        drop(Block::zeroed(1000));
        assert_eq!(Block::aligned(256, 512).address() % 256, 0);
    }
}
