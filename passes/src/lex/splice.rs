//! Line splices: a backslash, perhaps blanks, and a newline, which translation removes before there are tokens.

use super::class::{BLANK, is};
use crate::source::SENTINEL_LEN;

/// Length of the splice at `at`, or 0. `text` ends in the sentinel.
#[inline]
pub fn len_at(text: &[u8], at: usize) -> usize {
    if text[at] != b'\\' {
        return 0;
    }
    let mut end = at + 1;
    while is(text[end], BLANK) {
        end += 1;
    }
    if text[end] == b'\n' && end + SENTINEL_LEN < text.len() { end + 1 - at } else { 0 }
}

/// `at` moved over any splices that stand there.
#[inline]
pub fn skip(text: &[u8], mut at: usize) -> usize {
    loop {
        match len_at(text, at) {
            0 => return at,
            len => at += len,
        }
    }
}

/// Bytes of the longest escape for a character outside quotes: `\U` and eight digits.
const ESCAPE_LEN: usize = 10;

/// Whether one stands at `at` or in what may be an escape there.
pub fn is_near(text: &[u8], at: usize) -> bool {
    (at..text.len().min(at + ESCAPE_LEN)).any(|at| len_at(text, at) > 0)
}

/// The first bytes of the line at `at` without its splices, as many as an escape has; 0 where it has ended.
pub fn without(text: &[u8], mut at: usize) -> [u8; ESCAPE_LEN] {
    let mut bytes = [0; ESCAPE_LEN];
    for byte in &mut bytes {
        at = skip(text, at);
        if text[at] == b'\n' {
            break;
        }
        *byte = text[at];
        at += 1;
    }
    bytes
}

/// Offset of the backslash whose splice ends with the newline at `newline`, if it ends one.
pub fn before(text: &[u8], newline: usize, start: usize) -> Option<usize> {
    let mut at = newline;
    while at > start && is(text[at - 1], BLANK) {
        at -= 1;
    }
    (at > start && text[at - 1] == b'\\').then(|| at - 1)
}

/// Copies the logical line that starts at `start` without its splices, or `len_max` bytes of it, ended by the sentinel; whether it is
/// the whole line.
pub fn clean_line(text: &[u8], start: usize, len_max: usize, mut put: impl FnMut(u8)) -> bool {
    let mut at = skip(text, start);
    let mut len = 0;
    while text[at] != b'\n' && len < len_max {
        put(text[at]);
        at = skip(text, at + 1);
        len += 1;
    }
    for &byte in b"\n\0\0\0\0\0\0\0" {
        put(byte);
    }
    text[at] == b'\n'
}

/// The offset in `text` after `len` bytes of the cleaned line that starts at `start`.
pub fn raw_offset(text: &[u8], start: usize, len: usize) -> usize {
    let mut at = start;
    for _ in 0..len {
        at = skip(text, at) + 1;
    }
    at
}
