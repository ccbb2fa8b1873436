//! The tokens of a Rust source, without comments and white space: what a digest of sources is made of.
//!
//! A changed comment or another line break changes nothing that is measured, so it must not make evidence stale. The rules, and why nothing
//! else is lost, stand in `tools/gate/rust_tokens.py`, the judge's own reading; `tools/tests/rust-tokens.json` holds both to the same
//! vectors.

/// Characters that are a token each, whatever stands beside them.
const ALONE: &[u8] = b"()[]{},;";

/// The tokens in order; `None` when the source does not end properly: an open literal or comment, or a zero byte.
pub fn tokens(source: &str) -> Option<Vec<&str>> {
    let bytes = source.as_bytes();
    if bytes.contains(&0) {
        return None;
    }
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let rest = &bytes[at..];
        if is_space(byte) {
            at += 1;
        } else if rest.starts_with(b"//") {
            at += rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
        } else if rest.starts_with(b"/*") {
            at = comment_end(bytes, at)?;
        } else {
            let end = if ALONE.contains(&byte) { at + 1 } else { token_end(source, at)? };
            found.push(&source[at..end]);
            at = end;
        }
    }
    Some(found)
}

/// The tokens, each ended by a zero byte; the bytes themselves when they have none.
pub fn canonical(bytes: Vec<u8>) -> Vec<u8> {
    let Some(tokens) = std::str::from_utf8(&bytes).ok().and_then(tokens) else { return bytes };
    let mut plain = Vec::with_capacity(bytes.len());
    for token in tokens {
        plain.extend_from_slice(token.as_bytes());
        plain.push(0);
    }
    plain
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

/// Past the word that begins at `at`, if one does.
fn word_end(bytes: &[u8], at: usize) -> usize {
    at + bytes[at..].iter().take_while(|&&byte| is_word(byte)).count()
}

/// Past the `*/` that closes the comment at `at`; comments nest.
fn comment_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    loop {
        match bytes.get(at..at + 2)? {
            b"/*" => (depth, at) = (depth + 1, at + 2),
            b"*/" => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return Some(at);
        }
    }
}

/// Past the literal, word, lifetime or run of punctuation at `start`; `None` for a literal that does not end.
fn token_end(source: &str, start: usize) -> Option<usize> {
    let bytes = source.as_bytes();
    let at = word_end(bytes, start);
    let prefix = &source[start..at];
    if matches!(prefix, "r" | "br" | "cr") {
        let hashes = bytes[at..].iter().take_while(|&&byte| byte == b'#').count();
        if bytes.get(at + hashes) == Some(&b'"') {
            let close = format!("\"{}", "#".repeat(hashes));
            let content = at + hashes + 1;
            return Some(word_end(bytes, content + source[content..].find(&close)? + close.len()));
        }
        let is_name = |byte: &u8| is_word(*byte) && !byte.is_ascii_digit();
        if prefix == "r" && hashes > 0 && bytes.get(at + 1).is_some_and(is_name) {
            return Some(word_end(bytes, at + 1));
        }
    }
    match bytes.get(at) {
        Some(b'"') if matches!(prefix, "" | "b" | "c") => {
            let end = at + 1 + string_length(&bytes[at + 1..])?;
            Some(word_end(bytes, end))
        }
        Some(b'\'') if matches!(prefix, "" | "b") => {
            // `'a'` is a character, `'a` a lifetime: what ends after one character or begins with a backslash is the former.
            if let Some(length) = character_length(&source[at..]) {
                return Some(word_end(bytes, at + length));
            }
            let is_open = prefix.is_empty() && bytes.get(at + 1) == Some(&b'\\');
            match prefix {
                "" => (!is_open).then(|| word_end(bytes, at + 1)),
                _ => Some(at),
            }
        }
        Some(b'"') if prefix.is_empty() => None,
        _ if !prefix.is_empty() => Some(at),
        _ => Some(at + punctuation_length(&bytes[at..])),
    }
}

/// Bytes up to and with the closing quote of a string whose opening quote stands before `rest`.
fn string_length(rest: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        match rest.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Bytes of the character literal that `text` begins with; `None` when it begins with a lifetime.
fn character_length(text: &str) -> Option<usize> {
    let mut characters = text[1..].chars();
    match characters.next()? {
        '\\' => {
            let escaped = characters.next()?;
            let content = 2 + escaped.len_utf8();
            Some(content + text[content..].find('\'')? + 1)
        }
        '\'' => None,
        single => (characters.next()? == '\'').then_some(1 + single.len_utf8() + 1),
    }
}

/// Bytes of an unbroken run of operators; a comment ends it.
fn punctuation_length(rest: &[u8]) -> usize {
    let is_end = |at: usize| {
        let byte = rest[at];
        let begins_comment = byte == b'/' && matches!(rest.get(at + 1), Some(b'/' | b'*'));
        is_space(byte)
            || is_word(byte)
            || ALONE.contains(&byte)
            || matches!(byte, b'"' | b'\'')
            || begins_comment
    };
    (0..rest.len()).find(|&at| is_end(at)).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Vector {
        about: String,
        source: String,
        tokens: Option<Vec<String>>,
    }

    #[test]
    fn the_judges_vectors_give_the_same_tokens() {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tools/tests/rust-tokens.json");
        let vectors: Vec<Vector> =
            serde_json::from_slice(&std::fs::read(file).expect("the vectors are there"))
                .expect("they are JSON");
        assert!(vectors.len() >= 20);
        for vector in vectors {
            let found = tokens(&vector.source).map(|found| found.into_iter().map(str::to_owned).collect());
            assert_eq!(found, vector.tokens, "{}", vector.about);
        }
    }

    #[test]
    fn sources_that_differ_in_comments_alone_are_the_same() {
        let plain = canonical(b"fn f(a: u8) -> u8 {\n    a // one\n}\n".to_vec());
        assert_eq!(plain, canonical(b"/// Two.\nfn f(a: u8) -> u8 { a /* /* 3 */ */ }".to_vec()));
        assert_ne!(plain, canonical(b"fn f(a: u8) -> u8 { b }".to_vec()));
        assert_eq!(canonical(b"\xff // x".to_vec()), b"\xff // x", "what is not UTF-8 stays as it is");
    }
}
