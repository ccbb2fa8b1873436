//! `fork` while other threads allocate: the child's allocator works.

use crate::own_process::is_own_process;
use compiler_alloc::profile::compiler_internal;
use compiler_alloc::span::Holder;
use core::ffi::{c_int, c_uint};
use std::sync::atomic::{AtomicBool, Ordering};

unsafe extern "C" {
    safe fn fork() -> c_int;
    safe fn alarm(seconds: c_uint) -> c_uint;
    fn waitpid(process: c_int, status: *mut c_int, options: c_int) -> c_int;
    safe fn _exit(status: c_int) -> !;
}

fn allocate_for_a_while(rounds: usize) -> bool {
    (0..rounds).all(|round| {
        compiler_internal::with_cache(|cache| {
            let part = cache.take(64, 1000 + round * 977 % 300_000, Holder::Arena);
            let span = cache.acquire(100_000 + round * 7919 % 3_000_000);
            let worked = part.is_ok() && span.is_ok();
            if let Ok(part) = part {
                // SAFETY: taken above.
                unsafe { part.low.write_bytes(1, part.bytes) };
                // SAFETY: taken above, released once.
                unsafe { cache.release(part, Holder::Arena) };
            }
            if let Ok(span) = span {
                // SAFETY: acquired above, released once.
                unsafe { cache.release_span(span) };
            }
            worked
        })
    })
}

#[test]
fn the_child_of_a_fork_allocates_while_other_threads_were_allocating() {
    if !is_own_process("fork::the_child_of_a_fork_allocates_while_other_threads_were_allocating") {
        return;
    }
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let mut threads = Vec::new();
        for _ in 0..3 {
            let thread = scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    assert!(allocate_for_a_while(10));
                    compiler_internal::with_cache(|cache| cache.flush());
                }
            });
            threads.push(thread);
        }
        for _ in 0..60 {
            let child = fork();
            assert!(child >= 0, "fork failed");
            if child == 0 {
                // A child that waits for ever for a lock is ended by the alarm, and its parent sees the signal.
                alarm(20);
                _exit(if allocate_for_a_while(50) { 0 } else { 1 });
            }
            assert!(allocate_for_a_while(5));
            let mut status = -1;
            // SAFETY: the status is writable, and the child is ours.
            assert_eq!(unsafe { waitpid(child, &mut status, 0) }, child);
            assert_eq!(status, 0, "the child ended with status {status:#x}");
        }
        stop.store(true, Ordering::Relaxed);
        // A scope ends before the thread-local destructors of its threads; joining waits for them.
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
    compiler_internal::trim(0);
    compiler_internal::check().unwrap();
}
