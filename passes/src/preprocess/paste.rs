//! `##`: two tokens become one, if their spellings do.

use super::core::shown;
use super::expand::Expansion;
use crate::diagnostics::Code;
use crate::ids::Symbol;
use crate::lex::scan::scan;
use crate::lex::{Token, TokenKind, flag};
use crate::memory::{GrowVec, Memory, Region};
use crate::source::SENTINEL_LEN;

impl<'e, 'u, M: Memory, S: Region<'e>> Expansion<'_, 'e, 'u, '_, M, S> {
    /// Pastes `left`, which was just read, with what follows in its context.
    #[inline(never)]
    pub fn paste_chain(&mut self, left: Token) -> Token {
        let mut result = left;
        let mut more = true;
        while more {
            let right = loop {
                match self.read_same_context() {
                    Some(token) if token.kind == TokenKind::Padding => continue,
                    Some(token) => break token,
                    // An empty argument came last.
                    None => {
                        result.flags &= !flag::PASTE_LEFT;
                        return result;
                    }
                }
            };
            more = right.has(flag::PASTE_LEFT);
            match self.paste(&result, &right) {
                Some(pasted) => result = pasted,
                None => {
                    self.unread_same_context();
                    break;
                }
            }
        }
        result.flags &= !flag::PASTE_LEFT;
        result
    }

    fn paste(&mut self, left: &Token, right: &Token) -> Option<Token> {
        let (left_text, right_text) = (self.core.spelling(left), self.core.spelling(right));
        if !self.has_room_for_spelling(left_text.len() + right_text.len()) {
            return None;
        }
        let mut text = GrowVec::new();
        text.reserve(self.scratch, left_text.len() + 1 + right_text.len() + SENTINEL_LEN);
        text.extend_copy(self.scratch, left_text);
        // Two characters that would start a comment make no token.
        let comment = left.kind == TokenKind::Slash && right.kind != TokenKind::Equal;
        if comment {
            text.push(self.scratch, b' ');
        }
        text.extend_copy(self.scratch, right_text);
        let len = text.len();
        text.extend_copy(self.scratch, b"\n\0\0\0\0\0\0\0");
        debug_assert_eq!(text.len(), len + SENTINEL_LEN);
        let bytes = text.as_slice();
        let is_blank =
            |byte: u8| crate::lex::class::is(byte, crate::lex::class::BLANK) || byte == b'\n' || byte == 0;
        let scanned = if len == 0 || is_blank(bytes[0]) || comment {
            None
        } else {
            Some(scan(bytes, 0, self.core.options.standard.lex_mode))
        };
        let Some(scanned) =
            scanned.filter(|scanned| scanned.end == len && scanned.kind != TokenKind::Unterminated)
        else {
            let message = format!(
                "pasting \"{}\" and \"{}\" does not give a valid preprocessing token",
                shown(left_text),
                shown(right_text)
            );
            self.report(Code::InvalidPaste, left.pos, message);
            return None;
        };
        let symbol = match scanned.kind {
            TokenKind::Identifier => {
                self.core.count_spelling(len);
                self.core.identifier_symbol(&bytes[..len])
            }
            kind if kind.is_punctuator() => Symbol::EMPTY,
            _ => self.core.keep_text(&bytes[..len]),
        };
        let flags = left.flags & (flag::WHITE | flag::WHITE_AFTER_BARE | flag::LINE_START);
        Some(Token { kind: scanned.kind, flags, parameter: 0, pos: left.pos, symbol })
    }
}
