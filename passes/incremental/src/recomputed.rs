//! What salsa says it executed.

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

/// The keys of executed queries, since they were last taken.
#[derive(Default)]
pub struct EventLog(Mutex<Vec<salsa::DatabaseKeyIndex>>);

impl EventLog {
    /// Keeps `event` if something is executed.
    pub fn note(&self, event: &salsa::Event) {
        if let salsa::EventKind::WillExecute { database_key } = event.kind {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(database_key);
        }
    }

    /// What was executed since this was last called.
    pub fn take(&self, db: &dyn salsa::Database) -> Recomputed {
        let keys = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let mut counts = BTreeMap::new();
        for key in keys {
            *counts.entry(db.ingredient_debug_name(key.ingredient_index()).into_owned()).or_default() += 1;
        }
        Recomputed(counts)
    }
}
