//! Operators with one operand, `sizeof`, and casts.

use super::checker::Checker;
use super::constant;
use super::operand::{Operand, Value, convert};
use super::types::{Len, Ty, Type};
use crate::diagnostics::Code;
use crate::ids::Symbol;
use crate::memory::Region;
use crate::parse::Source;
use crate::parse::tree::{EntityKind, Expr, TagKind, TypeName, Unary};
use crate::source::Pos;

impl<'t, 'r, T: Source, U: Region<'r>, R: Region<'t>> Checker<'_, 't, 'r, T, U, R> {
    pub fn unary(&mut self, op: Unary, pos: Pos, expression: &'t Expr<'t>) -> Operand {
        if op == Unary::Alignof {
            return self.alignment_of(pos, expression);
        }
        let operand = self.expression(expression);
        if operand.is_error() {
            return match op {
                Unary::Not => Operand::of(Ty::INT),
                _ => Operand::ERROR,
            };
        }
        match op {
            Unary::Sizeof if operand.is_bit_field(expression) => {
                let message = String::from("'sizeof' applied to a bit-field");
                self.complain(Code::BitFieldUse, expression.start(), message);
                Operand::ERROR
            }
            Unary::Sizeof => self.size_of(operand.ty, expression.pos(), "sizeof"),
            Unary::Address => self.address(pos, operand, expression),
            Unary::Dereference => self.dereference(pos, operand),
            Unary::PreIncrement | Unary::PreDecrement | Unary::PostIncrement | Unary::PostDecrement => {
                if !operand.is_lvalue {
                    let is_increment = matches!(op, Unary::PreIncrement | Unary::PostIncrement);
                    let what = if is_increment { "increment" } else { "decrement" };
                    self.complain(Code::NotAssignable, pos, format!("lvalue required as {what} operand"));
                    return Operand::ERROR;
                }
                self.step(op, pos, operand)
            }
            _ => self.arithmetic_unary(op, pos, operand),
        }
    }

    fn arithmetic_unary(&mut self, op: Unary, pos: Pos, operand: Operand) -> Operand {
        let operand = self.decayed(operand);
        if let Type::Vector(of, _) = self.get(operand.ty) {
            let problem = match op {
                Unary::Not => Some("unary exclamation mark"),
                Unary::Complement if self.unit.types.integer(of).is_none() => Some("bit-complement"),
                _ => None,
            };
            if let Some(what) = problem {
                self.complain(Code::UnaryOperand, pos, format!("wrong type argument to {what}"));
                return Operand::ERROR;
            }
            return Operand::of(operand.ty.plain());
        }
        let arithmetic = operand.arithmetic(&self.unit.types);
        let what = match (op, arithmetic) {
            (Unary::Not, _) if arithmetic.is_some() || self.unit.types.pointee(operand.ty).is_some() => {
                let value = match operand.truth() {
                    Some(truth) => Value::Int(i128::from(!truth)),
                    None => constant::unknown_number(operand.value, operand.value),
                };
                return Operand::constant(Ty::INT, value);
            }
            (Unary::Plus | Unary::Minus, Some(basic)) => {
                let basic = basic.promoted();
                let value = match (convert(&self.unit.types, operand.value, Ty::of(basic)), op) {
                    (Value::Int(value), Unary::Minus) => Value::Int(basic.wrap(value.wrapping_neg())),
                    (Value::Float(value), Unary::Minus) => Value::Float(-value),
                    (Value::Address, Unary::Minus) => Value::Unknown,
                    (value, _) => value,
                };
                return Operand::constant(Ty::of(basic), value);
            }
            (Unary::Complement, Some(basic)) if basic.is_integer() || basic.is_complex() => {
                let basic = basic.promoted();
                let value = match operand.value {
                    Value::Int(value) => Value::Int(basic.wrap(!value)),
                    value => constant::unknown_number(value, value),
                };
                return Operand::constant(Ty::of(basic), value);
            }
            (Unary::Real | Unary::Imag, Some(basic)) => {
                let is_part = basic.is_complex() || op == Unary::Real;
                // The part of an object is one, too, from which the value is taken later.
                let value = match operand.value.is_constant() {
                    true if is_part => Value::Fixed,
                    true => Value::Constant,
                    false => Value::Unknown,
                };
                return Operand { is_lvalue: is_part, ..Operand::constant(Ty::of(basic.part()), value) };
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

    /// `++` and `--`.
    fn step(&mut self, op: Unary, pos: Pos, operand: Operand) -> Operand {
        let is_increment = matches!(op, Unary::PreIncrement | Unary::PostIncrement);
        let what = if is_increment { "increment" } else { "decrement" };
        self.require_writable(operand, pos, what);
        let is_number = self.unit.types.arithmetic(operand.ty).is_some();
        if let Some(to) = self.unit.types.pointee(operand.ty) {
            if self.is_incomplete(to) || matches!(self.get(to), Type::Array(_, Len::Unknown)) {
                let ty = self.quoted(to);
                let message = format!("{what} of pointer to an incomplete type {ty}");
                self.complain(Code::IncompleteType, pos, message);
            }
        } else if !is_number && !self.is_vector(operand.ty) {
            self.complain(Code::UnaryOperand, pos, format!("wrong type argument to {what}"));
            return Operand::ERROR;
        }
        Operand { width: operand.width, ..Operand::of(operand.ty.plain()) }
    }

    /// Whether `ty` is a record or enumeration whose members are not known yet.
    pub fn is_incomplete(&self, ty: Ty) -> bool {
        matches!(self.get(ty), Type::Record(_) | Type::Enum(_)) && self.unit.types.size(ty).is_none()
    }

    fn address(&mut self, pos: Pos, operand: Operand, expression: &Expr<'_>) -> Operand {
        if operand.is_bit_field(expression) {
            self.complain(Code::BitFieldUse, pos, String::from("cannot take address of bit-field"));
            return Operand::ERROR;
        }
        if !operand.is_lvalue && !matches!(self.get(operand.ty), Type::Function(_) | Type::Array(..)) {
            self.complain(Code::NotAddressable, pos, String::from("lvalue required as unary '&' operand"));
            return Operand::ERROR;
        }
        if operand.is_register {
            self.complain(Code::RegisterAddress, pos, String::from("address of register variable requested"));
        }
        Operand::constant(self.pointer(operand.ty), operand.value.address())
    }

    fn dereference(&mut self, pos: Pos, operand: Operand) -> Operand {
        let operand = self.decayed(operand);
        match self.unit.types.pointee(operand.ty) {
            Some(to) => Operand { value: operand.value.target(), ..Operand::object(to) },
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
            None if ty.plain() == Ty::ERROR || !self.require_complete(ty, pos, operator) => Operand::ERROR,
            None => Operand::of(Ty::SIZE),
        }
    }

    /// The alignment of `ty`, or `asked`, unless that is 0.
    pub fn align_of(&mut self, ty: Ty, asked: u64, pos: Pos) -> Operand {
        if ty.plain() == Ty::ERROR || !self.require_complete(ty, pos, "__alignof__") {
            return Operand::ERROR;
        }
        let align = if asked == 0 { self.unit.types.align(ty) } else { asked };
        Operand::constant(Ty::SIZE, Value::Int(i128::from(align)))
    }

    /// The alignment of `expression`: what the object or member it names was given, or that of its type.
    fn alignment_of(&mut self, pos: Pos, expression: &'t Expr<'t>) -> Operand {
        let (operand, asked) = match *expression {
            Expr::Member { through_pointer, pos, access } => {
                let Some((record, field)) = self.resolved_member(through_pointer, pos, access) else {
                    return Operand::ERROR;
                };
                (self.member_object(record, field), 1 << field.align_log2)
            }
            Expr::Name { entity, .. } if entity.kind == EntityKind::Object => {
                (self.expression(expression), entity.value.get() as u64)
            }
            _ => (self.expression(expression), 0),
        };
        if operand.is_error() {
            return Operand::ERROR;
        }
        if operand.is_bit_field(expression) {
            self.complain(Code::BitFieldUse, pos, String::from("'__alignof' applied to a bit-field"));
            return Operand::ERROR;
        }
        self.align_of(operand.ty, asked, pos)
    }

    /// Whether `ty` is complete enough for `operator`; if it is not, that is reported.
    fn require_complete(&mut self, ty: Ty, pos: Pos, operator: &str) -> bool {
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
        !is_incomplete
    }

    pub fn cast(&mut self, pos: Pos, name: &'t TypeName<'t>, expression: &'t Expr<'t>) -> Operand {
        let ty = self.type_name(name);
        let operand = self.value_of(expression);
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
            Type::Record(_) | Type::Enum(_) if self.is_incomplete(ty) => {
                let message = String::from("conversion to incomplete type");
                self.complain(Code::BadCast, expression.pos(), message);
                return Operand::ERROR;
            }
            Type::Record(number) => {
                let record = self.unit.types.records.as_slice()[number as usize];
                let is_member = |field: &super::types::Field| {
                    let is_padding = field.name == Symbol::EMPTY && field.bits.is_some();
                    !is_padding && self.compatible(field.ty.plain(), operand.ty.plain())
                };
                if record.kind == TagKind::Union
                    && operand.ty.plain() != ty.plain()
                    && !record.fields.iter().any(is_member)
                {
                    let message = String::from("cast to union type from type not present in union");
                    self.complain(Code::BadCast, pos, message);
                    return Operand::ERROR;
                }
                if record.kind == TagKind::Struct && operand.ty.plain() != ty.plain() {
                    self.complain(
                        Code::BadCast,
                        expression.pos(),
                        String::from("conversion to non-scalar type requested"),
                    );
                    return Operand::ERROR;
                }
                let is_constant = record.kind == TagKind::Union && operand.value.is_constant();
                let value = if is_constant { Value::Constant } else { Value::Unknown };
                return Operand::constant(ty.plain(), value);
            }
            _ => {}
        }
        if self.is_vector(ty)
            && self.is_vector(operand.ty)
            && self.unit.types.size(ty) != self.unit.types.size(operand.ty)
        {
            let (to, from) = (self.quoted(ty.plain()), self.quoted(operand.ty.plain()));
            let message =
                format!("cannot convert a vector of type {from} to type {to} which has different size");
            self.complain(Code::BadCast, pos, message);
            return Operand::ERROR;
        }
        if let Some(message) = self.cast_problem(ty, operand.ty) {
            self.complain(Code::BadCast, pos, String::from(message));
            return Operand::ERROR;
        }
        Operand::constant(ty.plain(), convert(&self.unit.types, operand.value, ty))
    }

    /// Why a value of type `from` cannot be cast to `to`, which is no record.
    fn cast_problem(&self, to: Ty, from: Ty) -> Option<&'static str> {
        let is_float = |ty: Ty| self.unit.types.arithmetic(ty).is_some_and(|basic| !basic.is_integer());
        let is_integer = |ty: Ty| self.unit.types.integer(ty).is_some();
        let is_pointer = |ty: Ty| self.unit.types.pointee(ty).is_some();
        if self.unit.types.record(from).is_some() {
            return match () {
                () if is_integer(to) => Some("aggregate value used where an integer was expected"),
                () if is_float(to) => Some("aggregate value used where a floating-point was expected"),
                () if is_pointer(to) => Some("cannot convert to a pointer type"),
                () => None,
            };
        }
        if is_pointer(to) && is_float(from) {
            return Some("cannot convert to a pointer type");
        }
        if is_float(to) && is_pointer(from) {
            return Some("pointer value used where a floating-point was expected");
        }
        (self.is_void(from) && !self.is_void(to)).then_some("invalid use of void expression")
    }
}
