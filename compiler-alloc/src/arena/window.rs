//! The hot part of an arena: the window that it allocates from, and the fast path.

use super::chunk::Chunk;
use super::{bump, poison};
use core::alloc::Layout;
use core::cell::Cell;
use core::ptr::NonNull;

/// The window that an arena allocates from: `[lim, cur)`, a free range of one chunk whose upper end is a multiple of `MIN_ALIGN`.
///
/// *Invariant:* `lim` is at least `MIN_ALIGN`, so no address in the window is null, and the bytes of the window lie in a piece
/// that the arena holds. Whoever calls [`set`](Self::set) vouches for it; [`bump`](Self::bump) keeps it.
#[repr(C)]
pub struct OpenWindow<X, const MIN_ALIGN: usize> {
    /// Where the next object ends.
    cur: Cell<NonNull<u8>>,
    /// The last chunk in use. Between `cur` and `lim`, because loading two adjacent words as a pair defeats store
    /// forwarding on some processors.
    pub chunk: Cell<Option<Chunk<X>>>,
    /// Objects must not begin below this address.
    lim: Cell<usize>,
}

impl<X, const MIN_ALIGN: usize> OpenWindow<X, MIN_ALIGN> {
    /// Where an empty window stands. Never dereferenced: an empty window hands out objects of size zero only.
    pub const NOWHERE: NonNull<u8> = match NonNull::new(core::ptr::without_provenance_mut(MIN_ALIGN)) {
        Some(nowhere) => nowhere,
        None => NonNull::dangling(),
    };

    /// An empty window, without a chunk.
    ///
    /// # Panics
    ///
    /// If `MIN_ALIGN` is no power of two: no address would be aligned to it, as [`bump`](Self::bump) relies on.
    pub const fn empty() -> Self {
        assert!(MIN_ALIGN.is_power_of_two());
        Self { cur: Cell::new(Self::NOWHERE), chunk: Cell::new(None), lim: Cell::new(MIN_ALIGN) }
    }

    /// Where the next object ends: the window's upper end.
    #[inline(always)]
    pub fn cur(&self) -> NonNull<u8> {
        self.cur.get()
    }

    /// The window's lower end.
    #[inline(always)]
    pub fn lim(&self) -> usize {
        self.lim.get()
    }

    /// From now on the window is `[lim, cur)`.
    ///
    /// # Safety
    ///
    /// - `cur` is a multiple of `MIN_ALIGN`, and `lim` is at least `MIN_ALIGN` and at most `cur`.
    /// - Until the window is set again, the bytes between them lie in one piece that the arena holds, `cur` may reach them, and
    ///   nothing refers to them but the objects that the window hands out.
    #[inline(always)]
    pub unsafe fn set(&self, cur: NonNull<u8>, lim: usize) {
        debug_assert!(cur.addr().get().is_multiple_of(MIN_ALIGN));
        debug_assert!((MIN_ALIGN..=cur.addr().get()).contains(&lim));
        self.cur.set(cur);
        self.lim.set(lim);
    }

    /// The fast path: moves `cur` down if the window has room for an object of this layout.
    #[inline(always)]
    pub fn bump(&self, layout: Layout) -> Option<NonNull<u8>> {
        let (size, align) = (layout.size(), layout.align());
        let cur = self.cur.get();
        let at = cur.addr().get();
        // SAFETY: the condition must hold; every window's upper end is aligned and `place` keeps the alignment
        // (invariant of the type). With it the compiler drops the masking for layouts it knows.
        unsafe { core::hint::assert_unchecked(at & (MIN_ALIGN - 1) == 0) };
        // The same as `place(at, size, ..)`. Subtracting on the pointer keeps the compiler from comparing `cur - lim` with `size`
        // instead, which costs two more instructions (`bench-corpus step --listing alloc-24`).
        let new = cur.as_ptr().wrapping_sub(size).map_addr(|new| bump::place(new, 0, align, MIN_ALIGN));
        if !bump::fits(new.addr(), self.lim.get()) {
            return None;
        }
        // SAFETY: the pointer must not be null; it is at or above `lim`, which is at least MIN_ALIGN.
        let new = unsafe { NonNull::new_unchecked(new) };
        self.cur.set(new);
        // SAFETY: the range must lie in a held piece; it lies in the window (or is empty).
        unsafe { poison::unpoison(new.as_ptr(), size) };
        Some(new)
    }

    /// Bytes of the window.
    #[inline]
    pub fn room(&self) -> usize {
        self.cur.get().addr().get() - self.lim.get()
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::OpenWindow;
    use core::alloc::Layout;

    #[test]
    #[should_panic(expected = "is_power_of_two")]
    fn a_window_of_an_alignment_that_is_none_is_refused() {
        let _ = OpenWindow::<(), 3>::empty();
    }

    #[test]
    fn an_empty_window_places_what_has_no_bytes_and_nothing_else() {
        let window = OpenWindow::<(), 8>::empty();
        let place = |bytes, align| window.bump(Layout::from_size_align(bytes, align).unwrap());
        assert!(place(0, 8).is_some_and(|at| at.addr().get() == 8));
        assert!(place(0, 16).is_none() && place(1, 1).is_none());
    }
}
