//! What an arena asks of the layers below: pieces of memory, and ways to give them back whole or in part.
//!
//! The trait is object-safe, so that an arena's type does not name its page source. The process's implementation
//! finds the calling thread's span cache; tests and other backends use an explicit one.

use crate::fault::Fault;
use crate::span::Holder;
use core::ptr::NonNull;

/// A range of memory lent to one arena: `bytes` bytes from `base` up, readable and writable.
///
/// Has no destructor: whoever holds it gives it back through the [`ArenaMemory`] that lent it.
#[derive(Debug, Clone, Copy)]
pub struct Piece {
    /// Lowest address; a multiple of [`PIECE_ALIGN`].
    pub base: NonNull<u8>,
    /// Length in bytes; a multiple of [`PIECE_ALIGN`].
    pub bytes: usize,
    /// Whether the memory was in use before and is expected to be resident, so that touching it costs no page
    /// fault.
    pub warm: bool,
}

/// Every piece begins and ends at a multiple of this, in bytes; parts given back do too.
pub const PIECE_ALIGN: usize = 16;

/// Lends memory to arenas. Arenas call it on their slow path only.
///
/// An arena may move between threads between two calls, so a piece can be extended, trimmed or given back by
/// another thread than the one that took it.
///
/// # Safety
///
/// An implementation must make sure that
/// - a piece is valid for reads and writes of all its bytes, from the call that returned it until every byte of it
///   has been given back;
/// - no byte belongs to two pieces at the same time;
/// - base and length of every piece are multiples of [`PIECE_ALIGN`], the length is at least what was asked and at
///   most `isize::MAX`;
/// - the numbers that [`extend_down`](Self::extend_down), [`extend_down_far`](Self::extend_down_far) and
///   [`donate_low`](Self::donate_low) answer are multiples of [`PIECE_ALIGN`];
/// - the bytes that the two extensions answer are valid, unshared and part of the piece, and the piece's pointer may be moved down over
///   them.
pub unsafe trait ArenaMemory: Sync {
    /// Lends a piece of at least `bytes_min` bytes, and about `bytes_want` if that costs nothing more. The content
    /// is unspecified.
    ///
    /// # Errors
    ///
    /// `ALLOCATOR_PAGE_EXHAUSTION` or `ALLOCATOR_EXHAUSTION`; then nothing was lent and nothing changed.
    fn take(&self, bytes_min: usize, bytes_want: usize) -> Result<Piece, Fault>;

    /// Tries to lend the bytes directly below the piece that begins at `base` as well: at most `bytes_want`, and at
    /// least `bytes_min` or none. Answers how many; they are then part of the piece.
    ///
    /// Succeeds while the calling thread's open span still has room below the piece; never asks the page source.
    ///
    /// # Safety
    ///
    /// `base` is the beginning of a piece of `piece_bytes` that this memory lent and that the caller, an arena, holds.
    unsafe fn extend_down(
        &self,
        base: NonNull<u8>,
        piece_bytes: usize,
        bytes_min: usize,
        bytes_want: usize,
    ) -> usize;

    /// The same, but by up to `bytes_most` where more than `bytes_want` would only idle otherwise: it is warm, and the calling thread has
    /// nothing but this piece. Memory that cannot tell answers as [`extend_down`](Self::extend_down) does.
    ///
    /// # Safety
    ///
    /// As [`extend_down`](Self::extend_down).
    unsafe fn extend_down_far(
        &self,
        base: NonNull<u8>,
        piece_bytes: usize,
        bytes_min: usize,
        bytes_want: usize,
        _bytes_most: usize,
    ) -> usize {
        // SAFETY: `base` must begin such a piece; our caller says so.
        unsafe { self.extend_down(base, piece_bytes, bytes_min, bytes_want) }
    }

    /// Takes a piece back from `holder`.
    ///
    /// # Safety
    ///
    /// - This memory lent exactly this range (after extensions and donations) and the caller holds it, as `holder`.
    /// - Nothing refers to any of its bytes any more.
    unsafe fn give_back(&self, base: NonNull<u8>, bytes: usize, holder: Holder);

    /// Takes about the lowest `bytes` bytes of a piece back and makes them the room from which the calling thread's
    /// next pieces are cut. Answers how many it took, at most `bytes`, perhaps none; the rest of the piece stays
    /// lent.
    ///
    /// # Safety
    ///
    /// - `base` is the beginning of a piece of `piece_bytes` that this memory lent and that the caller, an arena,
    ///   holds.
    /// - Nothing refers to the lowest `bytes` bytes, which are fewer than the piece's.
    unsafe fn donate_low(&self, base: NonNull<u8>, piece_bytes: usize, bytes: usize) -> usize;

    /// Notes that `bytes` bytes of pieces passed from a live arena to a sealed result. Bookkeeping only.
    fn note_sealed(&self, bytes: usize);

    /// A drain point, between passes: hands the memory on that the calling thread keeps for its next pieces, so that any
    /// thread's next pass can have it. What arenas hold stays theirs.
    fn safepoint(&self);

    /// Gives idle memory back to the system until at most `keep_bytes` bytes idle.
    fn trim(&self, keep_bytes: usize);

    /// A number that differs between threads that run at the same time, never zero; or zero if the memory cannot
    /// tell threads apart.
    fn thread_token(&self) -> usize;
}
