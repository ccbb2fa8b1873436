//! Every request of a scenario refused in turn, and every allocation of an arena.

use super::{Request, Settings, TestFixture};
use crate::arena::Arena;
use std::fmt::Debug;

/// A scenario that still meets refusals after this many is not one that ends.
const PASSES_MAX: usize = 100_000;

/// How much more than the last time an arena may use: the least that an allocation of an arena takes.
pub const LIMIT_STEP_BYTES: usize = 8;

/// A scenario that needs more is too large to be run with every limit.
const LIMIT_BYTES_MAX: usize = 64 << 20;

/// Runs `scenario` on a new fixture with all of its requests of one kind refused, then all but its first, and so on, until it
/// needs no more than are let through. Answers how many of these runs met a refusal.
///
/// After each run the fixture's structures are validated; then memory is back, and the same scenario runs once more, which must
/// succeed; then nothing may be left in use. So a scenario drops what it made, whatever it answers.
///
/// ```
/// # #[cfg(feature = "test-fixture")] {
/// use compiler_alloc::profile::test_fixture::{Request, Settings, refuse_each};
/// let met = refuse_each(Settings::default().frugal(), Request::Piece, |fixture| {
///     let arena = fixture.arena();
///     for length in 0..50 {
///         arena.try_alloc_slice_fill_with(length, |index| index)?;
///     }
///     Ok::<(), compiler_alloc::fault::Fault>(())
/// });
/// assert!(met > 1);
/// # }
/// ```
///
/// # Panics
/// With the settings, the number of requests that were let through and the journal: if `scenario` fails although nothing was
/// refused, if it fails again when memory is back, if a structure does not hold, or if something is left in use. If `scenario`
/// panics, with that.
pub fn refuse_each<E: Debug>(
    settings: Settings,
    request: Request,
    mut scenario: impl FnMut(&TestFixture) -> Result<(), E>,
) -> usize {
    for passed in 0..PASSES_MAX {
        let fixture = TestFixture::with(settings);
        let holds = |holds: bool, what: &dyn Debug, fixture: &TestFixture| {
            assert!(holds, "{request:?} refused after {passed}: {what:?}\n{}", fixture.journal());
        };
        fixture.refuse(request, passed, usize::MAX);
        let answer = scenario(&fixture);
        let refused = fixture.requests(request).refused;
        holds(refused > 0 || answer.is_ok(), &("failed although nothing was refused", &answer), &fixture);
        let checked = fixture.check();
        holds(checked.is_ok(), &checked, &fixture);
        fixture.refuse_nothing();
        let again = scenario(&fixture);
        holds(again.is_ok(), &("failed although memory is back", &again), &fixture);
        let checked = fixture.check();
        holds(checked.is_ok(), &checked, &fixture);
        let ended = fixture.finish();
        if let Some(leak) = ended.leak {
            panic!("{request:?} refused after {passed}: {leak}\n{}", ended.journal);
        }
        if refused == 0 {
            return passed;
        }
    }
    panic!("the scenario makes more than {PASSES_MAX} requests");
}

/// Runs `scenario` on an arena that may use no byte at all, then [`LIMIT_STEP_BYTES`] more each time, until it succeeds: so every
/// allocation fails once, with `ALLOCATOR_EXHAUSTION`. Answers how many limits were too small.
///
/// [`refuse_each`] meets only those allocations that need another piece. The arena is reset and the fixture validated after each
/// run.
///
/// ```
/// # #[cfg(feature = "test-fixture")] {
/// use compiler_alloc::profile::test_fixture::{Settings, limit_each};
/// let too_small = limit_each(Settings::default(), |arena| {
///     for number in 0..10_u64 {
///         arena.try_alloc(number)?;
///     }
///     Ok::<(), compiler_alloc::fault::Fault>(())
/// });
/// assert_eq!(too_small, 10);
/// # }
/// ```
///
/// # Panics
/// If `scenario` still fails with a limit of 64 MiB, if a structure does not hold, or if something is left in use. If
/// `scenario` panics, with that.
pub fn limit_each<E: Debug>(
    settings: Settings,
    mut scenario: impl FnMut(&mut Arena) -> Result<(), E>,
) -> usize {
    let fixture = TestFixture::with(settings);
    let mut arena = fixture.arena();
    let mut too_small = 0;
    for limit in (0..=LIMIT_BYTES_MAX).step_by(LIMIT_STEP_BYTES) {
        arena.set_limit(Some(limit));
        let answer = scenario(&mut arena);
        let checked = fixture.check();
        assert!(checked.is_ok(), "limit {limit}: {checked:?}\n{}", fixture.journal());
        arena.reset();
        let Err(error) = answer else {
            drop(arena);
            let ended = fixture.finish();
            assert!(ended.leak.is_none(), "limit {limit}: {:?}\n{}", ended.leak, ended.journal);
            return too_small;
        };
        assert!(limit < LIMIT_BYTES_MAX, "fails with a limit of {limit} bytes: {error:?}");
        too_small += 1;
    }
    too_small
}
