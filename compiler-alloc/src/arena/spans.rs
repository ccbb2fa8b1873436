//! Arena memory over span caches: the link between this tower and the layer below it.

use super::memory::{ArenaMemory, Piece};
use crate::fault::Fault;
use crate::page_source::PageSource;
use crate::span::{Holder, Part, SpanBackend, SpanCache};
use crate::sync::{Rank, RankedLock, const_fn};
use core::ptr::NonNull;

/// When memory that arenas take gets its pages.
///
/// Touching a page for the first time costs a page fault of its own; populating a range ahead is one call of the system, about a third
/// less time a page. But what the arena does not use of it is resident all the same: the rest of a chunk, and of a large object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Prefault {
    /// Page by page, when it is first touched.
    #[default]
    OnTouch,
    /// Pieces of at least `bytes_min` bytes that nobody used before get all their pages when they are taken; smaller ones, and what has
    /// its pages already, as [`OnTouch`](Self::OnTouch).
    Ahead {
        /// Bytes of the smallest piece that gets its pages at once.
        bytes_min: usize,
    },
}

/// Gives pages to all of a range that was just taken, if `prefault` wants that: the whole pages of it, which nobody else has.
///
/// # Safety
///
/// - The range lies in a part that the cache's backend lent, and nobody uses it yet.
unsafe fn prefault<P: PageSource>(
    prefault: Prefault,
    cache: &SpanCache<'static, P>,
    low: NonNull<u8>,
    bytes: usize,
) {
    let Prefault::Ahead { bytes_min } = prefault else { return };
    if bytes < bytes_min || cache.took_warm() {
        return;
    }
    let backend = cache.backend();
    let page_bytes = backend.geometry().page_bytes;
    let before = low.addr().get().wrapping_neg() % page_bytes;
    let whole = bytes.saturating_sub(before) / page_bytes * page_bytes;
    if whole == 0 {
        return;
    }
    // SAFETY: the offset must stay inside the range; `whole` is not zero, so `before` is less than its length.
    let first = unsafe { low.add(before) };
    // SAFETY: needs whole committed pages of one live reservation, used by nobody else. They are whole by the lines above, and lie in a
    // part, which is committed and in one reservation; its inner pages are touched by no other part, and nobody uses it yet.
    let populated = unsafe { backend.source().populate(first, whole) };
    // A refusal changes nothing: the pages come when they are touched, or the system says then that it has none.
    let _ = populated;
}

/// A way to some span cache: the calling thread's, or one that is shared under a lock.
///
/// Every type that has it is an [`ArenaMemory`].
///
/// # Safety
///
/// All caches that `with_cache` ever lends are over one and the same backend.
pub unsafe trait CacheAccess: Sync {
    /// Where the backend gets its pages.
    type Pages: PageSource + 'static;

    /// Runs `work` with a cache that nobody else uses meanwhile.
    fn with_cache<R>(&self, work: impl FnOnce(&mut SpanCache<'static, Self::Pages>) -> R) -> R;

    /// See [`ArenaMemory::thread_token`].
    fn thread_token(&self) -> usize;

    /// When memory that is taken gets its pages: when it is touched, if nothing else is said.
    fn prefault(&self) -> Prefault {
        Prefault::OnTouch
    }
}

// SAFETY: pieces must be valid, unshared and aligned until they are given back; they are parts that one backend
// lent, as `CacheAccess` promises, and parts have just these properties.
unsafe impl<A: CacheAccess> ArenaMemory for A {
    fn take(&self, bytes_min: usize, bytes_want: usize) -> Result<Piece, Fault> {
        self.with_cache(|cache| {
            let part = cache.take(bytes_min, bytes_want, Holder::Arena)?;
            // SAFETY: the range must lie in a lent part that nobody uses yet; it is the part that was just taken.
            unsafe { prefault(self.prefault(), cache, part.low, part.bytes) };
            Ok(Piece { base: part.low, bytes: part.bytes, warm: cache.took_warm() })
        })
    }

    unsafe fn extend_down(
        &self,
        base: NonNull<u8>,
        piece_bytes: usize,
        bytes_min: usize,
        bytes_want: usize,
    ) -> usize {
        // SAFETY: `base` must begin a piece of this length that an arena holds; our caller says so.
        unsafe { self.extend_down_far(base, piece_bytes, bytes_min, bytes_want, bytes_want) }
    }

    unsafe fn extend_down_far(
        &self,
        base: NonNull<u8>,
        piece_bytes: usize,
        bytes_min: usize,
        bytes_want: usize,
        bytes_most: usize,
    ) -> usize {
        let part = Part { low: base, bytes: piece_bytes };
        self.with_cache(|cache| {
            // SAFETY: the part must be lent by this backend to an arena, as it is; those are the duties of our caller.
            let extended =
                unsafe { cache.extend_within(part, [bytes_min, bytes_want, bytes_most], Holder::Arena) };
            let Some(low) = extended else { return 0 };
            let bytes = base.addr().get() - low.addr().get();
            // SAFETY: the range must lie in a lent part that nobody uses yet; it has just become part of one.
            unsafe { prefault(self.prefault(), cache, low, bytes) };
            bytes
        })
    }

    unsafe fn give_back(&self, base: NonNull<u8>, bytes: usize, holder: Holder) {
        // SAFETY: the part must be lent by this backend to `holder`, as it is, and unused; those are the duties of
        // our caller.
        self.with_cache(|cache| unsafe { cache.release(Part { low: base, bytes }, holder) });
    }

    unsafe fn donate_low(&self, base: NonNull<u8>, piece_bytes: usize, bytes: usize) -> usize {
        let part = Part { low: base, bytes: piece_bytes };
        // SAFETY: the pointer must stay inside the piece; our caller says that `bytes` are fewer than the piece's.
        let keep_from = unsafe { base.add(bytes) };
        // SAFETY: the part must be lent by this backend to an arena, as it is, and its low end unused; those are
        // the duties of our caller.
        let kept = self.with_cache(|cache| unsafe { cache.donate(part, keep_from, Holder::Arena) });
        kept.low.addr().get() - base.addr().get()
    }

    fn note_sealed(&self, bytes: usize) {
        self.with_cache(|cache| cache.transfer(bytes, Holder::Arena, Holder::Sealed));
    }

    fn safepoint(&self) {
        self.with_cache(SpanCache::safepoint);
    }

    fn trim(&self, keep_bytes: usize) {
        self.with_cache(|cache| cache.trim(keep_bytes));
    }

    fn thread_token(&self) -> usize {
        CacheAccess::thread_token(self)
    }
}

/// One span cache shared by everybody under a lock: arena memory over a backend of one's own.
///
/// For tests and for arenas on other page sources; the process's own arenas use a cache per thread.
///
/// ```
/// use compiler_alloc::page_source::MmapPages;
/// use compiler_alloc::span::SpanBackend;
/// use compiler_alloc::arena::{Arena, Spans};
/// let backend: &'static _ = Box::leak(Box::new(SpanBackend::new(MmapPages::new())));
/// let spans: &'static _ = Box::leak(Box::new(Spans::new(backend)));
/// let arena = Arena::new_in(spans);
/// assert_eq!(*arena.alloc(7), 7);
/// drop(arena);
/// spans.flush();
/// assert!(backend.shutdown().leak().is_none());
/// ```
pub struct Spans<P: PageSource + 'static> {
    cache: RankedLock<SpanCache<'static, P>>,
    prefault: Prefault,
}

impl<P: PageSource> Spans<P> {
    const_fn! {
        /// An empty cache over `backend`.
        pub const fn new(backend: &'static SpanBackend<P>) -> Self {
            Self { cache: RankedLock::new(Rank::Cache, SpanCache::new(backend)), prefault: Prefault::OnTouch }
        }
    }

    /// The same, with memory that gets its pages when `prefault` says.
    pub fn with_prefault(self, prefault: Prefault) -> Self {
        Self { prefault, ..self }
    }

    /// Gives everything that the cache keeps back to the backend.
    pub fn flush(&self) {
        self.cache.lock().flush();
    }
}

// SAFETY: all lent caches must be over one backend; there is one cache.
unsafe impl<P: PageSource> CacheAccess for Spans<P> {
    type Pages = P;

    fn with_cache<R>(&self, work: impl FnOnce(&mut SpanCache<'static, P>) -> R) -> R {
        self.cache.lock().lend(work)
    }

    fn thread_token(&self) -> usize {
        0
    }

    fn prefault(&self) -> Prefault {
        self.prefault
    }
}
