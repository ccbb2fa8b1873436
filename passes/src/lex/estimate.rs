//! How many tokens a text will have, nearly: so that their vector is made once and fits.
//!
//! Counts, outside of comments, the beginnings of words and the other visible characters. Words in strings count although they are
//! no tokens, and so does each character of a long punctuator; so the answer is a little too high for ordinary text. Strings that
//! look like comments can make it too low; then the vector grows.

/// A vector register's length.
const LANES: usize = 16;
/// So many blocks of [`LANES`] characters fit a count of eight bits a lane.
const BLOCKS_MAX: usize = u8::MAX as usize / 2;

/// About how many tokens `text` has. Costs two to four instructions a byte.
pub fn token_count(text: &[u8]) -> usize {
    let mut count = 0;
    let (mut from, mut at) = (0, 0);
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

/// The tokens of text without comments.
fn count_plain(text: &[u8]) -> usize {
    let Some(&first) = text.first() else { return 0 };
    let mut count = usize::from(tokens_at(b' ', first));
    let mut rest = text;
    while rest.len() > LANES {
        let mut lanes = [0; LANES];
        for _ in 0..BLOCKS_MAX {
            let (Some(before), Some(here)) = (rest.first_chunk(), rest[1..].first_chunk()) else { break };
            add(&mut lanes, before, here);
            rest = &rest[LANES..];
        }
        count += sum(&lanes);
    }
    let mut last = [b' '; LANES + 1];
    last[..rest.len()].copy_from_slice(rest);
    let mut lanes = [0; LANES];
    if let (Some(before), Some(here)) = (last.first_chunk(), last.last_chunk()) {
        add(&mut lanes, before, here);
    }
    count + sum(&lanes)
}

#[inline(always)]
fn add(lanes: &mut [u8; LANES], before: &[u8; LANES], here: &[u8; LANES]) {
    for (lane, (&before, &here)) in lanes.iter_mut().zip(before.iter().zip(here)) {
        *lane += tokens_at(before, here);
    }
}

fn sum(lanes: &[u8; LANES]) -> usize {
    usize::from(lanes.iter().map(|&lane| u16::from(lane)).sum::<u16>())
}

/// How many tokens begin with `here` after `before`; `#` brings one for the end of its line.
#[inline(always)]
fn tokens_at(before: u8, here: u8) -> u8 {
    let word = |byte: u8| {
        ((byte | 0x20).wrapping_sub(b'a') < 26)
            | (byte.wrapping_sub(b'0') < 10)
            | (byte == b'_')
            | (byte >= 0x80)
    };
    u8::from((here > b' ') & !(word(here) & word(before))) + u8::from(here == b'#')
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

    #[test]
    fn every_length_is_counted_to_its_end() {
        let text = "a+b;\n".repeat(2000);
        for len in (0..200).chain(9900..10_000) {
            let expected = text.bytes().take(len).filter(|byte| !byte.is_ascii_whitespace()).count();
            assert_eq!(token_count(&text.as_bytes()[..len]), expected, "{len}");
        }
    }
}
