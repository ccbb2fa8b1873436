//! Profile `test-fixture`: arenas and a heap whose every request can be scripted, watched and played again. For tests only.
//!
//! A compiler that must survive running out of memory needs tests that run out of memory, at every place where it can, and the
//! same way each time. A [`TestFixture`] has a window of addresses of its own, from which the same span backend, arenas and
//! thread heaps are served as in a process. The same settings and calls give the same addresses relative to the window, the
//! same order of calls and the same statistics on every machine, whatever its page size or operating system is.
//!
//! - [`refuse`](TestFixture::refuse) scripts failures: of pages, of the pieces that arenas ask for, or of blocks.
//! - [`refuse_each`] runs a scenario with its first request refused, then its second, and so on; [`limit_each`] on an arena that
//!   may use no byte, then a few, and so on.
//! - [`journal`](TestFixture::journal) says what was asked and answered; [`Journal::replay`] does it again.
//!
//! The guide is `docs/test-fixture.md`. The profile exists only with the feature `test-fixture`, so that no release has it.

mod journal;
mod memory;
mod replay;
mod state;
mod sweep;
mod thread;
mod window;

pub use journal::{Answer, Call, Difference, Ended, Event, Journal, NotAJournal};
pub use sweep::{LIMIT_STEP_BYTES, limit_each, refuse_each};
pub use thread::FixtureThread;

use crate::arena::{Arena, ArenaMemory, ArenaPool, Session};
use crate::page_source::FixturePages;
use crate::span::{CheckError, SpanStats};
use memory::FixtureMemory;
use std::ptr::NonNull;
use window::Window;

/// The page source of a fixture.
type Pages = FixturePages<Window>;

/// How a fixture is set up.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Settings {
    /// Decides where in the window reservations lie. Another seed gives other addresses.
    pub seed: u64,
    /// Bytes of the window, rounded up to a power of two of at least 4 MiB: all that there is, records included.
    pub window_bytes: usize,
    /// Whether arenas get no more than they must have. Then they ask often, and more of their allocations can be refused.
    pub is_frugal: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { seed: 1, window_bytes: 64 << 20, is_frugal: false }
    }
}

impl Settings {
    /// These settings with another seed.
    #[must_use]
    pub const fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// These settings with frugal arenas.
    #[must_use]
    pub const fn frugal(mut self) -> Self {
        self.is_frugal = true;
        self
    }
}

/// What can be refused.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Request {
    /// A request of the span backend to the page source: to reserve or to commit. Seldom, as in a process.
    Page,
    /// A request of an arena for memory, as if the process had none.
    Piece,
    /// A request for a block of the heap.
    Block,
}

/// How often something was asked.
#[derive(Clone, Copy, PartialEq, Eq, Default, Hash, Debug)]
pub struct Requests {
    /// Requests, refused ones included.
    pub made: usize,
    /// Requests that were refused.
    pub refused: usize,
}

/// Arenas and a heap of a test's own, deterministic and scripted.
///
/// One thread at a time should use it; several may, but then their order is no longer the test's. Everything that lies in it
/// must be dropped before it [ends](Self::finish); what is not is reported, and its memory stays valid for ever.
///
/// ```
/// # #[cfg(feature = "test-fixture")] {
/// use compiler_alloc::profile::test_fixture::{Request, TestFixture};
/// let fixture = TestFixture::new(1);
/// let arena = fixture.arena();
/// fixture.refuse(Request::Piece, 0, usize::MAX);
/// assert!(arena.try_alloc(7).is_err());
/// fixture.refuse_nothing();
/// assert_eq!(arena.try_alloc(7).copied(), Ok(7));
/// drop(arena);
/// assert!(fixture.finish().leak.is_none());
/// # }
/// ```
pub struct TestFixture {
    /// Leaked, because arenas name their memory for ever; of it only a few words stay when the fixture has ended.
    memory: &'static FixtureMemory,
}

impl TestFixture {
    /// A fixture with the default settings and this seed.
    ///
    /// # Panics
    /// If there is no address space for its window.
    pub fn new(seed: u64) -> Self {
        Self::with(Settings::default().with_seed(seed))
    }

    /// A fixture. Costs about 200 KiB of memory; the window takes memory where it is used.
    ///
    /// # Panics
    /// If there is no address space for its window.
    pub fn with(settings: Settings) -> Self {
        TestFixture { memory: FixtureMemory::leaked(settings) }
    }

    /// An arena in the fixture.
    pub fn arena(&self) -> Arena {
        Arena::new_in(self.memory)
    }

    /// A pool of arenas in the fixture.
    pub fn pool(&self) -> ArenaPool {
        ArenaPool::new_in(self.memory)
    }

    /// A session whose passes lie in the fixture.
    pub fn session(&self) -> Session {
        Session::new_in(self.memory)
    }

    /// The memory for everything else that takes an [`ArenaMemory`], such as `Sealed::build_in`. When the fixture has ended it
    /// refuses everything.
    pub fn memory(&self) -> &'static dyn ArenaMemory {
        self.memory
    }

    /// The next thread of the fixture's heap. It is no thread of the system: a test takes turns between its threads. The first
    /// one has number 1.
    ///
    /// # Panics
    /// If the global allocator has no memory for it.
    pub fn thread(&self) -> FixtureThread<'_> {
        FixtureThread::begin(self)
    }

    /// Lets `pass` more requests of a kind through, then refuses the `refuse` after them. Replaces what was scripted for the
    /// kind before.
    ///
    /// A refused request has no effect. It is seen as `ALLOCATOR_PAGE_EXHAUSTION` with the error number 12 (`ENOMEM`), or by a
    /// thread of the heap as `None`.
    pub fn refuse(&self, request: Request, pass: usize, refuse: usize) {
        self.memory.with(|state| state.refuse(request, pass, refuse));
    }

    /// Refuses nothing from now on.
    pub fn refuse_nothing(&self) {
        self.memory.with(state::State::refuse_nothing);
    }

    /// How often something was asked since the fixture began.
    pub fn requests(&self, request: Request) -> Requests {
        self.memory.with(|state| state.requests(request))
    }

    /// What the span backend of the fixture holds and did.
    pub fn stats(&self) -> SpanStats {
        self.memory.with(|state| state.backend().stats())
    }

    /// How far `pointer` lies behind the beginning of the window; `None` if it does not lie in the window.
    pub fn offset_of(&self, pointer: *const u8) -> Option<usize> {
        self.memory.with(|state| state.offset_of(pointer))
    }

    /// The place `offset` bytes behind the beginning of the window; `None` if it does not lie in the window. To be used only as
    /// far as the fixture lent it.
    pub fn place_at(&self, offset: usize) -> Option<NonNull<u8>> {
        self.memory.with(|state| state.place_at(offset))
    }

    /// Everything that was asked so far, in order.
    pub fn journal(&self) -> Journal {
        self.memory.with(|state| state.journal())
    }

    /// Validates the span backend and the heap. Threads validate themselves.
    ///
    /// # Errors
    /// The first statement that does not hold.
    pub fn check(&self) -> Result<(), CheckError> {
        self.memory.with(|state| state.check())
    }

    /// Ends the fixture: gives everything back to its page source, and says what was still in use.
    pub fn finish(self) -> Ended {
        self.memory.end()
    }
}

impl Drop for TestFixture {
    fn drop(&mut self) {
        self.memory.end_if_running();
    }
}

impl std::fmt::Debug for TestFixture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Settings { seed, window_bytes, is_frugal } = self.journal().settings;
        write!(f, "TestFixture {{ seed: {seed}, window_bytes: {window_bytes}, is_frugal: {is_frugal} }}")
    }
}
