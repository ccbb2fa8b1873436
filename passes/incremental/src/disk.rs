//! Files of the file system.

use crate::files::{Content, FileSystem, Stamp};
use passes::files::{FILE_LEN_MAX, FileError};
use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// Changes within this time before a stamp was taken may not show in a later stamp: clocks of file systems tick.
const TICK: Duration = Duration::from_millis(50);

/// The file system.
#[derive(Clone, Copy, Default, Debug)]
pub struct Disk;

impl FileSystem for Disk {
    fn read(&self, path: &[u8]) -> (Content, Option<Stamp>) {
        let path = native(path);
        let now = SystemTime::now();
        let facts = match fs::metadata(path) {
            Ok(facts) => facts,
            Err(error) => return (Content::Refused(reason(&error)), None),
        };
        let refused = |error| (Content::Refused(error), Some(stamp(&facts)));
        if facts.is_dir() {
            return refused(FileError::Directory);
        }
        if facts.len() > FILE_LEN_MAX {
            return refused(FileError::TooLong);
        }
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) => return refused(reason(&error)),
        };
        let identity = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let identity = identity.as_os_str().as_bytes().into();
        // A file that changed just now may change once more and keep its stamp; then only its content tells.
        let settled = facts.modified().is_ok_and(|at| at + TICK < now);
        (Content::Text { text: text.into(), identity }, settled.then(|| stamp(&facts)))
    }

    fn stamp(&self, path: &[u8]) -> Option<Stamp> {
        fs::metadata(native(path)).ok().map(|facts| stamp(&facts))
    }

    fn has_stamps(&self) -> bool {
        true
    }

    fn is_system(&self, path: &[u8]) -> bool {
        path.starts_with(b"/usr/")
    }
}

fn native(path: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(path))
}

fn reason(error: &std::io::Error) -> FileError {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => FileError::Missing,
        _ => FileError::Unreadable,
    }
}

fn stamp(facts: &Metadata) -> Stamp {
    let nanoseconds = |seconds: i64, rest: i64| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
    Stamp {
        changed: [
            nanoseconds(facts.mtime(), facts.mtime_nsec()),
            nanoseconds(facts.ctime(), facts.ctime_nsec()),
        ],
        len: facts.len(),
        number: facts.ino(),
    }
}
