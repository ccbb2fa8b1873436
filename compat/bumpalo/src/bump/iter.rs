//! Walking over the data of the chunks, newest first.

use super::Bump;
use super::chunk::Chunk;
use core::iter::FusedIterator;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::slice;

/// The data of each chunk, newest first; see [`Bump::iter_allocated_chunks`].
#[derive(Debug)]
pub struct ChunkIter<'a, const MIN_ALIGN: usize = 1> {
    raw: ChunkRawIter<'a, MIN_ALIGN>,
    exclusive: PhantomData<&'a mut Bump<MIN_ALIGN>>,
}

/// Where the data of each chunk begin, and how many bytes they are, newest first; see
/// [`Bump::iter_allocated_chunks_raw`].
pub struct ChunkRawIter<'a, const MIN_ALIGN: usize = 1> {
    bump: &'a Bump<MIN_ALIGN>,
    next: Option<Chunk>,
}

impl<'a, const MIN_ALIGN: usize> ChunkIter<'a, MIN_ALIGN> {
    pub(super) fn new(bump: &'a mut Bump<MIN_ALIGN>) -> Self {
        Self { raw: ChunkRawIter::new(bump), exclusive: PhantomData }
    }
}

impl<'a, const MIN_ALIGN: usize> Iterator for ChunkIter<'a, MIN_ALIGN> {
    type Item = &'a [MaybeUninit<u8>];

    fn next(&mut self) -> Option<Self::Item> {
        let (from, bytes) = self.raw.next()?;
        // SAFETY: the range must lie in one live object and not change for 'a; it lies in a chunk, and the exclusive borrow
        // that `new` took keeps everybody else away for 'a. The bytes need not be initialised.
        Some(unsafe { slice::from_raw_parts(from.cast_const().cast(), bytes) })
    }
}

impl<const MIN_ALIGN: usize> FusedIterator for ChunkIter<'_, MIN_ALIGN> {}

impl<'a, const MIN_ALIGN: usize> ChunkRawIter<'a, MIN_ALIGN> {
    pub(super) fn new(bump: &'a Bump<MIN_ALIGN>) -> Self {
        Self { bump, next: bump.open.chunk.get() }
    }
}

impl<const MIN_ALIGN: usize> Iterator for ChunkRawIter<'_, MIN_ALIGN> {
    type Item = (*mut u8, usize);

    fn next(&mut self) -> Option<Self::Item> {
        let chunk = self.next?;
        self.next = chunk.header().prev.get();
        let used_from = if self.bump.open.chunk.get() == Some(chunk) {
            self.bump.open.cur().addr().get()
        } else {
            chunk.header().notes.used_from.get()
        };
        // SAFETY: the address must lie in the piece; the window's upper end does, and did when the chunk was left.
        let at = unsafe { chunk.at(used_from) };
        Some((at.as_ptr(), chunk.top() - used_from))
    }
}

impl<const MIN_ALIGN: usize> FusedIterator for ChunkRawIter<'_, MIN_ALIGN> {}

impl<const MIN_ALIGN: usize> core::fmt::Debug for ChunkRawIter<'_, MIN_ALIGN> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("ChunkRawIter").field("bump", self.bump).finish_non_exhaustive()
    }
}
