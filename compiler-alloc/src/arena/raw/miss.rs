//! What follows when the current window has no room: spare, own piece if the object is large, the next chunk kept
//! warm, extension in place, a new chunk.

use super::{RawArena, Window};
use crate::arena::bump;
use crate::arena::chunk::{self, Chunk, HEADER_BYTES, LARGE_BYTES};
use crate::arena::memory::PIECE_ALIGN;
use crate::arena::poison;
use crate::fault::{FactName, Fault, FaultCode};
use core::ptr::NonNull;

impl<const MIN_ALIGN: usize> RawArena<MIN_ALIGN> {
    /// The current window has no room, or a limit ends it.
    #[cold]
    #[inline(never)]
    pub(super) fn alloc_miss(&self, size: usize, align: usize) -> Result<NonNull<u8>, Fault> {
        let Some(worst) = bump::worst_case(size, align, MIN_ALIGN) else {
            return Err(self.exhausted(size, "arena request"));
        };
        self.make_allowance(size, align)?;
        if let Some(at) = self.bump(size, align) {
            return Ok(at);
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
        match self.bump(size, align) {
            Some(at) => Ok(at),
            // The window has room, so it is the limit that ends before the padding does.
            None => Err(self.exhausted(size, "arena limit")),
        }
    }

    /// Opens a window with room for the object: the next warm chunk, the current one extended, or a new one.
    fn enter_chunk_for(&self, size: usize, align: usize, worst: usize) -> Result<(), Fault> {
        if let Some(next) = self.chunk.get().and_then(|chunk| chunk.header().next.get()) {
            let top = bump::round_down(next.top().addr().get(), MIN_ALIGN);
            if bump::place_within(top, next.base().addr().get(), size, align, MIN_ALIGN).is_some() {
                self.count(true);
                self.enter_chunk(next);
                return Ok(());
            }
        }
        let step = chunk::next_bytes(self.chunked.get());
        if self.extend(worst, step) {
            return Ok(());
        }
        let bytes_min = piece_bytes(worst)?;
        let bytes_want = step.max(bytes_min);
        // A piece much smaller than the step would pay for a header and soon be full again.
        let piece = match self.memory.take(bytes_min.max(step / 4), bytes_want) {
            Ok(piece) => piece,
            Err(_) if bytes_min < step / 4 => self.memory.take(bytes_min, bytes_min)?,
            Err(fault) => return Err(fault),
        };
        // SAFETY: the piece must be held and unreferenced, with room for a header; it has just been lent, and
        // `piece_bytes` counted the header.
        let chunk = unsafe { Chunk::new_in(piece) };
        self.hold(piece.bytes);
        self.count(piece.warm);
        match self.chunk.get() {
            Some(at) => chunk::insert_after(at, chunk),
            None => self.first.set(Some(chunk)),
        }
        self.enter_chunk(chunk);
        Ok(())
    }

    /// Tries to extend the current chunk downward in place, so that the window has `worst` bytes of room.
    fn extend(&self, worst: usize, step: usize) -> bool {
        let Some(chunk) = self.chunk.get() else { return false };
        let base = chunk.base();
        if self.bottom.get() != base.addr().get() {
            return false;
        }
        let window = self.window();
        let Some(bytes_min) = bump::round_up(worst - window.bytes().min(worst), PIECE_ALIGN) else {
            return false;
        };
        // Half a step: another extension costs neither a header nor the rest of a window, and what is not taken is the next arena's.
        let bytes_want = (step / 2).max(bytes_min);
        // SAFETY: `base` must begin a piece that this memory lent and that we hold; the chunk list holds it.
        let bytes = unsafe { self.memory.extend_down(base, chunk.bytes(), bytes_min, bytes_want) };
        if bytes == 0 {
            return false;
        }
        // SAFETY: the bytes below must have just become part of the piece; `extend_down` answered so.
        unsafe { chunk.grew_down(bytes) };
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
        let chunk = unsafe { Chunk::new_in(piece) };
        let top = chunk.top().addr().get();
        let new = bump::place(top, size, align, MIN_ALIGN);
        debug_assert!(new >= chunk.base().addr().get());
        chunk.header().prev.set(self.large.replace(Some(chunk)));
        self.reserved.set(self.reserved.get() + piece.bytes);
        self.used_before.set(self.used_before.get() + (top - new));
        self.count(piece.warm);
        self.apply_limit();
        let Some(at) = NonNull::new(chunk.base().as_ptr().with_addr(new)) else {
            return Err(self.exhausted(size, "arena request"));
        };
        // SAFETY: the range must lie in a held piece; `worst` bytes of room lie below the header.
        unsafe { poison::unpoison(at.as_ptr(), size) };
        Ok(at)
    }

    /// Makes a chunk current, its whole room free.
    fn enter_chunk(&self, chunk: Chunk) {
        self.chunk.set(Some(chunk));
        self.enter(Self::whole_window(chunk));
    }

    pub(super) fn whole_window(chunk: Chunk) -> Window {
        let top = chunk.top();
        let cur = bump::round_down(top.addr().get(), MIN_ALIGN).max(chunk.base().addr().get());
        Window {
            // Derived from the base, whose pointer may reach the whole piece; the header's own may be narrower.
            cur: NonNull::new(chunk.base().as_ptr().with_addr(cur)).unwrap_or(top),
            bottom: chunk.base().addr().get(),
        }
    }
}

/// The size of a piece with room for `room` bytes and a header.
fn piece_bytes(room: usize) -> Result<usize, Fault> {
    room.checked_add(HEADER_BYTES + PIECE_ALIGN)
        .and_then(|bytes| bump::round_up(bytes, PIECE_ALIGN))
        .filter(|bytes| *bytes <= isize::MAX as usize)
        .ok_or_else(|| Fault::new(FaultCode::Exhaustion, "arena request").with(FactName::Asked, room as u64))
}
