//! Operators with one operand, `sizeof`, and casts.

use super::checker::Checker;
use super::operand::{Operand, Value, convert};
use super::types::{Len, Ty, Type};
use crate::diagnostics::Code;
use crate::memory::Region;
use crate::parse::Source;
use crate::parse::tree::{Basic, Expr, TypeName, Unary};
use crate::source::Pos;

impl<'t, 'r, T: Source, U: Region<'r>, R: Region<'t>> Checker<'_, 't, 'r, T, U, R> {
    pub fn unary(&mut self, op: Unary, pos: Pos, expression: &'t Expr<'t>) -> Operand {
        let operand = self.expression(expression);
        if operand.is_error() {
            return match op {
                Unary::Not => Operand::of(Ty::INT),
                Unary::Sizeof | Unary::Alignof => Operand::of(Ty::SIZE),
                _ => Operand::ERROR,
            };
        }
        match op {
            Unary::Sizeof if operand.width.is_some() => {
                self.complain(Code::BitFieldUse, pos, String::from("'sizeof' applied to a bit-field"));
                Operand::of(Ty::SIZE)
            }
            Unary::Sizeof => self.size_of(operand.ty, pos, "sizeof"),
            Unary::Alignof => self.align_of(operand.ty, pos),
            Unary::Address => self.address(pos, operand),
            Unary::Dereference => self.dereference(pos, operand),
            Unary::PreIncrement | Unary::PreDecrement | Unary::PostIncrement | Unary::PostDecrement => {
                if !operand.is_lvalue {
                    let is_increment = matches!(op, Unary::PreIncrement | Unary::PostIncrement);
                    let what = if is_increment { "increment" } else { "decrement" };
                    self.complain(Code::NotAssignable, pos, format!("lvalue required as {what} operand"));
                    return Operand::ERROR;
                }
                Operand::of(operand.ty.plain())
            }
            _ => self.arithmetic_unary(op, pos, operand),
        }
    }

    fn arithmetic_unary(&mut self, op: Unary, pos: Pos, operand: Operand) -> Operand {
        let operand = self.decayed(operand);
        if matches!(self.get(operand.ty), Type::Vector(..)) {
            return Operand::of(operand.ty.plain());
        }
        let arithmetic = self.unit.types.arithmetic(operand.ty);
        let what = match (op, arithmetic) {
            (Unary::Not, _) if arithmetic.is_some() || self.unit.types.pointee(operand.ty).is_some() => {
                let value = operand.truth().map_or(Value::Unknown, |truth| Value::Int(i128::from(!truth)));
                return Operand::constant(Ty::INT, value);
            }
            (Unary::Plus | Unary::Minus, Some(basic)) => {
                let basic = basic.promoted();
                let value = match (convert(&self.unit.types, operand.value, Ty::of(basic)), op) {
                    (Value::Int(value), Unary::Minus) => Value::Int(basic.wrap(value.wrapping_neg())),
                    (Value::Float(value), Unary::Minus) => Value::Float(-value),
                    (value, _) => value,
                };
                return Operand::constant(Ty::of(basic), value);
            }
            (Unary::Complement, Some(basic))
                if basic.is_integer() || basic.rank() > Basic::Float128.rank() =>
            {
                let basic = basic.promoted();
                let value = operand.int().map_or(Value::Unknown, |value| Value::Int(basic.wrap(!value)));
                return Operand::constant(Ty::of(basic), value);
            }
            (Unary::Real | Unary::Imag, Some(basic)) => {
                let part = match basic {
                    Basic::ComplexFloat => Basic::Float,
                    Basic::ComplexDouble => Basic::Double,
                    Basic::ComplexLongDouble => Basic::LongDouble,
                    other => other,
                };
                return Operand { is_lvalue: true, ..Operand::of(Ty::of(part)) };
            }
            (Unary::Not, _) => "unary exclamation mark",
            (Unary::Plus, _) => "unary plus",
            (Unary::Minus, _) => "unary minus",
            (Unary::Complement, _) => "bit-complement",
            (Unary::Real, _) => "__real",
            _ => "__imag",
        };
        self.complain(Code::UnaryOperand, pos, format!("wrong type argument to {what}"));
        Operand::ERROR
    }

    fn address(&mut self, pos: Pos, operand: Operand) -> Operand {
        if operand.width.is_some() {
            self.complain(Code::BitFieldUse, pos, String::from("cannot take address of bit-field"));
            return Operand::ERROR;
        }
        if !operand.is_lvalue && !matches!(self.get(operand.ty), Type::Function(_) | Type::Array(..)) {
            self.complain(Code::NotAddressable, pos, String::from("lvalue required as unary '&' operand"));
            return Operand::ERROR;
        }
        let value = match operand.value {
            Value::Place(address) => Value::Int(address),
            _ => Value::Unknown,
        };
        Operand::constant(self.pointer(operand.ty), value)
    }

    fn dereference(&mut self, pos: Pos, operand: Operand) -> Operand {
        let operand = self.decayed(operand);
        match self.unit.types.pointee(operand.ty) {
            Some(to) => {
                let value = operand.int().map_or(Value::Unknown, Value::Place);
                Operand { value, ..Operand::object(to) }
            }
            None => {
                let ty = self.quoted(operand.ty);
                let message = format!("invalid type argument of unary '*' (have {ty})");
                self.complain(Code::NotAPointer, pos, message);
                Operand::ERROR
            }
        }
    }

    /// `sizeof` a value of `ty`.
    pub fn size_of(&mut self, ty: Ty, pos: Pos, operator: &str) -> Operand {
        match self.unit.types.size(ty) {
            Some(size) => Operand::constant(Ty::SIZE, Value::Int(i128::from(size))),
            None => {
                self.require_complete(ty, pos, operator);
                Operand::of(Ty::SIZE)
            }
        }
    }

    pub fn align_of(&mut self, ty: Ty, pos: Pos) -> Operand {
        self.require_complete(ty, pos, "__alignof__");
        Operand::constant(Ty::SIZE, Value::Int(i128::from(self.unit.types.align(ty))))
    }

    fn require_complete(&mut self, ty: Ty, pos: Pos, operator: &str) {
        let is_incomplete = match self.get(ty) {
            Type::Record(_) | Type::Enum(_) => self.unit.types.size(ty).is_none(),
            Type::Array(_, Len::Unknown) => operator == "sizeof",
            _ => false,
        };
        if is_incomplete {
            let ty = self.quoted(ty);
            let message = format!("invalid application of '{operator}' to incomplete type {ty}");
            self.complain(Code::IncompleteType, pos, message);
        }
    }

    pub fn cast(&mut self, pos: Pos, name: &'t TypeName<'t>, operand: &'t Expr<'t>) -> Operand {
        let ty = self.type_name(name);
        let operand = self.value_of(operand);
        if operand.is_error() || ty.plain() == Ty::ERROR {
            return Operand::of(ty);
        }
        match self.get(ty) {
            Type::Array(..) => {
                self.complain(Code::BadCast, pos, String::from("cast specifies array type"));
                return Operand::ERROR;
            }
            Type::Function(_) => {
                self.complain(Code::BadCast, pos, String::from("cast specifies function type"));
                return Operand::ERROR;
            }
            Type::Record(number) => {
                let is_struct = self.unit.types.records.as_slice()[number as usize].kind
                    == crate::parse::tree::TagKind::Struct;
                if is_struct && operand.ty.plain() != ty.plain() {
                    self.complain(
                        Code::BadCast,
                        pos,
                        String::from("conversion to non-scalar type requested"),
                    );
                    return Operand::ERROR;
                }
                return Operand::of(ty.plain());
            }
            _ => {}
        }
        Operand::constant(ty.plain(), convert(&self.unit.types, operand.value, ty))
    }
}
