//! The backend a stress case runs on: pages with a journal and scripted refusals, one span cache a worker, and the counts of the case.

use std::cell::Cell;
use std::sync::{Mutex, PoisonError};

use compiler_alloc::arena::{ArenaMemory, CacheAccess};
use compiler_alloc::fault::Fault;
use compiler_alloc::page_source::FixturePages;
use compiler_alloc::span::{SpanBackend, SpanCache};

use super::window::WindowPages;

/// The page source of every case.
pub type Pages = FixturePages<WindowPages>;

/// Workers that a case may run at once, the calling thread included.
pub const WORKERS_MAX: usize = 8;

thread_local! {
    /// Which cache the thread uses: 0 for the thread that runs the case.
    static WORKER: Cell<usize> = const { Cell::new(0) };
}

/// Makes the calling thread worker `index` until it ends or says otherwise.
///
/// # Panics
/// When there is no such worker.
pub fn become_worker(index: usize) {
    assert!(index < WORKERS_MAX, "there are {WORKERS_MAX} workers");
    WORKER.set(index);
}

/// One span cache a worker over one backend: what threads have in a process, but on a backend of the case's own.
pub struct Workers {
    caches: [Mutex<SpanCache<'static, Pages>>; WORKERS_MAX],
}

impl Workers {
    /// Gives everything that worker `index` keeps back to the backend, as at the end of its thread.
    pub fn flush(&self, index: usize) {
        self.caches[index].lock().unwrap_or_else(PoisonError::into_inner).flush();
    }
}

// SAFETY: every cache must be over one and the same backend. `Bench::new` makes them all over the one it leaks.
unsafe impl CacheAccess for Workers {
    type Pages = Pages;

    fn with_cache<R>(&self, work: impl FnOnce(&mut SpanCache<'static, Pages>) -> R) -> R {
        work(&mut self.caches[WORKER.get()].lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn thread_token(&self) -> usize {
        WORKER.get() + 1
    }
}

/// What was taken back at a drain point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Drain {
    /// The drain point's name in the specification.
    pub drain_point: &'static str,
    /// Bytes that waited there at most.
    pub waiting_peak_bytes: usize,
    /// Bytes taken back.
    pub drained_bytes: usize,
    /// Bytes still waiting afterwards.
    pub left_bytes: usize,
}

/// A fresh backend and what a case did with it.
pub struct Bench {
    /// The backend.
    pub backend: &'static SpanBackend<Pages>,
    /// Its caches, as arena memory.
    pub workers: &'static Workers,
    /// Operations done.
    pub operations: u64,
    /// Operations refused.
    pub refused: u64,
    /// Walks of the validator, all of them without a finding.
    pub checks: u64,
    /// Codes raised, each once, in the order of first appearance.
    pub codes: Vec<&'static str>,
    /// Drain points that were measured.
    pub drains: Vec<Drain>,
    /// Bytes reserved and released on backends before the current one.
    earlier_bytes: (usize, usize),
}

impl Bench {
    /// A bench over a backend that has reserved nothing. The backend and the caches are leaked: arenas want `'static` memory.
    pub fn new() -> Self {
        let (backend, workers) = fresh();
        Self {
            backend,
            workers,
            operations: 0,
            refused: 0,
            checks: 0,
            codes: Vec::new(),
            drains: Vec::new(),
            earlier_bytes: (0, 0),
        }
    }

    /// Goes on with a new backend, for cases that need many. The bytes of the old one stay in the sums.
    pub fn renew(&mut self) {
        self.earlier_bytes = (self.reserved_bytes(), self.released_bytes());
        (self.backend, self.workers) = fresh();
    }

    /// The memory arenas of the case lie in.
    pub fn memory(&self) -> &'static dyn ArenaMemory {
        self.workers
    }

    /// The page source below.
    pub fn pages(&self) -> &'static Pages {
        self.backend.source()
    }

    /// Notes that an operation was refused, and by which code.
    pub fn note_refused(&mut self, fault: &Fault) {
        self.refused += 1;
        self.note_code(fault);
    }

    /// Notes that a code was raised.
    pub fn note_code(&mut self, fault: &Fault) {
        let name = fault.code.name();
        if !self.codes.contains(&name) {
            self.codes.push(name);
        }
    }

    /// Walks every structure of the backend.
    ///
    /// # Errors
    /// What does not hold.
    pub fn check(&mut self) -> Result<(), String> {
        self.backend.check().map_err(|error| format!("the validator: {error}"))?;
        self.checks += 1;
        Ok(())
    }

    /// Flushes every worker, as at the end of its thread, and notes what waited in its cache.
    pub fn end_threads(&mut self) {
        let before = self.backend.stats();
        for index in 0..WORKERS_MAX {
            self.workers.flush(index);
        }
        let after = self.backend.stats();
        let waiting = before.cached_bytes + before.tail_bytes;
        let left = after.cached_bytes + after.tail_bytes;
        self.drains.push(Drain {
            drain_point: "thread-exit",
            waiting_peak_bytes: waiting,
            drained_bytes: waiting - left,
            left_bytes: left,
        });
    }

    /// Ends all threads and shuts the backend down, which must find nothing alive.
    ///
    /// # Errors
    /// What was found alive, or does not hold.
    pub fn shut_down_clean(&mut self) -> Result<(), String> {
        self.end_threads();
        self.check()?;
        let report = self.backend.shutdown();
        if let Some(leak) = report.leak() {
            self.note_code(&leak);
            return Err(format!("alive at shutdown: {leak}"));
        }
        if report.cached_bytes != 0 {
            return Err(format!("{} bytes still in caches at shutdown", report.cached_bytes));
        }
        self.check()
    }

    /// Adds bytes that the case reserved and released elsewhere than in its backend.
    pub fn count_bytes(&mut self, reserved: usize, released: usize) {
        self.earlier_bytes.0 += reserved;
        self.earlier_bytes.1 += released;
    }

    /// Bytes asked from the page source, by its journal.
    pub fn reserved_bytes(&self) -> usize {
        self.earlier_bytes.0 + self.pages().reserved_bytes()
    }

    /// Bytes given back to it.
    pub fn released_bytes(&self) -> usize {
        self.earlier_bytes.1 + self.pages().released_bytes()
    }
}

fn fresh() -> (&'static SpanBackend<Pages>, &'static Workers) {
    let backend: &'static SpanBackend<Pages> =
        Box::leak(Box::new(SpanBackend::new(FixturePages::new(WindowPages::new()))));
    let caches = std::array::from_fn(|_| Mutex::new(SpanCache::new(backend)));
    (backend, Box::leak(Box::new(Workers { caches })))
}

/// Fails a case with a sentence when something does not hold.
///
/// # Errors
/// The sentence.
pub fn ensure(holds: bool, sentence: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(sentence()) }
}
