//! The system refuses memory: in a process of its own with a limit on its address space.

use bumpalo::Bump;
use core::alloc::Layout;
use core::mem::MaybeUninit;
use std::process::Command;

/// Set in the process that has the limit.
const INSIDE: &str = "DROP_IN_LIMITED";

#[test]
fn when_the_system_refuses_memory_calls_fail_and_the_arena_stays_sound() {
    let name = "exhaustion::when_the_system_refuses_memory_calls_fail_and_the_arena_stays_sound";
    if std::env::var_os(INSIDE).is_some() {
        return until_refused();
    }
    let test = std::env::current_exe().unwrap();
    let script = format!("ulimit -v 1500000 && exec \"$0\" --exact {name} --test-threads=1");
    let status = Command::new("sh").args(["-c", &script]).arg(test).env(INSIDE, "1").status().unwrap();
    assert!(status.success());
}

fn until_refused() {
    for _ in 0..3 {
        let bump = Bump::new();
        let mut words: Vec<&mut u64> = Vec::with_capacity(4000);
        while words.len() < 4000
            && let Ok(block) = bump.try_alloc_layout(Layout::from_size_align(1 << 20, 8).unwrap())
        {
            // SAFETY: the place must be valid for writes, aligned, and nobody else's; the block was just handed out.
            words.push(unsafe { block.cast::<MaybeUninit<u64>>().as_mut() }.write(words.len() as u64));
        }
        assert!(words.len() < 4000, "the limit did not hold");
        assert!(words.len() > 100);
        assert!(bump.try_alloc_layout(Layout::from_size_align(1 << 30, 4096).unwrap()).is_err());
        assert!(words.iter().enumerate().all(|(n, word)| **word == n as u64));
        // What is small may still fit; whether or not, nothing breaks.
        let _ = bump.try_alloc(1u8);
    }
    // All of it came back.
    assert_eq!(Bump::new().alloc_slice_fill_copy(1 << 20, 7u8)[99], 7);
}
