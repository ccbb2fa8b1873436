//! `ArenaMap`: a hash map whose tables lie in an arena.
//!
//! Entries stand densely, in the order of their insertion; a separate table of slots finds them. Iterating is
//! therefore as fast as over a slice, and its order depends on nothing but the calls made, which a compiler needs
//! for reproducible output. Up to [`SCAN_MAX`] entries there is no table: keys are compared one after the other and
//! nothing is hashed.
//!
//! A slot is one word: `hash << 32 | index + 1`, zero if empty. Collisions go to the next slot. Because the hash is
//! kept, growing looks at no key.

use super::alloc::NoDrop;
use super::scope::Scope;
use super::vec::ArenaVec;
use crate::fault::Fault;
use core::borrow::Borrow;
use core::fmt;
use core::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher};

/// Up to this many entries a map has no slots.
const SCAN_MAX: usize = 8;

/// A fast, fixed hash: multiply and fold, word by word. Not for keys that an attacker chooses; give the map another
/// `BuildHasher` for those.
#[derive(Debug, Clone, Copy, Default)]
pub struct FoldHasher(u64);

impl FoldHasher {
    #[inline(always)]
    fn mix(&mut self, word: u64) {
        // The digits of the golden ratio's fraction, which have no pattern; the product's halves are folded so that
        // high bits of the input reach low bits of the state.
        let product =
            u128::from(self.0.rotate_left(5) ^ word ^ 0xf39c_c060_5ced_c834) * 0x9e37_79b9_7f4a_7c15;
        self.0 = (product as u64) ^ ((product >> 64) as u64);
    }
}

impl Hasher for FoldHasher {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let mut words = bytes.chunks_exact(8);
        for word in &mut words {
            let mut eight = [0; 8];
            eight.copy_from_slice(word);
            self.mix(u64::from_le_bytes(eight));
        }
        let rest = words.remainder();
        if !rest.is_empty() {
            let mut eight = [0; 8];
            eight[..rest.len()].copy_from_slice(rest);
            self.mix(u64::from_le_bytes(eight) ^ (rest.len() as u64) << 56);
        }
    }
    #[inline]
    fn write_u8(&mut self, value: u8) {
        self.mix(u64::from(value));
    }
    #[inline]
    fn write_u32(&mut self, value: u32) {
        self.mix(u64::from(value));
    }
    #[inline]
    fn write_u64(&mut self, value: u64) {
        self.mix(value);
    }
    #[inline]
    fn write_usize(&mut self, value: usize) {
        self.mix(value as u64);
    }
    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
}

/// A hash map in an arena: no destructor, no pointer to the arena; the arena is an argument of the calls that may
/// grow. Iterates in insertion order. At most `u32::MAX - 1` entries.
///
/// ```
/// use compiler_alloc::{Arena, ArenaMap};
/// let arena = Arena::new();
/// let scope = arena.as_scope();
/// let mut uses: ArenaMap<&str, u32> = ArenaMap::new();
/// for name in ["x", "y", "x"] {
///     *uses.get_or_insert_with(scope, name, || 0) += 1;
/// }
/// assert_eq!(uses.get("x"), Some(&2));
/// assert_eq!(uses.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["x", "y"]);
/// ```
pub struct ArenaMap<'a, K, V, S = BuildHasherDefault<FoldHasher>> {
    entries: ArenaVec<'a, (K, V)>,
    /// Empty, or a power of two of slots, at most seven eighths of them in use.
    slots: &'a mut [u64],
    hasher: S,
}

impl<K, V> ArenaMap<'_, K, V> {
    /// An empty map. Allocates nothing.
    pub fn new() -> Self {
        const { NoDrop::<(K, V)>::CHECK };
        Self::with_hasher(BuildHasherDefault::default())
    }
}

impl<'a, K, V, S> ArenaMap<'a, K, V, S> {
    /// An empty map that hashes with `hasher`. Allocates nothing.
    pub const fn with_hasher(hasher: S) -> Self {
        const { NoDrop::<(K, V)>::CHECK };
        Self { entries: ArenaVec::new(), slots: &mut [], hasher }
    }

    /// How many entries there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entries in insertion order (see [`remove`](Self::remove)).
    #[inline]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&K, &V)> + DoubleEndedIterator {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    /// The entries in insertion order, values mutable.
    #[inline]
    pub fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = (&K, &mut V)> + DoubleEndedIterator {
        self.entries.iter_mut().map(|(key, value)| (&*key, value))
    }

    /// Removes all entries and keeps the tables.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.slots.fill(0);
    }
}

impl<'a, K: Hash + Eq, V, S: BuildHasher> ArenaMap<'a, K, V, S> {
    /// The upper half of a key's hash: what a slot remembers.
    #[inline]
    fn hash_of<Q: Hash + ?Sized>(&self, key: &Q) -> u64 {
        self.hasher.hash_one(key) >> 32
    }

    /// Where `key` is among the entries.
    #[inline]
    fn find<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<usize>
    where
        K: Borrow<Q>,
    {
        if self.slots.is_empty() {
            return self.entries.iter().position(|(other, _)| other.borrow() == key);
        }
        self.find_slot(key, self.hash_of(key)).map(|(_, index)| index)
    }

    /// The slot and the entry of `key`, in a map that has slots.
    #[inline]
    fn find_slot<Q: Eq + ?Sized>(&self, key: &Q, hash: u64) -> Option<(usize, usize)>
    where
        K: Borrow<Q>,
    {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let slot = self.slots[at];
            if slot == 0 {
                return None;
            }
            if slot >> 32 == hash {
                let index = entry_of(slot);
                if self.entries[index].0.borrow() == key {
                    return Some((at, index));
                }
            }
            at = (at + 1) & mask;
        }
    }

    /// Writes a slot for an entry whose key is not in the table yet.
    #[inline]
    fn put_slot(slots: &mut [u64], slot: u64) {
        let mask = slots.len() - 1;
        let mut at = (slot >> 32) as usize & mask;
        while slots[at] != 0 {
            at = (at + 1) & mask;
        }
        slots[at] = slot;
    }

    /// The value of `key`.
    #[inline]
    pub fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.find(key).map(|index| &self.entries[index].1)
    }

    /// The value of `key`, mutable.
    #[inline]
    pub fn get_mut<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.find(key).map(|index| &mut self.entries[index].1)
    }

    /// Whether `key` has a value.
    #[inline]
    pub fn contains_key<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.find(key).is_some()
    }

    /// Gives `key` the value `value` and answers the one it had.
    ///
    /// # Panics
    ///
    /// If memory or a limit is exhausted.
    pub fn insert<const M: usize>(&mut self, arena: &Scope<'a, M>, key: K, value: V) -> Option<V> {
        match self.try_insert(arena, key, value) {
            Ok(old) => old,
            Err(fault) => super::raw::raise(&fault),
        }
    }

    /// Gives `key` the value `value` and answers the one it had.
    ///
    /// # Errors
    ///
    /// A fault if memory or a limit is exhausted; the map is as it was.
    pub fn try_insert<const M: usize>(
        &mut self,
        arena: &Scope<'a, M>,
        key: K,
        value: V,
    ) -> Result<Option<V>, Fault> {
        if let Some(index) = self.find(&key) {
            return Ok(Some(core::mem::replace(&mut self.entries[index].1, value)));
        }
        self.try_insert_new(arena, key, value)?;
        Ok(None)
    }

    /// The value of `key`; if it has none, that of `value` from now on.
    ///
    /// # Panics
    ///
    /// If memory or a limit is exhausted, or if `value` panics; then the map is as it was.
    pub fn get_or_insert_with<const M: usize>(
        &mut self,
        arena: &Scope<'a, M>,
        key: K,
        value: impl FnOnce() -> V,
    ) -> &mut V {
        let index = match self.find(&key) {
            Some(index) => index,
            None => match self.try_insert_new(arena, key, value()) {
                Ok(index) => index,
                Err(fault) => super::raw::raise(&fault),
            },
        };
        &mut self.entries[index].1
    }

    /// Adds an entry for a key that has none, and answers where it is.
    fn try_insert_new<const M: usize>(
        &mut self,
        arena: &Scope<'a, M>,
        key: K,
        value: V,
    ) -> Result<usize, Fault> {
        let index = self.entries.len();
        self.reserve_slots(arena, index + 1)?;
        // Hash before anything is published: a panicking `Hash` leaves the map as it was.
        let slot = if self.slots.is_empty() { 0 } else { slot_of(self.hash_of(&key), index) };
        self.entries.try_push(arena, (key, value)).map_err(|(fault, _)| fault)?;
        if slot != 0 {
            Self::put_slot(self.slots, slot);
        }
        Ok(index)
    }

    /// Makes the slots sufficient for `len` entries.
    fn reserve_slots<const M: usize>(&mut self, arena: &Scope<'a, M>, len: usize) -> Result<(), Fault> {
        if len <= SCAN_MAX || len <= self.slots.len() / 8 * 7 {
            return Ok(());
        }
        let count = (self.slots.len() * 2).max(SCAN_MAX * 4);
        let slots = arena.try_alloc_slice_fill_with(count, |_| 0)?;
        if self.slots.is_empty() {
            for (index, (key, _)) in self.entries.iter().enumerate() {
                Self::put_slot(slots, slot_of(self.hash_of(key), index));
            }
        } else {
            for slot in self.slots.iter().filter(|slot| **slot != 0) {
                Self::put_slot(slots, *slot);
            }
        }
        self.slots = slots;
        Ok(())
    }

    /// Removes `key` and answers its value. The last entry takes its place in the order.
    pub fn remove<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        if self.slots.is_empty() {
            let index = self.find(key)?;
            return Some(self.entries.swap_remove(index).1);
        }
        let (at, index) = self.find_slot(key, self.hash_of(key))?;
        let last = self.entries.len() - 1;
        if index != last {
            // Both lookups come before the first change, so that a panicking `Hash` or `Eq` leaves the map as it
            // was.
            let hash = self.hash_of(&self.entries[last].0);
            if let Some(moved) = self.slot_with(slot_of(hash, last)) {
                self.slots[moved] = slot_of(hash, index);
            }
        }
        self.empty_slot(at);
        Some(self.entries.swap_remove(index).1)
    }

    /// Where exactly this slot value stands.
    fn slot_with(&self, slot: u64) -> Option<usize> {
        let mask = self.slots.len() - 1;
        let mut at = (slot >> 32) as usize & mask;
        while self.slots[at] != 0 {
            if self.slots[at] == slot {
                return Some(at);
            }
            at = (at + 1) & mask;
        }
        None
    }

    /// Empties a slot and moves later ones of the same run forward, so that every search still finds its slot
    /// before an empty one.
    fn empty_slot(&mut self, mut hole: usize) {
        let mask = self.slots.len() - 1;
        let mut at = hole;
        loop {
            at = (at + 1) & mask;
            let slot = self.slots[at];
            if slot == 0 {
                break;
            }
            let home = (slot >> 32) as usize & mask;
            // The slot may move to the hole if the hole is not before its home, going round.
            if at.wrapping_sub(home) & mask >= at.wrapping_sub(hole) & mask {
                self.slots[hole] = slot;
                hole = at;
            }
        }
        self.slots[hole] = 0;
    }
}

#[inline]
fn slot_of(hash: u64, index: usize) -> u64 {
    hash << 32 | (index as u64 + 1)
}

#[inline]
fn entry_of(slot: u64) -> usize {
    (slot as u32) as usize - 1
}

impl<K, V> Default for ArenaMap<'_, K, V> {
    fn default() -> Self {
        const { NoDrop::<(K, V)>::CHECK };
        Self::new()
    }
}

impl<K: fmt::Debug, V: fmt::Debug, S> fmt::Debug for ArenaMap<'_, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
