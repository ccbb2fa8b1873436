//! A file that is lexed while it is read, part by part: the main file of a unit, which nobody reads a second time.
//!
//! ```text
//! part:  tokens of whole lines, at most one directive as the last line, EndOfPart or Eof
//! ```
//!
//! A part ends behind a directive, so what the directive does is known before anything behind it is lexed: a group that is not read is
//! skipped in the text, and its words are never looked up. A part's tokens lie where those of the part before lay.

use super::LexMode;
use super::block;
use super::class::{BLANK, is};
use super::define::Draft;
use super::file::{Definition, Directive, DirectiveKind, NO_DIRECTIVE};
use super::lexer::{Home, Lexer};
use super::recent::Recent;
use super::scan;
use super::splice;
use super::token::{Token, TokenKind, flag};
use crate::ids::Symbol;
use crate::memory::{GrowVec, Region};
use crate::source::{Pos, SourceText};

/// A part ends with the line that makes it so many tokens.
const PART_LEN: usize = 1024;

const NO_TEXT: &[u8] = b"\n\0\0\0\0\0\0\0";

/// A text and how far it has been lexed.
pub struct Stream<'t> {
    source: SourceText<'t>,
    mode: LexMode,
    at: usize,
    tokens: GrowVec<'t, Token>,
    directive: Directive,
    // What the directive defines, if it is a `#define`, with its parameters.
    draft: Option<Draft>,
    parameters: GrowVec<'t, Symbol>,
    unterminated_comment: Option<Pos>,
    faults: GrowVec<'t, Pos>,
    // Made for the second part: what fits in one is read before it would pay.
    recent: Option<Recent<'t>>,
}

impl Default for Stream<'_> {
    /// An empty file.
    fn default() -> Self {
        Self::new(SourceText::new(NO_TEXT, &[], Pos(0)), LexMode::default())
    }
}

impl<'t> Stream<'t> {
    /// `source` before its first part.
    pub fn new(source: SourceText<'t>, mode: LexMode) -> Self {
        let directive = Directive {
            kind: DirectiveKind::Null,
            at: 0,
            body: 0,
            next_token: 0,
            group_end: NO_DIRECTIVE,
            definition: 0,
        };
        Self {
            source,
            mode,
            at: 0,
            tokens: GrowVec::new(),
            directive,
            draft: None,
            parameters: GrowVec::new(),
            unterminated_comment: None,
            faults: GrowVec::new(),
            recent: None,
        }
    }

    /// The tokens of the part; the last is [`TokenKind::EndOfPart`], or [`TokenKind::Eof`] at the end of the text.
    #[inline]
    pub fn tokens(&self) -> &[Token] {
        self.tokens.as_slice()
    }

    /// The directive that ends the part; its indices are those of [`Stream::tokens`].
    pub fn directive(&self) -> Directive {
        self.directive
    }

    /// A comment that does not end, once it was met.
    pub fn unterminated_comment(&self) -> Option<Pos> {
        self.unterminated_comment
    }

    /// The source, and the part's [`LexedFile::faults`](super::LexedFile::faults).
    pub fn faults(&self) -> (SourceText<'t>, &[Pos]) {
        (self.source, self.faults.as_slice())
    }

    /// What the part's directive, a well-formed `#define`, defines; it outlives the part.
    pub fn definition(&self, region: &impl Region<'t>) -> Option<&'t Definition<'t>> {
        let draft = self.draft?;
        let tokens = self.tokens();
        let name = tokens[draft.name as usize];
        let definition = Definition {
            name: name.symbol,
            pos: name.pos,
            parameters: region.slice_copy(self.parameters.as_slice()),
            body: region.slice_copy(&tokens[draft.body.0 as usize..draft.body.1 as usize]),
            shape: draft.shape,
        };
        Some(&region.slice_copy(&[definition])[0])
    }

    /// Goes on to the next part, which begins with `last`, the token that was read last.
    pub fn next_part<'s>(&mut self, last: Option<Token>, home: &impl Home<'t>, scratch: &impl Region<'s>) {
        self.lex(last, home, scratch, |lexer| lexer.run());
    }

    /// Skips the group that the part's directive opened, and goes on to a part that is the conditional directive which ends it; whether
    /// there is one. [`Stream::directive`] is it.
    pub fn skip_group<'s>(&mut self, home: &impl Home<'t>, scratch: &impl Region<'s>) -> bool {
        self.lex(None, home, scratch, |lexer| lexer.skip_group());
        self.tokens.len() > 1
    }

    fn lex<'s, H: Home<'t>, S: Region<'s>>(
        &mut self,
        last: Option<Token>,
        home: &H,
        scratch: &S,
        run: impl FnOnce(&mut Lexer<'_, 't, 's, 't, H, S, H>) -> bool,
    ) {
        let mut lexer = Lexer::new(&self.source, self.mode, home, scratch, home);
        lexer.at = self.at;
        lexer.tokens = std::mem::take(&mut self.tokens);
        lexer.tokens.truncate(0);
        if let Some(last) = last {
            lexer.tokens.push(home, last);
        }
        lexer.in_parts = true;
        if self.at > 0 {
            lexer.recent = self.recent.take().unwrap_or_else(|| Recent::new(home));
        }
        lexer.pause_at = PART_LEN;
        let ended = run(&mut lexer);
        lexer.flags = flag::LINE_START;
        lexer.push(if ended { TokenKind::Eof } else { TokenKind::EndOfPart }, lexer.at, Symbol::EMPTY);
        if self.at > 0 {
            self.recent = Some(lexer.recent);
        }
        self.at = lexer.at;
        self.tokens = lexer.tokens;
        self.draft = lexer.drafts.last().copied();
        if let Some(&directive) = lexer.directives.last() {
            self.directive = directive;
        }
        self.parameters.truncate(0);
        self.parameters.extend_copy(home, lexer.parameters.as_slice());
        self.unterminated_comment = self.unterminated_comment.or(lexer.unterminated_comment);
        self.faults.truncate(0);
        self.faults.extend_copy(home, lexer.faults.as_slice());
    }
}

/// How many bytes are neither newline nor what a comment, a literal or a splice may begin with.
fn plain_len(text: &[u8]) -> usize {
    let mut len = 0;
    while let Some(bytes) = text[len..].first_chunk() {
        let specials = block::specials(bytes);
        if specials != 0 {
            return len + specials.trailing_zeros() as usize;
        }
        len += block::LEN;
    }
    let is_special = |byte: &u8| matches!(byte, b'\n' | b'/' | b'"' | b'\'' | b'\\');
    len + text[len..].iter().position(is_special).unwrap_or(0)
}

/// What a line of a group that is skipped is.
#[derive(Clone, Copy)]
enum Skipped {
    /// Nothing that matters.
    Line,
    /// `#if` and the like.
    Opens,
    /// `#else` or `#elif`
    Divides,
    /// `#endif`
    Closes,
}

impl Skipped {
    fn of(kind: DirectiveKind) -> Self {
        match kind {
            DirectiveKind::If | DirectiveKind::Ifdef | DirectiveKind::Ifndef => Skipped::Opens,
            DirectiveKind::Elif | DirectiveKind::Else => Skipped::Divides,
            DirectiveKind::Endif => Skipped::Closes,
            _ => Skipped::Line,
        }
    }
}

impl<'t, 's, 'k, H: Home<'t>, S: Region<'s>, K: Region<'k>> Lexer<'_, 't, 's, 'k, H, S, K> {
    /// Skips lines up to the conditional directive that ends the group, and lexes that one; whether the text ended before.
    fn skip_group(&mut self) -> bool {
        let mut depth = 0u32;
        while self.skip_blank() {
            let start = self.at;
            let faults = self.faults.len();
            match self.skip_line() {
                Skipped::Opens => depth += 1,
                Skipped::Divides | Skipped::Closes if depth == 0 => {
                    // It may have been lexed to find out what it is.
                    self.faults.truncate(faults);
                    self.at = start;
                    self.lex_line();
                    return false;
                }
                Skipped::Closes => depth -= 1,
                Skipped::Divides | Skipped::Line => {}
            }
        }
        true
    }

    /// Goes to the next token, over white space, comments and newlines; whether there is one.
    fn skip_blank(&mut self) -> bool {
        loop {
            match self.text[self.at] {
                b' ' | b'\t' | 0x0b | 0x0c | b'\r' => self.at = scan::blank_end(self.text, self.at + 1),
                b'\n' if self.at >= self.end => return false,
                b'\n' | 0 => self.at += 1,
                b'/' => {
                    let second = splice::skip(self.text, self.at + 1);
                    match self.text[second] {
                        b'*' => self.block_comment(second + 1),
                        b'/' if self.mode.has(LexMode::LINE_COMMENTS) => self.line_comment(second + 1),
                        _ => return true,
                    }
                }
                b'\\' => match splice::len_at(self.text, self.at) {
                    0 => return true,
                    len => self.at += len,
                },
                _ => return true,
            }
        }
    }

    /// Goes over the line whose first token is here, up to its newline or behind it.
    fn skip_line(&mut self) -> Skipped {
        let start = self.at;
        let hash = match self.text[start] {
            b'#' | b'%' => self.directive_hash(),
            _ => 0,
        };
        if hash == 0 {
            return if self.skip_plain() { Skipped::Line } else { self.pass_line(start) };
        }
        let name = scan::blank_end(self.text, start + hash);
        self.at = scan::word_end(self.text, name);
        let line = match &self.text[name..self.at] {
            b"ifdef" | b"ifndef" => Skipped::Opens,
            b"else" => Skipped::Divides,
            b"endif" => Skipped::Closes,
            b"define" | b"undef" | b"error" | b"warning" | b"pragma" | b"line" => Skipped::Line,
            // The name of a header may look like a comment or a literal, and `if` may name one, too.
            _ => return self.pass_line(start),
        };
        // A name that goes on after a splice is another one.
        let is_whole = is(self.text[self.at], BLANK) || matches!(self.text[self.at], b'\n' | b'/' | b'(');
        if is_whole && self.skip_plain() { line } else { self.pass_line(start) }
    }

    /// Goes to the newline that ends the line; false, and anywhere, if only lexing can tell where that is.
    fn skip_plain(&mut self) -> bool {
        loop {
            self.at += plain_len(&self.text[self.at..]);
            match self.text[self.at] {
                b'\n' => return true,
                b'/' => match self.text[self.at + 1] {
                    b'*' => self.block_comment(self.at + 2),
                    b'/' if self.mode.has(LexMode::LINE_COMMENTS) => self.line_comment(self.at + 2),
                    b'\\' => return false,
                    _ => self.at += 1,
                },
                quote @ (b'"' | b'\'') => match self.quoted_end(quote) {
                    Some(end) => self.at = end,
                    None => return false,
                },
                b'\\' => match splice::len_at(self.text, self.at) {
                    0 => return false,
                    len => self.at += len,
                },
                _ => self.at += 1,
            }
        }
    }

    /// Where the literal ends whose first `quote` is here; nothing if it is no plain one.
    fn quoted_end(&self, quote: u8) -> Option<usize> {
        // Behind `R`, or a splice that may stand behind one, it is a raw string.
        if self.at > 0 && matches!(self.text[self.at - 1], b'R' | b'\n') {
            return None;
        }
        let scanned = scan::scan_quoted(self.text, self.at, quote, TokenKind::String);
        (scanned.kind == TokenKind::String && !scanned.suspicious).then_some(scanned.end)
    }

    /// Lexes the line that begins at `start` and forgets it; what directive it was.
    #[cold]
    fn pass_line(&mut self, start: usize) -> Skipped {
        self.at = start;
        self.lex_line();
        let line = self.directives.last().map_or(Skipped::Line, |directive| Skipped::of(directive.kind));
        self.tokens.truncate(0);
        self.directives.truncate(0);
        self.drafts.truncate(0);
        self.parameters.truncate(0);
        line
    }

    /// Lexes the line that begins here, and its newline.
    fn lex_line(&mut self) {
        self.flags = flag::LINE_START;
        self.pause_at = 0;
        self.run();
    }
}
