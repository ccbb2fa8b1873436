//! Conversions that nobody wrote: in assignments, initialisers, returns and arguments.
//!
//! What gcc 12 refuses is an error, what it warns of by default a warning: numbers for pointers and the reverse, pointers to other types,
//! qualifiers that get lost.

use super::checker::Checker;
use super::operand::Operand;
use super::types::{Ty, Type};
use crate::diagnostics::Code;
use crate::ids::Symbol;
use crate::memory::Region;
use crate::parse::Source;
use crate::parse::tree::{Basic, qualifier};
use crate::source::Pos;

/// Where a value is converted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Conversion {
    /// `a = b`
    Assignment,
    /// `int a = b;`
    Initialization,
    /// `return a;`
    Return,
    /// An argument: its number from 1, and the function's name or [`Symbol::EMPTY`].
    Argument(usize, Symbol),
}

/// What is wrong with a conversion.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Problem {
    Types,
    Void,
    IntegerFromPointer,
    PointerFromInteger,
    OtherPointer,
    Qualifiers(u8),
}

impl<'t, 'r, T: Source, U: Region<'r>, R: Region<'t>> Checker<'_, 't, 'r, T, U, R> {
    /// Checks that `value`, which stands at `pos`, may become one of type `to`.
    #[inline]
    pub fn convert(&mut self, conversion: Conversion, to: Ty, value: Operand, pos: Pos) {
        if to.plain() != value.ty.plain() {
            self.convert_other(conversion, to, value, pos);
        }
    }

    fn convert_other(&mut self, conversion: Conversion, to: Ty, value: Operand, pos: Pos) {
        if let Some(problem) = self.problem(conversion, to, value) {
            let pos = match (problem, conversion, self.right) {
                (Problem::Types, Conversion::Assignment, Some(right)) => right.place(),
                _ => pos,
            };
            self.complain_of_conversion(conversion, problem, to, value.ty, pos);
        }
    }

    fn problem(&mut self, conversion: Conversion, to: Ty, value: Operand) -> Option<Problem> {
        let from = value.ty;
        if to.plain() == Ty::ERROR || value.is_error() {
            return None;
        }
        if self.is_void(from) {
            return Some(Problem::Void);
        }
        if matches!((self.get(to), self.get(from)), (Type::Vector(..), Type::Vector(..))) {
            return (!self.are_alike(to, from, false)).then_some(Problem::Types);
        }
        let is_list = |checker: &Self, ty: Ty| checker.get(ty) == Type::Basic(Basic::VaList);
        if is_list(self, to) || is_list(self, from) || self.is_void(to) {
            return None;
        }
        if matches!(conversion, Conversion::Argument(..)) && self.transparent_union(to).is_some() {
            return self.problem_with_union(to, value);
        }
        let is_number = |checker: &Self, ty: Ty| checker.unit.types.arithmetic(ty).is_some();
        let is_integer = |checker: &Self, ty: Ty| checker.unit.types.integer(ty).is_some();
        match (self.unit.types.pointee(to), self.unit.types.pointee(from)) {
            (Some(target), Some(source)) => self.pointer_problem(target, source, true, value),
            (Some(_), None) if is_integer(self, from) => {
                (!self.is_null_pointer(value)).then_some(Problem::PointerFromInteger)
            }
            (None, Some(_)) if self.get(to) == Type::Basic(Basic::Bool) => None,
            (None, Some(_)) if is_integer(self, to) => Some(Problem::IntegerFromPointer),
            (None, None) if is_number(self, to) && is_number(self, from) => None,
            (None, None) if self.compatible(to.plain(), from.plain()) => None,
            _ => Some(Problem::Types),
        }
    }

    /// What is wrong with `value` as an argument for the transparent union `to`, which takes what one of its members takes; numbers become
    /// no other numbers for it, and no pointers.
    fn problem_with_union(&mut self, to: Ty, value: Operand) -> Option<Problem> {
        let members = self.unit.types.record(to).map_or(&[][..], |record| record.fields);
        let mut nearest = Problem::Types;
        for member in members {
            let pointees = (self.unit.types.pointee(member.ty), self.unit.types.pointee(value.ty));
            let problem = match pointees {
                _ if self.compatible(member.ty.plain(), value.ty.plain()) => return None,
                (Some(target), Some(source)) => self.pointer_problem(target, source, false, value),
                (Some(_), None) if self.is_null_pointer(value) => return None,
                _ => continue,
            };
            match problem {
                None => return None,
                Some(Problem::Qualifiers(lost)) => nearest = Problem::Qualifiers(lost),
                Some(_) => {}
            }
        }
        Some(nearest)
    }

    /// Whether vectors have as many elements of one type, or of two that differ in a sign.
    pub fn are_alike(&self, a: Ty, b: Ty, ignores_sign: bool) -> bool {
        let (Type::Vector(a, bytes_a), Type::Vector(b, bytes_b)) = (self.get(a), self.get(b)) else {
            return false;
        };
        let of = |ty: Ty| match self.unit.types.integer(ty) {
            Some(Basic::Char) if ignores_sign => Ty::of(Basic::UnsignedChar),
            Some(basic) if ignores_sign => Ty::of(basic.to_unsigned()),
            Some(basic) => Ty::of(basic),
            None => ty.plain(),
        };
        bytes_a == bytes_b && of(a) == of(b)
    }

    /// What is wrong with a pointer to `source` for one to `target`; they may differ in a sign, if `ignores_sign`.
    fn pointer_problem(
        &mut self,
        target: Ty,
        source: Ty,
        ignores_sign: bool,
        value: Operand,
    ) -> Option<Problem> {
        if self.is_null_pointer(value) {
            return None;
        }
        let fits = self.is_void(target)
            || self.is_void(source)
            || if ignores_sign {
                self.same_target(target, source)
            } else {
                self.same_target_exactly(target, source)
            };
        if !fits {
            return Some(Problem::OtherPointer);
        }
        // Functions have no qualifiers to lose.
        let of = |checker: &Self, ty: Ty| {
            checker.innermost(ty).qualifiers() & !(qualifier::RESTRICT | qualifier::ATOMIC)
        };
        let lost = of(self, source) & !of(self, target);
        (lost != 0).then_some(Problem::Qualifiers(lost))
    }

    /// Whether both are the same but for qualifiers.
    pub fn same_target_exactly(&mut self, a: Ty, b: Ty) -> bool {
        let (a, b) = (self.without_qualifiers(a), self.without_qualifiers(b));
        self.compatible(a, b)
    }

    /// Whether pointers to both are taken for each other: they differ in qualifiers, or in a sign, at most.
    fn same_target(&mut self, a: Ty, b: Ty) -> bool {
        let (a, b) = (self.without_qualifiers(a), self.without_qualifiers(b));
        if self.compatible(a, b) {
            return true;
        }
        match (self.unit.types.integer(a), self.unit.types.integer(b)) {
            (Some(a), Some(b)) if a != Basic::Bool && b != Basic::Bool => {
                let plain = |basic: Basic| {
                    if basic == Basic::Char { Basic::UnsignedChar } else { basic.to_unsigned() }
                };
                plain(a) == plain(b)
            }
            _ => false,
        }
    }

    /// `ty` without its own qualifiers, or those of its elements.
    fn without_qualifiers(&mut self, ty: Ty) -> Ty {
        match self.get(ty) {
            Type::Array(of, len) => {
                let of = self.without_qualifiers(of);
                self.intern(Type::Array(of, len))
            }
            _ => ty.plain(),
        }
    }

    #[cold]
    fn complain_of_conversion(
        &mut self,
        conversion: Conversion,
        problem: Problem,
        to: Ty,
        from: Ty,
        pos: Pos,
    ) {
        let (wanted, given) = (self.quoted(to.plain()), self.quoted(from));
        let function = match conversion {
            Conversion::Argument(_, name) if name != Symbol::EMPTY => format!("'{}'", self.shown(name)),
            _ => String::from("function"),
        };
        let is_record = self.unit.types.record(to).is_some();
        let (code, message) = match (problem, conversion) {
            (Problem::Void, _) => (Code::VoidValue, String::from("void value not ignored as it ought to be")),
            (Problem::Types, Conversion::Assignment) => (
                Code::IncompatibleTypes,
                format!("incompatible types when assigning to type {wanted} from type {given}"),
            ),
            (Problem::Types, Conversion::Initialization) if is_record => {
                (Code::InvalidInitializer, String::from("invalid initializer"))
            }
            (Problem::Types, Conversion::Initialization) => (
                Code::InvalidInitializer,
                format!("incompatible types when initializing type {wanted} using type {given}"),
            ),
            (Problem::Types, Conversion::Return) => (
                Code::IncompatibleTypes,
                format!("incompatible types when returning type {given} but {wanted} was expected"),
            ),
            (Problem::Types, Conversion::Argument(number, _)) => {
                (Code::IncompatibleArgument, format!("incompatible type for argument {number} of {function}"))
            }
            (Problem::OtherPointer, _) => {
                let what = match conversion {
                    Conversion::Assignment => {
                        format!("assignment to {wanted} from incompatible pointer type {given}")
                    }
                    Conversion::Initialization => {
                        format!("initialization of {wanted} from incompatible pointer type {given}")
                    }
                    Conversion::Return => {
                        format!("returning {given} from a function with incompatible return type {wanted}")
                    }
                    Conversion::Argument(number, _) => {
                        format!("passing argument {number} of {function} from incompatible pointer type")
                    }
                };
                (Code::PointerTypes, what)
            }
            (Problem::Qualifiers(lost), _) => {
                let word = if lost & qualifier::CONST != 0 { "const" } else { "volatile" };
                let what = match conversion {
                    Conversion::Assignment => String::from("assignment"),
                    Conversion::Initialization => String::from("initialization"),
                    Conversion::Return => String::from("return"),
                    Conversion::Argument(number, _) => format!("passing argument {number} of {function}"),
                };
                (
                    Code::DiscardedQualifiers,
                    format!("{what} discards '{word}' qualifier from pointer target type"),
                )
            }
            (Problem::IntegerFromPointer | Problem::PointerFromInteger, _) => {
                let makes = match problem {
                    Problem::IntegerFromPointer => "makes integer from pointer without a cast",
                    _ => "makes pointer from integer without a cast",
                };
                let what = match conversion {
                    Conversion::Assignment => format!("assignment to {wanted} from {given} {makes}"),
                    Conversion::Initialization => format!("initialization of {wanted} from {given} {makes}"),
                    Conversion::Return => {
                        format!("returning {given} from a function with return type {wanted} {makes}")
                    }
                    Conversion::Argument(number, _) => {
                        format!("passing argument {number} of {function} {makes}")
                    }
                };
                (Code::IntConversion, what)
            }
        };
        self.complain(code, pos, message);
    }

    /// Whether an object of type `ty` may be written: neither it nor a part of it is `const`.
    pub fn is_writable(&self, ty: Ty) -> bool {
        if ty.qualifiers() & qualifier::CONST != 0 {
            return false;
        }
        match self.unit.types.record(ty) {
            Some(record) => record.fields.iter().all(|field| self.is_writable(self.innermost(field.ty))),
            None => true,
        }
    }

    /// Reports a write to an object that is not writable; `what` is done to it.
    pub fn require_writable(&mut self, operand: Operand, pos: Pos, what: &str) {
        if operand.is_error() || self.is_writable(operand.ty) {
            return;
        }
        let message = if operand.ty.qualifiers() & qualifier::CONST != 0 {
            format!("{what} of read-only location")
        } else {
            format!("{what} of an object with a read-only member")
        };
        self.complain(Code::ReadOnly, pos, message);
    }
}
