//! Pages for models: one buffer of units, lent at once, and records from the system's allocator.
//!
//! A watched buffer has a cell beside each half page. Whoever holds memory touches the cells of the half pages that lie
//! wholly in it for writing, and so does the source when it is told to commit, decommit or release them: if two of them
//! can ever be at a half page without one having happened before the other, the model checker says so.

use super::{Geometry, PageSource, SourceError};
use core::ptr::NonNull;
use std::alloc::Layout;
// Not the checker's: the source is called under a lock of its user only.
use std::sync::atomic::{AtomicBool, Ordering};

#[cfg(loom)]
use loom::cell::UnsafeCell;

/// Records lie at multiples of this.
const RECORD_ALIGN: usize = 64;

/// The memory of a model.
pub(crate) struct ModelPages {
    pub(crate) base: NonNull<u8>,
    page_bytes: usize,
    unit_bytes: usize,
    units: usize,
    lent: AtomicBool,
    #[cfg(loom)]
    cells: Vec<UnsafeCell<usize>>,
}

// SAFETY: needs that calls from several threads do not race; the buffer's address never changes, the flag is atomic, and
// every access to a cell is watched by the model checker, which is the point.
unsafe impl Sync for ModelPages {}
// SAFETY: needs that another thread may drop it; it owns plain memory.
unsafe impl Send for ModelPages {}

/// Room for the records and the address that the system gave, in front of them. Large ones are zero without being touched.
fn record_layout(bytes: usize) -> Layout {
    Layout::from_size_align(bytes + RECORD_ALIGN, 16).unwrap()
}

impl ModelPages {
    /// `units` units of `unit_pages` pages of `page_bytes` bytes; powers of two. Nobody watches what is done to them.
    pub(crate) fn new(page_bytes: usize, unit_pages: usize, units: usize) -> Self {
        let unit_bytes = page_bytes * unit_pages;
        let layout = Layout::from_size_align(units * unit_bytes, units * unit_bytes).unwrap();
        // SAFETY: needs a size that is not 0; models have units.
        let base = NonNull::new(unsafe { std::alloc::alloc(layout) }).unwrap();
        ModelPages {
            base,
            page_bytes,
            unit_bytes,
            units,
            lent: AtomicBool::new(false),
            #[cfg(loom)]
            cells: Vec::new(),
        }
    }

    fn layout(&self) -> Layout {
        let bytes = self.units * self.unit_bytes;
        Layout::from_size_align(bytes, bytes).unwrap()
    }
}

#[cfg(loom)]
impl ModelPages {
    /// Whether the units are lent.
    pub(crate) fn is_lent(&self) -> bool {
        self.lent.load(Ordering::Relaxed)
    }

    /// As [`new`](Self::new), watched.
    pub(crate) fn watched(page_bytes: usize, unit_pages: usize, units: usize) -> Self {
        let mut pages = Self::new(page_bytes, unit_pages, units);
        pages.cells = (0..2 * units * unit_pages).map(|_| UnsafeCell::new(0)).collect();
        pages
    }

    /// Writes to the half pages that lie wholly in a range, as their holder or as the source.
    pub(crate) fn touch(&self, low: usize, bytes: usize) {
        self.each_cell(low, bytes, |cell| {
            // SAFETY: needs a live cell; the checker reports any access that is not ordered with this one.
            cell.with_mut(|cell| unsafe { *cell += 1 });
        });
    }

    /// Reads the half pages that lie wholly in a range, as one of their holders.
    pub(crate) fn look(&self, low: usize, bytes: usize) {
        self.each_cell(low, bytes, |cell| {
            // SAFETY: needs a live cell; the checker reports any write that is not ordered with this read.
            cell.with(|cell| unsafe { *cell });
        });
    }

    fn each_cell(&self, low: usize, bytes: usize, visit: impl Fn(&UnsafeCell<usize>)) {
        let offset = low.wrapping_sub(self.base.as_ptr().addr());
        let cell_bytes = self.page_bytes / 2;
        if offset < self.units * self.unit_bytes {
            let cells = offset.div_ceil(cell_bytes)..(offset + bytes) / cell_bytes;
            self.cells.get(cells).into_iter().flatten().for_each(visit);
        }
    }
}

#[cfg(shuttle)]
impl ModelPages {
    /// Nothing: seeded schedules look at contents.
    fn touch(&self, _: usize, _: usize) {}
}

impl Drop for ModelPages {
    fn drop(&mut self) {
        // SAFETY: needs the layout of the allocation, which `new` used; nobody uses the buffer any more.
        unsafe { std::alloc::dealloc(self.base.as_ptr(), self.layout()) }
    }
}

// SAFETY: needs ranges that are free and usable: the units are one buffer, lent at once, and records are allocations of
// their own. Models do not look at the contents of fresh units.
unsafe impl PageSource for ModelPages {
    fn geometry(&self) -> Geometry {
        let bytes = self.units * self.unit_bytes;
        Geometry {
            page_bytes: self.page_bytes,
            unit_bytes: self.unit_bytes,
            region_bytes: bytes,
            reserve_bytes_max: bytes,
            record_bytes_min: 16 << 10,
            window_base: self.base.as_ptr().addr(),
            window_bytes: bytes,
        }
    }

    fn reserve(&self, bytes: usize, align: usize) -> Result<NonNull<u8>, SourceError> {
        if align >= self.unit_bytes {
            let granted = bytes == self.units * self.unit_bytes && !self.lent.swap(true, Ordering::Relaxed);
            return if granted { Ok(self.base) } else { Err(SourceError::Full) };
        }
        // SAFETY: needs a size that is not 0; it is at least the alignment.
        let place = NonNull::new(unsafe { std::alloc::alloc_zeroed(record_layout(bytes)) }).unwrap();
        let skip = RECORD_ALIGN - place.as_ptr().addr() % RECORD_ALIGN;
        // SAFETY: needs to stay inside the allocation; `skip` is at most the alignment that was added to it.
        let records = unsafe { place.add(skip) };
        // SAFETY: needs at least a word in front of the records; the system aligns to 16, so `skip` is at least that.
        let note = unsafe { records.cast::<NonNull<u8>>().sub(1) };
        // SAFETY: needs writable, aligned memory; it lies inside the allocation, in front of an aligned address.
        unsafe { note.write(place) };
        Ok(records)
    }

    unsafe fn commit(&self, base: NonNull<u8>, bytes: usize) -> Result<(), SourceError> {
        self.touch(base.as_ptr().addr(), bytes);
        Ok(())
    }

    unsafe fn decommit(&self, base: NonNull<u8>, bytes: usize) {
        self.touch(base.as_ptr().addr(), bytes);
    }

    unsafe fn release(&self, base: NonNull<u8>, bytes: usize) {
        if base == self.base {
            self.touch(base.as_ptr().addr(), bytes);
            return self.lent.store(false, Ordering::Relaxed);
        }
        // SAFETY: needs the word in front of the records, which `reserve` wrote.
        let note = unsafe { base.cast::<NonNull<u8>>().sub(1) };
        // SAFETY: as above.
        let place = unsafe { note.read() };
        // SAFETY: needs the layout of the allocation, which `reserve` used; the caller says that nobody uses it.
        unsafe { std::alloc::dealloc(place.as_ptr(), record_layout(bytes)) }
    }
}
