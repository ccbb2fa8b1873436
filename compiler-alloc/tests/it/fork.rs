//! `fork` while other threads allocate: the child's allocator works.

use crate::own_process::is_own_process;
use compiler_alloc::Arena;
use compiler_alloc::profile::compiler_internal;
use compiler_alloc::span::Holder;
use core::alloc::Layout;
use core::ffi::{c_int, c_uint};
use std::sync::atomic::{AtomicBool, Ordering};

unsafe extern "C" {
    safe fn fork() -> c_int;
    safe fn alarm(seconds: c_uint) -> c_uint;
    fn waitpid(process: c_int, status: *mut c_int, options: c_int) -> c_int;
    safe fn _exit(status: c_int) -> !;
}

/// Set when dropped: a test that fails must not leave its threads working, because the scope waits for them.
struct SetAtEnd<'a>(&'a AtomicBool);

impl Drop for SetAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
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

/// Calls `body` while threads work until they are told to stop.
fn beside_threads(count: u32, work: impl Fn(u32, &AtomicBool) + Sync, body: impl FnOnce()) {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let stop_at_end = SetAtEnd(&stop);
        let (work, stop) = (&work, &stop);
        let threads: Vec<_> = (0..count).map(|number| scope.spawn(move || work(number, stop))).collect();
        body();
        drop(stop_at_end);
        // A scope ends before the thread-local destructors of its threads; joining waits for them.
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

/// Forks. The child does `work` and ends with the status that it answers.
fn fork_to(work: impl FnOnce() -> c_int) -> c_int {
    let child = fork();
    assert!(child >= 0, "fork failed");
    if child == 0 {
        // A child that waits for ever for a lock is ended by the alarm, and its parent sees the signal.
        alarm(20);
        _exit(work());
    }
    child
}

/// Waits for `child`, which must end with status 0.
fn wait_for(child: c_int, round: usize) {
    let mut status = -1;
    // SAFETY: the status is writable, and the child is ours.
    assert_eq!(unsafe { waitpid(child, &mut status, 0) }, child);
    assert_eq!(status, 0, "the child of round {round} ended with status {status:#x}");
}

#[test]
fn the_child_of_a_fork_allocates_while_other_threads_were_allocating() {
    if !is_own_process("fork::the_child_of_a_fork_allocates_while_other_threads_were_allocating") {
        return;
    }
    let work = |_, stop: &AtomicBool| {
        while !stop.load(Ordering::Relaxed) {
            assert!(allocate_for_a_while(10));
            compiler_internal::with_cache(|cache| cache.flush());
        }
    };
    beside_threads(3, work, || {
        for round in 0..60 {
            let child = fork_to(|| if allocate_for_a_while(50) { 0 } else { 1 });
            assert!(allocate_for_a_while(5));
            wait_for(child, round);
        }
    });
    compiler_internal::trim(0);
    compiler_internal::check().unwrap();
}

/// Arenas of many sizes that live a while, so that several threads' parts share units and pages: each round resets, drops or makes one.
fn churn(arenas: &mut Vec<Arena>, seed: &mut u32) {
    // Numerical Recipes' generator: what matters is only that rounds differ.
    *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    let chosen = *seed as usize >> 8;
    let index = chosen % 16;
    match arenas.get_mut(index) {
        Some(arena) if chosen & 0x400 == 0 => arena.reset(),
        Some(_) => drop(arenas.swap_remove(index)),
        None => arenas.push(Arena::new()),
    }
    if let Some(arena) = arenas.last() {
        arena.alloc_layout(Layout::from_size_align(1 << ((chosen >> 12) % 18), 1).unwrap());
    }
}

#[test]
fn the_books_of_a_child_hold_while_other_threads_were_resetting_and_dropping_arenas() {
    if !is_own_process(
        "fork::the_books_of_a_child_hold_while_other_threads_were_resetting_and_dropping_arenas",
    ) {
        return;
    }
    let work = |number, stop: &AtomicBool| {
        let (mut arenas, mut seed) = (Vec::new(), number);
        while !stop.load(Ordering::Relaxed) {
            (0..100).for_each(|_| churn(&mut arenas, &mut seed));
            compiler_internal::safepoint();
        }
    };
    beside_threads(2, work, || {
        let (mut arenas, mut seed) = (Vec::new(), 77);
        for round in 0..100 {
            (0..20).for_each(|_| churn(&mut arenas, &mut seed));
            let child = fork_to(|| {
                let before = compiler_internal::check();
                (0..50).for_each(|_| churn(&mut arenas, &mut seed));
                arenas.clear();
                compiler_internal::trim(0);
                let after = compiler_internal::check();
                if before.is_err() || after.is_err() {
                    eprintln!("round {round}: at once {before:?}, after use {after:?}");
                }
                i32::from(before.is_err()) + 2 * i32::from(after.is_err())
            });
            wait_for(child, round);
        }
    });
    compiler_internal::check().unwrap();
}
