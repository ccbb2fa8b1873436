//! Destructors that an arena runs: a list of entries, newest first, each stored directly before its value.

use core::cell::Cell;
use core::ptr::NonNull;

/// What the list knows of an entry.
#[repr(C)]
pub(super) struct DropHead {
    older: Option<NonNull<DropHead>>,
    /// Runs the destructor of the value behind this head.
    ///
    /// Duties of the caller: the head is that of an initialised entry of the type this function was made for, which
    /// is dropped at most once.
    run: unsafe fn(NonNull<DropHead>),
}

/// An entry: its head, then the value.
#[repr(C)]
pub(super) struct DropEntry<T> {
    head: DropHead,
    value: T,
}

impl<T> DropEntry<T> {
    /// An entry that is in no list yet.
    pub(super) const fn new(value: T) -> Self {
        Self { head: DropHead { older: None, run: run::<T> }, value }
    }
}

/// Drops the value of an entry.
///
/// # Safety
///
/// - `head` is the head of an initialised `DropEntry<T>` that may be accessed exclusively.
/// - Its value has not been dropped and is not used afterwards.
unsafe fn run<T>(head: NonNull<DropHead>) {
    let entry = head.cast::<DropEntry<T>>();
    // SAFETY: the offset must stay inside the entry; `head` is its first field (repr(C)), so the entry begins
    // there; the caller says it is one.
    let value = unsafe { &raw mut (*entry.as_ptr()).value };
    // SAFETY: the value must be initialised, exclusively ours and never used again; those are the caller's duties.
    unsafe { core::ptr::drop_in_place(value) };
}

/// A list of entries, newest first.
pub(super) struct DropList(Cell<Option<NonNull<DropHead>>>);

impl DropList {
    /// The empty list.
    pub(super) const fn new() -> Self {
        Self(Cell::new(None))
    }

    /// The newest entry: a mark that [`run_until`](Self::run_until) stops at.
    pub(super) fn newest(&self) -> Option<NonNull<DropHead>> {
        self.0.get()
    }

    /// Puts an entry into the list and answers its value.
    ///
    /// # Safety
    ///
    /// - `entry` is initialised, in no list, and stays valid until the list has run it.
    /// - Its value may be dropped on whatever thread runs the list.
    pub(super) unsafe fn push<T>(&self, entry: NonNull<DropEntry<T>>) -> NonNull<T> {
        let head = entry.cast::<DropHead>();
        // SAFETY: the head must be initialised and ours to write; the caller says the entry is initialised and in
        // no list.
        unsafe { (*head.as_ptr()).older = self.0.get() };
        self.0.set(Some(head));
        // SAFETY: the offset must stay inside the entry; it is one by the caller's word.
        let value = unsafe { &raw mut (*entry.as_ptr()).value };
        // SAFETY: the pointer must not be null; it lies inside a live entry.
        unsafe { NonNull::new_unchecked(value) }
    }

    /// Takes the whole list away from here.
    pub(super) fn take(&self) -> Self {
        Self(Cell::new(self.0.take()))
    }

    /// Puts the entries of `older` behind those of this list.
    pub(super) fn append(&self, older: Self) {
        let Some(mut oldest) = self.0.get() else {
            self.0.set(older.0.take());
            return;
        };
        // SAFETY: the head must be initialised; `push` demanded it of every entry in a list.
        while let Some(next) = unsafe { (*oldest.as_ptr()).older } {
            oldest = next;
        }
        // SAFETY: the head must be initialised and ours to write; it is in this list.
        unsafe { (*oldest.as_ptr()).older = older.0.take() };
    }

    /// Runs every entry that is newer than `mark`, newest first. Each is unlinked before it runs; if one panics the
    /// others still run, then the panic goes on. (A second panic meanwhile aborts, as it does for the elements of a
    /// vector.)
    ///
    /// # Safety
    ///
    /// - `mark` is what [`newest`](Self::newest) answered for this list, and no entry up to it has run since;
    ///   `None` stands for all.
    /// - No reference to the values that are dropped is used afterwards.
    pub(super) unsafe fn run_until(&self, mark: Option<NonNull<DropHead>>) {
        /// Runs what is left when an entry panics.
        struct Rest<'a>(&'a DropList, Option<NonNull<DropHead>>);
        impl Drop for Rest<'_> {
            fn drop(&mut self) {
                // SAFETY: the duties are those of the outer call, whose caller has promised them for the same list
                // and mark.
                unsafe { self.0.run_until(self.1) };
            }
        }
        let rest = Rest(self, mark);
        while self.0.get() != mark {
            let Some(head) = self.0.get() else { break };
            // SAFETY: the head must be initialised; `push` demanded it, and entries leave the list before they run.
            self.0.set(unsafe { (*head.as_ptr()).older });
            // SAFETY: the head must be readable as above.
            let run = unsafe { (*head.as_ptr()).run };
            // SAFETY: `run` must be made for the entry's type, and the value dropped only once; `DropEntry::new`
            // paired them, and the entry has just left the list.
            unsafe { run(head) };
        }
        core::mem::forget(rest);
    }
}
