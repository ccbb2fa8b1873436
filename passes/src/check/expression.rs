//! The types of expressions, and the values of those that are constant.

use super::checker::Checker;
use super::declare::enumerator_value;
use super::operand::{Operand, Value};
use super::types::{Len, Signature, Ty, Type};
use crate::diagnostics::Code;
use crate::memory::Region;
use crate::parse::Source;
use crate::parse::tree::{
    Basic, Encoding, Entity, EntityKind, Expr, IntType, Statement, StringLiteral, qualifier,
};

impl<'t, 'r, T: Source, U: Region<'r>, R: Region<'t>> Checker<'_, 't, 'r, T, U, R> {
    /// Checks an expression.
    ///
    /// Operators that group from the left make a row of any length, which is walked without going deeper.
    pub fn expression(&mut self, expression: &'t Expr<'t>) -> Operand {
        let start = self.spine.len();
        let mut at = expression;
        while let Expr::Binary { op, pos, operands } = *at {
            self.spine.push(self.scratch, (op, pos, &operands[1]));
            at = &operands[0];
        }
        let mut left = self.no_binary(at);
        while self.spine.len() > start {
            let Some((op, pos, right)) = self.spine.pop() else { break };
            let right = self.expression(right);
            left = self.binary(op, pos, left, right);
        }
        left
    }

    /// The value of an expression: arrays and functions become pointers, objects what is in them.
    pub fn value_of(&mut self, expression: &'t Expr<'t>) -> Operand {
        let operand = self.expression(expression);
        self.decayed(operand)
    }

    /// The value of `operand`.
    pub fn decayed(&mut self, operand: Operand) -> Operand {
        match self.get(operand.ty) {
            Type::Array(of, _) => {
                let value = match operand.value {
                    Value::Place(address) => Value::Int(address),
                    _ => Value::Unknown,
                };
                Operand::constant(self.pointer(of), value)
            }
            Type::Function(_) => Operand::constant(self.pointer(operand.ty), Value::Address),
            _ if operand.is_lvalue => Operand { value: Value::Unknown, is_lvalue: false, ..operand },
            _ => operand,
        }
    }

    fn no_binary(&mut self, expression: &'t Expr<'t>) -> Operand {
        match *expression {
            Expr::Int { ty, value, .. } => {
                let ty = integer_type(ty);
                let value = if ty.is_unsigned() { i128::from(value) } else { i128::from(value as i64) };
                Operand::constant(Ty::of(ty), Value::Int(value))
            }
            Expr::Float { ty, value, .. } => {
                let is_real = ty.rank() <= Basic::Float128.rank();
                Operand::constant(Ty::of(ty), if is_real { Value::Float(value) } else { Value::Unknown })
            }
            Expr::String { literal, .. } => Operand::object(self.string_type(literal)),
            Expr::Name { entity, .. } => self.name(entity),
            Expr::FunctionName { .. } => {
                let of = Ty::CHAR.with(qualifier::CONST);
                Operand::object(self.intern(Type::Array(of, Len::Variable)))
            }
            Expr::Unary { op, pos, operand } => self.unary(op, pos, operand),
            Expr::Binary { .. } => self.expression(expression),
            Expr::Conditional { pos, parts: [condition, then, otherwise] } => {
                let condition = self.value_of(condition);
                let (then, otherwise) = (self.value_of(then), self.value_of(otherwise));
                self.conditional(pos, condition, then, otherwise)
            }
            Expr::Call { parts, .. } => self.call(parts),
            Expr::Member { through_pointer, pos, access } => self.member_access(through_pointer, pos, access),
            Expr::Cast { pos, parts: (name, operand) } => self.cast(pos, name, operand),
            Expr::CompoundLiteral { parts: (name, list), .. } => {
                let ty = self.type_name(name);
                Operand::object(self.initialize(ty, list))
            }
            Expr::SizeofType { pos, of } => {
                let ty = self.type_name(of);
                self.size_of(ty, pos, "sizeof")
            }
            Expr::AlignofType { pos, of } => {
                let ty = self.type_name(of);
                self.align_of(ty, pos)
            }
            Expr::Statements { block, .. } => {
                self.block(block);
                match block.statements.last() {
                    Some(Statement::Expression(_)) => self.last_value,
                    _ => Operand::of(Ty::VOID),
                }
            }
            Expr::LabelAddress { pos, label } => {
                self.function.jumps.push(self.scratch, (label, pos));
                Operand::constant(self.pointer(Ty::VOID), Value::Address)
            }
            Expr::Generic { pos, parts: (selector, associations) } => {
                let selector = self.value_of(selector);
                let wanted = selector.ty.plain();
                let mut chosen = None;
                for association in *associations {
                    let value = self.expression(&association.value);
                    let fits = match association.ty {
                        None => chosen.is_none(),
                        Some(name) => {
                            let ty = self.type_name(name);
                            self.compatible(ty, wanted)
                        }
                    };
                    if fits {
                        chosen = Some(value);
                    }
                }
                chosen.unwrap_or_else(|| {
                    if !selector.is_error() {
                        let ty = self.quoted(wanted);
                        let message = format!(
                            "'_Generic' selector of type {ty} is not compatible with any association"
                        );
                        self.complain(Code::GenericSelector, pos, message);
                    }
                    Operand::ERROR
                })
            }
            Expr::VaArg { parts: (name, list), .. } => {
                self.expression(list);
                Operand::of(self.type_name(name))
            }
            Expr::Offsetof { pos, parts: (name, path) } => self.offset_of(pos, name, path),
            Expr::TypesCompatible { types: (first, second), .. } => {
                let (first, second) = (self.type_name(first), self.type_name(second));
                let same = self.compatible(first.plain(), second.plain());
                Operand::constant(Ty::INT, Value::Int(i128::from(same)))
            }
            Expr::Choose { parts: [condition, then, otherwise], .. } => {
                let condition = self.expression(condition);
                let (then, otherwise) = (self.expression(then), self.expression(otherwise));
                if condition.truth() == Some(false) { otherwise } else { then }
            }
            Expr::List { .. } | Expr::Designated { .. } | Expr::Error { .. } => Operand::ERROR,
        }
    }

    fn string_type(&mut self, literal: &StringLiteral<'_>) -> Ty {
        let of = match literal.encoding {
            Encoding::Plain | Encoding::Utf8 => Basic::Char,
            Encoding::Utf16 => Basic::UnsignedShort,
            Encoding::Utf32 => Basic::Unsigned,
            Encoding::Wide => Basic::Int,
        };
        self.intern(Type::Array(Ty::of(of), Len::Known(u64::from(literal.units) + 1)))
    }

    fn name(&mut self, entity: &'t Entity) -> Operand {
        let ty = Ty::of_entity(entity);
        match entity.kind {
            EntityKind::Unknown | EntityKind::Builtin | EntityKind::Typedef => Operand::ERROR,
            EntityKind::Enumerator => Operand::constant(ty, enumerator_value(entity)),
            _ if entity.ty.get() == Entity::NO_TYPE => {
                // Declared by being called, or by an old-style definition that does not say.
                if entity.kind != EntityKind::Function {
                    return Operand::object(Ty::INT);
                }
                let signature =
                    Signature { result: Ty::INT, parameters: &[], is_variadic: false, is_prototype: false };
                Operand::object(self.intern(Type::Function(signature)))
            }
            _ => Operand::object(ty),
        }
    }
}

fn integer_type(ty: IntType) -> Basic {
    match ty {
        IntType::Int => Basic::Int,
        IntType::Unsigned => Basic::Unsigned,
        IntType::Long => Basic::Long,
        IntType::UnsignedLong => Basic::UnsignedLong,
        IntType::LongLong => Basic::LongLong,
        IntType::UnsignedLongLong => Basic::UnsignedLongLong,
        IntType::Char16 => Basic::UnsignedShort,
        IntType::Char32 => Basic::Unsigned,
        IntType::Int128 => Basic::Int128,
    }
}
