//! Tokens: twelve bytes, shared by every unit that includes their file.

use crate::ids::Symbol;
use crate::source::Pos;

/// A preprocessing token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// See [`flag`].
    pub flags: u8,
    /// Which parameter a [`TokenKind::Parameter`] is, from 0.
    pub parameter: u16,
    /// Where its spelling starts.
    pub pos: Pos,
    /// Its spelling, for kinds that have more than one; the number of the directive for [`TokenKind::Directive`].
    pub symbol: Symbol,
}

const _: () = assert!(size_of::<Token>() == 12);

impl Token {
    /// A token of a kind that needs no symbol.
    pub fn of(kind: TokenKind, flags: u8, pos: Pos) -> Self {
        Self { kind, flags, parameter: 0, pos, symbol: Symbol::EMPTY }
    }

    /// Whether `flag` is set.
    #[inline]
    pub fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// Whether this is the identifier `word`.
    #[inline]
    pub fn is_word(&self, word: Symbol) -> bool {
        self.kind == TokenKind::Identifier && self.symbol == word
    }

    /// Whether nothing follows on the line or in the input.
    #[inline]
    pub fn ends_line(&self) -> bool {
        matches!(self.kind, TokenKind::EndOfLine | TokenKind::Eof)
    }
}

/// The bits of [`Token::flags`].
pub mod flag {
    /// White space stands before the token.
    pub const WHITE: u8 = 1;
    /// White space is shown before the token although the one before it ended in an expansion that began without
    /// any; see `preprocess::padding`.
    pub const WHITE_AFTER_BARE: u8 = 2;
    /// The first token of a line.
    pub const LINE_START: u8 = 4;
    /// An identifier that was met inside its own expansion and is never expanded again.
    pub const NO_EXPAND: u8 = 8;
    /// In a replacement list: the next token is pasted to this one.
    pub const PASTE_LEFT: u8 = 16;
    /// In a replacement list: this parameter is made a string.
    pub const STRINGIFY: u8 = 32;
    /// In arguments: the token was read from the file, so its place is where it counts as used.
    pub const FROM_FILE: u8 = 64;
}

macro_rules! token_kinds {
    ($($(#[$doc:meta])* $name:ident,)* ; $($punctuator:ident = $text:literal,)*) => {
        /// What a token is. Punctuators carry their spelling in the kind.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
        #[repr(u8)]
        pub enum TokenKind {
            $($(#[$doc])* $name,)*
            $(#[doc = concat!("`", $text, "`")] $punctuator,)*
        }

        impl TokenKind {
            /// The spelling of a punctuator; nothing for other kinds.
            #[inline]
            pub fn spelling(self) -> &'static str {
                match self {
                    $(TokenKind::$punctuator => $text,)*
                    _ => "",
                }
            }

            /// Whether a parser reads the token as it stands: neither an identifier, which may be more, nor something that only
            /// stands between the tokens of a program.
            #[inline]
            pub fn is_plain(self) -> bool {
                self as u8 > TokenKind::Identifier as u8
            }

            /// Whether this is a punctuator that no program has by this name: `#`, `##`, or one with another spelling.
            #[inline]
            pub fn is_unusual(self) -> bool {
                self as u8 >= TokenKind::Hash as u8
            }

            /// Whether the spelling is in the kind.
            #[inline]
            pub fn is_punctuator(self) -> bool {
                self as u8 >= TokenKind::LeftBracket as u8
            }
        }
    };
}

token_kinds! {
    /// The end of the input.
    Eof,
    /// The end of a directive's line.
    EndOfLine,
    /// The end of a part of the main file: more follows, see [`Stream`](super::stream::Stream).
    EndOfPart,
    /// A `#` that starts a directive; the symbol is the directive's number in its file.
    Directive,
    /// A quote that is not closed on its line, with the rest of the line.
    Unterminated,
    /// The start of a pragma that is passed on; its tokens follow up to [`TokenKind::EndOfLine`].
    Pragma,
    /// Reported on request only: another file or file name from here on; the parameter says why, see
    /// [`FileChange`](crate::preprocess::FileChange).
    FileChange,
    /// Not a token: white space that could not be written into the next token's flags.
    Padding,
    /// A character that belongs to no token.
    Other,
    /// An identifier or keyword.
    Identifier,
    /// A preprocessing number.
    Number,
    /// A character constant with its prefix.
    Character,
    /// A string literal with its prefix.
    String,
    /// `<...>` or `"..."` after `#include`.
    HeaderName,
    /// In a replacement list: a parameter.
    Parameter,
    /// In a replacement list: `__VA_OPT__(`.
    OptionalStart,
    /// In a replacement list: the `)` of `__VA_OPT__(`.
    OptionalEnd,
    ;
    LeftBracket = "[",
    RightBracket = "]",
    LeftParen = "(",
    RightParen = ")",
    LeftBrace = "{",
    RightBrace = "}",
    Dot = ".",
    Arrow = "->",
    PlusPlus = "++",
    MinusMinus = "--",
    Ampersand = "&",
    Star = "*",
    Plus = "+",
    Minus = "-",
    Tilde = "~",
    Exclamation = "!",
    Slash = "/",
    Percent = "%",
    ShiftLeft = "<<",
    ShiftRight = ">>",
    Less = "<",
    Greater = ">",
    LessEqual = "<=",
    GreaterEqual = ">=",
    EqualEqual = "==",
    NotEqual = "!=",
    Caret = "^",
    Pipe = "|",
    AmpersandAmpersand = "&&",
    PipePipe = "||",
    Question = "?",
    Colon = ":",
    Semicolon = ";",
    Ellipsis = "...",
    Equal = "=",
    StarEqual = "*=",
    SlashEqual = "/=",
    PercentEqual = "%=",
    PlusEqual = "+=",
    MinusEqual = "-=",
    ShiftLeftEqual = "<<=",
    ShiftRightEqual = ">>=",
    AmpersandEqual = "&=",
    CaretEqual = "^=",
    PipeEqual = "|=",
    Comma = ",",
    Hash = "#",
    HashHash = "##",
    DigraphLeftBracket = "<:",
    DigraphRightBracket = ":>",
    DigraphLeftBrace = "<%",
    DigraphRightBrace = "%>",
    DigraphHash = "%:",
    DigraphHashHash = "%:%:",
}

impl TokenKind {
    /// Whether a file's token of this kind has a spelling for its symbol.
    pub fn has_symbol(self) -> bool {
        use TokenKind::*;
        matches!(
            self,
            Identifier | Number | Character | String | HeaderName | Unterminated | Other | Parameter
        )
    }

    /// Whether this is `#`, by either spelling.
    pub fn is_hash(self) -> bool {
        matches!(self, TokenKind::Hash | TokenKind::DigraphHash)
    }

    /// Whether this is `##`, by either spelling.
    pub fn is_hash_hash(self) -> bool {
        matches!(self, TokenKind::HashHash | TokenKind::DigraphHashHash)
    }
}
