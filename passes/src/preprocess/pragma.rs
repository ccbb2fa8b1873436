//! Pragmas: a few are for the preprocessor, the others are passed on.

use super::core::Core;
use super::expand::{Base, Expansion};
use crate::diagnostics::Code;
use crate::lex::{Token, TokenKind, flag};
use crate::memory::{Memory, Region};
use crate::words;

impl<'u, M: Memory> Core<'u, '_, M> {
    /// Executes the pragma whose tokens are `line`, or passes it on to `put`. `at` is where it stands.
    pub fn pragma<'s>(
        &mut self,
        line: &'s [Token],
        at: Token,
        scratch: &impl Region<'s>,
        mut put: impl FnMut(Token),
    ) {
        let word = |index: usize| line.get(index).filter(|token| token.kind == TokenKind::Identifier);
        let first = word(0).map_or(words::EMPTY, |token| token.symbol);
        let second = word(1).map_or(words::EMPTY, |token| token.symbol);
        match (first, second) {
            (words::ONCE, _) => {
                if self.frames.len() > 1 {
                    self.mark_once();
                }
                return;
            }
            (words::PUSH_MACRO | words::POP_MACRO, _) => {
                if let Some(name) = self.macro_in_string(line) {
                    if first == words::PUSH_MACRO {
                        self.macros.push(&self.region, name);
                    } else {
                        self.macros.pop(&self.region, self.shared.out, name);
                    }
                }
                return;
            }
            (words::GCC, words::POISON) => {
                for token in &line[2..] {
                    if token.kind == TokenKind::Identifier {
                        self.macros.poison(&self.region, self.shared.out, token.symbol);
                    }
                }
                return;
            }
            (words::GCC, words::SYSTEM_HEADER) => {
                if self.frames.len() > 1
                    && let Some(top) = self.frames.last_mut()
                {
                    top.system = true;
                }
                return;
            }
            (words::GCC, words::WARNING | words::ERROR) => {
                let code = if second == words::ERROR { Code::ErrorDirective } else { Code::WarningDirective };
                let text = line.get(2).map_or(String::new(), |token| self.shown_token(token));
                self.report(code, at.pos, text.trim_matches('"').to_owned());
                return;
            }
            (words::GCC, words::DEPENDENCY) => return,
            _ => {}
        }
        let expands = matches!(first, words::MESSAGE | words::REDEFINE_EXTNAME);
        let mut start = Token::of(TokenKind::Pragma, at.flags | flag::LINE_START, at.pos);
        start.symbol = words::PRAGMA;
        put(start);
        if expands {
            let expanded = Expansion::new(self, scratch, Base::Line).expand_line(line);
            expanded.as_slice().iter().for_each(|&token| put(token));
        } else {
            // Whoever reads them again must not expand them.
            for &token in line {
                put(Token { flags: token.flags | flag::NO_EXPAND, ..token });
            }
        }
        put(Token::of(TokenKind::EndOfLine, 0, at.pos));
    }

    /// The macro in `push_macro("name")`.
    fn macro_in_string(&mut self, line: &[Token]) -> Option<crate::ids::Symbol> {
        let string = match line {
            [_, open, string, close, ..]
                if open.kind == TokenKind::LeftParen
                    && string.kind == TokenKind::String
                    && close.kind == TokenKind::RightParen =>
            {
                string
            }
            [name, ..] => {
                let message = format!("invalid #pragma {} directive", self.shown_token(name));
                self.report(Code::MalformedPragma, name.pos, message);
                return None;
            }
            [] => return None,
        };
        let text = self.text(string.symbol);
        let name = text.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
        Some(self.identifier_symbol(name))
    }
}
