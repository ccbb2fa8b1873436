//! The interner: one number per spelling for a whole session, found without a lock, added under one.
//!
//! Numbers stand in a table of slots with linear probing; a slot holds the spelling's hash beside its number, so that a
//! probe touches an entry only when it has very likely found it. When a table fills up, a larger one is filled from it and
//! becomes the current one. Nothing is ever removed, so a reader that still looks into an older table can only miss
//! spellings that are new, and asks again under the lock before it adds one.

use crate::ids::Symbol;
use crate::memory::Region;
use crate::memory::shared_table::SharedTable;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

/// Symbols below this number mean the same in every session.
pub const FIXED_LEN: u32 = (crate::words::WORDS.len() + crate::parse::keyword::SPELLINGS.len()) as u32;

/// Slots of the first table.
const FIRST_LEN: usize = 1 << 12;
/// Each further table is this many times as large.
const GROWTH: usize = 4;
/// With the last table, more slots than there can be spellings.
const TABLE_COUNT: usize = 11;
const EMPTY: u64 = 0;

struct Entry<'p> {
    text: &'p [u8],
    note: AtomicU32,
}

/// Spellings of a session and their numbers.
pub struct Interner<'p> {
    tables: [OnceLock<&'p [AtomicU64]>; TABLE_COUNT],
    current: AtomicUsize,
    entries: SharedTable<'p, Entry<'p>>,
}

/// What a slot holds for the spelling `id` with `hash`.
#[inline]
fn slot_of(hash: u32, id: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(id + 1)
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

/// Whether `a` is `b`: most spellings are short, and a call would cost more than comparing them.
#[inline]
fn is_same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    if let (Some(a_first), Some(b_first), Some(a_last), Some(b_last)) =
        (a.first_chunk::<8>(), b.first_chunk::<8>(), a.last_chunk::<8>(), b.last_chunk::<8>())
    {
        return a_first == b_first && a_last == b_last && (a.len() <= 16 || a == b);
    }
    if let (Some(a_first), Some(b_first), Some(a_last), Some(b_last)) =
        (a.first_chunk::<4>(), b.first_chunk::<4>(), a.last_chunk::<4>(), b.last_chunk::<4>())
    {
        return a_first == b_first && a_last == b_last;
    }
    a.iter().zip(b).all(|(a, b)| a == b)
}

impl<'p> Interner<'p> {
    /// An interner that knows only the [`words`](crate::words) and the [keywords](crate::parse::keyword).
    pub fn new(region: &impl Region<'p>) -> Self {
        let interner = Self {
            tables: [const { OnceLock::new() }; TABLE_COUNT],
            current: AtomicUsize::new(0),
            entries: SharedTable::new(),
        };
        interner.tables[0].get_or_init(|| region.slice_with(FIRST_LEN, |_| AtomicU64::new(EMPTY)));
        let words = crate::words::WORDS.iter().chain(crate::parse::keyword::SPELLINGS);
        for (index, word) in words.enumerate() {
            let symbol = interner.intern_lasting(region, word.as_bytes());
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
            Some(symbol) => symbol,
            None => self.add(region, text, hash, None),
        }
    }

    /// The number of `text`, which lives as long as the interner and is not copied.
    #[inline]
    pub fn intern_lasting(&self, region: &impl Region<'p>, text: &'p [u8]) -> Symbol {
        let hash = hash_bytes(text);
        match self.find(text, hash) {
            Some(symbol) => symbol,
            None => self.add(region, text, hash, Some(text)),
        }
    }

    /// The number of `text` if it has one.
    pub fn lookup(&self, text: &[u8]) -> Option<Symbol> {
        self.find(text, hash_bytes(text))
    }

    #[inline]
    fn table(&self) -> &'p [AtomicU64] {
        self.tables[self.current.load(Ordering::Acquire)].get().expect("the current table is there")
    }

    fn find(&self, text: &[u8], hash: u32) -> Option<Symbol> {
        let table = self.table();
        let mask = table.len() - 1;
        let mut at = hash as usize;
        loop {
            // Acquire: the entry was published before its slot.
            let slot = table[at & mask].load(Ordering::Acquire);
            if slot == EMPTY {
                return None;
            }
            if (slot >> 32) as u32 == hash {
                let id = slot as u32 - 1;
                if is_same(self.entries.get(id).text, text) {
                    return Some(Symbol(id));
                }
            }
            at += 1;
        }
    }

    #[cold]
    #[inline(never)]
    fn add(&self, region: &impl Region<'p>, text: &[u8], hash: u32, lasting: Option<&'p [u8]>) -> Symbol {
        let mut appender = self.entries.lock();
        if let Some(symbol) = self.find(text, hash) {
            return symbol;
        }
        let text = lasting.unwrap_or_else(|| region.slice_copy(text));
        // A full table makes unlike spellings alike instead of failing: 2^31 distinct spellings do not fit the source
        // space anyway.
        let entry = Entry { text, note: AtomicU32::new(0) };
        let Some(id) = appender.push(region, entry) else { return Symbol::EMPTY };
        let mut table = self.table();
        // At most three fifths are taken, so that a probe ends soon, and ends at all.
        if (id as usize + 1) * 5 > table.len() * 3 {
            table = self.grow(region, table);
        }
        place(table, slot_of(hash, id));
        Symbol(id)
    }

    /// Makes a larger table the current one; only under the append lock.
    fn grow(&self, region: &impl Region<'p>, old: &'p [AtomicU64]) -> &'p [AtomicU64] {
        let next = self.current.load(Ordering::Relaxed) + 1;
        let table = self.tables[next]
            .get_or_init(|| region.slice_with(old.len() * GROWTH, |_| AtomicU64::new(EMPTY)));
        for slot in old {
            // Relaxed: only the holder of the lock writes slots.
            let slot = slot.load(Ordering::Relaxed);
            if slot != EMPTY {
                place(table, slot);
            }
        }
        self.current.store(next, Ordering::Release);
        table
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

/// Writes `slot` into the first free place of its probe.
fn place(table: &[AtomicU64], slot: u64) {
    let mask = table.len() - 1;
    let mut at = (slot >> 32) as usize;
    while table[at & mask].load(Ordering::Relaxed) != EMPTY {
        at += 1;
    }
    table[at & mask].store(slot, Ordering::Release);
}

const _: () = assert!(
    FIRST_LEN * GROWTH.pow(TABLE_COUNT as u32 - 1) * 3 / 5 > crate::memory::shared_table::LEN_MAX as usize,
    "the last table has room for every spelling"
);

#[cfg(test)]
mod tests {
    use super::Interner;
    use crate::ids::Symbol;
    use compiler_alloc::ArenaPool;

    #[test]
    fn spellings_keep_their_number_while_tables_grow() {
        let pool: ArenaPool = ArenaPool::default();
        let region = pool.get();
        let interner = Interner::new(&*region);
        let texts: Vec<String> = (0..50_000).map(|number| format!("name{number}")).collect();
        let symbols: Vec<Symbol> =
            texts.iter().map(|text| interner.intern(&*region, text.as_bytes())).collect();
        for (text, &symbol) in texts.iter().zip(&symbols) {
            assert_eq!(interner.lookup(text.as_bytes()), Some(symbol));
            assert_eq!(interner.text(symbol), text.as_bytes());
        }
        assert_eq!(interner.lookup(b"unknown"), None);
    }

    #[test]
    fn threads_agree_on_numbers() {
        let pool: ArenaPool = ArenaPool::default();
        let interner = Interner::new(&*pool.get());
        let run = |start: usize| {
            let region = pool.get();
            let name = |index: usize| format!("n{}", (index + start) % 20_000);
            let mut symbols: Vec<(String, Symbol)> = (0..20_000)
                .map(|index| (name(index), interner.intern(&*region, name(index).as_bytes())))
                .collect();
            symbols.sort();
            symbols
        };
        let results: Vec<_> = std::thread::scope(|threads| {
            let handles: Vec<_> = [0, 5_000, 11_000].map(|start| threads.spawn(move || run(start))).into();
            handles.into_iter().map(|handle| handle.join().expect("no panic")).collect()
        });
        assert!(results.windows(2).all(|pair| pair[0] == pair[1]));
    }
}
