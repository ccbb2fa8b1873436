//! The store of our own records: bump-allocated out of line, in chunks from the page source.
//!
//! A record is never given back alone; kinds that come and go keep lists of unused ones. All chunks go back together
//! when the backend that owns them is shut down with nothing left alive.

use crate::page_source::{PageSource, SourceError};
use crate::units::round_up;
use core::alloc::Layout;
use core::ptr::NonNull;

/// What stands at the beginning of a chunk.
struct ChunkHeader {
    next: Option<NonNull<ChunkHeader>>,
    bytes: usize,
}

/// Records begin at multiples of at least this: a cache line.
const RECORD_ALIGN: usize = 64;

/// The store. It owns its chunks, and must be emptied by [`release_all`](Metadata::release_all) to give them back.
pub(crate) struct Metadata {
    free: Option<NonNull<u8>>,
    free_bytes: usize,
    chunks: Option<NonNull<ChunkHeader>>,
    reserved_bytes: usize,
}

// SAFETY: needs that the chunks may be used from any thread; they are memory of the page source, reached through this
// value only.
unsafe impl Send for Metadata {}

impl Metadata {
    /// A store without chunks.
    pub(crate) const fn new() -> Self {
        Metadata { free: None, free_bytes: 0, chunks: None, reserved_bytes: 0 }
    }

    /// Address space reserved for records.
    pub(crate) const fn reserved_bytes(&self) -> usize {
        self.reserved_bytes
    }

    /// Zeroed memory for a record of `layout`, aligned to at least a cache line.
    ///
    /// # Errors
    /// What the page source answered; nothing was changed then.
    pub(crate) fn allocate<P: PageSource>(
        &mut self,
        source: &P,
        layout: Layout,
    ) -> Result<NonNull<u8>, SourceError> {
        let align = layout.align().max(RECORD_ALIGN);
        let bytes = round_up(layout.size(), RECORD_ALIGN).ok_or(SourceError::Full)?;
        debug_assert!(align <= RECORD_ALIGN, "records need at most the alignment of a cache line");
        if bytes > self.free_bytes {
            let (start, length) = self.add_chunk(source, bytes)?;
            return Ok(self.take_from(start, length, bytes));
        }
        match self.free {
            Some(start) => Ok(self.take_from(start, self.free_bytes, bytes)),
            None => Err(SourceError::Full),
        }
    }

    /// Hands out the first `bytes` of a free range and keeps the larger of its rest and the old free range.
    fn take_from(&mut self, start: NonNull<u8>, length: usize, bytes: usize) -> NonNull<u8> {
        // SAFETY: needs to stay inside or one past the range; callers checked that `bytes` is at most `length`.
        let rest = unsafe { start.add(bytes) };
        if Some(start) == self.free || length - bytes > self.free_bytes {
            self.free = Some(rest);
            self.free_bytes = length - bytes;
        }
        start
    }

    /// Adds a chunk with room for at least `bytes`; its usable range is the answer.
    fn add_chunk<P: PageSource>(
        &mut self,
        source: &P,
        bytes: usize,
    ) -> Result<(NonNull<u8>, usize), SourceError> {
        let geometry = source.geometry();
        let header = round_up(size_of::<ChunkHeader>(), RECORD_ALIGN).ok_or(SourceError::Full)?;
        let grain = if geometry.record_bytes_min == 0 { RECORD_ALIGN } else { geometry.page_bytes };
        let needed = bytes.checked_add(header).ok_or(SourceError::Full)?;
        let chunk_bytes = round_up(needed.max(geometry.record_bytes_min), grain).ok_or(SourceError::Full)?;
        let chunk = source.reserve(chunk_bytes, RECORD_ALIGN)?;
        // SAFETY: needs whole pages of a live reservation; this is the whole of the one just made.
        if let Err(error) = unsafe { source.commit(chunk, chunk_bytes) } {
            // SAFETY: needs the reservation that nobody uses; it was just made and not published.
            unsafe { source.release(chunk, chunk_bytes) };
            return Err(error);
        }
        let place = chunk.cast::<ChunkHeader>();
        // SAFETY: needs writable, aligned memory; the chunk is committed, cache-line aligned and begins with the header.
        unsafe { place.write(ChunkHeader { next: self.chunks, bytes: chunk_bytes }) };
        self.chunks = Some(place);
        self.reserved_bytes += chunk_bytes;
        // SAFETY: needs to stay inside the chunk; the header is smaller than the chunk.
        let start = unsafe { chunk.add(header) };
        Ok((start, chunk_bytes - header))
    }

    /// Gives every chunk back.
    ///
    /// # Safety
    /// - `source` is the one that every [`allocate`](Metadata::allocate) was given.
    /// - No record from this store is used again.
    pub(crate) unsafe fn release_all<P: PageSource>(&mut self, source: &P) {
        let mut next = self.chunks.take();
        while let Some(chunk) = next {
            // SAFETY: needs an initialised header; `add_chunk` wrote it and nothing overwrites it.
            let header = unsafe { chunk.read() };
            next = header.next;
            // SAFETY: needs a whole unused reservation of `source`; the caller promises both.
            unsafe { source.release(chunk.cast(), header.bytes) };
        }
        *self = Metadata::new();
    }
}
