//! What salsa says it executed.

use rustc_hash::FxHashMap;
use salsa::IngredientIndex;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// Executions of queries, by name.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Recomputed(pub BTreeMap<String, usize>);

impl Recomputed {
    /// How often `query` was executed.
    pub fn of(&self, query: &str) -> usize {
        self.0.get(query).copied().unwrap_or(0)
    }
}

impl fmt::Display for Recomputed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("nothing");
        }
        for (index, (name, count)) in self.0.iter().enumerate() {
            write!(f, "{}{count} {name}", if index == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

/// How often each query was executed since this was last taken.
#[derive(Default)]
pub struct EventLog(Mutex<FxHashMap<IngredientIndex, usize>>);

impl EventLog {
    /// Keeps `event` if something is executed.
    pub fn note(&self, event: &salsa::Event) {
        if let salsa::EventKind::WillExecute { database_key } = event.kind {
            let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            *counts.entry(database_key.ingredient_index()).or_default() += 1;
        }
    }

    /// What was executed since this was last called.
    pub fn take(&self, db: &dyn salsa::Database) -> Recomputed {
        let counts = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let name = |index| db.ingredient_debug_name(index).into_owned();
        Recomputed(counts.into_iter().map(|(index, count)| (name(index), count)).collect())
    }
}
