//! Many units at once: rayon's threads, one worker each, the largest units first.

use crate::memory::{Memory, PassAccount};
use crate::session::{Session, UnitMemory, Worker};
use std::cmp::Reverse;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// Threads and their memory, kept from one session to the next: what a compile server holds.
pub struct Workers<M: Memory>(Arc<Team<M>>);

/// What [`Workers`] are.
pub(crate) struct Team<M: Memory> {
    /// None for one thread: the caller's.
    threads: Option<rayon::ThreadPool>,
    /// The memory of threads that do not work.
    idle_memory: Mutex<Vec<UnitMemory<M>>>,
    helped_from_bytes: u64,
    /// Calls of [`Workers::run_units`] that have not returned.
    runs: AtomicUsize,
}

/// A call of [`Workers::run_units`], until it returns.
struct Run<'t>(&'t AtomicUsize);

impl Drop for Run<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A main file of this length is worth two threads, unless another length is asked for: the shortest that gain a tenth of their time.
pub const HELPED_FROM_BYTES: u64 = 32 << 10;

impl<M: Memory> Workers<M> {
    /// Starts `threads` threads (0: as many as there are processors); a single one is the calling thread.
    ///
    /// # Panics
    /// If they cannot be started.
    pub fn new(threads: usize) -> Self {
        Self::helping_from(HELPED_FROM_BYTES, threads)
    }

    /// The same; two threads work on a unit whose main file has `bytes` or more, if there are more threads than units.
    ///
    /// # Panics
    /// If they cannot be started.
    pub fn helping_from(bytes: u64, threads: usize) -> Self {
        let threads = (threads != 1).then(|| {
            let threads =
                rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(STACK_BYTES).build();
            threads.expect("threads can be started")
        });
        Self(Arc::new(Team {
            threads,
            idle_memory: Mutex::new(Vec::new()),
            helped_from_bytes: bytes,
            runs: AtomicUsize::new(0),
        }))
    }

    /// Runs `run` on every unit, and returns the results in the units' order. The threads' own memory stays warm.
    ///
    /// Every thread has one [`Worker`] of the session over `pass`; it asks for the next unit when it is done with one. Several threads
    /// begin with the unit of which `cost` says most and end with the smallest, so that none works alone for long at the end; one
    /// thread keeps the units' order. Threads for which there is no unit help with the units that come first, see [`Worker::check`], unless
    /// another call was at work when this one began.
    ///
    /// # Panics
    /// If `run` panics.
    pub fn run_units<'l, 'p: 'l, U, R, F>(
        &self,
        pass: &M::Pass<'l, 'p>,
        session: &Session<'p, M>,
        units: &[U],
        cost: impl Fn(&U) -> u64,
        run: F,
    ) -> Vec<R>
    where
        U: Sync,
        R: Send + Sync,
        F: Fn(&mut Worker<'l, 'p, M>, &Session<'p, M>, &U) -> R + Sync,
    {
        let results: Vec<OnceLock<R>> = units.iter().map(|_| OnceLock::new()).collect();
        let team = &self.0;
        let mut order: Vec<usize> = (0..units.len()).collect();
        if team.threads.is_some() {
            order.sort_by_cached_key(|&index| Reverse(cost(&units[index])));
        }
        let threads = team.threads.as_ref().map_or(1, rayon::ThreadPool::current_num_threads);
        // Whoever is helped waits for a thread, and it comes only if those that are busy do not wait for one, too: so one call at most is
        // helped, and every other ends by itself.
        let is_alone = team.runs.fetch_add(1, Ordering::Relaxed) == 0;
        let _run = Run(&team.runs);
        let helped = if is_alone { threads.saturating_sub(units.len()) } else { 0 };
        let next = AtomicUsize::new(0);
        let work = || {
            let mut taken = next.fetch_add(1, Ordering::Relaxed);
            if taken >= order.len() {
                return;
            }
            let mut worker = Worker::with_memory(pass, team.take_memory());
            while let Some(&index) = order.get(taken) {
                worker.set_team((taken < helped).then(|| team.clone()));
                let filled = results[index].set(run(&mut worker, session, &units[index]));
                debug_assert!(filled.is_ok(), "each unit is run once");
                taken = next.fetch_add(1, Ordering::Relaxed);
            }
            team.memory().push(worker.into_memory());
        };
        match &team.threads {
            Some(threads) if units.len() > 1 || helped > 0 => {
                threads.broadcast(|_| work());
            }
            _ => work(),
        }
        results.into_iter().map(|slot| slot.into_inner().expect("every unit was run")).collect()
    }

    /// What the passes [`meter::PREPROCESS`](crate::meter::PREPROCESS), [`meter::PARSE`](crate::meter::PARSE) and
    /// [`meter::CHECK`](crate::meter::CHECK) did with the threads' own memory since this was last asked, all threads together: a run is a
    /// unit, and peaks are the sums of the threads'.
    pub fn take_accounts(&mut self) -> [PassAccount; 3] {
        let mut sums = [PassAccount::default(); 3];
        for memory in self.0.memory().iter_mut() {
            for (sum, account) in sums.iter_mut().zip(memory.take_accounts()) {
                add(sum, &account);
            }
        }
        sums
    }
}

impl<M: Memory> Team<M> {
    /// Whether a main file of `bytes` is worth two threads. One of no length never is: a pipe, say, could not be read again.
    pub fn helps_with(&self, bytes: u64) -> bool {
        bytes >= self.helped_from_bytes.max(1)
    }

    /// Runs `other` on a thread that is idle, or will be, with memory of its own, and `this` on the calling one.
    pub fn beside(&self, other: impl FnOnce(&mut UnitMemory<M>) + Send, this: impl FnOnce()) {
        let threads = self.threads.as_ref().expect("a team whose threads may be idle has some");
        threads.in_place_scope(|scope| {
            scope.spawn(|_| {
                let mut memory = self.take_memory();
                other(&mut memory);
                self.memory().push(memory);
            });
            this();
        });
    }

    /// Memory that nobody works with.
    fn take_memory(&self) -> UnitMemory<M> {
        self.memory().pop().unwrap_or_default()
    }

    fn memory(&self) -> MutexGuard<'_, Vec<UnitMemory<M>>> {
        self.idle_memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn add(sum: &mut PassAccount, account: &PassAccount) {
    // A thread that only helped, or was helped, has not run every pass.
    if account.runs == 0 {
        return;
    }
    sum.name = account.name;
    sum.runs += account.runs;
    sum.out_used_bytes += account.out_used_bytes;
    sum.scratch_peak_bytes += account.scratch_peak_bytes;
    sum.reserved_peak_bytes += account.reserved_peak_bytes;
    sum.chunks_warm += account.chunks_warm;
    sum.chunks_cold += account.chunks_cold;
    sum.boundaries += account.boundaries;
}

/// The stack of a thread; the limits on nesting are chosen for half of it.
pub const STACK_BYTES: usize = 8 << 20;
