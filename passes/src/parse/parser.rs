//! What all parts of the parser stand on: the next token, the lists in the making, names, errors.

use super::Limits;
use super::keyword::{self, Keyword};
use super::lists::Lists;
pub use super::lists::{finish, finish_rare};
use super::names::{Names, ScopeStart};
use super::pragma::Packing;
use super::tree::{Basic, Entity, EntityKind, Specifiers, Tag, TagKind};
use crate::check::types::Ty;
use crate::diagnostics::{Code, Severity};
use crate::ids::Symbol;
use crate::lex::{Token, TokenKind};
use crate::memory::{GrowVec, Memory, Region};
use crate::preprocess::Tokens;
use crate::source::Pos;
use crate::words;

/// An error was reported; what was being parsed is lost, up to where somebody recovers.
#[derive(Debug)]
pub struct Failed;

/// What a part of the parser returns.
pub type Parsed<O> = Result<O, Failed>;

/// Where a unit's text is, and where findings go: what a pass that reads the tree needs of the passes before.
pub trait Source {
    /// The text of `symbol`.
    fn text(&self, symbol: Symbol) -> &[u8];
    /// Reports a finding, which may lie in any file of the unit.
    fn report(&mut self, severity: Severity, code: Code, pos: Pos, message: String);
    /// The language.
    fn standard(&self) -> &crate::options::Standard;
}

/// Where the tokens come from.
pub trait TokenSource: Source {
    /// The next token and where it counts as standing: in a macro, where the macro was used.
    fn next(&mut self) -> (Token, Pos);
    /// The next token if it stands in the file as it is and any program may have it. That is the common case, in which no call is made.
    fn next_common(&mut self) -> Option<Token>;
    /// The next token, and where it counts as standing, if a macro left it there and any program may have it.
    fn next_of_macro(&mut self) -> Option<(Token, Pos)>;
    /// The spelling of `token`.
    fn spelling(&self, token: &Token) -> &[u8];
    /// Where the text of the line of `pos` begins.
    fn line_start(&self, pos: Pos) -> Pos;
}

impl<M: Memory> Source for &mut Tokens<'_, '_, M> {
    fn text(&self, symbol: Symbol) -> &[u8] {
        self.symbol_text(symbol)
    }
    fn report(&mut self, severity: Severity, code: Code, pos: Pos, message: String) {
        self.report_at(severity, code, pos, message);
    }
    fn standard(&self) -> &crate::options::Standard {
        Tokens::standard(self)
    }
}

impl<M: Memory> TokenSource for &mut Tokens<'_, '_, M> {
    #[inline(always)]
    fn next(&mut self) -> (Token, Pos) {
        self.next_placed()
    }
    #[inline(always)]
    fn next_common(&mut self) -> Option<Token> {
        Tokens::next_common(self)
    }
    #[inline(always)]
    fn next_of_macro(&mut self) -> Option<(Token, Pos)> {
        Tokens::next_of_macro(self)
    }
    fn spelling(&self, token: &Token) -> &[u8] {
        Tokens::spelling(self, token)
    }
    fn line_start(&self, pos: Pos) -> Pos {
        Tokens::line_start(self, pos)
    }
}

/// A token as the parser sees it.
#[derive(Clone, Copy, Debug)]
pub struct Lookahead {
    pub kind: TokenKind,
    /// [`Keyword::None`] for all but keywords.
    pub keyword: Keyword,
    pub symbol: Symbol,
    pub pos: Pos,
}

impl Lookahead {
    /// The token as the preprocessor has it, whose spelling can be asked for.
    pub fn raw(self) -> Token {
        Token { symbol: self.symbol, ..Token::of(self.kind, 0, self.pos) }
    }

    /// Whether this is an identifier and no keyword.
    #[inline]
    pub fn is_name(&self) -> bool {
        self.kind == TokenKind::Identifier && self.keyword == Keyword::None
    }
}

/// What of the unit outlives a declaration: the names of the file, whose table lies in `names_region`, the tokens that were read ahead.
pub struct Unit<'n, 'r, T, U, N> {
    pub source: T,
    pub region: U,
    pub names_region: N,
    pub file_names: Names<'n, 'r>,
    /// What blocks declared `extern` and the file did not.
    pub extern_names: Names<'n, 'r>,
    pub packing: Packing<'n>,
    pub limits: Limits,
    pub token: Lookahead,
    pub ahead: Option<Lookahead>,
    /// The token before `token`.
    pub last: Lookahead,
    /// Built-in functions that have been met are entities like others.
    pub usage: Usage,
}

/// What parsing a unit made.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Declarations and functions at the top of the unit.
    pub externals: u64,
    /// Functions with bodies.
    pub functions: u64,
}

/// What [`Parser::plain_specifiers`] is.
pub type PlainSpecifiers<'t> = [Option<&'t Specifiers<'t>>; 64];

/// The parser of declarations whose tree lies in `tree`, memory of `'t`; what it needs meanwhile lies in `work`, memory of `'w`.
pub struct Parser<'a, 't, 'n, 'r, 'w, T, U, N, R, W> {
    pub unit: &'a mut Unit<'n, 'r, T, U, N>,
    pub tree: &'a R,
    pub work: &'a W,
    pub lists: Lists<'w, 't>,
    /// Specifiers of late that are keywords or a `typedef` name and nothing else.
    pub plain_specifiers: PlainSpecifiers<'t>,
    /// Where the declaration that is being read begins.
    pub declaration_start: Pos,
    /// Names of blocks and prototypes.
    pub inner_names: Names<'w, 't>,
    /// 0 is the file's scope.
    pub scope_depth: u32,
    /// Parts open within each other.
    pub nesting: u32,
    /// Parameters' parentheses around what is being parsed.
    pub prototypes: u32,
    /// Parts of a function's body are being parsed.
    pub in_function: bool,
}

impl<'w, 't: 'w, 'n, 'r: 't + 'n, T: TokenSource, U: Region<'r>, N: Region<'n>, R: Region<'t>, W: Region<'w>>
    Parser<'_, 't, 'n, 'r, 'w, T, U, N, R, W>
{
    /// The next token becomes the current one, which is returned.
    #[inline]
    pub fn bump(&mut self) -> Lookahead {
        self.unit.advance();
        self.unit.last
    }

    /// The token behind the current one.
    #[inline(never)]
    pub fn peek(&mut self) -> Lookahead {
        match self.unit.ahead {
            Some(token) => token,
            None => {
                let token = self.unit.read();
                self.unit.ahead = Some(token);
                token
            }
        }
    }

    /// The current token.
    #[inline]
    pub fn token(&self) -> Lookahead {
        self.unit.token
    }

    /// The place of the current token.
    #[inline]
    pub fn pos(&self) -> Pos {
        self.unit.token.pos
    }

    /// Whether attributes begin here: `__attribute__`, or `[[`, which begins nothing else.
    #[inline]
    pub fn at_attributes(&mut self) -> bool {
        self.at_keyword(Keyword::Attribute)
            || self.at(TokenKind::LeftBracket) && self.peek().kind == TokenKind::LeftBracket
    }

    /// Whether the current token is of `kind`.
    #[inline]
    pub fn at(&self, kind: TokenKind) -> bool {
        self.unit.token.kind == kind
    }

    /// Whether the current token is `keyword`.
    #[inline]
    pub fn at_keyword(&self, keyword: Keyword) -> bool {
        self.unit.token.keyword == keyword
    }

    /// Reads the current token if it is of `kind`.
    #[inline]
    pub fn eat(&mut self, kind: TokenKind) -> bool {
        let is = self.at(kind);
        if is {
            self.bump();
        }
        is
    }

    /// Reads the current token if it is `keyword`.
    #[inline]
    pub fn eat_keyword(&mut self, keyword: Keyword) -> bool {
        let is = self.at_keyword(keyword);
        if is {
            self.bump();
        }
        is
    }

    /// Reads the current token, which must be of `kind`.
    #[inline]
    pub fn expect(&mut self, kind: TokenKind) -> Parsed<Pos> {
        if self.at(kind) {
            return Ok(self.bump().pos);
        }
        self.missing(&format!("'{}'", kind.spelling()), true)
    }

    /// Reports that `what` is missing before the current token: where it is missing, if it could stand behind the token before.
    #[cold]
    pub fn missing<O>(&mut self, what: &str, behind_last: bool) -> Parsed<O> {
        let token = self.token();
        let pos =
            if behind_last && self.unit.last.pos.0 != 0 { self.end_of(self.unit.last) } else { token.pos };
        let message = format!("expected {what} {}", self.before(token));
        self.error(Code::SyntaxError, pos, message)
    }

    /// `before 'x'`, as gcc says it.
    pub fn before(&self, token: Lookahead) -> String {
        let spelling = self.spelling(token);
        match token.kind {
            TokenKind::Eof => String::from("at end of input"),
            TokenKind::Identifier => format!("before '{spelling}'"),
            TokenKind::Number => String::from("before numeric constant"),
            TokenKind::Character => format!("before {spelling}"),
            TokenKind::String => String::from("before string constant"),
            _ => format!("before '{spelling}' token"),
        }
    }

    /// The spelling of `token` in a message.
    pub fn spelling(&self, token: Lookahead) -> String {
        crate::preprocess::shown(self.unit.source.spelling(&token.raw()))
    }

    /// `symbol` in a message.
    pub fn shown(&self, symbol: Symbol) -> String {
        crate::preprocess::shown(self.unit.source.text(symbol))
    }

    fn end_of(&self, token: Lookahead) -> Pos {
        Pos(token.pos.0 + self.unit.source.spelling(&token.raw()).len() as u32)
    }

    /// Reports an error that ends the part being parsed.
    #[cold]
    pub fn error<O>(&mut self, code: Code, pos: Pos, message: String) -> Parsed<O> {
        self.complain(code, pos, message);
        Err(Failed)
    }

    /// Reports an error after which parsing goes on.
    #[cold]
    pub fn complain(&mut self, code: Code, pos: Pos, message: String) {
        self.unit.source.report(code.severity(), code, pos, message);
    }

    /// Adds to the error before where what it speaks of was declared.
    #[cold]
    pub fn note(&mut self, code: Code, pos: Pos, message: String) {
        self.unit.source.report(Severity::Note, code, pos, message);
    }

    /// Parses a part that may contain itself.
    #[inline]
    pub fn nested<O>(&mut self, part: impl FnOnce(&mut Self) -> Parsed<O>) -> Parsed<O> {
        if self.nesting >= self.unit.limits.nesting_max {
            let pos = self.pos();
            let message = String::from("the unit is nested too deeply: a limit of this program");
            return self.error(Code::LimitReached, pos, message);
        }
        self.nesting += 1;
        let result = part(self);
        self.nesting -= 1;
        result
    }

    /// `value` in the tree.
    #[inline]
    pub fn keep<V: Copy>(&self, value: V) -> &'t V {
        &self.tree.slice_copy(&[value])[0]
    }

    /// `list`, which is complete, in the tree.
    pub fn keep_list<V: Copy>(&self, list: &GrowVec<'_, V>) -> &'t [V] {
        if list.is_empty() { &[] } else { self.tree.slice_copy(list.as_slice()) }
    }

    /// What `name` stands for.
    #[inline]
    pub fn entity(&self, name: Symbol) -> Option<&'t Entity> {
        match self.inner_names.entity(name) {
            Some((entity, _)) => Some(entity),
            None => self.unit.file_names.entity(name).map(|(entity, _)| entity),
        }
    }

    /// What `name` stands for in the innermost scope.
    pub fn entity_here(&self, name: Symbol) -> Option<&'t Entity> {
        let found: Option<(&'t Entity, u32)> = if self.scope_depth == 0 {
            self.unit.file_names.entity(name)
        } else {
            self.inner_names.entity(name)
        };
        found.filter(|&(_, depth)| depth == self.scope_depth).map(|(entity, _)| entity)
    }

    /// Whether `token` is the name of a type.
    #[inline]
    pub fn is_typedef_name(&self, token: Lookahead) -> bool {
        token.is_name() && self.entity(token.symbol).is_some_and(|entity| entity.kind == EntityKind::Typedef)
    }

    /// A new entity in the innermost scope.
    pub fn bind(&mut self, name: Symbol, pos: Pos, kind: EntityKind) -> &'t Entity {
        if self.scope_depth == 0 {
            return self.unit.bind_in_file(name, pos, kind);
        }
        let entity = &self.tree.slice_with(1, |_| Entity::new(name, pos, kind))[0];
        self.inner_names.bind_entity(self.work, name, entity, self.scope_depth);
        entity
    }

    /// Makes `entity` known in the innermost scope, which is no file's.
    pub fn bind_again(&mut self, entity: &'t Entity) {
        self.inner_names.bind_entity(self.work, entity.name, entity, self.scope_depth);
    }

    /// A new tag in the innermost scope; it is known by name if it has one.
    pub fn bind_tag(&mut self, name: Symbol, pos: Pos, kind: TagKind) -> &'t Tag {
        if self.scope_depth == 0 {
            let region = &self.unit.region;
            let tag = &region.slice_with(1, |_| Tag::new(name, pos, kind))[0];
            if name != Symbol::EMPTY {
                self.unit.file_names.bind_tag(&self.unit.names_region, name, tag, 0);
            }
            return tag;
        }
        let tag = &self.tree.slice_with(1, |_| Tag::new(name, pos, kind))[0];
        if name != Symbol::EMPTY {
            self.inner_names.bind_tag(self.work, name, tag, self.scope_depth);
        }
        tag
    }

    /// What the tag `name` stands for, and the depth of its scope.
    pub fn tag(&self, name: Symbol) -> Option<(&'t Tag, u32)> {
        let inner = self.inner_names.tag(name);
        inner.or_else(|| self.unit.file_names.tag(name).map(|(tag, depth)| (tag as &Tag, depth)))
    }

    /// Enters a scope.
    pub fn enter_scope(&mut self) -> ScopeStart {
        self.scope_depth += 1;
        self.inner_names.enter()
    }

    /// Leaves the innermost scope, which was entered at `start`.
    pub fn leave_scope(&mut self, start: ScopeStart) {
        self.scope_depth -= 1;
        self.inner_names.leave(start);
    }

    /// Skips to the end of the statement or declaration: behind its `;` or its `}`, or before the `}` that closes the block around it.
    pub fn recover(&mut self) {
        let mut depth = 0u32;
        loop {
            match self.token().kind {
                TokenKind::Eof => return,
                TokenKind::LeftBrace | TokenKind::LeftParen | TokenKind::LeftBracket => depth += 1,
                TokenKind::RightParen | TokenKind::RightBracket => depth = depth.saturating_sub(1),
                TokenKind::RightBrace => {
                    if depth == 0 {
                        return;
                    }
                    depth -= 1;
                    if depth == 0 {
                        self.bump();
                        self.eat(TokenKind::Semicolon);
                        return;
                    }
                }
                TokenKind::Semicolon if depth == 0 => {
                    self.bump();
                    return;
                }
                _ => {}
            }
            self.bump();
        }
    }
}

impl<'n, 'r: 'n, T: TokenSource, U: Region<'r>, N: Region<'n>> Unit<'n, 'r, T, U, N> {
    /// A unit whose first token is current.
    pub fn start(source: T, region: U, names_region: N, limits: Limits) -> Self {
        let nothing =
            Lookahead { kind: TokenKind::Eof, keyword: Keyword::None, symbol: Symbol::EMPTY, pos: Pos(0) };
        let mut unit = Self {
            source,
            region,
            names_region,
            file_names: Names::new(),
            extern_names: Names::new(),
            packing: Packing::new(),
            limits,
            token: nothing,
            ahead: None,
            last: nothing,
            usage: Usage::default(),
        };
        unit.bind_float_types();
        unit.token = unit.read();
        unit
    }

    /// Makes names of types known that are keywords of gcc 12, and that headers declare for compilers as old as this one says it is: they
    /// may be declared again, as what they are.
    fn bind_float_types(&mut self) {
        for (name, basic) in [
            (words::FLOAT32, Basic::Float),
            (words::FLOAT64, Basic::Double),
            (words::FLOAT32X, Basic::Double),
            (words::FLOAT64X, Basic::LongDouble),
        ] {
            let entity = self.bind_in_file(name, Pos(0), EntityKind::Typedef);
            entity.ty.set(Ty::of(basic).0);
        }
    }

    /// The next token that is part of the program becomes the current one, and that the last; pragmas before it are obeyed.
    // A call for each token, so that what it needs stands once in the code; itself it calls nothing unless it ends with that.
    #[inline(never)]
    fn advance(&mut self) {
        self.last = self.token;
        if self.ahead.is_none()
            && let Some(token) = self.source.next_common()
        {
            self.token = self.seen(token, token.pos);
            return;
        }
        self.advance_uncommon();
    }

    #[inline(never)]
    fn advance_uncommon(&mut self) {
        self.token = match self.ahead.take() {
            Some(token) => token,
            None => match self.source.next_of_macro() {
                Some((token, pos)) => self.seen(token, pos),
                None => self.read_uncommon(),
            },
        };
    }

    /// The next token that is part of the program; pragmas before it are obeyed.
    fn read(&mut self) -> Lookahead {
        match self.source.next_common() {
            Some(token) => self.seen(token, token.pos),
            None => self.read_uncommon(),
        }
    }

    /// The same where more may be to do.
    #[inline(never)]
    fn read_uncommon(&mut self) -> Lookahead {
        let next = self.read_any();
        let is_common = next.kind == TokenKind::Identifier || next.kind.is_plain() && !next.kind.is_unusual();
        if is_common { next } else { self.read_rare(next) }
    }

    #[inline(always)]
    fn read_any(&mut self) -> Lookahead {
        let (token, pos) = self.source.next();
        self.seen(token, pos)
    }

    /// `token`, which counts as standing at `pos`, as the parser sees it.
    #[inline(always)]
    fn seen(&self, token: Token, pos: Pos) -> Lookahead {
        let keyword = match token.kind {
            TokenKind::Identifier => keyword::of(token.symbol, self.source.standard()),
            _ => Keyword::None,
        };
        Lookahead { kind: token.kind, keyword, symbol: token.symbol, pos }
    }

    /// The first of `next` and the tokens behind it that is part of the program, with its common spelling.
    #[cold]
    fn read_rare(&mut self, mut next: Lookahead) -> Lookahead {
        loop {
            match next.kind {
                TokenKind::Pragma => self.pragma(),
                TokenKind::FileChange | TokenKind::Padding => {}
                TokenKind::Other
                | TokenKind::Unterminated
                | TokenKind::Hash
                | TokenKind::HashHash
                | TokenKind::DigraphHash
                | TokenKind::DigraphHashHash => self.stray(next),
                // The end counts as standing on the last line with text, as gcc has it.
                TokenKind::Eof => {
                    return Lookahead { pos: self.source.line_start(self.token.pos), ..next };
                }
                TokenKind::DigraphLeftBracket => return Lookahead { kind: TokenKind::LeftBracket, ..next },
                TokenKind::DigraphRightBracket => return Lookahead { kind: TokenKind::RightBracket, ..next },
                TokenKind::DigraphLeftBrace => return Lookahead { kind: TokenKind::LeftBrace, ..next },
                TokenKind::DigraphRightBrace => return Lookahead { kind: TokenKind::RightBrace, ..next },
                _ => return next,
            }
            next = self.read_any();
        }
    }

    /// Reports a token that no program has; it is passed over.
    #[cold]
    #[inline(never)]
    fn stray(&mut self, token: Lookahead) {
        let spelling = self.source.spelling(&token.raw());
        let message = match (token.kind, spelling) {
            (TokenKind::Unterminated, _) => {
                let quote = if spelling.contains(&b'"') { '"' } else { '\'' };
                format!("missing terminating {quote} character")
            }
            (TokenKind::Other, [first, ..]) if !first.is_ascii_graphic() => {
                format!("stray '\\{first:o}' in program")
            }
            _ => format!("stray '{}' in program", crate::preprocess::shown(spelling)),
        };
        let code = Code::StrayCharacter;
        self.source.report(code.severity(), code, token.pos, message);
    }

    /// A new entity that the rest of the file knows.
    pub fn bind_in_file(&mut self, name: Symbol, pos: Pos, kind: EntityKind) -> &'r Entity {
        let entity = &self.region.slice_with(1, |_| Entity::new(name, pos, kind))[0];
        self.file_names.bind_entity(&self.names_region, entity.name, entity, 0);
        entity
    }

    /// Makes `entity`, which a block declared, known to the rest of the file.
    pub fn bind_again_in_file(&mut self, entity: &'r Entity) -> &'r Entity {
        self.file_names.bind_entity(&self.names_region, entity.name, entity, 0);
        entity
    }

    /// A new entity that is known to later `extern` declarations only.
    pub fn bind_extern(&mut self, name: Symbol, pos: Pos, kind: EntityKind) -> &'r Entity {
        let entity = &self.region.slice_with(1, |_| Entity::new(name, pos, kind))[0];
        self.extern_names.bind_entity(&self.names_region, entity.name, entity, 0);
        entity
    }
}
