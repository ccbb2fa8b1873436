//! The thread-local slot that finds a thread's span cache.

use crate::page_source::OsPages;
use crate::span::{SpanBackend, SpanCache};
use std::cell::RefCell;

type Slot = RefCell<Option<SpanCache<'static, OsPages>>>;

std::thread_local! {
    /// Filled on first use; its destructor flushes the cache when the thread ends.
    static SLOT: Slot = const { RefCell::new(None) };
}

/// Runs `work` with the thread's cache over `backend`, or with a passing one if the slot is gone or in use.
pub(super) fn with<R>(
    backend: &'static SpanBackend<OsPages>,
    work: impl FnOnce(&mut SpanCache<'static, OsPages>) -> R,
) -> R {
    let mut work = Some(work);
    let answer = SLOT.try_with(|slot| {
        let mut slot = slot.try_borrow_mut().ok()?;
        let cache = slot.get_or_insert_with(|| new_cache(backend));
        work.take().map(|work| cache.lend(work))
    });
    match (answer, work) {
        (Ok(Some(answer)), _) => answer,
        (_, Some(work)) => work(&mut new_cache(backend)),
        (_, None) => unreachable!("work was taken only to make the answer"),
    }
}

#[cold]
fn new_cache(backend: &'static SpanBackend<OsPages>) -> SpanCache<'static, OsPages> {
    #[cfg(unix)]
    super::fork::register_handlers();
    SpanCache::new(backend)
}
