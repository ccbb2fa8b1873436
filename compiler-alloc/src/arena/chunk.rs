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
//! and kept warm, until an object comes that is too large for the next of them.
//!
//! What an arena notes of each of its chunks beside that is `X`: nothing for [`RawArena`](super::RawArena), two marks for the
//! `Bump` of compat/bumpalo.

use super::bump;
use super::memory::{ArenaMemory, PIECE_ALIGN, Piece};
use super::poison;
use crate::fault::Fault;
use crate::span::Holder;
use core::cell::Cell;
use core::ptr::NonNull;

/// The smallest and the largest piece that an arena asks for without need, in bytes.
pub(super) const STEP_BYTES: [usize; 2] = [4 << 10, 1 << 20];

/// The most that is asked for by twice of what the arena has, in bytes; beyond, an eighth of it is more.
const TWICE_BYTES_MAX: usize = 16 << 10;

/// The most by which a chunk that its thread works with alone is extended in place at a time, into warm memory.
pub(super) const LONE_STEP_BYTES: usize = 128 << 10;

/// Objects of more bytes than this, padding included, get a piece of their own: half of the largest chunk.
pub(super) const LARGE_BYTES: usize = STEP_BYTES[1] / 2;

const _: () = {
    assert!(Chunk::<()>::HEADER_BYTES <= 24, "a small sealed result pays for one header");
    assert!(next_bytes(0) == STEP_BYTES[0] && next_bytes(usize::MAX) == STEP_BYTES[1]);
    assert!(
        next_bytes(4 << 10) == 8 << 10 && next_bytes(100_000) == 16 << 10 && next_bytes(1 << 20) == 128 << 10
    );
};

/// Bytes that an arena asks for next whose chunks have `held` bytes, for a new chunk or to extend one in place: twice as much, at most
/// 16 KiB, or an eighth as much if that is more; at least 4 KiB and at most 1 MiB. So each of many arenas that are kept leaves little
/// unused; in warm memory what is unused has its pages all the same. No path of it panics.
pub const fn next_bytes(held: usize) -> usize {
    let twice = bump::round_down(held, PIECE_ALIGN).saturating_mul(2);
    let eighth = bump::round_down(held / 8, PIECE_ALIGN);
    within(within(twice, STEP_BYTES[0], TWICE_BYTES_MAX), eighth, STEP_BYTES[1])
}

/// `bytes`, but `least` if that is more, and at most `most`.
const fn within(bytes: usize, least: usize, most: usize) -> usize {
    let bytes = if bytes < least { least } else { bytes };
    if bytes > most { most } else { bytes }
}

/// The out-of-the-way part of a chunk, at the upper end of its piece.
#[repr(C)]
pub struct ChunkHeader<X> {
    /// The chunk before this one in the list; for a large object's chunk, the one allocated before it.
    pub prev: Cell<Option<Chunk<X>>>,
    /// The chunk after this one in the list.
    pub next: Cell<Option<Chunk<X>>>,
    /// Where the piece begins; its pointer may reach the whole piece.
    base: Cell<NonNull<u8>>,
    /// What the arena notes of the chunk.
    pub notes: X,
}

/// A handle to a chunk's header.
///
/// *Invariant:* points to the header of a piece that its arena (or sealed result) holds. A handle is only ever stored in that arena's own
/// fields and headers, and [`Chunk::give_back`] is called after its handle has been unlinked from all of them.
pub struct Chunk<X>(NonNull<ChunkHeader<X>>);

// Not derived: that would ask for them of `X`.
impl<X> Clone for Chunk<X> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<X> Copy for Chunk<X> {}

impl<X> PartialEq for Chunk<X> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<X> Chunk<X> {
    /// What a chunk's own header takes from its piece, in bytes.
    pub const HEADER_BYTES: usize = {
        assert!(align_of::<ChunkHeader<X>>() <= PIECE_ALIGN);
        size_of::<ChunkHeader<X>>()
    };

    /// The size of a piece with room for a header, `room` bytes and what aligning them to at most [`PIECE_ALIGN`] costs; `None` if that
    /// is too much. Who needs more alignment counts it with `room`.
    pub fn piece_bytes(room: usize) -> Option<usize> {
        room.checked_add(Self::HEADER_BYTES + PIECE_ALIGN)
            .and_then(|bytes| bump::round_up(bytes, PIECE_ALIGN))
            .filter(|bytes| *bytes <= isize::MAX as usize)
    }

    /// Writes a header with `notes` at the upper end of `piece` and marks the rest as free.
    ///
    /// # Safety
    ///
    /// - The caller holds `piece`, and nothing refers to its bytes.
    /// - `piece` has room for a header.
    #[inline(always)]
    pub unsafe fn new_in(piece: Piece, notes: X) -> Self {
        debug_assert!(piece.bytes >= Self::HEADER_BYTES);
        debug_assert!(
            piece.bytes.is_multiple_of(PIECE_ALIGN) && piece.base.addr().get().is_multiple_of(PIECE_ALIGN)
        );
        // SAFETY: the offset must stay inside the piece; the caller says it has room for a header; lengths do not
        // change.
        let header = unsafe { piece.base.add(piece.bytes - Self::HEADER_BYTES) }.cast::<ChunkHeader<X>>();
        let value =
            ChunkHeader { prev: Cell::new(None), next: Cell::new(None), base: Cell::new(piece.base), notes };
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
    #[inline]
    pub fn header(&self) -> &ChunkHeader<X> {
        // SAFETY: the pointer must lead to a live header that is only read through shared references; the type's
        // invariant says so, and headers change through their cells only.
        unsafe { self.0.as_ref() }
    }

    /// Where the piece begins.
    #[inline]
    pub fn base(self) -> NonNull<u8> {
        self.header().base.get()
    }

    /// The address that objects are placed from, downward: the header's own.
    #[inline]
    pub fn top(self) -> usize {
        self.0.addr().get()
    }

    /// Bytes between the piece's beginning and its header.
    pub fn room(self) -> usize {
        self.top() - self.base().addr().get()
    }

    /// The length of the piece, header included.
    pub fn bytes(self) -> usize {
        self.room() + Self::HEADER_BYTES
    }

    /// A pointer to `address` that may reach the whole piece; the handle's own may be narrower.
    ///
    /// # Safety
    ///
    /// `address` lies in the piece, at most at its header.
    #[inline]
    pub unsafe fn at(self, address: usize) -> NonNull<u8> {
        let base = self.base();
        debug_assert!((base.addr().get()..=self.top()).contains(&address));
        // SAFETY: the moved pointer must stay inside the piece; the caller says so.
        unsafe { base.add(address - base.addr().get()) }
    }

    /// Tries to make the piece longer at its lower end: by at most `bytes_want` bytes, and at least `bytes_min` or none.
    /// Answers by how many.
    ///
    /// # Safety
    ///
    /// `memory` lent the piece to an arena, which holds it.
    pub unsafe fn extend_down(self, memory: &dyn ArenaMemory, bytes_min: usize, bytes_want: usize) -> usize {
        // SAFETY: the memory must have lent the piece to an arena; the caller says so.
        unsafe { self.extend_down_far(memory, [bytes_min, bytes_want, bytes_want]) }
    }

    /// The same by `[bytes_min, bytes_want, bytes_most]`; see [`ArenaMemory::extend_down_far`].
    ///
    /// # Safety
    ///
    /// As [`extend_down`](Self::extend_down).
    #[inline(always)]
    pub(super) unsafe fn extend_down_far(
        self,
        memory: &dyn ArenaMemory,
        [bytes_min, bytes_want, bytes_most]: [usize; 3],
    ) -> usize {
        let base = self.base();
        // SAFETY: `base` must begin a piece of this length that the memory lent and an arena holds; the caller says so, and
        // the header keeps track of the range.
        let bytes = unsafe { memory.extend_down_far(base, self.bytes(), bytes_min, bytes_want, bytes_most) };
        if bytes == 0 {
            return 0;
        }
        self.forget_roots();
        // SAFETY: the moved pointer must stay inside memory that belongs to the piece; it has just been extended.
        let base = unsafe { base.sub(bytes) };
        self.header().base.set(base);
        // SAFETY: the range must be in a held piece and free of objects; it is the new part, which nothing refers
        // to.
        unsafe { poison::poison(base.as_ptr(), bytes) };
        self.add_roots();
        bytes
    }

    /// Gives about the lowest `bytes` bytes of the piece to the thread's next arena, and answers how many.
    ///
    /// # Safety
    ///
    /// - `memory` lent the piece, to an arena.
    /// - Nothing refers to these bytes, and they do not reach the header.
    pub unsafe fn donate_low(self, memory: &dyn ArenaMemory, bytes: usize) -> usize {
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
    pub unsafe fn give_back(self, memory: &dyn ArenaMemory, holder: Holder) -> usize {
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
pub fn insert_after<X>(at: Chunk<X>, chunk: Chunk<X>) {
    let next = at.header().next.get();
    chunk.header().prev.set(Some(at));
    chunk.header().next.set(next);
    if let Some(next) = next {
        next.header().prev.set(Some(chunk));
    }
    at.header().next.set(Some(chunk));
}

/// Links `chunk` into the list directly before `at`.
pub fn insert_before<X>(at: Chunk<X>, chunk: Chunk<X>) {
    let prev = at.header().prev.get();
    chunk.header().prev.set(prev);
    chunk.header().next.set(Some(at));
    if let Some(prev) = prev {
        prev.header().next.set(Some(chunk));
    }
    at.header().prev.set(Some(chunk));
}

/// Takes `chunk` out of its list.
pub fn unlink<X>(chunk: Chunk<X>) {
    let (prev, next) = (chunk.header().prev.get(), chunk.header().next.get());
    if let Some(prev) = prev {
        prev.header().next.set(next);
    }
    if let Some(next) = next {
        next.header().prev.set(prev);
    }
}

/// Gives `first` and all chunks after it back. Answers how many bytes that were.
///
/// # Safety
///
/// - `memory` lent the pieces, and `holder` holds them.
/// - Nothing refers to any of their bytes, and no other copy of their handles is used again.
#[inline(always)]
pub unsafe fn give_back_from<X>(first: Option<Chunk<X>>, memory: &dyn ArenaMemory, holder: Holder) -> usize {
    let mut bytes = 0;
    let mut at = first;
    while let Some(chunk) = at {
        at = chunk.header().next.get();
        // SAFETY: the memory must have lent the piece to the holder, and nothing may refer to it; those are the duties of our
        // caller.
        bytes += unsafe { chunk.give_back(memory, holder) };
    }
    bytes
}

/// Lends a piece for a chunk: about `bytes_want` bytes; far less only if there is no more, because a piece much smaller would
/// soon be full again; never less than `bytes_min`.
///
/// # Errors
///
/// As [`ArenaMemory::take`].
#[inline(always)]
pub fn lend(memory: &dyn ArenaMemory, bytes_min: usize, bytes_want: usize) -> Result<Piece, Fault> {
    let worthwhile = bytes_min.max(bytes_want / 4);
    match memory.take(worthwhile, bytes_want) {
        Err(_) if bytes_min < worthwhile => memory.take(bytes_min, bytes_min),
        lent => lent,
    }
}
