//! The end of an arena that becomes a sealed result: what holds the objects stays, the rest goes to the thread's
//! next arena.

use super::{RawArena, RawChunk, Window};
use crate::arena::bump;
use crate::arena::chunk;
use crate::arena::drops::DropList;
use crate::arena::memory::{ArenaMemory, PIECE_ALIGN};
use crate::span::Holder;
use core::mem::ManuallyDrop;

/// What holds the objects of a sealed arena.
pub(in crate::arena) struct Holdings {
    pub(in crate::arena) memory: &'static dyn ArenaMemory,
    pub(in crate::arena) first: Option<RawChunk>,
    pub(in crate::arena) last: Option<RawChunk>,
    pub(in crate::arena) large: Option<RawChunk>,
    pub(in crate::arena) drops: DropList,
    pub(in crate::arena) used: usize,
    pub(in crate::arena) reserved: usize,
}

impl<const MIN_ALIGN: usize> RawArena<MIN_ALIGN> {
    /// Ends the arena's use as an arena: gives unused chunks and the tails of used ones back and answers what holds
    /// the objects.
    pub(in crate::arena) fn seal(self) -> Holdings {
        let arena = ManuallyDrop::new(self);
        if let Some(current) = arena.open.chunk.get() {
            let kept = current.header().next.take();
            // SAFETY: this memory must have lent the pieces to this arena, and nothing may refer to them; chunks after the
            // current one are empty, and their handles have left the list.
            let bytes = unsafe { chunk::give_back_from(kept, arena.memory, Holder::Arena) };
            arena.reserved.set(arena.reserved.get() - bytes);
            arena.donate(arena.spare.get());
            // Last, so that the thread's next arena continues directly below this one.
            arena.donate(arena.window());
        }
        Holdings {
            memory: arena.memory,
            first: arena.first.get(),
            last: arena.open.chunk.get(),
            large: arena.large.get(),
            drops: arena.drops.take(),
            used: arena.used_bytes(),
            reserved: arena.reserved.get(),
        }
    }

    /// Gives a free window that reaches down to its chunk's beginning to the thread's next arena.
    fn donate(&self, window: Window) {
        let bytes = bump::round_down(window.bytes(), PIECE_ALIGN);
        let mut at = self.open.chunk.get();
        while let Some(chunk) = at {
            if chunk.base().addr().get() == window.bottom && bytes > 0 {
                // SAFETY: this memory must have lent the piece, and nothing may refer to the bytes, which end below
                // the header; they are a free window of this chunk, and the arena hands out no more.
                let given = unsafe { chunk.donate_low(self.memory, bytes) };
                self.reserved.set(self.reserved.get() - given);
                return;
            }
            at = chunk.header().prev.get();
        }
    }
}
