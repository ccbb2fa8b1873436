//! What follows when the current chunk has no room: a chunk kept from before the last reset, extension in place, a new chunk.

use super::chunk::{self, Chunk, EXTENDED_BYTES_MAX, Notes};
use super::{Bump, arithmetic, list};
use crate::error::AllocErr;
use compiler_alloc::arena::PIECE_ALIGN;
use compiler_alloc::span::Holder;
use core::alloc::Layout;
use core::cell::Cell;
use core::ptr::{self, NonNull};

impl<const MIN_ALIGN: usize> Bump<MIN_ALIGN> {
    /// The current chunk has no room.
    #[cold]
    #[inline(never)]
    pub(super) fn miss(&self, layout: Layout) -> Result<NonNull<u8>, AllocErr> {
        let (size, align) = (layout.size(), layout.align());
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
        self.open.bump(layout).ok_or(AllocErr)
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
        let Some(current) = self.open.chunk.get() else { return false };
        let mut at = current.header().next.get();
        while let Some(kept) = at {
            if chunk::room(kept) >= need {
                list::unlink(kept);
                self.leave_for(kept);
                return true;
            }
            at = kept.header().next.get();
        }
        false
    }

    /// Tries to extend the current chunk downward in place until it has `need` bytes of room.
    fn extend(&self, need: usize, align: usize) -> bool {
        let Some(current) = self.open.chunk.get() else { return false };
        if self.open.lim() != current.base().addr().get() || current.bytes() >= EXTENDED_BYTES_MAX {
            return false;
        }
        // The object may lie up to its alignment lower than its size asks.
        let missing = need
            .checked_add(align.max(MIN_ALIGN))
            .and_then(|bytes| arithmetic::round_up(bytes - self.chunk_capacity().min(bytes), PIECE_ALIGN));
        let allowance = arithmetic::round_down(self.allowance(), PIECE_ALIGN);
        let Some(bytes_min) = missing.filter(|bytes| *bytes <= allowance) else { return false };
        let bytes_want = self.step_bytes().max(bytes_min).min(allowance);
        // SAFETY: this memory must have lent the piece to this arena; the list of chunks holds it.
        let bytes = unsafe { current.extend_down(self.memory, bytes_min, bytes_want) };
        if bytes == 0 {
            return false;
        }
        let floor = current.base().addr().get();
        current.header().notes.floor.set(floor);
        // SAFETY: the window must be aligned and free; its upper end stays, and it is longer by what the piece was extended by.
        unsafe { self.open.set(self.open.cur(), floor) };
        self.allocated.set(self.allocated.get() + bytes);
        true
    }

    /// Enters a new chunk with `need` bytes of room, and more if it is cheap and the limit allows it.
    fn enter_new(&self, need: usize) -> bool {
        let allowance = self.allowance();
        if need > allowance {
            return false;
        }
        let (Some(bytes_min), bytes_max) = (Chunk::piece_bytes(need), Chunk::piece_bytes(allowance)) else {
            return false;
        };
        let bytes_want = self.step_bytes().max(bytes_min).min(bytes_max.unwrap_or(usize::MAX));
        let Ok(piece) = list::lend(self.memory, bytes_min, bytes_want) else { return false };
        let notes = Notes { floor: Cell::new(0), used_from: Cell::new(0) };
        // SAFETY: the piece must be held and unreferenced, with room for a header; it has just been lent, and `piece_bytes`
        // counted the header.
        let new = unsafe { Chunk::new_in(piece, notes) };
        new.header().notes.floor.set(new.top() - new.room().min(allowance));
        self.allocated.set(self.allocated.get() + chunk::room(new));
        self.leave_for(new);
        true
    }

    /// Leaves the current chunk, if there is one, and makes `chunk`, which is in no list, the one after it.
    fn leave_for(&self, chunk: Chunk) {
        match self.open.chunk.get() {
            Some(current) => {
                current.header().notes.used_from.set(self.open.cur().addr().get());
                list::insert_after(current, chunk);
            }
            None => self.first.set(Some(chunk)),
        }
        self.make_current(chunk);
    }

    /// Gives the kept chunks back. Answers whether there were any.
    fn release_kept(&self) -> bool {
        let kept = self.open.chunk.get().and_then(|current| current.header().next.take());
        let mut at = kept;
        while let Some(chunk) = at {
            self.allocated.set(self.allocated.get() - chunk::room(chunk));
            at = chunk.header().next.get();
        }
        // SAFETY: this memory must have lent the pieces to this arena, and nothing may refer to them; kept chunks hold no
        // object, and their handles have left the list.
        unsafe { list::give_back_from(kept, self.memory, Holder::Arena) };
        kept.is_some()
    }

    /// How many bytes the limit still allows to be added.
    fn allowance(&self) -> usize {
        self.limit.get().map_or(usize::MAX, |limit| limit.saturating_sub(self.allocated.get()))
    }

    /// Bytes that the next chunk, or the next extension of one, asks for.
    fn step_bytes(&self) -> usize {
        list::next_bytes(self.allocated.get())
    }
}
