//! The parsing pass: a unit's tokens become declarations, and names become references to what they stand for.
//!
//! | memory | what is in it |
//! |---|---|
//! | `out` of pass `parse`: the unit | names of the file, their entities and tags; the trees, if they are kept |
//! | scratch of pass `parse`: one declaration or function | its tree, lists in the making, names of its blocks |
//!
//! A declaration at the top of the unit is parsed in a scope of scratch memory, shown to whoever wants its [`tree`], and gone: the
//! largest function decides what is held. With [`Trees::Kept`] the tree lies in `out` instead, and nothing else does. Nothing here has a destructor or
//! a place in the general heap, but the text of an error.
//!
//! Order of reading: [`tree`] is the result; `parser` what all parts stand on; `declaration`, `specifiers`, `declarator`, `record`,
//! `initializer`, `statement`, `expression` and `literal` what the grammar has; `names` its scopes.
//!
//! `ahead` is for units whose tokens another thread makes.
//!
//! The parser resolves names, because C cannot be parsed without knowing which of them are types. It knows no types.

pub(crate) mod ahead;
mod attribute;
mod declaration;
mod declarator;
mod expression;
mod initializer;
pub mod keyword;
mod limits;
mod lists;
mod literal;
pub(crate) mod names;
pub(crate) mod parser;
mod pragma;
mod record;
mod specifiers;
mod statement;
pub mod tree;

pub use limits::Limits;
pub use parser::{Source, TokenSource, Usage};

use crate::lex::TokenKind;
use crate::memory::{Region, Scratch, Within};
use crate::source::Pos;
use lists::Lists;
use names::Names;
use parser::{Parser, PlainSpecifiers, Unit};
use tree::External;

/// How long trees live.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Trees {
    /// Until whoever wanted to see them has.
    #[default]
    Released,
    /// As long as the unit.
    Kept,
}

/// Who is shown the declarations of a unit.
pub trait Visitor {
    /// What stands at the top of the unit. `memory` is for what is gone when this returns; findings go to `source`.
    fn external<'t, T: Source, R: Region<'t>>(&mut self, external: &External<'t>, memory: &R, source: &mut T);

    /// The unit has ended.
    fn end<T: Source>(&mut self, _source: &mut T) {}
}

/// Looks at nothing.
impl Visitor for () {
    fn external<'t, T: Source, R: Region<'t>>(&mut self, _: &External<'t>, _: &R, _: &mut T) {}
}

/// Parses what `source` delivers and shows each declaration at the top of the unit to `visitor`.
///
/// `region` is the unit's memory, `scratch` that of single declarations, whose trees are gone with it. What is wrong with the unit is
/// reported to `source`.
pub fn parse<'r>(
    source: impl TokenSource,
    region: impl Region<'r> + Copy,
    mut scratch: impl Scratch,
    limits: Limits,
    visitor: &mut impl Visitor,
) -> Usage {
    let mut unit = Unit::start(source, region, region, limits);
    while unit.token.kind != TokenKind::Eof {
        scratch.scope_within(|scratch, _| {
            parser(&mut unit, scratch, scratch).next(visitor);
        });
    }
    visitor.end(&mut unit.source);
    unit.usage
}

/// Parses what `source` delivers into trees that live as long as `region`, shows them to `visitor` one by one and to `keep`.
///
/// Everything that the trees refer to lies in `region`, but no text: what symbols mean is for `source` to say. Nothing else lies there:
/// `names` has the table of the file's names, `scratch` what is wanted only until the declaration has been read and shown.
pub fn parse_kept<'r, T: TokenSource, R: Region<'r>>(
    source: T,
    region: &R,
    mut names: impl Scratch,
    mut scratch: impl Scratch,
    limits: Limits,
    visitor: &mut impl Visitor,
    keep: impl FnMut(External<'r>),
) -> Usage {
    names.scope_within(|names, _: Within<'_, 'r>| {
        let mut unit = Unit::start(source, region, names, limits);
        keep_all(&mut unit, region, &mut scratch, visitor, keep);
        visitor.end(&mut unit.source);
        unit.usage
    })
}

/// Parses to the end of `unit`: trees lie in `region`, everything else of a declaration in a scope of `scratch`.
fn keep_all<'n, 'r: 'n, T: TokenSource, U: Region<'r>, N: Region<'n>, R: Region<'r>>(
    unit: &mut Unit<'n, 'r, T, U, N>,
    region: &R,
    scratch: &mut impl Scratch,
    visitor: &mut impl Visitor,
    mut keep: impl FnMut(External<'r>),
) {
    let mut plain_specifiers: PlainSpecifiers<'r> = [None; 64];
    while unit.token.kind != TokenKind::Eof {
        scratch.scope_within(|work, _: Within<'_, 'r>| {
            let mut parser = parser(unit, region, work);
            parser.plain_specifiers = plain_specifiers;
            if let Some(external) = parser.next(visitor) {
                keep(external);
            }
            plain_specifiers = parser.plain_specifiers;
        });
    }
}

fn parser<
    'a,
    't: 'w,
    'n,
    'r: 't + 'n,
    'w,
    T: TokenSource,
    U: Region<'r>,
    N: Region<'n>,
    R: Region<'t>,
    W: Region<'w>,
>(
    unit: &'a mut Unit<'n, 'r, T, U, N>,
    tree: &'a R,
    work: &'a W,
) -> Parser<'a, 't, 'n, 'r, 'w, T, U, N, R, W> {
    Parser {
        unit,
        tree,
        work,
        lists: Lists::new(),
        plain_specifiers: [None; 64],
        declaration_start: Pos(0),
        inner_names: Names::new(),
        scope_depth: 0,
        nesting: 0,
        prototypes: 0,
        in_function: false,
    }
}

impl<'w, 't: 'w, 'n, 'r: 't + 'n, T: TokenSource, U: Region<'r>, N: Region<'n>, R: Region<'t>, W: Region<'w>>
    Parser<'_, 't, 'n, 'r, 'w, T, U, N, R, W>
{
    /// Parses what stands next at the top of the unit and shows it to `visitor`.
    fn next(&mut self, visitor: &mut impl Visitor) -> Option<External<'t>> {
        let external = self.external()?;
        self.unit.usage.externals += 1;
        visitor.external(&external, self.work, &mut self.unit.source);
        Some(external)
    }
}
