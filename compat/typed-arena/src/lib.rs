//! The interface of typed-arena 2.0.2 on compiler-alloc's spans: a thin layer over [`TypedArena`].
//!
//! A program changes to it by one entry in its manifest:
//!
//! ```toml
//! [patch.crates-io]
//! typed-arena = { git = "https://github.com/compiler-alloc/compiler-alloc" }
//! ```
//!
//! ```
//! use typed_arena::Arena;
//!
//! let names = Arena::new();
//! let first: &mut String = names.alloc("main".to_string());
//! first.push('2');
//! let more = names.alloc_extend(["x", "y"].map(str::to_string));
//! assert_eq!((first.as_str(), more.len(), names.len()), ("main2", 2, 3));
//! ```
//!
//! Values may refer to each other, in cycles too:
//!
//! ```
//! use core::cell::Cell;
//! use typed_arena::Arena;
//!
//! struct Node<'a>(Cell<Option<&'a Node<'a>>>);
//!
//! let nodes = Arena::new();
//! let a = nodes.alloc(Node(Cell::new(None)));
//! let b = nodes.alloc(Node(Cell::new(Some(a))));
//! a.0.set(Some(b));
//! ```

use compiler_alloc::TypedArena;
use compiler_alloc::arena::TypedIterMut;
use std::mem::MaybeUninit;
use std::panic::UnwindSafe;

/// An arena of values of one type, which it drops when it is dropped.
pub struct Arena<T> {
    values: TypedArena<T>,
}

// A panic leaves no value half made: a place is taken and filled in one step.
impl<T: UnwindSafe> UnwindSafe for Arena<T> {}

#[allow(clippy::mut_from_ref, reason = "every call hands out memory that nothing else refers to")]
impl<T> Arena<T> {
    /// An empty arena. Takes no memory before the first value.
    pub fn new() -> Arena<T> {
        Self { values: TypedArena::new() }
    }

    /// An empty arena with room for `n` values beside each other.
    ///
    /// # Panics
    ///
    /// If memory is exhausted.
    pub fn with_capacity(n: usize) -> Arena<T> {
        let arena = Self::new();
        arena.values.reserve(n);
        arena
    }

    /// How many values there are.
    #[allow(clippy::len_without_is_empty, reason = "the interface has none")]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Moves `value` into the arena.
    ///
    /// # Panics
    ///
    /// If memory is exhausted; then `value` is dropped.
    #[inline]
    pub fn alloc(&self, value: T) -> &mut T {
        self.values.alloc(value)
    }

    /// Moves what `iterable` yields into the arena, as one slice. The iterator may allocate from this arena.
    ///
    /// # Panics
    ///
    /// If memory is exhausted, or with `iterable`; what it yielded so far stays in the arena.
    pub fn alloc_extend<I>(&self, iterable: I) -> &mut [T]
    where
        I: IntoIterator<Item = T>,
    {
        self.values.alloc_extend(iterable)
    }

    /// Takes room for `num` values, which count as values of the arena from now on.
    ///
    /// # Panics
    ///
    /// If memory is exhausted.
    ///
    /// # Safety
    ///
    /// The caller fills all of them before the arena is dropped, iterated over, or made a vector.
    pub unsafe fn alloc_uninitialized(&self, num: usize) -> &mut [MaybeUninit<T>] {
        // SAFETY: the room must be filled before anything looks at it; the caller says so.
        unsafe { self.values.alloc_uninit(num) }
    }

    /// Makes room for `num` more values beside each other.
    ///
    /// # Panics
    ///
    /// If memory is exhausted.
    pub fn reserve_extend(&self, num: usize) {
        self.values.reserve(num);
    }

    /// The room where the next values go, as far as it is there.
    pub fn uninitialized_array(&self) -> *mut [MaybeUninit<T>] {
        self.values.spare_capacity()
    }

    /// All values, in the order in which they came, moved into a vector.
    pub fn into_vec(self) -> Vec<T> {
        self.values.into_vec()
    }

    /// All values, exclusively, in the order in which they came.
    #[inline]
    pub fn iter_mut(&mut self) -> IterMut<'_, T> {
        IterMut { values: self.values.iter_mut() }
    }
}

impl Arena<u8> {
    /// Copies a string into an arena of bytes.
    ///
    /// # Panics
    ///
    /// If memory is exhausted.
    #[inline]
    #[allow(clippy::mut_from_ref, reason = "every call hands out memory that nothing else refers to")]
    pub fn alloc_str(&self, s: &str) -> &mut str {
        // SAFETY: the room must be filled before anything looks at it; the next line does.
        let room = unsafe { self.values.alloc_uninit(s.len()) };
        let bytes = room.write_copy_of_slice(s.as_bytes());
        // SAFETY: the bytes must be UTF-8; they are a copy of a string's, and nothing else refers to them.
        unsafe { std::str::from_utf8_unchecked_mut(bytes) }
    }
}

impl<T> Default for Arena<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// All values of an arena, exclusively; see [`Arena::iter_mut`].
pub struct IterMut<'a, T: 'a> {
    values: TypedIterMut<'a, T>,
}

impl<'a, T> Iterator for IterMut<'a, T> {
    type Item = &'a mut T;

    fn next(&mut self) -> Option<&'a mut T> {
        self.values.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.values.size_hint()
    }
}
