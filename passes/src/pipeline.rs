//! Many units at once: rayon's threads, one worker each, units handed out in order.

use crate::memory::Memory;
use crate::session::{Session, Worker, WorkerMemory};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

/// Runs `run` on every unit with `threads` threads (0: as many as there are processors), and returns the results in the
/// units' order.
///
/// Every thread has one [`Worker`]; it asks for the next unit when it is done with one.
///
/// # Panics
/// If the threads cannot be started, or `run` panics.
pub fn run_units<'p, M, U, R, F>(session: &Session<'p, M>, units: &[U], threads: usize, run: F) -> Vec<R>
where
    M: Memory,
    U: Sync,
    R: Send + Sync,
    F: Fn(&mut Worker<'p, M>, &Session<'p, M>, &U) -> R + Sync,
    M::Pool: Sync,
{
    if units.len() == 1 || threads == 1 {
        let mut worker = session.worker();
        return units.iter().map(|unit| run(&mut worker, session, unit)).collect();
    }
    Workers::new(threads).run_units(session, units, run)
}

/// Threads and their memory, kept from one session to the next: what a compile server holds.
pub struct Workers<M: Memory> {
    threads: rayon::ThreadPool,
    /// A slot a thread; empty while the thread works, and after a panic.
    memory: Vec<Mutex<Option<WorkerMemory<M>>>>,
}

impl<M: Memory> Workers<M> {
    /// Starts `threads` threads (0: as many as there are processors).
    ///
    /// # Panics
    /// If they cannot be started.
    pub fn new(threads: usize) -> Self {
        let threads = rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(STACK_BYTES).build();
        let threads = threads.expect("threads can be started");
        let memory = (0..threads.current_num_threads()).map(|_| Mutex::new(None)).collect();
        Self { threads, memory }
    }

    /// Runs `run` on every unit, and returns the results in the units' order. The threads' own memory stays warm.
    ///
    /// # Panics
    /// If `run` panics.
    pub fn run_units<'p, U, R, F>(&self, session: &Session<'p, M>, units: &[U], run: F) -> Vec<R>
    where
        U: Sync,
        R: Send + Sync,
        F: Fn(&mut Worker<'p, M>, &Session<'p, M>, &U) -> R + Sync,
        M::Pool: Sync,
    {
        let results: Vec<OnceLock<R>> = units.iter().map(|_| OnceLock::new()).collect();
        let next = AtomicUsize::new(0);
        self.threads.broadcast(|thread| {
            let slot = &self.memory[thread.index()];
            let kept = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
            let mut worker = session.worker_with(kept.unwrap_or_default());
            while let Some((unit, result)) = {
                let index = next.fetch_add(1, Ordering::Relaxed);
                units.get(index).zip(results.get(index))
            } {
                let filled = result.set(run(&mut worker, session, unit));
                debug_assert!(filled.is_ok(), "each unit is run once");
            }
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(worker.into_memory());
        });
        results.into_iter().map(|slot| slot.into_inner().expect("every unit was run")).collect()
    }
}

/// The stack of a thread; the limits on nesting are chosen for half of it.
pub const STACK_BYTES: usize = 8 << 20;
