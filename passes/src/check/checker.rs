//! What all parts of the checker stand on: the unit's types, the declaration's memory, messages.

use super::operand::Operand;
use super::types::{Ty, Type, Types};
use crate::diagnostics::{Code, Severity};
use crate::ids::Symbol;
use crate::memory::{GrowVec, Region};
use crate::parse::Source;
use crate::parse::tree::{Basic, Binary, Entity, Expr};
use crate::source::Pos;

/// What of the unit outlives a declaration.
pub struct Unit<'r, U> {
    /// The unit's memory.
    pub region: U,
    /// Its types.
    pub types: Types<'r>,
    /// Objects of the file whose type was not complete where they were declared; it may be completed later.
    pub waiting: GrowVec<'r, (Ty, Symbol, Pos)>,
}

/// The checker of one declaration at the top of the unit, whose tree lies in memory of `'t`.
pub struct Checker<'a, 't, 'r, T, U, R> {
    pub unit: &'a mut Unit<'r, U>,
    pub scratch: &'a R,
    pub source: &'a mut T,
    /// Operators that wait for their left operand.
    pub spine: GrowVec<'t, (Binary, Pos, &'t Expr<'t>)>,
    /// The right operand of the operator that is being looked at.
    pub right: Option<&'t Expr<'t>>,
    /// What the function gives, while its body is checked.
    pub result: Option<Ty>,
    pub function: FunctionState<'t>,
    /// Functions around the statement: 1, but in a nested function.
    pub nesting: u32,
    /// Parameters' parentheses around it.
    pub prototypes: u32,
    /// Of the last expression that was a statement: what a statement expression gives.
    pub last_value: Operand,
    /// Where the declaration begins, or the parameter or member stands.
    pub at: Pos,
    /// Where what is declared has its name, or would have it.
    pub name_at: Pos,
    /// An item of an initialiser that was checked and has no place yet.
    pub peeked: Option<(&'t Expr<'t>, Operand)>,
    /// What is being initialised is there before the program runs.
    pub is_constant_wanted: bool,
    /// Braces around the value that is being looked at.
    pub list_depth: u32,
    /// What is being declared may not be used either.
    pub is_unavailable: bool,
    /// What `__auto_type` declares, while its value is looked at.
    pub deduced: Option<&'t Entity>,
}

/// What must not be jumped into.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Barrier {
    /// `({ .. })`
    Statements,
    /// What follows the declaration of something whose size is found out when it is reached.
    Variable,
}

/// A label's name, and the number of the `__label__` that declares it; 0 for one that the whole function knows.
pub type Label = (Symbol, u32);

/// What a function's body has shown so far.
pub struct FunctionState<'t> {
    /// Its name; [`Symbol::EMPTY`] outside of functions.
    pub name: Symbol,
    /// Labels that stand in it, and the barrier around each.
    pub labels: GrowVec<'t, (Label, Pos, u32)>,
    /// Labels that are jumped to, and the barrier around each jump, if it may not leave the one around the label.
    pub jumps: GrowVec<'t, (Label, Pos, Option<u32>)>,
    /// Labels that the blocks around the statement declare, the innermost last; those of a block are in order.
    pub local_labels: GrowVec<'t, Label>,
    /// Where in them the labels of each block end that declares some.
    pub local_label_ends: GrowVec<'t, u32>,
    /// How many labels were declared by blocks.
    pub local_labels_count: u32,
    /// Parts of the body that must not be jumped into, each within another; 0 is the body. See [`Barrier`].
    pub barriers: GrowVec<'t, (Barrier, u32)>,
    /// The innermost of them around the statement.
    pub barrier: u32,
    /// The one around the `switch` around it.
    pub switch_barrier: u32,
    /// Loops around the statement.
    pub loops: u32,
    /// Loops and `switch`es around it.
    pub breaks: u32,
    /// Values of the cases of the `switch`es around it, the innermost last.
    pub cases: GrowVec<'t, (i128, i128, Pos)>,
    /// `switch`es around it.
    pub switches: u32,
    /// The `default` label of the `switch` around it.
    pub default: Option<Pos>,
}

impl<'t> FunctionState<'t> {
    /// Goes into a part that must not be jumped into.
    pub fn enter(&mut self, region: &impl Region<'t>, barrier: Barrier) {
        self.barriers.push(region, (barrier, self.barrier));
        self.barrier = self.barriers.len() as u32;
    }

    /// The outermost part around `inner` that is not around `outer`.
    pub fn between(&self, outer: u32, inner: u32) -> Option<Barrier> {
        let around = |mut at: u32, wanted: u32| {
            while at > wanted {
                at = self.barriers.as_slice()[at as usize - 1].1;
            }
            at == wanted
        };
        let (mut at, mut found) = (inner, None);
        while at > 0 && !around(outer, at) {
            let (barrier, parent) = self.barriers.as_slice()[at as usize - 1];
            found = Some(barrier);
            at = parent;
        }
        found
    }

    /// The label that `name` stands for here.
    pub fn label(&self, name: Symbol) -> Label {
        let ends = self.local_label_ends.as_slice();
        for (block, &end) in ends.iter().enumerate().rev() {
            let start = if block == 0 { 0 } else { ends[block - 1] };
            let declared = &self.local_labels.as_slice()[start as usize..end as usize];
            if let Ok(at) = declared.binary_search_by_key(&name, |label| label.0) {
                return declared[at];
            }
        }
        (name, 0)
    }

    /// A block begins that declares `labels`.
    pub fn declare_labels(&mut self, region: &impl Region<'t>, labels: &[Symbol]) {
        if labels.is_empty() {
            return;
        }
        let start = self.local_labels.len();
        for &name in labels {
            self.local_labels_count += 1;
            self.local_labels.push(region, (name, self.local_labels_count));
        }
        self.local_labels.as_mut_slice()[start..].sort_unstable();
        self.local_label_ends.push(region, self.local_labels.len() as u32);
    }

    /// The block ends that declared the last labels, as many as `labels`.
    pub fn forget_labels(&mut self, labels: &[Symbol]) {
        if !labels.is_empty() {
            self.local_labels.truncate(self.local_labels.len() - labels.len());
            self.local_label_ends.pop();
        }
    }

    /// Of the function `name`, whose body was not looked at.
    pub fn new(name: Symbol) -> Self {
        Self {
            name,
            labels: GrowVec::new(),
            jumps: GrowVec::new(),
            local_labels: GrowVec::new(),
            local_label_ends: GrowVec::new(),
            local_labels_count: 0,
            barriers: GrowVec::new(),
            barrier: 0,
            switch_barrier: 0,
            loops: 0,
            breaks: 0,
            cases: GrowVec::new(),
            switches: 0,
            default: None,
        }
    }
}

impl<'t, 'r, T: Source, U: Region<'r>, R: Region<'t>> Checker<'_, 't, 'r, T, U, R> {
    /// Whether `ty` is `void`.
    #[inline]
    pub fn is_void(&self, ty: Ty) -> bool {
        self.get(ty) == Type::Basic(Basic::Void)
    }

    /// What `ty` is.
    #[inline]
    pub fn get(&self, ty: Ty) -> Type<'r> {
        self.unit.types.get(ty)
    }

    /// The number of `ty`.
    pub fn intern(&mut self, ty: Type<'_>) -> Ty {
        let Unit { region, types, .. } = &mut *self.unit;
        let interned = types.intern(region, ty);
        if interned == Ty::ERROR && ty != Type::Error {
            let message = String::from("a type is made of too many others: a limit of this program");
            self.complain(Code::LimitReached, self.at, message);
        }
        interned
    }

    /// The integer that `operand` is, if its type is one.
    pub fn integer_of(&self, operand: Operand) -> Option<i128> {
        operand.int().filter(|_| self.unit.types.integer(operand.ty).is_some())
    }

    /// A pointer to `to`.
    pub fn pointer(&mut self, to: Ty) -> Ty {
        match self.unit.types.known_pointer(to) {
            Some(pointer) => pointer,
            None => self.intern(Type::Pointer(to)),
        }
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
