//! Threads: hand-over, exit, thread-local destructors, and many short ones.

use crate::own_process::is_own_process;
use crate::spans::Random;
use compiler_alloc::page_source::MmapPages;
use compiler_alloc::profile::compiler_internal;
use compiler_alloc::span::{Holder, Part, SpanBackend, SpanCache};
use std::cell::RefCell;
use std::sync::mpsc;

fn fill(part: Part, byte: u8) {
    // SAFETY: the part is ours and has this many bytes.
    unsafe { part.low.write_bytes(byte, part.bytes) }
}

fn assert_filled(part: Part, byte: u8) {
    for offset in (0..part.bytes).step_by(97) {
        // SAFETY: inside the part, which `fill` initialised.
        let place = unsafe { part.low.add(offset) };
        // SAFETY: initialised by `fill`, and nobody else has the part.
        assert_eq!(unsafe { place.read() }, byte);
    }
}

#[test]
fn parts_are_dropped_by_threads_that_did_not_take_them() {
    let backend = SpanBackend::new(MmapPages::new());
    std::thread::scope(|scope| {
        let mut sinks = Vec::new();
        for consumer in 0..2 {
            let (send, receive) = mpsc::channel::<(Part, u8)>();
            sinks.push(send);
            let backend = &backend;
            scope.spawn(move || {
                let mut cache = SpanCache::new(backend);
                let mut random = Random(consumer + 1);
                let mut held = Vec::new();
                for (part, byte) in receive {
                    held.push((part, byte));
                    if held.len() > 100 {
                        let (part, byte) = held.swap_remove(random.below(held.len()));
                        assert_filled(part, byte);
                        // SAFETY: received, dropped once.
                        unsafe { cache.release(part, Holder::Arena) };
                    }
                }
                for (part, byte) in held {
                    assert_filled(part, byte);
                    // SAFETY: received, dropped once.
                    unsafe { cache.release(part, Holder::Arena) };
                }
            });
        }
        for producer in 0..2_u64 {
            let (backend, sinks) = (&backend, sinks.clone());
            scope.spawn(move || {
                let mut cache = SpanCache::new(backend);
                let mut random = Random(producer + 77);
                for step in 0..5000_usize {
                    let part = cache.take(64, 64 + random.below(30_000), Holder::Arena).unwrap();
                    fill(part, step as u8);
                    sinks[random.below(2)].send((part, step as u8)).unwrap();
                }
            });
        }
        drop(sinks);
    });
    backend.check().unwrap();
    let stats = backend.stats();
    assert_eq!((stats.live_bytes(), stats.cached_bytes, stats.tail_bytes, stats.threads), (0, 0, 0, 0));
    assert_eq!(backend.shutdown().leak(), None);
}

fn use_and_return(byte: u8) {
    compiler_internal::with_cache(|cache| {
        let part = cache.take(64, 50_000, Holder::Arena).unwrap();
        fill(part, byte);
        let span = cache.acquire(200_000).unwrap();
        assert_filled(part, byte);
        // SAFETY: taken above.
        unsafe { cache.release(part, Holder::Arena) };
        // SAFETY: acquired above.
        unsafe { cache.release_span(span) };
    });
}

#[test]
fn ten_thousand_short_threads_leave_no_growth() {
    if !is_own_process("threads::ten_thousand_short_threads_leave_no_growth") {
        return;
    }
    let hundred_threads = || {
        for _ in 0..25 {
            // Joined one by one: a scope ends before the thread-local destructors of its threads.
            let threads: Vec<_> =
                (0..4).map(|byte| std::thread::spawn(move || use_and_return(byte))).collect();
            for thread in threads {
                thread.join().unwrap();
            }
        }
    };
    hundred_threads();
    let early = compiler_internal::stats();
    for _ in 0..100 {
        hundred_threads();
    }
    compiler_internal::check().unwrap();
    let late = compiler_internal::stats();
    assert_eq!(late.live_bytes(), 0);
    assert_eq!(late.reserved_bytes, early.reserved_bytes);
    assert_eq!(late.record_bytes, early.record_bytes);
    assert!(late.committed_bytes <= early.committed_bytes.max(2 << 20), "{early:?} {late:?}");
    assert!(late.threads <= 1, "{} threads are still registered", late.threads);
    let report = compiler_internal::shutdown();
    assert_eq!((report.leak(), report.record_bytes), (None, 0));
}

/// Gives its part back when the thread's local data are destroyed.
struct Late(Option<Part>);

impl Drop for Late {
    fn drop(&mut self) {
        compiler_internal::with_cache(|cache| {
            if let Some(part) = self.0.take() {
                assert_filled(part, 6);
                // SAFETY: taken by the thread, released once.
                unsafe { cache.release(part, Holder::Arena) };
            }
            let part = cache.take(64, 1000, Holder::Arena).unwrap();
            fill(part, 1);
            // SAFETY: taken above.
            unsafe { cache.release(part, Holder::Arena) };
        });
    }
}

std::thread_local! {
    static LATE: RefCell<Late> = const { RefCell::new(Late(None)) };
}

#[test]
fn thread_local_destructors_may_use_the_cache_before_and_after_its_own() {
    if !is_own_process("threads::thread_local_destructors_may_use_the_cache_before_and_after_its_own") {
        return;
    }
    for late_first in [true, false] {
        std::thread::spawn(move || {
            // Destructors run in some order of first use: have both.
            if late_first {
                LATE.with(|late| late.borrow_mut().0 = None);
            }
            let part = compiler_internal::with_cache(|cache| cache.take(64, 5000, Holder::Arena).unwrap());
            fill(part, 6);
            LATE.with(|late| late.borrow_mut().0 = Some(part));
        })
        .join()
        .unwrap();
    }
    compiler_internal::check().unwrap();
    let stats = compiler_internal::stats();
    assert_eq!((stats.live_bytes(), stats.cached_bytes, stats.tail_bytes, stats.threads), (0, 0, 0, 0));
    assert_eq!(compiler_internal::shutdown().record_bytes, 0);
}

#[test]
fn a_call_inside_a_call_gets_a_cache_of_its_own() {
    let part = compiler_internal::with_cache(|outer| {
        let part = outer.take(64, 1000, Holder::Arena).unwrap();
        compiler_internal::with_cache(|inner| {
            let part = inner.take(64, 1000, Holder::Arena).unwrap();
            fill(part, 2);
            // SAFETY: taken above.
            unsafe { inner.release(part, Holder::Arena) };
        });
        part
    });
    fill(part, 3);
    // SAFETY: taken above.
    compiler_internal::with_cache(|cache| unsafe { cache.release(part, Holder::Arena) });
}
