//! Results that outlive their session: tokens of a file, tree of a unit. Each owns its memory and can be kept, shared and sent.
//!
//! A session's results refer to its interner and its source space, and end with it. A sealed result has its own numbers for spellings
//! and its own table of files, so that a later session, or nobody at all, can read it.
//!
//! ```
//! use compiler_alloc::Session as MemorySession;
//! use passes::{lex::LexMode, memory::arenas::ArenaMemory, sealed::SealedFile};
//!
//! let mut memory = MemorySession::new();
//! let text = b"#ifndef A_H\n#define A_H\n#include \"b.h\"\nint a;\n#endif\n";
//! let file = SealedFile::lex::<ArenaMemory>(&mut memory, text, LexMode::default()).unwrap();
//! assert_eq!(file.guard(), Some(&b"A_H"[..]));
//! assert_eq!(file.includes().next().unwrap().name, b"b.h");
//! let elsewhere = std::thread::spawn(move || file.tokens().len());
//! assert!(elsewhere.join().unwrap() > 3);
//! ```

mod file;
mod fingerprint;
mod local;
mod summary;
mod unit;

pub use file::{Include, SealedFile};
pub use fingerprint::Fingerprint;
pub use summary::{Linkage, Summary, Symbol};
pub use unit::{CheckedUnit, SealedTree, Tree, TreeFile, check};
