//! Sessions: what a compiler run allocates, by pass. The one file of this tower that belongs to the std layer.
//!
//! ```text
//!   Session ── owns the memory and the accounts, stays warm between rounds; ending it trims
//!     Round<'s> ── one compilation: what its passes retain (`out`) lives until the round ends
//!       Pass<'p, 's> ── one pass over it: its scratch memory is gone when the pass ends
//!         Worker<'p, 's> ── one thread's share of the pass: a scratch arena and an out arena of its own
//! ```
//!
//! Each level is a closure's argument, so forgetting one can leak but never leave a dangling reference, and the
//! borrow checker keeps scratch out of what is retained. The end of a pass is a drain point, and so is
//! [`Round::safepoint`].

use super::memory::ArenaMemory;
use super::pool::{ArenaPool, PoolGuard, PoolUse};
use super::raw::{Budget, RawArena, ResetMode, raise};
use super::scope::{self, InnerScope, Scope};
use super::sealed::{Family, Sealed};
use crate::fault::Fault;
use crate::sync::{AtomicUsize, Ordering, const_fn};
use core::fmt;
use core::marker::PhantomData;
use core::ptr::NonNull;
use std::vec::Vec;

/// Idle memory that ending a session leaves to the process, in bytes.
pub const SESSION_IDLE_BYTES: usize = 1 << 20;

/// What one named pass did with memory, summed over all its runs in a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct PassAccount {
    /// The pass's name.
    pub name: &'static str,
    /// How often it ran.
    pub runs: u64,
    /// Bytes that it retained in `out`, in all runs together.
    pub out_used_bytes: u64,
    /// Bytes that it sealed, in all runs together.
    pub sealed_used_bytes: u64,
    /// Memory that the sealed results hold, in bytes.
    pub sealed_reserved_bytes: u64,
    /// The highest sum of its workers' scratch use, each worker's at its own highest, in the run where that was
    /// most. Bytes.
    pub scratch_peak_bytes: u64,
    /// The most memory that the session's arenas held at the end of one of its runs, in bytes.
    pub reserved_peak_bytes: u64,
    /// Chunks that its arenas began whose memory had been in use before.
    pub chunks_warm: u64,
    /// Chunks that its arenas began whose memory had to be touched for the first time.
    pub chunks_cold: u64,
    /// Inner boundaries that it reported: scratch scopes of its workers, and calls of [`Pass::boundary`].
    pub boundaries: u64,
    /// The budget of its last run in bytes, or `u64::MAX`.
    pub budget_bytes: u64,
}

impl PassAccount {
    const fn new(name: &'static str) -> Self {
        Self {
            name,
            runs: 0,
            out_used_bytes: 0,
            sealed_used_bytes: 0,
            sealed_reserved_bytes: 0,
            scratch_peak_bytes: 0,
            reserved_peak_bytes: 0,
            chunks_warm: 0,
            chunks_cold: 0,
            boundaries: 0,
            budget_bytes: u64::MAX,
        }
    }
}

/// The memory of a compiler, and the accounts of its passes.
///
/// ```
/// use compiler_alloc::Session;
/// let source = "a bb ccc";
/// let mut session = Session::new();
/// let longest = session.round(|round| {
///     let words: &[&str] = round.pass("lex", |pass| {
///         let mut worker = pass.worker();
///         let words = worker.scope(|scratch, out| {
///             let ends = scratch.alloc_slice_copy(&[1, 4, 8]);
///             let mut from = 0;
///             out.alloc_slice_fill_iter(ends.iter().map(|end| { let word = &source[from..*end]; from = end + 1; word }))
///         });
///         &*words
///     });
///     round.pass("measure", |_| words.iter().map(|word| word.len()).max())
/// });
/// assert_eq!(longest, Some(3));
/// let lex = session.accounts()[0];
/// assert_eq!((lex.name, lex.runs, lex.boundaries), ("lex", 1, 1));
/// assert_eq!(lex.out_used_bytes, 48);
/// ```
pub struct Session {
    out: ArenaPool,
    scratch: ArenaPool,
    accounts: Vec<PassAccount>,
    memory: &'static dyn ArenaMemory,
}

impl Session {
    const_fn! {
        /// A session over `memory`. Takes nothing until a pass allocates.
        pub const fn new_in(memory: &'static dyn ArenaMemory) -> Self {
            Self {
                out: ArenaPool::new_in(memory),
                scratch: ArenaPool::new_in(memory),
                accounts: Vec::new(),
                memory,
            }
        }
    }

    /// Runs one compilation. What its passes retain lives until `f` returns; then the memory is emptied and stays
    /// warm for the next round.
    ///
    /// # Panics
    ///
    /// Goes on with a panic of `f`.
    pub fn round<'env, O>(&mut self, f: impl for<'s> FnOnce(&mut Round<'s, 'env>) -> O) -> O {
        /// Empties the retained memory, also when `f` panics.
        struct Empty<'a>(&'a mut Session);
        impl Drop for Empty<'_> {
            fn drop(&mut self) {
                self.0.out.reset();
            }
        }
        let session = Empty(self);
        let Session { out, scratch, accounts, memory } = &mut *session.0;
        f(&mut Round {
            out,
            scratch,
            accounts,
            memory: *memory,
            brand: PhantomData,
            outlived_by: PhantomData,
        })
    }

    /// The accounts of all passes so far, in the order of their first run.
    pub fn accounts(&self) -> &[PassAccount] {
        &self.accounts
    }

    /// Forgets the accounts.
    pub fn clear_accounts(&mut self) {
        self.accounts.clear();
    }

    /// Bytes of memory that the session holds, used or not.
    pub fn reserved_bytes(&mut self) -> usize {
        self.out.reserved_bytes() + self.scratch.reserved_bytes()
    }

    /// Gives memory back as `mode` says, without ending the session.
    pub fn reset_with(&mut self, mode: ResetMode) {
        self.out.reset_with(mode);
        self.scratch.reset_with(mode);
    }
}

impl Drop for Session {
    /// Gives all memory back and trims idle memory to [`SESSION_IDLE_BYTES`].
    fn drop(&mut self) {
        self.reset_with(ResetMode::Release);
        self.memory.trim(SESSION_IDLE_BYTES);
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("accounts", &self.accounts).finish_non_exhaustive()
    }
}

/// One compilation in a session. What its passes retain lives for `'s`, until the round ends; data that outlives
/// `'env` may be referred to.
pub struct Round<'s, 'env: 's> {
    out: &'s ArenaPool,
    scratch: &'s mut ArenaPool,
    accounts: &'s mut Vec<PassAccount>,
    memory: &'static dyn ArenaMemory,
    /// Invariant in both: neither lifetime can be exchanged for another.
    brand: PhantomData<fn(&'s ()) -> &'s ()>,
    outlived_by: PhantomData<&'s mut &'env ()>,
}

impl<'s> Round<'s, '_> {
    /// Runs a named pass. Its scratch memory is empty and warm again when it returns or panics; what it put into
    /// `out` stays.
    ///
    /// # Panics
    ///
    /// Goes on with a panic of `f`.
    pub fn pass<O>(&mut self, name: &'static str, f: impl for<'p> FnOnce(&Pass<'p, 's>) -> O) -> O {
        self.run(name, None, f)
    }

    /// Runs a named pass whose workers together may use at most `budget` bytes, scratch and out; beyond it requests
    /// fail with `ALLOCATOR_EXHAUSTION` and the pass's name. Each arena draws on the budget ahead of need, a
    /// sixteenth of what is left and at most 32 KiB; so with several workers a request can fail while others have
    /// bytes drawn and not used. Scratch memory that was rewound counts once.
    ///
    /// # Panics
    ///
    /// Goes on with a panic of `f`.
    pub fn pass_within<O>(
        &mut self,
        name: &'static str,
        budget: usize,
        f: impl for<'p> FnOnce(&Pass<'p, 's>) -> O,
    ) -> O {
        self.run(name, Some(budget), f)
    }

    /// A drain point: no pass is running, so what the calling thread keeps for its next pieces goes to all threads.
    pub fn safepoint(&mut self) {
        self.memory.safepoint();
    }

    /// The accounts of all passes so far, in the order of their first run.
    pub fn accounts(&self) -> &[PassAccount] {
        self.accounts
    }

    fn run<O>(
        &mut self,
        name: &'static str,
        budget: Option<usize>,
        f: impl for<'p> FnOnce(&Pass<'p, 's>) -> O,
    ) -> O {
        /// Settles the account, also when the pass panics.
        struct Settle<'r, 's, 'env>(&'r mut Round<'s, 'env>, usize, PoolUse, &'r Tally);
        impl Drop for Settle<'_, '_, '_> {
            fn drop(&mut self) {
                let Self(round, index, before, tally) = self;
                round.settle(*index, before, tally);
            }
        }
        let index = self.account(name);
        let budget = budget.map(|bytes| Budget::new(name, bytes));
        let tally = Tally::default();
        self.accounts[index].budget_bytes = budget.as_ref().map_or(u64::MAX, |budget| budget.bytes as u64);
        // SAFETY: the budget must stay valid until it is replaced; `settle` replaces it when the pass ends, before
        // `budget` is dropped. No pass is running, so no worker uses the arenas.
        unsafe { self.out.set_budget(budget.as_ref().map(NonNull::from)) };
        // SAFETY: as above.
        unsafe { self.scratch.set_budget(budget.as_ref().map(NonNull::from)) };
        // SAFETY: no worker may use the arenas; no pass is running.
        let before = unsafe { self.out.take_use() };
        // SAFETY: as above.
        unsafe { self.scratch.take_use() };
        let settle = Settle(self, index, before, &tally);
        let round = &*settle.0;
        let pass = Pass {
            out: round.out,
            scratch: round.scratch,
            memory: round.memory,
            tally: &tally,
            brand: PhantomData,
        };
        f(&pass)
    }

    /// The pass's account: the one with its name, or a new one.
    fn account(&mut self, name: &'static str) -> usize {
        self.accounts.iter().position(|account| account.name == name).unwrap_or_else(|| {
            self.accounts.push(PassAccount::new(name));
            self.accounts.len() - 1
        })
    }

    /// Ends a pass: lifts its budget, books what it did and empties its scratch memory.
    fn settle(&mut self, index: usize, before: &PoolUse, tally: &Tally) {
        // SAFETY: no worker may use the arenas; workers cannot outlive the pass's lifetime, which has ended.
        let out = unsafe { self.out.take_use() };
        // SAFETY: as above.
        let scratch = unsafe { self.scratch.take_use() };
        // SAFETY: as above; without a budget nothing must stay valid.
        unsafe { self.out.set_budget(None) };
        // SAFETY: as above.
        unsafe { self.scratch.set_budget(None) };
        let account = &mut self.accounts[index];
        account.runs += 1;
        account.out_used_bytes += (out.used_bytes - before.used_bytes) as u64;
        account.sealed_used_bytes += tally.sealed_used_bytes.load(Ordering::Relaxed) as u64;
        account.sealed_reserved_bytes += tally.sealed_reserved_bytes.load(Ordering::Relaxed) as u64;
        account.scratch_peak_bytes = account.scratch_peak_bytes.max(scratch.peak_bytes as u64);
        account.reserved_peak_bytes =
            account.reserved_peak_bytes.max((out.reserved_bytes + scratch.reserved_bytes) as u64);
        account.chunks_warm += out.counts.warm + scratch.counts.warm;
        account.chunks_cold += out.counts.cold + scratch.counts.cold;
        account.boundaries += tally.boundaries.load(Ordering::Relaxed) as u64;
        self.scratch.reset();
    }
}

/// What workers report while a pass runs.
#[derive(Default)]
struct Tally {
    boundaries: AtomicUsize,
    sealed_used_bytes: AtomicUsize,
    sealed_reserved_bytes: AtomicUsize,
}

/// One pass of a round. `Sync`: share it with the threads that work on it, each of which asks for a
/// [`worker`](Self::worker).
pub struct Pass<'p, 's: 'p> {
    out: &'s ArenaPool,
    scratch: &'p ArenaPool,
    memory: &'static dyn ArenaMemory,
    tally: &'p Tally,
    brand: PhantomData<fn(&'p ()) -> &'p ()>,
}

impl<'p, 's> Pass<'p, 's> {
    /// The calling thread's share: a scratch arena and an out arena that nobody else uses until it is dropped. With
    /// rayon:
    /// `map_init(|| pass.worker(), |worker, item| ..)`.
    ///
    /// # Panics
    ///
    /// If there is no memory for a new arena.
    pub fn worker(&self) -> Worker<'p, 's> {
        match self.try_worker() {
            Ok(worker) => worker,
            Err(fault) => raise(&fault),
        }
    }

    /// The calling thread's share; see [`worker`](Self::worker).
    ///
    /// # Errors
    ///
    /// A fault if there is no memory for a new arena.
    pub fn try_worker(&self) -> Result<Worker<'p, 's>, Fault> {
        let (scratch, out) = (self.scratch.try_get()?, self.out.try_get()?);
        Ok(Worker { scratch, out, boundaries: 0, tally: self.tally })
    }

    /// Builds a sealed result on this session's memory and books it on the pass.
    ///
    /// # Panics
    ///
    /// If memory is exhausted, or with `f`; then nothing is left behind.
    pub fn seal<R: Family>(&self, f: impl for<'a> FnOnce(&mut Scope<'a>) -> R::Of<'a>) -> Sealed<R>
    where
        for<'z> R::Of<'z>: Send + Sync,
    {
        let sealed = Sealed::<R>::build_in(self.memory, f);
        // Relaxed: the sums are read after the threads of the pass have been joined.
        self.tally.sealed_used_bytes.fetch_add(sealed.heap_size().used, Ordering::Relaxed);
        self.tally.sealed_reserved_bytes.fetch_add(sealed.heap_size().reserved, Ordering::Relaxed);
        sealed
    }

    /// Notes an inner boundary, for instance the end of a function. Only counts.
    #[inline]
    pub fn boundary(&self) {
        self.tally.boundaries.fetch_add(1, Ordering::Relaxed);
    }
}

/// One thread's share of a pass. Neither `Send` nor `Sync`.
pub struct Worker<'p, 's> {
    scratch: PoolGuard<'p>,
    out: PoolGuard<'s>,
    /// Scratch scopes so far; booked when the worker is dropped, so that a scope needs no locked operation.
    boundaries: usize,
    tally: &'p Tally,
}

impl<'p, 's> Worker<'p, 's> {
    /// Memory that is gone when the pass ends.
    #[inline(always)]
    pub fn scratch(&self) -> &Scope<'p> {
        &self.scratch
    }

    /// Memory that lives until the round ends: for what the pass retains.
    #[inline(always)]
    pub fn out(&self) -> &Scope<'s> {
        &self.out
    }

    /// Runs `f` with a scratch scope that ends with it, and with `out`. Counts as an inner boundary.
    ///
    /// # Panics
    ///
    /// Goes on with a panic of `f` or of a registered destructor.
    pub fn scope<'env, O>(
        &mut self,
        f: impl for<'i> FnOnce(&mut InnerScope<'i, 'env>, &Scope<'s>) -> O,
    ) -> O {
        let (mut scratch, out) = self.split();
        scratch.scope(|scratch| f(scratch, out))
    }

    /// The two memories apart: for code that holds on to `out` while many scratch scopes come and go.
    #[inline]
    pub fn split(&mut self) -> (Scratch<'_>, &Scope<'s>) {
        (Scratch { arena: self.scratch.arena_mut(), boundaries: &mut self.boundaries }, &self.out)
    }
}

impl Drop for Worker<'_, '_> {
    fn drop(&mut self) {
        // Relaxed: the sum is read after the threads of the pass have been joined.
        self.tally.boundaries.fetch_add(self.boundaries, Ordering::Relaxed);
    }
}

/// The scratch memory of a [`Worker`], by scopes only.
pub struct Scratch<'w> {
    arena: &'w mut RawArena,
    boundaries: &'w mut usize,
}

impl Scratch<'_> {
    /// Runs `f` with a scratch scope that ends with it. Counts as an inner boundary.
    ///
    /// # Panics
    ///
    /// Goes on with a panic of `f` or of a registered destructor.
    #[inline]
    pub fn scope<'env, O>(&mut self, f: impl for<'i> FnOnce(&mut InnerScope<'i, 'env>) -> O) -> O {
        *self.boundaries += 1;
        scope::enter(self.arena, f)
    }
}
