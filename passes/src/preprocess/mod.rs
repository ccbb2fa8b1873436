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
//!
//! # Where gcc says otherwise
//!
//! The tests compare tokens with gcc's (`tests/it/gcc.rs`, `tests/it/hostile.rs`, `bench-corpus tokens`). Known to differ, on purpose or for
//! want of a program that needs it:
//!
//! - an identifier with `\u00e9` in it is the same as one with `é`, and `#` and `-dM` spell it with `é`;
//! - an escape for a character that no identifier may have is an error, in skipped groups too, as gcc has it, and stays a `\` and what follows;
//! - `__LINE__` in the arguments of a call over several lines is the line of the macro's name; gcc's may be any of those lines;
//! - `#__VA_OPT__(..)` is refused;
//! - a macro that is defined anew among the arguments of its own call is expanded there;
//! - a `#if` is expanded before it is evaluated, so errors behind the first one are reported, too;
//! - the [`Limits`], and a macro has at most [`PARAMETERS_MAX`](crate::lex::define::PARAMETERS_MAX) parameters;
//! - `#line` beyond 2,147,483,647 is refused; gcc warns that it is out of range;
//! - these get no warning: character constants that are too long, constants and sums in `#if` that do not fit, `__VA_ARGS__` outside of a
//!   variadic macro, `#pragma once` in the main file.

pub(crate) mod arguments;
pub(crate) mod builtin;
pub(crate) mod core;
pub(crate) mod directive;
pub(crate) mod expand;
pub(crate) mod expression;
mod fault;
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
pub(crate) use self::core::shown;
pub(crate) use features::has_builtin;
pub use limits::Limits;
pub use tokens::Tokens;
