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
//! The parser resolves names, because C cannot be parsed without knowing which of them are types. It knows no types.

mod attribute;
mod declaration;
mod declarator;
mod expression;
mod initializer;
pub mod keyword;
mod limits;
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
use crate::memory::{Memory, Region, Scratch, Within};
use crate::preprocess::Tokens;
use crate::source::Pos;
use names::Names;
use parser::{Lists, Parser, Unit};
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
}

/// Looks at nothing.
impl Visitor for () {
    fn external<'t, T: Source, R: Region<'t>>(&mut self, _: &External<'t>, _: &R, _: &mut T) {}
}

/// Parses what `tokens` delivers and shows each declaration at the top of the unit to `visitor`.
///
/// `region` is the unit's memory, `scratch` that of single declarations. What is wrong with the unit is found among the findings of
/// `tokens`.
pub fn parse<'r, M: Memory>(
    tokens: &mut Tokens<'_, '_, M>,
    region: M::Unit<'r>,
    mut scratch: M::Scratch<'_>,
    trees: Trees,
    limits: Limits,
    visitor: &mut impl Visitor,
) -> Usage {
    let mut unit = Unit::start(&mut *tokens, region, limits);
    match trees {
        Trees::Released => {
            while unit.token.kind != TokenKind::Eof {
                scratch.scope_within(|scratch, _| {
                    parser(&mut unit, scratch, scratch).next(visitor);
                });
            }
        }
        Trees::Kept => keep_all(&mut unit, &region, &mut scratch, visitor, |_| {}),
    }
    unit.usage
}

/// Parses what `source` delivers into trees that live as long as `region`, shows them to `visitor` one by one and adds them to `kept`.
///
/// Everything that the trees refer to lies in `region`, but no text: what symbols mean is for `source` to say. What is wanted only
/// until the declaration has been read and shown lies in `scratch`.
pub fn parse_kept<'r, T: TokenSource, R: Region<'r>>(
    source: T,
    region: &R,
    mut scratch: impl Scratch,
    limits: Limits,
    visitor: &mut impl Visitor,
    kept: &mut Vec<External<'r>>,
) -> Usage
where
    for<'a> &'a R: Region<'r>,
{
    let mut unit = Unit::start(source, region, limits);
    keep_all(&mut unit, region, &mut scratch, visitor, |external| kept.push(external));
    unit.usage
}

/// Parses to the end of `unit`: trees lie in `region`, everything else of a declaration in a scope of `scratch`.
fn keep_all<'r, T: TokenSource, U: Region<'r>, R: Region<'r>>(
    unit: &mut Unit<'r, T, U>,
    region: &R,
    scratch: &mut impl Scratch,
    visitor: &mut impl Visitor,
    mut keep: impl FnMut(External<'r>),
) {
    let mut plain_specifiers = [None; 16];
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

fn parser<'a, 't: 'w, 'r: 't, 'w, T: TokenSource, U: Region<'r>, R: Region<'t>, W: Region<'w>>(
    unit: &'a mut Unit<'r, T, U>,
    tree: &'a R,
    work: &'a W,
) -> Parser<'a, 't, 'r, 'w, T, U, R, W> {
    Parser {
        unit,
        tree,
        work,
        lists: Lists::new(),
        plain_specifiers: [None; 16],
        declaration_start: Pos(0),
        inner_names: Names::new(),
        scope_depth: 0,
        nesting: 0,
        in_function: false,
    }
}

impl<'w, 't: 'w, 'r: 't, T: TokenSource, U: Region<'r>, R: Region<'t>, W: Region<'w>>
    Parser<'_, 't, 'r, 'w, T, U, R, W>
{
    /// Parses what stands next at the top of the unit and shows it to `visitor`.
    fn next(&mut self, visitor: &mut impl Visitor) -> Option<External<'t>> {
        let external = self.external()?;
        self.unit.usage.externals += 1;
        visitor.external(&external, self.work, &mut self.unit.source);
        Some(external)
    }
}
