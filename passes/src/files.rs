//! The files of a session: read and lexed once, by whichever worker asks first.
//!
//! A path is interned (with a mark in front, so that it meets no identifier), and the note beside its symbol is the state
//! of the file: unknown, being loaded, missing, or a number in the file table. A look-up of a known path is
//! lock-free; a worker that meets a path being loaded waits for the other.

#[cfg(unix)]
pub mod mapped;

use crate::ids::Symbol;
use crate::intern::Interner;
use crate::lex::translate::translate;
use crate::lex::{Home, LexMode, LexedFile, lex};
use crate::memory::shared_table::SharedTable;
use crate::memory::{GrowVec, Memory, Region, Scratch};
use crate::meter::{self, Meter, Running};
use crate::own_headers;
use crate::sealed::SealedFile;
use crate::session::SharedMemory;
use crate::source::{FileId, Pos, SENTINEL_LEN, SourceText};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// Positions from here on belong to the unit: its main file and its texts.
pub const UNIT_POS_BASE: u32 = 1 << 31;
/// The longest file that is read, in bytes.
pub const FILE_LEN_MAX: u64 = 256 << 20;

const UNKNOWN: u32 = 0;
const LOADING: u32 = 1;
const MISSING: u32 = 2;
const UNREADABLE: u32 = 3;
const TOO_LONG: u32 = 4;
const FIRST_FILE: u32 = 5;

/// Where files come from.
#[derive(Debug, Default)]
pub enum Provider {
    /// The file system.
    #[default]
    Disk,
    /// The same; a long main file is mapped as long as its unit is read.
    #[cfg(unix)]
    Mapped(mapped::Unchanging),
    /// These texts and nothing else: tests and fuzzing.
    Texts(Vec<(String, Vec<u8>)>),
}

/// A file that was opened and not read yet.
pub enum Opened<'a> {
    /// On disk.
    Disk(File, u64),
    /// A pipe, a device or a file that the system makes up: its length is not known before its end.
    Stream(File),
    /// In memory.
    Text(&'a [u8]),
}

/// Why there is no text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FileError {
    /// Nothing of that name.
    Missing,
    /// A directory; in a search for headers the same as nothing.
    Directory,
    /// It exists and cannot be read.
    Unreadable,
    /// It is longer than [`FILE_LEN_MAX`], or the session's source space is used up.
    TooLong,
}

impl Provider {
    /// Opens `path`.
    ///
    /// # Errors
    /// There is nothing of that name, it is a directory, or it may not be read.
    pub fn open(&self, path: &[u8]) -> Result<Opened<'_>, FileError> {
        if own_headers::is_own(path) {
            return own_headers::text(path).map(Opened::Text).ok_or(FileError::Missing);
        }
        match self {
            Provider::Texts(texts) => texts
                .iter()
                .find(|(name, _)| name.as_bytes() == path)
                .map(|(_, text)| Opened::Text(text))
                .ok_or(FileError::Missing),
            _ => {
                let path = native_path(path).ok_or(FileError::Missing)?;
                let not_found = |error: std::io::Error| match error.kind() {
                    std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => FileError::Missing,
                    _ => FileError::Unreadable,
                };
                let file = File::open(path).map_err(not_found)?;
                let facts = file.metadata().map_err(not_found)?;
                if facts.is_dir() {
                    return Err(FileError::Directory);
                }
                // What is not a file on a disk has no length before it was read.
                Ok(if facts.len() > 0 { Opened::Disk(file, facts.len()) } else { Opened::Stream(file) })
            }
        }
    }
}

/// The text of a main file, as far as it could be had without memory of the unit's.
pub(crate) enum MainText<'a> {
    /// Mapped.
    #[cfg(unix)]
    Mapped(mapped::MappedText),
    /// To be read.
    Opened(Opened<'a>),
}

impl Provider {
    /// Opens the main file at `path`.
    ///
    /// # Errors
    /// As of [`Provider::open`].
    pub(crate) fn open_main(&self, path: &[u8]) -> Result<MainText<'_>, FileError> {
        let opened = self.open(path)?;
        #[cfg(unix)]
        if let (Provider::Mapped(promise), Opened::Disk(file, len)) = (self, &opened)
            && *len <= FILE_LEN_MAX
            && let Some(mapped) = promise.map(file, *len)
        {
            return Ok(MainText::Mapped(mapped));
        }
        Ok(MainText::Opened(opened))
    }
}

impl Provider {
    /// How many bytes the file at `path` has, which is not opened; 0 for what is no file on a disk, for its length is not known.
    pub(crate) fn len_of(&self, path: &[u8]) -> u64 {
        match self {
            Provider::Texts(texts) => {
                let text = texts.iter().find(|(name, _)| name.as_bytes() == path);
                text.map_or(0, |(_, text)| text.len() as u64)
            }
            _ => {
                let facts = native_path(path).and_then(|path| std::fs::metadata(path).ok());
                facts.filter(|facts| facts.is_file()).map_or(0, |facts| facts.len())
            }
        }
    }
}

/// A path whose bytes came from a source text.
#[cfg(unix)]
fn native_path(path: &[u8]) -> Option<&Path> {
    use std::os::unix::ffi::OsStrExt;
    Some(Path::new(std::ffi::OsStr::from_bytes(path)))
}

/// Elsewhere paths are text.
#[cfg(not(unix))]
fn native_path(path: &[u8]) -> Option<&Path> {
    std::str::from_utf8(path).ok().map(Path::new)
}

/// What tells the file from every other, whatever path led to it: its numbers on the disk.
#[cfg(unix)]
fn identity(opened: &Opened<'_>) -> Option<[u8; 16]> {
    use std::os::unix::fs::MetadataExt;
    let (Opened::Disk(file, _) | Opened::Stream(file)) = opened else { return None };
    let facts = file.metadata().ok()?;
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&facts.dev().to_ne_bytes());
    bytes[8..].copy_from_slice(&facts.ino().to_ne_bytes());
    Some(bytes)
}

/// Elsewhere two paths are two files.
#[cfg(not(unix))]
fn identity(_opened: &Opened<'_>) -> Option<[u8; 16]> {
    None
}

/// Reads `opened` into `region`, with the sentinel.
///
/// # Errors
/// It cannot be read, or is longer than [`FILE_LEN_MAX`].
pub fn read_text<'r>(opened: &Opened<'_>, region: &impl Region<'r>) -> Result<&'r [u8], FileError> {
    let sentinel = |text: &mut [u8], len: usize| {
        text[len] = b'\n';
        text[len + 1..].fill(0);
    };
    match opened {
        Opened::Text(bytes) => {
            if bytes.len() as u64 > FILE_LEN_MAX {
                return Err(FileError::TooLong);
            }
            let text = region.slice_fill(bytes.len() + SENTINEL_LEN, 0);
            text[..bytes.len()].copy_from_slice(bytes);
            sentinel(text, bytes.len());
            Ok(text)
        }
        Opened::Stream(file) => {
            let mut bytes = Vec::new();
            let read = file.take(FILE_LEN_MAX + 1).read_to_end(&mut bytes);
            read.map_err(|_| FileError::Unreadable)?;
            read_text(&Opened::Text(&bytes), region)
        }
        Opened::Disk(file, len) => {
            let (mut file, len) = (file, *len);
            if len > FILE_LEN_MAX {
                return Err(FileError::TooLong);
            }
            let text = region.slice_fill(len as usize + SENTINEL_LEN, 0u8);
            let mut have = 0;
            while have < len as usize {
                match file.read(&mut text[have..len as usize]) {
                    Ok(0) => break,
                    Ok(count) => have += count,
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                    Err(_) => return Err(FileError::Unreadable),
                }
            }
            let text = &mut text[..have + SENTINEL_LEN];
            sentinel(text, have);
            Ok(text)
        }
    }
}

/// Files that were read and lexed before a session, and outlive it: what a compiler that stays between edits keeps.
pub trait LexedFiles {
    /// The file at `path`, lexed with `mode`.
    ///
    /// # Errors
    /// There is nothing of that name, it is a directory, or it may not be read.
    fn open(&self, path: &[u8], mode: LexMode) -> Result<LentFile, FileError>;
}

/// A file that somebody else lexed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LentFile {
    /// Its tokens.
    pub file: SealedFile,
    /// The same for every path that leads to the file, and for no other's.
    pub identity: Arc<[u8]>,
}

/// The files of a session.
pub struct FileTable<'p> {
    provider: Provider,
    meter: Arc<dyn Meter>,
    files: SharedTable<'p, LexedFile<'p>>,
    next_base: AtomicU32,
    loaded: Mutex<()>,
    wake: Condvar,
    /// Instructions of reporting: bytes of text read and tokens kept.
    pub text_bytes: AtomicU64,
    /// Tokens in the table.
    pub tokens: AtomicU64,
}

/// A session's interner and memory as the home of a file's tokens.
pub(crate) struct SharedHome<'h, 'p, R> {
    pub(crate) interner: &'h Interner<'p>,
    pub(crate) region: &'h R,
}

impl<'p, R: Region<'p>> Region<'p> for SharedHome<'_, 'p, R> {
    fn slice_fill<T: Copy>(&self, len: usize, value: T) -> &'p mut [T] {
        self.region.slice_fill(len, value)
    }
    fn slice_copy<T: Copy>(&self, items: &[T]) -> &'p mut [T] {
        self.region.slice_copy(items)
    }
    fn slice_with<T>(&self, len: usize, make: impl FnMut(usize) -> T) -> &'p mut [T] {
        self.region.slice_with(len, make)
    }
}

impl<'p, R: Region<'p>> Home<'p> for SharedHome<'_, 'p, R> {
    #[inline]
    fn identifier(&self, text: &[u8]) -> Symbol {
        self.interner.intern(self.region, text)
    }
    #[inline]
    fn literal(&self, text: &'p [u8]) -> Symbol {
        self.interner.intern_lasting(self.region, text)
    }
}

impl<'p> FileTable<'p> {
    /// An empty table; `meter` is told of every file that is read and lexed.
    pub fn new(provider: Provider, meter: Arc<dyn Meter>) -> Self {
        Self {
            provider,
            meter,
            files: SharedTable::new(),
            next_base: AtomicU32::new(1),
            loaded: Mutex::new(()),
            wake: Condvar::new(),
            text_bytes: AtomicU64::new(0),
            tokens: AtomicU64::new(0),
        }
    }

    /// Where the files come from.
    pub fn provider(&self) -> &Provider {
        &self.provider
    }

    /// The file with number `id`.
    pub fn file(&self, id: FileId) -> &'p LexedFile<'p> {
        self.files.get(id.0)
    }

    /// How many files were loaded.
    pub fn len(&self) -> u32 {
        self.files.len()
    }

    /// Whether none was.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The file that `pos` lies in. Walks the table: for diagnostics.
    pub fn containing(&self, pos: Pos) -> Option<&'p LexedFile<'p>> {
        (0..self.files.len()).map(|id| self.files.get(id)).find(|file| file.source.contains(pos))
    }

    /// A path that led to the file that `pos` lies in, as it was opened. Walks the interner: for diagnostics.
    pub fn path_of(&self, interner: &Interner<'p>, pos: Pos) -> Option<&'p [u8]> {
        let id = (0..self.files.len()).find(|&id| self.files.get(id).source.contains(pos))?;
        let mut symbols = (0..interner.len()).map(Symbol);
        let symbol = symbols.find(|&symbol| {
            let is_path = interner.text(symbol).first() == Some(&1);
            is_path && interner.note(symbol).load(Ordering::Acquire) == FIRST_FILE + id
        })?;
        interner.text(symbol).get(2..)
    }

    /// A path that led to each file, in the files' order, as it was opened; nothing for a text that is no file. Walks the interner once.
    pub fn paths(&self, interner: &Interner<'p>) -> Vec<Option<&'p [u8]>> {
        let mut paths = vec![None; self.files.len() as usize];
        for symbol in (0..interner.len()).map(Symbol) {
            let [1, _, path @ ..] = interner.text(symbol) else { continue };
            let note = interner.note(symbol).load(Ordering::Acquire);
            if let Some(slot) = note.checked_sub(FIRST_FILE).and_then(|id| paths.get_mut(id as usize)) {
                slot.get_or_insert(path);
            }
        }
        paths
    }

    /// The file at `path`, read and lexed if nobody did yet. `scratch` is for the name only.
    pub(crate) fn load<'s, M: Memory>(
        &self,
        interner: &Interner<'p>,
        path: &[u8],
        mode: LexMode,
        shared: &mut SharedMemory<'_, 'p, M>,
        scratch: &impl Region<'s>,
    ) -> Result<FileId, FileError> {
        let out = shared.out;
        let key = key(interner, &[1, mode.bits()], path, out, scratch);
        self.once(interner, key, || {
            let _running = Running::enter(&*self.meter, meter::LEX);
            let missing = |error| if error == FileError::Directory { FileError::Missing } else { error };
            if let Some(lexed) = shared.lexed {
                let lent = lexed.open(path, mode).map_err(missing)?;
                let key = self::key(interner, &[2, mode.bits()], &lent.identity, out, scratch);
                return self.once(interner, key, || self.take_copy(interner, &lent.file, shared));
            }
            let opened = self.provider.open(path).map_err(missing)?;
            let identity = identity(&opened);
            let mut lex = || self.lex_text(interner, read_text(&opened, out)?, mode, shared);
            match identity {
                Some(identity) => {
                    self.once(interner, self::key(interner, &[2, mode.bits()], &identity, out, scratch), lex)
                }
                None => lex(),
            }
        })
    }

    /// The file whose text is `text`: predefined macros, command lines. `scratch` is for its key only.
    pub(crate) fn of_text<'s, M: Memory>(
        &self,
        interner: &Interner<'p>,
        text: &[u8],
        mode: LexMode,
        shared: &mut SharedMemory<'_, 'p, M>,
        scratch: &impl Region<'s>,
    ) -> Result<FileId, FileError> {
        let key = key(interner, &[3, mode.bits()], text, shared.out, scratch);
        self.once(interner, key, || {
            let _running = Running::enter(&*self.meter, meter::LEX);
            self.lex_text(interner, read_text(&Opened::Text(text), shared.out)?, mode, shared)
        })
    }

    fn once(
        &self,
        interner: &Interner<'p>,
        key: Symbol,
        load: impl FnOnce() -> Result<FileId, FileError>,
    ) -> Result<FileId, FileError> {
        let note = interner.note(key);
        loop {
            match note.load(Ordering::Acquire) {
                UNKNOWN => {
                    if note.compare_exchange(UNKNOWN, LOADING, Ordering::Acquire, Ordering::Acquire).is_ok() {
                        // If `load` panics, whoever waits must be woken, too.
                        let claim = Claim { table: self, note, outcome: UNREADABLE };
                        return claim.settle(load());
                    }
                }
                LOADING => {
                    let mut lock = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
                    while note.load(Ordering::Acquire) == LOADING {
                        lock = self.wake.wait(lock).unwrap_or_else(PoisonError::into_inner);
                    }
                }
                MISSING => return Err(FileError::Missing),
                UNREADABLE => return Err(FileError::Unreadable),
                TOO_LONG => return Err(FileError::TooLong),
                file => return Ok(FileId(file - FIRST_FILE)),
            }
        }
    }

    fn lex_text<M: Memory>(
        &self,
        interner: &Interner<'p>,
        bytes: &'p [u8],
        mode: LexMode,
        shared: &mut SharedMemory<'_, 'p, M>,
    ) -> Result<FileId, FileError> {
        let region = shared.out;
        let (bytes, original) = translate(bytes, mode, region);
        let base = self.claim(bytes.len())?;
        let home = SharedHome { interner, region };
        let source = SourceText::new(bytes, original, base);
        let file = shared.scratch.scope(|scratch| lex(source, mode, &home, scratch));
        self.add(region, file)
    }

    /// A copy of `file` becomes one of the session's.
    fn take_copy<M: Memory>(
        &self,
        interner: &Interner<'p>,
        file: &SealedFile,
        shared: &mut SharedMemory<'_, 'p, M>,
    ) -> Result<FileId, FileError> {
        let region = shared.out;
        let base = self.claim(file.source().padded().len())?;
        let file = shared.scratch.scope(|scratch| file.copied(region, base, interner, region, scratch));
        self.add(region, file)
    }

    /// Room for a text of `len` bytes with its sentinel in the source space.
    fn claim(&self, len: usize) -> Result<Pos, FileError> {
        let room = u32::try_from(len).map_err(|_| FileError::TooLong)?;
        let claimed = self.next_base.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |base| {
            base.checked_add(room).filter(|&end| end < UNIT_POS_BASE)
        });
        claimed.map(Pos).map_err(|_| FileError::TooLong)
    }

    fn add(&self, region: &impl Region<'p>, file: LexedFile<'p>) -> Result<FileId, FileError> {
        self.text_bytes.fetch_add(file.source.padded().len() as u64, Ordering::Relaxed);
        self.tokens.fetch_add(file.tokens.len() as u64, Ordering::Relaxed);
        self.files.lock().push(region, file).map(FileId).ok_or(FileError::TooLong)
    }
}

/// The symbol that stands for `text` under `mark`: no identifier starts with one.
fn key<'p, 's>(
    interner: &Interner<'p>,
    mark: &[u8],
    text: &[u8],
    region: &impl Region<'p>,
    scratch: &impl Region<'s>,
) -> Symbol {
    let mut key = GrowVec::new();
    key.extend_copy(scratch, mark);
    key.extend_copy(scratch, text);
    interner.intern(region, key.as_slice())
}

struct Claim<'c, 'p> {
    table: &'c FileTable<'p>,
    note: &'c AtomicU32,
    outcome: u32,
}

impl Claim<'_, '_> {
    fn settle(mut self, result: Result<FileId, FileError>) -> Result<FileId, FileError> {
        self.outcome = match result {
            Ok(id) => FIRST_FILE + id.0,
            Err(FileError::Missing) => MISSING,
            Err(FileError::Directory | FileError::Unreadable) => UNREADABLE,
            Err(FileError::TooLong) => TOO_LONG,
        };
        result
    }
}

impl Drop for Claim<'_, '_> {
    fn drop(&mut self) {
        let _lock = self.table.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        self.note.store(self.outcome, Ordering::Release);
        self.table.wake.notify_all();
    }
}
