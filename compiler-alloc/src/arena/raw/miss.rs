//! What follows when the current window has no room: spare, own piece if the object is large, the next chunk kept
//! warm, extension in place, a new chunk. Kept chunks that are too small are exchanged.

use super::{RawArena, RawChunk, Window};
use crate::arena::bump;
use crate::arena::chunk::{self, LARGE_BYTES};
use crate::arena::memory::PIECE_ALIGN;
use crate::arena::poison;
use crate::fault::{FactName, Fault, FaultCode};
use crate::span::Holder;
use core::alloc::Layout;
use core::ptr::NonNull;

impl<const MIN_ALIGN: usize> RawArena<MIN_ALIGN> {
    /// The current window has no room, or a limit ends it.
    #[cold]
    #[inline(never)]
    pub(super) fn alloc_miss(&self, layout: Layout) -> Result<NonNull<u8>, Fault> {
        let (size, align) = (layout.size(), layout.align());
        let Some(worst) = bump::worst_case(size, align, MIN_ALIGN) else {
            return Err(self.exhausted(size, "arena request"));
        };
        if self.bound.get() != usize::MAX {
            self.make_allowance(size, align)?;
            if let Some(at) = self.open.bump(layout) {
                return Ok(at);
            }
        }
        if worst > LARGE_BYTES {
            return self.alloc_large(size, align, worst);
        }
        let spare = self.spare.get();
        if bump::place_within(spare.cur.addr().get(), spare.bottom, size, align, MIN_ALIGN).is_some() {
            self.enter(spare);
        } else {
            self.enter_chunk_for(size, align, worst)?;
        }
        match self.open.bump(layout) {
            Some(at) => Ok(at),
            // The window has room, so it is the limit that ends before the padding does.
            None => Err(self.exhausted(size, "arena limit")),
        }
    }

    /// Opens a window with room for the object: the next chunk kept warm, the current one extended, or a new one.
    fn enter_chunk_for(&self, size: usize, align: usize, worst: usize) -> Result<(), Fault> {
        let bytes_min = piece_bytes(worst)?;
        let step = chunk::next_bytes(self.chunked.get());
        let bytes_want = step.max(bytes_min);
        if self.enter_kept(size, align, bytes_want) || self.extend(worst, step) {
            return Ok(());
        }
        let piece = chunk::lend(self.memory, bytes_min, bytes_want)?;
        // SAFETY: the piece must be held and unreferenced, with room for a header; it has just been lent, and
        // `piece_bytes` counted the header.
        let chunk = unsafe { RawChunk::new_in(piece, ()) };
        self.hold(piece.bytes);
        self.count(piece.warm);
        match self.open.chunk.get() {
            Some(at) => chunk::insert_after(at, chunk),
            None => self.first.set(Some(chunk)),
        }
        self.enter_chunk(chunk);
        Ok(())
    }

    /// Enters the next chunk that is kept, if it has room for the object. If not, kept chunks go back until they have paid for the
    /// `bytes_want` that the object's new chunk takes, or one has room. So an arena holds more than before only when it keeps nothing any
    /// more, and warm ones come to have fewer and larger chunks. Each chunk goes back once: that costs about what taking it did.
    fn enter_kept(&self, size: usize, align: usize, bytes_want: usize) -> bool {
        let Some(current) = self.open.chunk.get() else { return false };
        let mut paid = 0;
        while paid < bytes_want
            && let Some(next) = current.header().next.get()
        {
            let top = bump::round_down(next.top(), MIN_ALIGN);
            if bump::place_within(top, next.base().addr().get(), size, align, MIN_ALIGN).is_some() {
                self.count(true);
                self.enter_chunk(next);
                return true;
            }
            chunk::unlink(next);
            // SAFETY: this memory must have lent the piece to this arena, and nothing may refer to it; chunks after the current one are
            // empty, and the handle has just left the list.
            let bytes = unsafe { next.give_back(self.memory, Holder::Arena) };
            self.reserved.set(self.reserved.get() - bytes);
            self.chunked.set(self.chunked.get() - bytes);
            paid += bytes;
        }
        false
    }

    /// Tries to extend the current chunk downward in place, so that the window has `worst` bytes of room.
    fn extend(&self, worst: usize, step: usize) -> bool {
        let Some(chunk) = self.open.chunk.get() else { return false };
        if self.bottom.get() != chunk.base().addr().get() {
            return false;
        }
        let window = self.window();
        let Some(bytes_min) = bump::round_up(worst - window.bytes().min(worst), PIECE_ALIGN) else {
            return false;
        };
        let bytes_want = step.max(bytes_min);
        let bytes = [bytes_min, bytes_want, bytes_want.max(chunk::LONE_STEP_BYTES)];
        // SAFETY: this memory must have lent the piece to this arena; the chunk list holds it.
        let bytes = unsafe { chunk.extend_down_far(self.memory, bytes) };
        if bytes == 0 {
            return false;
        }
        self.hold(bytes);
        self.bottom.set(chunk.base().addr().get());
        self.apply_limit();
        true
    }

    /// Gives an object a piece of its own, which does not disturb the growth of the others.
    fn alloc_large(&self, size: usize, align: usize, worst: usize) -> Result<NonNull<u8>, Fault> {
        let bytes = piece_bytes(worst)?;
        let piece = self.memory.take(bytes, bytes)?;
        // SAFETY: the piece must be held and unreferenced, with room for a header; it has just been lent, and
        // `piece_bytes` counted the header.
        let chunk = unsafe { RawChunk::new_in(piece, ()) };
        let top = chunk.top();
        let new = bump::place(top, size, align, MIN_ALIGN);
        debug_assert!(new >= chunk.base().addr().get());
        chunk.header().prev.set(self.large.replace(Some(chunk)));
        self.reserved.set(self.reserved.get() + piece.bytes);
        self.used_before.set(self.used_before.get() + (top - new));
        self.count(piece.warm);
        self.apply_limit();
        // SAFETY: the address must lie in the piece; `worst` bytes of room lie below the header.
        let at = unsafe { chunk.at(new) };
        // SAFETY: the range must lie in a held piece; it is the piece's own.
        unsafe { poison::unpoison(at.as_ptr(), size) };
        Ok(at)
    }

    /// Makes a chunk current, its whole room free.
    fn enter_chunk(&self, chunk: RawChunk) {
        self.open.chunk.set(Some(chunk));
        self.enter(Self::whole_window(chunk));
    }

    pub(super) fn whole_window(chunk: RawChunk) -> Window {
        let bottom = chunk.base().addr().get();
        let cur = bump::round_down(chunk.top(), MIN_ALIGN).max(bottom);
        // SAFETY: the address must lie in the piece; it is at most the top and at least the base.
        let cur = unsafe { chunk.at(cur) };
        Window { cur, bottom }
    }
}

/// The size of a piece with room for `room` bytes and a header.
fn piece_bytes(room: usize) -> Result<usize, Fault> {
    RawChunk::piece_bytes(room)
        .ok_or_else(|| Fault::new(FaultCode::Exhaustion, "arena request").with(FactName::Asked, room as u64))
}
