//! `Box`: a value in an arena whose destructor runs when the box is dropped. Its room stays used until the arena's reset.

use crate::Bump;
use core::any::Any;
use core::borrow::{Borrow, BorrowMut};
use core::cmp::Ordering;
use core::fmt;
use core::future::Future;
use core::hash::{Hash, Hasher};
use core::iter::FusedIterator;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};
use core::pin::Pin;
use core::ptr::{self, NonNull};
use core::task::{Context, Poll};

/// A value in an arena, owned: one pointer wide.
///
/// ```
/// use bumpalo::{Bump, boxed::Box};
/// let bump = Bump::new();
/// let name = Box::new_in(String::from("main"), &bump);
/// assert_eq!(*name, "main"); // and the string is freed with the box
/// ```
///
/// A box cannot outlive its arena:
///
/// ```compile_fail
/// use bumpalo::{Bump, boxed::Box};
/// let kept = { let bump = Bump::new(); Box::new_in(1, &bump) };
/// assert_eq!(*kept, 1);
/// ```
// Invariant: the pointer leads to an initialised value that lives for 'a and that only this box refers to.
#[repr(transparent)]
pub struct Box<'a, T: ?Sized>(NonNull<T>, PhantomData<&'a T>);

// SAFETY: whoever has the box has the value exclusively, so it may go where the value may.
unsafe impl<T: ?Sized + Send> Send for Box<'_, T> {}

// SAFETY: a shared box lends nothing but a shared value.
unsafe impl<T: ?Sized + Sync> Sync for Box<'_, T> {}

impl<T: ?Sized> Unpin for Box<'_, T> {}

impl<'a, T> Box<'a, T> {
    /// Moves `x` into the arena.
    ///
    /// # Panics
    ///
    /// If memory or the limit is exhausted.
    #[inline(always)]
    pub fn new_in(x: T, a: &'a Bump) -> Self {
        Self::from_exclusive(a.alloc(x))
    }

    /// Moves `x` into the arena, where it stays put.
    ///
    /// Only for values that may move all the same, unlike bumpalo's: a pinned value must be dropped before its memory is used for
    /// anything else, and an arena can be reset while the box of a value in it was forgotten.
    ///
    /// ```compile_fail,E0277
    /// use bumpalo::{Bump, boxed::Box};
    /// let bump = Bump::new();
    /// Box::pin_in(core::marker::PhantomPinned, &bump);
    /// ```
    ///
    /// # Panics
    ///
    /// If memory or the limit is exhausted.
    #[inline(always)]
    pub fn pin_in(x: T, a: &'a Bump) -> Pin<Self>
    where
        T: Unpin,
    {
        Self::new_in(x, a).into()
    }

    /// The value. Its room in the arena stays used.
    #[inline]
    pub fn into_inner(b: Self) -> T {
        // SAFETY: the value must be initialised and not used again where it lies; it is this box's, which has just given it
        // up.
        unsafe { ptr::read(Self::into_raw(b)) }
    }
}

impl<'a, T: ?Sized> Box<'a, T> {
    /// A box of a value that was allocated in an arena, or of none at all (size zero), and is lent for as long as the box
    /// lives.
    #[inline(always)]
    fn from_exclusive(value: &'a mut T) -> Self {
        Self(NonNull::from(value), PhantomData)
    }

    /// The box of a value that [`into_raw`](Self::into_raw) gave away, or that was written into an arena's memory.
    ///
    /// # Safety
    ///
    /// - `raw` leads to an initialised value that nothing else refers to, or owns, and is not null.
    /// - The value stays in place for `'a`, which the caller chooses: at most until its arena is reset or dropped.
    #[inline]
    pub unsafe fn from_raw(raw: *mut T) -> Self {
        // SAFETY: the pointer must not be null; the caller says so.
        Self(unsafe { NonNull::new_unchecked(raw) }, PhantomData)
    }

    /// The value's place. Its destructor does not run any more, unless [`from_raw`](Self::from_raw) makes a box of it.
    #[inline]
    pub fn into_raw(b: Self) -> *mut T {
        ManuallyDrop::new(b).0.as_ptr()
    }

    /// The value, lent for as long as the arena is. Its destructor does not run.
    #[inline]
    pub fn leak(b: Self) -> &'a mut T {
        // SAFETY: the value must be initialised and unaliased for 'a; it is this box's, which has just given it up.
        unsafe { &mut *Self::into_raw(b) }
    }
}

impl<T: ?Sized> Drop for Box<'_, T> {
    fn drop(&mut self) {
        // SAFETY: the value must be initialised, exclusively ours and never used again; the type's invariant says so, and the
        // box is gone.
        unsafe { self.0.drop_in_place() };
    }
}

impl<T: ?Sized> Deref for Box<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the value must be initialised and not exclusively borrowed; it is this box's, which is lent shared.
        unsafe { self.0.as_ref() }
    }
}

impl<T: ?Sized> DerefMut for Box<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the value must be initialised and unaliased; it is this box's, which is lent exclusively.
        unsafe { self.0.as_mut() }
    }
}

/// `downcast` for a box of `dyn Any` with or without `Send`.
macro_rules! downcast {
    ($($any:ty),*) => { $(
        impl<'a> Box<'a, $any> {
            /// The box with its own type.
            ///
            /// # Errors
            ///
            /// The box as it is, if its type is another.
            #[inline]
            pub fn downcast<T: Any>(self) -> Result<Box<'a, T>, Self> {
                if !self.is::<T>() {
                    return Err(self);
                }
                let raw = Self::into_raw(self);
                // SAFETY: the pointer must lead to an initialised `T` that nothing else owns; the box gave it away, and `is`
                // answered that it is one.
                Ok(unsafe { Box::from_raw(raw.cast::<T>()) })
            }
        }
    )* };
}

downcast!(dyn Any, dyn Any + Send);

impl<T> Default for Box<'_, [T]> {
    fn default() -> Self {
        Self::from_exclusive(&mut [])
    }
}

impl Default for Box<'_, str> {
    fn default() -> Self {
        Self::from_exclusive(Default::default())
    }
}

impl<'a, T, const N: usize> From<Box<'a, [T; N]>> for Box<'a, [T]> {
    fn from(arr: Box<'a, [T; N]>) -> Self {
        Self::from_exclusive(Box::<[T; N]>::leak(arr))
    }
}

impl<'a, T, const N: usize> TryFrom<Box<'a, [T]>> for Box<'a, [T; N]> {
    type Error = Box<'a, [T]>;

    fn try_from(slice: Box<'a, [T]>) -> Result<Self, Self::Error> {
        if slice.len() != N {
            return Err(slice);
        }
        let raw = Box::into_raw(slice);
        // SAFETY: the pointer must lead to an initialised array that nothing else owns; the box gave it away, and it has N
        // elements.
        Ok(unsafe { Self::from_raw(raw.cast::<[T; N]>()) })
    }
}

/// Only for values that may move all the same; see [`Box::pin_in`].
impl<'a, T: ?Sized + Unpin> From<Box<'a, T>> for Pin<Box<'a, T>> {
    fn from(boxed: Box<'a, T>) -> Self {
        Pin::new(boxed)
    }
}

impl<'b, T: ?Sized + PartialEq> PartialEq<Box<'b, T>> for Box<'_, T> {
    #[inline]
    fn eq(&self, other: &Box<'b, T>) -> bool {
        **self == **other
    }
}

impl<'b, T: ?Sized + PartialOrd> PartialOrd<Box<'b, T>> for Box<'_, T> {
    #[inline]
    fn partial_cmp(&self, other: &Box<'b, T>) -> Option<Ordering> {
        (**self).partial_cmp(&**other)
    }
}

impl<T: ?Sized + Eq> Eq for Box<'_, T> {}

impl<T: ?Sized + Ord> Ord for Box<'_, T> {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        (**self).cmp(&**other)
    }
}

impl<T: ?Sized + Hash> Hash for Box<'_, T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

/// Passes each method of `Hasher` on.
macro_rules! hasher {
    ($($write:ident($integer:ty)),*) => {
        impl<T: ?Sized + Hasher> Hasher for Box<'_, T> {
            fn finish(&self) -> u64 {
                (**self).finish()
            }
            fn write(&mut self, bytes: &[u8]) {
                (**self).write(bytes);
            }
            $( fn $write(&mut self, i: $integer) {
                (**self).$write(i);
            } )*
        }
    };
}

hasher!(
    write_u8(u8),
    write_u16(u16),
    write_u32(u32),
    write_u64(u64),
    write_u128(u128),
    write_usize(usize),
    write_i8(i8),
    write_i16(i16),
    write_i32(i32),
    write_i64(i64),
    write_i128(i128),
    write_isize(isize)
);

impl<T: fmt::Display + ?Sized> fmt::Display for Box<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: fmt::Debug + ?Sized> fmt::Debug for Box<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized> fmt::Pointer for Box<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Pointer::fmt(&self.0, f)
    }
}

impl<I: Iterator + ?Sized> Iterator for Box<'_, I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        (**self).next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (**self).size_hint()
    }

    fn nth(&mut self, n: usize) -> Option<I::Item> {
        (**self).nth(n)
    }
}

impl<I: DoubleEndedIterator + ?Sized> DoubleEndedIterator for Box<'_, I> {
    fn next_back(&mut self) -> Option<I::Item> {
        (**self).next_back()
    }

    fn nth_back(&mut self, n: usize) -> Option<I::Item> {
        (**self).nth_back(n)
    }
}

impl<I: ExactSizeIterator + ?Sized> ExactSizeIterator for Box<'_, I> {
    fn len(&self) -> usize {
        (**self).len()
    }
}

impl<I: FusedIterator + ?Sized> FusedIterator for Box<'_, I> {}

impl<F: ?Sized + Future + Unpin> Future for Box<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        Pin::new(&mut **self).poll(context)
    }
}

impl<T: ?Sized> Borrow<T> for Box<'_, T> {
    fn borrow(&self) -> &T {
        self
    }
}

impl<T: ?Sized> BorrowMut<T> for Box<'_, T> {
    fn borrow_mut(&mut self) -> &mut T {
        self
    }
}

impl<T: ?Sized> AsRef<T> for Box<'_, T> {
    fn as_ref(&self) -> &T {
        self
    }
}

impl<T: ?Sized> AsMut<T> for Box<'_, T> {
    fn as_mut(&mut self) -> &mut T {
        self
    }
}

#[cfg(feature = "collections")]
impl<'a, A> Box<'a, [A]> {
    /// A slice of what `iter` yields.
    ///
    /// # Panics
    ///
    /// If memory or the limit is exhausted, or with `iter`.
    pub fn from_iter_in<T: IntoIterator<Item = A>>(iter: T, a: &'a Bump) -> Self {
        crate::collections::Vec::from_iter_in(iter, a).into_boxed_slice()
    }
}
