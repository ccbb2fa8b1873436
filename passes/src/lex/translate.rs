//! What happens to a file's bytes before there are tokens: byte-order mark, ends of lines, trigraphs.

use super::LexMode;
use crate::memory::Region;
use crate::source::SENTINEL_LEN;

/// The text to lex, with its sentinel, and the text as it was read, without.
///
/// A byte-order mark goes, a carriage return without a newline ends a line as gcc has it, and trigraphs are replaced if the mode
/// has them. What needs no change is not copied. Lines stay lines; columns differ behind a trigraph only.
pub fn translate<'r>(bytes: &'r [u8], mode: LexMode, region: &impl Region<'r>) -> (&'r [u8], &'r [u8]) {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let bytes = end_lines(bytes, region);
    let original = &bytes[..bytes.len() - SENTINEL_LEN];
    if mode.has(LexMode::TRIGRAPHS) && memchr::memmem::find(bytes, b"??").is_some() {
        (replace_trigraphs(bytes, region), original)
    } else {
        (bytes, original)
    }
}

fn end_lines<'r>(bytes: &'r [u8], region: &impl Region<'r>) -> &'r [u8] {
    let len = bytes.len() - SENTINEL_LEN;
    // The sentinel's newline is no part of the text.
    let alone = |at: &usize| bytes[..len].get(at + 1) != Some(&b'\n');
    let Some(first) = memchr::memchr_iter(b'\r', bytes).find(alone) else { return bytes };
    let copy = region.slice_copy(bytes);
    for at in first..bytes.len() {
        if bytes[at] == b'\r' && alone(&at) {
            copy[at] = b'\n';
        }
    }
    copy
}

/// The character that `text` begins with and how many bytes spell it: three for a trigraph.
fn character(text: &[u8]) -> (u8, usize) {
    let meaning = match text {
        [b'?', b'?', third, ..] => match third {
            b'=' => b'#',
            b'(' => b'[',
            b'/' => b'\\',
            b')' => b']',
            b'\'' => b'^',
            b'<' => b'{',
            b'!' => b'|',
            b'>' => b'}',
            b'-' => b'~',
            _ => return (text[0], 1),
        },
        _ => return (text[0], 1),
    };
    (meaning, 3)
}

fn replace_trigraphs<'r>(bytes: &[u8], region: &impl Region<'r>) -> &'r [u8] {
    let copy = region.slice_copy(bytes);
    let (mut from, mut to) = (0, 0);
    while from < bytes.len() {
        let (meaning, len) = character(&bytes[from..]);
        copy[to] = meaning;
        from += len;
        to += 1;
    }
    &copy[..to]
}

/// Where in `line`, as it was read, the byte stands that is number `column` after trigraphs were replaced.
pub fn original_column(line: &[u8], column: usize) -> usize {
    let mut at = 0;
    for _ in 0..column {
        if at >= line.len() {
            break;
        }
        at += character(&line[at..]).1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::original_column;

    #[test]
    fn a_column_behind_trigraphs_is_that_of_the_text_as_it_was_read() {
        let line = b"??=??(x??? y";
        let columns: Vec<usize> = (0..=8).map(|column| original_column(line, column)).collect();
        assert_eq!(columns, [0, 3, 6, 7, 8, 9, 10, 11, 12]);
        assert_eq!(original_column(line, 100), line.len());
    }
}
