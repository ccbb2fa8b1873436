//! The loop over a file's text: what begins a token, and where it ends. One concept, whose parts share the place in the text; what is not the
//! loop (literals, numbers, definitions, directives of a stream) has files of its own.

use super::LexMode;
use super::class::{CONTINUES, DIGIT, LETTER, is};
use super::define::{self, Draft, ParameterList};
use super::escape;
use super::estimate;
use super::file::{Definition, Directive, DirectiveKind, LexedFile, NO_DIRECTIVE};
use super::operator::operator;
use super::recent::Recent;
use super::scan::{self, Scanned, scan};
use super::splice;
use super::token::{Token, TokenKind, flag};
use crate::ids::Symbol;
use crate::memory::{GrowVec, Region};
use crate::source::{Pos, SourceText};
use crate::words;

/// Where the spellings of a file's tokens go: the session's interner for files that many units read, texts of the unit for
/// its main file.
pub trait Home<'t>: Region<'t> {
    /// The symbol of an identifier.
    fn identifier(&self, text: &[u8]) -> Symbol;
    /// The symbol of a literal whose text lives as long as the file.
    fn literal(&self, text: &'t [u8]) -> Symbol;
}

/// Lexes `source`, a file that stays: results take exactly their size in `home`, tables that grow meanwhile are in
/// `scratch`.
pub fn lex<'t, 's>(
    source: SourceText<'t>,
    mode: LexMode,
    home: &impl Home<'t>,
    scratch: &impl Region<'s>,
) -> LexedFile<'t> {
    let mut lexer = Lexer::new(&source, mode, home, scratch, scratch);
    lexer.reserve(estimate::token_count(source.text()) + 16);
    lexer.run();
    lexer.finish(source, |tokens| home.slice_copy(tokens.as_slice()))
}

/// Lexes `source`, a file that goes with its unit: tokens are written where they stay, with room to spare after them,
/// so that a large file needs no second copy of its tokens.
pub fn lex_in_place<'t, 's>(
    source: SourceText<'t>,
    mode: LexMode,
    home: &impl Home<'t>,
    scratch: &impl Region<'s>,
) -> LexedFile<'t> {
    let mut lexer = Lexer::new(&source, mode, home, scratch, home);
    lexer.reserve(estimate::token_count(source.text()) + 16);
    lexer.run();
    lexer.finish(source, |tokens| tokens.into_slice())
}

/// What kind of line the lexer is in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum LineState {
    Text,
    /// After `#`.
    DirectiveName,
    /// Before the name of the file to include.
    HeaderName,
    /// In `#if` or `#elif`, where `__has_include` takes a header name.
    Condition,
    /// After `__has_include`.
    ConditionHasInclude,
    /// After `__has_include(`.
    ConditionHeaderName,
    Directive,
}

/// So many bytes of a line are cleaned of splices for a token in it, then more if they do not decide what it is.
const CLEANED_LEN: usize = 64;
/// Bytes behind a token that may decide where it ends: those of an escape, at most.
const LOOKAHEAD_LEN: usize = 16;

impl LineState {
    #[inline]
    fn takes_header_name(self) -> bool {
        matches!(self, LineState::HeaderName | LineState::ConditionHeaderName)
    }
}

pub(super) struct Lexer<'l, 't, 's, 'k, H, S, K> {
    pub(super) text: &'t [u8],
    pub(super) end: usize,
    pub(super) at: usize,
    base: u32,
    pub(super) mode: LexMode,
    home: &'l H,
    scratch: &'l S,
    pub(super) flags: u8,
    token_region: &'l K,
    pub(super) tokens: GrowVec<'k, Token>,
    // Running pauses at the end of a line that has made them so many; at the end of a directive's line, if `in_parts` says so.
    pub(super) pause_at: usize,
    pub(super) in_parts: bool,
    // Identifiers of late, if they are remembered.
    pub(super) recent: Recent<'k>,
    pub(super) directives: GrowVec<'s, Directive>,
    pub(super) drafts: GrowVec<'s, Draft>,
    pub(super) parameters: GrowVec<'s, Symbol>,
    // Per open `#if`: the directive that opened its current group.
    open_groups: GrowVec<'s, u32>,
    line: LineState,
    pub(super) unterminated_comment: Option<Pos>,
    pub(super) faults: GrowVec<'s, Pos>,
}

impl<'l, 't, 's, 'k, H: Home<'t>, S: Region<'s>, K: Region<'k>> Lexer<'l, 't, 's, 'k, H, S, K> {
    pub(super) fn new(
        source: &SourceText<'t>,
        mode: LexMode,
        home: &'l H,
        scratch: &'l S,
        token_region: &'l K,
    ) -> Self {
        Self {
            text: source.padded(),
            end: source.text().len(),
            at: 0,
            base: source.base().0,
            mode,
            home,
            scratch,
            flags: flag::LINE_START,
            token_region,
            tokens: GrowVec::new(),
            pause_at: usize::MAX,
            in_parts: false,
            recent: Recent::default(),
            directives: GrowVec::new(),
            drafts: GrowVec::new(),
            parameters: GrowVec::new(),
            open_groups: GrowVec::new(),
            line: LineState::Text,
            unterminated_comment: None,
            faults: GrowVec::new(),
        }
    }

    fn reserve(&mut self, tokens: usize) {
        self.tokens.reserve(self.token_region, tokens);
    }

    /// Lexes up to a pause; whether the text ended before.
    pub(super) fn run(&mut self) -> bool {
        loop {
            let mut byte = self.text[self.at];
            if byte == b' ' {
                // Before every second token there is one, before the first of a line there are more.
                self.flags |= flag::WHITE;
                self.at += 1;
                byte = self.text[self.at];
                if byte == b' ' {
                    self.at = scan::blank_end(self.text, self.at + 1);
                    byte = self.text[self.at];
                }
            }
            if is(byte, LETTER) {
                self.word();
                continue;
            }
            match byte {
                b' ' | b'\t' | 0x0b | 0x0c | b'\r' => {
                    self.at = scan::blank_end(self.text, self.at + 1);
                    self.flags |= flag::WHITE;
                }
                b'\n' => {
                    self.end_line();
                    if self.at >= self.end {
                        return true;
                    }
                    self.at += 1;
                    self.flags = flag::LINE_START;
                    if self.tokens.len() >= self.pause_at {
                        return false;
                    }
                }
                0 => {
                    // Inside the file: white space. The sentinel's zeros follow a newline, which ended the loop.
                    self.at += 1;
                    self.flags |= flag::WHITE;
                }
                b'(' => self.single(TokenKind::LeftParen),
                b')' => self.single(TokenKind::RightParen),
                b',' => self.single(TokenKind::Comma),
                b';' => self.single(TokenKind::Semicolon),
                b'[' => self.single(TokenKind::LeftBracket),
                b']' => self.single(TokenKind::RightBracket),
                b'{' => self.single(TokenKind::LeftBrace),
                b'}' => self.single(TokenKind::RightBrace),
                b'?' => self.single(TokenKind::Question),
                b'~' => self.single(TokenKind::Tilde),
                b'.' if !is(self.text[self.at + 1], DIGIT)
                    && !matches!(self.text[self.at + 1], b'.' | b'\\') =>
                {
                    self.single(TokenKind::Dot);
                }
                b'=' | b'+' | b'-' | b'*' | b'&' | b'|' | b'^' | b'!' | b'<' | b'>' | b':' => self.operator(),
                b'0'..=b'9' => self.number(),
                b'/' => self.slash(),
                b'\\' => match splice::len_at(self.text, self.at) {
                    0 if self.at < self.end && scan::blank_end(self.text, self.at + 1) >= self.end => {
                        // A backslash at the end of the file.
                        self.at = self.end;
                        self.flags |= flag::WHITE;
                    }
                    0 => self.backslash(),
                    len => self.at += len,
                },
                b'#' | b'%' if self.flags & flag::LINE_START != 0 && self.line == LineState::Text => {
                    match self.directive_hash() {
                        0 => self.token(),
                        len => self.hash(len),
                    }
                }
                b'%' => self.operator(),
                _ => self.token(),
            }
        }
    }

    #[inline]
    fn pos(&self, offset: usize) -> Pos {
        Pos(self.base + offset as u32)
    }

    #[inline]
    pub(super) fn push(&mut self, kind: TokenKind, start: usize, symbol: Symbol) {
        let token = Token { kind, flags: self.flags, parameter: 0, pos: self.pos(start), symbol };
        self.tokens.push(self.token_region, token);
        self.flags = 0;
    }

    /// A `/` that may start a comment.
    fn slash(&mut self) {
        let second = splice::skip(self.text, self.at + 1);
        match self.text[second] {
            b'*' => self.block_comment(second + 1),
            b'/' if self.mode.has(LexMode::LINE_COMMENTS) => self.line_comment(second + 1),
            _ => self.token(),
        }
    }

    pub(super) fn block_comment(&mut self, start: usize) {
        let mut from = start;
        self.flags |= flag::WHITE;
        while let Some(found) = memchr::memchr(b'/', &self.text[from..self.end]) {
            let slash = from + found;
            from = slash + 1;
            let mut before = slash;
            while before > start
                && self.text[before - 1] == b'\n'
                && let Some(backslash) = splice::before(self.text, before - 1, start)
            {
                before = backslash;
            }
            if before > start && self.text[before - 1] == b'*' {
                self.at = from;
                return;
            }
        }
        self.unterminated_comment.get_or_insert(self.pos(self.at));
        self.at = self.end;
    }

    pub(super) fn line_comment(&mut self, start: usize) {
        self.flags |= flag::WHITE;
        let mut from = start;
        loop {
            let newline = memchr::memchr(b'\n', &self.text[from..]).map_or(self.end, |found| from + found);
            if newline < self.end && splice::before(self.text, newline, start).is_some() {
                from = newline + 1;
                continue;
            }
            self.at = newline;
            return;
        }
    }

    /// Length of the `#` or `%:` that stands here, or 0 if it is something longer or else.
    pub(super) fn directive_hash(&self) -> usize {
        let after = |at: usize| splice::skip(self.text, at + 1);
        let second = after(self.at);
        if self.text[self.at] == b'#' {
            return if self.text[second] == b'#' { 0 } else { 1 };
        }
        if self.text[second] != b':' {
            return 0;
        }
        let third = after(second);
        let doubled = self.text[third] == b'%' && self.text[after(third)] == b':';
        if doubled { 0 } else { second + 1 - self.at }
    }

    /// The `#` that starts a directive.
    fn hash(&mut self, len: usize) {
        let number = self.directives.len() as u32;
        let at = self.tokens.len() as u32;
        self.push(TokenKind::Directive, self.at, Symbol(number));
        self.directives.push(
            self.scratch,
            Directive {
                kind: DirectiveKind::Null,
                at,
                body: at + 1,
                next_token: at + 1,
                group_end: NO_DIRECTIVE,
                definition: 0,
            },
        );
        self.at += len;
        self.line = LineState::DirectiveName;
        if self.in_parts {
            self.pause_at = 0;
        }
    }

    /// An identifier, or a literal with a prefix; the common case of [`Lexer::token`].
    #[inline]
    fn word(&mut self) {
        let start = self.at;
        let end = scan::word_end(self.text, start + 1);
        if is(self.text[end], CONTINUES) {
            return self.token();
        }
        self.at = end;
        let symbol = self.recent.symbol(self.text, start, end, |text| self.home.identifier(text));
        self.push(TokenKind::Identifier, start, symbol);
        if self.line != LineState::Text {
            self.after_token_of_directive();
        }
    }

    /// A punctuator that no longer one starts with.
    #[inline]
    fn single(&mut self, kind: TokenKind) {
        self.push(kind, self.at, Symbol::EMPTY);
        self.at += 1;
        if self.line != LineState::Text {
            self.after_token_of_directive();
        }
    }

    /// An operator of one or two characters; the common case of [`Lexer::token`].
    #[inline(always)]
    fn operator(&mut self) {
        let at = self.at;
        match operator(self.text[at], self.text[at + 1], self.text[at + 2]) {
            Some((kind, len)) if !self.line.takes_header_name() => {
                self.push(kind, at, Symbol::EMPTY);
                self.at += len;
                if self.line != LineState::Text {
                    self.after_token_of_directive();
                }
            }
            _ => self.token(),
        }
    }

    /// A number of digits and letters; the common case of [`Lexer::token`].
    #[inline]
    fn number(&mut self) {
        let start = self.at;
        let end = scan::word_end(self.text, start + 1);
        let goes_on = match self.text[end] {
            b'.' | b'\\' | 0x80.. => true,
            // Behind an exponent's letter a sign is part of the number.
            b'+' | b'-' => matches!(self.text[end - 1] | 0x20, b'e' | b'p'),
            _ => false,
        };
        if goes_on {
            return self.token();
        }
        self.at = end;
        let symbol = self.recent.symbol(self.text, start, end, |_| self.home.literal(&self.text[start..end]));
        self.push(TokenKind::Number, start, symbol);
        if self.line != LineState::Text {
            self.after_token_of_directive();
        }
    }

    /// A backslash outside quotes that splices no lines.
    #[cold]
    fn backslash(&mut self) {
        let start = self.at;
        self.token();
        let alone = self.at == start + 1;
        if alone && escape::number(&splice::without(self.text, start), 0).is_some() {
            self.faults.push(self.scratch, self.pos(start));
        }
    }

    #[inline(never)]
    fn token(&mut self) {
        if self.line.takes_header_name() && self.header_name() {
            return;
        }
        let start = self.at;
        let scanned = scan(self.text, start, self.mode);
        if scanned.suspicious || scanned.extended {
            return self.token_of_cleaned_text(start, scanned);
        }
        self.at = scanned.end;
        let symbol = match scanned.kind {
            TokenKind::Identifier => self.home.identifier(&self.text[start..scanned.end]),
            kind if kind.is_punctuator() => Symbol::EMPTY,
            _ => self.home.literal(&self.text[start..scanned.end]),
        };
        if scanned.kind == TokenKind::Unterminated {
            self.faults.push(self.scratch, self.pos(start));
        }
        self.push(scanned.kind, start, symbol);
        if self.line != LineState::Text {
            self.after_token_of_directive();
        }
    }

    /// The token at `start`, which may have splices in it or escapes for characters.
    #[cold]
    fn token_of_cleaned_text(&mut self, start: usize, scanned: Scanned) {
        let spliced = match scanned.kind {
            // Quoted tokens end after their splices.
            TokenKind::String | TokenKind::Character => scanned.suspicious,
            TokenKind::Unterminated => true,
            // One may stand in the escape that the token ended at.
            _ => splice::is_near(self.text, scanned.end),
        };
        let mut cleaned = GrowVec::new();
        let (kind, text): (TokenKind, &[u8]) = if spliced {
            let mut len_max = CLEANED_LEN;
            let again = loop {
                cleaned.truncate(0);
                let is_whole =
                    splice::clean_line(self.text, start, len_max, |byte| cleaned.push(self.scratch, byte));
                let again = scan(cleaned.as_slice(), 0, self.mode);
                // Whether a raw string begins here is decided where it would end.
                let may_be_raw = cleaned.as_slice()[..again.end + 1].ends_with(b"R\"");
                if is_whole || again.end + LOOKAHEAD_LEN <= len_max && !may_be_raw {
                    break again;
                }
                len_max *= 4;
            };
            self.at = splice::raw_offset(self.text, start, again.end);
            (again.kind, &cleaned.as_slice()[..again.end])
        } else {
            self.at = scanned.end;
            (scanned.kind, &self.text[start..scanned.end])
        };
        let symbol = if kind == TokenKind::Identifier {
            let mut canonical = GrowVec::new();
            escape::canonical_identifier(text, |bytes| canonical.extend_copy(self.scratch, bytes));
            self.home.identifier(canonical.as_slice())
        } else if kind.is_punctuator() {
            Symbol::EMPTY
        } else {
            self.home.literal(self.home.slice_copy(text))
        };
        if kind == TokenKind::Unterminated {
            self.faults.push(self.scratch, self.pos(start));
        }
        self.push(kind, start, symbol);
        if self.line != LineState::Text {
            self.after_token_of_directive();
        }
    }

    /// Takes `<...>` or `"..."` as a whole; escapes mean nothing in it.
    fn header_name(&mut self) -> bool {
        let start = self.at;
        let close = match self.text[start] {
            b'<' => b'>',
            b'"' => b'"',
            _ => return false,
        };
        let line_end = memchr::memchr(b'\n', &self.text[start..]).map_or(self.end, |found| start + found);
        let symbol = if let Some(found) = memchr::memchr(close, &self.text[start + 1..line_end]) {
            self.at = start + 1 + found + 1;
            self.home.literal(&self.text[start..self.at])
        } else if splice::before(self.text, line_end, start).is_some() {
            let mut cleaned = GrowVec::new();
            splice::clean_line(self.text, start, usize::MAX, |byte| cleaned.push(self.scratch, byte));
            let line: &[u8] = cleaned.as_slice();
            let line = &line[..memchr::memchr(b'\n', line).unwrap_or(line.len())];
            let Some(found) = line.iter().skip(1).position(|&byte| byte == close) else { return false };
            self.at = splice::raw_offset(self.text, start, found + 2);
            self.home.literal(self.home.slice_copy(&line[..found + 2]))
        } else {
            return false;
        };
        self.push(TokenKind::HeaderName, start, symbol);
        self.line =
            if self.line == LineState::HeaderName { LineState::Directive } else { LineState::Condition };
        true
    }

    /// Follows the state of a directive's line.
    #[inline]
    fn after_token_of_directive(&mut self) {
        let Some(&token) = self.tokens.last() else { return };
        self.line = match self.line {
            LineState::DirectiveName => self.directive_name(token),
            LineState::HeaderName => LineState::Directive,
            LineState::Condition | LineState::ConditionHasInclude | LineState::ConditionHeaderName
                if token.is_word(words::HAS_INCLUDE) || token.is_word(words::HAS_INCLUDE_NEXT) =>
            {
                LineState::ConditionHasInclude
            }
            LineState::ConditionHasInclude if token.kind == TokenKind::LeftParen => {
                LineState::ConditionHeaderName
            }
            LineState::Condition | LineState::ConditionHasInclude | LineState::ConditionHeaderName => {
                LineState::Condition
            }
            line => line,
        };
    }

    fn directive_name(&mut self, token: Token) -> LineState {
        use DirectiveKind::*;
        let mut line = LineState::Directive;
        let kind = if token.kind == TokenKind::Identifier {
            match token.symbol {
                words::IF => {
                    line = LineState::Condition;
                    If
                }
                words::ELIF => {
                    line = LineState::Condition;
                    Elif
                }
                words::IFDEF => Ifdef,
                words::IFNDEF => Ifndef,
                words::ELSE => Else,
                words::ENDIF => Endif,
                words::INCLUDE => {
                    line = LineState::HeaderName;
                    Include
                }
                words::INCLUDE_NEXT => {
                    line = LineState::HeaderName;
                    IncludeNext
                }
                words::IMPORT => {
                    line = LineState::HeaderName;
                    Import
                }
                words::DEFINE => Define,
                words::UNDEF => Undef,
                words::LINE => Line,
                words::ERROR => Error,
                words::WARNING => Warning,
                words::PRAGMA => Pragma,
                words::IDENT | words::SCCS => Ident,
                words::ASSERT => Assert,
                words::UNASSERT => Unassert,
                _ => Unknown,
            }
        } else if token.kind == TokenKind::Number {
            Marker
        } else {
            Unknown
        };
        let body = self.tokens.len() as u32 - if matches!(kind, Marker | Unknown) { 1 } else { 0 };
        if let Some(directive) = self.directives.last_mut() {
            directive.kind = kind;
            directive.body = body;
        }
        line
    }

    fn end_line(&mut self) {
        if self.line == LineState::Text {
            return;
        }
        self.line = LineState::Text;
        let number = self.directives.len() - 1;
        let directive = self.directives.as_slice()[number];
        if directive.kind == DirectiveKind::Define {
            self.end_define(number);
        } else if directive.kind.is_conditional() {
            self.link_conditional(number, directive.kind);
        }
        self.flags = 0;
        self.push(TokenKind::EndOfLine, self.at, Symbol::EMPTY);
        self.directives.as_mut_slice()[number].next_token = self.tokens.len() as u32;
    }

    fn end_define(&mut self, number: usize) {
        let body = self.directives.as_slice()[number].body as usize;
        let first_parameter = self.parameters.len();
        let mut list =
            LineParameters { lexer: &mut self.parameters, scratch: self.scratch, first: first_parameter };
        let parsed = define::parse(&mut self.tokens.as_mut_slice()[body..], &mut list);
        let directive = &mut self.directives.as_mut_slice()[number];
        match parsed {
            Ok((start, len, shape)) => {
                let start = body + start;
                self.tokens.truncate(start + len);
                directive.definition = self.drafts.len() as u32;
                self.drafts.push(
                    self.scratch,
                    Draft {
                        name: body as u32,
                        parameters: (first_parameter as u32, self.parameters.len() as u32),
                        body: (start as u32, (start + len) as u32),
                        shape,
                    },
                );
            }
            Err((fault, at)) => {
                self.parameters.truncate(first_parameter);
                directive.kind = DirectiveKind::BadDefine(fault);
                // The token to complain about.
                directive.definition = (body + at) as u32;
            }
        }
    }

    fn link_conditional(&mut self, number: usize, kind: DirectiveKind) {
        use DirectiveKind::*;
        let number = number as u32;
        if !matches!(kind, If | Ifdef | Ifndef) {
            let Some(opener) = self.open_groups.pop() else { return };
            self.directives.as_mut_slice()[opener as usize].group_end = number;
        }
        if kind != Endif {
            self.open_groups.push(self.scratch, number);
        }
    }

    fn finish(
        mut self,
        source: SourceText<'t>,
        keep: impl FnOnce(GrowVec<'k, Token>) -> &'t [Token],
    ) -> LexedFile<'t> {
        self.at = self.end;
        self.flags = flag::LINE_START;
        self.push(TokenKind::Eof, self.end, Symbol::EMPTY);
        let tokens = keep(self.tokens);
        let parameters: &'t [Symbol] = self.home.slice_copy(self.parameters.as_slice());
        let drafts = self.drafts.as_slice();
        let definitions = self.home.slice_with(drafts.len(), |index| {
            let draft = drafts[index];
            let name = tokens[draft.name as usize];
            Definition {
                name: name.symbol,
                pos: name.pos,
                parameters: &parameters[draft.parameters.0 as usize..draft.parameters.1 as usize],
                body: &tokens[draft.body.0 as usize..draft.body.1 as usize],
                shape: draft.shape,
            }
        });
        let directives: &'t [Directive] = self.home.slice_copy(self.directives.as_slice());
        let guard = include_guard(tokens, directives);
        LexedFile {
            source,
            tokens,
            directives,
            definitions,
            guard,
            unterminated_comment: self.unterminated_comment,
            faults: self.home.slice_copy(self.faults.as_slice()),
        }
    }
}

struct LineParameters<'a, 's, S> {
    lexer: &'a mut GrowVec<'s, Symbol>,
    scratch: &'a S,
    first: usize,
}

impl<'s, S: Region<'s>> ParameterList for LineParameters<'_, 's, S> {
    fn push(&mut self, name: Symbol) {
        self.lexer.push(self.scratch, name);
    }
    fn names(&self) -> &[Symbol] {
        &self.lexer.as_slice()[self.first..]
    }
}

/// The guard macro, if the file is one group under `#ifndef` or `#if !defined`, with nothing before or after it.
fn include_guard(tokens: &[Token], directives: &[Directive]) -> Symbol {
    let Some(first) = directives.first() else { return Symbol::EMPTY };
    let Some(last) = directives.get(first.group_end as usize) else { return Symbol::EMPTY };
    if first.at != 0 || last.kind != DirectiveKind::Endif || last.next_token as usize + 1 != tokens.len() {
        return Symbol::EMPTY;
    }
    let line = &tokens[first.body as usize..first.next_token as usize - 1];
    let name = match (first.kind, line) {
        (DirectiveKind::Ifndef, [name]) => name,
        (DirectiveKind::If, [not, defined, name])
            if not.kind == TokenKind::Exclamation && defined.is_word(words::DEFINED) =>
        {
            name
        }
        (DirectiveKind::If, [not, defined, open, name, close])
            if not.kind == TokenKind::Exclamation
                && defined.is_word(words::DEFINED)
                && open.kind == TokenKind::LeftParen
                && close.kind == TokenKind::RightParen =>
        {
            name
        }
        _ => return Symbol::EMPTY,
    };
    if name.kind == TokenKind::Identifier { name.symbol } else { Symbol::EMPTY }
}
