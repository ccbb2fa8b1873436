//! Operators with two and three operands.

use super::checker::Checker;
use super::constant;
use super::convert::Conversion;
use super::operand::{Operand, Value, convert};
use super::types::{Len, Ty, Type};
use crate::diagnostics::Code;
use crate::memory::Region;
use crate::parse::Source;
use crate::parse::tree::{Basic, Binary};
use crate::source::Pos;

impl<'t, 'r, T: Source, U: Region<'r>, R: Region<'t>> Checker<'_, 't, 'r, T, U, R> {
    pub fn conditional(
        &mut self,
        pos: Pos,
        condition: Operand,
        then: Operand,
        otherwise: Operand,
    ) -> Operand {
        if then.is_error() || otherwise.is_error() {
            return Operand::ERROR;
        }
        let ty = match (then.arithmetic(&self.unit.types), otherwise.arithmetic(&self.unit.types)) {
            (Some(a), Some(b)) => Ty::of(a.common(b)),
            _ => match self.meeting_type(then, otherwise) {
                Some(ty) => ty,
                None => {
                    let message = String::from("type mismatch in conditional expression");
                    self.complain(Code::ConditionalMismatch, pos, message);
                    return Operand::ERROR;
                }
            },
        };
        let value = match condition.truth() {
            Some(truth) => convert(&self.unit.types, if truth { then.value } else { otherwise.value }, ty),
            None if condition.value.is_constant()
                && then.value.is_constant()
                && otherwise.value.is_constant() =>
            {
                Value::Constant
            }
            None => Value::Unknown,
        };
        Operand::constant(ty, value)
    }

    /// The type of `c ? a : b` if one of them is no number.
    fn meeting_type(&mut self, a: Operand, b: Operand) -> Option<Ty> {
        let void = Type::Basic(Basic::Void);
        if self.get(a.ty) == void || self.get(b.ty) == void {
            return Some(Ty::VOID);
        }
        match (self.unit.types.pointee(a.ty), self.unit.types.pointee(b.ty)) {
            (Some(to_a), Some(to_b)) => {
                if self.is_null_pointer(a) {
                    return Some(b.ty.plain());
                }
                if self.is_null_pointer(b) {
                    return Some(a.ty.plain());
                }
                let qualifiers = to_a.qualifiers() | to_b.qualifiers();
                let to = if self.get(to_a) == void {
                    to_a
                } else if self.compatible(to_a.plain(), to_b.plain()) {
                    self.composite(to_a, to_b)
                } else if self.get(to_b) == void {
                    to_b
                } else {
                    Ty::VOID
                };
                Some(self.pointer(to.with(qualifiers)))
            }
            (Some(_), None) if self.unit.types.integer(b.ty).is_some() => Some(a.ty.plain()),
            (None, Some(_)) if self.unit.types.integer(a.ty).is_some() => Some(b.ty.plain()),
            _ => (a.ty.plain() == b.ty.plain() || self.is_vector(a.ty) || self.is_vector(b.ty))
                .then(|| a.ty.plain()),
        }
    }

    /// Whether `ty` is a vector.
    pub fn is_vector(&self, ty: Ty) -> bool {
        matches!(self.get(ty), Type::Vector(..))
    }

    /// Whether it is a zero that stands for no object.
    pub fn is_null_pointer(&self, operand: Operand) -> bool {
        operand.int() == Some(0)
            && (self.unit.types.integer(operand.ty).is_some()
                || self.unit.types.pointee(operand.ty) == Some(Ty::VOID))
    }

    pub fn binary(&mut self, op: Binary, pos: Pos, left: Operand, right: Operand) -> Operand {
        if op == Binary::Comma {
            // In C 90 only an array that is an object becomes a pointer.
            let stays = matches!(self.get(right.ty), Type::Array(..))
                && !right.is_lvalue
                && self.source.standard().version.is_none();
            let right = if stays { right } else { self.decayed(right) };
            return Operand { value: Value::Unknown, ..right };
        }
        if op == Binary::Assign || op.of_assignment().is_some() {
            return self.assign(op, pos, left, right);
        }
        let (a, b) = (self.decayed(left), self.decayed(right));
        if op == Binary::Elvis {
            return self.conditional(pos, a, a, b);
        }
        let is_truth = matches!(op, Binary::LogicalAnd | Binary::LogicalOr)
            || matches!(op, Binary::Less | Binary::Greater | Binary::LessEqual | Binary::GreaterEqual)
            || matches!(op, Binary::Equal | Binary::NotEqual);
        if a.is_error() || b.is_error() {
            return if is_truth { Operand::of(Ty::INT) } else { Operand::ERROR };
        }
        if op == Binary::Index {
            return self.index(pos, left, a, b);
        }
        if matches!(op, Binary::LogicalAnd | Binary::LogicalOr) {
            return self.logical(op, pos, a, b);
        }
        if self.is_vector(a.ty) && self.is_vector(b.ty) && !self.are_alike(a.ty, b.ty, true) {
            return self.invalid_operands(op, pos, a, b);
        }
        if self.is_vector(a.ty) || self.is_vector(b.ty) {
            return Operand::of(if self.is_vector(a.ty) { a.ty.plain() } else { b.ty.plain() });
        }
        let (number_a, number_b) = (a.arithmetic(&self.unit.types), b.arithmetic(&self.unit.types));
        if let (Some(basic_a), Some(basic_b)) = (number_a, number_b) {
            if let Some(operand) = self.arithmetic(op, (a, basic_a), (b, basic_b)) {
                return operand;
            }
            return self.invalid_operands(op, pos, a, b);
        }
        let (to_a, to_b) = (self.unit.types.pointee(a.ty), self.unit.types.pointee(b.ty));
        let is_int = |checker: &Self, operand: Operand| checker.unit.types.integer(operand.ty).is_some();
        match op {
            Binary::Add | Binary::Subtract if to_a.is_some() && is_int(self, b) => {
                self.require_known_target(to_a.unwrap_or(Ty::ERROR), pos);
                self.moved(a, b, if op == Binary::Add { 1 } else { -1 })
            }
            Binary::Add if to_b.is_some() && is_int(self, a) => {
                self.require_known_target(to_b.unwrap_or(Ty::ERROR), pos);
                self.moved(b, a, 1)
            }
            Binary::Subtract if self.are_of_one_array(to_a, to_b) => {
                self.require_known_target(to_a.unwrap_or(Ty::ERROR), pos);
                self.distance(a, b)
            }
            _ if is_truth && (to_a.is_some() || is_int(self, a)) && (to_b.is_some() || is_int(self, b)) => {
                let value = match (a.value, b.value) {
                    (Value::Int(_), Value::Int(_)) => {
                        constant::fold(op, a.value, b.value, Basic::UnsignedLong)
                    }
                    (a, b) if a.is_constant() && b.is_constant() => Value::Constant,
                    _ => Value::Unknown,
                };
                Operand::constant(Ty::INT, value)
            }
            _ => self.invalid_operands(op, pos, a, b),
        }
    }

    fn arithmetic(&mut self, op: Binary, left: (Operand, Basic), right: (Operand, Basic)) -> Option<Operand> {
        let ((a, basic_a), (b, basic_b)) = (left, right);
        let both_integers = basic_a.is_integer() && basic_b.is_integer();
        if matches!(op, Binary::ShiftLeft | Binary::ShiftRight) {
            if !both_integers {
                return None;
            }
            let basic = basic_a.promoted();
            let value = match (a.int(), b.int()) {
                (Some(left), Some(count)) => constant::shift(op, left, count, basic),
                _ => constant::unknown_number(a.value, b.value),
            };
            return Some(Operand::constant(Ty::of(basic), value));
        }
        if matches!(op, Binary::Remainder | Binary::And | Binary::Or | Binary::Xor) && !both_integers {
            return None;
        }
        let basic = basic_a.common(basic_b);
        let is_order =
            matches!(op, Binary::Less | Binary::Greater | Binary::LessEqual | Binary::GreaterEqual);
        if is_order && basic.is_complex() {
            return None;
        }
        let common = Ty::of(basic);
        let left = convert(&self.unit.types, a.value, common);
        let right = convert(&self.unit.types, b.value, common);
        let is_comparison = is_order || matches!(op, Binary::Equal | Binary::NotEqual);
        let value = constant::fold(op, left, right, basic);
        Some(Operand::constant(if is_comparison { Ty::INT } else { common }, value))
    }

    fn logical(&mut self, op: Binary, pos: Pos, a: Operand, b: Operand) -> Operand {
        let is_scalar = |checker: &Self, operand: Operand| {
            checker.unit.types.arithmetic(operand.ty).is_some()
                || checker.unit.types.pointee(operand.ty).is_some()
        };
        if self.is_vector(a.ty) || self.is_vector(b.ty) {
            let message = String::from("used vector type where scalar is required");
            self.complain(Code::NotAScalar, pos, message);
            return Operand::of(Ty::INT);
        }
        if !is_scalar(self, a) || !is_scalar(self, b) {
            return self.invalid_operands(op, pos, a, b);
        }
        // One that is known may settle it.
        let settles = op == Binary::LogicalOr;
        let value = match (a.truth(), b.truth()) {
            (Some(truth), _) if truth == settles => Value::Int(i128::from(settles)),
            (Some(_), Some(truth)) => Value::Int(i128::from(truth)),
            _ if a.value.is_constant() && b.value.is_constant() => Value::Constant,
            _ => Value::Unknown,
        };
        Operand::constant(Ty::INT, value)
    }

    /// Whether pointers to both can be subtracted.
    fn are_of_one_array(&mut self, a: Option<Ty>, b: Option<Ty>) -> bool {
        a.zip(b).is_some_and(|(a, b)| self.is_void(a) && self.is_void(b) || self.same_target_exactly(a, b))
    }

    /// Reports arithmetic on a pointer whose steps have no known size.
    fn require_known_target(&mut self, to: Ty, pos: Pos) {
        if matches!(self.get(to), Type::Array(_, Len::Unknown)) {
            let message = String::from("invalid use of array with unspecified bounds");
            self.complain(Code::IncompleteType, pos, message);
        }
        if self.is_incomplete(self.innermost(to)) {
            let ty = self.quoted(to.plain());
            self.complain(Code::IncompleteType, pos, format!("invalid use of undefined type {ty}"));
        }
    }

    /// A pointer, so many elements further on.
    fn moved(&mut self, pointer: Operand, count: Operand, sign: i128) -> Operand {
        let size = self.unit.types.pointee(pointer.ty).and_then(|to| self.unit.types.size(to)).unwrap_or(1);
        let value = match (pointer.value, count.value) {
            (Value::Int(address), Value::Int(count)) => {
                let moved = address.wrapping_add(count.wrapping_mul(sign * i128::from(size)));
                Value::Int(Basic::UnsignedLong.wrap(moved))
            }
            (Value::Address, Value::Int(_) | Value::Constant) => Value::Address,
            _ => Value::Unknown,
        };
        Operand::constant(pointer.ty.plain(), value)
    }

    fn distance(&mut self, a: Operand, b: Operand) -> Operand {
        let size = self.unit.types.pointee(a.ty).and_then(|to| self.unit.types.size(to)).unwrap_or(1).max(1);
        let value = match (a.value, b.value) {
            (Value::Int(a), Value::Int(b)) => Value::Int(a.wrapping_sub(b) / i128::from(size)),
            (Value::Address, Value::Address) => Value::Constant,
            _ => Value::Unknown,
        };
        Operand::constant(Ty::DIFFERENCE, value)
    }

    fn index(&mut self, pos: Pos, base: Operand, a: Operand, b: Operand) -> Operand {
        if let Type::Vector(of, _) = self.get(base.ty) {
            return Operand::object(of);
        }
        let (pointer, index) = if self.unit.types.pointee(a.ty).is_some() { (a, b) } else { (b, a) };
        let Some(to) = self.unit.types.pointee(pointer.ty) else {
            let message = String::from("subscripted value is neither array nor pointer nor vector");
            self.complain(Code::NotAnArray, pos, message);
            return Operand::ERROR;
        };
        if self.unit.types.integer(index.ty).is_none() {
            self.complain(Code::NotAnArray, pos, String::from("array subscript is not an integer"));
            return Operand::ERROR;
        }
        if matches!(self.get(to), Type::Function(_)) {
            self.complain(Code::NotAnArray, pos, String::from("subscripted value is pointer to function"));
            return Operand::ERROR;
        }
        self.require_known_target(to, pos);
        let value = match self.moved(pointer, index, 1).value.target() {
            Value::Object if base.value == Value::Fixed => Value::Fixed,
            value => value,
        };
        // The element of an array is part of it; what a pointer points to is not.
        let is_register = base.is_register && matches!(self.get(base.ty), Type::Array(..));
        Operand { value, is_register, ..Operand::object(to) }
    }

    #[cold]
    fn invalid_operands(&mut self, op: Binary, pos: Pos, a: Operand, b: Operand) -> Operand {
        let (a, b) = (self.quoted(a.ty), self.quoted(b.ty));
        let message = format!("invalid operands to binary {} (have {a} and {b})", spelling(op));
        self.complain(Code::BinaryOperands, pos, message);
        Operand::ERROR
    }

    fn assign(&mut self, op: Binary, pos: Pos, left: Operand, right: Operand) -> Operand {
        let value = self.decayed(right);
        if left.is_error() {
            return Operand::ERROR;
        }
        if matches!(self.get(left.ty), Type::Array(..)) {
            self.complain(Code::NotAssignable, pos, String::from("assignment to expression with array type"));
            return Operand::ERROR;
        }
        if !left.is_lvalue || matches!(self.get(left.ty), Type::Function(_)) {
            let message = String::from("lvalue required as left operand of assignment");
            self.complain(Code::NotAssignable, pos, message);
            return Operand::ERROR;
        }
        self.require_writable(left, pos, "assignment");
        let ty = left.ty.plain();
        match op.of_assignment() {
            Some(op) => {
                self.binary(op, pos, Operand { is_lvalue: false, value: Value::Unknown, ..left }, value);
            }
            None => self.convert(Conversion::Assignment, ty, value, pos),
        }
        Operand { width: left.width, ..Operand::of(ty) }
    }
}

fn spelling(op: Binary) -> &'static str {
    match op {
        Binary::Multiply => "*",
        Binary::Divide => "/",
        Binary::Remainder => "%",
        Binary::Add => "+",
        Binary::Subtract => "-",
        Binary::ShiftLeft => "<<",
        Binary::ShiftRight => ">>",
        Binary::Less => "<",
        Binary::Greater => ">",
        Binary::LessEqual => "<=",
        Binary::GreaterEqual => ">=",
        Binary::Equal => "==",
        Binary::NotEqual => "!=",
        Binary::And => "&",
        Binary::Xor => "^",
        Binary::Or => "|",
        Binary::LogicalAnd => "&&",
        Binary::LogicalOr => "||",
        _ => "operator",
    }
}
