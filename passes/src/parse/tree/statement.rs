//! Statements.

use super::{Declaration, Expr, Rare};
use crate::ids::Symbol;
use crate::source::Pos;

/// A statement: 24 bytes, which lie in the parent's array.
///
/// A label is a statement of its own, so that a thousand of them are a list and not a tower; where the grammar wants one statement
/// and there is a label, a block stands for both.
#[expect(missing_docs, reason = "a variant's text shows what its fields are")]
#[derive(Clone, Copy, Debug)]
pub enum Statement<'t> {
    /// `a;`
    Expression(Expr<'t>),
    /// `;`, and declarations that declare nothing to run.
    Empty { pos: Pos },
    /// A declaration.
    Declaration(&'t Declaration<'t>),
    /// `{ .. }`
    Block(&'t Block<'t>),
    /// `if (a) b`
    If { pos: Pos, parts: &'t (Expr<'t>, Statement<'t>) },
    /// `if (a) b else c`
    IfElse { pos: Pos, parts: &'t (Expr<'t>, [Statement<'t>; 2]) },
    /// `while (a) b`
    While { pos: Pos, parts: &'t (Expr<'t>, Statement<'t>) },
    /// `do b while (a);`
    DoWhile { pos: Pos, parts: &'t (Expr<'t>, Statement<'t>) },
    /// `for (a; b; c) d`: the first part is an expression, a declaration or nothing.
    For { pos: Pos, parts: &'t (Statement<'t>, [Option<Expr<'t>>; 2], Statement<'t>) },
    /// `switch (a) b`
    Switch { pos: Pos, parts: &'t (Expr<'t>, Statement<'t>) },
    /// `case a:` and `case a ... b:`; what it labels is the next statement of the block.
    Case { pos: Pos, range: &'t (Expr<'t>, Option<Expr<'t>>) },
    /// `default:`
    Default { pos: Pos },
    /// `a:`
    Label { pos: Pos, label: Symbol },
    /// `goto a;`
    Goto { pos: Pos, label: Symbol },
    /// `goto *a;`
    GotoComputed { pos: Pos, target: &'t Expr<'t> },
    /// `continue;`
    Continue { pos: Pos },
    /// `break;`
    Break { pos: Pos },
    /// `return a;`
    Return { pos: Pos, value: Option<&'t Expr<'t>> },
    /// `asm(..);`
    Asm { pos: Pos, parts: &'t Asm<'t> },
}

const _: () = assert!(size_of::<Statement<'_>>() == 24);

/// What stands between braces.
#[derive(Clone, Copy, Debug)]
pub struct Block<'t> {
    /// The opening brace.
    pub pos: Pos,
    /// The closing brace.
    pub end: Pos,
    /// Labels that `__label__` declares.
    pub labels: Rare<'t, Symbol>,
    /// The statements.
    pub statements: &'t [Statement<'t>],
}

/// An `asm` with operands: what is between the quotes has no meaning here.
#[derive(Clone, Copy, Debug)]
pub struct Asm<'t> {
    /// Outputs first.
    pub operands: &'t [AsmOperand<'t>],
    /// How many of them are outputs.
    pub outputs: u32,
    /// Labels of `asm goto`.
    pub labels: &'t [Symbol],
}

/// An operand of an `asm`.
#[derive(Clone, Copy, Debug)]
pub struct AsmOperand<'t> {
    /// How it is passed.
    pub constraint: Symbol,
    /// What is passed.
    pub value: Expr<'t>,
}
