//! Where texts come from, and the input that stands for each.

use passes::files::FileError;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What is at a path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Content {
    /// A text.
    Text {
        /// Its bytes.
        text: Arc<[u8]>,
        /// The same for all paths that lead to this file.
        identity: Arc<[u8]>,
    },
    /// No text.
    Refused(FileError),
}

/// What can be asked without reading a file; the same stamp means the same content, as far as the system tells.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Stamp {
    /// Nanoseconds since 1970 of the last change of content, and of anything.
    pub changed: [i128; 2],
    /// Bytes.
    pub len: u64,
    /// The file's number on its disk.
    pub number: u64,
}

/// Where files are.
pub trait FileSystem: Send + Sync {
    /// What is at `path` now, and its stamp, taken before it was read.
    fn read(&self, path: &[u8]) -> (Content, Option<Stamp>);

    /// The stamp of what is at `path`; none if there is nothing.
    fn stamp(&self, path: &[u8]) -> Option<Stamp>;

    /// Whether files have stamps; else contents are compared.
    fn has_stamps(&self) -> bool;

    /// Whether files below `path` hardly ever change.
    fn is_system(&self, path: &[u8]) -> bool {
        let _ = path;
        false
    }
}

/// Texts in memory, for tests and editors: a handle to a set that its clones share.
#[derive(Clone, Default, Debug)]
pub struct Texts(Arc<Mutex<BTreeMap<String, Arc<[u8]>>>>);

impl Texts {
    /// Files with these paths and texts.
    pub fn new<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let texts = Self::default();
        for (path, text) in files {
            texts.set(path, text);
        }
        texts
    }

    /// The file at `path` has `text` from now on. Databases see it when they are [refreshed](crate::Database::refresh).
    pub fn set(&self, path: &str, text: impl AsRef<[u8]>) {
        self.lock().insert(path.to_owned(), text.as_ref().into());
    }

    /// There is nothing at `path` from now on.
    pub fn remove(&self, path: &str) {
        self.lock().remove(path);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Arc<[u8]>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FileSystem for Texts {
    fn read(&self, path: &[u8]) -> (Content, Option<Stamp>) {
        let texts = self.lock();
        let text = std::str::from_utf8(path).ok().and_then(|path| texts.get(path));
        let content = match text {
            Some(text) => Content::Text { text: text.clone(), identity: path.into() },
            None => Content::Refused(FileError::Missing),
        };
        (content, None)
    }

    fn stamp(&self, _: &[u8]) -> Option<Stamp> {
        None
    }

    fn has_stamps(&self) -> bool {
        false
    }
}
