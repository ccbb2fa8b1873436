//! The checking pass: declarations get types, expressions values, and what fits nowhere is reported.
//!
//! | memory | what is in it |
//! |---|---|
//! | `out` of pass `check`: the unit | types, each once; layouts of records |
//! | the tree's memory: one declaration | lists in the making, labels and cases of a function |
//!
//! Types are noted in the [`Entity`](crate::parse::tree::Entity) that a name stands for; the tree is only read. An expression's type is found
//! when it is checked and is not kept.
//!
//! Order of reading: [`types`] and [`layout`]; `declare` from specifiers to types; `operand`, `expression`, `unary`, `binary`, `member` and `call`; `initialize`; `statement`.

mod attribute;
mod binary;
mod builtin;
mod call;
mod checker;
mod compatible;
mod constant;
mod convert;
mod declare;
mod expression;
mod initialize;
pub mod layout;
mod linkage;
mod member;
mod operand;
mod record;
mod show;
mod statement;
pub mod types;
mod unary;

use crate::diagnostics::Code;
use crate::ids::Symbol;
use crate::memory::{GrowVec, Region};
use crate::parse::tree::{Declaration, External, TypeSpecifier};
use crate::parse::{Source, Visitor};
use crate::source::Pos;
use checker::{Checker, FunctionState, Unit};
use operand::Operand;
use types::{Ty, Types};

/// Checks each declaration that the parser shows.
pub struct Check<'r, U> {
    unit: Unit<'r, U>,
}

impl<'r, U: Region<'r>> Check<'r, U> {
    /// A check of a unit whose types lie in `region`.
    pub fn new(region: U) -> Self {
        let types = Types::new(&region);
        Self { unit: Unit { region, types, waiting: GrowVec::new() } }
    }

    fn checker<'a, 't, T: Source, R: Region<'t>>(
        &'a mut self,
        at: Pos,
        tree: &'a R,
        source: &'a mut T,
    ) -> Checker<'a, 't, 'r, T, U, R> {
        Checker {
            unit: &mut self.unit,
            scratch: tree,
            source,
            spine: GrowVec::new(),
            right: None,
            result: None,
            function: FunctionState::new(Symbol::EMPTY),
            nesting: 0,
            prototypes: 0,
            last_value: Operand::ERROR,
            at,
            name_at: at,
            peeked: None,
            is_constant_wanted: false,
            list_depth: 0,
            is_unavailable: false,
            deduced: None,
        }
    }

    /// The types that were met so far.
    pub fn types(&self) -> &Types<'r> {
        &self.unit.types
    }

    /// The same, for as long as their memory lives.
    pub fn into_types(self) -> Types<'r> {
        self.unit.types
    }
}

impl<'r, U: Region<'r>> Visitor for Check<'r, U> {
    fn external<'t, T: Source, R: Region<'t>>(&mut self, external: &External<'t>, tree: &R, source: &mut T) {
        let mut checker = self.checker(position(external), tree, source);
        match external {
            External::Function(definition) => checker.function_definition(definition),
            External::Declaration(declaration) => checker.declaration(declaration, true),
        }
    }

    fn end<T: Source>(&mut self, source: &mut T) {
        for index in 0..self.unit.waiting.len() {
            let (ty, name, pos) = self.unit.waiting.as_slice()[index];
            let is_void = ty.plain() == Ty::VOID;
            if is_void || self.unit.types.size(ty).is_none() {
                let name = crate::preprocess::shown(source.text(name));
                let message = format!("storage size of '{name}' isn't known");
                source.report(Code::IncompleteObject.severity(), Code::IncompleteObject, pos, message);
            }
        }
    }
}

fn position(external: &External<'_>) -> Pos {
    match external {
        External::Function(definition) => definition.declarator.pos,
        External::Declaration(Declaration::Names { specifiers, declarators, .. }) => {
            match (declarators.first(), specifiers.base) {
                (Some(declarator), _) => declarator.pos,
                (None, TypeSpecifier::Record(record)) => record.tag.pos,
                (None, _) => Pos(0),
            }
        }
        External::Declaration(Declaration::Function(definition)) => definition.declarator.pos,
        External::Declaration(Declaration::StaticAssert { pos, .. }) => *pos,
    }
}
