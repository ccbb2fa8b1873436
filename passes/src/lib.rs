//! A C frontend whose passes allocate from arenas: lexer, preprocessor, parser and a check of types.
//!
//! ```text
//! file text ── lex ──> tokens, directives, definitions (once a file, shared by all units and threads)
//!                          └── preprocess ──> tokens of a unit, one at a time
//!                                                   └── parse ──> declarations, one at a time
//!                                                                    └── check ──> types, layouts, findings
//! ```
//!
//! A [`Session`](session::Session) is what units share, a [`Worker`](session::Worker) is one thread's part of it, and
//! [`memory::Memory`] chooses the allocator under both: [`ArenaMemory`](memory::arenas::ArenaMemory) is
//! `compiler_alloc::Session`, which books for the passes `lex`, `preprocess`, `parse` and `check` what they took.
//!
//! ```
//! use compiler_alloc::Session as MemorySession;
//! use passes::session::{Input, with_worker};
//! use passes::{files::Provider, lex::TokenKind, memory::arenas::ArenaMemory, options::Options};
//!
//! let text = b"#define SQUARE(x) ((x) * (x))\nSQUARE(7)\n";
//! let mut memory = MemorySession::new();
//! let spellings = with_worker::<ArenaMemory, _>(&mut memory, Provider::Disk, |worker, session| {
//!     let input = Input::Text { name: b"square.c", text };
//!     let outcome = worker.preprocess(session, input, &Options::default(), |tokens| {
//!         let mut spellings = Vec::new();
//!         loop {
//!             let token = tokens.next_token();
//!             if token.kind == TokenKind::Eof {
//!                 return spellings.concat();
//!             }
//!             spellings.push(String::from_utf8_lossy(tokens.spelling(&token)).into_owned());
//!         }
//!     });
//!     assert!(!outcome.diagnostics.has_errors());
//!     outcome.value
//! });
//! assert_eq!(spellings, "((7)*(7))");
//! assert_eq!((memory.accounts()[0].name, memory.accounts()[0].runs), ("lex", 1));
//! ```
#![recursion_limit = "256"]

pub mod check;
pub mod diagnostics;
pub mod driver;
pub mod files;
pub mod ids;
pub mod intern;
pub mod lex;
pub mod memory;
pub mod meter;
pub mod options;
pub mod oracle;
pub mod own_headers;
pub mod parse;
pub mod pipeline;
pub mod preprocess;
pub mod sealed;
pub mod session;
pub mod source;
pub mod trace;
pub mod words;

/// The guide to passes over `Session`, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../docs/frontend.md")]
struct FrontendGuide;
