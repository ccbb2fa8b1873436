//! Many units at once: rayon's threads, one worker each, the largest units first.

use crate::memory::{Memory, PassAccount};
use crate::session::{Session, UnitMemory, Worker};
use std::cmp::Reverse;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

/// Threads and their memory, kept from one session to the next: what a compile server holds.
pub struct Workers<M: Memory> {
    /// None for one thread: the caller's.
    threads: Option<rayon::ThreadPool>,
    /// A slot a thread; empty while the thread works, and after a panic.
    memory: Vec<Mutex<Option<UnitMemory<M>>>>,
}

impl<M: Memory> Workers<M> {
    /// Starts `threads` threads (0: as many as there are processors); a single one is the calling thread.
    ///
    /// # Panics
    /// If they cannot be started.
    pub fn new(threads: usize) -> Self {
        let threads = (threads != 1).then(|| {
            let threads =
                rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(STACK_BYTES).build();
            threads.expect("threads can be started")
        });
        let count = threads.as_ref().map_or(1, rayon::ThreadPool::current_num_threads);
        Self { threads, memory: (0..count).map(|_| Mutex::new(None)).collect() }
    }

    /// Runs `run` on every unit, and returns the results in the units' order. The threads' own memory stays warm.
    ///
    /// Every thread has one [`Worker`] of the session over `pass`; it asks for the next unit when it is done with one. Several threads
    /// begin with the unit of which `cost` says most and end with the smallest, so that none works alone for long at the end; one
    /// thread keeps the units' order.
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
        let mut order: Vec<usize> = (0..units.len()).collect();
        if self.threads.is_some() {
            order.sort_by_cached_key(|&index| Reverse(cost(&units[index])));
        }
        let next = AtomicUsize::new(0);
        let work = |thread: usize| {
            let slot = &self.memory[thread];
            let kept = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
            let mut worker = Worker::with_memory(pass, kept.unwrap_or_default());
            while let Some(&index) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                let filled = results[index].set(run(&mut worker, session, &units[index]));
                debug_assert!(filled.is_ok(), "each unit is run once");
            }
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(worker.into_memory());
        };
        match &self.threads {
            Some(threads) if units.len() > 1 => {
                threads.broadcast(|thread| work(thread.index()));
            }
            _ => work(0),
        }
        results.into_iter().map(|slot| slot.into_inner().expect("every unit was run")).collect()
    }

    /// What the passes [`meter::PREPROCESS`](crate::meter::PREPROCESS), [`meter::PARSE`](crate::meter::PARSE) and
    /// [`meter::CHECK`](crate::meter::CHECK) did with the threads' own memory since this was last asked, all threads together: a run is a
    /// unit, and peaks are the sums of the threads'.
    pub fn take_accounts(&mut self) -> [PassAccount; 3] {
        let mut sums = [PassAccount::default(); 3];
        for slot in &mut self.memory {
            let Some(memory) = slot.get_mut().unwrap_or_else(PoisonError::into_inner) else { continue };
            for (sum, account) in sums.iter_mut().zip(memory.take_accounts()) {
                add(sum, &account);
            }
        }
        sums
    }
}

fn add(sum: &mut PassAccount, account: &PassAccount) {
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
