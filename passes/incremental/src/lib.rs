//! The frontend for a process that stays: after an edit, what depends on it is checked again, and nothing else.
//!
//! ```text
//! SourceFile (input) ── tokens ──┬── edges: includes and guard
//!                                └── checked ──┬── diagnostics
//! Unit (input) ────────────────────────────────┤── summary ── index (of all units)
//!                                              └── fingerprint ── tree ── places
//! ```
//!
//! The passes are those of [`passes`]; tokens and trees are [`Sealed`](compiler_alloc::Sealed) results, each with memory of its own.
//! Trees are kept for the units that were used last. A tree depends on its fingerprint alone, so a tree that was given back makes
//! nothing else be computed again.
//!
//! ```
//! use passes::options::Options;
//! use passes_incremental::{Database, Project, Texts, diagnostics};
//!
//! let texts = Texts::new([("/a.c", "#include \"a.h\"\nint f(void) { return A; }\n"), ("/a.h", "#define A 1\n")]);
//! let mut db = Database::over(texts.clone());
//! let unit = db.unit(b"/a.c", &Options::default());
//! assert!(diagnostics(&db, unit).is_empty());
//! texts.set("/a.h", "#define A b\n");
//! assert_eq!(*db.refresh()[0], *b"/a.h");
//! assert_eq!(diagnostics(&db, unit)[0].place.line, 2);
//! ```

mod database;
mod disk;
mod files;
mod inputs;
mod queries;
mod recomputed;
mod report;
mod run;
mod warm;
pub mod watch;

/// The guide for users of salsa, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/incremental.md")]
struct Guide;

pub use database::{Database, Db};
pub use disk::Disk;
pub use files::{Content, FileSystem, Stamp, Texts};
pub use inputs::{Project, SourceFile, Unit};
pub use queries::{
    Checked, Edges, Include, Index, checked, diagnostics, edges, fingerprint, index, places, set_trees_max,
    summary, tokens, tree,
};
pub use recomputed::Recomputed;
pub use report::{MemoryReport, QueryMemory, WAITING};
pub use run::{Runner, UnitResult};
