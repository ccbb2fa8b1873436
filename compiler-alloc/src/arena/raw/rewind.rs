//! Returning to a moment: checkpoints for scopes, and reset, which returns to the arena's birth. Neither walks chunks.

use super::{RawArena, RawChunk, Window};
use crate::arena::chunk;
use crate::arena::drops::DropHead;
use crate::arena::poison;
use crate::span::Holder;
use core::ptr::NonNull;

/// What to do with an arena's memory when it is emptied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ResetMode {
    /// Keep every chunk, warm, for the next use, which exchanges those that are too small for what comes. Constant
    /// time, except for destructors and objects that had a piece of their own. A pool of several arenas keeps all memory warm, but not all of it with its arenas; see
    /// [`ArenaPool::reset`](crate::ArenaPool::reset).
    #[default]
    Keep,
    /// Keep the oldest chunks as long as their sum stays within this many bytes; give the others back.
    KeepUpTo(usize),
    /// Give everything back.
    Release,
}

/// Everything that must be restored to return to a moment.
#[derive(Clone, Copy)]
pub(in crate::arena) struct Checkpoint {
    window: Window,
    /// Whether the window reached down to its chunk's beginning; then it still does after the chunk was extended.
    reaches_base: bool,
    spare: Window,
    text_cur: NonNull<u8>,
    text_lim: usize,
    chunk: Option<RawChunk>,
    large: Option<RawChunk>,
    drops: Option<NonNull<DropHead>>,
    used: usize,
}

impl Checkpoint {
    /// Bytes that were in use at that moment.
    pub(in crate::arena) fn used_bytes(&self) -> usize {
        self.used
    }
}

impl<const MIN_ALIGN: usize> RawArena<MIN_ALIGN> {
    /// A moment to return to.
    pub(in crate::arena) fn checkpoint(&self) -> Checkpoint {
        let window = self.window();
        Checkpoint {
            window,
            reaches_base: self
                .open
                .chunk
                .get()
                .is_some_and(|chunk| chunk.base().addr().get() == window.bottom),
            spare: self.spare.get(),
            text_cur: self.text_cur.get(),
            text_lim: self.text_lim.get(),
            chunk: self.open.chunk.get(),
            large: self.large.get(),
            drops: self.drops.newest(),
            used: self.used_bytes(),
        }
    }

    /// Returns to a moment: runs the destructors registered since, gives large pieces taken since back, keeps
    /// chunks warm.
    ///
    /// # Safety
    ///
    /// - The checkpoint is of this arena, and the arena has not returned to an older moment since.
    /// - Nothing refers to what was allocated since.
    pub(in crate::arena) unsafe fn rewind(&self, to: &Checkpoint) {
        /// Restores the windows, also when a destructor panics.
        struct Restore<'a, const M: usize>(&'a RawArena<M>, &'a Checkpoint);
        impl<const M: usize> Drop for Restore<'_, M> {
            fn drop(&mut self) {
                // SAFETY: nothing may refer to what was allocated since the checkpoint; the caller of `rewind` says
                // so, and the destructors have run.
                unsafe { self.0.restore(self.1) };
            }
        }
        let _restore = Restore(self, to);
        // SAFETY: the mark must be of this list and not overtaken, and the values unused afterwards; both are the
        // caller's duties.
        unsafe { self.drops.run_until(to.drops) };
    }

    /// The part of [`rewind`](Self::rewind) that follows the destructors.
    ///
    /// # Safety
    ///
    /// As `rewind`; and no destructor registered since the checkpoint is left.
    unsafe fn restore(&self, to: &Checkpoint) {
        self.used_peak.set(self.used_peak_bytes());
        // SAFETY: nothing may refer to large objects allocated since the checkpoint; the caller says so.
        unsafe { self.release_large(to.large) };
        if poison::ACTIVE {
            self.poison_after(to);
        }
        self.used_before.set(to.used);
        self.text_cur.set(to.text_cur);
        self.text_lim.set(to.text_lim);
        match to.chunk {
            Some(chunk) => {
                self.open.chunk.set(Some(chunk));
                self.spare.set(to.spare);
                let bottom = if to.reaches_base { chunk.base().addr().get() } else { to.window.bottom };
                self.set_window(Window { cur: to.window.cur, bottom });
            }
            None => self.enter_first(),
        }
    }

    /// The state of an arena whose objects are all gone: the first chunk is current and free.
    fn enter_first(&self) {
        let empty = Window::empty::<MIN_ALIGN>();
        self.spare.set(empty);
        self.open.chunk.set(self.first.get());
        self.set_window(self.first.get().map_or(empty, Self::whole_window));
    }

    /// Marks what a return to `to` frees. Walks the chunks; only under the sanitizer.
    fn poison_after(&self, to: &Checkpoint) {
        let mut at = match to.chunk {
            Some(chunk) => chunk.header().next.get(),
            None => self.first.get(),
        };
        while let Some(chunk) = at {
            // SAFETY: the range must lie in a held piece without live objects; chunks after the checkpoint's hold
            // none once it returns.
            unsafe { poison::poison(chunk.base().as_ptr(), chunk.room()) };
            at = chunk.header().next.get();
        }
        if to.chunk.is_some() {
            // SAFETY: as above; this part of the lane was free at the checkpoint.
            unsafe { poison::poison(to.text_cur.as_ptr(), to.text_lim - to.text_cur.addr().get()) };
        }
        for window in [to.window, to.spare] {
            if to.chunk.is_some() && window.bytes() > 0 {
                // SAFETY: as above; both windows were free at the checkpoint.
                unsafe { poison::poison(window.cur.as_ptr().with_addr(window.bottom), window.bytes()) };
            }
        }
        if let (Some(chunk), true) = (to.chunk, to.reaches_base) {
            let extended = to.window.bottom - chunk.base().addr().get();
            // SAFETY: as above; the chunk was extended after the checkpoint.
            unsafe { poison::poison(chunk.base().as_ptr(), extended) };
        }
    }

    /// Gives large pieces back, newest first, until `until` is the newest.
    ///
    /// # Safety
    ///
    /// - `until` is in the list, or `None`.
    /// - Nothing refers to the objects in those pieces.
    pub(super) unsafe fn release_large(&self, until: Option<RawChunk>) {
        while self.large.get() != until {
            let Some(chunk) = self.large.get() else { break };
            self.large.set(chunk.header().prev.get());
            // SAFETY: this memory must have lent the piece, and nothing may refer to it; `alloc_large` took it
            // here, and the caller says the rest. The handle has just left the only list that knew it.
            let bytes = unsafe { chunk.give_back(self.memory, Holder::Arena) };
            self.reserved.set(self.reserved.get() - bytes);
        }
    }

    /// Forgets everything that was allocated, runs registered destructors, and keeps all chunks.
    ///
    /// Constant time, apart from destructors and large objects.
    pub fn reset(&mut self) {
        self.reset_with(ResetMode::Keep);
    }

    /// Forgets everything that was allocated, runs registered destructors, and treats the memory as `mode` says. A
    /// drain point, unless all memory is kept: what the thread has got back is handed on.
    pub fn reset_with(&mut self, mode: ResetMode) {
        let start = Checkpoint {
            window: Window::empty::<MIN_ALIGN>(),
            reaches_base: false,
            spare: Window::empty::<MIN_ALIGN>(),
            text_cur: Window::empty::<MIN_ALIGN>().cur,
            text_lim: Window::empty::<MIN_ALIGN>().bottom,
            chunk: None,
            large: None,
            drops: None,
            used: 0,
        };
        // SAFETY: the moment must not be overtaken and nothing may refer to the objects; every arena was once
        // empty, and `&mut self` ends all borrows of what it handed out.
        unsafe { self.rewind(&start) };
        match mode {
            ResetMode::Keep => return,
            // SAFETY: nothing may refer to the arena's objects; `&mut self` ends all borrows of them.
            ResetMode::KeepUpTo(bytes) => unsafe { self.release_chunks_above(bytes) },
            // SAFETY: as above.
            ResetMode::Release => unsafe { self.release_chunks_above(0) },
        }
        self.memory.safepoint();
    }

    /// Gives back the chunks of an empty arena, but the oldest ones that together hold at most `keep` bytes.
    ///
    /// # Safety
    ///
    /// Nothing refers to objects of the arena.
    pub(super) unsafe fn release_chunks_above(&self, keep: usize) {
        // SAFETY: nothing may refer to objects in any chunk; the caller says so.
        unsafe { self.release_chunks_after(None, keep) };
        self.enter_first();
    }

    /// Gives back the chunks that are empty and kept for what comes after the current one, but the next ones that together hold
    /// at most `keep` bytes. Costs a step per chunk.
    pub(in crate::arena) fn release_kept_chunks_above(&self, keep: usize) {
        if let Some(current) = self.open.chunk.get() {
            // SAFETY: nothing may refer to objects in later chunks; there are none behind the current one.
            unsafe { self.release_chunks_after(Some(current), keep) };
        }
    }

    /// Gives back the chunks after `last`, all if it is `None`, but the first of them that together hold at most `keep` bytes.
    ///
    /// # Safety
    ///
    /// - `last` is a chunk of this arena's list.
    /// - Nothing refers to objects in the chunks after it; if one of them is the current one, another window is opened next.
    unsafe fn release_chunks_after(&self, mut last: Option<RawChunk>, keep: usize) {
        let mut kept = 0usize;
        let mut at = last.map_or(self.first.get(), |last| last.header().next.get());
        while let Some(chunk) = at {
            let sum = kept.saturating_add(chunk.bytes());
            if sum > keep {
                break;
            }
            kept = sum;
            last = Some(chunk);
            at = chunk.header().next.get();
        }
        match last {
            Some(last) => last.header().next.set(None),
            None => self.first.set(None),
        }
        // SAFETY: this memory must have lent the pieces to this arena, and nothing may refer to them; the caller says that of the
        // objects, and their handles have left the list.
        let bytes = unsafe { chunk::give_back_from(at, self.memory, Holder::Arena) };
        self.reserved.set(self.reserved.get() - bytes);
        self.chunked.set(self.chunked.get() - bytes);
    }
}
