//! What follows when the current chunk has no room: a chunk kept from before the last reset, extension in place, a new chunk.

use super::chunk::{self, Chunk, HEADER_BYTES};
use super::{Bump, arithmetic};
use crate::error::AllocErr;
use compiler_alloc::arena::{CHUNK_STEP_BYTES, PIECE_ALIGN};
use core::ptr::{self, NonNull};

impl<const MIN_ALIGN: usize> Bump<MIN_ALIGN> {
    /// The current chunk has no room.
    #[cold]
    #[inline(never)]
    pub(super) fn miss(&self, size: usize, align: usize) -> Result<NonNull<u8>, AllocErr> {
        if size == 0 {
            // An object without bytes lies anywhere that is aligned.
            return NonNull::new(ptr::without_provenance_mut(align)).ok_or(AllocErr);
        }
        // Chunks begin at multiples of PIECE_ALIGN, so up to that alignment the room needed is known exactly.
        let need = if align <= PIECE_ALIGN {
            arithmetic::round_up(size, align.max(MIN_ALIGN))
        } else {
            arithmetic::worst_case(size, align, MIN_ALIGN)
        };
        self.enter_chunk_with(need.ok_or(AllocErr)?, align)?;
        self.bump(size, align).ok_or(AllocErr)
    }

    /// Makes sure that the current chunk has `bytes` bytes of room.
    pub(super) fn ensure_room(&self, bytes: usize) -> Result<(), AllocErr> {
        if bytes <= self.chunk_capacity() {
            return Ok(());
        }
        let need = arithmetic::round_up(bytes, PIECE_ALIGN).ok_or(AllocErr)?;
        self.enter_chunk_with(need, PIECE_ALIGN)
    }

    /// Makes a chunk current that has `need` bytes of room.
    fn enter_chunk_with(&self, need: usize, align: usize) -> Result<(), AllocErr> {
        if self.enter_kept(need) || self.extend(need, align) || self.enter_new(need) {
            return Ok(());
        }
        // What idles in this arena may be what its limit, or the system, lacks.
        if self.release_kept() && self.enter_new(need) {
            return Ok(());
        }
        Err(AllocErr)
    }

    /// Enters the first of the kept chunks that has `need` bytes of room.
    fn enter_kept(&self, need: usize) -> bool {
        let Some(current) = self.chunk.get() else { return false };
        let mut at = current.header().next.get();
        while let Some(chunk) = at {
            if chunk.room() >= need {
                chunk::unlink(chunk);
                self.leave_for(chunk);
                return true;
            }
            at = chunk.header().next.get();
        }
        false
    }

    /// Tries to extend the current chunk downward in place until it has `need` bytes of room.
    fn extend(&self, need: usize, align: usize) -> bool {
        let Some(chunk) = self.chunk.get() else { return false };
        let base = chunk.base();
        if self.lim.get() != base.addr().get() {
            return false;
        }
        // The object may lie up to its alignment lower than its size asks.
        let missing = need
            .checked_add(align.max(MIN_ALIGN))
            .and_then(|bytes| arithmetic::round_up(bytes - self.chunk_capacity().min(bytes), PIECE_ALIGN));
        let allowance = arithmetic::round_down(self.allowance(), PIECE_ALIGN);
        let Some(bytes_min) = missing.filter(|bytes| *bytes <= allowance) else { return false };
        let bytes_want = self.step_bytes().max(bytes_min).min(allowance);
        // SAFETY: `base` must begin a piece of this length that this memory lent and that we hold; the header kept track.
        let bytes = unsafe { self.memory.extend_down(base, chunk.bytes(), bytes_min, bytes_want) };
        if bytes == 0 {
            return false;
        }
        // SAFETY: the bytes below must have just become part of the piece; `extend_down` answered so.
        unsafe { chunk.grew_down(bytes) };
        self.lim.set(chunk.header().floor.get());
        self.allocated.set(self.allocated.get() + bytes);
        self.next_step();
        true
    }

    /// Enters a new chunk with `need` bytes of room, and more if it is cheap and the limit allows it.
    fn enter_new(&self, need: usize) -> bool {
        let allowance = self.allowance();
        if need > allowance {
            return false;
        }
        let room = need.max(self.step_bytes() - HEADER_BYTES).min(allowance);
        let (Some(bytes_min), Some(bytes_want)) = (piece_bytes(need), piece_bytes(room)) else {
            return false;
        };
        // A piece much smaller than the step would soon be full again.
        let worthwhile = bytes_min.max(bytes_want / 4);
        let taken = self.memory.take(worthwhile, bytes_want);
        let taken = taken.or_else(|fault| {
            if bytes_min < worthwhile { self.memory.take(bytes_min, bytes_min) } else { Err(fault) }
        });
        let Ok(piece) = taken else { return false };
        // SAFETY: the piece must be held and unreferenced, with room for a header; it has just been lent, and `piece_bytes`
        // counted the header.
        let chunk = unsafe { Chunk::new_in(piece, allowance) };
        self.allocated.set(self.allocated.get() + chunk.room());
        self.next_step();
        self.leave_for(chunk);
        true
    }

    /// Leaves the current chunk, if there is one, and makes `chunk`, which is in no list, the one after it.
    fn leave_for(&self, chunk: Chunk) {
        match self.chunk.get() {
            Some(current) => {
                current.header().used_from.set(self.cur.get().addr().get());
                chunk::insert_after(current, chunk);
            }
            None => self.first.set(Some(chunk)),
        }
        self.make_current(chunk);
    }

    /// Gives the kept chunks back. Answers whether there were any.
    fn release_kept(&self) -> bool {
        let Some(current) = self.chunk.get() else { return false };
        let mut at = current.header().next.take();
        let any = at.is_some();
        while let Some(chunk) = at {
            at = chunk.header().next.get();
            self.allocated.set(self.allocated.get() - chunk.room());
            // SAFETY: this memory must have lent the piece, and nothing may refer to it; kept chunks hold no object, and the
            // handle has left the list.
            unsafe { chunk.give_back(self.memory) };
        }
        any
    }

    /// How many bytes the limit still allows to be added.
    fn allowance(&self) -> usize {
        self.limit.get().map_or(usize::MAX, |limit| limit.saturating_sub(self.allocated.get()))
    }

    /// Bytes that the next chunk asks for, header included.
    fn step_bytes(&self) -> usize {
        CHUNK_STEP_BYTES[self.step.get()]
    }

    fn next_step(&self) {
        self.step.set((self.step.get() + 1).min(CHUNK_STEP_BYTES.len() - 1));
    }
}

/// The size of a piece with room for `room` bytes and a header.
fn piece_bytes(room: usize) -> Option<usize> {
    room.checked_add(HEADER_BYTES)
        .and_then(|bytes| arithmetic::round_up(bytes, PIECE_ALIGN))
        .filter(|bytes| *bytes <= isize::MAX as usize)
}
