//! The chunks of one arena: a doubly linked list of pieces, oldest first, each with its header at the upper end.
//!
//! ```text
//!   piece:  base ┄ floor ├── free ──┤ used_from ├── objects ──┤ header ├─ end
//! ```
//!
//! Objects are placed downward from the header, so a chunk's objects are one range, the newest lowest. `floor` lies above
//! `base` only where an allocation limit ends the chunk before its piece does.

use compiler_alloc::arena::{ArenaMemory, PIECE_ALIGN, Piece, poison};
use compiler_alloc::span::Holder;
use core::cell::Cell;
use core::ptr::NonNull;

/// What the header takes from a piece, in bytes: a multiple of [`PIECE_ALIGN`], so that objects begin aligned to it.
pub(super) const HEADER_BYTES: usize = size_of::<Header>();

const _: () = assert!(HEADER_BYTES.is_multiple_of(PIECE_ALIGN) && align_of::<Header>() <= PIECE_ALIGN);

/// The out-of-the-way part of a chunk.
#[repr(C, align(16))]
pub(super) struct Header {
    /// The chunk that was entered before this one.
    pub(super) prev: Cell<Option<Chunk>>,
    /// The chunk that was entered after this one, or the next one kept for later.
    pub(super) next: Cell<Option<Chunk>>,
    /// Where the piece begins; its pointer may reach the whole piece.
    base: Cell<NonNull<u8>>,
    /// Objects must not begin below this address.
    pub(super) floor: Cell<usize>,
    /// Where the newest object begins; up to date only when the chunk is not the current one.
    pub(super) used_from: Cell<usize>,
}

/// A handle to a chunk's header.
///
/// *Invariant:* points to the header of a piece that its arena holds. A handle is only ever stored in that arena's own
/// fields and headers, and [`Chunk::give_back`] is called after its handle has been unlinked from all of them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Chunk(NonNull<Header>);

impl Chunk {
    /// Writes a header at the upper end of `piece`; the rest is free, down to `room_max` bytes below the header.
    ///
    /// # Safety
    ///
    /// - The caller holds `piece`, and nothing refers to its bytes.
    /// - `piece` has room for a header.
    pub(super) unsafe fn new_in(piece: Piece, room_max: usize) -> Self {
        let room = piece.bytes - HEADER_BYTES;
        // SAFETY: the offset must stay inside the piece; the caller says it has room for a header; lengths do not change.
        let at = unsafe { piece.base.add(room) }.cast::<Header>();
        let top = at.addr().get();
        let header = Header {
            prev: Cell::new(None),
            next: Cell::new(None),
            base: Cell::new(piece.base),
            floor: Cell::new(top - room.min(room_max)),
            used_from: Cell::new(top),
        };
        // SAFETY: the place must be valid, aligned and unused; the piece is held and unreferenced by the caller's word, its
        // end is a multiple of PIECE_ALIGN (`ArenaMemory`), and so is HEADER_BYTES.
        unsafe { at.write(header) };
        let chunk = Self(at);
        // SAFETY: the range must be in a held piece and free of objects; the caller holds it, and nothing refers to it yet.
        unsafe { poison::poison(piece.base.as_ptr(), room) };
        chunk.add_roots();
        chunk
    }

    /// The header.
    pub(super) fn header(&self) -> &Header {
        // SAFETY: the pointer must lead to a live header that is only read through shared references; the type's invariant
        // says so, and headers change through their cells only.
        unsafe { self.0.as_ref() }
    }

    /// Where the piece begins.
    pub(super) fn base(self) -> NonNull<u8> {
        self.header().base.get()
    }

    /// The length of the piece, header included.
    pub(super) fn bytes(self) -> usize {
        self.top() - self.base().addr().get() + HEADER_BYTES
    }

    /// Where objects are placed from, downward.
    pub(super) fn top(self) -> usize {
        self.0.addr().get()
    }

    /// Bytes that objects may take.
    pub(super) fn room(self) -> usize {
        self.top() - self.header().floor.get()
    }

    /// A pointer into the piece.
    pub(super) fn at(self, address: usize) -> NonNull<u8> {
        debug_assert!((self.base().addr().get()..=self.top()).contains(&address));
        let at = self.base().as_ptr().with_addr(address);
        // SAFETY: the pointer must not be null; callers pass addresses inside the piece, which does not begin at zero.
        unsafe { NonNull::new_unchecked(at) }
    }

    /// Moves the beginning of the piece down after the memory lent `bytes` more below it.
    ///
    /// # Safety
    ///
    /// The `bytes` bytes below the piece have just become part of it, and nothing refers to them.
    pub(super) unsafe fn grew_down(self, bytes: usize) {
        self.forget_roots();
        // SAFETY: the moved pointer must stay inside memory that belongs to the piece; it has just been extended.
        let base = unsafe { self.base().sub(bytes) };
        self.header().base.set(base);
        self.header().floor.set(base.addr().get());
        // SAFETY: the range must be in a held piece and free of objects; it is the new part, which nothing refers to.
        unsafe { poison::poison(base.as_ptr(), bytes) };
        self.add_roots();
    }

    /// Marks all room as free.
    ///
    /// # Safety
    ///
    /// Nothing refers to an object in this chunk.
    pub(super) unsafe fn poison_room(self) {
        let base = self.base();
        // SAFETY: the range must be in a held piece and free of objects; the caller says that nothing refers to one.
        unsafe { poison::poison(base.as_ptr(), self.top() - base.addr().get()) };
    }

    /// Gives the piece back.
    ///
    /// # Safety
    ///
    /// - `memory` lent the piece to an arena.
    /// - Nothing refers to any of its bytes, and no other copy of this handle is used again.
    pub(super) unsafe fn give_back(self, memory: &dyn ArenaMemory) {
        let (base, bytes) = (self.base(), self.bytes());
        self.forget_roots();
        // SAFETY: the range must be in a held piece; it is, until the next line.
        unsafe { poison::forget(base.as_ptr(), bytes) };
        // SAFETY: exactly this range must be lent by this memory and unreferenced; the caller says so, and the header
        // kept track of the range.
        unsafe { memory.give_back(base, bytes, Holder::Arena) };
    }

    fn add_roots(self) {
        // SAFETY: the piece must stay held until the roots are forgotten; every function that changes the range or gives it
        // away forgets them first.
        unsafe { poison::add_roots(self.base().as_ptr(), self.bytes()) };
    }

    fn forget_roots(self) {
        // SAFETY: exactly this range must be registered; `add_roots` registered the range that the header states.
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

/// Takes `chunk`, which is not the first, out of its list.
pub(super) fn unlink(chunk: Chunk) {
    let (prev, next) = (chunk.header().prev.get(), chunk.header().next.get());
    if let Some(prev) = prev {
        prev.header().next.set(next);
    }
    if let Some(next) = next {
        next.header().prev.set(prev);
    }
}
