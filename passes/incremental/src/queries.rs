//! The queries. What each depends on is what it reads through the database, and nothing else.

use crate::database::Db;
use crate::files::Content;
use crate::inputs::{Project, SourceFile, Unit};
use crate::report::{file_bytes, tree_bytes};
use crate::warm::Warm;
use compiler_alloc::arena::HeapSize;
use passes::diagnostics::Diagnostic;
use passes::files::{FileError, LentFile, LexedFiles, Provider};
use passes::lex::LexMode;
use passes::memory::Memory;
use passes::memory::arenas::ArenaMemory;
use passes::meter;
use passes::parse::tree::External;
use passes::sealed::{self, CheckedUnit, Fingerprint, Linkage, SealedFile, SealedTree, Summary};
use passes::session::{Input, Session, UnitMemory, Worker};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many trees wait for somebody who asks for them, and how many are kept that were asked for, unless [`set_trees_max`] says otherwise.
pub const TREES_MAX: usize = 64;

/// The tokens of `file` under the language's `mode`.
#[salsa::tracked(heap_size = file_bytes)]
pub fn tokens(db: &dyn Db, file: SourceFile, mode: LexMode) -> Result<LentFile, FileError> {
    lex(db, file.content(db), mode)
}

/// Lexes what is there, if it is a text.
fn lex(db: &dyn Db, content: &Content, mode: LexMode) -> Result<LentFile, FileError> {
    match content {
        Content::Text { text, identity } => {
            let lex = |warm: &mut Warm| SealedFile::lex::<ArenaMemory>(&mut warm.files, text, mode);
            Ok(LentFile { file: db.warm().with(lex)?, identity: identity.clone() })
        }
        Content::Refused(error) => Err(*error),
    }
}

/// What a file includes, whatever conditions say, and its guard.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Edges {
    /// In order.
    pub includes: Vec<Include>,
    /// The macro whose being defined makes reading the file pointless.
    pub guard: Option<Vec<u8>>,
}

/// An include directive.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Include {
    /// What it names; empty if a macro says it.
    pub name: Vec<u8>,
    /// Whether it stands in angle brackets.
    pub angled: bool,
    /// `#include_next`
    pub next: bool,
}

/// The include edges and the guard of `file`. Equal after most edits.
#[salsa::tracked]
pub fn edges(db: &dyn Db, file: SourceFile, mode: LexMode) -> Edges {
    let Ok(LentFile { file, .. }) = tokens(db, file, mode) else { return Edges::default() };
    let includes = file.includes().map(|include| Include {
        name: include.name.to_vec(),
        angled: include.angled,
        next: include.next,
    });
    Edges { includes: includes.collect(), guard: file.guard().map(<[u8]>::to_vec) }
}

/// What checking a unit found, without its tree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checked {
    /// Of the tree.
    pub fingerprint: Fingerprint,
    /// What was found.
    pub diagnostics: Arc<[Diagnostic]>,
    /// What other units see.
    pub summary: Arc<Summary>,
}

/// Checks `unit`. Its tree is handed over to [`tree`].
///
/// Ends with [`salsa::Cancelled`] within 1,024 tokens if the database is about to change.
#[salsa::tracked]
pub fn checked(db: &dyn Db, unit: Unit) -> Checked {
    let files = Tracked { db };
    let CheckedUnit { tree, diagnostics, summary, .. } = check(db, unit, &files);
    let fingerprint = tree.fingerprint();
    db.trees().put(unit, tree);
    Checked { fingerprint, diagnostics: diagnostics.as_slice().into(), summary: Arc::new(summary) }
}

/// What was found in `unit`.
#[salsa::tracked]
pub fn diagnostics(db: &dyn Db, unit: Unit) -> Arc<[Diagnostic]> {
    checked(db, unit).diagnostics.clone()
}

/// What other units see of `unit`. Equal if only bodies and places changed.
#[salsa::tracked]
pub fn summary(db: &dyn Db, unit: Unit) -> Arc<Summary> {
    checked(db, unit).summary.clone()
}

/// The fingerprint of `unit`'s tree, which stays when the tree was given back.
#[salsa::tracked(returns(copy))]
pub fn fingerprint(db: &dyn Db, unit: Unit) -> Fingerprint {
    checked(db, unit).fingerprint
}

/// The tree of `unit`. It depends on its fingerprint alone: if that is the same, so is the tree, and who read it need not read it again.
pub fn tree(db: &dyn Db, unit: Unit) -> &SealedTree {
    let tree = sealed_tree(db, unit);
    // A check that led to the same tree left its own behind.
    drop(db.trees().take(unit));
    tree
}

/// Trees of the units that were used last are kept. One that was given back is built again from the revision's texts; that these are
/// read without a note is sound, because the fingerprint, which is noted, says what comes out.
#[salsa::tracked(lru = 64, heap_size = tree_bytes)]
fn sealed_tree(db: &dyn Db, unit: Unit) -> SealedTree {
    let wanted = fingerprint(db, unit);
    if let Some(tree) = db.trees().take(unit).filter(|tree| tree.fingerprint() == wanted) {
        return tree;
    }
    let rebuilt = check(db, unit, &Untracked { db }).tree;
    assert_eq!(rebuilt.fingerprint(), wanted, "the same texts make the same tree");
    rebuilt
}

/// Lets `count` trees wait for somebody who asks for them, and keeps as many that were asked for, from the next change on; 0 is all.
pub fn set_trees_max(db: &mut dyn Db, count: usize) {
    db.trees().set_len_max(count);
    sealed_tree::set_lru_capacity(db, count);
}

/// Where each function of `unit` is: name, path and offset in the file.
#[salsa::tracked]
pub fn places(db: &dyn Db, unit: Unit) -> Vec<(String, Vec<u8>, u32)> {
    let tree = tree(db, unit).get();
    let functions = tree.externals.iter().filter_map(|external| match external {
        External::Function(function) => Some(function.declarator),
        External::Declaration(_) => None,
    });
    let place = |declarator: passes::parse::tree::InitDeclarator<'_>| {
        let (path, offset) = tree.place(declarator.pos)?;
        let name = String::from_utf8_lossy(tree.text(declarator.entity.name)).into_owned();
        Some((name, path.to_vec(), offset))
    };
    functions.filter_map(place).collect()
}

/// Names that units define for each other, and the numbers of the units that define them.
pub type Index = BTreeMap<String, Vec<u32>>;

/// The index of all units. Depends on summaries alone.
#[salsa::tracked]
pub fn index(db: &dyn Db, project: Project) -> Arc<Index> {
    let mut index = Index::new();
    for (number, &unit) in project.units(db).iter().enumerate() {
        let summary = summary(db, unit);
        let symbols = summary.functions.iter().chain(&summary.objects);
        for symbol in symbols.filter(|symbol| symbol.linkage == Linkage::External) {
            let units = index.entry(symbol.name.clone()).or_default();
            if units.last() != Some(&(number as u32)) {
                units.push(number as u32);
            }
        }
    }
    Arc::new(index)
}

/// Checks `unit` with files from `files`.
fn check(db: &dyn Db, unit: Unit, files: &dyn LexedFiles) -> CheckedUnit {
    db.warm().with(|Warm { files: memory, unit: unit_memory }| {
        check_in::<ArenaMemory>(db, unit, files, memory, unit_memory)
    })
}

fn check_in<M: Memory>(
    db: &dyn Db,
    unit: Unit,
    files: &dyn LexedFiles,
    memory: &mut M::Session,
    unit_memory: &mut Option<UnitMemory<M>>,
) -> CheckedUnit {
    let (path, options) = (unit.path(db), unit.options(db));
    M::pass(memory, meter::LEX, |pass| {
        // Everything that the unit includes comes from `files`.
        let session = Session::<M>::new(pass, Provider::Texts(Vec::new()));
        let mut worker = Worker::with_memory(pass, unit_memory.take().unwrap_or_default());
        let pulse = || db.unwind_if_revision_cancelled();
        let checked = sealed::check(&mut worker, &session, files, Input::File(path), options, &pulse);
        *unit_memory = Some(worker.into_memory());
        checked
    })
}

/// Files whose use is noted.
struct Tracked<'db> {
    db: &'db dyn Db,
}

impl LexedFiles for Tracked<'_> {
    fn open(&self, path: &[u8], mode: LexMode) -> Result<LentFile, FileError> {
        tokens(self.db, self.db.file(path), mode).clone()
    }
}

/// Files whose use is not noted: whoever reads them has noted what follows from them.
struct Untracked<'db> {
    db: &'db dyn Db,
}

impl LexedFiles for Untracked<'_> {
    fn open(&self, path: &[u8], mode: LexMode) -> Result<LentFile, FileError> {
        lex(self.db, &self.db.content_untracked(path), mode)
    }
}

/// Trees that a check left, until somebody takes them; the oldest go first if nobody does. So most units of a large run are built in
/// memory that the units before gave back.
pub struct HandOver(Mutex<Waiting>);

struct Waiting {
    /// The oldest first.
    trees: VecDeque<(Unit, SealedTree)>,
    len_max: usize,
}

impl HandOver {
    /// Holds at most `len_max` trees.
    pub fn new(len_max: usize) -> Self {
        Self(Mutex::new(Waiting { trees: VecDeque::new(), len_max }))
    }

    /// Holds at most `len_max` trees from now on; 0 is all.
    fn set_len_max(&self, len_max: usize) {
        let mut waiting = self.lock();
        waiting.len_max = len_max;
        waiting.shrink();
    }

    /// Adds `tree` of `unit`, in place of one before.
    pub fn put(&self, unit: Unit, tree: SealedTree) {
        let mut waiting = self.lock();
        waiting.trees.retain(|(other, _)| *other != unit);
        waiting.trees.push_back((unit, tree));
        waiting.shrink();
    }

    /// Takes `unit`'s tree.
    pub fn take(&self, unit: Unit) -> Option<SealedTree> {
        let mut waiting = self.lock();
        let at = waiting.trees.iter().position(|(other, _)| *other == unit)?;
        waiting.trees.remove(at).map(|(_, tree)| tree)
    }

    /// How many trees wait, and what they hold.
    pub fn held(&self) -> (usize, HeapSize) {
        let waiting = self.lock();
        let mut sum = HeapSize::default();
        for size in waiting.trees.iter().map(|(_, tree)| tree.heap_size()) {
            sum.used += size.used;
            sum.reserved += size.reserved;
        }
        (waiting.trees.len(), sum)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn shrink(&mut self) {
        while self.len_max > 0 && self.trees.len() > self.len_max {
            self.trees.pop_front();
        }
    }
}
