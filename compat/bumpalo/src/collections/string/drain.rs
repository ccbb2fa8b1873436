//! `Drain`: takes a range of characters out of a string.

use super::String;
use core::fmt;
use core::iter::FusedIterator;
use core::ptr::NonNull;
use core::str::Chars;

/// Takes a range of characters out; see [`String::drain`].
pub struct Drain<'a, 'bump> {
    /// Exclusively borrowed for 'a; as a pointer, because `characters` looks into it.
    string: NonNull<String<'bump>>,
    start: usize,
    end: usize,
    characters: Chars<'a>,
}

// SAFETY: the string is touched for its bytes only, which are this iterator's; its arena is not touched.
unsafe impl Send for Drain<'_, '_> {}

// SAFETY: a shared iterator shows nothing but shared text.
unsafe impl Sync for Drain<'_, '_> {}

impl<'a, 'bump> Drain<'a, 'bump> {
    /// Begins to take the text from `start` to `end` out, which the caller checked.
    pub(super) fn new(string: &'a mut String<'bump>, start: usize, end: usize) -> Self {
        let string = NonNull::from(string);
        // SAFETY: the string must be live and not change for 'a; it is exclusively borrowed for 'a, and changes only when this
        // iterator, and with it `characters`, is dropped.
        let text: &'a String<'bump> = unsafe { string.as_ref() };
        Self { string, start, end, characters: text[start..end].chars() }
    }
}

impl Drop for Drain<'_, '_> {
    fn drop(&mut self) {
        self.characters = "".chars();
        // SAFETY: the string must be live and unaliased while lent; it is exclusively borrowed for 'a, and the line above gave up
        // the only other way to it.
        let string = unsafe { self.string.as_mut() };
        // Whole characters leave, so the rest stays UTF-8.
        string.vec.drain(self.start..self.end);
    }
}

impl Iterator for Drain<'_, '_> {
    type Item = char;

    #[inline]
    fn next(&mut self) -> Option<char> {
        self.characters.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.characters.size_hint()
    }
}

impl DoubleEndedIterator for Drain<'_, '_> {
    #[inline]
    fn next_back(&mut self) -> Option<char> {
        self.characters.next_back()
    }
}

impl FusedIterator for Drain<'_, '_> {}

impl fmt::Debug for Drain<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Drain").field(&self.characters.as_str()).finish()
    }
}
