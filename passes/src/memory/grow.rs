//! A growing vector of `Copy` items in a region: pushes take the region as an argument, nothing is dropped.

use super::Region;

/// A vector whose storage is a region's. Growing doubles; the old storage stays in the region until that is emptied.
pub struct GrowVec<'r, T> {
    items: &'r mut [T],
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
        if self.len == self.items.len() {
            self.grow(region, 1, value);
        }
        self.items[self.len] = value;
        self.len += 1;
    }

    /// Makes room for `len` items in all; `filler` is what the room holds until then.
    pub fn reserve(&mut self, region: &impl Region<'r>, len: usize, filler: T) {
        if len > self.items.len() {
            self.grow(region, len - self.len, filler);
        }
    }

    /// Appends a copy of `values`.
    #[inline]
    pub fn extend_copy(&mut self, region: &impl Region<'r>, values: &[T]) {
        let Some(&first) = values.first() else { return };
        if self.items.len() - self.len < values.len() {
            self.grow(region, values.len(), first);
        }
        self.items[self.len..self.len + values.len()].copy_from_slice(values);
        self.len += values.len();
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, region: &impl Region<'r>, more: usize, filler: T) {
        let wanted = (self.len + more).max(self.items.len() * 2).max(16);
        let items = region.slice_fill(wanted, filler);
        items[..self.len].copy_from_slice(&self.items[..self.len]);
        self.items = items;
    }

    /// The items.
    #[inline]
    pub fn as_slice(&self) -> &[T] {
        &self.items[..self.len]
    }

    /// The items, to change.
    #[inline]
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        &mut self.items[..self.len]
    }

    /// The items, for as long as the region's memory lives.
    pub fn into_slice(self) -> &'r mut [T] {
        let len = self.len;
        &mut self.items[..len]
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
        self.len = self.len.checked_sub(1)?;
        Some(self.items[self.len])
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
