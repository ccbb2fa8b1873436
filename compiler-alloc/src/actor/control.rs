//! The control block at the beginning of an actor's span, and who keeps the span alive.
//!
//! ```text
//!  span | control | accounts | slots | padding | blocks of the quotas | region |
//! ```
//!
//! *References.* The word counts the actor as [`ACTOR`], each sender as one, and each remote box as one, but the boxes only when the
//! actor ends: while it lives it counts itself how many it let go, and boxes that are dropped instead of being sent subtract
//! theirs at once. So
//!
//! ```text
//!  while the actor lives   references = ACTOR + senders - boxes dropped
//!  afterwards              references = senders + boxes let go - boxes that came home - boxes dropped
//! ```
//!
//! Whoever takes the word to zero gives the span back, on whatever thread that is.

use super::blocks::Blocks;
use super::queue::Queue;
use crate::span::Span;
use crate::sync::{AtomicUsize, Ordering};
use core::cell::UnsafeCell;
use core::ptr::NonNull;

/// The actor's own references: more than there can be blocks.
const ACTOR: usize = 1 << (usize::BITS - 2);

/// The blocks of a heap. The owner's alone.
#[repr(C)]
pub(super) struct Owned {
    pub(super) blocks: Blocks,
    /// Boxes that were let go and have not come home.
    pub(super) remote: usize,
}

/// How a span goes back, and to whom.
#[derive(Clone, Copy)]
pub(super) struct Home {
    pub(super) span: Span,
    pub(super) is_locked: bool,
    pub(super) units: usize,
    pub(super) backend: *const (),
    /// # Safety
    /// - To be called once, with this value, when nobody uses the span any more.
    pub(super) give_back: unsafe fn(Home),
}

/// The control block. The blocks come first, so that their address is the control block's.
#[repr(C)]
pub(super) struct Control {
    owned: UnsafeCell<Owned>,
    pub(super) queue: Queue,
    references: AtomicUsize,
    pub(super) home: Home,
}

impl Control {
    /// The control block of an actor that lives, has no senders and let no box go.
    pub(super) fn new(queue: Queue, home: Home, blocks: Blocks) -> Self {
        Control {
            queue,
            references: AtomicUsize::new(ACTOR),
            home,
            owned: UnsafeCell::new(Owned { blocks, remote: 0 }),
        }
    }

    /// The owner's part.
    ///
    /// # Safety
    /// - The caller is the actor's own thread, and nothing else borrows the part while the reference lives.
    #[inline(always)]
    #[allow(
        clippy::mut_from_ref,
        reason = "the owner's part is not shared, whoever shares the control block"
    )]
    pub(super) unsafe fn owned(&self) -> &mut Owned {
        // SAFETY: needs that nobody else reaches the part; the caller promises it.
        unsafe { &mut *self.owned.get() }
    }

    /// Counts a sender. While the caller holds a reference.
    pub(super) fn enter(&self) {
        self.references.fetch_add(1, Ordering::Relaxed);
    }

    /// Gives one reference up, and the span back if it was the last.
    ///
    /// # Safety
    /// - `control` is a live control block of which the caller holds one reference, and does not use it afterwards.
    pub(super) unsafe fn leave(control: NonNull<Control>) {
        // SAFETY: needs a live control block and one reference, not used afterwards; the caller promises both.
        unsafe { Self::give_up(control, 1) };
    }

    /// Exchanges the actor's references for those of the boxes that are still out. Answers whether the span went back.
    ///
    /// # Safety
    /// - `control` is a live control block, the caller is its actor, and uses it no more.
    pub(super) unsafe fn retire(control: NonNull<Control>, remote: usize) -> bool {
        // SAFETY: needs a live control block and so many references, not used afterwards; the caller is the actor, whose references
        // these are, but for those that it leaves to its boxes.
        unsafe { Self::give_up(control, ACTOR - remote) }
    }

    /// Gives references up, and the span back if they were the last. Answers whether it went back.
    ///
    /// # Safety
    /// - `control` is a live control block of which the caller holds `count` references, and does not use it afterwards.
    unsafe fn give_up(control: NonNull<Control>, count: usize) -> bool {
        // SAFETY: needs a live control block; the caller's references keep it until the subtraction below.
        let references = unsafe { &control.as_ref().references };
        let is_last = references.fetch_sub(count, Ordering::AcqRel) == count;
        if is_last {
            // SAFETY: needs a control block that nobody else uses; the last references were the caller's.
            unsafe { Self::end(control) };
        }
        is_last
    }

    /// # Safety
    /// - Nobody uses the control block any more, nor the rest of its span.
    unsafe fn end(control: NonNull<Control>) {
        // SAFETY: needs a live control block; it is alive until its span goes back below.
        let home = unsafe { control.as_ref() }.home;
        // SAFETY: needs a span that nobody uses, once; the caller promises the first, and references reach zero once.
        unsafe { (home.give_back)(home) };
    }
}
