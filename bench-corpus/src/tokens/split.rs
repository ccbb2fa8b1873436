//! Cuts gcc's preprocessed output into the spellings of its tokens.
//!
//! Written apart from the lexer of `passes` on purpose: a mistake there cannot hide by being made on both sides of the comparison.

/// Where a token of gcc's output came from, by gcc's own line markers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// File as gcc names it.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
}

/// Punctuators longer than one byte, the longest first.
const PUNCTUATORS: &[&[u8]] = &[
    b"%:%:", b"...", b"<<=", b">>=", b"->", b"++", b"--", b"<<", b">>", b"<=", b">=", b"==", b"!=", b"&&",
    b"||", b"*=", b"/=", b"%=", b"+=", b"-=", b"&=", b"^=", b"|=", b"##", b"<:", b":>", b"<%", b"%>", b"%:",
];

/// The tokens of `output`, in order. A directive line that gcc passes on (`#pragma`, `#ident`) is one token, without the newline.
/// Line markers are no tokens. Cost: one pass over the bytes.
pub fn tokens(output: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::with_capacity(output.len() / 4);
    for line in output.split(|byte| *byte == b'\n') {
        if marker(line).is_none() {
            split_line(line, &mut found);
        }
    }
    found
}

/// Where token number `index` of `output`, which must have line markers, came from; `None` past the end.
pub fn place(output: &[u8], index: usize) -> Option<Place> {
    let mut here = Place { file: String::new(), line: 1 };
    let mut found = Vec::new();
    let mut before = 0;
    for line in output.split(|byte| *byte == b'\n') {
        if let Some(marked) = marker(line) {
            here = marked;
            continue;
        }
        split_line(line, &mut found);
        before += found.len();
        found.clear();
        if before > index {
            return Some(here);
        }
        here.line += 1;
    }
    None
}

/// Reads a line marker: `# 12 "file" flags`.
fn marker(line: &[u8]) -> Option<Place> {
    let rest = std::str::from_utf8(line).ok()?.strip_prefix("# ")?;
    let (number, rest) = rest.split_once(' ')?;
    let file = rest.strip_prefix('"')?.rsplit_once('"')?.0;
    Some(Place { file: file.to_owned(), line: number.parse().ok()? })
}

fn split_line<'o>(line: &'o [u8], found: &mut Vec<&'o [u8]>) {
    let line = line.trim_ascii();
    if is_directive(line) {
        found.push(line);
        return;
    }
    let mut rest = line;
    while let Some(first) = rest.first() {
        if first.is_ascii_whitespace() {
            rest = &rest[1..];
            continue;
        }
        let (token, after) = rest.split_at(token_length(rest));
        found.push(token);
        rest = after;
    }
}

fn is_directive(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"#") else { return false };
    [b"pragma".as_slice(), b"ident", b"sccs"].iter().any(|name| rest.trim_ascii_start().starts_with(name))
}

/// Length of the token that `rest`, which is not empty, begins with; at least 1.
fn token_length(rest: &[u8]) -> usize {
    if let Some(quote_at) = literal_prefix(rest) {
        return literal_length(rest, quote_at);
    }
    if starts_identifier(rest) {
        return rest.iter().take_while(|byte| in_identifier(**byte) || **byte == b'\\').count();
    }
    if rest[0].is_ascii_digit() || (rest[0] == b'.' && rest.get(1).is_some_and(u8::is_ascii_digit)) {
        return number_length(rest);
    }
    PUNCTUATORS
        .iter()
        .find(|punctuator| rest.starts_with(punctuator))
        .map_or(1, |punctuator| punctuator.len())
}

/// Index of the opening quote if `rest` begins with a string or character literal, its encoding prefix included.
fn literal_prefix(rest: &[u8]) -> Option<usize> {
    [b"".as_slice(), b"L", b"u8", b"u", b"U"]
        .iter()
        .find(|prefix| rest.starts_with(prefix) && matches!(rest.get(prefix.len()), Some(b'"' | b'\'')))
        .map(|prefix| prefix.len())
}

/// A literal ends at its quote, or at the end of the line when it is never closed.
fn literal_length(rest: &[u8], quote_at: usize) -> usize {
    let quote = rest[quote_at];
    let mut at = quote_at + 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

fn starts_identifier(rest: &[u8]) -> bool {
    (in_identifier(rest[0]) && !rest[0].is_ascii_digit())
        || rest.starts_with(b"\\u")
        || rest.starts_with(b"\\U")
}

fn in_identifier(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | 0x80..)
}

fn number_length(rest: &[u8]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        let signed = matches!(rest[at], b'+' | b'-') && matches!(rest[at - 1], b'e' | b'E' | b'p' | b'P');
        if !(signed || in_identifier(rest[at]) || rest[at] == b'.') {
            break;
        }
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(output: &str, expected: &[&str]) {
        let found: Vec<String> =
            tokens(output.as_bytes()).iter().map(|t| String::from_utf8_lossy(t).into()).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn the_longest_punctuator_wins() {
        check("a+++b<<=c...->x", &["a", "++", "+", "b", "<<=", "c", "...", "->", "x"]);
        check("<::>%:%:<%", &["<:", ":>", "%:%:", "<%"]);
    }

    #[test]
    fn numbers_take_signs_only_after_an_exponent() {
        check("1e+5-0x1p-3+.5f 1.2.3", &["1e+5", "-", "0x1p-3", "+", ".5f", "1.2.3"]);
        check("1+2", &["1", "+", "2"]);
    }

    #[test]
    fn literals_keep_their_prefix_and_their_escapes() {
        check(
            r#"L"a\"b" u8"x"'\'' u'y' LL"z""#,
            &[r#"L"a\"b""#, r#"u8"x""#, r"'\''", "u'y'", "LL", r#""z""#],
        );
    }

    #[test]
    fn a_pragma_line_is_one_token_and_a_marker_is_none() {
        check(
            "# 1 \"a.c\" 2\nint x;\n#pragma GCC poison y\nz\n",
            &["int", "x", ";", "#pragma GCC poison y", "z"],
        );
        check("a # b ## c", &["a", "#", "b", "##", "c"]);
    }

    #[test]
    fn a_token_is_placed_by_the_markers_before_it() {
        let output = b"# 1 \"a.c\"\nint x;\n# 7 \"dir/b.h\" 1\n\ny z;\n";
        assert_eq!(place(output, 1), Some(Place { file: "a.c".into(), line: 1 }));
        assert_eq!(place(output, 4), Some(Place { file: "dir/b.h".into(), line: 8 }));
        assert_eq!(place(output, 6), None);
    }
}
