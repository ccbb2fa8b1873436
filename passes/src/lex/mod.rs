//! The lexing pass: a file's text becomes tokens and directives once, for every unit that reads the file.
//!
//! What does not depend on macros is settled here: where directives start and end, which conditional line follows which
//! (so skipping a group is one step), what `#define` lines define (so executing one stores a number), and whether the
//! whole file stands under an include guard. The main file of a unit, which nobody else reads, is a [`stream`] instead: parts of it are
//! lexed when they are wanted.

mod block;
pub mod class;
pub mod define;
pub mod escape;
mod estimate;
pub mod file;
pub mod lexer;
pub mod literal;
mod operator;
mod recent;
pub mod scan;
pub mod splice;
pub mod stream;
pub mod token;
pub mod translate;

pub use file::{Definition, DefinitionFault, Directive, DirectiveKind, LexedFile};
pub use lexer::{Home, lex, lex_in_place};
pub use token::{Token, TokenKind, flag};

/// What the language standard changes about tokens.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct LexMode(u8);

impl LexMode {
    /// `??=` and its eight sisters are replaced.
    pub const TRIGRAPHS: u8 = 1;
    /// `//` starts a comment.
    pub const LINE_COMMENTS: u8 = 2;
    /// `u`, `U` and `u8` are literal prefixes.
    pub const UNICODE_LITERALS: u8 = 4;
    /// `R` is a string prefix.
    pub const RAW_STRINGS: u8 = 8;

    /// A mode with these bits.
    pub const fn new(bits: u8) -> Self {
        Self(bits)
    }

    /// Whether `bit` is set.
    #[inline]
    pub const fn has(self, bit: u8) -> bool {
        self.0 & bit != 0
    }

    /// The bits.
    pub const fn bits(self) -> u8 {
        self.0
    }
}

impl Default for LexMode {
    fn default() -> Self {
        Self(Self::LINE_COMMENTS | Self::UNICODE_LITERALS | Self::RAW_STRINGS)
    }
}
