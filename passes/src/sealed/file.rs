//! A file's tokens with their spellings: what the lexing pass finds, without its session.

use crate::files::{FileError, Opened, SharedHome, read_text};
use crate::ids::Symbol;
use crate::intern::{FIXED_LEN, Interner};
use crate::lex::translate::translate;
use crate::lex::{DirectiveKind, LexMode, LexedFile, Token, TokenKind, lex_in_place};
use crate::memory::{Memory, Region, Scratch};
use crate::meter;
use crate::source::{Pos, SourceText};
use compiler_alloc::arena::HeapSize;
use compiler_alloc::{Family, Scope, Sealed};

/// Where a sealed file's own positions start.
const BASE: Pos = Pos(1);

/// Tokens, directives and definitions of a file, which own their memory; a handle, cheap to clone.
#[derive(Clone, Debug)]
pub struct SealedFile {
    parts: Sealed<Files>,
    mode: LexMode,
}

struct Parts<'a> {
    file: LexedFile<'a>,
    /// Of the symbols from [`FIXED_LEN`] on.
    spellings: &'a [&'a [u8]],
}

struct Files;

impl Family for Files {
    type Of<'a> = Parts<'a>;
    fn shorten<'s, 'l: 's>(long: &'s Parts<'l>) -> &'s Parts<'s> {
        long
    }
}

/// An include directive of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Include<'a> {
    /// What it names, without quotes; empty if a macro says it.
    pub name: &'a [u8],
    /// Whether it stands in angle brackets.
    pub angled: bool,
    /// `#include_next`
    pub next: bool,
}

impl SealedFile {
    /// Lexes `text`. Tables that grow meanwhile are in `memory`, which stays warm for the next file.
    ///
    /// # Errors
    /// The text is too long.
    pub fn lex<M: Memory>(memory: &mut M::Session, text: &[u8], mode: LexMode) -> Result<Self, FileError> {
        M::pass(memory, meter::LEX, |pass| {
            let mut worker = M::worker(pass);
            let (mut scratch, out) = M::split(&mut worker);
            let text = read_text(&Opened::Text(text), out)?;
            let (text, original) = translate(text, mode, out);
            let interner = Interner::new(out);
            let home = SharedHome { interner: &interner, region: out };
            let source = SourceText::new(text, original, BASE);
            let file = scratch.scope(|scratch| lex_in_place(source, mode, &home, scratch));
            let numbers = out.slice_fill(interner.len() as usize, 0);
            let parts = Sealed::build(|memory| seal(&file, &interner, numbers, memory));
            Ok(Self { parts, mode })
        })
    }

    /// The file as a session whose spellings are `interner`'s has it, at `base`. New spellings go to `spellings`.
    pub(crate) fn copied<'r, 'p, 's>(
        &self,
        region: &impl Region<'r>,
        base: Pos,
        interner: &Interner<'p>,
        spellings: &impl Region<'p>,
        scratch: &impl Region<'s>,
    ) -> LexedFile<'r> {
        let parts = self.parts.get();
        let texts = parts.spellings;
        let symbols: &[Symbol] =
            scratch.slice_with(texts.len(), |index| interner.intern(spellings, texts[index]));
        parts.file.copied(region, base, |symbol| match symbol.0.checked_sub(FIXED_LEN) {
            None => symbol,
            Some(index) => symbols[index as usize],
        })
    }

    /// The text, with positions of this file alone.
    pub fn source(&self) -> SourceText<'_> {
        self.parts.get().file.source
    }

    /// The tokens; the last is [`TokenKind::Eof`].
    pub fn tokens(&self) -> &[Token] {
        self.parts.get().file.tokens
    }

    /// The spelling of `token`, which must be of this file.
    ///
    /// # Panics
    /// If it is not.
    pub fn spelling(&self, token: &Token) -> &[u8] {
        if token.kind.has_symbol() { self.text(token.symbol) } else { token.kind.spelling().as_bytes() }
    }

    /// The macro whose being defined makes reading the file pointless.
    pub fn guard(&self) -> Option<&[u8]> {
        Some(self.parts.get().file.guard)
            .filter(|&guard| guard != Symbol::EMPTY)
            .map(|guard| self.text(guard))
    }

    /// The include directives, in order; those that conditions will skip, too.
    pub fn includes(&self) -> impl Iterator<Item = Include<'_>> {
        let file = &self.parts.get().file;
        let kinds = [DirectiveKind::Include, DirectiveKind::IncludeNext, DirectiveKind::Import];
        file.directives.iter().filter(move |directive| kinds.contains(&directive.kind)).map(|directive| {
            let next = directive.kind == DirectiveKind::IncludeNext;
            match &file.tokens[directive.body as usize] {
                name if name.kind == TokenKind::HeaderName => {
                    let text = self.text(name.symbol);
                    Include { name: &text[1..text.len() - 1], angled: text[0] == b'<', next }
                }
                _ => Include { name: b"", angled: false, next },
            }
        })
    }

    /// What it takes. Constant time.
    pub fn heap_size(&self) -> HeapSize {
        self.parts.heap_size()
    }

    fn text(&self, symbol: Symbol) -> &[u8] {
        text_in(self.parts.get().spellings, symbol)
    }
}

/// The same text, lexed with the same mode: then the tokens are the same.
impl PartialEq for SealedFile {
    fn eq(&self, other: &Self) -> bool {
        self.parts.ptr_eq(&other.parts)
            || (self.mode == other.mode && self.source().is_same_text(&other.source()))
    }
}

impl Eq for SealedFile {}

/// The spelling of `symbol`, where `texts` are those from [`FIXED_LEN`] on.
pub(super) fn text_in<'a>(texts: &[&'a [u8]], symbol: Symbol) -> &'a [u8] {
    match symbol.0.checked_sub(FIXED_LEN) {
        None => fixed_text(symbol),
        Some(index) => texts[index as usize],
    }
}

fn fixed_text(symbol: Symbol) -> &'static [u8] {
    use crate::parse::keyword::SPELLINGS;
    use crate::words::WORDS;
    let index = symbol.0 as usize;
    WORDS.get(index).unwrap_or_else(|| &SPELLINGS[index - WORDS.len()]).as_bytes()
}

/// Moves `file` into `memory`, with symbols of its own. `numbers` has a zero for every symbol of `interner`.
fn seal<'a>(
    file: &LexedFile<'_>,
    interner: &Interner<'_>,
    numbers: &mut [u32],
    memory: &Scope<'a>,
) -> Parts<'a> {
    // The interner numbers in order of appearance, so what the file has is known but for what only directives' names are.
    let mut spellings: Vec<&'a [u8]> = Vec::new();
    let file = file.copied(memory, BASE, |symbol| {
        if symbol.0 < FIXED_LEN {
            return symbol;
        }
        let number = &mut numbers[symbol.0 as usize];
        if *number == 0 {
            spellings.push(memory.alloc_slice_copy(interner.text(symbol)));
            *number = FIXED_LEN - 1 + spellings.len() as u32;
        }
        Symbol(*number)
    });
    Parts { file, spellings: memory.alloc_slice_copy(&spellings) }
}
