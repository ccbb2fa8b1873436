//! Models of what threads do to each other: every interleaving of a few calls, by `make loom`.
//!
//! The page source of a model has four units of four pages, watched: whoever holds memory touches it.

use super::{Holder, Part, SpanBackend, SpanCache};
use crate::page_source::ModelPages;
use crate::sync::model;
use loom::sync::Arc;
use loom::thread;

const PAGE_BYTES: usize = 64;
const UNIT_BYTES: usize = 4 * PAGE_BYTES;

fn pages() -> ModelPages {
    ModelPages::watched(PAGE_BYTES, 4, 4)
}

type Backend = SpanBackend<ModelPages>;

fn touch(backend: &Backend, part: Part) {
    backend.source().touch(part.low.as_ptr().addr(), part.bytes);
}

fn release(cache: &mut SpanCache<'_, ModelPages>, part: Part) {
    // SAFETY: the model releases each part once.
    unsafe { cache.release(part, Holder::Arena) }
}

impl SpanBackend<ModelPages> {
    /// Ends a model: nothing is left, every structure holds, and all memory goes back.
    pub(crate) fn assert_all_came_back(&self) {
        self.check().unwrap();
        assert_eq!(self.stats().live_bytes(), 0);
        let report = self.shutdown();
        assert_eq!((report.live_units, report.threads, report.record_bytes), (0, 0, 0));
        assert!(!self.source().is_lent());
    }
}

/// Two threads acquire and release spans of the pool itself: no unit is lent twice, and each sees what the other left.
#[test]
fn loom_pool_hands_units_from_thread_to_thread() {
    model(6, || {
        let backend = Arc::new(Backend::new(pages()));
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
        backend.assert_all_came_back();
    });
}

/// A thread keeps runs of its own and gives them back in a batch while another asks the pool.
#[test]
fn loom_kept_runs_reach_the_other_thread_through_the_pool() {
    model(5, || {
        let backend = Arc::new(Backend::new(pages()));
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
        backend.assert_all_came_back();
    });
}

/// One thread leaves a part while the other cuts the next one from the same page: the shared page dies once, the unit is
/// reclaimed once.
#[test]
fn loom_part_is_left_while_its_neighbour_is_cut() {
    model(5, || {
        let backend = Arc::new(Backend::new(pages()));
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
        backend.assert_all_came_back();
    });
}

/// Two parts of one unit are left by two threads while a third purges dead pages: a page is purged only while dead, and
/// the unit is reused only after the purge is done with it.
#[test]
fn loom_purge_meets_the_last_one_out() {
    model(3, || {
        let backend = Arc::new(Backend::new(pages()));
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
        backend.assert_all_came_back();
    });
}

/// Two parts that share a page are left by two threads while a third purges: the page dies after both, is purged after
/// that if at all, and if not, is still known to be dead.
#[test]
fn loom_shared_page_dies_once_and_is_not_forgotten() {
    model(3, || {
        let backend = Arc::new(Backend::new(pages()));
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
        backend.assert_all_came_back();
    });
}
