//! Arena memory over span caches: the link between this tower and the layer below it.

use super::memory::{ArenaMemory, Piece};
use crate::fault::Fault;
use crate::page_source::PageSource;
use crate::span::{Holder, Part, SpanBackend, SpanCache};
use crate::sync::{Rank, RankedLock, const_fn};
use core::ptr::NonNull;

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
}

// SAFETY: pieces must be valid, unshared and aligned until they are given back; they are parts that one backend
// lent, as `CacheAccess` promises, and parts have just these properties.
unsafe impl<A: CacheAccess> ArenaMemory for A {
    fn take(&self, bytes_min: usize, bytes_want: usize) -> Result<Piece, Fault> {
        self.with_cache(|cache| {
            let part = cache.take(bytes_min, bytes_want, Holder::Arena)?;
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
        let part = Part { low: base, bytes: piece_bytes };
        self.with_cache(|cache| {
            // Halves of what is wanted, not all the room there is: what is left stays open for the next chunk of the thread, which
            // saves 250 of 12,120 page faults of ten dropped passes (row `passes-drop` in perf/).
            let room = cache.room_below(base);
            let mut bytes = bytes_want;
            while bytes > room && bytes > bytes_min {
                bytes = (bytes / 2).max(bytes_min);
            }
            if bytes > room {
                return 0;
            }
            // SAFETY: the part must be lent by this backend to an arena, as it is; those are the duties of our caller.
            let low = unsafe { cache.extend_down(part, bytes, Holder::Arena) };
            low.map_or(0, |low| base.addr().get() - low.addr().get())
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
}

impl<P: PageSource> Spans<P> {
    const_fn! {
        /// An empty cache over `backend`.
        pub const fn new(backend: &'static SpanBackend<P>) -> Self {
            Self { cache: RankedLock::new(Rank::Cache, SpanCache::new(backend)) }
        }
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
}
