//! Collecting an iterator into something that needs an arena.

use super::{String, Vec};
use crate::Bump;

/// What can be made of an iterator's items and an arena.
pub trait FromIteratorIn<A> {
    /// What it is made in: `&'bump Bump` for everything in this crate.
    type Alloc;

    /// Takes all items of `iter`.
    ///
    /// # Panics
    ///
    /// If memory or the limit is exhausted, or with `iter`.
    fn from_iter_in<I>(iter: I, alloc: Self::Alloc) -> Self
    where
        I: IntoIterator<Item = A>;
}

/// `collect` with an arena.
///
/// ```
/// use bumpalo::{Bump, collections::{CollectIn, Vec}};
/// let bump = Bump::new();
/// let squares = (1..4).map(|n| n * n).collect_in::<Vec<_>>(&bump);
/// assert_eq!(squares, [1, 4, 9]);
/// ```
pub trait CollectIn: Iterator + Sized {
    /// Takes all items into a collection in `alloc`.
    ///
    /// # Panics
    ///
    /// If memory or the limit is exhausted, or with the iterator.
    fn collect_in<C: FromIteratorIn<Self::Item>>(self, alloc: C::Alloc) -> C {
        C::from_iter_in(self, alloc)
    }
}

impl<I: Iterator> CollectIn for I {}

impl<'bump, T> FromIteratorIn<T> for Vec<'bump, T> {
    type Alloc = &'bump Bump;

    fn from_iter_in<I>(iter: I, alloc: Self::Alloc) -> Self
    where
        I: IntoIterator<Item = T>,
    {
        Vec::from_iter_in(iter, alloc)
    }
}

impl<'bump> FromIteratorIn<char> for String<'bump> {
    type Alloc = &'bump Bump;

    fn from_iter_in<I>(iter: I, alloc: Self::Alloc) -> Self
    where
        I: IntoIterator<Item = char>,
    {
        String::from_iter_in(iter, alloc)
    }
}

#[cfg(feature = "boxed")]
impl<'bump, T> FromIteratorIn<T> for crate::boxed::Box<'bump, [T]> {
    type Alloc = &'bump Bump;

    fn from_iter_in<I>(iter: I, alloc: Self::Alloc) -> Self
    where
        I: IntoIterator<Item = T>,
    {
        Vec::from_iter_in(iter, alloc).into_boxed_slice()
    }
}

/// All values, or `None` at the first `None`; then no more items are taken.
impl<A, V: FromIteratorIn<A>> FromIteratorIn<Option<A>> for Option<V> {
    type Alloc = V::Alloc;

    fn from_iter_in<I>(iter: I, alloc: Self::Alloc) -> Self
    where
        I: IntoIterator<Item = Option<A>>,
    {
        let mut complete = true;
        let values = iter.into_iter().map_while(|item| {
            complete = item.is_some();
            item
        });
        let collection = V::from_iter_in(fused(values), alloc);
        complete.then_some(collection)
    }
}

/// All values, or the first error; then no more items are taken.
impl<A, E, V: FromIteratorIn<A>> FromIteratorIn<Result<A, E>> for Result<V, E> {
    type Alloc = V::Alloc;

    fn from_iter_in<I>(iter: I, alloc: Self::Alloc) -> Self
    where
        I: IntoIterator<Item = Result<A, E>>,
    {
        let mut failed = None;
        let values = iter.into_iter().map_while(|item| match item {
            Ok(value) => Some(value),
            Err(error) => {
                failed = Some(error);
                None
            }
        });
        let collection = V::from_iter_in(fused(values), alloc);
        match failed {
            None => Ok(collection),
            Some(error) => Err(error),
        }
    }
}

/// The same items, and never another call after the end: a collection may ask twice.
fn fused<T>(items: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
    items.fuse()
}
