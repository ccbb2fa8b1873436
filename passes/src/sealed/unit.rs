//! A unit's tree with its types, spellings and files: what the passes make of a unit, without their session.

use super::file::text_in;
use super::local::LocalTokens;
use super::{Fingerprint, Summary};
use crate::check::Check;
use crate::check::types::TypeTables;
use crate::diagnostics::Diagnostics;
use crate::files::LexedFiles;
use crate::ids::Symbol;
use crate::memory::Memory;
use crate::meter;
use crate::options::Options;
use crate::parse::parse_kept;
use crate::parse::tree::External;
use crate::session::{Input, Session, Usage, Worker};
use crate::source::Pos;
use compiler_alloc::arena::{Fingerprinted, HeapSize};
use compiler_alloc::{Family, Scope, Sealed};

/// What is at the top of a unit, and all that it refers to.
#[derive(Clone, Copy)]
pub struct Tree<'a> {
    /// In order.
    pub externals: &'a [External<'a>],
    /// What the types noted in entities and tags are.
    pub types: TypeTables<'a>,
    /// The session's files, in the order of their positions, and the unit's own.
    pub files: &'a [TreeFile<'a>],
    // Of the symbols from `intern::FIXED_LEN` on.
    texts: &'a [&'a [u8]],
}

/// Where the positions of a file are.
#[derive(Clone, Copy, Debug)]
pub struct TreeFile<'a> {
    /// A path that led to it, as it was opened; empty for texts that are no files, such as the predefined macros.
    pub path: &'a [u8],
    /// Where its text starts. It ends before the next file.
    pub base: Pos,
}

impl<'a> Tree<'a> {
    /// The spelling of `symbol`, which must be of this tree.
    ///
    /// # Panics
    /// If it is not.
    pub fn text(&self, symbol: Symbol) -> &'a [u8] {
        text_in(self.texts, symbol)
    }

    /// The file of `pos` and the offset in its text as it was lexed; nothing for what stands in no file.
    pub fn place(&self, pos: Pos) -> Option<(&'a [u8], u32)> {
        let behind = self.files.partition_point(|file| file.base <= pos);
        let file = self.files.get(behind.checked_sub(1)?)?;
        (!file.path.is_empty()).then_some((file.path, pos.0 - file.base.0))
    }
}

struct Trees;

impl Family for Trees {
    type Of<'a> = Tree<'a>;
    fn shorten<'s, 'l: 's>(long: &'s Tree<'l>) -> &'s Tree<'s> {
        long
    }
}

/// A [`Tree`] that owns its memory, and its fingerprint, by which it is compared; a handle, cheap to clone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SealedTree(Fingerprinted<Trees, Fingerprint>);

impl SealedTree {
    /// The tree.
    pub fn get(&self) -> &Tree<'_> {
        self.0.get()
    }

    /// Of all that the tree was made from: tokens with their places, files, language. It does not lie in the tree's memory, so that
    /// whoever keeps it can say whether a new tree is the old one when the old one is gone.
    pub fn fingerprint(&self) -> Fingerprint {
        *self.0.fingerprint()
    }

    /// What it takes. Constant time.
    pub fn heap_size(&self) -> HeapSize {
        self.0.heap_size()
    }
}

/// What checking a unit gave.
#[derive(Clone, Debug)]
pub struct CheckedUnit {
    /// The tree; nothing if there was no text to parse.
    pub tree: SealedTree,
    /// What was found.
    pub diagnostics: Diagnostics,
    /// What other units see of it.
    pub summary: Summary,
    /// What it took.
    pub usage: Usage,
}

/// Checks `input`, and keeps its tree. Every file is `lexed`'s; `session` must be new or have had its files from there, too.
///
/// `pulse` is called every 1,024 tokens, and may panic to end the unit: then everything is given back.
pub fn check<'l, 'p: 'l, M: Memory>(
    worker: &mut Worker<'l, 'p, M>,
    session: &Session<'p, M>,
    lexed: &dyn LexedFiles,
    input: Input<'_>,
    options: &Options,
    pulse: &dyn Fn(),
) -> CheckedUnit {
    let outcome = worker.preprocess_lexed(session, lexed, input, options, |tokens, check_memory| {
        let mut found = None;
        let tree = Sealed::<Trees>::build(|memory| {
            let memory: &Scope<'_> = memory;
            let mut local = LocalTokens::new(tokens, memory, pulse);
            local.fingerprint.add_bytes(options.standard.name.as_bytes());
            local.fingerprint.add_bytes(format!("{:?}", options.parse_limits).as_bytes());
            let mut externals = Vec::new();
            let mut check = Check::new(memory);
            M::pass(check_memory, meter::CHECK, |pass| {
                let (mut names, mut worker) = (M::worker(pass), M::worker(pass));
                let ((names, _), (scratch, _)) = (M::split(&mut names), M::split(&mut worker));
                let keep = |external| externals.push(external);
                parse_kept(&mut local, memory, names, scratch, options.parse_limits, &mut check, keep);
            });
            let summary = Summary::of(&externals, check.types(), &|symbol| local.symbol_text(symbol));
            let LocalTokens { tokens, mut fingerprint, texts, .. } = local;
            let files = files(tokens.main_file(), session, memory);
            for file in files {
                fingerprint.add_bytes(file.path);
                fingerprint.add(u64::from(file.base.0));
            }
            found = Some((fingerprint, summary));
            Tree {
                externals: memory.alloc_slice_copy(&externals),
                types: check.into_types().into_tables(),
                files,
                texts: memory.alloc_slice_copy(&texts),
            }
        });
        let (fingerprint, summary) = found.expect("the builder ran");
        (SealedTree(Fingerprinted::new(tree, fingerprint)), summary)
    });
    let (tree, summary) = outcome.value;
    CheckedUnit { tree, diagnostics: outcome.diagnostics, summary, usage: outcome.usage }
}

/// The table of files of a unit whose main file is `main`.
fn files<'a, M: Memory>(
    main: Option<(&[u8], crate::source::SourceText<'_>)>,
    session: &Session<'_, M>,
    memory: &Scope<'a>,
) -> &'a [TreeFile<'a>] {
    let paths = session.files.paths(&session.interner);
    let of_session = paths.into_iter().enumerate().map(|(index, path)| {
        let file = session.files.file(crate::source::FileId(index as u32));
        (path.unwrap_or_default(), file.source)
    });
    let mut files = Vec::new();
    for (path, source) in of_session.chain(main) {
        files.push(TreeFile { path: memory.alloc_slice_copy(path), base: source.base() });
    }
    memory.alloc_slice_copy(&files)
}
