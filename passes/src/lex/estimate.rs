//! How many tokens a text will have, nearly: so that their vector is made once and fits.
//!
//! Counts, outside of comments, the beginnings of words and the other visible characters. Words in strings count although they are
//! no tokens, and so does each character of a long punctuator; so the answer is a little too high for ordinary text. Strings that
//! look like comments can make it too low; then the vector grows.

/// As many characters as fit a count of eight bits.
const BLOCK_LEN: usize = 127;

/// About how many tokens `text` has. Costs about one instruction a byte.
pub fn token_count(text: &[u8]) -> usize {
    let (mut count, mut from, mut at) = (0, 0, 0);
    while let Some(found) = memchr::memchr(b'/', &text[at..]) {
        let slash = at + found;
        at = match text.get(slash + 1) {
            Some(b'*') => block_comment_end(text, slash + 2),
            Some(b'/') => memchr::memchr(b'\n', &text[slash..]).map_or(text.len(), |len| slash + len),
            _ => {
                at = slash + 1;
                continue;
            }
        };
        count += count_plain(&text[from..slash]);
        from = at;
    }
    count + count_plain(&text[from..])
}

/// Where the comment ends whose text begins at `start`.
fn block_comment_end(text: &[u8], start: usize) -> usize {
    let mut at = start;
    while let Some(found) = memchr::memchr(b'/', &text[at..]) {
        at += found + 1;
        if at - 2 >= start && text[at - 2] == b'*' {
            return at;
        }
    }
    text.len()
}

/// The same for text without comments.
fn count_plain(text: &[u8]) -> usize {
    let word = |byte: u8| {
        (byte | 0x20).wrapping_sub(b'a') < 26 || byte.wrapping_sub(b'0') < 10 || byte == b'_' || byte >= 0x80
    };
    // `#` brings a token for the end of its line.
    let tokens = |before: u8, here: u8| {
        u8::from((here > b' ') & !(word(here) & word(before))) + u8::from(here == b'#')
    };
    let Some(&first) = text.first() else { return 0 };
    let mut count = usize::from(tokens(b' ', first));
    for (before, here) in text.chunks(BLOCK_LEN).zip(text[1..].chunks(BLOCK_LEN)) {
        let of_block: u8 = before.iter().zip(here).map(|(&before, &here)| tokens(before, here)).sum();
        count += usize::from(of_block);
    }
    count
}

#[cfg(test)]
mod tests {
    use super::token_count;

    #[test]
    fn words_and_punctuators_outside_comments_count() {
        assert_eq!(token_count(b""), 0);
        assert_eq!(token_count(b"int x9 = 12;"), 5);
        assert_eq!(token_count(b"#define a\n"), 4);
        assert_eq!(token_count(b"a /* b c */ d // e\nf"), 3);
        assert_eq!(token_count(b"a /*/ b */ /**/c"), 2);
        assert_eq!(token_count(b"a / b"), 3);
        assert_eq!(token_count(b"a /* b"), 1);
        assert_eq!(token_count("x+y ".repeat(100).as_bytes()), 300);
        assert_eq!(token_count("#".repeat(1000).as_bytes()), 2000);
    }
}
