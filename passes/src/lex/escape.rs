//! Escapes: in literals, and outside of them `\u` and `\U` with the digits of a character's number, which is here beside characters in
//! UTF-8.

/// What an escape sequence of a literal stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Escape {
    /// A code unit, whatever the literal's encoding is.
    Unit(u32),
    /// A character, to be encoded.
    Character(u32),
}

/// What follows the backslash before `at`, behind whose sequence `at` is moved.
///
/// # Errors
/// A sentence if the sequence means nothing; `at` is behind as much of it as there is.
pub fn sequence(text: &[u8], at: &mut usize) -> Result<Escape, String> {
    // A backslash that ends the text stands for itself.
    let Some(&kind) = text.get(*at) else { return Ok(Escape::Unit(u32::from(b'\\'))) };
    let start = *at;
    *at += 1;
    let mut digits = |radix: u32, count_max: usize| {
        let rest = text[*at..].iter().take(count_max);
        let values = rest.map_while(|&byte| (byte as char).to_digit(radix));
        let (value, count) = values.fold((0u32, 0), |(value, count), digit| {
            (value.wrapping_mul(radix).wrapping_add(digit), count + 1)
        });
        *at += count;
        (value, count)
    };
    Ok(match kind {
        b'n' => Escape::Unit(10),
        b't' => Escape::Unit(9),
        b'r' => Escape::Unit(13),
        b'a' => Escape::Unit(7),
        b'b' => Escape::Unit(8),
        b'f' => Escape::Unit(12),
        b'v' => Escape::Unit(11),
        b'e' | b'E' => Escape::Unit(27),
        b'0'..=b'7' => {
            let first = u32::from(kind - b'0');
            let (value, count) = digits(8, 2);
            Escape::Unit(first << (3 * count) | value)
        }
        b'x' => match digits(16, usize::MAX) {
            (_, 0) => return Err(String::from("\\x used with no following hex digits")),
            (value, _) => Escape::Unit(value),
        },
        b'u' | b'U' => {
            let wanted = if kind == b'u' { 4 } else { 8 };
            let (value, count) = digits(16, wanted);
            let spelling = || String::from_utf8_lossy(&text[start..*at]);
            if count < wanted {
                return Err(format!("incomplete universal character name \\{}", spelling()));
            }
            let is_basic = value < 0xa0 && !matches!(value, 0x24 | 0x40 | 0x60);
            if is_basic || matches!(value, 0xd800..=0xdfff | 0x8000_0000..) {
                return Err(format!("\\{} is not a valid universal character", spelling()));
            }
            Escape::Character(value)
        }
        other => Escape::Unit(u32::from(other)),
    })
}

/// The number of the character that the `\u` or `\U` at `at` names, and how long the escape is.
pub fn number(text: &[u8], at: usize) -> Option<(u32, usize)> {
    if text[at] != b'\\' {
        return None;
    }
    let digits = match text[at + 1] {
        b'u' => 4,
        b'U' => 8,
        _ => return None,
    };
    let hex = text.get(at + 2..at + 2 + digits)?;
    let value =
        hex.iter().try_fold(0u32, |value, &digit| Some(value << 4 | (digit as char).to_digit(16)?))?;
    Some((value, digits + 2))
}

/// The character at `at` that is outside ASCII, in UTF-8 or as an escape, or an escape for `$`; and how long it is.
pub fn extended_char(text: &[u8], at: usize) -> Option<(char, usize)> {
    if let Some((value, len)) = number(text, at) {
        let c = char::from_u32(value)?;
        return (c == '$' || value >= 0x80).then_some((c, len));
    }
    if text[at] < 0x80 {
        return None;
    }
    let window = &text[at..text.len().min(at + 4)];
    let valid = match std::str::from_utf8(window) {
        Ok(valid) => valid,
        Err(error) => std::str::from_utf8(&window[..error.valid_up_to()]).ok()?,
    };
    let c = valid.chars().next()?;
    Some((c, c.len_utf8()))
}

/// Writes escapes for characters as the characters in UTF-8.
pub fn canonical_identifier(text: &[u8], mut put: impl FnMut(&[u8])) {
    let mut at = 0;
    let mut padded = [0; 16];
    while at < text.len() {
        if text[at] == b'\\' {
            let rest = &text[at..text.len().min(at + 10)];
            padded[..rest.len()].copy_from_slice(rest);
            padded[rest.len()..].fill(0);
            if let Some((c, len)) = extended_char(&padded, 0) {
                put(c.encode_utf8(&mut [0; 4]).as_bytes());
                at += len;
                continue;
            }
        }
        put(&text[at..at + 1]);
        at += 1;
    }
}
