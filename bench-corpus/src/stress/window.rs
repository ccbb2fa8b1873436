//! Pages of the system, at addresses on which no count of a case depends.
//!
//! A heap's slab map has a table for each 4 GiB of addresses with slabs, the page map one for each 128 GiB with regions. Where the system
//! puts a mapping is chance: now and then a case had memory on both sides of such a border, therefore a table more, and so two requests to
//! the page source that could be refused. Here every region of a case lies in one window between two borders.

use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};

use compiler_alloc::config::{REGION_BYTES, RESERVE_BYTES_MAX, UNIT_BYTES};
use compiler_alloc::page_source::{Geometry, MmapPages, PageSource, SourceError};
use rustix::mm::{Advice, MapFlags, ProtFlags};

/// Bytes of a window, and the borders' distance.
const WINDOW_BYTES: usize = 4 << 30;
/// Where windows begin: far above programs, far below what the system places itself.
const WINDOWS_BASE: usize = 32 << 40;
/// How many there are; cases that run at once have different ones.
const WINDOWS: usize = 1024;

/// Pages of the system in a window of their own.
pub struct WindowPages {
    inner: MmapPages,
    window: usize,
}

impl WindowPages {
    /// Pages in the next window.
    pub fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed) % WINDOWS;
        Self { inner: MmapPages::new(), window: WINDOWS_BASE + number * WINDOW_BYTES }
    }

    /// The first range of the window that is free.
    fn first_fit(&self, bytes: usize, align: usize) -> Option<NonNull<u8>> {
        let step = align.max(REGION_BYTES);
        let last = WINDOW_BYTES.checked_sub(bytes)?;
        (0..=last).step_by(step).find_map(|offset| map_at(self.window + offset, bytes))
    }
}

/// A mapping such as [`MmapPages`] makes, just there; `None` if something else is there, or there is no memory.
fn map_at(address: usize, bytes: usize) -> Option<NonNull<u8>> {
    let charged = if bytes > 2 * RESERVE_BYTES_MAX { MapFlags::empty() } else { MapFlags::NORESERVE };
    let flags = MapFlags::PRIVATE | MapFlags::FIXED_NOREPLACE | charged;
    let place = std::ptr::with_exposed_provenance_mut(address);
    // SAFETY: needs that no mapping is replaced. `FIXED_NOREPLACE` refuses a range that is not free.
    let base = unsafe { rustix::mm::mmap_anonymous(place, bytes, ProtFlags::READ | ProtFlags::WRITE, flags) }
        .ok()?;
    if base != place {
        // A kernel before 4.17 takes the address for a wish.
        // SAFETY: needs a mapping that nobody uses. It was made above.
        let _ = unsafe { rustix::mm::munmap(base, bytes) };
        return None;
    }
    // As `MmapPages` does where the system forces huge pages; elsewhere it changes nothing.
    // SAFETY: needs a mapping of our own. It was made above; the advice changes no contents.
    let _ = unsafe { rustix::mm::madvise(base, bytes, Advice::LinuxNoHugepage) };
    NonNull::new(base.cast())
}

// SAFETY: must lend ranges that are free, usable and zero. A fresh private mapping is all that; the rest is `MmapPages`, whose calls take
// any mapping of this kind.
unsafe impl PageSource for WindowPages {
    fn geometry(&self) -> Geometry {
        self.inner.geometry()
    }

    fn purged_reads_zero(&self) -> bool {
        self.inner.purged_reads_zero()
    }

    /// Regions lie in the window, unless it is full or the machine has no such addresses; records lie anywhere.
    fn reserve(&self, bytes: usize, align: usize) -> Result<NonNull<u8>, SourceError> {
        let in_window = if align >= UNIT_BYTES { self.first_fit(bytes, align) } else { None };
        in_window.map_or_else(|| self.inner.reserve(bytes, align), Ok)
    }

    unsafe fn commit(&self, base: NonNull<u8>, bytes: usize) -> Result<(), SourceError> {
        // SAFETY: needs pages of one mapping as `MmapPages` makes it. The caller has them from `reserve`, which maps so.
        unsafe { self.inner.commit(base, bytes) }
    }

    unsafe fn decommit(&self, base: NonNull<u8>, bytes: usize) {
        // SAFETY: as for `commit`; that nobody reads them again promises the caller.
        unsafe { self.inner.decommit(base, bytes) }
    }

    unsafe fn move_pages(&self, from: NonNull<u8>, to: NonNull<u8>, bytes: usize) -> bool {
        // SAFETY: as for `commit`, for both ranges; that they are apart and nobody else's promises the caller.
        unsafe { self.inner.move_pages(from, to, bytes) }
    }

    unsafe fn populate(&self, base: NonNull<u8>, bytes: usize) -> Result<(), SourceError> {
        // SAFETY: as for `commit`; that nobody else uses them promises the caller.
        unsafe { self.inner.populate(base, bytes) }
    }

    unsafe fn lock(&self, base: NonNull<u8>, bytes: usize) -> Result<(), SourceError> {
        // SAFETY: as for `commit`.
        unsafe { self.inner.lock(base, bytes) }
    }

    unsafe fn unlock(&self, base: NonNull<u8>, bytes: usize) {
        // SAFETY: as for `commit`.
        unsafe { self.inner.unlock(base, bytes) }
    }

    fn lock_bytes_max(&self) -> Option<usize> {
        self.inner.lock_bytes_max()
    }

    unsafe fn release(&self, base: NonNull<u8>, bytes: usize) {
        // SAFETY: needs a whole mapping as `MmapPages` makes it, which nobody uses again. The caller has it from `reserve`.
        unsafe { self.inner.release(base, bytes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_lie_in_the_window_and_what_does_not_fit_elsewhere() {
        let pages = WindowPages::new();
        let inside =
            |base: NonNull<u8>| (pages.window..pages.window + WINDOW_BYTES).contains(&base.addr().get());
        let reserve = |bytes| pages.reserve(bytes, REGION_BYTES).expect("address space");
        let (first, second) = (reserve(64 << 20), reserve(4 << 20));
        assert_eq!(second.addr().get() - first.addr().get(), 64 << 20);
        // SAFETY: needs a reservation that nobody uses. It was made above.
        unsafe { pages.release(first, 64 << 20) };
        let again = reserve(2 << 20);
        assert_eq!(again, first, "the first place that is free");
        let record = pages.reserve(UNIT_BYTES, 64).expect("address space");
        assert!(inside(first) && inside(second) && !inside(record));
        for (base, bytes) in [(again, 2 << 20), (second, 4 << 20), (record, UNIT_BYTES)] {
            // SAFETY: as above.
            unsafe { pages.release(base, bytes) };
        }
        assert!(pages.reserve(1 << 46, REGION_BYTES).is_err());
    }

    #[test]
    fn two_sources_have_different_windows() {
        let (one, other) = (WindowPages::new(), WindowPages::new());
        assert_ne!(one.window, other.window);
        assert_eq!((one.window % WINDOW_BYTES, other.window % WINDOW_BYTES), (0, 0));
    }
}
