//! An append-only table that many threads read while any of them appends.
//!
//! Items stand in chunks of doubling size that never move. An append happens under a lock and is published by a
//! release store of the length; a read is one acquire load, a bounds check and the address of the item. So
//!
//! ```text
//! every slot below `len` is written, and is never written again        (what `get` relies on)
//! ```

use super::Region;
use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

const FIRST_CHUNK_LEN: u32 = 512;
const FIRST_CHUNK_BITS: u32 = FIRST_CHUNK_LEN.trailing_zeros();
const CHUNK_COUNT: usize = 22;
/// The largest number of items.
pub const LEN_MAX: u32 = FIRST_CHUNK_LEN * ((1 << CHUNK_COUNT) - 1);
const _: () = assert!(LEN_MAX < 1 << 31, "ids of items leave the highest bit free");

struct Slot<T>(UnsafeCell<MaybeUninit<T>>);

// SAFETY: a slot is written once, by the thread that holds the table's append lock, before the length that covers it is
// published; after that it is only read. So sharing it is sharing a `T`.
unsafe impl<T: Send + Sync> Sync for Slot<T> {}

/// An append-only table in a region that lives for `'p`.
pub struct SharedTable<'p, T> {
    chunks: [OnceLock<&'p [Slot<T>]>; CHUNK_COUNT],
    len: AtomicU32,
    append: Mutex<()>,
}

/// The right to append; held over "look again, then append".
pub struct Appender<'t, 'p, T> {
    table: &'t SharedTable<'p, T>,
    _lock: MutexGuard<'t, ()>,
}

#[inline]
fn place(index: u32) -> (usize, usize) {
    let shifted = index + FIRST_CHUNK_LEN;
    let chunk = shifted.ilog2() - FIRST_CHUNK_BITS;
    (chunk as usize, (shifted - (FIRST_CHUNK_LEN << chunk)) as usize)
}

impl<'p, T: Send + Sync> SharedTable<'p, T> {
    /// An empty table.
    pub fn new() -> Self {
        const { assert!(!std::mem::needs_drop::<T>(), "items are never dropped") };
        Self {
            chunks: [const { OnceLock::new() }; CHUNK_COUNT],
            len: AtomicU32::new(0),
            append: Mutex::new(()),
        }
    }

    /// How many items are published.
    #[inline]
    pub fn len(&self) -> u32 {
        self.len.load(Ordering::Acquire)
    }

    /// Whether nothing is published.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The item at `index`, which must be below [`SharedTable::len`].
    ///
    /// # Panics
    /// If it is not.
    #[inline]
    pub fn get(&self, index: u32) -> &'p T {
        assert!(index < self.len(), "no such item");
        let (chunk, at) = place(index);
        let chunk: &'p [Slot<T>] = self.chunks[chunk].get().expect("a published item has a chunk");
        let slot = chunk[at].0.get().cast::<T>();
        // SAFETY: the slot must be initialised and never written again. `index` is below the published length, so
        // `Appender::push` wrote it before its release store, which the acquire load above read; slots below the
        // length are not written again.
        unsafe { &*slot }
    }

    /// Takes the append lock.
    pub fn lock(&self) -> Appender<'_, 'p, T> {
        // A panic while appending leaves at most an unpublished slot behind.
        Appender { table: self, _lock: self.append.lock().unwrap_or_else(PoisonError::into_inner) }
    }
}

impl<T: Send + Sync> Default for SharedTable<'_, T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'p, T: Send + Sync> Appender<'_, 'p, T> {
    /// Appends `item` and returns its index, or `None` if the table is full. A new chunk comes from `region`.
    pub fn push(&mut self, region: &impl Region<'p>, item: T) -> Option<u32> {
        let table = self.table;
        let index = table.len.load(Ordering::Relaxed);
        if index == LEN_MAX {
            return None;
        }
        let (chunk, at) = place(index);
        let slots: &'p [Slot<T>] = table.chunks[chunk].get_or_init(|| {
            region.slice_with((FIRST_CHUNK_LEN << chunk) as usize, |_| {
                Slot(UnsafeCell::new(MaybeUninit::uninit()))
            })
        });
        let slot = slots[at].0.get().cast::<T>();
        // SAFETY: nobody may read or write the slot meanwhile. Writers hold the append lock, which `self` is; readers
        // stay below the length, which is still `index`.
        unsafe { slot.write(item) };
        table.len.store(index + 1, Ordering::Release);
        Some(index)
    }
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn places_are_dense_over_chunk_edges() {
        assert_eq!(place(0), (0, 0));
        assert_eq!(place(511), (0, 511));
        assert_eq!(place(512), (1, 0));
        assert_eq!(place(1535), (1, 1023));
        assert_eq!(place(1536), (2, 0));
    }
}
