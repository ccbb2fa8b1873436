//! One expansion at the top level, or one directive's line: a stack of contexts that tokens are read from.
//!
//! A context is a run of tokens with a place in it: a replacement list, an argument being expanded, a line. Reading takes from the
//! top; an exhausted context is popped, and the macro it belongs to may be expanded again from then on. Everything here lives
//! in a scope of the scratch memory that ends with the expansion.

use super::core::Core;
use super::macros::{Builtin, Macro, MacroId};
use super::padding::Padding;
use crate::diagnostics::Code;
use crate::ids::Symbol;
use crate::lex::{Definition, Token, TokenKind, flag};
use crate::memory::{GrowVec, Memory, Region};
use crate::source::Pos;
use crate::words;

#[derive(Clone, Copy)]
struct Context<'e> {
    tokens: &'e [Token],
    at: u32,
    // 0 if no macro is disabled by it.
    macro_id: u32,
    // Reading stops at its end instead of popping it.
    barrier: bool,
}

/// What tokens follow when all contexts are read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// The current file, for the arguments of a call.
    File,
    /// Nothing: a directive's line.
    Line,
}

/// See the module.
pub struct Expansion<'x, 'e, 'u, 'p, M: Memory, S> {
    pub core: &'x mut Core<'u, 'p, M>,
    pub scratch: &'x S,
    contexts: GrowVec<'e, Context<'e>>,
    pub padding: Padding,
    base: Base,
    /// In `#if`: `defined` and the `__has_` questions are answered.
    pub in_condition: bool,
    depth: u32,
    tokens_left: u64,
    /// The base file ended, or a limit was reached: every read gives the end.
    pub ended: bool,
}

/// The outcome of meeting a macro's name.
pub enum Entered {
    /// Its replacement is what comes next.
    Replaced,
    /// It is not called here.
    NotCalled,
}

impl<'x, 'e, 'u, 'p, M: Memory, S: Region<'e>> Expansion<'x, 'e, 'u, 'p, M, S> {
    pub fn new(core: &'x mut Core<'u, 'p, M>, scratch: &'x S, base: Base) -> Self {
        let tokens_left = core.options.limits.expansion_tokens_max.min(core.expansion_tokens_left);
        core.expansion_tokens_left -= tokens_left;
        Self {
            core,
            scratch,
            contexts: GrowVec::new(),
            padding: Padding::NONE,
            base,
            in_condition: false,
            depth: 0,
            tokens_left,
            ended: false,
        }
    }

    pub fn push_run(&mut self, tokens: &'e [Token], macro_id: Option<MacroId>, barrier: bool) {
        let macro_id = macro_id.map_or(0, |id| id.0);
        self.contexts.push(self.scratch, Context { tokens, at: 0, macro_id, barrier });
    }

    /// The next token as it stands, with pastes done; [`TokenKind::Eof`] at a barrier, `None` when all contexts are read.
    #[inline]
    pub fn read(&mut self) -> Option<Token> {
        loop {
            let context = self.contexts.last_mut()?;
            match context.tokens.get(context.at as usize) {
                Some(&token) => {
                    context.at += 1;
                    match self.tokens_left.checked_sub(1) {
                        Some(left) => self.tokens_left = left,
                        None => self.exhaust("a macro expansion is too large"),
                    }
                    if self.ended {
                        return Some(self.end_token());
                    }
                    if token.kind == TokenKind::Padding {
                        self.padding = self.padding.then(Padding::from_code(token.symbol.0));
                        continue;
                    }
                    if token.has(flag::PASTE_LEFT) {
                        return Some(self.paste_chain(token));
                    }
                    return Some(token);
                }
                None if context.barrier => return Some(self.end_token()),
                None => self.pop_context(),
            }
        }
    }

    /// Ends the expansion, and the unit, because a limit was reached.
    #[cold]
    pub fn exhaust(&mut self, what: &str) {
        self.core.stop(what);
        self.ended = true;
    }

    /// Whether the unit may keep spellings of `more` bytes; ends the expansion if not.
    pub fn has_room_for_spelling(&mut self, more: usize) -> bool {
        let room = self.core.spelling_bytes_left() >= more as u64;
        if !room {
            self.exhaust("the spellings that macros make are too long");
        }
        room
    }

    pub fn end_token(&self) -> Token {
        Token::of(TokenKind::Eof, 0, self.core.expansion_pos)
    }

    /// The token after the current one in the same context, for pastes.
    pub fn read_same_context(&mut self) -> Option<Token> {
        let context = self.contexts.last_mut()?;
        let token = *context.tokens.get(context.at as usize)?;
        context.at += 1;
        Some(token)
    }

    /// Makes the last token of [`Expansion::read_same_context`] unread.
    pub fn unread_same_context(&mut self) {
        if let Some(context) = self.contexts.last_mut() {
            context.at -= 1;
        }
    }

    fn pop_context(&mut self) {
        if let Some(context) = self.contexts.pop() {
            if context.macro_id != 0 {
                self.core.macros.set_disabled(MacroId(context.macro_id), false);
            }
            self.padding = self.padding.leave();
        }
    }

    /// The next token after expansion; [`TokenKind::Eof`] at the end.
    pub fn next_token(&mut self) -> Token {
        loop {
            let Some(mut token) = self.read() else { return self.end_token() };
            if token.kind == TokenKind::Identifier
                && !token.has(flag::NO_EXPAND)
                && (self.in_condition || !self.core.macros.is_plain(token.symbol))
            {
                if self.in_condition && token.symbol == words::DEFINED {
                    return self.answer_defined(token);
                }
                if let Some(id) = self.core.macros.find(token.symbol) {
                    if token.has(flag::FROM_FILE) {
                        self.core.expansion_pos = token.pos;
                    }
                    if self.core.macros.is_disabled(id) {
                        token.flags |= flag::NO_EXPAND;
                    } else if let Entered::Replaced = self.enter(&mut token, id) {
                        continue;
                    } else {
                        // `enter` wrote the padding.
                        return token;
                    }
                } else {
                    self.core.check_poison(&token);
                }
            }
            let padding = std::mem::replace(&mut self.padding, Padding::NONE);
            padding.apply(&mut token);
            return token;
        }
    }

    /// Takes what comes next and stands for itself, as far as that needs no more than a look at each token. There may be none, and what
    /// comes then may stand for itself, too.
    #[inline]
    pub fn take_plain(&mut self) -> &'e [Token] {
        if self.padding != Padding::NONE || self.ended || self.in_condition {
            return &[];
        }
        let Some(context) = self.contexts.last_mut() else { return &[] };
        let macros = &self.core.macros;
        let is_plain = |token: &&Token| {
            let is_itself = match token.kind {
                TokenKind::Identifier => macros.is_plain(token.symbol),
                kind => kind.is_plain(),
            };
            is_itself && !token.has(flag::PASTE_LEFT)
        };
        let rest = &context.tokens[context.at as usize..];
        let len = rest.iter().take(self.tokens_left as usize).take_while(is_plain).count();
        context.at += len as u32;
        self.tokens_left -= len as u64;
        &rest[..len]
    }

    /// Replaces `name` by what macro `id` stands for, if it is called here.
    pub fn enter(&mut self, name: &mut Token, id: MacroId) -> Entered {
        match self.core.macros.meaning(id) {
            Macro::Builtin(builtin) => self.enter_builtin(name, builtin),
            Macro::Defined(definition) if definition.shape.function_like => {
                self.enter_call(name, id, definition)
            }
            Macro::Defined(definition) => {
                self.core.expansions += 1;
                self.padding = self.padding.enter(name);
                self.core.macros.set_disabled(id, true);
                let body = self.keep(definition.body);
                self.push_run(body, Some(id), false);
                Entered::Replaced
            }
        }
    }

    fn enter_builtin(&mut self, name: &mut Token, builtin: Builtin) -> Entered {
        if builtin == Builtin::Pragma && self.base == Base::Line {
            std::mem::replace(&mut self.padding, Padding::NONE).apply(name);
            return Entered::NotCalled;
        }
        let padding = self.padding.enter(name);
        self.padding = Padding::NONE;
        let tokens = self.builtin(*name, builtin);
        self.has_room_for_spelling(1);
        self.padding = padding;
        self.push_run(tokens, None, false);
        Entered::Replaced
    }

    fn enter_call(&mut self, name: &mut Token, id: MacroId, definition: &'u Definition<'u>) -> Entered {
        let before = std::mem::replace(&mut self.padding, Padding::NONE);
        if !self.take_open_paren() {
            before.apply(name);
            return Entered::NotCalled;
        }
        self.core.expansions += 1;
        if self.depth >= self.core.options.limits.macro_depth_max {
            self.exhaust("macro calls are nested too deeply");
        }
        self.depth += 1;
        let body = match self.collect_arguments(name, definition) {
            Some(arguments) => self.substitute(definition, arguments),
            None => {
                self.depth -= 1;
                // Wrong calls leave the name.
                self.padding = Padding::NONE;
                before.apply(name);
                return Entered::NotCalled;
            }
        };
        self.depth -= 1;
        self.padding = before.enter(name);
        self.core.macros.set_disabled(id, true);
        self.push_run(body, Some(id), false);
        Entered::Replaced
    }

    /// Takes the `(` of a call, if that is what comes next.
    pub fn take_open_paren(&mut self) -> bool {
        loop {
            let Some(context) = self.contexts.last() else {
                return self.base == Base::File && self.core.take_file_paren(self.scratch);
            };
            if context.at as usize == context.tokens.len() {
                if context.barrier {
                    return false;
                }
                self.pop_context();
                continue;
            }
            let Some(token) = self.read() else { return false };
            if token.kind == TokenKind::LeftParen {
                return true;
            }
            if token.kind != TokenKind::Eof {
                let again: &'e [Token] = self.scratch.slice_copy(&[token]);
                self.push_run(again, None, false);
            }
            return false;
        }
    }

    /// Whether what comes next stands in the file, where no macro is being expanded, and nothing happened to it.
    #[inline]
    pub fn reads_file(&self) -> bool {
        self.contexts.is_empty() && self.base == Base::File && !self.ended && self.padding == Padding::NONE
    }

    /// The next token of a call's arguments, not expanded.
    pub fn read_argument_token(&mut self) -> Token {
        let mut token = match self.read() {
            Some(token) => token,
            None if self.base == Base::File && !self.ended => {
                let mut token = self.core.file_argument_token(self.scratch);
                token.flags |= flag::FROM_FILE;
                token
            }
            None => self.end_token(),
        };
        if token.kind == TokenKind::Identifier
            && let Some(id) = self.core.macros.find(token.symbol)
            && self.core.macros.is_disabled(id)
        {
            token.flags |= flag::NO_EXPAND;
        }
        token
    }

    /// Expands `argument` on its own.
    pub fn expand_argument(&mut self, argument: &'e [Token]) -> &'e [Token] {
        let has_macros = argument.iter().any(|token| {
            token.kind == TokenKind::Identifier
                && !token.has(flag::NO_EXPAND)
                && (self.core.macros.find(token.symbol).is_some()
                    || (self.in_condition && token.symbol == words::DEFINED))
        });
        if !has_macros {
            return argument;
        }
        let outer_padding = std::mem::replace(&mut self.padding, Padding::NONE);
        let outer_pos = self.core.expansion_pos;
        self.push_run(argument, None, true);
        let depth = self.contexts.len();
        let mut expanded = self.read_all();
        // A limit may have been reached deep inside.
        while self.contexts.len() >= depth {
            self.pop_barrier_or_context();
        }
        if self.padding != Padding::NONE {
            expanded.push(self.scratch, padding_token(self.padding));
        }
        self.padding = outer_padding;
        self.core.expansion_pos = outer_pos;
        expanded.into_slice()
    }

    /// Leaves the newest context, whose barrier reading may have stopped at.
    pub fn pop_barrier_or_context(&mut self) {
        if let Some(context) = self.contexts.pop()
            && context.macro_id != 0
        {
            self.core.macros.set_disabled(MacroId(context.macro_id), false);
        }
    }

    /// Expands `line` completely.
    pub fn expand_line(mut self, line: &'e [Token]) -> GrowVec<'e, Token> {
        self.push_run(line, None, true);
        let expanded = self.read_all();
        self.finish();
        expanded
    }

    /// The expanded tokens up to the next barrier.
    fn read_all(&mut self) -> GrowVec<'e, Token> {
        let mut expanded = GrowVec::new();
        loop {
            expanded.extend_copy(self.scratch, self.take_plain());
            let token = self.next_token();
            if token.kind == TokenKind::Eof {
                return expanded;
            }
            expanded.push(self.scratch, token);
        }
    }

    /// Leaves every context.
    pub fn finish(&mut self) {
        while !self.contexts.is_empty() {
            self.pop_barrier_or_context();
        }
        // What was not read is there for the next expansion.
        self.core.expansion_tokens_left += std::mem::take(&mut self.tokens_left);
    }

    /// Adds a finding about the expansion.
    pub fn report(&mut self, code: Code, pos: Pos, message: String) {
        self.core.report(code, pos, message);
    }

    /// Keeps `tokens` for the expansion.
    pub fn keep(&self, tokens: &[Token]) -> &'e [Token] {
        self.scratch.slice_copy(tokens)
    }
}

/// `padding` as a token.
pub fn padding_token(padding: Padding) -> Token {
    let mut token = Token::of(TokenKind::Padding, 0, Pos(0));
    token.symbol = Symbol(padding.code());
    token
}
