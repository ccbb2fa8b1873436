//! Under AddressSanitizer, and under valgrind with the feature `valgrind`, stale accesses to arena memory are reported, and proper use is
//! not. Built only by `make sanitize`.

#[cfg(sanitize_address)]
use super::arena_memory::leaked;
use compiler_alloc::{Arena, Sealed, TypedArena};
use std::hint::black_box;
use std::process::{Command, Output};
#[cfg(sanitize_address)]
use std::sync::Mutex;

const VARIABLE: &str = "COMPILER_ALLOC_STALE_READ";

/// Exit code by which valgrind says that it reported something.
const VALGRIND_REPORTED: i32 = 99;

/// Reads the byte behind a pointer, however stale.
fn read(at: *const u8) -> u8 {
    // SAFETY: none; reading stale memory is the point, and the tool is expected to report it.
    black_box(unsafe { black_box(at).read() })
}

/// Runs the test `name` in a process of its own, under valgrind unless the sanitizer is compiled in. `None` where valgrind is missing.
fn run_alone(name: &str) -> Option<Output> {
    let own = std::env::current_exe().unwrap();
    let mut command = if cfg!(sanitize_address) {
        Command::new(own)
    } else {
        let mut command = Command::new("valgrind");
        command.args(["--quiet", &format!("--error-exitcode={VALGRIND_REPORTED}")]).arg(own);
        command
    };
    match command.args([name, "--exact", "--nocapture"]).env(VARIABLE, name).output() {
        Ok(output) => Some(output),
        Err(_) => {
            println!("valgrind is missing (apt-get install valgrind): {name} was not run");
            None
        }
    }
}

/// Whether this process is the one that [`run_alone`] started for `name`.
fn is_alone(name: &str) -> bool {
    std::env::var(VARIABLE).is_ok_and(|value| value == name)
}

/// Runs the test `name` in a process of its own, where it performs its stale read, and asserts that it is reported.
fn is_reported(name: &str, stale_read: impl FnOnce()) {
    if is_alone(name) {
        stale_read();
        return;
    }
    let Some(output) = run_alone(name) else { return };
    let text = String::from_utf8_lossy(&output.stderr);
    if cfg!(sanitize_address) {
        assert!(!output.status.success() && text.contains("use-after-poison"), "{name}: {text}");
    } else {
        assert_eq!(output.status.code(), Some(VALGRIND_REPORTED), "{name}: {text}");
        assert!(text.contains("Invalid read of size 1"), "{name}: {text}");
    }
}

/// Runs `work` with the tool watching, which must have nothing to report.
fn is_clean(name: &str, work: impl FnOnce()) {
    if cfg!(sanitize_address) || is_alone(name) {
        work();
        return;
    }
    let Some(output) = run_alone(name) else { return };
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
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
    is_clean("arena_poison::memory_that_left_an_arena_is_clean", use_memory_that_left_arenas);
}

fn use_memory_that_left_arenas() {
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
fn arenas_that_are_used_properly_are_clean() {
    is_clean("arena_poison::arenas_that_are_used_properly_are_clean", || {
        let mut arena = Arena::new();
        for round in 0..3_u64 {
            let words = arena.alloc_slice_fill_with(1_000, |index| index as u64 + round);
            let name = arena.alloc_str("a name that stays");
            assert_eq!(words[999] + name.len() as u64, 999 + round + 17);
            arena.scope(|scope| {
                let mut grown = compiler_alloc::ArenaVec::new();
                grown.extend(scope, 0..5_000_u32);
                assert_eq!(grown.iter().sum::<u32>(), 12_497_500);
                assert_eq!(scope.alloc_str("gone soon").len(), 9);
            });
            assert!(arena.alloc_try_with(|| Err::<u64, _>("given back")).is_err());
            arena.reset();
        }
        let typed = TypedArena::new();
        typed.alloc_extend((0..500).map(|number| number.to_string()));
        assert_eq!(typed.into_vec()[499], "499");
    });
}

/// Only valgrind knows what was written.
#[cfg(not(sanitize_address))]
#[test]
fn a_decision_on_what_nobody_wrote_is_reported() {
    let name = "arena_poison::a_decision_on_what_nobody_wrote_is_reported";
    let decide = || {
        let mut arena = Arena::new();
        arena.alloc_slice_copy(&[7_u8; 64]);
        arena.reset();
        let room = arena.alloc_layout(std::alloc::Layout::new::<[u8; 64]>());
        if read(room.as_ptr()) == 7 {
            println!("the value of before the reset");
        }
    };
    if is_alone(name) {
        return decide();
    }
    let Some(output) = run_alone(name) else { return };
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(VALGRIND_REPORTED), "{text}");
    assert!(text.contains("depends on uninitialised value"), "{text}");
}

/// Only the sanitizer has a leak check that is told its roots.
#[cfg(sanitize_address)]
#[test]
fn what_arena_memory_refers_to_is_no_leak() {
    // Reachable only through arena memory. LeakSanitizer would report it at exit if arenas were not among its roots.
    let arena = leaked(Mutex::new(Arena::new()));
    arena.lock().unwrap().alloc(core::ptr::from_ref(Box::leak(Box::new([1_u64; 10]))));
}
