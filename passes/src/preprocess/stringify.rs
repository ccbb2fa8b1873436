//! `#`: an argument becomes a string literal.

use super::expand::Expansion;
use crate::lex::{Token, TokenKind, flag};
use crate::memory::{GrowVec, Memory, Region};
use crate::source::Pos;

impl<'e, 'u, M: Memory, S: Region<'e>> Expansion<'_, 'e, 'u, '_, M, S> {
    /// The string literal that spells `argument`, with white space as single spaces.
    pub fn stringify(&mut self, argument: &[Token], pos: Pos) -> Token {
        let mut text = GrowVec::new();
        text.push(self.scratch, b'"');
        for (index, token) in argument.iter().enumerate() {
            if token.kind == TokenKind::Padding {
                continue;
            }
            if index > 0 && token.has(flag::WHITE) {
                text.push(self.scratch, b' ');
            }
            let spelling = self.core.spelling(token);
            if !self.has_room_for_spelling(text.len() + 2 * spelling.len()) {
                break;
            }
            let quoted =
                matches!(token.kind, TokenKind::String | TokenKind::Character | TokenKind::HeaderName)
                    || (token.kind == TokenKind::Unterminated);
            if quoted {
                for (at, &byte) in spelling.iter().enumerate() {
                    match byte {
                        // The end of a line in a raw string.
                        b'\r' if spelling.get(at + 1) == Some(&b'\n') => {}
                        b'\n' => text.extend_copy(self.scratch, b"\\n"),
                        b'"' | b'\\' => text.extend_copy(self.scratch, &[b'\\', byte]),
                        _ => text.push(self.scratch, byte),
                    }
                }
            } else {
                text.extend_copy(self.scratch, spelling);
            }
        }
        // A lone backslash at the end would swallow the closing quote.
        let backslashes = text.as_slice().iter().rev().take_while(|&&byte| byte == b'\\').count();
        if backslashes % 2 == 1 {
            text.pop();
        }
        text.push(self.scratch, b'"');
        let symbol = self.core.keep_text(text.as_slice());
        Token { kind: TokenKind::String, flags: 0, parameter: 0, pos, symbol }
    }
}
