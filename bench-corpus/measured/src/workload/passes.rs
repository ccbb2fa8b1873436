//! Big passes: each fills an arena with small objects and ends by dropping or resetting it. One after another, or several at a time.

use crate::subjects::{Subject, Values};

/// Passes of one run.
pub const PASSES: usize = 10;

/// Bytes that one pass asks for.
pub const PASS_BYTES: usize = 48_000_000;

/// Threads that run passes at the same time.
pub const THREADS: usize = 2;

/// Passes of each of them.
pub const PASSES_OF_A_THREAD: usize = 3;

/// Objects of such a pass.
const OBJECTS_OF_A_THREAD: usize = 1_000_000;

/// Bytes of one object.
pub(super) const OBJECT_BYTES: usize = 24;

/// How a pass ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PassEnd {
    /// The arena is dropped; the next pass makes a new one.
    Drop,
    /// The arena is reset and used again.
    Reset,
}

/// Runs all passes and returns a sum over what they stored, the same for every subject.
pub fn run<S: Subject>(end: PassEnd) -> u64 {
    let mut arena = S::with_capacity(0);
    let mut sum = 0_u64;
    for pass in 0..PASSES as u64 {
        sum = sum.wrapping_add(fill(&arena, pass, PASS_BYTES / OBJECT_BYTES));
        match end {
            PassEnd::Drop => arena = S::with_capacity(0),
            PassEnd::Reset => arena.reset(),
        }
    }
    sum
}

/// Runs passes on several threads, each with a fresh arena a pass, and returns a sum over what they stored.
///
/// # Panics
/// When a thread cannot be started.
pub fn run_in_parallel<S: Values>() -> u64 {
    let passes = |thread: usize| {
        (0..PASSES_OF_A_THREAD).fold(0_u64, |sum, pass| {
            let arena = S::empty();
            let pass = (thread * PASSES_OF_A_THREAD + pass) as u64;
            sum.wrapping_add(fill(&arena, pass, OBJECTS_OF_A_THREAD))
        })
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || passes(thread))).collect();
        let sums = threads.into_iter().map(|thread| thread.join().expect("a pass does not panic"));
        sums.fold(0, u64::wrapping_add)
    })
}

/// A list of objects, each pointing to the one before, walked once a thousand objects so that none can be left out.
pub(super) fn fill<S: Values>(arena: &S, pass: u64, objects: usize) -> u64 {
    #[derive(Clone, Copy)]
    struct Link<'a> {
        before: Option<&'a Link<'a>>,
        value: u64,
        pass: u64,
    }
    const { assert!(size_of::<Link<'_>>() == OBJECT_BYTES) };
    let mut last: Option<&Link<'_>> = None;
    let mut sum = 0_u64;
    for value in 0..objects as u64 {
        last = Some(arena.put(Link { before: last, value, pass }));
        if value % 1000 == 999 {
            let link = last.and_then(|link| link.before);
            sum = sum.wrapping_add(link.map_or(0, |link| link.value ^ link.pass));
        }
    }
    std::hint::black_box(last.is_some());
    sum
}
