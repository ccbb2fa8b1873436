//! The database: salsa's storage, the files that were asked for, warm memory, the log of executions.

use crate::files::{Content, FileSystem, Stamp};
use crate::inputs::{SourceFile, Unit};
use crate::queries::{HandOver, TREES_MAX};
use crate::recomputed::{EventLog, Recomputed};
use crate::warm::WarmPool;
use passes::files::FileError;
use passes::options::Options;
use passes::own_headers;
use rustc_hash::FxHashMap;
use salsa::{Database as _, Durability, Setter, Storage};
use std::sync::{Arc, Mutex, PoisonError};

/// What queries need.
#[salsa::db]
pub trait Db: salsa::Database {
    /// The input for `path`; read now, if nobody asked before.
    fn file(&self, path: &[u8]) -> SourceFile;

    /// What is at `path` as this revision has it, without a note that the calling query depends on it.
    fn content_untracked(&self, path: &[u8]) -> Content;

    /// Memory to work in.
    fn warm(&self) -> &WarmPool;

    /// Trees on their way from `checked` to `tree`.
    fn trees(&self) -> &HandOver;
}

struct Known {
    input: SourceFile,
    content: Content,
    stamp: Option<Stamp>,
}

struct Shared {
    system: Box<dyn FileSystem>,
    files: Mutex<FxHashMap<Arc<[u8]>, Known>>,
    warm: WarmPool,
    trees: HandOver,
    log: EventLog,
}

/// The incremental frontend. A clone is another thread's handle to the same results; changes wait until all clones are gone, and
/// make their queries end with [`salsa::Cancelled`].
#[salsa::db]
#[derive(Clone)]
pub struct Database {
    storage: Storage<Self>,
    shared: Arc<Shared>,
}

#[salsa::db]
impl salsa::Database for Database {}

#[salsa::db]
impl Db for Database {
    fn file(&self, path: &[u8]) -> SourceFile {
        let mut files = self.shared.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = files.get(path) {
            return known.input;
        }
        let path: Arc<[u8]> = path.into();
        let (content, stamp, durability) = if own_headers::is_own(&path) {
            (own_header(&path), None, Durability::NEVER_CHANGE)
        } else {
            let (content, stamp) = self.shared.system.read(&path);
            let is_system = self.shared.system.is_system(&path);
            (content, stamp, if is_system { Durability::HIGH } else { Durability::LOW })
        };
        let input =
            SourceFile::builder(path.clone(), content.clone()).content_durability(durability).new(self);
        files.insert(path, Known { input, content, stamp });
        input
    }

    fn content_untracked(&self, path: &[u8]) -> Content {
        self.file(path);
        let files = self.shared.files.lock().unwrap_or_else(PoisonError::into_inner);
        files[path].content.clone()
    }

    fn warm(&self) -> &WarmPool {
        &self.shared.warm
    }

    fn trees(&self) -> &HandOver {
        &self.shared.trees
    }
}

fn own_header(path: &Arc<[u8]>) -> Content {
    match own_headers::text(path) {
        Some(text) => Content::Text { text: text.into(), identity: path.clone() },
        None => Content::Refused(FileError::Missing),
    }
}

impl Database {
    /// An empty database over `system`.
    pub fn over(system: impl FileSystem + 'static) -> Self {
        let shared = Arc::new(Shared {
            system: Box::new(system),
            files: Mutex::default(),
            warm: WarmPool::default(),
            trees: HandOver::new(TREES_MAX),
            log: EventLog::default(),
        });
        let log = shared.clone();
        Self { storage: Storage::new(Some(Box::new(move |event| log.log.note(&event)))), shared }
    }

    /// Reads the file at `path` now, so that [`refresh`](Self::refresh) looks at it from now on.
    pub fn watch(&self, path: &[u8]) {
        self.file(path);
    }

    /// The unit that starts with the file at `path` and is read with `options`.
    pub fn unit(&self, path: &[u8], options: &Options) -> Unit {
        Unit::new(self, path.into(), Arc::new(options.clone()))
    }

    /// Compares every file that was asked for with what is there now, and takes over what changed. Answers the paths of those, sorted.
    ///
    /// Costs a look at the stamp of each file, and a read of those whose stamp changed. If anything changed, running queries of clones
    /// are cancelled and waited for.
    pub fn refresh(&mut self) -> Vec<Arc<[u8]>> {
        let changed = self.changes();
        if changed.is_empty() {
            return Vec::new();
        }
        // From here on nobody else reads the table: this handle is the only one.
        self.trigger_cancellation();
        let mut paths = Vec::with_capacity(changed.len());
        for (path, content, stamp) in changed {
            let input = {
                let mut files = self.shared.files.lock().unwrap_or_else(PoisonError::into_inner);
                let Some(known) = files.get_mut(&path) else { continue };
                known.stamp = stamp;
                if content == known.content {
                    continue;
                }
                known.content = content.clone();
                known.input
            };
            input.set_content(self).to(content);
            paths.push(path);
        }
        paths.sort();
        paths
    }

    /// The files that have another content than the table. Stamps of the others are taken over.
    fn changes(&self) -> Vec<(Arc<[u8]>, Content, Option<Stamp>)> {
        let system = &self.shared.system;
        let mut files = self.shared.files.lock().unwrap_or_else(PoisonError::into_inner);
        let mut changed = Vec::new();
        for (path, known) in files.iter_mut().filter(|(path, _)| !own_headers::is_own(path)) {
            let stamp = system.stamp(path);
            if stamp.is_some() && stamp == known.stamp {
                continue;
            }
            let is_missing = matches!(known.content, Content::Refused(FileError::Missing));
            if is_missing && stamp.is_none() && system.has_stamps() {
                continue;
            }
            let (content, stamp) = system.read(path);
            if content == known.content {
                known.stamp = stamp;
            } else {
                changed.push((path.clone(), content, stamp));
            }
        }
        changed
    }

    /// The paths that were asked for, whether there is something or not.
    pub fn paths(&self) -> Vec<Arc<[u8]>> {
        let files = self.shared.files.lock().unwrap_or_else(PoisonError::into_inner);
        let mut paths: Vec<_> = files.keys().filter(|path| !own_headers::is_own(path)).cloned().collect();
        paths.sort();
        paths
    }

    /// What was executed since this was last asked.
    pub fn take_recomputed(&self) -> Recomputed {
        self.shared.log.take(self)
    }
}
