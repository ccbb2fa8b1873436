//! Sixteen bytes of a text, looked at together: which of them are of a kind, a bit for each, the first byte's lowest.
//!
//! By SSE2 where the program is built for it, as every program for x86_64 with an operating system is; elsewhere byte by byte.

/// So many bytes are looked at together.
pub const LEN: usize = 16;

/// Which of `bytes` continue an identifier: [`class::WORD`](super::class::WORD).
// Inlined into a loop it would keep seven registers busy, which every call in the loop makes the loop load anew.
#[inline(never)]
pub fn words(bytes: &[u8; LEN]) -> u32 {
    #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
    // SAFETY: the processor must have SSE2. The line above asks that the whole program is built for processors that have it, and a
    // processor does not lose it.
    return unsafe { sse2::words(bytes) };
    #[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
    one_by_one::words(bytes)
}

/// Which of `bytes` are a newline or what a comment, a literal or a splice may begin with.
#[inline]
pub fn specials(bytes: &[u8; LEN]) -> u32 {
    #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
    // SAFETY: as in `words`.
    return unsafe { sse2::specials(bytes) };
    #[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
    one_by_one::specials(bytes)
}

#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
mod sse2 {
    use super::LEN;
    use std::arch::x86_64::{
        __m128i, _mm_and_si128, _mm_cmpeq_epi8, _mm_cmpgt_epi8, _mm_movemask_epi8, _mm_or_si128,
        _mm_set_epi64x, _mm_set1_epi8,
    };

    #[inline]
    #[target_feature(enable = "sse2")]
    fn load(bytes: &[u8; LEN]) -> __m128i {
        let number = u128::from_le_bytes(*bytes);
        _mm_set_epi64x((number >> 64) as i64, number as i64)
    }

    #[inline]
    #[target_feature(enable = "sse2")]
    fn equal(bytes: __m128i, to: u8) -> __m128i {
        _mm_cmpeq_epi8(bytes, _mm_set1_epi8(to as i8))
    }

    /// `first` and `last` are ASCII, whose signed order is that of characters; other bytes are below them.
    #[inline]
    #[target_feature(enable = "sse2")]
    fn between(bytes: __m128i, first: u8, last: u8) -> __m128i {
        let from = _mm_cmpgt_epi8(bytes, _mm_set1_epi8(first as i8 - 1));
        let to = _mm_cmpgt_epi8(_mm_set1_epi8(last as i8 + 1), bytes);
        _mm_and_si128(from, to)
    }

    #[inline]
    #[target_feature(enable = "sse2")]
    pub fn words(bytes: &[u8; LEN]) -> u32 {
        let bytes = load(bytes);
        let letters = between(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), b'a', b'z');
        let others = _mm_or_si128(equal(bytes, b'_'), equal(bytes, b'$'));
        let words = _mm_or_si128(_mm_or_si128(letters, between(bytes, b'0', b'9')), others);
        _mm_movemask_epi8(words) as u32
    }

    #[inline]
    #[target_feature(enable = "sse2")]
    pub fn specials(bytes: &[u8; LEN]) -> u32 {
        let bytes = load(bytes);
        let quotes = _mm_or_si128(equal(bytes, b'"'), equal(bytes, b'\''));
        let slashes = _mm_or_si128(equal(bytes, b'/'), equal(bytes, b'\\'));
        _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quotes, slashes), equal(bytes, b'\n'))) as u32
    }
}

#[cfg(any(test, not(all(target_arch = "x86_64", target_feature = "sse2"))))]
mod one_by_one {
    use super::super::class::{WORD, is};
    use super::LEN;

    pub fn words(bytes: &[u8; LEN]) -> u32 {
        bits(bytes, |byte| is(byte, WORD))
    }

    pub fn specials(bytes: &[u8; LEN]) -> u32 {
        bits(bytes, |byte| matches!(byte, b'\n' | b'/' | b'"' | b'\'' | b'\\'))
    }

    fn bits(bytes: &[u8; LEN], of: impl Fn(u8) -> bool) -> u32 {
        bytes.iter().enumerate().map(|(index, &byte)| u32::from(of(byte)) << index).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::{LEN, one_by_one, specials, words};

    #[test]
    fn every_byte_is_of_its_kind_in_every_place() {
        for byte in 0..=u8::MAX {
            for place in 0..LEN {
                for around in [b' ', b'a', b'\n', 0xff] {
                    let mut bytes = [around; LEN];
                    bytes[place] = byte;
                    assert_eq!(words(&bytes), one_by_one::words(&bytes), "{byte:#x} at {place}");
                    assert_eq!(specials(&bytes), one_by_one::specials(&bytes), "{byte:#x} at {place}");
                }
            }
        }
    }
}
