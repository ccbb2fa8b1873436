//! A region: blocks of any size out of one piece of memory, for one owner, in constant time.
//!
//! ```text
//!   memory:  ├ edge map ┤ granule of nobody ├ lent │ free │ lent │ lent │ free │ ... ┤
//! ```
//!
//! Memory is made of *granules* of 16 bytes. A block that is lent has no header: its size comes back with its `Layout`. A free
//! block has its record in itself: size and list links in its first granule, its size once more at the end of its last.
//!
//! The *edge map* has one bit for each granule: set where the state changes, from lent to free or from free to lent. Free
//! blocks are merged at once, so a free block lies between two set bits, and to lend or to take back a range changes just
//! the bits at its two ends, whatever lies beside it. The old value of such a bit says whether the neighbour is free.
//!
//! ```text
//!   state    lent  lent  free        lent  free        │ behind the end counts as lent
//!   edge           0     1           1     1           1
//! ```
//!
//! Free blocks are found by size: exact up to 1 KiB, above in 32 steps a doubling; the first block of the first bin whose
//! every block is large enough is taken (*good fit*), and what it has too much stays free behind what is lent.
//!
//! *Invariants*, which [`Region::check`] compares: no two free blocks touch; a bin's list has exactly the free blocks of its
//! sizes; the bits say which lists are empty; free and lent granules are all granules.
//!
//! No operation loops, takes a lock, or has a path that panics. Sources: two-level segregated fit is Masmano, Ripoll,
//! Crespo and Real, "TLSF: a new dynamic memory allocator for real-time systems" (2004); the edge map is ours.

mod bins;
mod check;
mod edges;
mod grain;

pub use check::{RegionCensus, RegionError};

use bins::{Bins, NOBODY};
use core::alloc::Layout;
use core::ptr::NonNull;
use edges::Edges;
pub(crate) use grain::GRANULE_BYTES;
use grain::{bin_above, bin_of, granules_for, granules_less_one};

/// Rows of bins of a region whose type says nothing else: enough for 1 GiB, less a 64th.
pub const ROWS: usize = 11;

/// Set in `FreeBlock::prev` of the first block of a list; the other digits are the bin then.
const FIRST: u32 = 1 << 31;

/// The record of a free block: the first three fields in its first granule, the last one in its last.
#[repr(C)]
struct FreeBlock {
    /// The next block of the bin, or [`NOBODY`].
    next: u32,
    /// The block before in the bin; of the first one the bin, with [`FIRST`].
    prev: u32,
    /// Granules of the block.
    granules: u32,
    /// Granules of the block that ends with this granule.
    granules_at_end: u32,
}

const _: () = assert!(size_of::<FreeBlock>() == GRANULE_BYTES);

/// Where the granules begin: with granule 0, which nobody has; its record takes writes that have no other block to go to.
///
/// Functions of the region hand it on by value, so that it stays in a register while they write to blocks.
#[derive(Clone, Copy)]
struct Granules(*mut FreeBlock);

impl Granules {
    /// The record in a granule.
    #[inline(always)]
    fn block(self, at: u32) -> *mut FreeBlock {
        self.0.wrapping_add(at as usize)
    }

    /// The number of the granule at which a block begins.
    #[inline(always)]
    fn number_of(self, block: NonNull<u8>) -> u32 {
        ((block.as_ptr().addr() - self.0.addr()) / GRANULE_BYTES) as u32
    }

    /// How many granules after the beginning of `at` a block with this alignment begins.
    #[inline(always)]
    fn lead(self, at: u32, align: usize) -> usize {
        (self.block(at).addr().wrapping_neg() & (align - 1)) / GRANULE_BYTES
    }
}

/// A constant-time allocator of blocks in one piece of memory, with one owner.
///
/// At most one 64th of the memory is records (on 64-bit processors one bit for each 16 bytes). Nothing is read or written
/// beyond the records, the blocks that are lent or taken back and their free neighbours. All zero is a region without memory.
///
/// `ROWS` rows of bins serve `16 << (4 + 2 * ROWS)` bytes, less a 64th, and take 264 bytes each.
///
/// ```
/// use compiler_alloc::region::Region;
/// use core::alloc::Layout;
/// use core::mem::MaybeUninit;
/// use core::ptr::NonNull;
/// let mut memory = [MaybeUninit::<u8>::uninit(); 4096];
/// // SAFETY: the array outlives the region, and nothing else uses it meanwhile.
/// let mut region: Region = unsafe { Region::over(NonNull::from(&mut memory).cast(), 4096) }.unwrap();
/// let layout = Layout::new::<[u64; 9]>();
/// let block = region.allocate(layout).unwrap();
/// // SAFETY: lent just now, for this layout.
/// unsafe { region.deallocate(block, layout) };
/// assert_eq!(region.free_bytes(), region.capacity_bytes());
/// ```
pub struct Region<const ROWS: usize = { self::ROWS }> {
    origin: Granules,
    edges: Edges,
    /// How many granules are lent or free: numbers 1 to this.
    granules: u32,
    free: u32,
    bins: Bins<ROWS>,
}

// SAFETY: needs memory that may be used from any thread: it is reached through the region and the blocks it lent only, and
// whoever gave it says that it is valid as long as these are used, wherever that is.
unsafe impl<const ROWS: usize> Send for Region<ROWS> {}

impl<const ROWS: usize> Region<ROWS> {
    /// A region without memory: every request is refused.
    pub const EMPTY: Self = Region {
        origin: Granules(core::ptr::null_mut()),
        edges: Edges::NONE,
        granules: 0,
        free: 0,
        bins: Bins::EMPTY,
    };

    /// A region in the `bytes` bytes from `memory` on; `None` if that is too little for a single block.
    ///
    /// Constant time, apart from setting the edge map to zero: a 128th of the memory.
    ///
    /// # Safety
    /// - The memory is valid for reads and writes, and used by nobody else, for as long as the region or a block of it is used,
    ///   on whatever thread that is.
    pub unsafe fn over(memory: NonNull<u8>, bytes: usize) -> Option<Self> {
        let mut region = Self::EMPTY;
        // SAFETY: needs memory as described; that is the duty of our caller.
        unsafe { region.begin(memory, bytes, false) }.then_some(region)
    }

    /// Gives an empty region its memory; answers whether that was enough for a block. Constant time if `is_zeroed`.
    ///
    /// # Safety
    /// - As for [`over`](Self::over); the region is empty; if `is_zeroed`, all bytes are zero.
    pub(crate) unsafe fn begin(&mut self, memory: NonNull<u8>, bytes: usize, is_zeroed: bool) -> bool {
        let Some(plan) = grain::plan(memory.as_ptr().addr(), bytes, ROWS) else { return false };
        // SAFETY: needs an offset inside the memory; `plan` puts both parts there.
        let origin = unsafe { memory.add(plan.origin) };
        // SAFETY: needs an offset inside the memory, as above.
        let edges = unsafe { memory.add(plan.edges) };
        self.origin = Granules(origin.as_ptr().cast());
        // SAFETY: needs aligned memory of that many words that nobody else uses; `plan` put it there, and the caller lent it.
        self.edges = unsafe { Edges::over(edges.cast(), plan.edge_words, is_zeroed) };
        self.granules = plan.granules;
        self.free = plan.granules;
        // SAFETY: needs a granule from 1 to one behind the last.
        unsafe { self.edges.flip(1) };
        // SAFETY: needs a granule from 1 to one behind the last; behind the end everything counts as lent.
        unsafe { self.edges.flip(plan.granules + 1) };
        // SAFETY: needs granules of ours that nobody holds and no list has; they are all of an empty region.
        unsafe { self.link(self.origin, 1, plan.granules) };
        true
    }

    /// Bytes that may be lent together.
    pub const fn capacity_bytes(&self) -> usize {
        self.granules as usize * GRANULE_BYTES
    }

    /// Bytes that are free. They need not lie together.
    pub const fn free_bytes(&self) -> usize {
        self.free as usize * GRANULE_BYTES
    }

    /// Lends a block for `layout`; no bytes count as one. `None` if no free block is known to be large enough: of the blocks between
    /// the request and the next step of sizes, a 32nd of it, one is looked at. Constant time.
    #[inline]
    pub fn allocate(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        if layout.align() > GRANULE_BYTES {
            return self.allocate_aligned(layout);
        }
        let bytes = if layout.size() == 0 { 1 } else { layout.size() };
        let block = self.allocate_bytes(bytes);
        if block.is_some() { block } else { self.allocate_tight(granules_for(bytes), GRANULE_BYTES) }
    }

    /// Lends a block of `bytes` bytes, of which there is at least one, aligned to 16, out of a bin whose every block is large enough; `None` if
    /// there is none, and [`allocate`](Self::allocate) looks further.
    #[inline(always)]
    pub(crate) fn allocate_bytes(&mut self, bytes: usize) -> Option<NonNull<u8>> {
        let origin = self.origin;
        let less_one = granules_less_one(bytes);
        if less_one >= self.granules as usize {
            return None;
        }
        let granules = less_one as u32 + 1;
        // SAFETY: needs a bin that exists; regions are so small that every request below their size has one.
        let bin = unsafe { self.bins.find(bin_above(less_one as u32)) }?;
        // SAFETY: needs a bin with a block; `find` found it.
        let at = unsafe { self.bins.head(bin) };
        // SAFETY: needs a bin that `at` is the first block of, with that many granules; so `find` chose it.
        Some(unsafe { self.lend(origin, bin, at, 0, granules) })
    }

    /// When no bin is known to have large enough blocks: the first block of the bin that has blocks a little larger and a little smaller
    /// than the request, if it is one of the former.
    #[cold]
    #[inline(never)]
    fn allocate_tight(&mut self, granules: usize, align: usize) -> Option<NonNull<u8>> {
        let origin = self.origin;
        if granules > self.granules as usize {
            return None;
        }
        let granules = granules as u32;
        let bin = bin_of(granules);
        // SAFETY: needs a bin that exists; that of a request below the region's size does.
        let at = unsafe { self.bins.head(bin) };
        if at == NOBODY {
            return None;
        }
        let lead = origin.lead(at, align) as u32;
        // SAFETY: needs the record of a free block; the first of a bin is one.
        if lead + granules > unsafe { (*origin.block(at)).granules } {
            return None;
        }
        // SAFETY: needs a bin that `at` is the first block of, with that many granules behind the lead; they were compared.
        Some(unsafe { self.lend(origin, bin, at, lead, granules) })
    }

    /// As [`allocate`](Self::allocate), for an alignment above a granule: a block that happens to be aligned, or one with room
    /// to begin later.
    #[inline(never)]
    fn allocate_aligned(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        let origin = self.origin;
        let granules = granules_for(layout.size());
        // The sum cannot wrap around: neither is more than a 16th of the largest number.
        let worst = granules + layout.align() / GRANULE_BYTES - 1;
        if granules > self.granules as usize {
            return None;
        }
        // A block that fits if it happens to be aligned, and one that fits wherever it begins.
        for enough in [granules, worst] {
            if enough > self.granules as usize {
                break;
            }
            // SAFETY: needs a bin that exists; regions are so small that every request below their size has one.
            let Some(bin) = (unsafe { self.bins.find(bin_above(enough as u32 - 1)) }) else { break };
            // SAFETY: needs a bin with a block; `find` found it.
            let at = unsafe { self.bins.head(bin) };
            let lead = origin.lead(at, layout.align());
            // SAFETY: needs the record of a free block; the first of a bin is one.
            if lead + granules <= unsafe { (*origin.block(at)).granules } as usize {
                // SAFETY: needs a bin that `at` is the first block of, with that many granules behind the lead; they were compared.
                return Some(unsafe { self.lend(origin, bin, at, lead as u32, granules as u32) });
            }
        }
        self.allocate_tight(granules, layout.align())
    }

    /// Takes a block back. Constant time; merges it with free neighbours.
    ///
    /// # Safety
    /// - This region lent `block` for a layout with the same size as `layout`, counting what grew and shrank in place, and it is
    ///   not used any more.
    #[inline]
    pub unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout) {
        let origin = self.origin;
        // SAFETY: needs granules that are lent together; the caller says so.
        unsafe { self.take_back(origin.number_of(block), granules_for(layout.size()) as u32) };
    }

    /// As [`deallocate`](Self::deallocate), for a block of `bytes` bytes, of which there is at least one.
    ///
    /// # Safety
    /// - As for [`deallocate`](Self::deallocate).
    #[inline(never)]
    pub(crate) unsafe fn deallocate_bytes(&mut self, block: NonNull<u8>, bytes: usize) {
        let origin = self.origin;
        // SAFETY: needs granules that are lent together; the caller says so.
        unsafe { self.take_back(origin.number_of(block), granules_less_one(bytes) as u32 + 1) };
    }

    /// Makes a block larger where it lies; answers whether that was possible. Constant time.
    ///
    /// # Safety
    /// - This region lent `block` for a layout with the size of `old`, and `new_bytes` is not less.
    #[inline]
    pub unsafe fn grow_in_place(&mut self, block: NonNull<u8>, old: Layout, new_bytes: usize) -> bool {
        let origin = self.origin;
        let (old_granules, new_granules) = (granules_for(old.size()), granules_for(new_bytes));
        if new_granules <= old_granules {
            return true;
        }
        let behind = origin.number_of(block) + old_granules as u32;
        // SAFETY: needs a granule of ours or one behind; a lent block ends there.
        if !unsafe { self.edges.get(behind) } {
            return false;
        }
        // SAFETY: needs the record of a free block; the edge behind a lent block says that one begins there.
        let room = unsafe { (*origin.block(behind)).granules };
        let more = new_granules - old_granules;
        if more > room as usize {
            return false;
        }
        // SAFETY: needs a free block; it begins there.
        unsafe { self.unlink(origin, behind) };
        // SAFETY: needs an unlisted free block that long.
        unsafe { self.lend_unlisted(origin, behind, 0, more as u32, room) };
        true
    }

    /// Makes a block smaller where it lies; what it has too much is free at once. Constant time.
    ///
    /// # Safety
    /// - This region lent `block` for a layout with the size of `old`, and `new_bytes` is not more.
    /// - What lies behind `new_bytes` is not used any more.
    #[inline]
    pub unsafe fn shrink_in_place(&mut self, block: NonNull<u8>, old: Layout, new_bytes: usize) {
        let origin = self.origin;
        let (old_granules, new_granules) = (granules_for(old.size()), granules_for(new_bytes));
        if new_granules < old_granules {
            let behind = origin.number_of(block) + new_granules as u32;
            // SAFETY: needs granules that are lent together; they are the end of a lent block.
            unsafe { self.take_back(behind, (old_granules - new_granules) as u32) };
        }
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
        let origin = self.origin;
        let at = origin.number_of(block);
        let (old_granules, new_granules) = (granules_for(old.size()) as u32, granules_for(new_bytes));
        let behind = at + old_granules;
        // SAFETY: needs a granule of ours; a lent block begins there.
        let before = match unsafe { self.edges.get(at) } {
            // SAFETY: needs the record at the end of a free block; the edge says that one ends before the lent block.
            true => unsafe { (*origin.block(at - 1)).granules_at_end },
            false => 0,
        };
        // SAFETY: needs a granule of ours or one behind; a lent block ends there.
        let after = match unsafe { self.edges.get(behind) } {
            // SAFETY: needs the record of a free block; the edge says that one begins behind the lent block.
            true => unsafe { (*origin.block(behind)).granules },
            false => 0,
        };
        let room = before + old_granules + after;
        if before == 0 || new_granules > room as usize {
            return None;
        }
        let begin = at - before;
        // SAFETY: needs a free block; it begins there.
        unsafe { self.unlink(origin, begin) };
        if after != 0 {
            // SAFETY: needs a free block; it begins there.
            unsafe { self.unlink(origin, behind) };
            // SAFETY: needs a granule of ours or one behind; what was free now belongs to the block.
            unsafe { self.edges.flip(behind) };
            // SAFETY: needs a granule of ours or one behind, as above; the block ends there for now.
            unsafe { self.edges.flip(behind + after) };
        }
        // SAFETY: needs a granule of ours; what was free now belongs to the block.
        unsafe { self.edges.flip(at) };
        // SAFETY: needs a granule of ours, as above.
        unsafe { self.edges.flip(begin) };
        self.free -= before + after;
        let moved: *mut u8 = origin.block(begin).cast();
        // SAFETY: needs two ranges that are valid for the old size; both lie in what the block has now. They may overlap.
        unsafe { moved.copy_from(block.as_ptr(), old.size()) };
        let surplus = room - new_granules as u32;
        if surplus != 0 {
            // SAFETY: needs granules that are lent together and hold nothing; they are the end of the block.
            unsafe { self.take_back(begin + new_granules as u32, surplus) };
        }
        // SAFETY: needs a pointer that is not null; a granule behind granule 0 is somewhere.
        Some(unsafe { NonNull::new_unchecked(moved) })
    }

    /// Makes a block longer by the `bytes` bytes before it, a multiple of 16; answers whether they were free. Constant time.
    ///
    /// # Safety
    /// - This region lent `block`, and `bytes` is not 0.
    /// - From now on the block begins `bytes` earlier and is that much larger.
    #[inline]
    pub unsafe fn grow_down_in_place(&mut self, block: NonNull<u8>, bytes: usize) -> bool {
        let origin = self.origin;
        let at = origin.number_of(block);
        // SAFETY: needs a granule of ours; a lent block begins there.
        if !unsafe { self.edges.get(at) } {
            return false;
        }
        // SAFETY: needs the record at the end of a free block; the edge says that one ends before the lent block.
        let room = unsafe { (*origin.block(at - 1)).granules_at_end };
        let more = bytes / GRANULE_BYTES;
        if more > room as usize {
            return false;
        }
        let below = at - room;
        // SAFETY: needs a free block; it begins there.
        unsafe { self.unlink(origin, below) };
        // SAFETY: needs an unlisted free block that long; the end of it is lent.
        unsafe { self.lend_unlisted(origin, below, room - more as u32, more as u32, room) };
        true
    }

    /// Lends `granules` granules of a bin's first block, `lead` granules after its beginning.
    ///
    /// # Safety
    /// - `at` is the first block of `bin`, and has that many granules.
    #[inline(always)]
    unsafe fn lend(
        &mut self,
        origin: Granules,
        bin: usize,
        at: u32,
        lead: u32,
        granules: u32,
    ) -> NonNull<u8> {
        // SAFETY: needs the record of a free block; the first of a bin is one.
        let next = unsafe { (*origin.block(at)).next };
        // SAFETY: needs the record of a free block, as above.
        let room = unsafe { (*origin.block(at)).granules };
        // SAFETY: needs a bin with a block.
        unsafe { self.bins.pop(bin, next) };
        // SAFETY: needs a free block or the granule of nobody; lists end with it.
        unsafe { (*origin.block(next)).prev = FIRST | bin as u32 };
        // SAFETY: needs an unlisted free block that long; it has just left its list.
        unsafe { self.lend_unlisted(origin, at, lead, granules, room) };
        let block = origin.block(at + lead);
        // SAFETY: needs a pointer that is not null; a granule behind granule 0 is somewhere.
        unsafe { NonNull::new_unchecked(block.cast()) }
    }

    /// Lends the middle of a free block that no list has, and lists what is left at both ends.
    ///
    /// # Safety
    /// - A free block of `room` granules begins at `at`, is in no list, and `lead + granules <= room`.
    #[inline(always)]
    unsafe fn lend_unlisted(&mut self, origin: Granules, at: u32, lead: u32, granules: u32, room: u32) {
        let begin = at + lead;
        let end = begin + granules;
        let behind = room - lead - granules;
        if lead != 0 {
            // SAFETY: needs free granules in no list; the block's beginning, which stays free.
            unsafe { self.link(origin, at, lead) };
        }
        if behind != 0 {
            // SAFETY: needs free granules in no list; the block's end, which stays free.
            unsafe { self.link(origin, end, behind) };
        }
        // SAFETY: needs a granule of ours or one behind; the block lies between.
        unsafe { self.edges.flip(begin) };
        // SAFETY: needs a granule of ours or one behind, as above.
        unsafe { self.edges.flip(end) };
        self.free -= granules;
    }

    /// Takes granules back that were lent together, and merges them with free neighbours.
    ///
    /// # Safety
    /// - Granules `at` to `at + granules` are lent, and not used any more.
    #[inline(always)]
    pub(super) unsafe fn take_back(&mut self, mut at: u32, mut granules: u32) {
        let origin = self.origin;
        self.free += granules;
        let behind = at + granules;
        // SAFETY: needs a granule of ours or one behind; lent granules end there.
        if unsafe { self.edges.flip(behind) } {
            // SAFETY: needs the record of a free block; the edge behind lent granules says that one begins there.
            granules += unsafe { (*origin.block(behind)).granules };
            // SAFETY: needs a free block; it begins there.
            unsafe { self.unlink(origin, behind) };
        }
        // SAFETY: needs a granule of ours; lent granules begin there.
        if unsafe { self.edges.flip(at) } {
            // SAFETY: needs the record at the end of a free block; the edge before lent granules says that one ends there.
            let before = unsafe { (*origin.block(at - 1)).granules_at_end };
            at -= before;
            granules += before;
            // SAFETY: needs a free block; its end said where it begins.
            unsafe { self.unlink(origin, at) };
        }
        // SAFETY: needs free granules in no list; the neighbours have left theirs.
        unsafe { self.link(origin, at, granules) };
    }

    /// Writes the record of a free block and makes it the first of its bin.
    ///
    /// # Safety
    /// - Granules `at` to `at + granules` are free, at least one, and in no list.
    #[inline(always)]
    unsafe fn link(&mut self, origin: Granules, at: u32, granules: u32) {
        let bin = bin_of(granules);
        // SAFETY: needs a bin that exists; regions are so small that every size within has one.
        let next = unsafe { self.bins.push(bin, at) };
        let block = origin.block(at);
        // SAFETY: needs a granule that nobody else uses; it is free.
        unsafe { (*block).next = next };
        // SAFETY: needs a granule that nobody else uses, as above.
        unsafe { (*block).prev = FIRST | bin as u32 };
        // SAFETY: needs a granule that nobody else uses, as above.
        unsafe { (*block).granules = granules };
        // SAFETY: needs a granule that nobody else uses; the last of the free ones.
        unsafe { (*origin.block(at + granules - 1)).granules_at_end = granules };
        // SAFETY: needs a free block or the granule of nobody; lists end with it.
        unsafe { (*origin.block(next)).prev = at };
    }

    /// Takes a free block out of its list.
    ///
    /// # Safety
    /// - A free block begins at `at`.
    #[inline(always)]
    unsafe fn unlink(&mut self, origin: Granules, at: u32) {
        // SAFETY: needs the record of a free block.
        let next = unsafe { (*origin.block(at)).next };
        // SAFETY: needs the record of a free block.
        let prev = unsafe { (*origin.block(at)).prev };
        // SAFETY: needs a free block or the granule of nobody; lists end with it.
        unsafe { (*origin.block(next)).prev = prev };
        if prev & FIRST == 0 {
            // SAFETY: needs a free block; it is before this one in the list.
            unsafe { (*origin.block(prev)).next = next };
        } else {
            // SAFETY: needs a bin with a block; the first block of a list knows its bin.
            unsafe { self.bins.pop((prev & !FIRST) as usize, next) };
        }
    }
}
