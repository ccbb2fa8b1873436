//! Macros that the preprocessor computes, and the questions of `#if`.

use super::core::Core;
use super::expand::{Entered, Expansion};
use super::features;
use super::macros::{Builtin, Macro};
use crate::diagnostics::Code;
use crate::lex::{Token, TokenKind, flag};
use crate::memory::{GrowVec, Memory, Region};
use crate::words;

/// The names of the computed macros.
pub const BUILTINS: &[(crate::ids::Symbol, Builtin)] = &[
    (words::FILE, Builtin::File),
    (words::FILE_NAME, Builtin::FileName),
    (words::LINE_MACRO, Builtin::Line),
    (words::DATE, Builtin::Date),
    (words::TIME, Builtin::Time),
    (words::TIMESTAMP, Builtin::Timestamp),
    (words::COUNTER, Builtin::Counter),
    (words::INCLUDE_LEVEL, Builtin::IncludeLevel),
    (words::BASE_FILE, Builtin::BaseFile),
    (words::PRAGMA_OPERATOR, Builtin::Pragma),
    (words::HAS_INCLUDE, Builtin::HasInclude),
    (words::HAS_INCLUDE_NEXT, Builtin::HasIncludeNext),
    (words::HAS_ATTRIBUTE, Builtin::HasAttribute),
    (words::HAS_CPP_ATTRIBUTE, Builtin::HasAttribute),
    (words::HAS_C_ATTRIBUTE, Builtin::HasStandardAttribute),
    (words::HAS_BUILTIN, Builtin::HasFunction),
];

impl<'e, 'u, M: Memory, S: Region<'e>> Expansion<'_, 'e, 'u, '_, M, S> {
    /// What `name` stands for here.
    pub fn builtin(&mut self, name: Token, builtin: Builtin) -> &'e [Token] {
        let number = |this: &Self, value: u64| {
            let mut digits = [0; 20];
            let text = decimal(value, &mut digits);
            let symbol =
                if text.len() <= 3 { this.core.identifier_symbol(text) } else { this.core.keep_text(text) };
            this.keep(&[Token { kind: TokenKind::Number, flags: 0, parameter: 0, pos: name.pos, symbol }])
        };
        match builtin {
            Builtin::File => {
                let presumed = self.core.frame().presumed;
                self.quoted(name, self.core.text(presumed))
            }
            Builtin::FileName => {
                let path = self.core.text(self.core.frame().presumed);
                let file_name = memchr::memrchr(b'/', path).map_or(path, |slash| &path[slash + 1..]);
                self.quoted(name, file_name)
            }
            Builtin::BaseFile => self.quoted(name, self.core.text(self.core.base_file)),
            Builtin::Line => {
                let expansion = self.core.expansion_pos;
                let pos = if expansion.0 != 0 { expansion } else { name.pos };
                let line = self.core.presumed_line(pos).max(0) as u64;
                number(self, line)
            }
            Builtin::Counter => {
                let value = self.core.counter;
                self.core.counter = value.wrapping_add(1);
                number(self, u64::from(value))
            }
            Builtin::IncludeLevel => {
                let level =
                    self.core.frames.as_slice().iter().filter(|frame| frame.included_at.0 != 0).count();
                number(self, level as u64)
            }
            Builtin::Date | Builtin::Time | Builtin::Timestamp => {
                let text = time_text(self.core.options.time, builtin);
                self.quoted(name, text.as_bytes())
            }
            Builtin::HasInclude | Builtin::HasIncludeNext => {
                let found = self.has_include(name, builtin == Builtin::HasIncludeNext);
                number(self, u64::from(found))
            }
            Builtin::HasAttribute | Builtin::HasStandardAttribute | Builtin::HasFunction => {
                let value = self.has_feature(name, builtin);
                number(self, value)
            }
            Builtin::Pragma => self.pragma_operator(name),
        }
    }

    fn quoted(&self, name: Token, text: &[u8]) -> &'e [Token] {
        let mut quoted = GrowVec::new();
        quoted.push(self.scratch, b'"');
        for &byte in text {
            if matches!(byte, b'"' | b'\\') {
                quoted.push(self.scratch, b'\\');
            }
            quoted.push(self.scratch, byte);
        }
        quoted.push(self.scratch, b'"');
        let symbol = self.core.keep_text(quoted.as_slice());
        self.keep(&[Token { kind: TokenKind::String, flags: 0, parameter: 0, pos: name.pos, symbol }])
    }

    /// `defined X` or `defined(X)`.
    pub fn answer_defined(&mut self, defined: Token) -> Token {
        let mut answer = defined;
        answer.kind = TokenKind::Number;
        answer.symbol = words::ZERO;
        let mut token = self.read_argument_token();
        let parens = token.kind == TokenKind::LeftParen;
        if parens {
            token = self.read_argument_token();
        }
        if token.kind != TokenKind::Identifier {
            let message = String::from("operator \"defined\" requires an identifier");
            self.report(Code::MalformedExpression, defined.pos, message);
            return answer;
        }
        self.core.check_poison(&token);
        if self.core.macros.find(token.symbol).is_some() {
            answer.symbol = words::ONE;
        }
        if parens && self.read_argument_token().kind != TokenKind::RightParen {
            self.report(
                Code::MalformedExpression,
                defined.pos,
                String::from("missing ')' after \"defined\""),
            );
        }
        answer
    }

    fn expect(&mut self, name: Token, kind: TokenKind) -> bool {
        let token = self.next_token();
        self.check_kind(name, &token, kind)
    }

    fn check_kind(&mut self, name: Token, token: &Token, kind: TokenKind) -> bool {
        if token.kind != kind {
            let (name_text, what) = (self.core.shown_token(&name), kind.spelling());
            let side = if kind == TokenKind::LeftParen { "before" } else { "after" };
            let message = format!("missing '{what}' {side} \"{name_text}\" operand");
            self.report(Code::MalformedExpression, name.pos, message);
            return false;
        }
        true
    }

    fn has_include(&mut self, name: Token, next: bool) -> bool {
        if !self.in_condition {
            let message =
                format!("\"{}\" used outside of preprocessing directive", self.core.shown_token(&name));
            self.report(Code::MalformedExpression, name.pos, message);
            return false;
        }
        if !self.expect(name, TokenKind::LeftParen) {
            return false;
        }
        let token = self.next_token();
        let mut header = GrowVec::new();
        match token.kind {
            TokenKind::HeaderName | TokenKind::String => {
                header.extend_copy(self.scratch, self.core.spelling(&token))
            }
            TokenKind::Less => {
                header.push(self.scratch, b'<');
                loop {
                    let part = self.next_token();
                    if part.kind == TokenKind::Eof {
                        self.report(
                            Code::MalformedExpression,
                            name.pos,
                            String::from("missing terminating > character"),
                        );
                        return false;
                    }
                    if part.has(flag::WHITE) {
                        header.push(self.scratch, b' ');
                    }
                    header.extend_copy(self.scratch, self.core.spelling(&part));
                    if part.kind == TokenKind::Greater {
                        break;
                    }
                }
            }
            _ => {
                let message = format!("operator \"{}\" requires a header-name", self.core.shown_token(&name));
                self.report(Code::MalformedExpression, name.pos, message);
                return false;
            }
        }
        self.expect(name, TokenKind::RightParen);
        let header = header.as_slice();
        header.len() > 2
            && self.core.header_exists(&header[1..header.len() - 1], header[0] == b'<', next, self.scratch)
    }

    fn has_feature(&mut self, name: Token, builtin: Builtin) -> u64 {
        if !self.expect(name, TokenKind::LeftParen) {
            return 0;
        }
        let token = self.next_token();
        if token.kind != TokenKind::Identifier {
            let message = format!("operator \"{}\" requires an identifier", self.core.shown_token(&name));
            self.report(Code::MalformedExpression, name.pos, message);
            return 0;
        }
        let text = self.core.text(token.symbol);
        if builtin == Builtin::HasFunction {
            self.expect(name, TokenKind::RightParen);
            return u64::from(features::has_builtin(text));
        }
        let mut end = self.next_token();
        let value = if end.kind == TokenKind::Colon {
            // `vendor::attribute`
            let colon = self.next_token();
            let attribute = self.next_token();
            if colon.kind != TokenKind::Colon || attribute.kind != TokenKind::Identifier {
                let message = format!(
                    "attribute identifier required after scope in \"{}\"",
                    self.core.shown_token(&name)
                );
                self.report(Code::MalformedExpression, name.pos, message);
                return 0;
            }
            end = self.next_token();
            features::scoped_attribute(text, self.core.text(attribute.symbol))
        } else if builtin == Builtin::HasStandardAttribute {
            features::standard_attribute(text).unwrap_or(0)
        } else {
            features::attribute(text)
        };
        self.check_kind(name, &end, TokenKind::RightParen);
        value
    }

    /// The next token behind `_Pragma`, where macros stand for what they are replaced by.
    fn read_operand_token(&mut self) -> Token {
        loop {
            let mut token = self.read_argument_token();
            if token.kind != TokenKind::Identifier || token.has(flag::NO_EXPAND) {
                return token;
            }
            let Some(id) = self.core.macros.find(token.symbol) else { return token };
            // No operator stands in another.
            if matches!(self.core.macros.meaning(id), Macro::Builtin(Builtin::Pragma)) {
                return token;
            }
            if let Entered::NotCalled = self.enter(&mut token, id) {
                return token;
            }
        }
    }

    /// `_Pragma("...")`: the tokens of the pragma, or none if it was for the preprocessor.
    fn pragma_operator(&mut self, name: Token) -> &'e [Token] {
        let open = self.read_operand_token();
        let string = self.read_operand_token();
        let close = self.read_operand_token();
        if open.kind != TokenKind::LeftParen
            || string.kind != TokenKind::String
            || close.kind != TokenKind::RightParen
        {
            let message = String::from("_Pragma takes a parenthesized string literal");
            self.report(Code::MalformedPragma, name.pos, message);
            return &[];
        }
        let mut text: GrowVec<'e, u8> = GrowVec::new();
        unquote(self.core.text(string.symbol), |byte| text.push(self.scratch, byte));
        text.extend_copy(self.scratch, b"\n\0\0\0\0\0\0\0");
        let text: &'e [u8] = text.into_slice();
        let line = self.core.lex_line(text, string.pos, self.scratch);
        let mut tokens = GrowVec::new();
        self.core.pragma(line.into_slice(), name, self.scratch, |token| tokens.push(self.scratch, token));
        tokens.into_slice()
    }
}

/// The bytes that a string literal's spelling stands for in `_Pragma`.
fn unquote(literal: &[u8], mut put: impl FnMut(u8)) {
    let open = literal.iter().position(|&byte| byte == b'"').unwrap_or(0);
    let inner = literal.get(open + 1..literal.len().saturating_sub(1)).unwrap_or(&[]);
    let mut at = 0;
    while at < inner.len() {
        if inner[at] == b'\\' && matches!(inner.get(at + 1), Some(b'"' | b'\\')) {
            at += 1;
        }
        put(if inner[at] == b'\n' { b' ' } else { inner[at] });
        at += 1;
    }
}

/// `value` in decimal digits.
pub fn decimal(mut value: u64, digits: &mut [u8; 20]) -> &[u8] {
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            return &digits[at..];
        }
    }
}

fn time_text(seconds: u64, builtin: Builtin) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    let days = seconds / 86400;
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    // Days to a civil date, counted in eras of 400 years that start in March.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let month = MONTHS[month as usize - 1];
    match builtin {
        Builtin::Date => format!("{month} {day:2} {year}"),
        Builtin::Time => format!("{hour:02}:{minute:02}:{second:02}"),
        _ => format!(
            "{} {month} {day:2} {hour:02}:{minute:02}:{second:02} {year}",
            WEEKDAYS[(days % 7) as usize]
        ),
    }
}

impl<'u, M: Memory> Core<'u, '_, M> {
    /// Complains if `token` is a poisoned name.
    #[inline]
    pub fn check_poison(&mut self, token: &Token) {
        if self.macros.is_poisoned(token.symbol) {
            let message = format!("attempt to use poisoned \"{}\"", self.shown(token.symbol));
            self.report(Code::Poisoned, token.pos, message);
        }
    }

    /// The tokens of one line of text that is no file's.
    pub fn lex_line<'s>(
        &self,
        text: &[u8],
        pos: crate::source::Pos,
        scratch: &impl Region<'s>,
    ) -> GrowVec<'s, Token> {
        use crate::lex::class::{BLANK, is};
        let mut tokens = GrowVec::new();
        let mut at = 0;
        let mut flags = 0;
        while text[at] != b'\n' {
            if is(text[at], BLANK) || text[at] == 0 {
                flags = flag::WHITE;
                at += 1;
                continue;
            }
            let scanned = crate::lex::scan::scan(text, at, self.options.standard.lex_mode);
            let spelling = &text[at..scanned.end];
            let symbol = match scanned.kind {
                TokenKind::Identifier => self.identifier_symbol(spelling),
                kind if kind.is_punctuator() => crate::ids::Symbol::EMPTY,
                _ => self.keep_text(spelling),
            };
            tokens.push(scratch, Token { kind: scanned.kind, flags, parameter: 0, pos, symbol });
            flags = 0;
            at = scanned.end;
        }
        tokens
    }
}
