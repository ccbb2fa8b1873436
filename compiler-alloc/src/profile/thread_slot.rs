//! The thread-local slots that find a thread's span cache.

use crate::page_source::{OsPages, PageSource};
use crate::span::{SpanBackend, SpanCache};
use std::cell::RefCell;
use std::thread::LocalKey;

/// A thread's span cache, over the backend of one profile.
type Slot<P> = RefCell<Option<SpanCache<'static, P>>>;

std::thread_local! {
    /// Filled on first use; its destructor flushes the cache when the thread ends.
    static COMPILER_INTERNAL: Slot<OsPages> = const { RefCell::new(None) };
}

/// Runs `work` with the thread's cache over the backend of `compiler-internal`, or with a passing one if the slot is gone or in
/// use.
pub(super) fn with<R>(
    backend: &'static SpanBackend<OsPages>,
    work: impl FnOnce(&mut SpanCache<'static, OsPages>) -> R,
) -> R {
    let new_cache = || {
        #[cfg(unix)]
        super::hosted_small::FORK.register();
        SpanCache::new(backend)
    };
    with_slot(&COMPILER_INTERNAL, new_cache, work)
}

/// The same for the backend of `hosted-server`.
#[cfg(target_os = "linux")]
pub(super) fn with_server<R>(
    backend: &'static SpanBackend<crate::page_source::PlacedPages>,
    work: impl FnOnce(&mut SpanCache<'static, crate::page_source::PlacedPages>) -> R,
) -> R {
    std::thread_local! {
        static HOSTED_SERVER: Slot<crate::page_source::PlacedPages> = const { RefCell::new(None) };
    }
    let new_cache = || {
        super::hosted_server::FORK.register();
        SpanCache::new(backend)
    };
    with_slot(&HOSTED_SERVER, new_cache, work)
}

#[inline(always)]
fn with_slot<P: PageSource, R>(
    slot: &'static LocalKey<Slot<P>>,
    new_cache: impl Fn() -> SpanCache<'static, P>,
    work: impl FnOnce(&mut SpanCache<'static, P>) -> R,
) -> R {
    let mut work = Some(work);
    let answer = slot.try_with(|slot| {
        let mut slot = slot.try_borrow_mut().ok()?;
        let cache = match &mut *slot {
            Some(cache) => cache,
            empty => fill(empty, &new_cache),
        };
        work.take().map(|work| cache.lend(work))
    });
    match (answer, work) {
        (Ok(Some(answer)), _) => answer,
        (_, Some(work)) => pass(new_cache, work),
        (_, None) => unreachable!("work was taken only to make the answer"),
    }
}

/// The thread's first use.
#[cold]
#[inline(never)]
fn fill<'s, P: PageSource + 'static>(
    slot: &'s mut Option<SpanCache<'static, P>>,
    new_cache: impl Fn() -> SpanCache<'static, P>,
) -> &'s mut SpanCache<'static, P> {
    slot.insert(new_cache())
}

/// Runs `work` with a passing cache.
#[cold]
#[inline(never)]
fn pass<P: PageSource + 'static, R>(
    new_cache: impl Fn() -> SpanCache<'static, P>,
    work: impl FnOnce(&mut SpanCache<'static, P>) -> R,
) -> R {
    work(&mut new_cache())
}
