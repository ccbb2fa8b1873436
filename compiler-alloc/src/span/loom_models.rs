//! Models of what threads do to each other: every interleaving of a few calls, by `make loom`.
//!
//! The page source of a model has four units of four pages. Each half page has a cell beside it; whoever holds it touches
//! the cell for writing, and so does the source when it decommits or releases the page. If two of them can ever be at a
//! half page without one having happened before the other, the model checker says so.

use super::{Holder, Part, SpanBackend, SpanCache};
use crate::page_source::{Geometry, PageSource, SourceError};
use core::ptr::NonNull;
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;
use std::alloc::Layout;
// Not the checker's: the source is called under the backend's lock only.
use std::sync::atomic::{AtomicBool, Ordering};

const PAGE_BYTES: usize = 64;
const UNIT_BYTES: usize = 4 * PAGE_BYTES;
const CELL_BYTES: usize = PAGE_BYTES / 2;
const UNITS: usize = 4;
const BUFFER_BYTES: usize = UNITS * UNIT_BYTES;

/// Four units, lent at once, and their cells.
struct ModelPages {
    base: NonNull<u8>,
    lent: AtomicBool,
    cells: [UnsafeCell<usize>; BUFFER_BYTES / CELL_BYTES],
}

// SAFETY: needs that calls from several threads do not race; the buffer's address never changes, and every access to a
// cell is watched by the model checker, which is the point.
unsafe impl Sync for ModelPages {}
// SAFETY: needs that another thread may drop it; it owns plain memory.
unsafe impl Send for ModelPages {}

fn buffer_layout() -> Layout {
    Layout::from_size_align(BUFFER_BYTES, BUFFER_BYTES).unwrap()
}

impl ModelPages {
    fn new() -> Self {
        // SAFETY: needs a size that is not 0; the layout has four units.
        let base = NonNull::new(unsafe { std::alloc::alloc_zeroed(buffer_layout()) }).unwrap();
        ModelPages { base, lent: AtomicBool::new(false), cells: core::array::from_fn(|_| UnsafeCell::new(0)) }
    }

    /// Claims the half pages that lie wholly in a range, as their holder or as the source.
    fn touch(&self, low: usize, bytes: usize) {
        let offset = low - self.base.as_ptr().addr();
        for index in offset.div_ceil(CELL_BYTES)..(offset + bytes) / CELL_BYTES {
            // SAFETY: needs a live cell; the checker reports any access that is not ordered with this one.
            self.cells[index].with_mut(|cell| unsafe { *cell += 1 });
        }
    }
}

impl Drop for ModelPages {
    fn drop(&mut self) {
        // SAFETY: needs the layout of the allocation, which `new` used; nobody uses the buffer any more.
        unsafe { std::alloc::dealloc(self.base.as_ptr(), buffer_layout()) }
    }
}

// SAFETY: needs ranges that are free and usable: the units are one buffer, lent at once, and records are allocations of
// their own.
unsafe impl PageSource for ModelPages {
    fn geometry(&self) -> Geometry {
        Geometry {
            page_bytes: PAGE_BYTES,
            unit_bytes: UNIT_BYTES,
            region_bytes: BUFFER_BYTES,
            reserve_bytes_max: BUFFER_BYTES,
            record_bytes_min: 16 << 10,
            window_base: self.base.as_ptr().addr(),
            window_bytes: BUFFER_BYTES,
        }
    }

    fn reserve(&self, bytes: usize, align: usize) -> Result<NonNull<u8>, SourceError> {
        if align >= UNIT_BYTES {
            let granted = bytes == BUFFER_BYTES && !self.lent.swap(true, Ordering::Relaxed);
            return if granted { Ok(self.base) } else { Err(SourceError::Full) };
        }
        let layout = Layout::from_size_align(bytes, 64).unwrap();
        // SAFETY: needs a size that is not 0; records ask for at least one.
        NonNull::new(unsafe { std::alloc::alloc_zeroed(layout) }).ok_or(SourceError::Full)
    }

    unsafe fn commit(&self, base: NonNull<u8>, bytes: usize) -> Result<(), SourceError> {
        if (self.base.as_ptr().addr()..self.base.as_ptr().addr() + BUFFER_BYTES)
            .contains(&base.as_ptr().addr())
        {
            self.touch(base.as_ptr().addr(), bytes);
        }
        Ok(())
    }

    unsafe fn decommit(&self, base: NonNull<u8>, bytes: usize) {
        self.touch(base.as_ptr().addr(), bytes);
    }

    unsafe fn release(&self, base: NonNull<u8>, bytes: usize) {
        if base == self.base {
            self.touch(base.as_ptr().addr(), bytes);
            self.lent.store(false, Ordering::Relaxed);
        } else {
            let layout = Layout::from_size_align(bytes, 64).unwrap();
            // SAFETY: needs the layout of the allocation, which `reserve` used; the caller says that nobody uses it.
            unsafe { std::alloc::dealloc(base.as_ptr(), layout) }
        }
    }
}

type Backend = SpanBackend<ModelPages>;

fn touch(backend: &Backend, part: Part) {
    backend.source().touch(part.low.as_ptr().addr(), part.bytes);
}

fn release(cache: &mut SpanCache<'_, ModelPages>, part: Part) {
    // SAFETY: the model releases each part once.
    unsafe { cache.release(part, Holder::Arena) }
}

/// Nothing is left, every structure holds, and all memory goes back.
fn assert_all_came_back(backend: &Backend) {
    backend.check().unwrap();
    assert_eq!(backend.stats().live_bytes(), 0);
    let report = backend.shutdown();
    assert_eq!((report.live_units, report.threads, report.record_bytes), (0, 0, 0));
    assert!(!backend.source().lent.load(Ordering::Relaxed));
}

/// Follows every schedule with at most `preemptions` switches that nothing forces.
fn model(preemptions: usize, body: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.max_branches = 100_000;
    builder.check(body);
}

/// Two threads acquire and release spans of the pool itself: no unit is lent twice, and each sees what the other left.
#[test]
fn loom_pool_hands_units_from_thread_to_thread() {
    model(6, || {
        let backend = Arc::new(Backend::new(ModelPages::new()));
        let work = |backend: &Backend, units: usize| {
            if let Ok(span) = backend.acquire(units * UNIT_BYTES) {
                backend.source().touch(span.base.as_ptr().addr(), span.bytes);
                // SAFETY: acquired just now.
                unsafe { backend.release(span) };
            }
        };
        let other = {
            let backend = backend.clone();
            thread::spawn(move || work(&backend, 3))
        };
        work(&backend, 2);
        other.join().unwrap();
        assert_all_came_back(&backend);
    });
}

/// A thread keeps runs of its own and gives them back in a batch while another asks the pool.
#[test]
fn loom_kept_runs_reach_the_other_thread_through_the_pool() {
    model(5, || {
        let backend = Arc::new(Backend::new(ModelPages::new()));
        let work = |backend: &Backend| {
            let mut cache = SpanCache::new(backend);
            for units in [3, 1] {
                if let Ok(span) = cache.acquire(units * UNIT_BYTES) {
                    backend.source().touch(span.base.as_ptr().addr(), span.bytes);
                    // SAFETY: acquired just now.
                    unsafe { cache.release_span(span) };
                }
            }
        };
        let other = {
            let backend = backend.clone();
            thread::spawn(move || work(&backend))
        };
        work(&backend);
        other.join().unwrap();
        assert_all_came_back(&backend);
    });
}

/// One thread leaves a part while the other cuts the next one from the same page: the shared page dies once, the unit is
/// reclaimed once.
#[test]
fn loom_part_is_left_while_its_neighbour_is_cut() {
    model(5, || {
        let backend = Arc::new(Backend::new(ModelPages::new()));
        let mut cache = SpanCache::new(&*backend);
        let part = cache.take(96, 96, Holder::Arena).unwrap();
        touch(&backend, part);
        let other = {
            let backend = backend.clone();
            thread::spawn(move || {
                let mut cache = SpanCache::new(&*backend);
                release(&mut cache, part);
            })
        };
        let next = cache.take(48, 48, Holder::Arena).unwrap();
        touch(&backend, next);
        release(&mut cache, next);
        drop(cache);
        other.join().unwrap();
        assert_all_came_back(&backend);
    });
}

/// Two parts of one unit are left by two threads while a third purges dead pages: a page is purged only while dead, and
/// the unit is reused only after the purge is done with it.
#[test]
fn loom_purge_meets_the_last_one_out() {
    model(3, || {
        let backend = Arc::new(Backend::new(ModelPages::new()));
        let mut cache = SpanCache::new(&*backend);
        let high = cache.take(2 * PAGE_BYTES, 2 * PAGE_BYTES, Holder::Arena).unwrap();
        let low = cache.take(2 * PAGE_BYTES, 2 * PAGE_BYTES, Holder::Arena).unwrap();
        touch(&backend, high);
        touch(&backend, low);
        cache.flush();
        let leaver = {
            let backend = backend.clone();
            thread::spawn(move || {
                let mut cache = SpanCache::new(&*backend);
                release(&mut cache, high);
                // If the unit was reclaimed here, it is used again at once.
                let span = cache.acquire(UNIT_BYTES).unwrap();
                backend.source().touch(span.base.as_ptr().addr(), span.bytes);
                // SAFETY: acquired just now.
                unsafe { cache.release_span(span) };
            })
        };
        let purger = {
            let backend = backend.clone();
            thread::spawn(move || backend.trim(0))
        };
        release(&mut cache, low);
        drop(cache);
        leaver.join().unwrap();
        purger.join().unwrap();
        assert_all_came_back(&backend);
    });
}

/// Two parts that share a page are left by two threads while a third purges: the page dies after both, is purged after
/// that if at all, and if not, is still known to be dead.
#[test]
fn loom_shared_page_dies_once_and_is_not_forgotten() {
    model(3, || {
        let backend = Arc::new(Backend::new(ModelPages::new()));
        let mut cache = SpanCache::new(&*backend);
        let high = cache.take(96, 96, Holder::Arena).unwrap();
        let low = cache.take(32, 32, Holder::Arena).unwrap();
        let rest = cache.take(128, 128, Holder::Arena).unwrap();
        cache.flush();
        cache.transfer(0, Holder::Arena, Holder::Arena);
        let leaver = {
            let backend = backend.clone();
            thread::spawn(move || {
                let mut cache = SpanCache::new(&*backend);
                // Has accounts before it uses its part: their lock would order what the counts must order.
                cache.transfer(0, Holder::Arena, Holder::Arena);
                touch(&backend, high);
                release(&mut cache, high);
            })
        };
        let purger = {
            let backend = backend.clone();
            thread::spawn(move || backend.trim(0))
        };
        touch(&backend, low);
        release(&mut cache, low);
        leaver.join().unwrap();
        purger.join().unwrap();
        backend.check().unwrap();
        touch(&backend, rest);
        release(&mut cache, rest);
        drop(cache);
        assert_all_came_back(&backend);
    });
}
