//! What character constants and strings mean: the one reader of their quotes and escapes, for `#if` and for the parser.

use super::escape::{self, Escape};

/// How the characters of a literal are stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Encoding {
    /// `"a"`
    Plain,
    /// `u8"a"`
    Utf8,
    /// `u"a"`
    Utf16,
    /// `U"a"`
    Utf32,
    /// `L"a"`
    Wide,
}

/// What is between the quotes of a literal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quoted<'l> {
    /// The text.
    pub text: &'l [u8],
    /// Backslashes stand for themselves.
    pub is_raw: bool,
}

/// Why a character constant has no value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BadCharacter {
    /// There is nothing between its quotes.
    Empty,
    /// An escape sequence means nothing, for this reason.
    Escape(String),
}

/// The encoding of a literal and what is between its quotes.
pub fn unquote(spelling: &[u8]) -> (Encoding, Quoted<'_>) {
    let (encoding, rest) = match spelling {
        [b'u', b'8', rest @ ..] => (Encoding::Utf8, rest),
        [b'u', rest @ ..] => (Encoding::Utf16, rest),
        [b'U', rest @ ..] => (Encoding::Utf32, rest),
        [b'L', rest @ ..] => (Encoding::Wide, rest),
        _ => (Encoding::Plain, spelling),
    };
    if let [b'R', b'"', raw @ ..] = rest {
        // `R"mark(text)mark"`
        let open = raw.iter().position(|&byte| byte == b'(').unwrap_or(0);
        let end = raw.len().saturating_sub(open + 2);
        return (encoding, Quoted { text: raw.get(open + 1..end).unwrap_or(b""), is_raw: true });
    }
    let text = rest.get(1..rest.len().saturating_sub(1)).unwrap_or(b"");
    (encoding, Quoted { text, is_raw: false })
}

/// The value of the character constant `spelling` and how it is encoded. One plain character has the sign of `char`, several make an
/// `int`.
///
/// # Errors
/// If it has none.
pub fn character(spelling: &[u8]) -> Result<(Encoding, i64), BadCharacter> {
    let (encoding, quoted) = unquote(spelling);
    let (mut value, mut count) = (0u32, 0u32);
    for unit in Units::new(quoted, encoding) {
        let unit = unit.map_err(BadCharacter::Escape)?;
        value = if encoding == Encoding::Plain { value << 8 | unit & 0xff } else { unit };
        count += 1;
    }
    let value = match encoding {
        _ if count == 0 => return Err(BadCharacter::Empty),
        Encoding::Plain if count == 1 => i64::from(value as u8 as i8),
        Encoding::Plain | Encoding::Wide => i64::from(value as i32),
        Encoding::Utf8 => i64::from(value as u8),
        Encoding::Utf16 => i64::from(value as u16),
        Encoding::Utf32 => i64::from(value),
    };
    Ok((encoding, value))
}

/// How many code units a literal's text has, and what is wrong with the last of its escape sequences that mean nothing.
pub fn count_units(quoted: Quoted<'_>, encoding: Encoding) -> (u32, Option<String>) {
    let is_bytes = matches!(encoding, Encoding::Plain | Encoding::Utf8);
    let changes = if quoted.is_raw { b'\r' } else { b'\\' };
    if is_bytes && memchr::memchr(changes, quoted.text).is_none() {
        return (u32::try_from(quoted.text.len()).unwrap_or(u32::MAX), None);
    }
    let (mut count, mut fault) = (0u32, None);
    for unit in Units::new(quoted, encoding) {
        count = count.saturating_add(1);
        fault = unit.err().or(fault);
    }
    (count, fault)
}

/// How many code units of a literal's text stand before the first that is zero, if one is.
pub fn units_before_zero(quoted: Quoted<'_>, encoding: Encoding) -> Option<usize> {
    Units::new(quoted, encoding).position(|unit| unit == Ok(0))
}

/// The code units of a literal's text.
struct Units<'l> {
    quoted: Quoted<'l>,
    at: usize,
    encoding: Encoding,
    /// The character whose last units are still to come, and how many these are.
    begun: (u32, u32),
}

impl<'l> Units<'l> {
    fn new(quoted: Quoted<'l>, encoding: Encoding) -> Self {
        Self { quoted, at: 0, encoding, begun: (0, 0) }
    }

    /// The first unit of `character`; the others follow.
    fn begin(&mut self, character: u32) -> u32 {
        let (first, more) = match (self.encoding, character) {
            (Encoding::Plain | Encoding::Utf8, 0x80..) => {
                // A lead byte and continuations of six bits each.
                let more = [0x800, 0x1_0000, 0x20_0000, 0x400_0000].partition_point(|&end| end <= character)
                    as u32
                    + 1;
                (0xff << (7 - more) & 0xff | character >> (6 * more), more)
            }
            (Encoding::Utf16, 0x1_0000..0x11_0000) => (0xd800 + ((character - 0x1_0000) >> 10), 1),
            _ => (character, 0),
        };
        self.begun = (character, more);
        first
    }
}

impl Iterator for Units<'_> {
    type Item = Result<u32, String>;

    fn next(&mut self) -> Option<Self::Item> {
        let (character, more) = self.begun;
        if more > 0 {
            self.begun.1 -= 1;
            return Some(Ok(match self.encoding {
                Encoding::Utf16 => 0xdc00 | character & 0x3ff,
                _ => 0x80 | character >> (6 * (more - 1)) & 0x3f,
            }));
        }
        let text = self.quoted.text;
        // Only a raw string holds ends of lines; a carriage return before one is part of it.
        self.at += usize::from(text.get(self.at..self.at + 2) == Some(b"\r\n"));
        let &first = text.get(self.at)?;
        if first == b'\\' && !self.quoted.is_raw {
            self.at += 1;
            return Some(match escape::sequence(text, &mut self.at) {
                Ok(Escape::Unit(unit)) => Ok(unit),
                Ok(Escape::Character(character)) => Ok(self.begin(character)),
                Err(reason) => Err(reason),
            });
        }
        let is_bytes = matches!(self.encoding, Encoding::Plain | Encoding::Utf8);
        if is_bytes || first < 0x80 {
            self.at += 1;
            return Some(Ok(u32::from(first)));
        }
        // A broken character counts as its first byte.
        let Some((character, len)) = escape::extended_char(text, self.at) else {
            self.at += 1;
            return Some(Ok(u32::from(first)));
        };
        self.at += len;
        Some(Ok(self.begin(u32::from(character))))
    }
}

#[cfg(test)]
mod tests {
    use super::{BadCharacter, Encoding, character, count_units, unquote};

    fn value(spelling: &str) -> i64 {
        character(spelling.as_bytes()).expect("it has a value").1
    }

    fn units(spelling: &str) -> u32 {
        let (encoding, quoted) = unquote(spelling.as_bytes());
        count_units(quoted, encoding).0
    }

    #[test]
    fn one_character_has_the_sign_of_char_and_several_make_an_int() {
        assert_eq!((value(r"'\377'"), value(r"'\xff'"), value("'ab'")), (-1, -1, 0x6162));
        assert_eq!(
            (value(r"L'\377'"), value(r"u'\xffff'"), value(r"U'\xffffffff'")),
            (255, 0xffff, 0xffff_ffff)
        );
        assert_eq!((value(r"'\1019'"), value(r"'\0'"), value(r"'\e'")), (0x4139, 0, 27));
        assert_eq!(character(b"''"), Err(BadCharacter::Empty));
    }

    #[test]
    fn characters_are_encoded_as_the_literal_is() {
        assert_eq!((value(r"'\u00e9'"), value("'\u{e9}'")), (0xc3a9, 0xc3a9));
        assert_eq!((value(r"L'\u00e9'"), value("L'\u{e9}'"), value("u'\u{e9}'")), (0xe9, 0xe9, 0xe9));
        assert_eq!((units(r#""\u00e9""#), units(r#""\u20ac""#), units(r#"u8"\U0001F600""#)), (2, 3, 4));
        assert_eq!((units("u\"\u{1f600}\""), units("U\"\u{1f600}\""), units("L\"\u{e9}\"")), (2, 1, 1));
        assert_eq!((units(r#"u8"\u00e9\xff""#), units(r#""a\n\x41\101""#), units(r#""""#)), (3, 4, 0));
        assert_eq!((units(r#"R"x(a\n)x""#), units(r#"LR"(a\n)""#)), (3, 3));
        assert_eq!((units("R\"(a\r\nb)\""), units("UR\"(a\r\nb)\""), units("R\"(a\rb\n)\"")), (3, 3, 4));
    }

    #[test]
    fn escapes_that_mean_nothing_say_why() {
        let reason = |spelling: &str| match character(spelling.as_bytes()) {
            Err(BadCharacter::Escape(reason)) => reason,
            other => panic!("{spelling}: {other:?}"),
        };
        assert_eq!(reason(r"'\x'"), r"\x used with no following hex digits");
        assert_eq!(reason(r"'\u12'"), r"incomplete universal character name \u12");
        assert_eq!(reason(r"'\U0000004g'"), r"incomplete universal character name \U0000004");
        assert_eq!(reason(r"'\ud800'"), r"\ud800 is not a valid universal character");
        assert_eq!(reason(r"'\u0041'"), r"\u0041 is not a valid universal character");
        assert_eq!(character(br"'\u0024'"), Ok((Encoding::Plain, 0x24)));
    }
}
