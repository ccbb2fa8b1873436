//! `String`: growable text in an arena, with the methods of the standard library's.

mod drain;
mod error;
mod traits;

pub use drain::Drain;
pub use error::{FromUtf8Error, FromUtf16Error};

use super::Vec;
use crate::Bump;
use core::char::REPLACEMENT_CHARACTER;
use core::ops::RangeBounds;
use core::ptr;

/// Growable text in an arena: always UTF-8. If its buffer is the arena's newest object, dropping it gives the room back.
///
/// ```
/// use bumpalo::{Bump, collections::String};
/// let bump = Bump::new();
/// let mut name = String::from_str_in("block", &bump);
/// name.push('_');
/// name.push_str("7");
/// let name: &str = name.into_bump_str();
/// assert_eq!(name, "block_7");
/// ```
#[derive(PartialOrd, Eq, Ord)]
pub struct String<'bump> {
    /// Always UTF-8.
    vec: Vec<'bump, u8>,
}

impl<'bump> String<'bump> {
    /// Empty text. Takes no room.
    #[inline]
    pub fn new_in(bump: &'bump Bump) -> Self {
        Self { vec: Vec::new_in(bump) }
    }

    /// Empty text with room for exactly `capacity` bytes.
    ///
    /// # Panics
    ///
    /// If memory or the limit is exhausted.
    #[inline]
    pub fn with_capacity_in(capacity: usize, bump: &'bump Bump) -> Self {
        Self { vec: Vec::with_capacity_in(capacity, bump) }
    }

    /// The bytes as text, if they are UTF-8. Copies nothing.
    ///
    /// # Errors
    ///
    /// The bytes, and where they are not UTF-8.
    pub fn from_utf8(vec: Vec<'bump, u8>) -> Result<Self, FromUtf8Error<'bump>> {
        match core::str::from_utf8(&vec) {
            Ok(_) => Ok(Self { vec }),
            Err(error) => Err(FromUtf8Error::new(vec, error)),
        }
    }

    /// The bytes as text, each sequence that is not UTF-8 replaced by U+FFFD.
    ///
    /// # Panics
    ///
    /// If memory or the limit is exhausted.
    pub fn from_utf8_lossy_in(v: &[u8], bump: &'bump Bump) -> Self {
        let mut text = Self::with_capacity_in(v.len(), bump);
        for chunk in v.utf8_chunks() {
            text.push_str(chunk.valid());
            if !chunk.invalid().is_empty() {
                text.push(REPLACEMENT_CHARACTER);
            }
        }
        text
    }

    /// UTF-16 as text.
    ///
    /// # Errors
    ///
    /// If there is a surrogate without its other half.
    ///
    /// # Panics
    ///
    /// If memory or the limit is exhausted.
    pub fn from_utf16_in(v: &[u16], bump: &'bump Bump) -> Result<Self, FromUtf16Error> {
        let mut text = Self::with_capacity_in(v.len(), bump);
        for character in char::decode_utf16(v.iter().copied()) {
            text.push(character.map_err(|_| FromUtf16Error::new())?);
        }
        Ok(text)
    }

    /// A copy of `s`.
    ///
    /// # Panics
    ///
    /// If memory or the limit is exhausted.
    pub fn from_str_in(s: &str, bump: &'bump Bump) -> Self {
        let mut text = Self::with_capacity_in(s.len(), bump);
        text.push_str(s);
        text
    }

    /// Text of the characters that `iter` yields.
    ///
    /// # Panics
    ///
    /// If memory or the limit is exhausted, or with `iter`.
    pub fn from_iter_in<I: IntoIterator<Item = char>>(iter: I, bump: &'bump Bump) -> Self {
        let mut text = Self::new_in(bump);
        text.extend(iter);
        text
    }

    /// The text of these parts.
    ///
    /// # Safety
    ///
    /// - As [`Vec::from_raw_parts_in`].
    /// - The first `length` bytes are UTF-8.
    #[inline]
    pub unsafe fn from_raw_parts_in(buf: *mut u8, length: usize, capacity: usize, bump: &'bump Bump) -> Self {
        // SAFETY: the parts must be those of a vector; the caller says so.
        Self { vec: unsafe { Vec::from_raw_parts_in(buf, length, capacity, bump) } }
    }

    /// The bytes as text.
    ///
    /// # Safety
    ///
    /// They are UTF-8.
    #[inline]
    pub unsafe fn from_utf8_unchecked(bytes: Vec<'bump, u8>) -> Self {
        Self { vec: bytes }
    }

    /// The arena.
    #[inline]
    #[must_use]
    pub fn bump(&self) -> &'bump Bump {
        self.vec.bump()
    }

    /// The bytes.
    #[inline]
    pub fn into_bytes(self) -> Vec<'bump, u8> {
        self.vec
    }

    /// The text, lent for as long as the arena is.
    #[inline]
    pub fn into_bump_str(self) -> &'bump str {
        // SAFETY: the bytes must be UTF-8; a string's are.
        unsafe { core::str::from_utf8_unchecked(self.vec.into_bump_slice()) }
    }

    /// The text.
    #[inline]
    pub fn as_str(&self) -> &str {
        // SAFETY: the bytes must be UTF-8; a string's are.
        unsafe { core::str::from_utf8_unchecked(&self.vec) }
    }

    /// The text, exclusively.
    #[inline]
    pub fn as_mut_str(&mut self) -> &mut str {
        // SAFETY: the bytes must be UTF-8; a string's are, and `str` keeps them so.
        unsafe { core::str::from_utf8_unchecked_mut(&mut self.vec) }
    }

    /// Appends `string`.
    ///
    /// # Panics
    ///
    /// If memory or the limit is exhausted.
    #[inline]
    pub fn push_str(&mut self, string: &str) {
        self.vec.extend_from_slice_copy(string.as_bytes());
    }

    /// For how many bytes there is room.
    #[inline]
    pub fn capacity(&self) -> usize {
        self.vec.capacity()
    }

    /// Makes room for `additional` more bytes, and more to make the next time rarer.
    ///
    /// # Panics
    ///
    /// If memory or the limit is exhausted, or if the capacity would overflow.
    #[inline]
    pub fn reserve(&mut self, additional: usize) {
        self.vec.reserve(additional);
    }

    /// Makes room for exactly `additional` more bytes.
    ///
    /// # Panics
    ///
    /// If memory or the limit is exhausted, or if the capacity would overflow.
    #[inline]
    pub fn reserve_exact(&mut self, additional: usize) {
        self.vec.reserve_exact(additional);
    }

    /// Lowers the capacity to the length. The room is free again if it was the arena's newest.
    #[inline]
    pub fn shrink_to_fit(&mut self) {
        self.vec.shrink_to_fit();
    }

    /// Appends a character.
    ///
    /// # Panics
    ///
    /// If memory or the limit is exhausted.
    #[inline]
    pub fn push(&mut self, ch: char) {
        match u8::try_from(ch) {
            Ok(byte) if byte.is_ascii() => self.vec.push(byte),
            _ => self.push_str(ch.encode_utf8(&mut [0; 4])),
        }
    }

    /// The bytes.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.vec
    }

    /// Forgets all but the first `new_len` bytes.
    ///
    /// # Panics
    ///
    /// If that is inside a character.
    pub fn truncate(&mut self, new_len: usize) {
        if new_len <= self.len() {
            assert!(self.is_char_boundary(new_len), "{new_len} is inside a character");
            self.vec.truncate(new_len);
        }
    }

    /// Takes the last character off.
    pub fn pop(&mut self) -> Option<char> {
        let last = self.chars().next_back()?;
        self.vec.truncate(self.len() - last.len_utf8());
        Some(last)
    }

    /// Takes the character at byte `idx` out.
    ///
    /// # Panics
    ///
    /// If there is none, or `idx` is inside a character.
    pub fn remove(&mut self, idx: usize) -> char {
        let Some(character) = self[idx..].chars().next() else {
            panic!("{idx} is the end of the text");
        };
        self.vec.drain(idx..idx + character.len_utf8());
        character
    }

    /// Takes the characters out for which `f` answers `false`. If `f` panics, the ones not asked about are lost.
    ///
    /// # Panics
    ///
    /// With `f`.
    pub fn retain<F>(&mut self, mut f: F)
    where
        F: FnMut(char) -> bool,
    {
        // Whole characters move down, each before `f` is asked about the next; what is kept is always UTF-8.
        let empty = Vec::new_in(self.bump());
        let mut bytes = core::mem::replace(&mut self.vec, empty);
        let len = bytes.len();
        // SAFETY: the first bytes must be initialised; there are none.
        unsafe { bytes.set_len(0) };
        let mut rest = Retained { text: self, bytes };
        let mut next = 0;
        while next < len {
            let character = rest.character(next, len);
            let keeps = f(character);
            let character_len = character.len_utf8();
            if keeps {
                rest.keep(next, character_len);
            }
            next += character_len;
        }
    }

    /// Puts a character before byte `idx`, or at the end.
    ///
    /// # Panics
    ///
    /// If `idx` is not between two characters, or if memory or the limit is exhausted.
    #[inline]
    pub fn insert(&mut self, idx: usize, ch: char) {
        self.insert_str(idx, ch.encode_utf8(&mut [0; 4]));
    }

    /// Puts `string` before byte `idx`, or at the end.
    ///
    /// # Panics
    ///
    /// If `idx` is not between two characters, or if memory or the limit is exhausted.
    pub fn insert_str(&mut self, idx: usize, string: &str) {
        assert!(self.is_char_boundary(idx), "{idx} is not between two characters");
        self.put(idx, idx, string);
    }

    /// The bytes, to be changed.
    ///
    /// # Safety
    ///
    /// They are UTF-8 again when the borrow ends.
    #[inline]
    pub unsafe fn as_mut_vec(&mut self) -> &mut Vec<'bump, u8> {
        &mut self.vec
    }

    /// How many bytes there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.vec.len()
    }

    /// Whether there is none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.vec.is_empty()
    }

    /// Takes the text from byte `at` on into a string of its own in the same arena.
    ///
    /// # Panics
    ///
    /// If `at` is not between two characters, or if memory or the limit is exhausted.
    pub fn split_off(&mut self, at: usize) -> Self {
        assert!(self.is_char_boundary(at), "{at} is not between two characters");
        Self { vec: self.vec.split_off(at) }
    }

    /// Forgets all text and keeps the room.
    #[inline]
    pub fn clear(&mut self) {
        self.vec.clear();
    }

    /// An iterator that takes the characters of `range` out. They are gone when it is dropped, however many it yielded.
    ///
    /// # Panics
    ///
    /// If the range is not within the text, or not between characters.
    pub fn drain<'a, R>(&'a mut self, range: R) -> Drain<'a, 'bump>
    where
        R: RangeBounds<usize>,
    {
        let (start, end) = self.characters_within(&range);
        Drain::new(self, start, end)
    }

    /// Puts `replace_with` in the place of the text of `range`.
    ///
    /// # Panics
    ///
    /// If the range is not within the text, or not between characters, or if memory or the limit is exhausted.
    pub fn replace_range<R>(&mut self, range: R, replace_with: &str)
    where
        R: RangeBounds<usize>,
    {
        let (start, end) = self.characters_within(&range);
        self.put(start, end, replace_with);
    }

    /// Puts `text` in the place of the bytes from `start` to `end`, both within the text and between characters.
    fn put(&mut self, start: usize, end: usize, text: &str) {
        let (added, rest) = (text.len(), self.len() - end);
        // Room first: if there is none, the text is as it was.
        self.vec.reserve(added.saturating_sub(end - start));
        let begin = self.vec.as_mut_ptr();
        // SAFETY: the offset must stay inside the buffer or at its end; `end` is within the text.
        let from = unsafe { begin.add(end) };
        // SAFETY: the offset must stay inside the buffer or at its end; there is room for the new text and the rest.
        let to = unsafe { begin.add(start + added) };
        // SAFETY: both ranges must be valid for the rest; it is part of the text, and there is room for it. They may overlap.
        unsafe { ptr::copy(from, to, rest) };
        // SAFETY: the offset must stay inside the buffer or at its end; `start` is within the text.
        let at = unsafe { begin.add(start) };
        // SAFETY: both ranges must be valid for the new text and not overlap; it is none of this string, which is exclusively borrowed.
        unsafe { ptr::copy_nonoverlapping(text.as_ptr(), at, added) };
        // SAFETY: so many bytes must be initialised, and UTF-8: what was before, the new text and the rest, cut between characters.
        unsafe { self.vec.set_len(start + added + rest) };
    }

    /// The range as two indexes, checked.
    fn characters_within(&self, range: &impl RangeBounds<usize>) -> (usize, usize) {
        let (start, end) = super::vec::within(range, self.len());
        for index in [start, end] {
            assert!(self.is_char_boundary(index), "{index} is not between two characters");
        }
        (start, end)
    }
}

/// Text in the course of [`String::retain`]: the bytes that are kept, in front of those not asked about. Becomes the text when
/// dropped, also when unwinding.
struct Retained<'t, 'bump> {
    text: &'t mut String<'bump>,
    bytes: Vec<'bump, u8>,
}

impl Retained<'_, '_> {
    /// The character at byte `next` of a text that had `len` bytes.
    fn character(&self, next: usize, len: usize) -> char {
        // SAFETY: the offset must stay inside the buffer; `next` is below the old length.
        let at = unsafe { self.bytes.as_ptr().add(next) };
        // SAFETY: the bytes must be initialised and not change while lent; kept bytes were moved to below `next` only.
        let rest = unsafe { core::slice::from_raw_parts(at, len - next) };
        // SAFETY: the bytes must be UTF-8; they are the end of a text, from between two characters on.
        let rest = unsafe { core::str::from_utf8_unchecked(rest) };
        rest.chars().next().unwrap_or(REPLACEMENT_CHARACTER)
    }

    /// Keeps the character of `character_len` bytes at byte `next`.
    fn keep(&mut self, next: usize, character_len: usize) {
        let kept = self.bytes.len();
        let begin = self.bytes.as_mut_ptr();
        // SAFETY: the offset must stay inside the buffer; `next` is below the old length.
        let from = unsafe { begin.add(next) };
        // SAFETY: the offset must stay inside the buffer; what is kept is not more than what was asked about.
        let to = unsafe { begin.add(kept) };
        // SAFETY: both ranges must be valid for these bytes; both are below the old length. They may overlap.
        unsafe { ptr::copy(from, to, character_len) };
        // SAFETY: the bytes must be initialised; one more character was written behind those kept.
        unsafe { self.bytes.set_len(kept + character_len) };
    }
}

impl Drop for Retained<'_, '_> {
    fn drop(&mut self) {
        core::mem::swap(&mut self.text.vec, &mut self.bytes);
    }
}
