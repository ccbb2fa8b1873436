//! Identifiers and numbers that were met of late in one file: their symbols without a look into the interner.
//!
//! ```text
//! entries[hash(spelling)]:  the spelling, in two words, and its symbol
//! ```
//!
//! One of up to sixteen bytes is its length, its first and its last word; comparing these is comparing the spellings.

use crate::ids::Symbol;
use crate::memory::Region;

/// How many are remembered.
const LEN: usize = 1024;

#[derive(Clone, Copy)]
struct Entry {
    first: u64,
    last: u64,
    // 0: no spelling.
    len: u32,
    symbol: Symbol,
}

const FREE: Entry = Entry { first: 0, last: 0, len: 0, symbol: Symbol::EMPTY };

/// A table of the identifiers and numbers that were met last; each place holds one.
pub struct Recent<'r> {
    entries: &'r mut [Entry],
}

impl Default for Recent<'_> {
    /// Remembers nothing.
    fn default() -> Self {
        Self { entries: &mut [] }
    }
}

impl<'r> Recent<'r> {
    /// An empty table in `region`.
    pub fn new(region: &impl Region<'r>) -> Self {
        Self { entries: region.slice_fill(LEN, FREE) }
    }

    /// The symbol of the identifier or number `text[start..end]`, asked of `symbol` if it is not remembered. Eight bytes must follow `start`.
    #[inline]
    pub fn symbol(
        &mut self,
        text: &[u8],
        start: usize,
        end: usize,
        symbol: impl FnOnce(&[u8]) -> Symbol,
    ) -> Symbol {
        let len = end - start;
        let word = |at: usize| {
            text.get(at..).and_then(|rest| rest.first_chunk()).map(|word| u64::from_le_bytes(*word))
        };
        let (first, last) = if len <= 8 {
            let Some(word) = word(start) else { return symbol(&text[start..end]) };
            (word & u64::MAX >> (64 - 8 * len.max(1)), 0)
        } else if len <= 16 {
            let (Some(first), Some(last)) = (word(start), word(end - 8)) else {
                return symbol(&text[start..end]);
            };
            (first, last)
        } else {
            return symbol(&text[start..end]);
        };
        let hash = (first ^ last.rotate_left(29)).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 54;
        let Some(entry) = self.entries.get_mut(hash as usize) else { return symbol(&text[start..end]) };
        if entry.first == first && entry.last == last && entry.len == len as u32 {
            return entry.symbol;
        }
        let symbol = symbol(&text[start..end]);
        *entry = Entry { first, last, len: len as u32, symbol };
        symbol
    }
}

const _: () = assert!(LEN == 1 << (64 - 54), "the hash is an index");

#[cfg(test)]
mod tests {
    use super::Recent;
    use crate::ids::Symbol;
    use compiler_alloc::ArenaPool;

    #[test]
    fn every_spelling_has_its_own_symbol() {
        let pool: ArenaPool = ArenaPool::default();
        let guard = pool.get();
        let mut recent = Recent::new(&*guard);
        let mut spellings: Vec<String> = (1..20).map(|len| "a".repeat(len)).collect();
        spellings.extend((0..5000).map(|number| format!("name{number}_{}", "x".repeat(number % 9))));
        for _ in 0..2 {
            for (number, spelling) in spellings.iter().enumerate() {
                let text = format!("{spelling}(x)\n\0\0\0\0\0\0\0");
                let given = |known: &[u8]| {
                    assert_eq!(known, spelling.as_bytes());
                    Symbol(number as u32)
                };
                let first = recent.symbol(text.as_bytes(), 0, spelling.len(), given);
                let again = recent.symbol(text.as_bytes(), 0, spelling.len(), |_| {
                    assert!(spelling.len() > 16, "{spelling} is remembered");
                    Symbol(number as u32)
                });
                assert_eq!((first, again), (Symbol(number as u32), Symbol(number as u32)));
            }
        }
    }
}
