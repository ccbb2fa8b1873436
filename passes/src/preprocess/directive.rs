//! Directives other than conditionals and includes.

use super::core::{Core, FileChange, shown};
use super::expand::{Base, Expansion};
use super::macros::Macro;
use crate::diagnostics::Code;
use crate::lex::{DefinitionFault, Directive, DirectiveKind, Token, TokenKind, flag};
use crate::memory::{GrowVec, Memory, Region};
use crate::source::Pos;
use crate::words;

impl<'u, M: Memory> Core<'u, '_, M> {
    /// Executes the directive whose token was just read.
    pub fn execute<'s>(&mut self, token: Token, scratch: &impl Region<'s>, in_arguments: bool) {
        use DirectiveKind::*;
        let directive = self.directive(token.symbol.0);
        let outer = self.expansion_pos;
        self.expansion_pos = token.pos;
        self.at = directive.next_token as usize;
        self.report_passed_faults();
        match directive.kind {
            If | Ifdef | Ifndef | Elif | Else | Endif => self.conditional(directive, scratch),
            Define => self.define(directive),
            Undef => self.undefine(directive),
            Include | IncludeNext | Import if in_arguments => {
                let message = String::from("#include inside the arguments of a macro call");
                self.report(Code::MisplacedDirective, self.name_pos(directive), message);
            }
            Include | IncludeNext | Import => self.include(directive, scratch),
            Pragma => {
                let line = self.line_of(directive, scratch);
                // Found in arguments, a pragma comes before the expansion.
                let mut passed = GrowVec::new();
                self.pragma(line, token, scratch, |token| passed.push(scratch, token));
                self.pending.extend_copy(&self.region, passed.as_slice());
            }
            Line => self.line(directive, scratch),
            Marker => self.marker(directive, scratch),
            Error | Warning => {
                let message = self.message_of(directive);
                let code =
                    if directive.kind == Error { Code::ErrorDirective } else { Code::WarningDirective };
                let word = if directive.kind == Error { "#error" } else { "#warning" };
                let pos = self.name_pos(directive);
                self.report(code, pos, format!("{word} {message}").trim_end().to_owned());
            }
            Ident => self.ident(directive, token, scratch),
            Assert | Unassert => self.assertion(directive, scratch),
            Null => {}
            BadDefine(fault) => self.bad_define(directive, fault),
            Unknown => {
                let name = self.tokens()[directive.body as usize];
                let message = format!("invalid preprocessing directive #{}", self.shown_token(&name));
                self.report(Code::UnknownDirective, name.pos, message);
            }
        }
        self.expansion_pos = outer;
    }

    /// Where the name of a directive stands, or else its `#`.
    pub fn name_pos(&self, directive: Directive) -> Pos {
        let name = directive.body.saturating_sub(1).max(directive.at);
        self.tokens()[name as usize].pos
    }

    /// Where what follows the name of a directive stands, or else the end of the line.
    pub fn body_pos(&self, directive: Directive) -> Pos {
        self.tokens()[directive.body as usize].pos
    }

    /// The tokens of a directive after its name, for as long as `scratch` lives.
    pub fn line_of<'s>(&self, directive: Directive, scratch: &impl Region<'s>) -> &'s [Token] {
        scratch.slice_copy(self.line_here(directive))
    }

    /// The tokens of a directive after its name.
    fn line_here(&self, directive: Directive) -> &[Token] {
        &self.tokens()[directive.body as usize..directive.next_token as usize - 1]
    }

    fn message_of(&self, directive: Directive) -> String {
        let mut message = Vec::new();
        for token in self.line_here(directive) {
            if token.has(flag::WHITE) && !message.is_empty() {
                message.push(b' ');
            }
            message.extend_from_slice(self.spelling(token));
        }
        shown(&message)
    }

    fn define(&mut self, directive: Directive) {
        let definition = if self.streams() {
            let Some(definition) = self.stream.definition(&self.region) else { return };
            definition
        } else {
            let file = self.frame().file;
            &file.definitions[directive.definition as usize]
        };
        let name = definition.name;
        if self.macros.is_poisoned(name) {
            let message = format!("attempt to use poisoned \"{}\"", self.shown(name));
            return self.report(Code::Poisoned, definition.pos, message);
        }
        if self.macros.has_poison {
            for token in definition.body.iter().filter(|token| token.kind == TokenKind::Identifier) {
                self.check_poison(token);
            }
        }
        match self.macro_named(name) {
            Some(Macro::Defined(old)) => {
                let same_text = |a, b| self.text(a) == self.text(b);
                if !std::ptr::eq(old, definition) && !old.is_same(definition, same_text) {
                    let message = format!("\"{}\" redefined", self.shown(name));
                    self.report(Code::Redefinition, definition.pos, message);
                }
            }
            Some(Macro::Builtin(_)) => {
                let message = format!("redefining builtin \"{}\"", self.shown(name));
                self.report(Code::BuiltinRedefinition, definition.pos, message);
            }
            None => {}
        }
        self.define_macro(name, Macro::Defined(definition));
    }

    fn bad_define(&mut self, directive: Directive, fault: DefinitionFault) {
        let at = (directive.definition as usize).min(directive.next_token as usize - 1);
        let token = self.tokens()[at];
        let message = match fault {
            DefinitionFault::NoName => String::from("no macro name given in #define directive"),
            DefinitionFault::NameNotIdentifier => String::from("macro names must be identifiers"),
            DefinitionFault::NameReserved => {
                format!("\"{}\" cannot be used as a macro name", self.shown_token(&token))
            }
            DefinitionFault::UnclosedParameters => String::from("expected ')' in macro parameter list"),
            DefinitionFault::BadParameter => {
                format!("expected a parameter name or ')', found \"{}\"", self.shown_token(&token))
            }
            DefinitionFault::DuplicateParameter => {
                format!("duplicate macro parameter \"{}\"", self.shown_token(&token))
            }
            DefinitionFault::TooManyParameters => String::from("too many macro parameters"),
            DefinitionFault::PasteAtEdge => {
                String::from("'##' cannot appear at either end of a macro expansion")
            }
            DefinitionFault::HashWithoutParameter => String::from("'#' is not followed by a macro parameter"),
            DefinitionFault::BadOptional => {
                String::from("__VA_OPT__ is not followed by its tokens in parentheses")
            }
        };
        self.report(Code::MalformedDefinition, token.pos, message);
    }

    fn undefine(&mut self, directive: Directive) {
        let name = self.tokens()[directive.body as usize];
        if name.kind != TokenKind::Identifier || name.symbol == words::DEFINED {
            let message = match name.kind {
                TokenKind::EndOfLine => String::from("no macro name given in #undef directive"),
                TokenKind::Identifier => String::from("\"defined\" cannot be used as a macro name"),
                _ => String::from("macro names must be identifiers"),
            };
            return self.report(Code::MalformedDirective, name.pos, message);
        }
        if let Some(extra) = self.line_here(directive).get(1) {
            self.report(
                Code::ExtraTokens,
                extra.pos,
                String::from("extra tokens at end of #undef directive"),
            );
        }
        if self.macros.is_poisoned(name.symbol) {
            return self.check_poison(&name);
        }
        if let Some(Macro::Builtin(_)) = self.macro_named(name.symbol) {
            let message = format!("undefining \"{}\"", self.shown(name.symbol));
            self.report(Code::BuiltinRedefinition, name.pos, message);
        }
        self.macros.undefine(name.symbol);
    }

    fn line<'s>(&mut self, directive: Directive, scratch: &impl Region<'s>) {
        let pos = self.body_pos(directive);
        let line = self.line_of(directive, scratch);
        let expanded = Expansion::new(self, scratch, Base::Line).expand_line(line);
        let tokens = expanded.as_slice();
        let number = tokens.first().filter(|token| token.kind == TokenKind::Number);
        let value = number.and_then(|token| parse_line_number(self.spelling(token)));
        let Some(value) = value else {
            let what = tokens.first().map_or(String::new(), |token| self.shown_token(token));
            return self.report(
                Code::MalformedDirective,
                pos,
                format!("\"{what}\" after #line is not a positive integer"),
            );
        };
        let name = match tokens.get(1) {
            None => None,
            Some(token) if token.kind == TokenKind::String => {
                if let Some(extra) = tokens.get(2) {
                    let message = String::from("extra tokens at end of #line directive");
                    self.report(Code::ExtraTokens, extra.pos, message);
                }
                Some(*token)
            }
            Some(token) => {
                let message = format!("\"{}\" is not a valid filename", self.shown_token(token));
                let pos = line.get(1).map_or(pos, |token| token.pos);
                return self.report(Code::MalformedDirective, pos, message);
            }
        };
        self.set_line(directive, value, name);
    }

    /// `# 12 "file" flags`, as preprocessors write it.
    fn marker<'s>(&mut self, directive: Directive, scratch: &impl Region<'s>) {
        let line = self.line_of(directive, scratch);
        let pos = line[0].pos;
        let Some(value) = parse_line_number(self.spelling(&line[0])) else {
            let message = format!("\"{}\" after # is not a positive integer", self.shown_token(&line[0]));
            return self.report(Code::MalformedDirective, pos, message);
        };
        let name = line.get(1).filter(|token| token.kind == TokenKind::String).copied();
        for token in line.get(2..).unwrap_or(&[]) {
            if token.kind == TokenKind::Number
                && self.spelling(token) == b"3"
                && let Some(top) = self.frames.last_mut()
            {
                top.system = true;
            }
        }
        self.set_line(directive, value, name);
    }

    /// Makes the line after `directive` line `value` of the file `name`.
    fn set_line(&mut self, directive: Directive, value: u32, name: Option<Token>) {
        let end = self.tokens()[directive.next_token as usize - 1].pos;
        let presumed = name.map(|token| {
            let mut text = GrowVec::new();
            let spelling = self.text(token.symbol);
            let inner = &spelling[1..spelling.len() - 1];
            let mut escaped = false;
            for &byte in inner {
                escaped = byte == b'\\' && !escaped;
                if !escaped {
                    text.push(&self.region, byte);
                }
            }
            self.keep_text(text.as_slice())
        });
        let Some(top) = self.frames.last_mut() else { return };
        let next_line = i64::from(top.lines.line(&top.file.source, end)) + 1;
        top.line_delta = i64::from(value) - next_line;
        if let Some(presumed) = presumed {
            top.presumed = presumed;
        }
        self.report_change(FileChange::Renamed);
    }

    /// `#ident "text"` is passed on.
    fn ident<'s>(&mut self, directive: Directive, token: Token, scratch: &impl Region<'s>) {
        let line = self.line_of(directive, scratch);
        match line {
            [string] if string.kind == TokenKind::String => {
                let mut start = Token::of(TokenKind::Pragma, flag::LINE_START, token.pos);
                start.symbol = words::IDENT;
                self.pending.push(&self.region, start);
                self.pending.push(&self.region, Token { flags: flag::WHITE, ..*string });
                self.pending.push(&self.region, Token::of(TokenKind::EndOfLine, 0, token.pos));
            }
            _ => {
                let pos = self.body_pos(directive);
                self.report(Code::MalformedDirective, pos, String::from("invalid #ident directive"));
            }
        }
    }

    /// `#assert` and `#unassert`.
    fn assertion<'s>(&mut self, directive: Directive, scratch: &impl Region<'s>) {
        let line = self.line_of(directive, scratch);
        let pos = self.body_pos(directive);
        if line.first().is_none_or(|token| token.kind != TokenKind::Identifier) {
            return self.report(
                Code::MalformedDirective,
                pos,
                String::from("predicate must be an identifier"),
            );
        }
        self.set_assertion(directive.kind == DirectiveKind::Assert, line, pos);
    }

    fn set_assertion(&mut self, assert: bool, line: &[Token], pos: Pos) {
        let answer = match &line[1..] {
            [] => None,
            [open, inner @ .., close]
                if open.kind == TokenKind::LeftParen
                    && close.kind == TokenKind::RightParen
                    && !inner.is_empty() =>
            {
                Some(inner)
            }
            _ => {
                return self.report(
                    Code::MalformedDirective,
                    pos,
                    String::from("missing '(' or ')' around the answer"),
                );
            }
        };
        let predicate = line[0].symbol;
        match (assert, answer) {
            (true, Some(answer)) => {
                let answer: &'u [Token] = self.region.slice_copy(answer);
                self.assertions.push(&self.region, (predicate, answer));
            }
            (true, None) => {
                self.report(Code::MalformedDirective, pos, String::from("missing '(' after predicate"));
            }
            (false, answer) => {
                for at in 0..self.assertions.len() {
                    let (old, given) = self.assertions.as_slice()[at];
                    if old == predicate && answer.is_none_or(|answer| self.same_answer(given, answer)) {
                        self.assertions.as_mut_slice()[at].0 = words::EMPTY;
                    }
                }
            }
        }
    }

    /// Whether two answers have the same tokens.
    pub fn same_answer(&self, a: &[Token], b: &[Token]) -> bool {
        a.len() == b.len()
            && a.iter().zip(b).all(|(a, b)| a.kind == b.kind && self.spelling(a) == self.spelling(b))
    }
}

fn parse_line_number(text: &[u8]) -> Option<u32> {
    let value: u64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    u32::try_from(value).ok().filter(|&value| value <= i32::MAX as u32)
}
