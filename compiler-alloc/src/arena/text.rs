//! `ArenaStr`: a growable string whose buffer lies in an arena.

use super::scope::Scope;
use super::vec::ArenaVec;
use crate::fault::Fault;
use core::fmt;
use core::ops::Deref;

/// A growable string in an arena: 16 bytes, no destructor, no pointer to the arena; the arena is an argument of
/// every call that may grow. For a finished string use [`Scope::alloc_str`], which costs less.
///
/// ```
/// use compiler_alloc::{Arena, ArenaStr};
/// use core::fmt::Write;
/// let arena = Arena::new();
/// let mut name = ArenaStr::new();
/// name.push_str(arena.as_scope(), "block");
/// write!(name.writer(arena.as_scope()), "_{}", 7)?;
/// assert_eq!(name.into_str(), "block_7");
/// # Ok::<(), core::fmt::Error>(())
/// ```
#[derive(Default, PartialEq, Eq)]
pub struct ArenaStr<'a> {
    /// Always UTF-8.
    bytes: ArenaVec<'a, u8>,
}

impl<'a> ArenaStr<'a> {
    /// An empty string. Allocates nothing.
    #[inline]
    pub const fn new() -> Self {
        Self { bytes: ArenaVec::new() }
    }

    /// An empty string with room for `bytes` bytes.
    ///
    /// # Panics
    ///
    /// If memory or a limit is exhausted.
    pub fn with_capacity_in<const M: usize>(bytes: usize, arena: &Scope<'a, M>) -> Self {
        Self { bytes: ArenaVec::with_capacity_in(bytes, arena) }
    }

    /// Appends `text`.
    ///
    /// # Panics
    ///
    /// If memory or a limit is exhausted.
    #[inline]
    pub fn push_str<const M: usize>(&mut self, arena: &Scope<'a, M>, text: &str) {
        self.bytes.extend_from_slice(arena, text.as_bytes());
    }

    /// Appends `text`.
    ///
    /// # Errors
    ///
    /// A fault if memory or a limit is exhausted; the string is as it was.
    #[inline]
    pub fn try_push_str<const M: usize>(&mut self, arena: &Scope<'a, M>, text: &str) -> Result<(), Fault> {
        self.bytes.try_extend_from_slice(arena, text.as_bytes())
    }

    /// Appends one character.
    ///
    /// # Panics
    ///
    /// If memory or a limit is exhausted.
    #[inline]
    pub fn push<const M: usize>(&mut self, arena: &Scope<'a, M>, character: char) {
        self.push_str(arena, character.encode_utf8(&mut [0; 4]));
    }

    /// Something `write!` can write to; it appends to this string. Answers `fmt::Error` when memory or a limit is
    /// exhausted.
    pub fn writer<'w, const M: usize>(
        &'w mut self,
        arena: &'w Scope<'a, M>,
    ) -> impl fmt::Write + use<'w, 'a, M> {
        Writer { text: self, arena }
    }

    /// Gives the room for further characters back to the arena, as [`ArenaVec::shrink_to_fit`].
    #[inline]
    pub fn shrink_to_fit<const M: usize>(&mut self, arena: &Scope<'a, M>) {
        self.bytes.shrink_to_fit(arena);
    }

    /// Removes all characters and keeps the buffer.
    #[inline]
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// The characters.
    #[inline]
    pub fn as_str(&self) -> &str {
        // SAFETY: the bytes must be UTF-8; only whole strings are ever appended.
        unsafe { core::str::from_utf8_unchecked(&self.bytes) }
    }

    /// The characters, for the lifetime of the arena's scope.
    #[inline]
    pub fn into_str(self) -> &'a str {
        // SAFETY: the bytes must be UTF-8; only whole strings are ever appended.
        unsafe { core::str::from_utf8_unchecked(self.bytes.into_slice()) }
    }
}

struct Writer<'w, 'a, const M: usize> {
    text: &'w mut ArenaStr<'a>,
    arena: &'w Scope<'a, M>,
}

impl<const M: usize> fmt::Write for Writer<'_, '_, M> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.text.try_push_str(self.arena, text).map_err(|_| fmt::Error)
    }
}

impl Deref for ArenaStr<'_> {
    type Target = str;
    #[inline]
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Debug for ArenaStr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl fmt::Display for ArenaStr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}
