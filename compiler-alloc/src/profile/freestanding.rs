//! Profile `freestanding`: a heap in storage that the program reserved, for one owner, without an operating system.
//!
//! [`Freestanding`] lends blocks of a buffer to whoever has it. [`StaticHeap`] brings its storage along, lies in `.bss`, needs no
//! initialisation and serves as `#[global_allocator]` and as memory of arenas; who keeps its calls apart is part of its type.
//!
//! Nothing here has a lock, an atomic word, a queue of remote frees or a call into a system.

use crate::arena::{ArenaMemory, PIECE_ALIGN, Piece};
use crate::fault::{FactName, Fault, FaultCode};
use crate::fixed_heap::{FixedCensus, FixedError, FixedHeap};
use crate::span::Holder;
use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

/// The least storage of a heap, in bytes.
pub const STORAGE_BYTES_MIN: usize = 1 << 10;

fn exhausted(heap: &FixedHeap, bytes: usize) -> Fault {
    let (limit, free) = (heap.capacity_bytes(), heap.free_bytes());
    Fault::new(FaultCode::Exhaustion, "freestanding storage")
        .with(FactName::Asked, bytes as u64)
        .with(FactName::Limit, limit as u64)
        .with(FactName::Used, (limit.saturating_sub(free)) as u64)
}

/// A heap in a buffer, with one owner: it is neither `Send` nor `Sync`.
///
/// Its blocks are reached through [`allocate`](Self::allocate) and [`deallocate`](Self::deallocate), or, with feature
/// `allocator-api2`, by collections that borrow it.
///
/// ```
/// use compiler_alloc::profile::freestanding::Freestanding;
/// use core::alloc::Layout;
/// use core::mem::MaybeUninit;
/// let mut buffer = [MaybeUninit::<u8>::uninit(); 4096];
/// let heap = Freestanding::new(&mut buffer)?;
/// let layout = Layout::new::<[u32; 12]>();
/// let block = heap.allocate(layout)?;
/// // SAFETY: lent just now, for this layout.
/// unsafe { heap.deallocate(block, layout) };
/// assert_eq!(heap.check().unwrap().live_bytes, 0);
/// # Ok::<(), compiler_alloc::fault::Fault>(())
/// ```
///
/// One owner is checked by the compiler:
///
/// ```compile_fail
/// fn elsewhere(heap: compiler_alloc::profile::freestanding::Freestanding<'static>) {
///     std::thread::spawn(move || drop(heap));
/// }
/// ```
pub struct Freestanding<'storage> {
    heap: UnsafeCell<FixedHeap>,
    /// The storage is borrowed, and whoever has the heap is its one owner.
    storage: PhantomData<(&'storage mut [MaybeUninit<u8>], *mut u8)>,
}

impl<'storage> Freestanding<'storage> {
    /// A heap in `storage`. Writes zeroes over its own records, up to a 74th of the storage; touches nothing else.
    ///
    /// # Errors
    /// `ALLOCATOR_EXHAUSTION` if the storage has less than [`STORAGE_BYTES_MIN`].
    pub fn new(storage: &'storage mut [MaybeUninit<u8>]) -> Result<Self, Fault> {
        let bytes = storage.len();
        let mut heap = FixedHeap::EMPTY;
        // SAFETY: needs a heap without storage and memory that nobody else uses as long as the heap or a block of it is used; it is
        // new, and the borrow lasts as long as this type, which its blocks must not outlive.
        if bytes < STORAGE_BYTES_MIN || !unsafe { heap.begin(NonNull::from(storage).cast(), bytes, false) } {
            return Err(Fault::new(FaultCode::Exhaustion, "freestanding storage")
                .with(FactName::Asked, STORAGE_BYTES_MIN as u64)
                .with(FactName::Limit, bytes as u64));
        }
        Ok(Freestanding { heap: UnsafeCell::new(heap), storage: PhantomData })
    }

    #[inline(always)]
    fn with<R>(&self, work: impl FnOnce(&mut FixedHeap) -> R) -> R {
        // SAFETY: needs that nobody else has a reference to the heap; it is reached only here, by one thread, and `work` is always
        // a call of the heap, which calls nothing of anybody else.
        work(unsafe { &mut *self.heap.get() })
    }

    /// A block for `layout`; no bytes count as one. The content is unspecified. Constant time while there is room.
    ///
    /// # Errors
    /// `ALLOCATOR_EXHAUSTION` if there is no room; then nothing changed, and after a free the request may succeed.
    #[inline]
    pub fn allocate(&self, layout: Layout) -> Result<NonNull<u8>, Fault> {
        self.with(|heap| match heap.allocate(layout) {
            Some(block) => Ok(block),
            None => Err(exhausted(heap, layout.size())),
        })
    }

    /// Takes a block back. Constant time.
    ///
    /// # Safety
    /// - This heap lent `block` for `layout`, and it is not used any more.
    #[inline]
    pub unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: needs a block of this heap, for this layout; that is the duty of our caller.
        self.with(|heap| unsafe { heap.deallocate(block, layout) });
    }

    /// Makes a block as large as `new_bytes`; what it holds stays. It grows where it lies if that is possible; if it shrinks by a 32nd or
    /// more, it may move to a smaller free block. Constant time, apart from copying.
    ///
    /// # Errors
    /// `ALLOCATOR_EXHAUSTION` if there is no room; then the block is as it was.
    ///
    /// # Safety
    /// - This heap lent `block` for `layout`; if the answer is another block, it is not used any more.
    /// - `new_bytes`, rounded up to the alignment, is at most `isize::MAX`.
    pub unsafe fn resize(
        &self,
        block: NonNull<u8>,
        layout: Layout,
        new_bytes: usize,
    ) -> Result<NonNull<u8>, Fault> {
        // SAFETY: needs a block of this heap, for this layout, and such a size; those are the duties of our caller.
        self.with(|heap| match unsafe { heap.resize(block, layout, new_bytes) } {
            Some(block) => Ok(block),
            None => Err(exhausted(heap, new_bytes)),
        })
    }

    /// Bytes that blocks may have together.
    pub fn capacity_bytes(&self) -> usize {
        self.with(|heap| heap.capacity_bytes())
    }

    /// Bytes that no block, slab page or kept block has. They need not lie together.
    pub fn free_bytes(&self) -> usize {
        self.with(|heap| heap.free_bytes())
    }

    /// Gives what is idle in slab pages and kept blocks back to the region; answers whether there was any. A request that finds no
    /// room does so itself.
    pub fn reclaim(&self) -> bool {
        self.with(FixedHeap::reclaim)
    }

    /// Validates every structure and counts. Cost: all of the storage's records and free blocks.
    ///
    /// # Errors
    /// The first statement that does not hold.
    pub fn check(&self) -> Result<FixedCensus, FixedError> {
        self.with(|heap| heap.check())
    }
}

/// Keeps contexts apart that use one heap: threads, interrupt handlers, processors.
///
/// On a board this is a section in which interrupts are off, and with several cores a lock as well.
///
/// # Safety
/// - While a call of [`run`](Self::run) on this value runs its work, no other context runs work of this value.
pub unsafe trait Exclusive {
    /// Runs `work`, once, and answers what it does.
    fn run<R>(&self, work: impl FnOnce() -> R) -> R;
}

/// There is one context, so nothing needs to be kept apart.
#[derive(Debug)]
pub struct SingleContext(());

impl SingleContext {
    /// A promise.
    ///
    /// # Safety
    /// - Whatever gets this value is used from one context only: one thread on one processor, and no interrupt or signal handler
    ///   beside it.
    pub const unsafe fn promise() -> Self {
        SingleContext(())
    }
}

// SAFETY: needs that works do not run beside each other; whoever made the value promised that there is one context, and work of
// a heap does not call back.
unsafe impl Exclusive for SingleContext {
    #[inline(always)]
    fn run<R>(&self, work: impl FnOnce() -> R) -> R {
        work()
    }
}

/// A heap with its storage, for a `static`: all zero, so that it lies in `.bss` and takes nothing to initialise.
///
/// The first request finds the heap empty and divides the storage: in constant time, because the storage is zero.
///
/// ```
/// use compiler_alloc::Arena;
/// use compiler_alloc::profile::freestanding::{SingleContext, StaticHeap};
///
/// // In a program without threads, `#[global_allocator]` stands here.
/// // SAFETY: it stays where it is, and this test is the only context that uses it.
/// static HEAP: StaticHeap<65_536> = unsafe { StaticHeap::new(SingleContext::promise()) };
///
/// let arena = Arena::new_in(&HEAP);
/// assert_eq!(*arena.alloc(7), 7);
/// drop(arena);
/// assert_eq!(HEAP.check().unwrap().live_bytes, 0);
/// ```
#[repr(C)]
pub struct StaticHeap<const BYTES: usize, E: Exclusive = SingleContext> {
    heap: UnsafeCell<FixedHeap>,
    exclusive: E,
    storage: UnsafeCell<Storage<BYTES>>,
}

/// Bytes that begin where blocks may begin.
#[repr(C, align(16))]
struct Storage<const BYTES: usize>(MaybeUninit<[u8; BYTES]>);

// SAFETY: needs that shared calls do not race; every access to heap and storage is work of `exclusive`, which keeps contexts
// apart, and `E` may be shared.
unsafe impl<const BYTES: usize, E: Exclusive + Sync> Sync for StaticHeap<BYTES, E> {}

impl<const BYTES: usize, E: Exclusive> StaticHeap<BYTES, E> {
    /// A heap of `BYTES` bytes, at least [`STORAGE_BYTES_MIN`].
    ///
    /// # Safety
    /// - The value is not moved after its first call, and as long as a block of it is used: it is the value of a `static`.
    pub const unsafe fn new(exclusive: E) -> Self {
        const { assert!(BYTES >= STORAGE_BYTES_MIN, "a static heap has at least STORAGE_BYTES_MIN bytes") };
        StaticHeap {
            heap: UnsafeCell::new(FixedHeap::EMPTY),
            exclusive,
            storage: UnsafeCell::new(Storage(MaybeUninit::zeroed())),
        }
    }

    #[inline(always)]
    fn with<R>(&self, work: impl FnOnce(&mut FixedHeap) -> R) -> R {
        // SAFETY: needs that nobody else has a reference to the heap; `exclusive` runs one work at a time, and work is always a call
        // of the heap, which calls nothing of anybody else.
        self.exclusive.run(|| work(unsafe { &mut *self.heap.get() }))
    }

    /// Divides the storage, if that was not done yet; answers whether it was done now.
    #[cold]
    #[inline(never)]
    fn begin(&self, heap: &mut FixedHeap) -> bool {
        if heap.capacity_bytes() != 0 {
            return false;
        }
        // SAFETY: needs a pointer that is not null; the storage is somewhere.
        let storage = unsafe { NonNull::new_unchecked(self.storage.get()) };
        // SAFETY: needs a heap without storage, and memory of zeroes that nobody else uses as long as the heap is used; it has no
        // capacity, the storage is this value's own and was not touched, and whoever made it says that it does not move.
        unsafe { heap.begin(storage.cast(), BYTES, true) }
    }

    /// A block for `layout`; no bytes count as one. The content is unspecified. Constant time while there is room.
    ///
    /// # Errors
    /// `ALLOCATOR_EXHAUSTION` if there is no room; then nothing changed, and after a free the request may succeed.
    #[inline]
    pub fn allocate(&self, layout: Layout) -> Result<NonNull<u8>, Fault> {
        self.with(|heap| match self.allocate_in(heap, layout) {
            Some(block) => Ok(block),
            None => Err(exhausted(heap, layout.size())),
        })
    }

    #[inline(always)]
    fn allocate_in(&self, heap: &mut FixedHeap, layout: Layout) -> Option<NonNull<u8>> {
        // Asked beforehand, so that what follows is the heap's answer and needs no frame.
        if heap.has_storage() { heap.allocate(layout) } else { self.allocate_first(heap, layout) }
    }

    /// The first request of all.
    #[cold]
    #[inline(never)]
    fn allocate_first(&self, heap: &mut FixedHeap, layout: Layout) -> Option<NonNull<u8>> {
        if self.begin(heap) { heap.allocate(layout) } else { None }
    }

    /// Takes a block back. Constant time.
    ///
    /// # Safety
    /// - This heap lent `block` for `layout`, and it is not used any more.
    #[inline]
    pub unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: needs a block of this heap, for this layout; that is the duty of our caller.
        self.with(|heap| unsafe { heap.deallocate(block, layout) });
    }

    /// Bytes that blocks may have together; 0 before the first request.
    pub fn capacity_bytes(&self) -> usize {
        self.with(|heap| heap.capacity_bytes())
    }

    /// Bytes that no block, slab page or kept block has. They need not lie together.
    pub fn free_bytes(&self) -> usize {
        self.with(|heap| heap.free_bytes())
    }

    /// Gives what is idle in slab pages and kept blocks back to the region; answers whether there was any.
    pub fn reclaim(&self) -> bool {
        self.with(FixedHeap::reclaim)
    }

    /// Validates every structure and counts. Cost: all of the storage's records and free blocks.
    ///
    /// # Errors
    /// The first statement that does not hold.
    pub fn check(&self) -> Result<FixedCensus, FixedError> {
        self.with(|heap| heap.check())
    }
}

// SAFETY: needs blocks that are valid for their layout and belong to one caller; the heap lends them so. It never unwinds, and
// refuses with null. Calls from several contexts are kept apart by `exclusive`.
unsafe impl<const BYTES: usize, E: Exclusive> GlobalAlloc for StaticHeap<BYTES, E> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: needs a layout that is not empty; that is the duty of our caller.
        unsafe { core::hint::assert_unchecked(layout.size() != 0) };
        self.with(|heap| self.allocate_in(heap, layout)).map_or(core::ptr::null_mut(), NonNull::as_ptr)
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: needs a layout that is not empty; blocks are lent for such only.
        unsafe { core::hint::assert_unchecked(layout.size() != 0) };
        // SAFETY: needs a pointer that is not null; the caller says it is a block.
        let block = unsafe { NonNull::new_unchecked(block) };
        // SAFETY: needs a block of this heap, for this layout; that is the duty of our caller.
        self.with(|heap| unsafe { heap.deallocate(block, layout) });
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_bytes: usize) -> *mut u8 {
        // SAFETY: needs a pointer that is not null; the caller says it is a block.
        let block = unsafe { NonNull::new_unchecked(block) };
        // SAFETY: needs a block of this heap, for this layout, and a size that fits; those are the duties of our caller.
        self.with(|heap| unsafe { heap.resize(block, layout, new_bytes) })
            .map_or(core::ptr::null_mut(), NonNull::as_ptr)
    }
}

/// A piece is about so long if less is wanted.
const PIECE_BYTES: usize = 4 << 10;

/// A piece of whole granules.
fn lend_piece(heap: &mut FixedHeap, bytes: usize) -> Option<Piece> {
    let base = heap.region().allocate(piece_layout(bytes)?)?;
    Some(Piece { base, bytes, warm: true })
}

/// The layout of a piece; every piece was lent, so its size is possible.
fn piece_layout(bytes: usize) -> Option<Layout> {
    Layout::from_size_align(bytes, PIECE_ALIGN).ok()
}

// SAFETY: needs pieces that are valid, unshared, aligned to 16 and at least as long as asked until they are given back; they are
// blocks of the region, whose lengths and places are multiples of 16. Parts that are given back or added are taken back and
// lent by the region, too. Calls are kept apart by `exclusive`.
unsafe impl<const BYTES: usize, E: Exclusive + Sync> ArenaMemory for StaticHeap<BYTES, E> {
    fn take(&self, bytes_min: usize, bytes_want: usize) -> Result<Piece, Fault> {
        self.with(|heap| {
            self.begin(heap);
            let Some(least) = bytes_min.checked_next_multiple_of(PIECE_ALIGN) else {
                return Err(exhausted(heap, bytes_min));
            };
            // What is wanted, then halves of it: towards the end of the storage, pieces that are just large enough for one object
            // would be headers for the most part.
            let mut bytes = bytes_want.max(PIECE_BYTES).max(least) & !(PIECE_ALIGN - 1);
            if let Some(piece) = lend_piece(heap, bytes) {
                return Ok(piece);
            }
            // Before a smaller piece does, what the heap keeps goes back.
            heap.reclaim();
            while bytes > least {
                if let Some(piece) = lend_piece(heap, bytes) {
                    return Ok(piece);
                }
                bytes = (bytes / 2) & !(PIECE_ALIGN - 1);
            }
            lend_piece(heap, least).ok_or_else(|| exhausted(heap, bytes_min))
        })
    }

    unsafe fn extend_down(
        &self,
        base: NonNull<u8>,
        _piece_bytes: usize,
        bytes_min: usize,
        bytes_want: usize,
    ) -> usize {
        self.with(|heap| {
            let mut bytes = bytes_want & !(PIECE_ALIGN - 1);
            while bytes >= bytes_min && bytes != 0 {
                // SAFETY: needs a block of the region, and bytes that are not none; the piece is one, as the caller says.
                if unsafe { heap.region().grow_down_in_place(base, bytes) } {
                    return bytes;
                }
                bytes = (bytes / 2) & !(PIECE_ALIGN - 1);
            }
            0
        })
    }

    unsafe fn give_back(&self, base: NonNull<u8>, bytes: usize, _holder: Holder) {
        if let Some(layout) = piece_layout(bytes) {
            // SAFETY: needs a block that the region lent with so many bytes, counting what was added and given back; the caller says so.
            self.with(|heap| unsafe { heap.region().deallocate(base, layout) });
        }
    }

    unsafe fn donate_low(&self, base: NonNull<u8>, _piece_bytes: usize, bytes: usize) -> usize {
        let bytes = bytes & !(PIECE_ALIGN - 1);
        if let Some(layout) = piece_layout(bytes).filter(|_| bytes != 0) {
            // SAFETY: needs granules that the region lent together; they are the lower end of a piece.
            self.with(|heap| unsafe { heap.region().deallocate(base, layout) });
        }
        bytes
    }

    fn note_sealed(&self, _bytes: usize) {}

    fn safepoint(&self) {}

    fn trim(&self, _keep_bytes: usize) {
        self.reclaim();
    }

    fn thread_token(&self) -> usize {
        0
    }
}

#[cfg(feature = "allocator-api2")]
mod collections {
    use super::Freestanding;
    use allocator_api2::alloc::{AllocError, Allocator};
    use core::alloc::Layout;
    use core::ptr::NonNull;

    // SAFETY: needs blocks that stay valid until they are given back or the heap ends; a heap in a buffer lends them so, and a
    // borrow of it ends after the collection.
    unsafe impl Allocator for &Freestanding<'_> {
        fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
            let block = Freestanding::allocate(self, layout).map_err(|_| AllocError)?;
            Ok(NonNull::slice_from_raw_parts(block, layout.size()))
        }

        unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
            // SAFETY: needs a block of this heap, for this layout; that is the duty of our caller.
            unsafe { Freestanding::deallocate(self, block, layout) };
        }
    }
}
