//! Memory that queries work in: lent to one at a time, and warm for the next.

use compiler_alloc::Session;
use passes::memory::arenas::ArenaMemory;
use passes::session::UnitMemory;
use std::sync::{Mutex, PoisonError};

/// What one thread needs to lex a file or check a unit.
#[derive(Default)]
pub struct Warm {
    /// For what the unit's files are copied to, and for lexing.
    pub files: Session,
    /// For the unit, while nobody uses it. Not a new one meanwhile: a session that ends gives idle memory of the process back.
    pub unit: Option<UnitMemory<ArenaMemory>>,
}

/// As much as was ever used at the same time.
#[derive(Default)]
pub struct WarmPool(Mutex<Vec<Warm>>);

impl WarmPool {
    /// Runs `work` with memory that nobody else uses. If it panics, the memory is given back to the process.
    pub fn with<O>(&self, work: impl FnOnce(&mut Warm) -> O) -> O {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut warm = kept.unwrap_or_default();
        let result = work(&mut warm);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(warm);
        result
    }
}
