//! A growing vector of `Copy` items in a region: pushes take the region as an argument, nothing is dropped.
//!
//! ```text
//! items[..len] is written        (what every reader relies on; only `push`, `extend_copy` raise len, after writing)
//! ```

use super::Region;
use std::mem::MaybeUninit;

/// A vector whose storage is a region's. Growing doubles; the old storage stays in the region until that is emptied.
pub struct GrowVec<'r, T> {
    items: &'r mut [MaybeUninit<T>],
    len: usize,
}

impl<'r, T: Copy> GrowVec<'r, T> {
    /// An empty vector without storage.
    pub fn new() -> Self {
        Self { items: &mut [], len: 0 }
    }

    /// Appends `value`.
    #[inline]
    pub fn push(&mut self, region: &impl Region<'r>, value: T) {
        match self.items.get_mut(self.len) {
            Some(item) => {
                item.write(value);
                self.len += 1;
            }
            None => self.push_grown(region, value),
        }
    }

    #[cold]
    #[inline(never)]
    fn push_grown(&mut self, region: &impl Region<'r>, value: T) {
        self.grow(region, 1);
        self.items[self.len].write(value);
        self.len += 1;
    }

    /// Makes room for `len` items in all.
    pub fn reserve(&mut self, region: &impl Region<'r>, len: usize) {
        if len > self.items.len() {
            self.grow_cold(region, len - self.len);
        }
    }

    /// Appends a copy of `values`.
    #[inline]
    pub fn extend_copy(&mut self, region: &impl Region<'r>, values: &[T]) {
        if self.items.len() - self.len < values.len() {
            self.grow_cold(region, values.len());
        }
        self.items[self.len..self.len + values.len()].write_copy_of_slice(values);
        self.len += values.len();
    }

    #[cold]
    #[inline(never)]
    fn grow_cold(&mut self, region: &impl Region<'r>, more: usize) {
        self.grow(region, more);
    }

    #[inline(always)]
    fn grow(&mut self, region: &impl Region<'r>, more: usize) {
        let wanted = (self.len + more).max(self.items.len() * 2).max(16);
        let items = region.slice_with(wanted, |_| MaybeUninit::uninit());
        // Most vectors grow once.
        if self.len > 0 {
            items[..self.len].copy_from_slice(&self.items[..self.len]);
        }
        self.items = items;
    }

    /// The items.
    #[inline]
    pub fn as_slice(&self) -> &[T] {
        let written = &self.items[..self.len];
        // SAFETY: every item must be initialised. Those below `len` were written before `len` passed them, and storage
        // is only ever replaced by a copy.
        unsafe { written.assume_init_ref() }
    }

    /// The items, to change.
    #[inline]
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        let written = &mut self.items[..self.len];
        // SAFETY: as in `as_slice`.
        unsafe { written.assume_init_mut() }
    }

    /// The items, for as long as the region's memory lives.
    pub fn into_slice(self) -> &'r mut [T] {
        let written = &mut self.items[..self.len];
        // SAFETY: as in `as_slice`.
        unsafe { written.assume_init_mut() }
    }

    /// How many items there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Removes and returns the last item.
    #[inline]
    pub fn pop(&mut self) -> Option<T> {
        let last = self.as_slice().last().copied()?;
        self.len -= 1;
        Some(last)
    }

    /// Keeps the first `len` items at most.
    #[inline]
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// The last item.
    #[inline]
    pub fn last(&self) -> Option<&T> {
        self.as_slice().last()
    }

    /// The last item, to change.
    #[inline]
    pub fn last_mut(&mut self) -> Option<&mut T> {
        self.as_mut_slice().last_mut()
    }
}

impl<T: Copy> Default for GrowVec<'_, T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, feature = "bumpalo"))]
mod tests {
    use super::GrowVec;

    #[test]
    fn items_survive_growing_and_truncating() {
        let bump = bumpalo::Bump::new();
        let region = &bump;
        let mut numbers = GrowVec::new();
        for number in 0..1000u32 {
            numbers.push(&region, number);
        }
        numbers.truncate(900);
        numbers.extend_copy(&region, &[7, 8]);
        assert_eq!(numbers.pop(), Some(8));
        assert_eq!(numbers.len(), 901);
        assert!(numbers.as_slice().iter().take(900).copied().eq(0..900));
        assert_eq!(numbers.into_slice().last(), Some(&7));
    }
}
