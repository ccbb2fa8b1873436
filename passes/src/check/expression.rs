//! The types of expressions, and the values of those that are constant.

use super::checker::{Barrier, Checker};
use super::declare::Aligned;
use super::operand::{Operand, Value};
use super::record::enumerator_value;
use super::types::{Len, Signature, Ty, Type};
use crate::diagnostics::Code;
use crate::memory::{GrowVec, Region};
use crate::parse::Source;
use crate::parse::tree::{
    Association, Entity, EntityKind, Expr, Statement, StringLiteral, linkage, qualifier,
};
use crate::source::Pos;

/// Associations of a `_Generic` that one is compared with: the last before it.
const ASSOCIATIONS_COMPARED: usize = 256;

impl<'t, 'r, T: Source, U: Region<'r>, R: Region<'t>> Checker<'_, 't, 'r, T, U, R> {
    /// Checks an expression.
    ///
    /// Operators that group from the left make a row of any length, which is walked without going deeper.
    #[inline]
    pub fn expression(&mut self, expression: &'t Expr<'t>) -> Operand {
        match *expression {
            Expr::Binary { .. } => self.row(expression),
            _ => self.no_binary(expression),
        }
    }

    fn row(&mut self, expression: &'t Expr<'t>) -> Operand {
        let start = self.spine.len();
        let mut at = expression;
        while let Expr::Binary { op, pos, operands } = *at {
            self.spine.push(self.scratch, (op, pos, &operands[1]));
            at = &operands[0];
        }
        let mut left = self.no_binary(at);
        while self.spine.len() > start {
            let Some((op, pos, right)) = self.spine.pop() else { break };
            let value = self.expression(right);
            self.right = Some(right);
            left = self.binary(op, pos, left, value);
        }
        left
    }

    /// The value of an expression: arrays and functions become pointers, objects what is in them.
    pub fn value_of(&mut self, expression: &'t Expr<'t>) -> Operand {
        let operand = self.expression(expression);
        self.decayed(operand)
    }

    /// The value of `operand`.
    #[inline]
    pub fn decayed(&mut self, operand: Operand) -> Operand {
        match self.get(operand.ty) {
            Type::Array(..) | Type::Function(_) => self.address_of(operand),
            _ if operand.is_lvalue => operand.loaded(),
            _ => operand,
        }
    }

    /// The pointer that an array or a function becomes.
    #[inline(never)]
    fn address_of(&mut self, operand: Operand) -> Operand {
        let to = match self.get(operand.ty) {
            Type::Array(of, _) => of,
            _ => operand.ty,
        };
        Operand::constant(self.pointer(to), operand.value.address())
    }

    /// Checks what is no [`Expr::Binary`]. Names and numbers, which most are, do without the deep frame that the others need.
    fn no_binary(&mut self, expression: &'t Expr<'t>) -> Operand {
        match *expression {
            Expr::Int { ty, value, .. } => {
                let ty = ty.basic();
                let value = if ty.is_unsigned() { i128::from(value) } else { i128::from(value as i64) };
                Operand::constant(Ty::of(ty), Value::Int(value))
            }
            Expr::Name { entity, pos } => self.name_used(entity, pos),
            _ => self.operation(expression),
        }
    }

    #[inline(never)]
    fn operation(&mut self, expression: &'t Expr<'t>) -> Operand {
        match *expression {
            Expr::Float { ty, value, .. } => {
                let is_real = !ty.is_complex();
                Operand::constant(Ty::of(ty), if is_real { Value::Float(value) } else { Value::Constant })
            }
            Expr::String { literal, .. } => {
                Operand { value: Value::Fixed, ..Operand::object(self.string_type(literal)) }
            }
            Expr::FunctionName { .. } => {
                let of = Ty::CHAR.with(qualifier::CONST);
                let len = self.source.text(self.function.name).len() as u64 + 1;
                let array = self.intern(Type::Array(of, Len::Known(len)));
                Operand { value: Value::Fixed, ..Operand::object(array) }
            }
            Expr::Unary { op, pos, operand } => self.unary(op, pos, operand),
            Expr::Conditional { pos, parts: [condition, then, otherwise] } => {
                let condition = self.condition(condition, pos);
                let then = self.value_of(then);
                let otherwise = match otherwise {
                    Expr::Conditional { .. } => self.choices(otherwise),
                    _ => self.value_of(otherwise),
                };
                self.conditional(pos, condition, then, otherwise)
            }
            Expr::Call { parts, .. } => self.call(parts),
            Expr::Member { through_pointer, pos, access } => {
                match self.resolved_member(through_pointer, pos, access) {
                    Some((record, field)) => self.member_object(record, field),
                    None => Operand::ERROR,
                }
            }
            Expr::Cast { pos, parts: (name, operand) } => self.cast(pos, name, operand),
            Expr::CompoundLiteral { pos, parts: (name, list) } => {
                let ty = self.type_name(name);
                // Outside of functions it is there as long as the program runs.
                if self.is_variable_sized(ty) {
                    let message = String::from("compound literal has variable size");
                    self.complain(Code::InvalidInitializer, pos, message);
                    return Operand::ERROR;
                }
                if self.is_incomplete(ty) {
                    let (ty, pos) = (self.quoted(ty), list.pos());
                    self.complain(Code::IncompleteType, pos, format!("invalid use of undefined type {ty}"));
                    return Operand::ERROR;
                }
                let is_static = self.result.is_none();
                let ty = self.initialize_apart(is_static, ty, list);
                let value = if is_static { Value::Object } else { Value::Unknown };
                Operand { value, ..Operand::object(ty) }
            }
            Expr::SizeofType { pos, of } => {
                let ty = self.type_name(of);
                self.size_of(ty, pos, "sizeof")
            }
            Expr::AlignofType { pos, of } => {
                let Aligned { ty, align, .. } = self.aligned_type_name(of);
                self.align_of(ty, align, pos)
            }
            Expr::Statements { block, .. } => {
                let barrier = self.function.barrier;
                self.function.enter(self.scratch, Barrier::Statements);
                self.block(block);
                self.function.barrier = barrier;
                match block.statements.last() {
                    Some(Statement::Expression(_)) => self.last_value,
                    _ => Operand::of(Ty::VOID),
                }
            }
            Expr::LabelAddress { pos, label } => {
                self.function.jumps.push(self.scratch, (self.function.label(label), pos, None));
                Operand::constant(self.pointer(Ty::VOID), Value::Address)
            }
            Expr::Generic { parts: (selector, associations), .. } => {
                match self.selected(selector, associations) {
                    Some(value) => self.expression(value),
                    None => Operand::ERROR,
                }
            }
            Expr::VaArg { pos, parts: (name, list) } => {
                let list_pos = list.start();
                let list = self.expression(list);
                let ty = self.type_name(name);
                if !list.is_error() && self.unit.types.arithmetic(list.ty).is_some() {
                    let message = String::from("first argument to 'va_arg' not of type 'va_list'");
                    self.complain(Code::BuiltinArgument, list_pos, message);
                }
                if matches!(self.get(ty), Type::Function(_)) {
                    let ty = self.quoted(ty);
                    let message = format!("second argument to 'va_arg' is a function type {ty}");
                    self.complain(Code::BuiltinArgument, pos, message);
                    return Operand::ERROR;
                }
                if self.is_incomplete(ty) || self.is_void(ty) {
                    let ty = self.quoted(ty);
                    let message = format!("second argument to 'va_arg' is of incomplete type {ty}");
                    self.complain(Code::IncompleteType, pos, message);
                    return Operand::ERROR;
                }
                Operand::of(ty)
            }
            Expr::Offsetof { pos, parts: (name, path) } => self.offset_of(pos, name, path),
            Expr::TypesCompatible { types: (first, second), .. } => {
                let (first, second) = (self.type_name(first), self.type_name(second));
                let same = self.compatible_as_choices(first.plain(), second.plain());
                Operand::constant(Ty::INT, Value::Int(i128::from(same)))
            }
            Expr::Choose { pos, parts: [condition, then, otherwise] } => {
                let condition = self.expression(condition);
                if condition.truth().is_none() && !condition.is_error() {
                    let message = String::from("first argument to '__builtin_choose_expr' not a constant");
                    self.complain(Code::NotConstant, pos, message);
                }
                let (then, otherwise) = (self.expression(then), self.expression(otherwise));
                if condition.truth() == Some(false) { otherwise } else { then }
            }
            Expr::ConvertVector { pos, parts: (name, value) } => {
                let value = self.value_of(value);
                let ty = self.type_name(name);
                self.converted_vector(pos, value, ty)
            }
            // These do not come here: they have places of their own above.
            Expr::Int { .. } | Expr::Name { .. } | Expr::Binary { .. } => self.expression(expression),
            Expr::List { .. } | Expr::Designated { .. } | Expr::Error { .. } => Operand::ERROR,
        }
    }

    /// The value of the rest of a chain, `a ? b : c ? d : e`, which is walked without going deeper.
    #[inline(never)]
    fn choices(&mut self, first: &'t Expr<'t>) -> Operand {
        let mut chain: GrowVec<'t, (Pos, Operand, Operand)> = GrowVec::new();
        let mut at = first;
        while let Expr::Conditional { pos, parts: [condition, then, otherwise] } = at {
            let choice = (*pos, self.condition(condition, *pos), self.value_of(then));
            chain.push(self.scratch, choice);
            at = otherwise;
        }
        let mut value = self.value_of(at);
        while let Some((pos, condition, then)) = chain.pop() {
            let choice = self.conditional(pos, condition, then, value);
            value = self.decayed(choice);
        }
        value
    }

    /// Which of `associations` `_Generic` chooses; the others are checked here, it is not.
    pub fn selected(
        &mut self,
        selector: &'t Expr<'t>,
        associations: &'t [Association<'t>],
    ) -> Option<&'t Expr<'t>> {
        let selector_pos = selector.start();
        let selector = self.value_of(selector);
        let wanted = selector.ty.plain();
        let mut chosen: Option<&'t Expr<'t>> = None;
        let mut seen: GrowVec<'t, Ty> = GrowVec::new();
        let mut has_default = false;
        for association in associations {
            let ty = association.ty.map(|name| self.type_name(name));
            match ty {
                Some(ty) => {
                    self.check_association(ty, seen.as_slice(), association.pos);
                    seen.push(self.scratch, ty);
                }
                None if has_default => {
                    let message = String::from("duplicate 'default' case in '_Generic'");
                    self.complain(Code::GenericSelector, association.pos, message);
                }
                None => has_default = true,
            }
            let fits = match ty {
                None => chosen.is_none(),
                Some(ty) => self.compatible_as_choices(ty, wanted),
            };
            let left_out = if fits { chosen.replace(&association.value) } else { Some(&association.value) };
            if let Some(left_out) = left_out {
                self.expression(left_out);
            }
        }
        if chosen.is_none() && !selector.is_error() {
            let ty = self.quoted(wanted);
            let message = format!("'_Generic' selector of type {ty} is not compatible with any association");
            self.complain(Code::GenericSelector, selector_pos, message);
        }
        chosen
    }

    /// Reports an association for `ty` that cannot stand behind those for the types `before` it.
    fn check_association(&mut self, ty: Ty, before: &[Ty], pos: Pos) {
        if ty.plain() == Ty::ERROR {
            return;
        }
        let near = &before[before.len().saturating_sub(ASSOCIATIONS_COMPARED)..];
        let message = match self.get(ty) {
            Type::Function(_) => "'_Generic' association has function type",
            _ if self.is_variable_sized(ty) => "'_Generic' association has variable length type",
            _ if self.is_void(ty) || self.unit.types.size(ty).is_none() => {
                "'_Generic' association has incomplete type"
            }
            _ if near.iter().any(|&other| self.compatible_as_choices(other, ty)) => {
                "'_Generic' specifies two compatible types"
            }
            _ => return,
        };
        self.complain(Code::GenericSelector, pos, String::from(message));
    }

    fn string_type(&mut self, literal: &StringLiteral<'_>) -> Ty {
        self.intern(Type::Array(Ty::of(literal.element()), Len::Known(u64::from(literal.units) + 1)))
    }

    fn name_used(&mut self, entity: &'t Entity, pos: Pos) -> Operand {
        self.check_available(entity, pos);
        if self.deduced.is_some_and(|deduced| std::ptr::eq(deduced, entity)) {
            let message = format!("'{}' undeclared", self.shown(entity.name));
            self.complain(Code::Undeclared, pos, message);
            return Operand::ERROR;
        }
        self.name(entity)
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
                Operand { value: Value::Object, ..Operand::object(self.intern(Type::Function(signature))) }
            }
            _ => {
                let is = |bit| entity.linkage.get() & bit != 0;
                let value = match () {
                    () if is(linkage::THREAD) => Value::Unknown,
                    () if entity.kind == EntityKind::Function => Value::Object,
                    () if !is(linkage::STATIC) => Value::Unknown,
                    () if is(linkage::INITIALIZED)
                        && self.innermost(ty).qualifiers() & qualifier::CONST != 0 =>
                    {
                        Value::Fixed
                    }
                    () => Value::Object,
                };
                Operand { value, is_register: is(linkage::REGISTER), ..Operand::object(ty) }
            }
        }
    }

    /// Whether the size of an object of type `ty` is found out when its declaration is reached.
    pub fn is_variable_sized(&self, ty: Ty) -> bool {
        let mut of = ty;
        while let Type::Array(inner, len) = self.get(of) {
            if len == Len::Variable {
                return true;
            }
            of = inner;
        }
        self.unit.types.record(of).is_some_and(|record| record.is_variable)
    }

    /// What the elements of an array of arrays are; of another type, the type.
    pub fn innermost(&self, ty: Ty) -> Ty {
        let mut of = ty;
        while let Type::Array(inner, _) = self.get(of) {
            of = inner;
        }
        of
    }
}
