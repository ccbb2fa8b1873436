//! Where a fixture's pages come from: one window of addresses, cut by a rule that only the seed and the calls decide.
//!
//! | request | place |
//! |---|---|
//! | units | the lowest fit, after a few regions that the seed skips |
//! | records | the highest fit, below a few pages that the seed skips |
//!
//! The window begins at a multiple of its size, so addresses relative to it have the same low bits wherever it lies.
//! Memory reads zero after every commit. What is given back is overwritten, so that a late reader sees it.

use crate::config;
use crate::page_source::{Geometry, PageSource, SourceError};
use crate::sync::{Rank, RankedLock};
use std::alloc::Layout;
use std::ptr::NonNull;

/// The grain of commit, whatever the system's page is.
const PAGE_BYTES: usize = config::UNIT_BYTES / config::UNIT_PAGES_MAX;

/// How much is reserved ahead of need: little, so that there are many requests to refuse.
const RESERVE_BYTES: usize = 4 << 20;

/// The seed skips fewer regions than this before units, and fewer pages before records.
const SKIPPED_MAX: u64 = 8;

/// What is given back is full of this.
const GIVEN_BACK: u8 = 0xdd;

/// The error number of a window that is used up: `ENOMEM`.
const OS_ERROR_FULL: i32 = 12;

/// The window of one fixture.
pub(super) struct Window {
    base: NonNull<u8>,
    bytes: usize,
    lent: RankedLock<Lent>,
}

/// One flag for each page, and the generator of skips.
struct Lent {
    reserved: Box<[bool]>,
    committed: Box<[bool]>,
    random: u64,
}

// SAFETY: needs memory that any thread may use; it is plain bytes, which the window owns.
unsafe impl Send for Window {}
// SAFETY: needs that shared calls do not race; what changes is behind the lock, and lent memory is its borrower's.
unsafe impl Sync for Window {}

impl Window {
    /// A window of `bytes` bytes, rounded up to a power of two of at least 4 MiB.
    ///
    /// # Panics
    /// If the global allocator has no room for it.
    pub(super) fn new(seed: u64, bytes: usize) -> Self {
        let layout = Self::layout(bytes);
        // SAFETY: needs a size that is not 0; it is 4 MiB at least.
        let base = unsafe { std::alloc::alloc(layout) };
        let base = NonNull::new(base).expect("address space for the window of a test fixture");
        let pages = layout.size() / PAGE_BYTES;
        let lent = Lent {
            reserved: vec![false; pages].into_boxed_slice(),
            committed: vec![false; pages].into_boxed_slice(),
            random: seed,
        };
        Window { base, bytes: layout.size(), lent: RankedLock::new(Rank::Source, lent) }
    }

    /// # Panics
    /// If the size does not fit into the address space.
    fn layout(bytes: usize) -> Layout {
        let bytes = bytes.max(RESERVE_BYTES).checked_next_power_of_two().unwrap_or(usize::MAX);
        Layout::from_size_align(bytes, bytes).expect("a window smaller than half of all addresses")
    }

    /// The lowest address.
    pub(super) fn base(&self) -> NonNull<u8> {
        self.base
    }

    /// Which pages a range is made of.
    fn pages(&self, base: NonNull<u8>, bytes: usize) -> std::ops::Range<usize> {
        let first = (base.addr().get() - self.base.addr().get()) / PAGE_BYTES;
        first..first + bytes / PAGE_BYTES
    }

    /// Fills one page.
    ///
    /// # Safety
    /// - The page is below the number of pages, and nobody uses its contents.
    unsafe fn fill(&self, page: usize, byte: u8) {
        // SAFETY: needs to stay inside the window; the caller says that the page is one of its own.
        let place = unsafe { self.base.add(page * PAGE_BYTES) };
        // SAFETY: needs that many writable bytes that nobody uses; the page is inside the window, and the caller says the rest.
        unsafe { place.write_bytes(byte, PAGE_BYTES) }
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // SAFETY: needs the layout of the allocation, and that nobody uses it again; the size is a power of two, of which `layout`
        // makes itself again, and the fixture drops its window only when nothing of it is in use.
        unsafe { std::alloc::dealloc(self.base.as_ptr(), Self::layout(self.bytes)) }
    }
}

impl Lent {
    /// The next number below `bound`: Steele, Lea and Flood's SplitMix64.
    fn below(&mut self, bound: u64) -> usize {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ mixed >> 31) % bound) as usize
    }

    fn is_free(&self, first: usize, pages: usize) -> bool {
        self.reserved.get(first..first + pages).is_some_and(|range| range.iter().all(|&taken| !taken))
    }

    /// The first page of a place for units.
    fn place_units(&mut self, pages: usize, align: usize) -> Option<usize> {
        let skipped = self.below(SKIPPED_MAX) * (config::REGION_BYTES / PAGE_BYTES);
        let all = self.reserved.len();
        let fits = |from: usize| (from..all).step_by(align).find(|&first| self.is_free(first, pages));
        let lowest = fits(0)?;
        Some(fits(lowest + skipped.next_multiple_of(align)).unwrap_or(lowest))
    }

    /// The first page of a place for records.
    fn place_records(&mut self, pages: usize) -> Option<usize> {
        let skipped = self.below(SKIPPED_MAX);
        let last = self.reserved.len().checked_sub(pages)?;
        let fits = |from: usize| (0..=from).rev().find(|&first| self.is_free(first, pages));
        let highest = fits(last)?;
        Some(highest.checked_sub(skipped).and_then(fits).unwrap_or(highest))
    }
}

// SAFETY: needs ranges that do not overlap, usable and zero after every commit; pages are marked under the lock, the window
// owns its memory until it is dropped, and `commit` fills what was not committed.
unsafe impl PageSource for Window {
    fn geometry(&self) -> Geometry {
        Geometry {
            page_bytes: PAGE_BYTES,
            unit_bytes: config::UNIT_BYTES,
            region_bytes: config::REGION_BYTES,
            reserve_bytes_max: RESERVE_BYTES,
            record_bytes_min: config::RECORD_CHUNK_BYTES,
            window_base: self.base.addr().get(),
            window_bytes: self.bytes,
        }
    }

    fn purged_reads_zero(&self) -> bool {
        true
    }

    fn reserve(&self, bytes: usize, align: usize) -> Result<NonNull<u8>, SourceError> {
        let full = SourceError::Refused { os_error: OS_ERROR_FULL };
        let pages = bytes / PAGE_BYTES;
        let mut lent = self.lent.lock();
        let place = if pages == 0 {
            None
        } else if align >= config::UNIT_BYTES {
            lent.place_units(pages, align / PAGE_BYTES)
        } else {
            lent.place_records(pages)
        };
        let first = place.ok_or(full)?;
        lent.reserved[first..first + pages].fill(true);
        // SAFETY: needs to stay inside the window; the place was free, so it is.
        Ok(unsafe { self.base.add(first * PAGE_BYTES) })
    }

    unsafe fn commit(&self, base: NonNull<u8>, bytes: usize) -> Result<(), SourceError> {
        let mut lent = self.lent.lock();
        for page in self.pages(base, bytes) {
            if !std::mem::replace(&mut lent.committed[page], true) {
                // SAFETY: needs a page of the window without contents that matter; it was not committed, and the caller has it.
                unsafe { self.fill(page, 0) }
            }
        }
        Ok(())
    }

    unsafe fn decommit(&self, base: NonNull<u8>, bytes: usize) {
        let mut lent = self.lent.lock();
        for page in self.pages(base, bytes) {
            if std::mem::replace(&mut lent.committed[page], false) {
                // SAFETY: needs a page of the window that nobody reads again; the caller of `decommit` promises it.
                unsafe { self.fill(page, GIVEN_BACK) }
            }
        }
    }

    unsafe fn release(&self, base: NonNull<u8>, bytes: usize) {
        // SAFETY: needs whole pages of a live reservation that nobody reads again; the caller promises more.
        unsafe { self.decommit(base, bytes) };
        let pages = self.pages(base, bytes);
        self.lent.lock().reserved[pages].fill(false);
    }
}
