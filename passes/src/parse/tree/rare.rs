//! Lists that are nearly always empty.

use std::ops::Deref;

/// A list that is nearly always empty: one word instead of the two of a slice.
#[derive(Debug)]
pub struct Rare<'t, T>(Option<&'t &'t [T]>);

impl<T> Clone for Rare<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Rare<'_, T> {}

impl<'t, T> Rare<'t, T> {
    /// Nothing.
    pub const EMPTY: Self = Self(None);

    /// The items at `list`.
    pub fn new(list: &'t &'t [T]) -> Self {
        Self(Some(list))
    }

    /// The items.
    #[inline]
    pub fn as_slice(self) -> &'t [T] {
        self.0.map_or(&[], |list| list)
    }
}

impl<T> Deref for Rare<'_, T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        self.as_slice()
    }
}
