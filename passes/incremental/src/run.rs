//! All units at once: a thread each, until there are no more.

use crate::database::Database;
use crate::inputs::Unit;
use crate::queries::{diagnostics, summary};
use passes::diagnostics::Diagnostic;
use passes::pipeline::STACK_BYTES;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use salsa::Cancelled;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

/// Threads that check units.
pub struct Runner {
    threads: rayon::ThreadPool,
}

/// What is known of a unit after a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnitResult {
    /// The unit.
    pub unit: Unit,
    /// What was found in it.
    pub diagnostics: Arc<[Diagnostic]>,
}

impl Runner {
    /// Starts `threads` threads; 0 is one a processor.
    ///
    /// # Panics
    /// If they cannot be started.
    pub fn new(threads: usize) -> Self {
        let builder = rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(STACK_BYTES);
        Self { threads: builder.build().expect("threads can be started") }
    }

    /// Brings findings and summary of every unit up to date. The trees of those that were checked last wait for whoever asks for them.
    /// Results are in the order of `units`.
    ///
    /// # Errors
    /// The database is about to change; what was computed until then is kept.
    pub fn run(&self, db: Database, units: &[Unit]) -> Result<Vec<UnitResult>, Cancelled> {
        let run = |db: &mut Database, unit: Unit| {
            // Queries are built to be left at any point.
            Cancelled::catch(AssertUnwindSafe(|| {
                let diagnostics = diagnostics(db, unit).clone();
                summary(db, unit);
                UnitResult { unit, diagnostics }
            }))
        };
        self.threads.install(|| units.par_iter().map_with(db, |db, &unit| run(db, unit)).collect())
    }
}
