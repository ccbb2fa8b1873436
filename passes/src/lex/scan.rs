//! One token from a text without line splices: integers and bytes in, kind and end out.
//!
//! The text must end in the sentinel of [`crate::source`], which stops every loop here.

use super::LexMode;
use super::block;
use super::class::{self, DIGIT, EXTENDED, LETTER, WORD, is};
use super::escape::extended_char;
use super::token::TokenKind;

/// What [`scan`] found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scanned {
    /// The token's kind.
    pub kind: TokenKind,
    /// The offset after its last byte.
    pub end: usize,
    /// A backslash that may be a line splice stopped the scan or stands inside: look again on cleaned text.
    pub suspicious: bool,
    /// The spelling has bytes outside ASCII or escapes that stand for characters.
    pub extended: bool,
}

impl Scanned {
    #[inline]
    fn plain(kind: TokenKind, end: usize) -> Self {
        Self { kind, end, suspicious: false, extended: false }
    }
}

/// Scans the token at `start`, which must not be white space, a newline or a comment.
#[inline]
pub fn scan(text: &[u8], start: usize, mode: LexMode) -> Scanned {
    let first = text[start];
    if is(first, LETTER) {
        return scan_word(text, start, mode);
    }
    if is(first, DIGIT) || (first == b'.' && is(text[start + 1], DIGIT)) {
        return scan_number(text, start);
    }
    match first {
        b'"' => scan_quoted(text, start, b'"', TokenKind::String),
        b'\'' => scan_quoted(text, start, b'\'', TokenKind::Character),
        b'\\' => scan_backslash(text, start, mode),
        _ if is(first, EXTENDED) => scan_extended(text, start, mode),
        _ => scan_punctuator(text, start),
    }
}

/// The end of the letters and digits at `from`.
#[inline]
pub fn word_end(text: &[u8], from: usize) -> usize {
    let mut end = from;
    while let Some(bytes) = text[end..].first_chunk() {
        let others = !block::words(bytes) & 0xffff;
        if others != 0 {
            return end + others.trailing_zeros() as usize;
        }
        end += block::LEN;
    }
    let rest = &text[end..];
    // The sentinel is there; without it the text would end here.
    end + rest.iter().position(|&byte| !is(byte, WORD)).unwrap_or(rest.len())
}

/// The end of the blanks at `from`.
#[inline]
pub fn blank_end(text: &[u8], from: usize) -> usize {
    let rest = &text[from..];
    from + rest.iter().position(|&byte| !is(byte, class::BLANK)).unwrap_or(rest.len())
}

#[inline]
fn scan_word(text: &[u8], start: usize, mode: LexMode) -> Scanned {
    let end = word_end(text, start + 1);
    let stop = text[end];
    if (stop == b'"' || stop == b'\'') && end - start <= 3 {
        return scan_prefixed(text, start, end, mode);
    }
    if stop == b'\\' || is(stop, EXTENDED) {
        return scan_extended_word(text, start, end);
    }
    Scanned::plain(TokenKind::Identifier, end)
}

/// An identifier that goes on with a character outside ASCII, an escape for one, or perhaps a splice.
#[cold]
fn scan_extended_word(text: &[u8], start: usize, mut end: usize) -> Scanned {
    let mut extended = false;
    loop {
        if is(text[end], WORD) {
            end += 1;
        } else if let Some((c, len)) = extended_char(text, end)
            && (class::is_identifier_char(c) && (end > start || !class::is_combining_char(c)))
        {
            extended = true;
            end += len;
        } else {
            break;
        }
    }
    Scanned { kind: TokenKind::Identifier, end, suspicious: text[end] == b'\\', extended }
}

#[cold]
fn scan_extended(text: &[u8], start: usize, _mode: LexMode) -> Scanned {
    match extended_char(text, start) {
        Some((c, _)) if class::is_identifier_char(c) && !class::is_combining_char(c) => {
            scan_extended_word(text, start, start)
        }
        Some((_, len)) => Scanned::plain(TokenKind::Other, start + len),
        None => Scanned::plain(TokenKind::Other, start + 1),
    }
}

#[cold]
fn scan_backslash(text: &[u8], start: usize, mode: LexMode) -> Scanned {
    match extended_char(text, start) {
        Some(_) => {
            let scanned = scan_extended(text, start, mode);
            // An escape for a character that no identifier starts with is not a token as a whole.
            if scanned.kind == TokenKind::Other {
                Scanned::plain(TokenKind::Other, start + 1)
            } else {
                scanned
            }
        }
        // The escape may go on behind a splice.
        None => Scanned {
            suspicious: matches!(text[start + 1], b'u' | b'U' | b'\\'),
            ..Scanned::plain(TokenKind::Other, start + 1)
        },
    }
}

/// `L"`, `u8"`, `R"` and the like, or an identifier before a quote.
fn scan_prefixed(text: &[u8], start: usize, end: usize, mode: LexMode) -> Scanned {
    let quote = text[end];
    let prefix = &text[start..end];
    let (raw, encoding) = match prefix {
        [encoding @ .., b'R'] if quote == b'"' && mode.has(LexMode::RAW_STRINGS) => (true, encoding),
        _ => (false, prefix),
    };
    let known = match encoding {
        b"" => raw,
        b"L" => true,
        b"u" | b"U" => mode.has(LexMode::UNICODE_LITERALS),
        b"u8" => mode.has(LexMode::UNICODE_LITERALS) && quote == b'"',
        _ => false,
    };
    if !known {
        return Scanned::plain(TokenKind::Identifier, end);
    }
    if raw {
        return scan_raw_string(text, end).unwrap_or(Scanned::plain(TokenKind::Identifier, end));
    }
    let kind = if quote == b'"' { TokenKind::String } else { TokenKind::Character };
    scan_quoted(text, end, quote, kind)
}

/// `"delimiter(` ... `)delimiter"` with the quote at `quote`; splices stay in it.
fn scan_raw_string(text: &[u8], quote: usize) -> Option<Scanned> {
    let open = quote + 1 + text[quote + 1..].iter().take(17).position(|&b| b == b'(')?;
    let delimiter = &text[quote + 1..open];
    if delimiter.iter().any(|&b| b == b')' || b == b'\\' || b == b'\n' || b == b'"' || is(b, class::BLANK)) {
        return None;
    }
    let mut at = open + 1;
    loop {
        at += memchr::memchr(b')', &text[at..])? + 1;
        if text[at..].starts_with(delimiter) && text.get(at + delimiter.len()) == Some(&b'"') {
            return Some(Scanned::plain(TokenKind::String, at + delimiter.len() + 1));
        }
    }
}

/// The literal whose first `quote` is at `open`.
#[inline]
pub(super) fn scan_quoted(text: &[u8], open: usize, quote: u8, kind: TokenKind) -> Scanned {
    let mut at = open + 1;
    let mut suspicious = false;
    loop {
        match text[at] {
            byte if byte == quote => return Scanned { kind, end: at + 1, suspicious, extended: false },
            b'\\' => {
                if matches!(text[at + 1], b'\n' | b'\r' | b' ' | b'\t' | 0x0b | 0x0c) {
                    suspicious = true;
                }
                if text[at + 1] == b'\n' {
                    // Either a splice, and the text is scanned again, or the end of the line.
                    return Scanned {
                        kind: TokenKind::Unterminated,
                        end: at + 1,
                        suspicious,
                        extended: false,
                    };
                }
                at += 2;
            }
            b'\n' => {
                // The line ends with both; a quote that is alone on it is no carriage return.
                let end = at - usize::from(text[at - 1] == b'\r');
                return Scanned { kind: TokenKind::Unterminated, end, suspicious, extended: false };
            }
            _ => at += 1,
        }
    }
}

#[inline]
fn scan_number(text: &[u8], start: usize) -> Scanned {
    let mut at = start + 1;
    loop {
        let byte = text[at];
        if is(byte, WORD) {
            at += 1;
            if matches!(byte | 0x20, b'e' | b'p') && matches!(text[at], b'+' | b'-') {
                at += 1;
            }
        } else if byte == b'.' {
            at += 1;
        } else if byte == b'\\' || is(byte, EXTENDED) {
            match extended_char(text, at) {
                Some((c, len)) if class::is_identifier_char(c) => at += len,
                _ => {
                    return Scanned {
                        kind: TokenKind::Number,
                        end: at,
                        suspicious: byte == b'\\',
                        extended: false,
                    };
                }
            }
        } else {
            return Scanned::plain(TokenKind::Number, at);
        }
    }
}

#[inline]
fn scan_punctuator(text: &[u8], start: usize) -> Scanned {
    use TokenKind::*;
    let second = text[start + 1];
    let (kind, len) = match (text[start], second) {
        (b'(', _) => return Scanned::plain(LeftParen, start + 1),
        (b')', _) => return Scanned::plain(RightParen, start + 1),
        (b',', _) => return Scanned::plain(Comma, start + 1),
        (b';', _) => return Scanned::plain(Semicolon, start + 1),
        (b'[', _) => return Scanned::plain(LeftBracket, start + 1),
        (b']', _) => return Scanned::plain(RightBracket, start + 1),
        (b'{', _) => return Scanned::plain(LeftBrace, start + 1),
        (b'}', _) => return Scanned::plain(RightBrace, start + 1),
        (b'~', _) => return Scanned::plain(Tilde, start + 1),
        (b'?', _) => return Scanned::plain(Question, start + 1),
        (b'.', b'.') if text[start + 2] == b'.' => (Ellipsis, 3),
        (b'.', b'.') if text[start + 2] == b'\\' => {
            return Scanned { kind: Dot, end: start + 1, suspicious: true, extended: false };
        }
        (b'.', _) => (Dot, 1),
        (b'-', b'>') => (Arrow, 2),
        (b'-', b'-') => (MinusMinus, 2),
        (b'-', b'=') => (MinusEqual, 2),
        (b'-', _) => (Minus, 1),
        (b'+', b'+') => (PlusPlus, 2),
        (b'+', b'=') => (PlusEqual, 2),
        (b'+', _) => (Plus, 1),
        (b'&', b'&') => (AmpersandAmpersand, 2),
        (b'&', b'=') => (AmpersandEqual, 2),
        (b'&', _) => (Ampersand, 1),
        (b'*', b'=') => (StarEqual, 2),
        (b'*', _) => (Star, 1),
        (b'!', b'=') => (NotEqual, 2),
        (b'!', _) => (Exclamation, 1),
        (b'/', b'=') => (SlashEqual, 2),
        (b'/', _) => (Slash, 1),
        (b'%', b'=') => (PercentEqual, 2),
        (b'%', b'>') => (DigraphRightBrace, 2),
        (b'%', b':') if text[start + 2] == b'%' && text[start + 3] == b':' => (DigraphHashHash, 4),
        (b'%', b':') if text[start + 2] == b'\\' || (text[start + 2] == b'%' && text[start + 3] == b'\\') => {
            return Scanned { kind: DigraphHash, end: start + 2, suspicious: true, extended: false };
        }
        (b'%', b':') => (DigraphHash, 2),
        (b'%', _) => (Percent, 1),
        (b'<', b'<') if text[start + 2] == b'=' => (ShiftLeftEqual, 3),
        (b'<', b'<') => (ShiftLeft, 2),
        (b'<', b'=') => (LessEqual, 2),
        (b'<', b':') => (DigraphLeftBracket, 2),
        (b'<', b'%') => (DigraphLeftBrace, 2),
        (b'<', _) => (Less, 1),
        (b'>', b'>') if text[start + 2] == b'=' => (ShiftRightEqual, 3),
        (b'>', b'>') => (ShiftRight, 2),
        (b'>', b'=') => (GreaterEqual, 2),
        (b'>', _) => (Greater, 1),
        (b'=', b'=') => (EqualEqual, 2),
        (b'=', _) => (Equal, 1),
        (b'^', b'=') => (CaretEqual, 2),
        (b'^', _) => (Caret, 1),
        (b'|', b'|') => (PipePipe, 2),
        (b'|', b'=') => (PipeEqual, 2),
        (b'|', _) => (Pipe, 1),
        (b':', b'>') => (DigraphRightBracket, 2),
        (b':', _) => (Colon, 1),
        (b'#', b'#') => (HashHash, 2),
        (b'#', _) => (Hash, 1),
        _ => (Other, 1),
    };
    Scanned { kind, end: start + len, suspicious: text[start + len] == b'\\', extended: false }
}
