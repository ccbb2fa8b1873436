//! What a byte may start or continue.

/// Starts an identifier.
pub const LETTER: u8 = 1;
/// Continues an identifier (letters and digits).
pub const WORD: u8 = 2;
/// A decimal digit.
pub const DIGIT: u8 = 4;
/// White space inside a line.
pub const BLANK: u8 = 8;
/// Part of a character outside ASCII.
pub const EXTENDED: u8 = 16;
/// Makes what stands before it, if that is an identifier so far, perhaps more or something else: quotes, escapes, [`EXTENDED`] bytes.
pub const CONTINUES: u8 = 32;

/// The class bits of each byte.
pub static CLASS: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        table[byte] = match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'$' => LETTER | WORD,
            b'0'..=b'9' => WORD | DIGIT,
            b' ' | b'\t' | 0x0b | 0x0c | b'\r' => BLANK,
            0x80.. => EXTENDED | CONTINUES,
            b'"' | b'\'' | b'\\' => CONTINUES,
            _ => 0,
        };
        byte += 1;
    }
    table
};

/// Whether `byte` has one of the `classes`.
#[inline]
pub fn is(byte: u8, classes: u8) -> bool {
    CLASS[byte as usize] & classes != 0
}

/// Characters other than letters, digits and `_` that an identifier may contain: `$`, and those of C11, annex D.
pub fn is_identifier_char(c: char) -> bool {
    let c = c as u32;
    matches!(c,
        0x24 | 0xA8 | 0xAA | 0xAD | 0xAF | 0xB2..=0xB5 | 0xB7..=0xBA | 0xBC..=0xBE | 0xC0..=0xD6 | 0xD8..=0xF6
        | 0xF8..=0xFF | 0x100..=0x167F | 0x1681..=0x180D | 0x180F..=0x1FFF | 0x200B..=0x200D | 0x202A..=0x202E
        | 0x203F..=0x2040 | 0x2054 | 0x2060..=0x206F | 0x2070..=0x218F | 0x2460..=0x24FF | 0x2776..=0x2793
        | 0x2C00..=0x2DFF | 0x2E80..=0x2FFF | 0x3004..=0x3007 | 0x3021..=0x302F | 0x3031..=0x303F
        | 0x3040..=0xD7FF | 0xF900..=0xFD3D | 0xFD40..=0xFDCF | 0xFDF0..=0xFE44 | 0xFE47..=0xFFFD)
        || (c >= 0x10000 && c & 0xFFFF <= 0xFFFD && c < 0xF0000)
}

/// Characters outside ASCII that an identifier may contain, but not start with.
pub fn is_combining_char(c: char) -> bool {
    matches!(c as u32, 0x300..=0x36F | 0x1DC0..=0x1DFF | 0x20D0..=0x20FF | 0xFE20..=0xFE2F)
}
