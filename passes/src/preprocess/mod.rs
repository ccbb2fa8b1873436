//! The preprocessing pass: directives are executed and macros expanded, token by token, for one unit.
//!
//! | memory | what is in it |
//! |---|---|
//! | shared | tokens of included files, definitions, spellings: written by the lexing pass |
//! | unit | macro numbers' rows, open files, expanded tokens on their way, spellings made by `#` and `##` |
//! | scratch, one scope an expansion or directive | contexts, arguments, replacement lists |
//!
//! Order of reading: [`tokens`] is the loop, `directive`, `groups` and [`include`] what lines do, `expand`,
//! `arguments` and `substitute` what macros do.

pub(crate) mod arguments;
pub(crate) mod builtin;
pub(crate) mod core;
pub(crate) mod directive;
pub(crate) mod expand;
pub(crate) mod expression;
pub(crate) mod features;
pub(crate) mod groups;
pub(crate) mod include;
pub mod limits;
pub(crate) mod macros;
pub(crate) mod padding;
pub(crate) mod paste;
pub(crate) mod pragma;
pub(crate) mod predefined;
pub(crate) mod stringify;
pub(crate) mod substitute;
pub mod tokens;

pub use self::core::FileChange;
pub use limits::Limits;
pub use tokens::Tokens;
