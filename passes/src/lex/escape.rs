//! Characters outside ASCII, in UTF-8 or as `\u` and `\U` with the digits of their number.

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
