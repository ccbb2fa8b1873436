//! What the results hold, as salsa counts them.

use crate::database::{Database, Db};
use compiler_alloc::arena::HeapSize;
use passes::files::{FileError, LentFile};
use passes::sealed::SealedTree;
use std::cell::Cell;
use std::fmt;

/// Results of one query, or what [`WAITING`] names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QueryMemory {
    /// The query's name.
    pub name: String,
    /// Results that are kept.
    pub count: usize,
    /// Bytes of salsa's own records and of the values in them.
    pub records: usize,
    /// What the values hold beside that, if they are sealed results.
    pub sealed: HeapSize,
}

/// What a database holds.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct MemoryReport {
    /// Sorted by name.
    pub queries: Vec<QueryMemory>,
}

/// The name of the row of trees that nobody asked for yet; salsa knows nothing of them.
pub const WAITING: &str = "trees that wait";

thread_local! {
    // Salsa's report has one number for what a value holds, which is what is reserved; what of it is used adds up here while salsa asks.
    static USED: [Cell<usize>; 2] = const { [Cell::new(0), Cell::new(0)] };
}

const FILES: usize = 0;
const TREES: usize = 1;

fn count(kind: usize, size: HeapSize) -> usize {
    USED.with(|used| used[kind].set(used[kind].get() + size.used));
    size.reserved
}

/// For salsa: what tokens hold.
pub(crate) fn file_bytes(file: &Result<LentFile, FileError>) -> usize {
    file.as_ref().map_or(0, |lent| count(FILES, lent.file.heap_size()))
}

/// For salsa: what a tree holds.
pub(crate) fn tree_bytes(tree: &SealedTree) -> usize {
    count(TREES, tree.heap_size())
}

impl MemoryReport {
    /// What `db` holds now. Cancels and waits for queries of its clones.
    pub fn of(db: &mut Database) -> Self {
        USED.with(|used| used.each_ref().map(|used| used.set(0)));
        let usage = <dyn salsa::Database>::memory_usage(db);
        let [files, trees] = USED.with(|used| used.each_ref().map(Cell::get));
        let mut queries: Vec<QueryMemory> = usage
            .queries
            .iter()
            .map(|(name, facts)| QueryMemory {
                name: (*name).to_owned(),
                count: facts.count(),
                records: facts.size_of_metadata() + facts.size_of_fields(),
                sealed: HeapSize {
                    used: match *name {
                        "tokens" => files,
                        "sealed_tree" => trees,
                        _ => 0,
                    },
                    reserved: facts.heap_size_of_fields().unwrap_or(0),
                },
            })
            .collect();
        let (count, sealed) = db.trees().held();
        queries.push(QueryMemory { name: WAITING.to_owned(), count, records: 0, sealed });
        queries.sort_by(|a, b| a.name.cmp(&b.name));
        Self { queries }
    }

    /// The part of query `name`.
    pub fn query(&self, name: &str) -> Option<&QueryMemory> {
        self.queries.iter().find(|query| query.name == name)
    }
}

impl fmt::Display for MemoryReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<24} {:>8} {:>12} {:>12} {:>12}", "query", "results", "records", "used", "reserved")?;
        for query in &self.queries {
            let QueryMemory { name, count, records, sealed } = query;
            writeln!(f, "{name:<24} {count:>8} {records:>12} {:>12} {:>12}", sealed.used, sealed.reserved)?;
        }
        Ok(())
    }
}
