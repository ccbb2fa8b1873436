//! The result of the lexing pass.

use super::token::Token;
use crate::ids::Symbol;
use crate::memory::Region;
use crate::source::{Pos, SourceText};

/// A file's tokens, directives and definitions; immutable, read by any number of units.
#[derive(Clone, Copy)]
pub struct LexedFile<'t> {
    /// The text.
    pub source: SourceText<'t>,
    /// The tokens; the last is [`TokenKind::Eof`](super::TokenKind::Eof).
    pub tokens: &'t [Token],
    /// The directives in order.
    pub directives: &'t [Directive],
    /// What the `#define` lines define.
    pub definitions: &'t [Definition<'t>],
    /// The macro whose being defined makes reading the file pointless; empty if there is none.
    pub guard: Symbol,
    /// A comment that does not end.
    pub unterminated_comment: Option<Pos>,
    /// Where there are quotes that are not closed on their line, and outside of quotes escapes for characters that no identifier may have
    /// there: each of these is a token `\` and what follows it.
    pub faults: &'t [Pos],
}

impl LexedFile<'_> {
    /// The same file in memory of `'r`, at `base` of another source space; `symbol` says what the symbols are there.
    ///
    /// Linear in text and tokens; nothing is lexed.
    pub fn copied<'r>(
        &self,
        region: &impl Region<'r>,
        base: Pos,
        mut symbol: impl FnMut(Symbol) -> Symbol,
    ) -> LexedFile<'r> {
        let from = self.source.base();
        let moved = |pos: Pos| if pos == Pos(0) { pos } else { Pos(pos.0 - from.0 + base.0) };
        let tokens: &'r [Token] = region.slice_with(self.tokens.len(), |index| {
            let mut token = self.tokens[index];
            token.pos = moved(token.pos);
            if token.kind.has_symbol() {
                token.symbol = symbol(token.symbol);
            }
            token
        });
        let definitions = region.slice_with(self.definitions.len(), |index| {
            let definition = &self.definitions[index];
            Definition {
                name: symbol(definition.name),
                pos: moved(definition.pos),
                parameters: region
                    .slice_with(definition.parameters.len(), |index| symbol(definition.parameters[index])),
                body: same_part(self.tokens, definition.body, tokens),
                shape: definition.shape,
            }
        });
        LexedFile {
            source: self.source.copied(region, base),
            tokens,
            directives: region.slice_copy(self.directives),
            definitions,
            guard: symbol(self.guard),
            unterminated_comment: self.unterminated_comment.map(moved),
            faults: region.slice_with(self.faults.len(), |i| moved(self.faults[i])),
        }
    }
}

/// The part of `copy` that is where `part` is in `whole`.
///
/// # Panics
/// If `part` is no part of `whole`.
fn same_part<'r>(whole: &[Token], part: &[Token], copy: &'r [Token]) -> &'r [Token] {
    if part.is_empty() {
        return &[];
    }
    let start = (part.as_ptr().addr() - whole.as_ptr().addr()) / size_of::<Token>();
    &copy[start..start + part.len()]
}

/// No directive follows in the chain.
pub const NO_DIRECTIVE: u32 = u32::MAX;

/// A line that starts with `#`.
#[derive(Clone, Copy, Debug)]
pub struct Directive {
    /// Which.
    pub kind: DirectiveKind,
    /// Index of its [`TokenKind::Directive`](super::TokenKind::Directive) token.
    pub at: u32,
    /// Index of the first token after its name.
    pub body: u32,
    /// Index of the token after its last line.
    pub next_token: u32,
    /// For `#if` to `#else`: number of the conditional directive that ends the group; [`NO_DIRECTIVE`] if none does.
    pub group_end: u32,
    /// For `#define`: number of the definition.
    pub definition: u32,
}

/// The directives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DirectiveKind {
    /// `#` alone.
    Null,
    /// `#if`
    If,
    /// `#ifdef`
    Ifdef,
    /// `#ifndef`
    Ifndef,
    /// `#elif`
    Elif,
    /// `#else`
    Else,
    /// `#endif`
    Endif,
    /// `#include`
    Include,
    /// `#include_next`
    IncludeNext,
    /// `#import`
    Import,
    /// `#define` that is well formed.
    Define,
    /// `#define` that is not.
    BadDefine(DefinitionFault),
    /// `#undef`
    Undef,
    /// `#line`
    Line,
    /// `# 12 "file"`
    Marker,
    /// `#error`
    Error,
    /// `#warning`
    Warning,
    /// `#pragma`
    Pragma,
    /// `#ident` or `#sccs`
    Ident,
    /// `#assert`
    Assert,
    /// `#unassert`
    Unassert,
    /// Anything else.
    Unknown,
}

impl DirectiveKind {
    /// Whether the directive is a conditional one.
    pub fn is_conditional(self) -> bool {
        use DirectiveKind::*;
        matches!(self, If | Ifdef | Ifndef | Elif | Else | Endif)
    }
}

/// What is wrong with a `#define`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DefinitionFault {
    /// No name.
    NoName,
    /// The name is not an identifier.
    NameNotIdentifier,
    /// The name is `defined` or `__VA_ARGS__`.
    NameReserved,
    /// A parameter list without `)`.
    UnclosedParameters,
    /// Something other than a name where a parameter should stand.
    BadParameter,
    /// A parameter twice.
    DuplicateParameter,
    /// More parameters than [`PARAMETERS_MAX`](super::define::PARAMETERS_MAX).
    TooManyParameters,
    /// `##` first or last.
    PasteAtEdge,
    /// `#` in a function-like macro before something that is no parameter.
    HashWithoutParameter,
    /// `__VA_OPT__` without its parentheses.
    BadOptional,
}

/// What a `#define` defines.
#[derive(Clone, Copy)]
pub struct Definition<'t> {
    /// The name.
    pub name: Symbol,
    /// Where the name stands.
    pub pos: Pos,
    /// The parameters of a function-like macro.
    pub parameters: &'t [Symbol],
    /// The replacement list: `#` and `##` are flags on the tokens they act on.
    pub body: &'t [Token],
    /// What else there is to know.
    pub shape: MacroShape,
}

/// The form of a macro.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct MacroShape {
    /// It takes arguments.
    pub function_like: bool,
    /// Its last parameter takes the rest of the arguments.
    pub variadic: bool,
    /// Object-like, and its body has no identifier and no paste: expanding it is copying it.
    pub literal: bool,
}

impl Definition<'_> {
    /// Whether `other` says the same: same form, parameters, tokens and white space between them.
    pub fn is_same(&self, other: &Definition<'_>, same_text: impl Fn(Symbol, Symbol) -> bool) -> bool {
        let white = |token: &Token| {
            token.flags & (super::flag::WHITE | super::flag::PASTE_LEFT | super::flag::STRINGIFY)
        };
        self.shape == other.shape
            && self.parameters == other.parameters
            && self.body.len() == other.body.len()
            && self.body.iter().zip(other.body).all(|(a, b)| {
                a.kind == b.kind
                    && a.parameter == b.parameter
                    && white(a) == white(b)
                    && (a.symbol == b.symbol || same_text(a.symbol, b.symbol))
            })
    }
}
