//! Positions in source text: one 32-bit space over all files of a session.
//!
//! A file is given the range `[base, base + len]` when it is loaded, so a [`Pos`] alone says file, line and column;
//! finding them is cold work for diagnostics and markers only.

use crate::lex::translate::original_column;
use crate::memory::Region;

/// A position in the source space of a session; 0 is nowhere.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Hash)]
pub struct Pos(pub u32);

/// A range of source text, end excluded.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
pub struct TextRange {
    /// The first byte.
    pub start: Pos,
    /// The byte after the last.
    pub end: Pos,
}

impl TextRange {
    /// The empty range at `pos`.
    pub fn at(pos: Pos) -> Self {
        Self { start: pos, end: pos }
    }
}

/// A file of a session, in order of loading.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct FileId(pub u32);

/// How many bytes follow the text of every file: a newline and zeros, so that the lexer stops without asking for the
/// end at each byte.
pub const SENTINEL_LEN: usize = 8;

/// A file's text with its sentinel and its place in the source space.
#[derive(Clone, Copy)]
pub struct SourceText<'t> {
    bytes: &'t [u8],
    // As it was read: longer if trigraphs were replaced.
    original: &'t [u8],
    base: Pos,
}

impl<'t> SourceText<'t> {
    /// Wraps `bytes`, which must end in the sentinel: a newline and zeros. `original` is what people see: the text before trigraphs
    /// were replaced, without a sentinel.
    ///
    /// # Panics
    /// If the sentinel is missing.
    pub fn new(bytes: &'t [u8], original: &'t [u8], base: Pos) -> Self {
        let at = bytes.len().checked_sub(SENTINEL_LEN).expect("the text ends in a sentinel");
        assert_eq!(&bytes[at..], b"\n\0\0\0\0\0\0\0", "the text ends in a sentinel");
        Self { bytes, original, base }
    }

    /// The same text in memory of `'r`, at another place of a source space.
    pub fn copied<'r>(&self, region: &impl Region<'r>, base: Pos) -> SourceText<'r> {
        let bytes: &'r [u8] = region.slice_copy(self.bytes);
        let original = if self.is_as_read() {
            &bytes[..bytes.len() - SENTINEL_LEN]
        } else {
            &*region.slice_copy(self.original)
        };
        SourceText { bytes, original, base }
    }

    /// Whether `other` is the same text, also as it was read.
    pub fn is_same_text(&self, other: &SourceText<'_>) -> bool {
        self.bytes == other.bytes && self.original == other.original
    }

    /// The text with its sentinel.
    #[inline]
    pub fn padded(&self) -> &'t [u8] {
        self.bytes
    }

    /// The text.
    #[inline]
    pub fn text(&self) -> &'t [u8] {
        &self.bytes[..self.bytes.len() - SENTINEL_LEN]
    }

    /// Where the text starts in the source space.
    #[inline]
    pub fn base(&self) -> Pos {
        self.base
    }

    /// Whether `pos` is in this text or just past it.
    pub fn contains(&self, pos: Pos) -> bool {
        let len = (self.bytes.len() - SENTINEL_LEN) as u32;
        pos >= self.base && pos.0 - self.base.0 <= len
    }

    /// Offset of `pos` in the text.
    #[inline]
    pub fn offset(&self, pos: Pos) -> usize {
        pos.0.saturating_sub(self.base.0) as usize
    }

    /// The line of `pos`, from 1, counted from the start of the text.
    pub fn line(&self, pos: Pos) -> u32 {
        1 + memchr::memchr_iter(b'\n', &self.bytes[..self.offset(pos).min(self.bytes.len())]).count() as u32
    }

    /// The column of `pos`, which must be in this text, from 1, in bytes.
    pub fn column(&self, pos: Pos) -> usize {
        let at = self.offset(pos).min(self.text().len());
        let column = at - line_start(self.text(), at);
        if self.is_as_read() { column + 1 } else { original_column(self.original_line(pos), column) + 1 }
    }

    /// Line and column of `pos`, both from 1 and in bytes, and the text of that line as it was read.
    pub fn locate(&self, pos: Pos) -> (u32, u32, &'t [u8]) {
        let line = if self.is_as_read() {
            let text = self.text();
            let at = self.offset(pos).min(text.len());
            line_from(text, line_start(text, at))
        } else {
            self.original_line(pos)
        };
        (self.line(pos), self.column(pos) as u32, line.strip_suffix(b"\r").unwrap_or(line))
    }

    fn is_as_read(&self) -> bool {
        self.original.len() + SENTINEL_LEN == self.bytes.len()
    }

    fn original_line(&self, pos: Pos) -> &'t [u8] {
        let before = self.line(pos) as usize - 1;
        self.original.split(|&byte| byte == b'\n').nth(before).unwrap_or_default()
    }
}

/// Where the line of offset `at` starts.
pub(crate) fn line_start(text: &[u8], at: usize) -> usize {
    memchr::memrchr(b'\n', &text[..at]).map_or(0, |newline| newline + 1)
}

/// The line that starts at `start`.
fn line_from(text: &[u8], start: usize) -> &[u8] {
    let rest = &text[start..];
    &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())]
}

/// Counts lines of one text for positions that mostly grow, so that asking for every line of a file is linear.
#[derive(Clone, Copy, Default)]
pub struct LineCursor {
    offset: usize,
    newlines: u32,
}

impl LineCursor {
    /// The line of `pos` in `text`, from 1.
    pub fn line(&mut self, text: &SourceText<'_>, pos: Pos) -> u32 {
        let offset = text.offset(pos).min(text.padded().len());
        if offset < self.offset {
            *self = Self::default();
        }
        self.newlines += memchr::memchr_iter(b'\n', &text.padded()[self.offset..offset]).count() as u32;
        self.offset = offset;
        self.newlines + 1
    }
}
