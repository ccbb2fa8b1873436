//! Operations on blocks of one owner, in fixed memory, and a trivial model of what they must do: every live block lies inside
//! the memory, is aligned, overlaps no other and keeps its contents, and the accounts agree. Shared by
//! `tests/block_model.rs` (proptest) and a long seeded run.

use compiler_alloc::fault::{FactName, FaultCode};
use compiler_alloc::profile::freestanding::Freestanding;
use compiler_alloc::region::Region;
use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use std::ops::Range;

/// One step. Numbers are cut to size by the interpreter, so that every sequence is a valid program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A block of this layout, aligned to `1 << shift`, up to 4 KiB; the same `times` over.
    Alloc { bytes: u32, shift: u8, times: u8 },
    /// Gives one of the live blocks back.
    Free { index: u16 },
    /// Gives every live block back whose number is a multiple.
    FreeMany { stride: u8 },
    /// Makes one of the live blocks as large as that, where it lies if possible.
    Resize { index: u16, bytes: u32 },
    /// Validates the structures.
    Check,
}

/// Reads operations from bytes, as a fuzzer supplies them.
pub fn decode(bytes: &[u8]) -> Vec<Operation> {
    let mut operations = Vec::new();
    let mut bytes = bytes.iter().copied();
    while let Some(kind) = bytes.next() {
        let mut byte = || bytes.next().unwrap_or(0);
        let mut wide = || u16::from(byte()) | u16::from(byte()) << 8;
        let size = |wide: u16| u32::from(wide) >> (wide % 13);
        operations.push(match kind % 16 {
            0..=5 => Operation::Alloc { bytes: size(wide()), shift: 0, times: kind >> 6 },
            6 | 7 => Operation::Alloc { bytes: size(wide()), shift: (kind >> 4) % 13, times: 1 },
            8..=11 => Operation::Free { index: wide() },
            12 => Operation::FreeMany { stride: byte() },
            13 | 14 => Operation::Resize { index: wide(), bytes: size(wide()) },
            _ => Operation::Check,
        });
    }
    operations
}

/// What the model drives: an allocator of blocks with one owner.
pub trait Blocks {
    /// A block for a layout, or nothing.
    fn allocate(&mut self, layout: Layout) -> Option<NonNull<u8>>;

    /// Takes a block back.
    ///
    /// # Safety
    /// - It was lent for this layout, and is not used any more.
    unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout);

    /// Makes a block as large as `bytes`, perhaps elsewhere; nothing if that is impossible, and then nothing changed.
    ///
    /// # Safety
    /// - It was lent for this layout.
    unsafe fn resize(&mut self, block: NonNull<u8>, layout: Layout, bytes: usize) -> Option<NonNull<u8>>;

    /// Validates the structures and answers how many bytes are lent, rounded up as the allocator does.
    fn check(&mut self) -> usize;

    /// How many bytes a block of this layout may cost at most, and at least.
    fn cost(&self, layout: Layout) -> (usize, usize);
}

impl Blocks for Region {
    fn allocate(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        Region::allocate(self, layout)
    }

    unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: needs a block of this region; that is the duty of our caller.
        unsafe { Region::deallocate(self, block, layout) };
    }

    unsafe fn resize(&mut self, block: NonNull<u8>, layout: Layout, bytes: usize) -> Option<NonNull<u8>> {
        if bytes < layout.size() {
            // Some move where that helps; others stay in any case.
            if layout.align() <= 16 && !bytes.is_multiple_of(4) {
                // SAFETY: needs a block of this region, for this layout, and fewer bytes, but some; our caller's, and as compared.
                let moved = unsafe { self.shrink_by_moving(block, layout, bytes) };
                if moved.is_some() {
                    return moved;
                }
            }
            // SAFETY: needs a block of this region, for this layout; that is the duty of our caller.
            unsafe { self.shrink_in_place(block, layout, bytes) };
            return Some(block);
        }
        // SAFETY: needs a block of this region, for this layout; that is the duty of our caller.
        if unsafe { self.grow_in_place(block, layout, bytes) } {
            return Some(block);
        }
        let new = Region::allocate(self, Layout::from_size_align(bytes, layout.align()).ok()?)?;
        // SAFETY: needs two blocks that do not overlap, both at least as large as the old one.
        unsafe { new.copy_from_nonoverlapping(block, layout.size()) };
        // SAFETY: needs a block of this region, not used any more.
        unsafe { Region::deallocate(self, block, layout) };
        Some(new)
    }

    fn check(&mut self) -> usize {
        let census = Region::check(self).expect("the region is sound");
        assert_eq!(census.free_bytes, self.free_bytes());
        assert_eq!(census.lent_bytes + census.free_bytes, self.capacity_bytes());
        census.lent_bytes
    }

    fn cost(&self, layout: Layout) -> (usize, usize) {
        let bytes = layout.size().max(1).next_multiple_of(16);
        (bytes, bytes)
    }
}

impl Blocks for Freestanding<'_> {
    fn allocate(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        match Freestanding::allocate(self, layout) {
            Ok(block) => Some(block),
            Err(fault) => {
                assert_eq!(fault.code, FaultCode::Exhaustion);
                assert_eq!(fault.fact(FactName::Asked), Some(layout.size() as u64));
                None
            }
        }
    }

    unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: needs a block of this heap, for this layout; that is the duty of our caller.
        unsafe { Freestanding::deallocate(self, block, layout) };
    }

    unsafe fn resize(&mut self, block: NonNull<u8>, layout: Layout, bytes: usize) -> Option<NonNull<u8>> {
        // SAFETY: needs a block of this heap, for this layout; that is the duty of our caller.
        unsafe { Freestanding::resize(self, block, layout, bytes) }.ok()
    }

    fn check(&mut self) -> usize {
        let census = Freestanding::check(self).expect("the heap is sound");
        assert_eq!(census.free_bytes, self.free_bytes());
        let whole = census.live_bytes + census.free_bytes + census.kept_bytes + census.slab_pages * 4096;
        assert!(whole >= self.capacity_bytes(), "every byte is live, free, kept or of a slab page");
        census.live_bytes
    }

    fn cost(&self, layout: Layout) -> (usize, usize) {
        let bytes = layout.size().max(1);
        let aligned = bytes.next_multiple_of(layout.align());
        let (has_pages, keeps_blocks) = (self.capacity_bytes() > 250_000, self.capacity_bytes() > 5_000_000);
        let rounded = match (layout.align(), bytes) {
            _ if !has_pages => return (bytes.next_multiple_of(8), bytes.next_multiple_of(16)),
            // Small blocks have whole steps of 8 bytes in a slab page and of 16 elsewhere.
            _ if aligned <= 256 => return (aligned.next_multiple_of(8), aligned.next_multiple_of(16)),
            // Blocks that may be kept have the bytes of their list: 32 sizes a doubling, or whole alignments.
            (..=16, 2049..=32_768) if keeps_blocks => bytes.next_multiple_of(bytes.next_power_of_two() / 64),
            (32..=256, _) if keeps_blocks && aligned <= 2048 => aligned,
            _ => bytes.next_multiple_of(16),
        };
        (rounded, rounded)
    }
}

/// A live block and what its bytes must be.
struct Live {
    block: NonNull<u8>,
    layout: Layout,
    mark: u8,
}

impl Live {
    fn range(&self) -> Range<usize> {
        self.block.as_ptr().addr()..self.block.as_ptr().addr() + self.layout.size()
    }

    /// The byte at this place of a block with this mark.
    fn byte(mark: u8, at: usize) -> u8 {
        mark ^ (at as u8).wrapping_mul(31)
    }

    fn fill(&self, from: usize) {
        for at in from..self.layout.size() {
            // SAFETY: needs an offset inside the block; it is below its size.
            let byte = unsafe { self.block.add(at) };
            // SAFETY: needs a byte that nobody else uses; the block is live.
            unsafe { byte.write(Self::byte(self.mark, at)) };
        }
    }

    fn assert_kept(&self, bytes: usize) {
        for at in 0..bytes.min(self.layout.size()) {
            // SAFETY: needs an offset inside the block; it is below its size.
            let byte = unsafe { self.block.add(at) };
            // SAFETY: needs a byte that was written; the block was filled when it was lent or resized.
            let found = unsafe { byte.read() };
            assert_eq!(
                found,
                Self::byte(self.mark, at),
                "byte {at} of a block of {} bytes",
                self.layout.size()
            );
        }
    }
}

/// Runs a program on `blocks`, whose memory is `memory`; answers how many requests were refused.
pub fn run(operations: &[Operation], blocks: &mut impl Blocks, memory: Range<usize>) -> usize {
    let mut live: Vec<Live> = Vec::new();
    let (mut refused, mut mark) = (0, 0_u8);
    let empty = blocks.check();
    for operation in operations {
        match *operation {
            Operation::Alloc { bytes, shift, times } => {
                let layout = Layout::from_size_align(bytes as usize, 1 << (shift % 13)).unwrap();
                for _ in 0..times.max(1) {
                    let Some(block) = blocks.allocate(layout) else {
                        refused += 1;
                        continue;
                    };
                    mark = mark.wrapping_add(1);
                    let new = Live { block, layout, mark };
                    assert!(block.as_ptr().addr().is_multiple_of(layout.align()), "{layout:?}");
                    assert!(memory.start <= new.range().start && new.range().end <= memory.end, "{layout:?}");
                    new.fill(0);
                    live.push(new);
                }
            }
            Operation::Free { index } if !live.is_empty() => {
                let gone = live.swap_remove(usize::from(index) % live.len());
                gone.assert_kept(usize::MAX);
                // SAFETY: needs a block lent for this layout; it was live.
                unsafe { blocks.deallocate(gone.block, gone.layout) };
            }
            Operation::FreeMany { stride } => {
                let stride = usize::from(stride).max(2);
                let mut number = 0;
                live.retain(|block| {
                    number += 1;
                    if number % stride == 0 {
                        block.assert_kept(usize::MAX);
                        // SAFETY: needs a block lent for this layout; it was live.
                        unsafe { blocks.deallocate(block.block, block.layout) };
                    }
                    number % stride != 0
                });
            }
            Operation::Resize { index, bytes } if !live.is_empty() => {
                let index = usize::from(index) % live.len();
                let (old, bytes) = (&mut live[index], bytes.max(1) as usize);
                // SAFETY: needs a block lent for this layout; it is live.
                match unsafe { blocks.resize(old.block, old.layout, bytes) } {
                    None => {
                        refused += 1;
                        old.assert_kept(usize::MAX);
                    }
                    Some(block) => {
                        let kept = old.layout.size();
                        old.block = block;
                        old.layout = Layout::from_size_align(bytes, old.layout.align()).unwrap();
                        old.assert_kept(kept);
                        old.fill(kept);
                        assert!(block.as_ptr().addr().is_multiple_of(old.layout.align()));
                        assert!(memory.start <= old.range().start && old.range().end <= memory.end);
                    }
                }
            }
            Operation::Check => check(blocks, &live, empty),
            Operation::Free { .. } | Operation::Resize { .. } => {}
        }
    }
    check(blocks, &live, empty);
    for gone in live {
        gone.assert_kept(usize::MAX);
        // SAFETY: needs a block lent for this layout; it was live.
        unsafe { blocks.deallocate(gone.block, gone.layout) };
    }
    check(blocks, &[], empty);
    refused
}

fn check(blocks: &mut impl Blocks, live: &[Live], empty: usize) {
    let mut ranges: Vec<Range<usize>> =
        live.iter().map(Live::range).filter(|range| !range.is_empty()).collect();
    ranges.sort_by_key(|range| range.start);
    for pair in ranges.windows(2) {
        assert!(pair[0].end <= pair[1].start, "{:?} and {:?} overlap", pair[0], pair[1]);
    }
    let costs = live.iter().map(|block| blocks.cost(block.layout));
    let (least, most) = costs.fold((empty, empty), |sum, cost| (sum.0 + cost.0, sum.1 + cost.1));
    let lent = blocks.check();
    assert!(least <= lent && lent <= most, "{lent} bytes are lent, between {least} and {most} should be");
}

/// Memory of that many bytes, that begins at any byte.
pub fn memory(bytes: usize) -> Vec<MaybeUninit<u8>> {
    vec![MaybeUninit::new(0xA5); bytes]
}
