//! Why bytes are no text.

use super::super::Vec;
use core::fmt;
use core::str::Utf8Error;

/// Bytes that are not UTF-8; see [`String::from_utf8`](super::String::from_utf8).
#[derive(Debug)]
pub struct FromUtf8Error<'bump> {
    bytes: Vec<'bump, u8>,
    error: Utf8Error,
}

impl<'bump> FromUtf8Error<'bump> {
    pub(super) fn new(bytes: Vec<'bump, u8>, error: Utf8Error) -> Self {
        Self { bytes, error }
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes, as they were given.
    pub fn into_bytes(self) -> Vec<'bump, u8> {
        self.bytes
    }

    /// Where they are not UTF-8.
    pub fn utf8_error(&self) -> Utf8Error {
        self.error
    }
}

impl fmt::Display for FromUtf8Error<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

/// A surrogate without its other half; see [`String::from_utf16_in`](super::String::from_utf16_in).
#[derive(Debug)]
pub struct FromUtf16Error(());

impl FromUtf16Error {
    pub(super) fn new() -> Self {
        Self(())
    }
}

impl fmt::Display for FromUtf16Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid utf-16: lone surrogate found")
    }
}
