//! Rings of slabs, linked through their records.

use super::Slab;
use core::ptr::NonNull;

/// Slabs in a row; each is on at most one list. Cost of every operation: a few loads and stores.
#[derive(Default)]
pub(crate) struct SlabList {
    first: Option<NonNull<Slab>>,
    last: Option<NonNull<Slab>>,
    length: usize,
}

fn pointer(slab: Option<NonNull<Slab>>) -> *mut Slab {
    slab.map_or(core::ptr::null_mut(), NonNull::as_ptr)
}

impl SlabList {
    /// No slabs.
    pub(crate) const fn new() -> Self {
        SlabList { first: None, last: None, length: 0 }
    }

    /// The first slab.
    #[inline]
    pub(crate) fn first(&self) -> Option<NonNull<Slab>> {
        self.first
    }

    /// How many slabs there are.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// The slab after `slab`, which is on this list.
    ///
    /// # Safety
    /// - `slab` is on this list, and the caller may touch the list.
    #[inline]
    pub(crate) unsafe fn after(&self, slab: NonNull<Slab>) -> Option<NonNull<Slab>> {
        // SAFETY: needs a live record; listed records are live.
        NonNull::new(unsafe { slab.as_ref() }.next.get())
    }

    /// Puts `slab` at the beginning.
    ///
    /// # Safety
    /// - `slab` is a live record, on no list, and stays live until it is removed.
    /// - The caller owns it, or holds the lock under which the list is used.
    pub(crate) unsafe fn push_first(&mut self, slab: NonNull<Slab>) {
        // SAFETY: needs a live record; the caller promises one.
        let record = unsafe { slab.as_ref() };
        record.previous.set(core::ptr::null_mut());
        record.next.set(pointer(self.first));
        match self.first {
            // SAFETY: needs a live record; listed records are live.
            Some(first) => unsafe { first.as_ref() }.previous.set(slab.as_ptr()),
            None => self.last = Some(slab),
        }
        self.first = Some(slab);
        self.length += 1;
    }

    /// Puts `slab` at the end.
    ///
    /// # Safety
    /// - As [`push_first`](Self::push_first).
    pub(crate) unsafe fn push_last(&mut self, slab: NonNull<Slab>) {
        // SAFETY: needs a live record; the caller promises one.
        let record = unsafe { slab.as_ref() };
        record.next.set(core::ptr::null_mut());
        record.previous.set(pointer(self.last));
        match self.last {
            // SAFETY: needs a live record; listed records are live.
            Some(last) => unsafe { last.as_ref() }.next.set(slab.as_ptr()),
            None => self.first = Some(slab),
        }
        self.last = Some(slab);
        self.length += 1;
    }

    /// Takes `slab` off the list.
    ///
    /// # Safety
    /// - `slab` is on this list, and the caller may touch the list.
    pub(crate) unsafe fn remove(&mut self, slab: NonNull<Slab>) {
        // SAFETY: needs a live record; listed records are live.
        let record = unsafe { slab.as_ref() };
        let (previous, next) = (NonNull::new(record.previous.get()), NonNull::new(record.next.get()));
        match previous {
            // SAFETY: needs a live record; listed records are live.
            Some(previous) => unsafe { previous.as_ref() }.next.set(pointer(next)),
            None => self.first = next,
        }
        match next {
            // SAFETY: needs a live record; listed records are live.
            Some(next) => unsafe { next.as_ref() }.previous.set(pointer(previous)),
            None => self.last = previous,
        }
        self.length -= 1;
    }

    /// Takes the first slab.
    pub(crate) fn pop_first(&mut self) -> Option<NonNull<Slab>> {
        let first = self.first?;
        // SAFETY: needs a slab of this list; it is its first one, and the unique borrow says that we may touch it.
        unsafe { self.remove(first) };
        Some(first)
    }
}
