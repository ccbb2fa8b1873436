//! Slabs: spans cut into blocks of one size class, and the records that describe them.
//!
//! ```text
//!  slab   |block|block|block| ... |block| untouched tail ........ |      record: 128 bytes, out of line
//!         0     1     2           carved                    blocks
//! ```
//!
//! A block is in one of these places: the *program* or the owner's *thread list* (the slab does not tell them apart:
//! together they are `used`), the slab's own *queue* of locally freed blocks, a [hole](holes), or the *tail* that was never
//! handed out. Blocks in the remote word count as used until they are drained.
//!
//! *Counting equation*, which [`check`](Slab::check) recounts: `used + queued + purged = carved`, and a walk of the queue
//! finds `queued` blocks.
//!
//! Handing a block out touches no record. A local free decrements one counter, and `used = frees_until_event +
//! used_at_event`. Zero is an *event* ([`arm`](Slab::arm)): the slab is empty, has enough free blocks to be listed, or so
//! few used ones that it may have holes. A slab of which only a few blocks were handed out is *muted* while it is current:
//! its counter is set beyond what frees can reach, so that a loop which frees all of them again and again meets no events.
//! What the counter is after the queue was taken stands ready in `full`, so that taking it is a copy.
//!
//! | field | written by | read by |
//! |---|---|---|
//! | `base`, `inverse`, `shift`, `span_base` | whoever makes the record, before the slab map shows it | anybody who found the record in the map, at any time |
//! | `class`, `kind`, `span_bytes` | the same | the same, and the census, which finds records without the map |
//! | `owner` | the owner or, of an abandoned slab, the holder of the heap lock | anybody; only a thread's own token tells it anything |
//! | `carved` | the owner | anybody: a hint whether a block was ever handed out |
//! | `queue`, counters, links, `place` | the owner; of an abandoned slab, the holder of the heap lock | the same |
//! | `remote` | anybody, by compare-and-swap or exchange | the same |
//! | `claimed` | who frees a large allocation, by exchange | the same |

mod countdown;
mod drain;
mod holes;
mod list;
mod walk;

pub(crate) use countdown::Event;
pub(crate) use list::SlabList;

use crate::free_list::{Block, Chain, FreeQueue, link_blocks};
use crate::remote_free::RemoteWord;
use crate::size_class::SizeClass;
use crate::span::Span;
use crate::sync::{self, AtomicBool, AtomicPtr, AtomicU8, AtomicUsize, Ordering, load_own};
use core::cell::Cell;
use core::ptr::{self, NonNull};
use countdown::Countdown;

/// What a record describes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Kind {
    /// Nothing: what the map answers for memory that is not of this heap. All bytes zero.
    None = 0,
    /// A span cut into blocks.
    Slab = 1,
    /// A large allocation: one block, with `base` where the program's memory begins.
    Large = 2,
}

/// Where an owned slab is listed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Place {
    /// Nowhere: a new slab, or one that is being moved.
    Loose = 0,
    /// The slab that the owner's thread list was filled from last.
    Current = 1,
    /// On the owner's ring of slabs that have free blocks.
    Room = 2,
    /// On the owner's ring of slabs that had no free block when it was last looked at.
    Full = 3,
    /// On the central list of abandoned slabs of its class.
    Abandoned = 4,
}

/// The token of the thread that owns a slab; 0 while none does, and for everything that is no slab.
///
/// Anybody may read it at any time; only a thread's own token tells it anything.
#[repr(transparent)]
pub struct OwnerWord(AtomicUsize);

impl OwnerWord {
    /// The token's number.
    #[inline(always)]
    pub(crate) fn number(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    #[inline]
    fn set(&self, number: usize) {
        self.0.store(number, Ordering::Relaxed);
    }
}

/// The record of a slab, or of a large allocation.
///
/// The first cache line is what a free by the owner touches.
#[repr(C, align(64))]
pub(crate) struct Slab {
    /// 0 for large allocations.
    owner: OwnerWord,
    /// Where the first block begins.
    base: AtomicUsize,
    inverse: AtomicUsize,
    /// How many blocks were ever handed out: a block with this number or a higher one was not.
    carved: AtomicUsize,
    queue: FreeQueue,
    shift: AtomicU8,
    /// How many blocks to cut at once from the tail.
    carve_blocks: Cell<u16>,
    /// How many blocks were handed out and lie in no hole.
    reachable: Cell<u32>,
    countdown: Countdown,

    /// What `countdown` is when all reachable blocks are in use.
    full: Countdown,
    /// Grains without memory, one bit each.
    purged_grains: Cell<u64>,
    /// With so few used blocks the owner asks whether there are holes.
    sparse_below: Cell<u16>,
    /// Whether it has so few.
    sparse: Cell<bool>,
    class: AtomicU8,
    /// A [`Kind`].
    kind: AtomicU8,
    place: Cell<Place>,
    claimed: AtomicBool,
    pub(crate) remote: RemoteWord,
    span_base: AtomicPtr<u8>,
    span_bytes: AtomicUsize,
    pub(crate) previous: Cell<*mut Slab>,
    pub(crate) next: Cell<*mut Slab>,
}

const _: () = assert!(size_of::<Slab>() <= 128 || sync::IS_MODEL);

/// At least this many blocks are cut at once from a tail that was in use before,
const CARVE_WARM_BLOCKS_MIN: usize = 16;
/// unless they have more bytes: a span counts as warm if only a part of it was ever touched.
const CARVE_WARM_BYTES_MAX: usize = 8 << 10;

/// A slab is sparse when at most this fraction of its blocks is used.
const SPARSE_DIVISOR: u32 = 8;

/// The exact quotient of an offset and the size of the blocks; larger than any number of a block if there is a remainder.
#[inline(always)]
fn block_number(offset: usize, inverse: usize, shift: u32) -> usize {
    offset.wrapping_mul(inverse).rotate_right(shift)
}

impl Slab {
    crate::sync::const_fn! {
        /// A record of nothing. In zeroed memory it is all zero bytes.
        pub(crate) const fn none() -> Self {
            Slab {
                owner: OwnerWord(AtomicUsize::new(0)),
                base: AtomicUsize::new(0),
                inverse: AtomicUsize::new(0),
                carved: AtomicUsize::new(0),
                queue: FreeQueue::new(),
                shift: AtomicU8::new(0),
                reachable: Cell::new(0),
                countdown: Countdown::new(),
                full: Countdown::new(),
                purged_grains: Cell::new(0),
                sparse_below: Cell::new(0),
                sparse: Cell::new(false),
                carve_blocks: Cell::new(0),
                class: AtomicU8::new(0),
                kind: AtomicU8::new(Kind::None as u8),
                place: Cell::new(Place::Loose),
                claimed: AtomicBool::new(false),
                remote: RemoteWord::new(),
                span_base: AtomicPtr::new(ptr::null_mut()),
                span_bytes: AtomicUsize::new(0),
                previous: Cell::new(ptr::null_mut()),
                next: Cell::new(ptr::null_mut()),
            }
        }
    }

    /// Describes `span` as a slab of untouched blocks of `class`, owned by `owner`. The map must not show it yet.
    pub(crate) fn make_slab(&self, span: Span, warm: bool, class: SizeClass, owner: usize) {
        // Touching memory that was in use before faults nothing in, or not much.
        let warm_blocks = CARVE_WARM_BLOCKS_MIN.min(CARVE_WARM_BYTES_MAX / class.block_bytes());
        let carve_blocks = class.carve_blocks().max(if warm { warm_blocks } else { 0 });
        self.carve_blocks.set(carve_blocks as u16);
        let (inverse, shift) = class.divisor();
        self.base.store(span.base.as_ptr().addr(), Ordering::Relaxed);
        self.inverse.store(inverse as usize, Ordering::Relaxed);
        self.shift.store(shift as u8, Ordering::Relaxed);
        self.carved.store(0, Ordering::Relaxed);
        self.set_reachable(class, 0);
        self.queue.clear();
        self.countdown.copy_from(&self.full);
        self.fill_holes();
        self.class.store(class.index() as u8, Ordering::Relaxed);
        self.kind.store(Kind::Slab as u8, Ordering::Relaxed);
        self.place.set(Place::Loose);
        self.set_span(span);
        self.owner.set(owner);
    }

    /// Describes `span` as a large allocation whose memory begins at `base`. The map must not show it yet.
    pub(crate) fn make_large(&self, span: Span, base: NonNull<u8>) {
        self.owner.set(0);
        self.base.store(base.as_ptr().addr(), Ordering::Relaxed);
        self.carved.store(1, Ordering::Relaxed);
        self.class.store(0, Ordering::Relaxed);
        self.kind.store(Kind::Large as u8, Ordering::Relaxed);
        self.place.set(Place::Loose);
        self.claimed.store(false, Ordering::Relaxed);
        self.set_span(span);
    }

    /// Notes that a large allocation's span became longer or shorter.
    pub(crate) fn resize_large(&self, span: Span) {
        self.set_span(span);
    }

    /// Makes it a record of nothing again. The map must not show it any more.
    pub(crate) fn unmake(&self) {
        self.kind.store(Kind::None as u8, Ordering::Relaxed);
        self.owner.set(0);
        self.carved.store(0, Ordering::Relaxed);
    }

    fn set_span(&self, span: Span) {
        self.span_base.store(span.base.as_ptr(), Ordering::Relaxed);
        self.span_bytes.store(span.bytes, Ordering::Relaxed);
    }

    /// The span that it describes.
    ///
    /// # Panics
    /// If it describes nothing.
    pub(crate) fn span(&self) -> Span {
        match NonNull::new(self.span_base.load(Ordering::Relaxed)) {
            Some(base) => Span { base, bytes: self.span_bytes() },
            None => panic!("a record of nothing has no span"),
        }
    }

    /// Bytes of its span.
    #[inline]
    pub(crate) fn span_bytes(&self) -> usize {
        self.span_bytes.load(Ordering::Relaxed)
    }

    /// From where a large allocation begins to the end of its span. Any number, if the record is being made anew meanwhile.
    pub(crate) fn large_bytes(&self) -> usize {
        let span_base = self.span_base.load(Ordering::Relaxed).addr();
        span_base.wrapping_add(self.span_bytes()).wrapping_sub(self.base())
    }

    /// The token of the thread that owns it; 0 if none does.
    #[inline(always)]
    pub(crate) fn owner(&self) -> usize {
        self.owner.number()
    }

    /// The word that says so.
    #[inline(always)]
    pub(crate) fn owner_word(&self) -> &OwnerWord {
        &self.owner
    }

    /// Gives it an owner, or none.
    pub(crate) fn set_owner(&self, owner: usize) {
        self.owner.set(owner);
    }

    /// What it describes.
    #[inline]
    pub(crate) fn kind(&self) -> Kind {
        match self.kind.load(Ordering::Relaxed) {
            1 => Kind::Slab,
            2 => Kind::Large,
            _ => Kind::None,
        }
    }

    /// The class of its blocks, if it is a slab.
    #[inline]
    pub(crate) fn class(&self) -> Option<SizeClass> {
        SizeClass::from_index(self.class.load(Ordering::Relaxed).into())
    }

    /// Where it is listed.
    #[inline]
    pub(crate) fn place(&self) -> Place {
        self.place.get()
    }

    /// Notes where it is listed.
    #[inline]
    pub(crate) fn set_place(&self, place: Place) {
        self.place.set(place);
    }

    /// Where the first block, or the large allocation, begins.
    #[inline]
    pub(crate) fn base(&self) -> usize {
        self.base.load(Ordering::Relaxed)
    }

    /// How many blocks fit into it.
    #[inline]
    pub(crate) fn blocks(&self) -> u32 {
        self.class().map_or(1, |class| class.slab_blocks() as u32)
    }

    /// How many blocks are in use, as far as its owner knows. After a double free of a block of an empty slab: none.
    #[inline]
    pub(crate) fn used(&self) -> u32 {
        if self.is_overdrawn() { 0 } else { self.countdown.used() }
    }

    /// Whether more blocks came back than were out: one of an empty slab was freed twice.
    #[inline]
    pub(crate) fn is_overdrawn(&self) -> bool {
        self.countdown.used().cast_signed() < 0
    }

    /// How many blocks wait in its own queue.
    #[inline]
    pub(crate) fn queued(&self) -> u32 {
        self.reachable().wrapping_sub(self.used())
    }

    /// How many blocks were handed out and lie in no hole.
    #[inline]
    fn reachable(&self) -> u32 {
        self.reachable.get()
    }

    /// How many free blocks lie in holes.
    #[inline]
    pub(crate) fn purged(&self) -> u32 {
        (self.carved() as u32).wrapping_sub(self.reachable())
    }

    #[inline]
    fn set_reachable(&self, class: SizeClass, blocks: u32) {
        self.reachable.set(blocks);
        self.full.set_full(blocks, blocks <= class.circulating_blocks());
    }

    /// How many blocks were ever handed out.
    #[inline(always)]
    pub(crate) fn carved(&self) -> usize {
        self.carved.load(Ordering::Relaxed)
    }

    /// Whether a block that was handed out at least once begins at `address`. Any address may be asked for, of any record.
    ///
    /// If the record is being made anew meanwhile, which takes a caller that misuses its pointer, the answer may be either.
    pub(crate) fn is_block(&self, address: usize) -> bool {
        let offset = address.wrapping_sub(self.base());
        let shift = self.shift.load(Ordering::Relaxed).into();
        block_number(offset, self.inverse.load(Ordering::Relaxed), shift) < self.carved()
    }

    /// As [`is_block`](Self::is_block), a few instructions shorter, because it reads plain words.
    ///
    /// # Safety
    /// - The caller owns the slab: nobody else writes `carved`, and nobody makes the record anew.
    #[inline(always)]
    pub(crate) unsafe fn is_own_block(&self, address: usize) -> bool {
        // SAFETY: needs that nobody else writes; only the owner does, and the caller is it.
        let carved = unsafe { load_own(&self.carved) };
        // SAFETY: the caller keeps the duties of this call, which are the same.
        let number = unsafe { self.stable_block_number(address) };
        number < carved
    }

    /// As [`is_block`](Self::is_block), two instructions shorter.
    ///
    /// # Safety
    /// - The caller has a block of the slab that is not free, so nobody makes the record anew.
    #[inline(always)]
    pub(crate) unsafe fn is_block_beside(&self, address: usize) -> bool {
        // SAFETY: the caller keeps the duties of this call, which are the same.
        let number = unsafe { self.stable_block_number(address) };
        number < self.carved()
    }

    /// The number of the block that begins at `address`; larger than any such number if none begins there.
    ///
    /// # Safety
    /// - Nobody makes the record anew: the caller owns the slab, or has a block of it that is not free.
    #[inline(always)]
    unsafe fn stable_block_number(&self, address: usize) -> usize {
        // SAFETY: needs that nobody writes; the base stays as long as the record is that of this slab.
        let base = unsafe { load_own(&self.base) };
        // SAFETY: as above, for the inverse.
        let inverse = unsafe { load_own(&self.inverse) };
        block_number(address.wrapping_sub(base), inverse, self.shift.load(Ordering::Relaxed).into())
    }

    /// Puts a block that came back into the queue. Answers whether that is an event.
    ///
    /// # Safety
    /// - The caller owns the slab, `block` is one of its blocks, and nobody uses it.
    #[inline(always)]
    pub(crate) unsafe fn push_local(&self, block: NonNull<Block>) -> bool {
        // SAFETY: needs the queue's owner and an unused block of its slab; the caller promises both.
        unsafe { self.queue.push(block) };
        self.countdown.count()
    }

    /// Decides when the owner hears of frees next.
    #[inline]
    pub(crate) fn arm(&self, event: Event) {
        self.set_used(self.used(), event);
    }

    #[inline]
    fn set_used(&self, used: u32, event: Event) {
        self.countdown.set(used, event);
    }

    /// Takes every block of the queue for the thread's list, where they count as used; `None` if there are none. The next
    /// event is that the slab is empty; none, if it is muted.
    ///
    /// # Safety
    /// - The caller owns the slab.
    #[inline(always)]
    pub(crate) unsafe fn take_queue(&self) -> Option<NonNull<Block>> {
        // SAFETY: needs the owner of a queue that was cleared where it is; the caller is the owner, `make_slab` cleared it, and records
        // are never moved.
        let first = unsafe { self.queue.take() }?;
        self.countdown.copy_from(&self.full);
        Some(first)
    }

    /// Cuts at most `blocks` blocks from the untouched tail, as a chain in order of address that goes on with `rest`. They
    /// count as used. Three instructions a block.
    ///
    /// # Safety
    /// - The caller owns the slab, which is one of `class`, and its queue is empty.
    /// - `rest` is null, or free blocks of the slab that count as used, which nobody uses.
    #[inline]
    pub(crate) unsafe fn carve(
        &self,
        class: SizeClass,
        blocks: usize,
        rest: Chain,
    ) -> Option<NonNull<Block>> {
        let first = self.carved();
        let (block_bytes, count) = (class.block_bytes(), blocks.min(class.slab_blocks() - first));
        if count == 0 {
            return NonNull::new(rest);
        }
        let place = self.span_base.load(Ordering::Relaxed).wrapping_add(first * block_bytes);
        // SAFETY: needs a pointer that is not null; it points into the slab.
        let begin = unsafe { NonNull::new_unchecked(place) };
        // SAFETY: needs that many blocks that nobody uses; these were never handed out, and `count` of them fit into the span.
        unsafe { link_blocks(begin, block_bytes, count, rest) };
        self.carved.store(first + count, Ordering::Relaxed);
        self.set_reachable(class, self.reachable() + count as u32);
        self.countdown.copy_from(&self.full);
        Some(begin.cast())
    }

    /// Forgets which blocks lie in holes.
    fn fill_holes(&self) {
        self.purged_grains.set(0);
        self.sparse.set(false);
    }

    /// Starts to watch for holes: the owner hears when at most an eighth of the blocks is used, or the slab is empty.
    pub(crate) fn watch(&self) {
        self.sparse.set(false);
        self.sparse_below.set((self.blocks() / SPARSE_DIVISOR) as u16);
        self.arm_watching();
    }

    /// The next event is that the slab is sparse, or empty if it is that already.
    pub(crate) fn arm_watching(&self) {
        let sparse_below = self.sparse_below.get().into();
        self.arm(if self.used() > sparse_below {
            Event::After(self.used() - sparse_below)
        } else {
            Event::Empty
        });
    }

    /// Notes that the slab is sparse if it is. From then on the owner hears when a quarter is left of what is used now.
    pub(crate) fn note_sparse(&self) -> bool {
        if self.used() > self.sparse_below.get().into() {
            return false;
        }
        self.sparse.set(true);
        self.sparse_below.set((self.used() / 4) as u16);
        true
    }

    /// Whether the slab became sparse and was not looked at since; looks at it.
    pub(crate) fn take_sparse(&self) -> bool {
        self.sparse.replace(false)
    }

    /// Whether blocks are left that were never handed out.
    #[inline]
    pub(crate) fn has_tail(&self) -> bool {
        self.carved() < self.blocks() as usize
    }

    /// Whether it has a free block, as far as its owner knows.
    #[inline]
    pub(crate) fn has_room(&self) -> bool {
        self.queued() > 0 || self.has_tail() || self.purged() > 0
    }

    /// Whether a block that was in use is free in memory that is there, or may be, because another thread freed it.
    #[inline]
    pub(crate) fn has_freed(&self) -> bool {
        self.queued() > 0 || self.remote.has_waiting()
    }

    /// Whether it has a free block in memory that is there, or may have one that another thread freed.
    pub(crate) fn has_memory(&self) -> bool {
        self.has_freed() || self.has_tail()
    }

    /// Whether the program and the thread's list have no block of it.
    pub(crate) fn is_unused(&self) -> bool {
        self.used() == 0
    }

    /// How many blocks to cut at once from its tail.
    #[inline]
    pub(crate) fn carve_blocks(&self) -> usize {
        self.carve_blocks.get().into()
    }

    /// Claims a large allocation for freeing. Only the first caller gets it.
    pub(crate) fn claim(&self) -> bool {
        !self.claimed.swap(true, Ordering::AcqRel)
    }
}
