//! `-E`: the tokens as text that has the same tokens.

use crate::lex::{Token, TokenKind, flag};
use crate::memory::Memory;
use crate::preprocess::{FileChange, Tokens};
use crate::words;
use std::io::Write;

/// Blank lines up to this number stand for themselves; more become a marker.
const BLANK_LINES_MAX: i64 = 8;

/// Prints all tokens into `out`.
pub fn tokens<M: Memory>(tokens: &mut Tokens<'_, '_, M>, markers: bool, out: &mut Vec<u8>) {
    let mut printer = Printer { out, line: 1, at_line_start: true, last: None, expansions: 0 };
    loop {
        let token = tokens.next_token();
        if printer.out.len() as u64 > tokens.output_bytes_max() {
            tokens.stop_output();
            break;
        }
        match token.kind {
            TokenKind::Eof => break,
            TokenKind::FileChange => printer.marker(tokens, token.parameter),
            TokenKind::Pragma => printer.pragma(tokens, token),
            _ => {
                if token.has(flag::LINE_START) {
                    printer.start_line(tokens, token, markers);
                } else if markers && printer.has_left_line(tokens, token) {
                    printer.start_line(tokens, token, markers);
                    printer.out.push(b' ');
                    printer.token(tokens, Token { flags: token.flags & !flag::WHITE, ..token });
                    continue;
                }
                printer.token(tokens, token);
            }
        }
    }
    printer.end_line();
}

/// Prints the macros that are defined.
pub fn macros<M: Memory>(tokens: &Tokens<'_, '_, M>, out: &mut Vec<u8>) {
    for definition in tokens.macro_definitions() {
        out.extend_from_slice(b"#define ");
        out.extend_from_slice(&definition);
        out.push(b'\n');
    }
}

struct Printer<'o> {
    out: &'o mut Vec<u8>,
    // The line of the source that the line being printed stands for.
    line: i64,
    at_line_start: bool,
    // The last token on the line.
    last: Option<(TokenKind, u8)>,
    // Of the unit, when the line was started.
    expansions: u64,
}

impl Printer<'_> {
    fn end_line(&mut self) {
        if !self.at_line_start {
            self.out.push(b'\n');
            self.line += 1;
            self.at_line_start = true;
        }
        self.last = None;
    }

    /// Whether `token` stands on another line of the source: a call, a comment or a splice before it may have gone over several.
    fn has_left_line<M: Memory>(&mut self, tokens: &mut Tokens<'_, '_, M>, token: Token) -> bool {
        let may = token.has(flag::WHITE) || tokens.expansions() != self.expansions;
        may && tokens.presumed_place_of_token(&token).1 != self.line
    }

    fn start_line<M: Memory>(&mut self, tokens: &mut Tokens<'_, '_, M>, token: Token, markers: bool) {
        self.end_line();
        // A macro at the start of the line was replaced before its first token came here.
        self.expansions = if tokens.is_from_macro(&token) { u64::MAX } else { tokens.expansions() };
        if markers {
            let (name, line) = tokens.presumed_place_of_token(&token);
            let ahead = line - self.line;
            if (0..=BLANK_LINES_MAX).contains(&ahead) {
                self.out.extend(std::iter::repeat_n(b'\n', ahead as usize));
            } else {
                self.print_marker(name, line, "");
            }
            self.line = line;
        }
        // As gcc does: one space is that of the white space before the token.
        self.out.extend(std::iter::repeat_n(b' ', tokens.indentation(&token).saturating_sub(1)));
    }

    fn marker<M: Memory>(&mut self, tokens: &mut Tokens<'_, '_, M>, change: u16) {
        self.end_line();
        let (name, line) = tokens.presumed_place();
        let system = if tokens.in_system_header() { " 3" } else { "" };
        let why = match change {
            change if change == FileChange::Entered as u16 => " 1",
            change if change == FileChange::Left as u16 => " 2",
            _ => "",
        };
        // On entering nothing was read yet; after an include the line is the one behind it.
        let line = match change {
            change if change == FileChange::Left as u16 => line + 1,
            change if change == FileChange::Entered as u16 => 1,
            _ => line.max(1),
        };
        self.print_marker(name, line, &format!("{why}{system}"));
        self.line = line;
    }

    fn print_marker(&mut self, name: &[u8], line: i64, flags: &str) {
        // Writing to a vector does not fail.
        let _ = write!(self.out, "# {line} \"");
        for &byte in name {
            if matches!(byte, b'"' | b'\\') {
                self.out.push(b'\\');
            }
            self.out.push(byte);
        }
        let _ = writeln!(self.out, "\"{flags}");
    }

    fn token<M: Memory>(&mut self, tokens: &Tokens<'_, '_, M>, token: Token) {
        let spelling = tokens.spelling(&token);
        let first = spelling.first().copied().unwrap_or(b' ');
        if token.has(flag::WHITE) || self.last.is_some_and(|last| would_join(last, token.kind, first)) {
            self.out.push(b' ');
        }
        match token.kind {
            TokenKind::Identifier if !spelling.is_ascii() => self.escaped(spelling),
            _ => self.out.extend_from_slice(spelling),
        }
        if token.kind == TokenKind::String {
            // A raw string may have lines.
            self.line += memchr::memchr_iter(b'\n', spelling).count() as i64;
        }
        self.at_line_start = false;
        self.last = Some((token.kind, spelling.last().copied().unwrap_or(b' ')));
    }

    /// An identifier with its characters outside ASCII as escapes, which every compiler reads, as gcc prints it.
    #[cold]
    fn escaped(&mut self, spelling: &[u8]) {
        for c in String::from_utf8_lossy(spelling).chars() {
            // Writing to a vector does not fail.
            let _ = match c {
                '\0'..='\x7f' => write!(self.out, "{c}"),
                _ => write!(self.out, "\\U{:08x}", u32::from(c)),
            };
        }
    }

    fn pragma<M: Memory>(&mut self, tokens: &mut Tokens<'_, '_, M>, start: Token) {
        self.end_line();
        self.out.extend_from_slice(if start.symbol == words::IDENT { b"#ident" } else { b"#pragma" });
        self.at_line_start = false;
        loop {
            let mut token = tokens.next_token();
            if token.ends_line() {
                break;
            }
            token.flags |= if self.last.is_none() { flag::WHITE } else { 0 };
            self.token(tokens, token);
        }
        self.end_line();
    }
}

/// Whether a token that starts with `first` would be read together with the `last` one if nothing stood between.
fn would_join(last: (TokenKind, u8), kind: TokenKind, first: u8) -> bool {
    use TokenKind::{Identifier, Number};
    let (last_kind, end) = last;
    let word = |kind| matches!(kind, Identifier | Number);
    if word(last_kind) {
        let quoted = last_kind == Identifier && matches!(first, b'"' | b'\'');
        let number = last_kind == Number && matches!(first, b'.' | b'+' | b'-');
        // A literal's prefix would become part of the word.
        let letter = first.is_ascii_alphanumeric() || matches!(first, b'_' | b'$' | b'\\' | 0x80..);
        return word(kind) || quoted || number || letter;
    }
    match (end, first) {
        (b'+' | b'-' | b'*' | b'/' | b'%' | b'&' | b'|' | b'^' | b'=' | b'!' | b'<' | b'>', b'=') => true,
        (b'+', b'+') | (b'-', b'-' | b'>') | (b'&', b'&') | (b'|', b'|') | (b'<', b'<' | b':' | b'%') => true,
        (b'>', b'>') | (b'#', b'#') | (b'/', b'/' | b'*') | (b'%', b':' | b'>') | (b':', b'>') => true,
        (b'.', b'.') | (b'\\', _) => true,
        (b':', b'%') => last_kind == TokenKind::DigraphHash,
        (b'.', first) => kind == Number && first.is_ascii_digit(),
        _ => false,
    }
}
