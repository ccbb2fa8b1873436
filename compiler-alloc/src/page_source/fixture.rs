//! Deterministic pages for tests: another source with scripted refusals and a journal of every call.

use super::{Geometry, PageSource, SourceError};
use crate::sync::{Rank, RankedLock, const_fn};
use core::ptr::NonNull;

/// How many events the journal keeps; later ones are counted but not kept.
const JOURNAL_LENGTH: usize = 4096;

/// The error number of a scripted refusal: `ENOMEM`.
pub(crate) const OS_ERROR_SCRIPTED: i32 = 12;

/// Which call of the page source.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FixtureCall {
    /// [`PageSource::reserve`].
    Reserve,
    /// [`PageSource::commit`].
    Commit,
    /// [`PageSource::decommit`].
    Decommit,
    /// [`PageSource::release`].
    Release,
    /// [`PageSource::populate`].
    Populate,
    /// [`PageSource::lock`].
    Lock,
    /// [`PageSource::unlock`].
    Unlock,
}

/// One call, as the journal keeps it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FixtureEvent {
    /// Which call.
    pub call: FixtureCall,
    /// Where, as an address; 0 for a refused reservation.
    pub address: usize,
    /// How many bytes.
    pub bytes: usize,
    /// Whether the call was refused.
    pub refused: bool,
}

/// Which of the next requests are refused.
#[derive(Clone, Copy)]
pub(crate) struct Refusals {
    /// So many are let through before.
    pass: usize,
    left: usize,
}

impl Refusals {
    /// None.
    pub(crate) const NONE: Self = Refusals { pass: 0, left: 0 };

    /// Lets `pass` requests through, then refuses the `refuse` after them.
    pub(crate) const fn after(pass: usize, refuse: usize) -> Self {
        Refusals { pass, left: refuse }
    }

    /// Whether this request is refused.
    pub(crate) fn meet(&mut self) -> bool {
        if self.left == 0 {
            return false;
        }
        if self.pass > 0 {
            self.pass -= 1;
            return false;
        }
        self.left -= 1;
        true
    }
}

struct Script {
    journal: [FixtureEvent; JOURNAL_LENGTH],
    events: usize,
    refusals: Refusals,
    reserved_bytes: usize,
    released_bytes: usize,
}

/// A page source over `S` that writes a journal and refuses on command.
///
/// A *request* is a `reserve`, a `commit`, a `populate` or a `lock`: the calls that can fail.
///
/// ```
/// # #[cfg(feature = "test-fixture")] {
/// use compiler_alloc::page_source::{FixturePages, MmapPages};
/// use compiler_alloc::span::SpanBackend;
/// let pages = FixturePages::new(MmapPages::new());
/// let backend = SpanBackend::new(&pages);
/// pages.refuse_requests(0, usize::MAX);
/// assert!(backend.acquire(1).is_err());
/// pages.refuse_nothing();
/// assert!(backend.acquire(1).is_ok());
/// # }
/// ```
pub struct FixturePages<S> {
    source: S,
    script: RankedLock<Script>,
}

impl<S: PageSource> FixturePages<S> {
    const_fn! {
        /// A fixture over `source` that refuses nothing yet.
        pub const fn new(source: S) -> Self {
            let empty = FixtureEvent { call: FixtureCall::Reserve, address: 0, bytes: 0, refused: false };
            let script = Script {
                journal: [empty; JOURNAL_LENGTH],
                events: 0,
                refusals: Refusals::NONE,
                reserved_bytes: 0,
                released_bytes: 0,
            };
            FixturePages { source, script: RankedLock::new(Rank::Source, script) }
        }
    }

    /// Lets `pass` more requests through, then refuses the `refuse` after them.
    pub fn refuse_requests(&self, pass: usize, refuse: usize) {
        self.script.lock().refusals = Refusals::after(pass, refuse);
    }

    /// Refuses nothing from now on. Says how many planned refusals had not happened yet.
    pub fn refuse_nothing(&self) -> usize {
        core::mem::replace(&mut self.script.lock().refusals, Refusals::NONE).left
    }

    /// How many calls there were; the journal keeps the first 4096.
    pub fn events(&self) -> usize {
        self.script.lock().events
    }

    /// The event number `index`, counted from 0, while the journal keeps it.
    pub fn event(&self, index: usize) -> Option<FixtureEvent> {
        let script = self.script.lock();
        (index < script.events.min(JOURNAL_LENGTH)).then(|| script.journal[index])
    }

    /// Empties the journal, so that it keeps the next 4096 calls; what was counted in bytes stays.
    pub fn forget_events(&self) {
        self.script.lock().events = 0;
    }

    /// Bytes of all reservations that were granted.
    pub fn reserved_bytes(&self) -> usize {
        self.script.lock().reserved_bytes
    }

    /// Bytes of all reservations that were released.
    pub fn released_bytes(&self) -> usize {
        self.script.lock().released_bytes
    }

    /// Makes a request of the inner source, unless the script wants it refused.
    fn request<T>(&self, ask: impl FnOnce(&S) -> Result<T, SourceError>) -> Result<T, SourceError> {
        // The lock is open again before the source is asked.
        let is_refused = self.script.lock().refusals.meet();
        if is_refused { Err(SourceError::Refused { os_error: OS_ERROR_SCRIPTED }) } else { ask(&self.source) }
    }

    fn write_down(&self, call: FixtureCall, address: usize, bytes: usize, refused: bool) {
        let mut script = self.script.lock();
        let index = script.events;
        if index < JOURNAL_LENGTH {
            script.journal[index] = FixtureEvent { call, address, bytes, refused };
        }
        script.events += 1;
        match call {
            FixtureCall::Reserve if !refused => script.reserved_bytes += bytes,
            FixtureCall::Release => script.released_bytes += bytes,
            _ => {}
        }
    }
}

// SAFETY: needs the trait's promises; the inner source keeps them, and this one only refuses more often.
unsafe impl<S: PageSource> PageSource for FixturePages<S> {
    fn geometry(&self) -> Geometry {
        self.source.geometry()
    }

    fn purged_reads_zero(&self) -> bool {
        self.source.purged_reads_zero()
    }

    fn reserve(&self, bytes: usize, align: usize) -> Result<NonNull<u8>, SourceError> {
        let result = self.request(|source| source.reserve(bytes, align));
        let address = result.map_or(0, |base| base.as_ptr().addr());
        self.write_down(FixtureCall::Reserve, address, bytes, result.is_err());
        result
    }

    unsafe fn commit(&self, base: NonNull<u8>, bytes: usize) -> Result<(), SourceError> {
        // SAFETY: the caller keeps the duties of `commit`, which are the same.
        let result = self.request(|source| unsafe { source.commit(base, bytes) });
        self.write_down(FixtureCall::Commit, base.as_ptr().addr(), bytes, result.is_err());
        result
    }

    unsafe fn decommit(&self, base: NonNull<u8>, bytes: usize) {
        self.write_down(FixtureCall::Decommit, base.as_ptr().addr(), bytes, false);
        // SAFETY: the caller keeps the duties of `decommit`, which are the same.
        unsafe { self.source.decommit(base, bytes) }
    }

    unsafe fn move_pages(&self, from: NonNull<u8>, to: NonNull<u8>, bytes: usize) -> bool {
        // SAFETY: the caller keeps the duties of `move_pages`, which are the same.
        unsafe { self.source.move_pages(from, to, bytes) }
    }

    unsafe fn populate(&self, base: NonNull<u8>, bytes: usize) -> Result<(), SourceError> {
        // SAFETY: the caller keeps the duties of `populate`, which are the same.
        let result = self.request(|source| unsafe { source.populate(base, bytes) });
        self.write_down(FixtureCall::Populate, base.as_ptr().addr(), bytes, result.is_err());
        result
    }

    unsafe fn lock(&self, base: NonNull<u8>, bytes: usize) -> Result<(), SourceError> {
        // SAFETY: the caller keeps the duties of `lock`, which are the same.
        let result = self.request(|source| unsafe { source.lock(base, bytes) });
        self.write_down(FixtureCall::Lock, base.as_ptr().addr(), bytes, result.is_err());
        result
    }

    unsafe fn unlock(&self, base: NonNull<u8>, bytes: usize) {
        self.write_down(FixtureCall::Unlock, base.as_ptr().addr(), bytes, false);
        // SAFETY: the caller keeps the duties of `unlock`, which are the same.
        unsafe { self.source.unlock(base, bytes) }
    }

    fn lock_bytes_max(&self) -> Option<usize> {
        self.source.lock_bytes_max()
    }

    unsafe fn release(&self, base: NonNull<u8>, bytes: usize) {
        self.write_down(FixtureCall::Release, base.as_ptr().addr(), bytes, false);
        // SAFETY: the caller keeps the duties of `release`, which are the same.
        unsafe { self.source.release(base, bytes) }
    }
}
