//! What all parts of the checker stand on: the unit's types, the declaration's memory, messages.

use super::operand::Operand;
use super::types::{Ty, Type, Types};
use crate::diagnostics::{Code, Severity};
use crate::ids::Symbol;
use crate::memory::{GrowVec, Region};
use crate::parse::Source;
use crate::parse::tree::{Binary, Expr};
use crate::source::Pos;

/// What of the unit outlives a declaration.
pub struct Unit<'r, U> {
    /// The unit's memory.
    pub region: U,
    /// Its types.
    pub types: Types<'r>,
}

/// The checker of one declaration at the top of the unit, whose tree lies in memory of `'t`.
pub struct Checker<'a, 't, 'r, T, U, R> {
    pub unit: &'a mut Unit<'r, U>,
    pub scratch: &'a R,
    pub source: &'a mut T,
    /// Operators that wait for their left operand.
    pub spine: GrowVec<'t, (Binary, Pos, &'t Expr<'t>)>,
    /// What the function gives, while its body is checked.
    pub result: Option<Ty>,
    pub function: FunctionState<'t>,
    /// Of the last expression that was a statement: what a statement expression gives.
    pub last_value: Operand,
    /// Where the declaration stands.
    pub at: Pos,
    /// An item of an initialiser that was checked and has no place yet.
    pub peeked: Option<(&'t Expr<'t>, Operand)>,
}

/// What a function's body has shown so far.
pub struct FunctionState<'t> {
    /// Labels that stand in it.
    pub labels: GrowVec<'t, (Symbol, Pos)>,
    /// Labels that are jumped to.
    pub jumps: GrowVec<'t, (Symbol, Pos)>,
    /// Loops around the statement.
    pub loops: u32,
    /// Loops and `switch`es around it.
    pub breaks: u32,
    /// Values of the cases of the `switch`es around it, the innermost last.
    pub cases: GrowVec<'t, (i128, i128, Pos)>,
    /// `switch`es around it.
    pub switches: u32,
    /// Labels may be declared in blocks.
    pub has_local_labels: bool,
}

impl FunctionState<'_> {
    /// Of a function whose body was not looked at.
    pub fn new() -> Self {
        Self {
            labels: GrowVec::new(),
            jumps: GrowVec::new(),
            loops: 0,
            breaks: 0,
            cases: GrowVec::new(),
            switches: 0,
            has_local_labels: false,
        }
    }
}

impl<'t, 'r, T: Source, U: Region<'r>, R: Region<'t>> Checker<'_, 't, 'r, T, U, R> {
    /// What `ty` is.
    #[inline]
    pub fn get(&self, ty: Ty) -> Type<'r> {
        self.unit.types.get(ty)
    }

    /// The number of `ty`.
    pub fn intern(&mut self, ty: Type<'_>) -> Ty {
        let Unit { region, types } = &mut *self.unit;
        let interned = types.intern(region, ty);
        if interned == Ty::ERROR && ty != Type::Error {
            let message = String::from("a type is made of too many others: a limit of this program");
            self.complain(Code::LimitReached, self.at, message);
        }
        interned
    }

    /// A pointer to `to`.
    pub fn pointer(&mut self, to: Ty) -> Ty {
        self.intern(Type::Pointer(to))
    }

    /// `ty` in a message, with quotes.
    pub fn quoted(&self, ty: Ty) -> String {
        let text = |symbol| self.shown(symbol);
        format!("'{}'", self.unit.types.show(ty, &text))
    }

    /// `symbol` in a message.
    pub fn shown(&self, symbol: Symbol) -> String {
        crate::preprocess::shown(self.source.text(symbol))
    }

    /// Reports an error or warning.
    #[cold]
    pub fn complain(&mut self, code: Code, pos: Pos, message: String) {
        self.source.report(code.severity(), code, pos, message);
    }

    /// Adds to the finding before.
    #[cold]
    pub fn note(&mut self, code: Code, pos: Pos, message: String) {
        self.source.report(Severity::Note, code, pos, message);
    }
}
