//! Pages over `std::alloc`: systems without `mmap`, and interpreters of Rust. The same interface, not tuned.
//!
//! This file belongs to the std layer.

use super::{Geometry, PageSource, SourceError};
use crate::config;
use core::alloc::Layout;
use core::ptr::NonNull;

/// How much to take from the system allocator at once: it cannot lend address space without memory on every system.
const RESERVE_BYTES: usize = 4 << 20;

/// A page source over the global allocator's system heap.
///
/// It must not be used under a global allocator that is itself built on it.
#[derive(Debug, Default)]
pub struct SystemPages(());

impl SystemPages {
    /// A source; takes nothing before the first reservation.
    pub const fn new() -> Self {
        SystemPages(())
    }
}

/// A reservation's address is a multiple of at least this, so that `release` can name the layout of `reserve`.
fn layout(bytes: usize) -> Result<Layout, SourceError> {
    let align =
        if bytes.is_multiple_of(config::REGION_BYTES) { config::REGION_BYTES } else { config::UNIT_BYTES };
    Layout::from_size_align(bytes, align).map_err(|_| SourceError::Full)
}

// SAFETY: needs ranges that are free, usable and zero; `alloc_zeroed` gives exactly that until `dealloc`.
unsafe impl PageSource for SystemPages {
    fn geometry(&self) -> Geometry {
        Geometry {
            page_bytes: config::UNIT_BYTES / config::UNIT_PAGES_MAX,
            unit_bytes: config::UNIT_BYTES,
            region_bytes: config::REGION_BYTES,
            reserve_bytes_max: RESERVE_BYTES,
            record_bytes_min: config::RECORD_CHUNK_BYTES,
            window_base: 0,
            window_bytes: if usize::BITS == 64 { 1 << 48 } else { 1 << 31 },
        }
    }

    fn reserve(&self, bytes: usize, align: usize) -> Result<NonNull<u8>, SourceError> {
        let layout = layout(bytes)?;
        if bytes == 0 || align > layout.align() {
            return Err(SourceError::Refused { os_error: 0 });
        }
        // SAFETY: needs a size that is not 0; that was refused above.
        let base = unsafe { std::alloc::alloc_zeroed(layout) };
        NonNull::new(base).ok_or(SourceError::Refused { os_error: 0 })
    }

    unsafe fn commit(&self, _base: NonNull<u8>, _bytes: usize) -> Result<(), SourceError> {
        Ok(())
    }

    unsafe fn decommit(&self, _base: NonNull<u8>, _bytes: usize) {}

    unsafe fn release(&self, base: NonNull<u8>, bytes: usize) {
        if let Ok(layout) = layout(bytes) {
            // SAFETY: needs the layout of the allocation; it depends on `bytes` alone, which the caller repeats.
            unsafe { std::alloc::dealloc(base.as_ptr(), layout) }
        }
    }
}
