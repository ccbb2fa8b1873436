//! Many units at once: rayon's threads, one worker each, units handed out in order.

use crate::memory::Memory;
use crate::session::{Session, Worker};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

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
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(STACK_BYTES).build();
    let pool = pool.expect("threads can be started");
    let results: Vec<OnceLock<R>> = units.iter().map(|_| OnceLock::new()).collect();
    let next = AtomicUsize::new(0);
    pool.broadcast(|_| {
        let mut worker = session.worker();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(unit) = units.get(index) else { return };
            let filled = results[index].set(run(&mut worker, session, unit));
            debug_assert!(filled.is_ok(), "each unit is run once");
        }
    });
    results.into_iter().map(|slot| slot.into_inner().expect("every unit was run")).collect()
}

/// The stack of a thread; the limits on nesting are chosen for half of it.
pub const STACK_BYTES: usize = 8 << 20;
