//! How a call finds the calling thread's heap.
//!
//! Fast paths are generic over this, because where the heap is decides how many instructions they have: a profile finds
//! everything in statics and in the thread-local block, and passes nothing to a miss that the miss can find itself.

use super::{Heap, OwnerWord, SlabMap, ThreadHeap, ThreadToken};
use crate::free_list::Block;
use crate::page_source::PageSource;
use crate::transfer::{Direct, Transfer};
use core::ptr::NonNull;

/// The calling thread's heap. A value without size, or [`Here`].
///
/// # Safety
/// An implementation promises that, for as long as a thread uses values of the type:
/// - [`heap`](Self::heap), [`map`](Self::map), [`token`](Self::token) and [`thread`](Self::thread) always answer the same,
///   and `map` is the heap's;
/// - the thread heap is used by this thread only, and nobody has a reference to it while a call runs.
pub unsafe trait Local<'b>: Copy {
    /// Where pages come from.
    type Pages: PageSource + 'b;

    /// How chains of remotely freed blocks travel.
    type Transfer: Transfer + 'b;

    /// The shared heap.
    fn heap(self) -> &'b Heap<'b, Self::Pages, Self::Transfer>;

    /// The shared heap's map.
    #[inline(always)]
    fn map(self) -> &'b SlabMap {
        self.heap().map()
    }

    /// What tells the thread from others.
    fn token(self) -> ThreadToken;

    /// The thread's heap.
    fn thread(self) -> NonNull<ThreadHeap<'b, Self::Pages, Self::Transfer>>;

    /// Whether the thread is the owner that the word names.
    #[inline(always)]
    fn owns(self, owner: &OwnerWord) -> bool {
        owner.number() == self.token().get()
    }

    /// The first block of a list of the thread, counted from class 1.
    ///
    /// # Safety
    /// - `list` + 1 is below [`CLASSES`](crate::size_class::CLASSES).
    #[inline(always)]
    unsafe fn list(self, list: usize) -> *mut Block {
        // SAFETY: needs the only reference to the thread heap; an implementation promises that nobody has one meanwhile.
        let thread = unsafe { &*self.thread().as_ptr() };
        // SAFETY: needs a list; the caller promises it.
        unsafe { *thread.lists.get_unchecked(list + 1) }
    }

    /// Makes `first` the first block of a list of the thread, counted from class 1.
    ///
    /// # Safety
    /// - `list` + 1 is below [`CLASSES`](crate::size_class::CLASSES); `first` is null or a free block of that class that belongs
    ///   to the thread, linked up to a null link.
    #[inline(always)]
    unsafe fn set_list(self, list: usize, first: *mut Block) {
        // SAFETY: needs the only reference to the thread heap; an implementation promises that nobody has one meanwhile.
        let thread = unsafe { &mut *self.thread().as_ptr() };
        // SAFETY: needs a list; the caller promises it.
        unsafe { *thread.lists.get_unchecked_mut(list + 1) = first };
    }
}

/// A thread heap that the caller has at hand.
pub struct Here<'b, P: PageSource, T: Transfer = Direct> {
    heap: &'b Heap<'b, P, T>,
    token: ThreadToken,
    thread: NonNull<ThreadHeap<'b, P, T>>,
}

impl<P: PageSource, T: Transfer> Clone for Here<'_, P, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P: PageSource, T: Transfer> Copy for Here<'_, P, T> {}

impl<'b, P: PageSource, T: Transfer> Here<'b, P, T> {
    /// The thread heap at `thread`.
    ///
    /// # Safety
    /// - `thread` lives as long as the value is used, by one thread, and nobody has a reference to it during a call.
    /// - Until [`exit`](ThreadHeap::exit), the thread heap is used with this `heap` and `token` only.
    #[inline(always)]
    pub unsafe fn new(
        heap: &'b Heap<'b, P, T>,
        token: ThreadToken,
        thread: NonNull<ThreadHeap<'b, P, T>>,
    ) -> Self {
        Here { heap, token, thread }
    }

    /// A thread heap that nobody else refers to, for the length of one call.
    ///
    /// # Safety
    /// - Until [`exit`](ThreadHeap::exit), the thread heap is used with this `heap` and `token` only.
    /// - The value is not used after the borrow.
    #[inline(always)]
    pub(super) unsafe fn of(
        thread: &mut ThreadHeap<'b, P, T>,
        heap: &'b Heap<'b, P, T>,
        token: ThreadToken,
    ) -> Self {
        // SAFETY: needs a live thread heap without other references and the same heap and token; the unique borrow and
        // the caller say so.
        unsafe { Here::new(heap, token, NonNull::from(thread)) }
    }
}

// SAFETY: needs constant answers and a thread heap of this thread only; the fields never change, and whoever made the
// value promised the rest.
unsafe impl<'b, P: PageSource, T: Transfer> Local<'b> for Here<'b, P, T> {
    type Pages = P;
    type Transfer = T;

    #[inline(always)]
    fn heap(self) -> &'b Heap<'b, P, T> {
        self.heap
    }

    #[inline(always)]
    fn token(self) -> ThreadToken {
        self.token
    }

    #[inline(always)]
    fn thread(self) -> NonNull<ThreadHeap<'b, P, T>> {
        self.thread
    }
}
