//! The interner: one number per spelling for a whole session, found without a lock, added under one.
//!
//! Buckets hold the number of the first entry of a chain, entries the number of the next. New entries go to the end of
//! their chain, so the words every file uses stay in front. An entry is never removed or changed, except for its link
//! and the word that [`Interner::note`] gives out.

use crate::ids::Symbol;
use crate::memory::Region;
use crate::memory::shared_table::SharedTable;
use std::sync::atomic::{AtomicU32, Ordering};

const BUCKET_BITS: u32 = 15;
const NONE: u32 = u32::MAX;

struct Entry<'p> {
    text: &'p [u8],
    hash: u32,
    next: AtomicU32,
    note: AtomicU32,
}

/// Spellings of a session and their numbers.
pub struct Interner<'p> {
    buckets: &'p [AtomicU32],
    entries: SharedTable<'p, Entry<'p>>,
}

/// Hash of a spelling: eight bytes a step, the last step overlapping.
#[inline]
pub fn hash_bytes(bytes: &[u8]) -> u32 {
    const K: u64 = 0x9E37_79B9_7F4A_7C15;
    let step = |hash: u64, word: u64| (hash.rotate_left(23) ^ word).wrapping_mul(K);
    let len = bytes.len();
    let mut hash = len as u64;
    if len >= 8 {
        let mut rest = bytes;
        while let Some((word, tail)) = rest.split_first_chunk::<8>() {
            hash = step(hash, u64::from_le_bytes(*word));
            rest = tail;
        }
        if !rest.is_empty()
            && let Some(word) = bytes.last_chunk::<8>()
        {
            hash = step(hash, u64::from_le_bytes(*word));
        }
    } else if len >= 4 {
        if let (Some(low), Some(high)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
            hash =
                step(hash, u64::from(u32::from_le_bytes(*low)) | u64::from(u32::from_le_bytes(*high)) << 32);
        }
    } else if let (Some(&first), Some(&last)) = (bytes.first(), bytes.last()) {
        hash = step(hash, u64::from(first) | u64::from(bytes[len / 2]) << 8 | u64::from(last) << 16);
    }
    ((hash ^ hash >> 29).wrapping_mul(K) >> 32) as u32
}

impl<'p> Interner<'p> {
    /// An interner that knows only the [`words`](crate::words).
    pub fn new(region: &impl Region<'p>) -> Self {
        let buckets = region.slice_with(1 << BUCKET_BITS, |_| AtomicU32::new(NONE));
        let interner = Self { buckets, entries: SharedTable::new() };
        for (index, word) in crate::words::WORDS.iter().enumerate() {
            let symbol = interner.intern(region, word.as_bytes());
            debug_assert_eq!(symbol.0 as usize, index, "words are interned in order and are distinct");
        }
        interner
    }

    /// The number of `text`; a new spelling is copied into `region`.
    ///
    /// Lock-free if the spelling is known.
    #[inline]
    pub fn intern(&self, region: &impl Region<'p>, text: &[u8]) -> Symbol {
        let hash = hash_bytes(text);
        match self.find(text, hash) {
            Ok(symbol) => symbol,
            Err(_) => self.add(region, text, hash, None),
        }
    }

    /// The number of `text`, which lives as long as the interner and is not copied.
    #[inline]
    pub fn intern_lasting(&self, region: &impl Region<'p>, text: &'p [u8]) -> Symbol {
        let hash = hash_bytes(text);
        match self.find(text, hash) {
            Ok(symbol) => symbol,
            Err(_) => self.add(region, text, hash, Some(text)),
        }
    }

    /// The number of `text` if it has one.
    pub fn lookup(&self, text: &[u8]) -> Option<Symbol> {
        self.find(text, hash_bytes(text)).ok()
    }

    #[inline]
    fn bucket(&self, hash: u32) -> &'p AtomicU32 {
        &self.buckets[(hash >> (32 - BUCKET_BITS)) as usize]
    }

    /// The symbol, or the link at the end of the chain.
    #[inline]
    fn find(&self, text: &[u8], hash: u32) -> Result<Symbol, &'p AtomicU32> {
        let mut link = self.bucket(hash);
        loop {
            let id = link.load(Ordering::Acquire);
            if id == NONE {
                return Err(link);
            }
            let entry = self.entries.get(id);
            if entry.hash == hash && entry.text == text {
                return Ok(Symbol(id));
            }
            link = &entry.next;
        }
    }

    #[cold]
    #[inline(never)]
    fn add(&self, region: &impl Region<'p>, text: &[u8], hash: u32, lasting: Option<&'p [u8]>) -> Symbol {
        let mut appender = self.entries.lock();
        let link = match self.find(text, hash) {
            Ok(symbol) => return symbol,
            Err(link) => link,
        };
        let text = lasting.unwrap_or_else(|| region.slice_copy(text));
        let entry = Entry { text, hash, next: AtomicU32::new(NONE), note: AtomicU32::new(0) };
        // A full table makes unlike spellings alike instead of failing: 2^31 distinct spellings do not fit the source
        // space anyway.
        let Some(id) = appender.push(region, entry) else { return Symbol::EMPTY };
        link.store(id, Ordering::Release);
        Symbol(id)
    }

    /// The spelling of `symbol`, which must be the interner's.
    ///
    /// # Panics
    /// If it is not.
    #[inline]
    pub fn text(&self, symbol: Symbol) -> &'p [u8] {
        self.entries.get(symbol.0).text
    }

    /// A word, at first 0, that stands beside the spelling; the file table keeps its state there.
    #[inline]
    pub fn note(&self, symbol: Symbol) -> &'p AtomicU32 {
        &self.entries.get(symbol.0).note
    }

    /// How many spellings there are.
    pub fn len(&self) -> u32 {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
