//! The chunks of an arena: a doubly linked list of pieces, each with its header at the upper end.
//!
//! ```text
//!   piece:  base ├── free ──┤ cur ├── objects ──┤ header ├─ end
//! ```
//!
//! The header sits at the upper end because objects are placed from there downward, and because a piece grows at
//! its *lower* end: while the room below it in the thread's open span is free, a chunk is extended in place and its
//! header never moves.
//!
//! Order: from the first chunk to the arena's current one, all are in use; those after the current one are empty
//! and kept warm.

use super::memory::{ArenaMemory, PIECE_ALIGN, Piece};
use super::poison;
use crate::span::Holder;
use core::cell::Cell;
use core::ptr::NonNull;

/// Sizes that successive chunks of one arena ask for, in bytes: each more than those before together. The last one repeats.
pub(super) const STEP_BYTES: [usize; 6] = [4 << 10, 16 << 10, 64 << 10, 256 << 10, 512 << 10, 1 << 20];

/// Objects of more bytes than this, padding included, get a piece of their own: half of the largest chunk.
pub(super) const LARGE_BYTES: usize = STEP_BYTES[STEP_BYTES.len() - 1] / 2;

/// What a chunk's own header takes from its piece, in bytes.
pub(super) const HEADER_BYTES: usize = size_of::<ChunkHeader>();

const _: () = {
    assert!(HEADER_BYTES <= 24, "a small sealed result pays for one header");
    assert!(align_of::<ChunkHeader>() <= PIECE_ALIGN);
    let mut step = 1;
    while step < STEP_BYTES.len() {
        assert!(STEP_BYTES[step] > STEP_BYTES[step - 1], "chunks grow");
        step += 1;
    }
    // The steps come in their order.
    assert!(next_bytes(0) == STEP_BYTES[0] && next_bytes(STEP_BYTES[0]) == STEP_BYTES[1]);
    assert!(
        next_bytes(STEP_BYTES[0] + STEP_BYTES[1]) == STEP_BYTES[2] && next_bytes(usize::MAX) == STEP_BYTES[5]
    );
};

/// Bytes that the next chunk of an arena asks for whose chunks have `held` bytes: the smallest step above that, or the last. So an arena
/// that found little room for a chunk does not ask for much more than it has. No path of it panics.
pub(super) const fn next_bytes(held: usize) -> usize {
    let mut step = 0;
    while step + 1 < STEP_BYTES.len() && STEP_BYTES[step] <= held {
        step += 1;
    }
    STEP_BYTES[step]
}

/// The out-of-the-way part of a chunk, at the upper end of its piece.
#[repr(C)]
pub(super) struct ChunkHeader {
    /// The chunk before this one in the list; for a large object's chunk, the one allocated before it.
    pub(super) prev: Cell<Option<Chunk>>,
    /// The chunk after this one in the list.
    pub(super) next: Cell<Option<Chunk>>,
    /// Where the piece begins.
    base: Cell<NonNull<u8>>,
}

/// A handle to a chunk's header.
///
/// *Invariant:* points to the header of a piece that its arena (or sealed result) holds. A handle is only ever stored in that arena's own
/// fields and headers, and [`Chunk::give_back`] is called after its handle has been unlinked from all of them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Chunk(NonNull<ChunkHeader>);

impl Chunk {
    /// Writes a header at the upper end of `piece` and marks the rest as free.
    ///
    /// # Safety
    ///
    /// - The caller holds `piece`, and nothing refers to its bytes.
    /// - `piece` has room for a header.
    pub(super) unsafe fn new_in(piece: Piece) -> Self {
        debug_assert!(piece.bytes >= HEADER_BYTES);
        debug_assert!(
            piece.bytes.is_multiple_of(PIECE_ALIGN) && piece.base.addr().get().is_multiple_of(PIECE_ALIGN)
        );
        // SAFETY: the offset must stay inside the piece; the caller says it has room for a header; lengths do not
        // change.
        let header = unsafe { piece.base.add(piece.bytes - HEADER_BYTES) }.cast::<ChunkHeader>();
        let value = ChunkHeader { prev: Cell::new(None), next: Cell::new(None), base: Cell::new(piece.base) };
        // SAFETY: the place must be valid, aligned and unused; the piece is held and unreferenced by the caller's
        // word, and its end is a multiple of PIECE_ALIGN and HEADER_BYTES one of the header's alignment, so the
        // header is aligned.
        unsafe { header.write(value) };
        let chunk = Self(header);
        // SAFETY: the range must be in a held piece and free of objects; the caller holds the piece; it has only
        // just been lent.
        unsafe { poison::poison(piece.base.as_ptr(), chunk.room()) };
        // SAFETY: the piece must stay held until the roots are forgotten; `give_back` forgets them first, and
        // whoever changes the range too.
        unsafe { poison::add_roots(piece.base.as_ptr(), piece.bytes) };
        chunk
    }

    /// The header.
    pub(super) fn header(&self) -> &ChunkHeader {
        // SAFETY: the pointer must lead to a live header that is only read through shared references; the type's
        // invariant says so, and headers change through their cells only.
        unsafe { self.0.as_ref() }
    }

    /// Where the piece begins.
    pub(super) fn base(&self) -> NonNull<u8> {
        self.header().base.get()
    }

    /// Where objects are placed from, downward: the header's own position.
    pub(super) fn top(&self) -> NonNull<u8> {
        self.0.cast()
    }

    /// Bytes between the piece's beginning and its header.
    pub(super) fn room(&self) -> usize {
        self.top().addr().get() - self.base().addr().get()
    }

    /// The length of the piece, header included.
    pub(super) fn bytes(&self) -> usize {
        self.room() + HEADER_BYTES
    }

    /// Moves the beginning of the piece down after the memory lent `bytes` more below it.
    ///
    /// # Safety
    ///
    /// The `bytes` bytes below the piece have just become part of it, and nothing refers to them.
    pub(super) unsafe fn grew_down(self, bytes: usize) {
        self.forget_roots();
        // SAFETY: the moved pointer must stay inside memory that belongs to the piece; the caller says that it has
        // just been extended.
        let base = unsafe { self.base().sub(bytes) };
        self.header().base.set(base);
        // SAFETY: the range must be in a held piece and free of objects; it is the new part, which nothing refers
        // to.
        unsafe { poison::poison(base.as_ptr(), bytes) };
        self.add_roots();
    }

    /// Gives about the lowest `bytes` bytes of the piece to the thread's next arena, and answers how many.
    ///
    /// # Safety
    ///
    /// - `memory` lent the piece, to an arena.
    /// - Nothing refers to these bytes, and they do not reach the header.
    pub(super) unsafe fn donate_low(self, memory: &dyn ArenaMemory, bytes: usize) -> usize {
        debug_assert!(bytes <= self.room());
        let base = self.base();
        self.forget_roots();
        // SAFETY: the range must be in a held piece; it is, until the next line.
        unsafe { poison::forget(base.as_ptr(), bytes) };
        // SAFETY: the piece must be lent by this memory and held, and the bytes unreferenced; the caller says so,
        // and the header keeps track of the range.
        let given = unsafe { memory.donate_low(base, self.bytes(), bytes) };
        debug_assert!(given.is_multiple_of(PIECE_ALIGN) && given <= bytes);
        // SAFETY: the moved pointer must stay inside the piece; at most `bytes` were taken, which do not reach the
        // header.
        let kept = unsafe { base.add(given) };
        self.header().base.set(kept);
        // SAFETY: the range must be in a held piece and free of objects; it is the part of the unreferenced bytes
        // that was not taken.
        unsafe { poison::poison(kept.as_ptr(), bytes - given) };
        self.add_roots();
        given
    }

    /// Gives the whole piece back. Answers how many bytes that were.
    ///
    /// # Safety
    ///
    /// - `memory` lent the piece, and `holder` holds it.
    /// - Nothing refers to any of its bytes, and no other copy of this handle is used again.
    pub(super) unsafe fn give_back(self, memory: &dyn ArenaMemory, holder: Holder) -> usize {
        let base = self.base();
        let bytes = self.bytes();
        self.forget_roots();
        // SAFETY: the range must be in a held piece; it is, until the next line.
        unsafe { poison::forget(base.as_ptr(), bytes) };
        // SAFETY: exactly this range must be lent by this memory and unreferenced; the caller says so, and the
        // header keeps track of the range.
        unsafe { memory.give_back(base, bytes, holder) };
        bytes
    }

    fn add_roots(self) {
        // SAFETY: the piece must stay held until the roots are forgotten; every function that gives a part of it
        // away forgets them first.
        unsafe { poison::add_roots(self.base().as_ptr(), self.bytes()) };
    }

    fn forget_roots(self) {
        // SAFETY: exactly this range must be registered; `new_in` and `add_roots` registered the range that the
        // header states.
        unsafe { poison::forget_roots(self.base().as_ptr(), self.bytes()) };
    }
}

/// Links `chunk` into the list directly after `at`.
pub(super) fn insert_after(at: Chunk, chunk: Chunk) {
    let next = at.header().next.get();
    chunk.header().prev.set(Some(at));
    chunk.header().next.set(next);
    if let Some(next) = next {
        next.header().prev.set(Some(chunk));
    }
    at.header().next.set(Some(chunk));
}
