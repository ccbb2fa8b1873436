//! Under AddressSanitizer, stale accesses to arena memory are reported, and live memory is not. Built only by `make
//! sanitize`.

use super::arena_memory::leaked;
use compiler_alloc::{Arena, Sealed};
use std::hint::black_box;
use std::process::Command;
use std::sync::Mutex;

const VARIABLE: &str = "COMPILER_ALLOC_STALE_READ";

/// Reads the byte behind a pointer, however stale.
fn read(at: *const u8) -> u8 {
    // SAFETY: none; reading stale memory is the point, and the sanitizer is expected to end the process.
    black_box(unsafe { black_box(at).read() })
}

/// Runs the test `name` in a process of its own, where it performs its stale read, and asserts that it is reported.
fn is_reported(name: &str, stale_read: impl FnOnce()) {
    if std::env::var(VARIABLE).is_ok_and(|value| value == name) {
        stale_read();
        return;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture"])
        .env(VARIABLE, name)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && text.contains("use-after-poison"), "{name}: {text}");
}

#[test]
fn a_read_after_reset_is_reported() {
    is_reported("arena_poison::a_read_after_reset_is_reported", || {
        let mut arena = Arena::new();
        let stale: *const u8 = arena.alloc_slice_copy(&[7_u64; 4]).as_ptr().cast();
        assert_eq!(read(stale), 7);
        arena.reset();
        read(stale);
    });
}

#[test]
fn a_read_after_a_scope_is_reported() {
    is_reported("arena_poison::a_read_after_a_scope_is_reported", || {
        let mut arena = Arena::new();
        arena.alloc(1);
        let stale = arena.scope(|s| core::ptr::from_ref(s.alloc([7_u8; 100])).cast());
        read(stale);
    });
}

#[test]
fn a_read_of_a_later_chunk_after_a_scope_is_reported() {
    is_reported("arena_poison::a_read_of_a_later_chunk_after_a_scope_is_reported", || {
        let mut arena = Arena::new();
        let stale = arena.scope(|s| {
            s.alloc_slice_fill_with(100_000, |_| 0_u64);
            core::ptr::from_ref(s.alloc(7_u64)).cast()
        });
        read(stale);
    });
}

#[test]
fn a_read_of_stale_text_is_reported() {
    is_reported("arena_poison::a_read_of_stale_text_is_reported", || {
        let mut arena = Arena::new();
        arena.alloc_str("kept");
        let stale = arena.scope(|s| s.alloc_str("gone").as_ptr());
        read(stale);
    });
}

#[test]
fn a_read_beyond_the_newest_text_is_reported() {
    is_reported("arena_poison::a_read_beyond_the_newest_text_is_reported", || {
        let arena = Arena::new();
        read(arena.alloc_str("text").as_ptr().wrapping_add(4));
    });
}

#[test]
fn a_read_of_the_unused_tail_is_reported() {
    is_reported("arena_poison::a_read_of_the_unused_tail_is_reported", || {
        let arena = Arena::new();
        read(core::ptr::from_ref(arena.alloc(1_u64)).cast::<u8>().wrapping_sub(64));
    });
}

struct Numbers;
impl compiler_alloc::Family for Numbers {
    type Of<'a> = &'a [u64];
    fn shorten<'s, 'l: 's>(long: &'s &'l [u64]) -> &'s &'s [u64] {
        long
    }
}

#[test]
fn memory_that_left_an_arena_is_clean() {
    let sealed = Sealed::<Numbers>::build(|b| b.alloc_slice_fill_with(10, |n| n as u64));
    let mut arena = Arena::new();
    arena.alloc_slice_fill_with(1 << 20, |_| 1_u8);
    arena.alloc([0_u8; 3000]);
    arena.reset();
    drop(arena);
    drop(sealed);
    // The whole span again, by the backend's own hand.
    compiler_alloc::profile::compiler_internal::with_cache(|cache| {
        let span = cache.acquire(1 << 20).unwrap();
        // SAFETY: the range must be ours to write; the span was acquired above.
        unsafe { span.base.write_bytes(1, span.bytes) };
        // SAFETY: the span must be acquired here and unused from now on; it was, and it is.
        unsafe { cache.release_span(span) };
    });
}

#[test]
fn what_arena_memory_refers_to_is_no_leak() {
    // Reachable only through arena memory. LeakSanitizer would report it at exit if arenas were not among its roots.
    let arena = leaked(Mutex::new(Arena::new()));
    arena.lock().unwrap().alloc(core::ptr::from_ref(Box::leak(Box::new([1_u64; 10]))));
}
