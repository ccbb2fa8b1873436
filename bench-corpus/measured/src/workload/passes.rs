//! Big passes one after another: each fills an arena with small objects and ends by dropping or resetting it.

use crate::subjects::Subject;

/// Passes of one run.
pub const PASSES: usize = 10;

/// Bytes that one pass asks for.
pub const PASS_BYTES: usize = 48_000_000;

/// Bytes of one object.
const OBJECT_BYTES: usize = 24;

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
        sum = sum.wrapping_add(fill(&arena, pass));
        match end {
            PassEnd::Drop => arena = S::with_capacity(0),
            PassEnd::Reset => arena.reset(),
        }
    }
    sum
}

/// A list of objects, each pointing to the one before, walked once a thousand objects so that none can be left out.
fn fill<S: Subject>(arena: &S, pass: u64) -> u64 {
    #[derive(Clone, Copy)]
    struct Link<'a> {
        before: Option<&'a Link<'a>>,
        value: u64,
        pass: u64,
    }
    const { assert!(size_of::<Link<'_>>() == OBJECT_BYTES) };
    let mut last: Option<&Link<'_>> = None;
    let mut sum = 0_u64;
    for value in 0..(PASS_BYTES / OBJECT_BYTES) as u64 {
        last = Some(arena.alloc(Link { before: last, value, pass }));
        if value % 1000 == 999 {
            let link = last.and_then(|link| link.before);
            sum = sum.wrapping_add(link.map_or(0, |link| link.value ^ link.pass));
        }
    }
    std::hint::black_box(last.is_some());
    sum
}
