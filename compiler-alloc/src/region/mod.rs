//! A region: blocks of any size out of one piece of memory, for one owner, in constant time.
//!
//! ```text
//!   memory:  ├ edge map ┤ heads of lists ├ lent │ free │ lent │ lent │ free │ ... ┤
//! ```
//!
//! Memory is made of *granules* of 16 bytes. A block that is lent has no header: its size comes back with its `Layout`. A free
//! block has its record in itself: size and list links in its first granule, its size once more at the end of its last.
//!
//! Blocks and heads are named by their *offset* in bytes from one address, so that the address of each is a sum. A list is a ring:
//! its head has links like those of a block, and if the list is empty the head is linked to itself. So a block leaves its list by
//! two stores, whatever is beside it, and the list is empty now if the block had the same neighbour on both sides.
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
//! Free blocks are found by size: exact up to 1 KiB, above by its seven highest digits; the first block of the first bin whose every
//! block is large enough is taken (*good fit*), and its end is lent: what it has too much stays free where it is, with its record.
//! Blocks with an alignment above a granule, and those that only the next smaller bin can serve, begin where the free block begins,
//! or soon behind it.
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
mod resize;

pub use check::{RegionCensus, RegionError};

use bins::{Bins, Rows};
use core::alloc::Layout;
use core::ptr::NonNull;
use edges::Edges;
pub use grain::REGION_BYTES_MAX;
use grain::{Bin, FIRST_HEAD, HEAD_BYTES, block_bytes, block_bytes_of_some};
pub(crate) use grain::{GRANULE_BYTES, heads_bytes};

/// The links of a block in its list, or of the list's head.
#[repr(C)]
struct Links {
    /// The next block of the list; of the last one the head.
    next: u32,
    /// The block before; of the first one the head.
    prev: u32,
}

const _: () = assert!(size_of::<Links>() == HEAD_BYTES);

/// A free block has its links first, then its size in bytes, and in its last four bytes the size once more: at least a granule.
const _: () = assert!(HEAD_BYTES + 2 * size_of::<u32>() == GRANULE_BYTES);

/// In a heap over a region, blocks with a larger alignment first look for a place that happens to have it: what would lie before it is
/// worth more than the time. In a region alone all do.
const SMALL_ALIGN_MAX: usize = 256;

/// The address from which offsets are counted: so far before the heads that a head's offset is its bin's number, 8 bytes a bin.
///
/// Functions of the region hand it on by value, so that it stays in a register while they write to blocks.
#[derive(Clone, Copy)]
struct Base(*mut u8);

impl Base {
    /// The links of a block or head.
    #[inline(always)]
    fn links(self, at: usize) -> *mut Links {
        self.0.wrapping_add(at).cast()
    }

    /// The size in the record of a free block.
    #[inline(always)]
    fn bytes(self, at: usize) -> *mut u32 {
        self.0.wrapping_add(at).wrapping_add(size_of::<Links>()).cast()
    }

    /// The size at the end of a free block that ends before `end`.
    #[inline(always)]
    fn bytes_before(self, end: usize) -> *mut u32 {
        self.0.wrapping_add(end).wrapping_sub(size_of::<u32>()).cast()
    }

    /// The offset at which a block begins.
    #[inline(always)]
    fn offset_of(self, block: NonNull<u8>) -> usize {
        block.as_ptr().addr() - self.0.addr()
    }

    /// The block that begins at an offset.
    #[inline(always)]
    fn block(self, at: usize) -> NonNull<u8> {
        // SAFETY: needs a pointer that is not null; what is behind the first head is somewhere.
        unsafe { NonNull::new_unchecked(self.0.wrapping_add(at)) }
    }

    /// How many bytes after the beginning of `at` a block with this alignment begins.
    #[inline(always)]
    fn lead(self, at: usize, align: usize) -> usize {
        self.0.wrapping_add(at).addr().wrapping_neg() & (align - 1)
    }
}

/// A constant-time allocator of blocks in one piece of memory, with one owner.
///
/// Records take a 128th of the memory, and 512 bytes for each doubling of its size above 1 KiB: 3.6 KiB of 64 KiB, 134 KiB of 16 MiB.
/// Nothing is read or written beyond the records, the blocks that are lent or taken back and their free neighbours. All zero is a
/// region without memory. What exceeds [`REGION_BYTES_MAX`] stays unused.
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
#[repr(C)]
pub struct Region {
    // What every operation uses comes first, and lies together.
    base: Base,
    edges: Edges,
    free: u32,
    bins: Bins,
    /// Bytes that are lent or free.
    capacity: usize,
    /// The offset behind the last of them.
    end: usize,
}

// SAFETY: needs memory that may be used from any thread: it is reached through the region and the blocks it lent only, and
// whoever gave it says that it is valid as long as these are used, wherever that is.
unsafe impl Send for Region {}

impl Region {
    /// A region without memory: every request is refused.
    pub const EMPTY: Self = Region {
        base: Base(core::ptr::null_mut()),
        edges: Edges::NONE,
        capacity: 0,
        end: 0,
        free: 0,
        bins: Bins::EMPTY,
    };

    /// A region in the `bytes` bytes from `memory` on; `None` if that is too little for a single block.
    ///
    /// Sets a 128th of the memory to zero and writes the heads of its lists, 64 for each doubling of the memory above 1 KiB.
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
        let Some(plan) = grain::plan(memory.as_ptr().addr(), bytes) else { return false };
        // SAFETY: needs an offset inside the memory; `plan` puts both parts there.
        let heads = unsafe { memory.add(plan.heads) };
        // SAFETY: needs an offset inside the memory, as above.
        let edges = unsafe { memory.add(plan.edges) };
        self.base = Base(heads.as_ptr().wrapping_sub(FIRST_HEAD));
        // SAFETY: needs aligned memory of that many words that nobody else uses; `plan` put it there, and the caller lent it.
        self.edges = unsafe { Edges::over(edges.cast(), plan.edge_words, is_zeroed) };
        self.capacity = plan.end - plan.begin;
        self.end = plan.end;
        self.free = self.capacity as u32;
        for head in (FIRST_HEAD..=plan.last_head).step_by(HEAD_BYTES) {
            // SAFETY: needs memory of a head that nobody else uses; `plan` has room for that many.
            unsafe { self.base.links(head).write(Links { next: head as u32, prev: head as u32 }) };
        }
        // SAFETY: needs an offset with a bit; all from the first head to the end have one.
        unsafe { self.edges.flip(plan.begin) };
        // SAFETY: needs an offset with a bit, as above; behind the end everything counts as lent.
        unsafe { self.edges.flip(plan.end) };
        let mut rows = self.bins.rows();
        // SAFETY: needs bytes of ours that nobody holds and no list has; they are all of an empty region.
        unsafe { self.link(&mut rows, self.base, plan.begin, plan.end) };
        self.bins.set_rows(rows);
        true
    }

    /// Bytes that may be lent together.
    pub const fn capacity_bytes(&self) -> usize {
        self.capacity
    }

    /// Bytes that are free. They need not lie together.
    pub const fn free_bytes(&self) -> usize {
        self.free as usize
    }

    /// Lends a block for `layout`; no bytes count as one. `None` if no free block is known to be large enough: of the blocks between
    /// the request and the next step of sizes, a 32nd of it, one is looked at. Constant time.
    #[inline]
    pub fn allocate(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        if layout.align() > GRANULE_BYTES {
            return self.allocate_where_aligned(layout);
        }
        let bytes = if layout.size() == 0 { 1 } else { layout.size() };
        // SAFETY: needs a layout's size, and at least one byte; none counts as one.
        let block = unsafe { self.allocate_bytes(bytes) };
        if block.is_some() { block } else { self.allocate_tight(block_bytes_of_some(bytes), GRANULE_BYTES) }
    }

    /// Lends a block of `bytes` bytes, aligned to 16, out of a bin whose every block is large enough; `None` if there is none, and
    /// [`allocate`](Self::allocate) looks further.
    ///
    /// # Safety
    /// - `bytes` is at least one, and at most the size of a layout.
    #[inline(always)]
    pub(crate) unsafe fn allocate_bytes(&mut self, bytes: usize) -> Option<NonNull<u8>> {
        // SAFETY: the caller keeps the duty of `find`, which is the same.
        let (rows, bin, at) = unsafe { self.find(bytes) }?;
        // SAFETY: needs a bin that `at` is the first block of, with that many bytes; so `find` chose it.
        Some(unsafe { self.lend_end(rows, self.base, bin, at, block_bytes_of_some(bytes)) })
    }

    /// The first bin whose every block has `bytes` bytes, and its first block, with the row bits; `None` if all such bins are empty.
    ///
    /// # Safety
    /// - `bytes` is at least one, and at most the size of a layout.
    #[inline(always)]
    unsafe fn find(&self, bytes: usize) -> Option<(Rows, Bin, usize)> {
        let less_one = bytes.wrapping_sub(1);
        // SAFETY: needs a number below the largest size of a layout; the caller's bytes are at most that, and at least one.
        unsafe { core::hint::assert_unchecked(less_one <= isize::MAX as usize) };
        let rows = self.bins.rows();
        // SAFETY: needs a row that exists; there is one for every digit of a size.
        let bin = unsafe { self.bins.find_behind(rows, Bin::of(less_one)) }?;
        // SAFETY: needs the links of a bin's head, which has a block; `find_behind` found it.
        Some((rows, bin, unsafe { (*self.base.links(bin.head)).next } as usize))
    }

    /// When no bin is known to have large enough blocks: the first block of the bin that has blocks a little larger and a little smaller
    /// than the request, if it is one of the former.
    #[cold]
    #[inline(never)]
    fn allocate_tight(&mut self, bytes: usize, align: usize) -> Option<NonNull<u8>> {
        let base = self.base;
        if bytes > self.capacity {
            return None;
        }
        let bin = Bin::of(bytes);
        // SAFETY: needs the links of a head; a request of at most the capacity has a bin with one.
        let at = unsafe { (*base.links(bin.head)).next } as usize;
        if at == bin.head {
            return None;
        }
        let lead = base.lead(at, align);
        // SAFETY: needs the record of a free block; the first of a bin is one.
        if lead + bytes > unsafe { *base.bytes(at) } as usize {
            return None;
        }
        // SAFETY: needs a bin that `at` is the first block of, with that many bytes behind the lead; they were compared.
        Some(unsafe { self.lend(self.bins.rows(), base, bin, at, lead, bytes) })
    }

    /// As [`allocate`](Self::allocate), for an alignment above a granule.
    #[inline(always)]
    pub(crate) fn allocate_aligned(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        if layout.align() > SMALL_ALIGN_MAX {
            return self.allocate_where_aligned(layout);
        }
        self.allocate_later(layout)
    }

    /// A block with an alignment above a granule that begins where a free block begins, or as soon behind it as it can.
    #[inline(always)]
    fn allocate_later(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        let (base, bytes) = (self.base, block_bytes(layout.size()));
        // The sum cannot wrap around: a layout's size can be rounded up to its alignment.
        let worst = bytes + layout.align() - GRANULE_BYTES;
        // SAFETY: needs at least one byte and no more than a layout has; a block has a granule, and the sum is no more than that.
        let Some((rows, bin, at)) = (unsafe { self.find(worst) }) else {
            return self.allocate_tight(bytes, layout.align());
        };
        let lead = base.lead(at, layout.align());
        // SAFETY: needs a bin that `at` is the first block of, with that many bytes behind the lead; so `find` chose it, because blocks
        // begin at multiples of a granule and so the lead is at most what `worst` has more.
        Some(unsafe { self.lend(rows, base, bin, at, lead, bytes) })
    }

    /// As [`allocate_later`](Self::allocate_later), but first looks at a block that only fits if it happens to be aligned.
    #[inline(never)]
    fn allocate_where_aligned(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        let base = self.base;
        let bytes = block_bytes(layout.size());
        // The sum cannot wrap around: a layout's size can be rounded up to its alignment.
        let worst = bytes + layout.align() - GRANULE_BYTES;
        if bytes > self.capacity {
            return None;
        }
        // A block that fits if it happens to be aligned, and one that fits wherever it begins.
        for enough in [bytes, worst] {
            if enough > self.capacity {
                break;
            }
            let rows = self.bins.rows();
            // SAFETY: needs a row that exists; regions are so small that every request below their size has one.
            let Some(bin) = (unsafe { self.bins.find_behind(rows, Bin::of(enough - 1)) }) else { break };
            // SAFETY: needs the links of a bin's head, which has a block; `find` found it.
            let at = unsafe { (*base.links(bin.head)).next } as usize;
            let lead = base.lead(at, layout.align());
            // SAFETY: needs the record of a free block; the first of a bin is one.
            if lead + bytes <= unsafe { *base.bytes(at) } as usize {
                // SAFETY: needs a bin that `at` is the first block of, with that many bytes behind the lead; they were compared.
                return Some(unsafe { self.lend(rows, base, bin, at, lead, bytes) });
            }
        }
        self.allocate_tight(bytes, layout.align())
    }

    /// Takes a block back. Constant time; merges it with free neighbours.
    ///
    /// # Safety
    /// - This region lent `block` for a layout with the same size as `layout`, counting what grew and shrank in place, and it is
    ///   not used any more.
    #[inline]
    pub unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout) {
        let at = self.base.offset_of(block);
        // SAFETY: needs bytes that are lent together; the caller says so.
        unsafe { self.take_back(at, at + block_bytes(layout.size())) };
    }

    /// As [`deallocate`](Self::deallocate), for a block of `bytes` bytes, of which there is at least one.
    ///
    /// # Safety
    /// - As for [`deallocate`](Self::deallocate).
    #[inline(never)]
    pub(crate) unsafe fn deallocate_bytes(&mut self, block: NonNull<u8>, bytes: usize) {
        // SAFETY: the caller keeps the duties of this call, which are the same.
        unsafe { self.deallocate_here(block, bytes) };
    }

    /// As [`deallocate_bytes`](Self::deallocate_bytes), in the caller's code.
    ///
    /// # Safety
    /// - As for [`deallocate`](Self::deallocate).
    #[inline(always)]
    pub(crate) unsafe fn deallocate_here(&mut self, block: NonNull<u8>, bytes: usize) {
        let at = self.base.offset_of(block);
        // SAFETY: needs bytes that are lent together; the caller says so.
        unsafe { self.take_back(at, at + block_bytes_of_some(bytes)) };
    }

    /// Lends the last `bytes` bytes of a bin's first block, and puts the row bits back.
    ///
    /// What is left keeps its place, so that of the memory only the block's first and last bytes and the new end of what is left are
    /// touched; and requests with a larger alignment, as those for whole pages, which begin where the block begins, lie at the other
    /// side of a large free block.
    ///
    /// # Safety
    /// - `at` is the first block of `bin`, and has that many bytes. Both are multiples of 16.
    #[inline(always)]
    unsafe fn lend_end(
        &mut self,
        mut rows: Rows,
        base: Base,
        bin: Bin,
        at: usize,
        bytes: usize,
    ) -> NonNull<u8> {
        // SAFETY: needs the record of a free block; the first of a bin is one.
        let end = at + unsafe { *base.bytes(at) } as usize;
        // SAFETY: the caller keeps the duty of `unlink_first`, which is its first.
        unsafe { self.unlink_first(&mut rows, base, bin, at) };
        let begin = end - bytes;
        self.free -= bytes as u32;
        // SAFETY: needs an offset with a bit; the block begins there.
        unsafe { self.edges.flip(begin) };
        // SAFETY: needs an offset with a bit; the block ends there.
        unsafe { self.edges.flip(end) };
        if begin != at {
            // SAFETY: needs free bytes in no list; the block's beginning, which stays free.
            unsafe { self.link(&mut rows, base, at, begin) };
        }
        self.bins.set_rows(rows);
        base.block(begin)
    }

    /// Lends `bytes` bytes of a bin's first block, `lead` bytes after its beginning, and puts the row bits back.
    ///
    /// # Safety
    /// - `at` is the first block of `bin`, and has that many bytes. All three are multiples of 16.
    #[inline(always)]
    unsafe fn lend(
        &mut self,
        mut rows: Rows,
        base: Base,
        bin: Bin,
        at: usize,
        lead: usize,
        bytes: usize,
    ) -> NonNull<u8> {
        // SAFETY: needs the record of a free block; the first of a bin is one.
        let room = unsafe { *base.bytes(at) } as usize;
        // SAFETY: the caller keeps the duty of `unlink_first`, which is its first.
        unsafe { self.unlink_first(&mut rows, base, bin, at) };
        // SAFETY: needs an unlisted free block that long; it has just left its list.
        unsafe { self.lend_unlisted(rows, base, at, lead, bytes, room) };
        base.block(at + lead)
    }

    /// Lends the middle of a free block that no list has, lists what is left at both ends, and puts the row bits back.
    ///
    /// # Safety
    /// - A free block of `room` bytes begins at `at`, is in no list, and `lead + bytes <= room`. All are multiples of 16.
    #[inline(always)]
    unsafe fn lend_unlisted(
        &mut self,
        mut rows: Rows,
        base: Base,
        at: usize,
        lead: usize,
        bytes: usize,
        room: usize,
    ) {
        let begin = at + lead;
        let end = begin + bytes;
        self.free -= bytes as u32;
        // SAFETY: needs an offset with a bit; the block begins there.
        unsafe { self.edges.flip(begin) };
        // SAFETY: needs an offset with a bit; the block ends there.
        unsafe { self.edges.flip(end) };
        if lead != 0 {
            // SAFETY: needs free bytes in no list; the block's beginning, which stays free.
            unsafe { self.link(&mut rows, base, at, begin) };
        }
        if lead + bytes != room {
            // SAFETY: needs free bytes in no list; the block's end, which stays free.
            unsafe { self.link(&mut rows, base, end, at + room) };
        }
        self.bins.set_rows(rows);
    }

    /// Takes bytes back that were lent together, and merges them with free neighbours.
    ///
    /// # Safety
    /// - The bytes from `at` to `end`, multiples of 16, are lent, and not used any more.
    #[inline(always)]
    pub(super) unsafe fn take_back(&mut self, mut at: usize, mut end: usize) {
        let base = self.base;
        let mut rows = self.bins.rows();
        self.free += (end - at) as u32;
        // SAFETY: needs an offset with a bit; lent bytes end there.
        if unsafe { self.edges.flip_and_tell(end) } {
            let behind = end;
            // SAFETY: needs the record of a free block; the edge behind lent bytes says that one begins there.
            end += unsafe { *base.bytes(behind) } as usize;
            // SAFETY: needs a free block; it begins there.
            unsafe { self.unlink(&mut rows, base, behind) };
        } else {
            // The longer way is laid out without a jump, because it is what bounds the operation.
            core::hint::cold_path();
        }
        // SAFETY: needs an offset with a bit; lent bytes begin there.
        if unsafe { self.edges.flip_and_tell(at) } {
            // SAFETY: needs the end of a free block; the edge before lent bytes says that one ends there.
            at -= unsafe { *base.bytes_before(at) } as usize;
            // SAFETY: needs a free block; its end said where it begins.
            unsafe { self.unlink(&mut rows, base, at) };
        }
        // SAFETY: needs free bytes in no list; the neighbours have left theirs.
        unsafe { self.link(&mut rows, base, at, end) };
        self.bins.set_rows(rows);
    }

    /// Writes the record of a free block and makes it the first of its list.
    ///
    /// # Safety
    /// - The bytes from `at` to `end`, multiples of 16, are free, at least one granule, and in no list.
    #[inline(always)]
    unsafe fn link(&mut self, rows: &mut Rows, base: Base, at: usize, end: usize) {
        let bytes = end as u32 - at as u32;
        let bin = Bin::of(bytes as usize);
        let head = bin.head;
        // SAFETY: needs a row that exists; regions are so small that every size within has one.
        unsafe { self.bins.mark(rows, bin) };
        // SAFETY: needs the links of a head; every size within the region has one.
        let next = unsafe { (*base.links(head)).next } as usize;
        // SAFETY: needs the links of a head, as above.
        unsafe { (*base.links(head)).next = at as u32 };
        // SAFETY: needs the links of a free block or head; the list began with one.
        unsafe { (*base.links(next)).prev = at as u32 };
        // SAFETY: needs a granule that nobody else uses; it is free.
        unsafe { base.links(at).write(Links { next: next as u32, prev: head as u32 }) };
        // SAFETY: needs a granule that nobody else uses, as above.
        unsafe { *base.bytes(at) = bytes };
        // SAFETY: needs a granule that nobody else uses; the last of the free ones.
        unsafe { *base.bytes_before(end) = bytes };
    }

    /// Takes the first block of a bin out of its list. As [`unlink`](Self::unlink), but what is before the block is known.
    ///
    /// # Safety
    /// - `at` is the first block of `bin`.
    #[inline(always)]
    unsafe fn unlink_first(&mut self, rows: &mut Rows, base: Base, bin: Bin, at: usize) {
        let head = bin.head;
        // SAFETY: needs the links of a free block; the first of a bin is one.
        let next = unsafe { (*base.links(at)).next } as usize;
        // SAFETY: needs the links of a head; the bin has a block.
        unsafe { (*base.links(head)).next = next as u32 };
        // SAFETY: needs the links of a free block or head; the list goes on with one.
        unsafe { (*base.links(next)).prev = head as u32 };
        if next == head {
            // SAFETY: needs a row that exists; this one had a block.
            unsafe { self.bins.unmark(rows, bin) };
        }
    }

    /// Takes a free block out of its list.
    ///
    /// # Safety
    /// - A free block begins at `at`.
    #[inline(always)]
    unsafe fn unlink(&mut self, rows: &mut Rows, base: Base, at: usize) {
        // SAFETY: needs the links of a free block.
        let next = unsafe { (*base.links(at)).next } as usize;
        // SAFETY: needs the links of a free block.
        let prev = unsafe { (*base.links(at)).prev } as usize;
        // SAFETY: needs the links of a free block or head; it is behind this one in the list.
        unsafe { (*base.links(next)).prev = prev as u32 };
        // SAFETY: needs the links of a free block or head; it is before this one in the list.
        unsafe { (*base.links(prev)).next = next as u32 };
        if next == prev {
            // SAFETY: needs a row that exists; the block was the only one of a list, so its head is at both sides.
            unsafe { self.bins.unmark(rows, Bin::of_head(prev)) };
        }
    }
}
