//! Pages out of one buffer: a static, a stack frame, a board's memory.
//!
//! The buffer is lent from both ends: units from the low end, the backend's own records from the high end. Requests
//! that are aligned to a unit count as units. What is released is used again once it borders the untouched middle.

use super::{Geometry, PageSource, SourceError};
use crate::config;
use crate::sync::{Rank, RankedLock, const_fn};
use crate::units::{round_down, round_up};
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

/// The grain of records in a fixed buffer: it has no OS pages.
const RECORD_ALIGN: usize = 64;

/// Records that do not depend on the number of units: page map, reservation, a few threads.
const RECORD_BYTES_FIXED: usize = 3 << 10;

/// Records for each unit, with room for units of a region that lie outside of the buffer.
const RECORD_BYTES_PER_UNIT: usize = 128;

/// A page source over a caller's buffer of 16 KiB or more, from which spans and their records come.
///
/// Units are between 1 KiB and 64 KiB: about a 64th of the buffer. Nothing is ever given back to anybody, and
/// "exhausted" means [`SourceError::Full`].
///
/// ```
/// use compiler_alloc::page_source::FixedPages;
/// use compiler_alloc::span::SpanBackend;
/// use core::mem::MaybeUninit;
/// let mut storage = [MaybeUninit::<u8>::uninit(); 64 << 10];
/// let backend = SpanBackend::new(FixedPages::new(&mut storage));
/// let span = backend.acquire(1000)?;
/// // SAFETY: acquired from this backend just now, and not used afterwards.
/// unsafe { backend.release(span) };
/// # Ok::<(), compiler_alloc::fault::Fault>(())
/// ```
pub struct FixedPages<'buffer> {
    base: NonNull<u8>,
    bytes: usize,
    unit_bytes: usize,
    lent: RankedLock<Lent>,
    buffer: PhantomData<&'buffer mut [MaybeUninit<u8>]>,
}

/// How much of either end is lent, as offsets from the base.
struct Lent {
    units_end: usize,
    records_begin: usize,
    reservations: usize,
}

// SAFETY: needs that the buffer may be used from any thread; it was borrowed uniquely and holds plain bytes.
unsafe impl Send for FixedPages<'_> {}
// SAFETY: needs that shared calls do not race; the only changing state is behind the lock.
unsafe impl Sync for FixedPages<'_> {}

impl<'buffer> FixedPages<'buffer> {
    /// A source that lends `storage`.
    ///
    /// # Panics
    /// If `storage` has less than 16 KiB.
    pub fn new(storage: &'buffer mut [MaybeUninit<u8>]) -> Self {
        let bytes = storage.len();
        // SAFETY: needs that the storage is ours for `'buffer`; the unique borrow says so.
        unsafe { Self::from_raw(NonNull::from(storage).cast(), bytes) }
    }

    const_fn! {
        /// A source that lends `bytes` from `base` on.
        ///
        /// # Panics
        /// If `bytes` is less than 16 KiB.
        ///
        /// # Safety
        /// - The memory is valid for reads and writes, and used by nobody else, for `'buffer`.
        pub const unsafe fn from_raw(base: NonNull<u8>, bytes: usize) -> Self {
            assert!(bytes >= config::FIXED_BYTES_MIN, "fixed storage needs at least 16 KiB");
            let lent = Lent { units_end: 0, records_begin: bytes, reservations: 0 };
            FixedPages {
                base,
                bytes,
                unit_bytes: unit_bytes_for(bytes),
                lent: RankedLock::new(Rank::Source, lent),
                buffer: PhantomData,
            }
        }
    }

    fn offset_of(&self, base: NonNull<u8>) -> usize {
        base.as_ptr().addr() - self.base.as_ptr().addr()
    }
}

/// About a 64th of the buffer, between 1 KiB and a unit of the operating system's.
const fn unit_bytes_for(bytes: usize) -> usize {
    let mut unit_bytes = 1 << 10;
    while unit_bytes < config::UNIT_BYTES && unit_bytes * 2 <= bytes / 64 {
        unit_bytes *= 2;
    }
    unit_bytes
}

// SAFETY: needs ranges that do not overlap and are usable; the two ends grow towards each other under the lock and never
// cross, the buffer is ours for `'buffer`, and `reserve` zeroes what it lends.
unsafe impl PageSource for FixedPages<'_> {
    fn geometry(&self) -> Geometry {
        let region_bytes = self.unit_bytes * 8;
        let lent = self.lent.lock();
        let first_unit = round_up(self.base.as_ptr().addr() + lent.units_end, self.unit_bytes);
        let left = first_unit
            .map_or(0, |first| (self.base.as_ptr().addr() + lent.records_begin).saturating_sub(first));
        let units = left.saturating_sub(RECORD_BYTES_FIXED) / (self.unit_bytes + RECORD_BYTES_PER_UNIT);
        let window_base = round_down(self.base.as_ptr().addr(), region_bytes);
        let window_end = self.base.as_ptr().addr() + self.bytes;
        Geometry {
            page_bytes: self.unit_bytes,
            unit_bytes: self.unit_bytes,
            region_bytes,
            reserve_bytes_max: units * self.unit_bytes,
            record_bytes_min: 0,
            window_base,
            window_bytes: window_end - window_base,
        }
    }

    fn reserve(&self, bytes: usize, align: usize) -> Result<NonNull<u8>, SourceError> {
        if !align.is_power_of_two() {
            return Err(SourceError::Full);
        }
        let start = self.base.as_ptr().addr();
        let mut lent = self.lent.lock();
        let offset = if align >= self.unit_bytes {
            let begin = round_up(start + lent.units_end, align).ok_or(SourceError::Full)? - start;
            let end = begin.checked_add(bytes).ok_or(SourceError::Full)?;
            if end > lent.records_begin {
                return Err(SourceError::Full);
            }
            lent.units_end = end;
            begin
        } else {
            let room = lent.records_begin - lent.units_end;
            if bytes > room {
                return Err(SourceError::Full);
            }
            let begin = round_down(start + lent.records_begin - bytes, align.max(RECORD_ALIGN));
            if begin < start + lent.units_end {
                return Err(SourceError::Full);
            }
            lent.records_begin = begin - start;
            begin - start
        };
        lent.reservations += 1;
        // SAFETY: needs to stay inside the buffer; both branches checked that the range ends before the other end.
        let base = unsafe { self.base.add(offset) };
        // SAFETY: needs writable memory of `bytes`; the range lies inside the buffer and was lent to nobody else.
        unsafe { base.write_bytes(0, bytes) };
        Ok(base)
    }

    unsafe fn commit(&self, _base: NonNull<u8>, _bytes: usize) -> Result<(), SourceError> {
        Ok(())
    }

    unsafe fn decommit(&self, _base: NonNull<u8>, _bytes: usize) {}

    unsafe fn release(&self, base: NonNull<u8>, bytes: usize) {
        let offset = self.offset_of(base);
        let mut lent = self.lent.lock();
        lent.reservations -= 1;
        if lent.reservations == 0 {
            (lent.units_end, lent.records_begin) = (0, self.bytes);
        } else if offset + bytes == lent.units_end {
            lent.units_end = offset;
        } else if offset == lent.records_begin {
            lent.records_begin = offset + bytes;
        }
    }
}
