//! The allocators, behind plain functions that are never inlined, as a program reaches its global allocator.

use compiler_alloc::profile::freestanding::{SingleContext, StaticHeap};
use compiler_alloc::region::Region;
use std::alloc::{GlobalAlloc, Layout};
use std::cell::UnsafeCell;
use std::ptr::{NonNull, null_mut};

/// Bytes of every subject's memory.
pub const STORAGE_BYTES: usize = 16 << 20;

/// Subjects a worker runs, by name.
pub const SUBJECTS: &[&str] = &[
    "ours",
    "region",
    "nothing",
    #[cfg(feature = "peers")]
    "talc",
    #[cfg(feature = "peers")]
    "rlsf",
    #[cfg(feature = "peers")]
    "buddy-alloc",
    #[cfg(feature = "peers")]
    "linked-list",
];

/// Takes a block for a layout; null if there is no room.
pub type Alloc = unsafe extern "C" fn(size: usize, align: usize) -> *mut u8;
/// Gives a block back.
pub type Dealloc = unsafe extern "C" fn(block: *mut u8, size: usize, align: usize);
/// Makes a block larger or smaller; null if there is no room, and then nothing changed.
pub type Realloc =
    unsafe extern "C" fn(block: *mut u8, size: usize, align: usize, new_size: usize) -> *mut u8;

/// One allocator over the storage, which it has for itself.
#[derive(Clone, Copy)]
pub struct Fixed {
    /// Takes a block.
    pub alloc: Alloc,
    /// Gives one back.
    pub dealloc: Dealloc,
    /// Resizes one.
    pub realloc: Realloc,
}

/// Memory for whichever subject the process runs; ours, as a `static`, brings its own.
#[repr(C, align(4096))]
struct Storage(UnsafeCell<[u8; STORAGE_BYTES]>);

// SAFETY: needs that threads do not race; the workers have one.
unsafe impl Sync for Storage {}

static STORAGE: Storage = Storage(UnsafeCell::new([0; STORAGE_BYTES]));

/// A subject's state, in a static.
struct Own<T>(UnsafeCell<Option<T>>);

// SAFETY: needs that threads do not race; the workers have one.
unsafe impl<T> Sync for Own<T> {}

impl<T> Own<T> {
    const fn new() -> Self {
        Own(UnsafeCell::new(None))
    }

    /// Runs `work` with the state.
    #[inline(always)]
    fn with<R>(&'static self, work: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: needs that nobody else has a reference; the worker has one thread, and work does not call this again.
        match unsafe { &mut *self.0.get() } {
            Some(state) => work(state),
            // SAFETY: needs a subject that was begun; the module's `with` does that before its functions are called.
            None => unsafe { std::hint::unreachable_unchecked() },
        }
    }

    fn begin(&'static self, state: T) {
        // SAFETY: needs that nobody else has a reference; nothing was called yet.
        unsafe { *self.0.get() = Some(state) };
    }
}

// SAFETY: needs that this is the only context; the workers have one thread and no handlers.
const ONE: SingleContext = unsafe { SingleContext::promise() };
// SAFETY: needs a value that stays where it is; it is a static's.
static OURS: StaticHeap<STORAGE_BYTES> = unsafe { StaticHeap::new(ONE) };
static REGION: Own<Region> = Own::new();

/// Three functions that call an allocator's own.
macro_rules! subject {
    ($module:ident, |$size:ident, $align:ident| $alloc:expr, |$block:ident, $old:ident| $dealloc:expr,
     |$moved:ident, $from:ident, $to:ident| $realloc:expr) => {
        mod $module {
            #[allow(unused_imports, reason = "each subject uses what it needs")]
            use super::*;

            #[inline(never)]
            pub(super) unsafe extern "C" fn alloc($size: usize, $align: usize) -> *mut u8 {
                $alloc
            }

            #[inline(never)]
            pub(super) unsafe extern "C" fn dealloc($block: *mut u8, size: usize, align: usize) {
                // SAFETY: needs a size and alignment of a layout; the caller took the block with them.
                let $old = unsafe { Layout::from_size_align_unchecked(size, align) };
                $dealloc
            }

            #[inline(never)]
            pub(super) unsafe extern "C" fn realloc(
                $moved: *mut u8,
                size: usize,
                align: usize,
                $to: usize,
            ) -> *mut u8 {
                // SAFETY: needs a size and alignment of a layout; the caller took the block with them.
                let $from = unsafe { Layout::from_size_align_unchecked(size, align) };
                $realloc
            }

            pub(super) const FIXED: Fixed = Fixed { alloc, dealloc, realloc };
        }
    };
}

/// The layout of a request.
#[inline(always)]
fn layout(size: usize, align: usize) -> Layout {
    // SAFETY: needs a power of two and a size far from the largest; the workloads draw such.
    unsafe { Layout::from_size_align_unchecked(size, align) }
}

#[inline(always)]
fn block(block: *mut u8) -> NonNull<u8> {
    // SAFETY: needs a pointer that is not null; the workloads keep only such.
    unsafe { NonNull::new_unchecked(block) }
}

#[inline(always)]
fn pointer(block: Option<NonNull<u8>>) -> *mut u8 {
    block.map_or(null_mut(), NonNull::as_ptr)
}

/// Takes, copies and gives back, for allocators that cannot resize.
///
/// # Safety
/// - `old` was taken from `fixed` with the layout `from`.
#[inline(always)]
unsafe fn move_block(fixed: Fixed, old: *mut u8, from: Layout, to: usize) -> *mut u8 {
    // SAFETY: needs a size and alignment of a layout; the caller's.
    let new = unsafe { (fixed.alloc)(to, from.align()) };
    if !new.is_null() {
        // SAFETY: needs two blocks of so many bytes that do not overlap; one is new.
        unsafe { new.copy_from_nonoverlapping(old, from.size().min(to)) };
        // SAFETY: needs a block taken with this layout; the caller says so.
        unsafe { (fixed.dealloc)(old, from.size(), from.align()) };
    }
    new
}

subject!(
    ours,
    // SAFETY: needs a layout that is not empty; the workloads draw no other.
    |size, align| unsafe { OURS.alloc(layout(size, align)) },
    // SAFETY: needs a block taken with this layout; the duty of our caller.
    |block, old| unsafe { OURS.dealloc(block, old) },
    // SAFETY: needs a block taken with this layout; the duty of our caller.
    |block, from, to| unsafe { OURS.realloc(block, from, to) }
);

subject!(
    region,
    |size, align| REGION.with(|region| pointer(region.allocate(layout(size, align)))),
    // SAFETY: needs a block taken with this layout; the duty of our caller.
    |old, from| REGION.with(|region| unsafe { region.deallocate(block(old), from) }),
    |old, from, to| {
        if to < from.size() && from.align() <= 16 {
            // SAFETY: needs a block taken with this layout, and fewer bytes, but some; the duty of our caller, and the workloads draw no 0.
            let moved = REGION.with(|region| unsafe { region.shrink_by_moving(block(old), from, to) });
            if moved.is_some() {
                return pointer(moved);
            }
        }
        let resized = REGION.with(|region| {
            if to <= from.size() {
                // SAFETY: needs a block taken with this layout; the duty of our caller.
                unsafe { region.shrink_in_place(block(old), from, to) };
                return true;
            }
            // SAFETY: needs a block taken with this layout; the duty of our caller.
            unsafe { region.grow_in_place(block(old), from, to) }
        });
        if resized {
            return old;
        }
        // SAFETY: needs a block taken with this layout; the duty of our caller.
        let moved = unsafe { move_block(FIXED, old, from, to) };
        if !moved.is_null() || from.align() > 16 {
            return moved;
        }
        // SAFETY: needs a block taken with this layout; the duty of our caller.
        pointer(REGION.with(|region| unsafe { region.grow_by_moving_down(block(old), from, to) }))
    }
);

subject!(
    nothing,
    |size, align| (STORAGE.0.get().addr() + (size & 4095 & !(align - 1))) as *mut u8,
    |block, _old| {
        std::hint::black_box(block);
    },
    |block, _from, _to| block
);

#[cfg(feature = "peers")]
pub(super) mod peers {
    pub(super) type Talc = talc::base::Talc<talc::source::Manual, talc::DefaultBinning>;
    /// As many lists as rlsf's own examples have for a 64-bit machine.
    pub(crate) type Rlsf =
        rlsf::Tlsf<'static, usize, usize, { usize::BITS as usize - 12 }, { usize::BITS as usize }>;
    pub(super) type Buddy = buddy_alloc::NonThreadsafeAlloc;
    pub(super) type LinkedList = linked_list_allocator::Heap;
}

#[cfg(feature = "peers")]
static TALC: Own<peers::Talc> = Own::new();
#[cfg(feature = "peers")]
static RLSF: Own<peers::Rlsf> = Own::new();
#[cfg(feature = "peers")]
static BUDDY: Own<peers::Buddy> = Own::new();
#[cfg(feature = "peers")]
static LINKED_LIST: Own<peers::LinkedList> = Own::new();

#[cfg(feature = "peers")]
subject!(
    talc,
    // SAFETY: needs a layout that is not empty; the workloads draw no other.
    |size, align| TALC.with(|talc| pointer(unsafe { talc.allocate(layout(size, align)) })),
    // SAFETY: needs a block taken with this layout; the duty of our caller.
    |block, old| TALC.with(|talc| unsafe { talc.deallocate(block, old) }),
    |old, from, to| {
        // SAFETY: needs a block taken with this layout; the duty of our caller.
        if TALC.with(|talc| unsafe { talc.try_realloc_in_place(old, from, to) }) {
            return old;
        }
        // SAFETY: needs a block taken with this layout; the duty of our caller.
        unsafe { move_block(FIXED, old, from, to) }
    }
);

#[cfg(feature = "peers")]
subject!(
    rlsf,
    |size, align| RLSF.with(|rlsf| pointer(rlsf.allocate(layout(size, align)))),
    // SAFETY: needs a block taken with this alignment; the duty of our caller.
    |old, from| RLSF.with(|rlsf| unsafe { rlsf.deallocate(block(old), from.align()) }),
    // SAFETY: needs a block taken with this alignment; the duty of our caller.
    |old, from, to| RLSF
        .with(|rlsf| pointer(unsafe { rlsf.reallocate(block(old), layout(to, from.align())) }))
);

#[cfg(feature = "peers")]
subject!(
    buddy,
    // SAFETY: needs a layout that is not empty; the workloads draw no other.
    |size, align| BUDDY.with(|buddy| unsafe { buddy.alloc(layout(size, align)) }),
    // SAFETY: needs a block taken with this layout; the duty of our caller.
    |block, old| BUDDY.with(|buddy| unsafe { buddy.dealloc(block, old) }),
    // SAFETY: needs a block taken with this layout; the duty of our caller.
    |old, from, to| unsafe { move_block(FIXED, old, from, to) }
);

#[cfg(feature = "peers")]
subject!(
    linked_list,
    |size, align| LINKED_LIST.with(|list| pointer(list.allocate_first_fit(layout(size, align)).ok())),
    // SAFETY: needs a block taken with this layout; the duty of our caller.
    |old, from| LINKED_LIST.with(|list| unsafe { list.deallocate(block(old), from) }),
    // SAFETY: needs a block taken with this layout; the duty of our caller.
    |old, from, to| unsafe { move_block(FIXED, old, from, to) }
);

/// Begins a subject and runs `work` with it; `false` if nobody has that name, or what `work` answers.
pub fn with(name: &str, work: impl FnOnce(Fixed) -> bool) -> bool {
    let storage: *mut u8 = STORAGE.0.get().cast();
    let base = block(storage);
    match name {
        "ours" => work(ours::FIXED),
        "nothing" => work(nothing::FIXED),
        "region" => {
            // SAFETY: needs memory that lasts and that nobody else uses; the process runs one subject.
            REGION.begin(unsafe { Region::over(base, STORAGE_BYTES) }.expect("16 MiB are enough"));
            work(region::FIXED)
        }
        #[cfg(feature = "peers")]
        "talc" => {
            let mut talc = peers::Talc::new(::talc::source::Manual);
            // SAFETY: needs memory that lasts and that nobody else uses; the process runs one subject.
            unsafe { talc.claim(storage, STORAGE_BYTES) }.expect("16 MiB are enough");
            TALC.begin(talc);
            work(talc::FIXED)
        }
        #[cfg(feature = "peers")]
        "rlsf" => {
            let mut rlsf = peers::Rlsf::new();
            let range = NonNull::slice_from_raw_parts(base, STORAGE_BYTES);
            // SAFETY: needs memory that lasts and that nobody else uses; the process runs one subject.
            unsafe { rlsf.insert_free_block_ptr(range) }.expect("16 MiB are enough");
            RLSF.begin(rlsf);
            work(rlsf::FIXED)
        }
        #[cfg(feature = "peers")]
        "buddy-alloc" => {
            use buddy_alloc::{BuddyAllocParam, FastAllocParam, NonThreadsafeAlloc};
            let fast_bytes = STORAGE_BYTES / 8;
            let rest = storage.wrapping_add(fast_bytes);
            BUDDY.begin(NonThreadsafeAlloc::new(
                FastAllocParam::new(storage, fast_bytes),
                BuddyAllocParam::new(rest, STORAGE_BYTES - fast_bytes, 64),
            ));
            work(buddy::FIXED)
        }
        #[cfg(feature = "peers")]
        "linked-list" => {
            // SAFETY: needs memory that lasts and that nobody else uses; the process runs one subject.
            LINKED_LIST.begin(unsafe { peers::LinkedList::new(storage, STORAGE_BYTES) });
            work(linked_list::FIXED)
        }
        _ => false,
    }
}
