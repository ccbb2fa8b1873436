//! A C frontend whose passes allocate from arenas: so far the lexer and the preprocessor.
#![recursion_limit = "256"]

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
pub mod pipeline;
pub mod preprocess;
pub mod session;
pub mod source;
pub mod words;
