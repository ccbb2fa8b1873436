//! Functions and their statements.

use super::attribute::{says, says_unavailable};
use super::checker::{Barrier, Checker, FunctionState, Label};
use super::convert::Conversion;
use super::operand::Operand;
use super::types::{Ty, Type};
use crate::diagnostics::Code;
use crate::ids::Symbol;
use crate::memory::{GrowVec, Region};
use crate::parse::Source;
use crate::parse::tree::{
    Attribute, Basic, Block, Declaration, Derivation, Entity, Expr, FunctionDefinition, Parameters,
    Statement, Storage, TypeSpecifier, flag, linkage,
};
use crate::source::Pos;

impl<'t, 'r, T: Source, U: Region<'r>, R: Region<'t>> Checker<'_, 't, 'r, T, U, R> {
    /// Checks a function with its body.
    pub fn function_definition(&mut self, definition: &'t FunctionDefinition<'t>) {
        let declarator = &definition.declarator;
        let entity = declarator.entity;
        let outer_unavailable = self.is_unavailable;
        self.is_unavailable |= says_unavailable(definition.specifiers, declarator);
        if matches!(definition.specifiers.base, TypeSpecifier::Auto) {
            let message = String::from("'__auto_type' requires an initialized data declaration");
            self.complain(Code::InvalidInitializer, definition.start, message);
        }
        (self.at, self.name_at) = (definition.start, declarator.pos);
        let base = self.base(definition.specifiers);
        let named = Some((entity.name, declarator.pos));
        let ty = self.derive(base.ty, declarator.derivations, named, self.nesting == 0);
        for declaration in definition.old_style.as_slice() {
            if let Declaration::Names { specifiers, declarators, .. } = **declaration {
                let base = self.base(specifiers);
                for declarator in declarators {
                    let ty = self.derive(base.ty, declarator.derivations, None, false);
                    let ty = self.adjusted(ty, declarator.derivations);
                    if declarator.entity.ty.get() != Entity::NO_TYPE {
                        let name = self.shown(declarator.entity.name);
                        let message = format!("redefinition of parameter '{name}'");
                        self.complain(Code::ParameterRedefined, declarator.pos, message);
                    }
                    declarator.entity.ty.set(ty.0);
                }
            }
        }
        let is_old_style = matches!(
            declarator.derivations.last(),
            Some(Derivation::Function(shape)) if !matches!(shape.parameters, Parameters::Prototype { .. })
        );
        let is_known = entity.ty.get() != Entity::NO_TYPE;
        let before = Ty::of_entity(entity);
        let is_same =
            !is_known || self.have_one_result(before, ty) && is_old_style || self.compatible(before, ty);
        if is_old_style && is_known && is_same {
            self.check_old_style(definition, before);
        } else {
            let ty = self.redeclared(entity, ty, declarator.pos);
            entity.ty.set(ty.0);
        }
        // One mistake is one error: another type says that it is not meant to be the same function.
        if is_same && entity.linkage.get() & linkage::DEFINED != 0 {
            let name = self.shown(entity.name);
            self.complain(Code::FunctionRedefined, declarator.pos, format!("redefinition of '{name}'"));
            let note = format!("previous definition of '{name}' was here");
            self.note(Code::FunctionRedefined, entity.pos, note);
        }
        let outer_result = self.result;
        self.result = match self.get(ty) {
            Type::Function(signature) if self.is_incomplete(signature.result) => {
                let message = String::from("return type is an incomplete type");
                self.complain(Code::IncompleteType, declarator.pos, message);
                Some(Ty::ERROR)
            }
            Type::Function(signature) => Some(signature.result),
            _ => None,
        };
        self.check_definition(definition.specifiers, entity.name, declarator.pos);
        self.link(definition.specifiers, entity, declarator.pos, ty, self.nesting == 0);
        self.check_attributes(definition.specifiers, declarator, ty, self.nesting == 0);
        // From C99 on such a body is the function's like any other, unless an attribute says that it is not.
        let is_inline_only = definition.specifiers.storage == Storage::Extern
            && definition.specifiers.flags & flag::INLINE != 0
            && (self.source.standard().gnu_inline
                || says(definition.specifiers, declarator, |attribute| {
                    matches!(attribute, Attribute::GnuInline)
                }));
        let now = entity.linkage.get();
        entity.linkage.set(if is_inline_only { now & !linkage::DEFINED } else { now | linkage::DEFINED });
        self.check_parameters(definition.parameters);
        let outer = std::mem::replace(&mut self.function, FunctionState::new(entity.name));
        self.nesting += 1;
        self.block(definition.body);
        self.nesting -= 1;
        let mut inner = std::mem::replace(&mut self.function, outer);
        self.check_labels(&mut inner);
        self.result = outer_result;
        self.is_unavailable = outer_unavailable;
    }

    fn have_one_result(&self, a: Ty, b: Ty) -> bool {
        match (self.get(a), self.get(b)) {
            (Type::Function(a), Type::Function(b)) => self.compatible(a.result.plain(), b.result.plain()),
            _ => false,
        }
    }

    /// Compares the parameters of an old-style definition with the prototype before it, if `known` is one.
    fn check_old_style(&mut self, definition: &FunctionDefinition<'t>, known: Ty) {
        let (entity, pos) = (definition.declarator.entity, definition.declarator.pos);
        let Type::Function(signature) = self.get(known) else { return };
        if !signature.is_prototype {
            return;
        }
        let mut problems: GrowVec<'t, (Pos, Option<Symbol>)> = GrowVec::new();
        if signature.parameters.len() != definition.parameters.len() {
            problems.push(self.scratch, (pos, None));
        } else {
            for (parameter, &wanted) in definition.parameters.iter().zip(signature.parameters) {
                let ty = match parameter.ty.get() {
                    Entity::NO_TYPE => Ty::INT,
                    ty => Ty(ty).plain(),
                };
                let promoted = self.unit.types.arithmetic(ty).map_or(ty, |basic| {
                    Ty::of(if basic == Basic::Float { Basic::Double } else { basic.promoted() })
                });
                if !self.compatible(ty, wanted.plain()) && !self.compatible(promoted, wanted.plain()) {
                    problems.push(self.scratch, (parameter.pos, Some(parameter.name)));
                }
            }
        }
        for &(pos, name) in problems.as_slice() {
            let message = match name {
                Some(name) => format!("argument '{}' doesn't match prototype", self.shown(name)),
                None => String::from("number of arguments doesn't match prototype"),
            };
            self.complain(Code::ConflictingTypes, pos, message);
            // gcc has it for an error, too.
            self.complain(Code::ConflictingTypes, entity.pos, String::from("prototype declaration"));
        }
    }

    /// Reports jumps of `inner` to labels that it does not have, or may not jump to; a nested function may jump to labels of the function
    /// around it.
    fn check_labels(&mut self, inner: &mut FunctionState<'t>) {
        inner.labels.as_mut_slice().sort_unstable();
        self.check_duplicate_labels(inner.labels.as_slice());
        for &(label, pos, from) in inner.jumps.as_slice() {
            if let Ok(at) = inner.labels.as_slice().binary_search_by_key(&label, |&(known, ..)| known) {
                let (.., to) = inner.labels.as_slice()[at];
                if let Some(barrier) = from.and_then(|from| inner.between(from, to)) {
                    self.complain_of_jump(pos, "jump", barrier);
                }
                continue;
            }
            if self.nesting > 0 {
                self.function.jumps.push(self.scratch, (self.function.label(label.0), pos, None));
                continue;
            }
            let message = format!("label '{}' used but not defined", self.shown(label.0));
            self.complain(Code::UndefinedLabel, pos, message);
        }
    }

    /// Reports labels of one name among `labels`, which are in order.
    fn check_duplicate_labels(&mut self, labels: &[(Label, Pos, u32)]) {
        let mut duplicates: GrowVec<'t, (Pos, Pos, Symbol)> = GrowVec::new();
        for same in labels.chunk_by(|a, b| a.0 == b.0) {
            let ((name, _), first, _) = same[0];
            for &(_, pos, _) in &same[1..] {
                duplicates.push(self.scratch, (pos, first, name));
            }
        }
        duplicates.as_mut_slice().sort_unstable();
        for &(pos, first, name) in duplicates.as_slice() {
            let shown = self.shown(name);
            self.complain(Code::DuplicateLabel, pos, format!("duplicate label '{shown}'"));
            self.note(Code::DuplicateLabel, first, format!("previous definition of '{shown}' was here"));
        }
    }

    #[cold]
    fn complain_of_jump(&mut self, pos: Pos, what: &str, barrier: Barrier) {
        let message = match (barrier, what) {
            (Barrier::Statements, "jump") => String::from("jump into statement expression"),
            (Barrier::Statements, _) => String::from("switch jumps into statement expression"),
            (Barrier::Variable, "jump") => {
                String::from("jump into scope of identifier with variably modified type")
            }
            (Barrier::Variable, _) => {
                String::from("switch jumps into scope of identifier with variably modified type")
            }
        };
        self.complain(Code::JumpInto, pos, message);
    }

    /// Checks a block.
    pub fn block(&mut self, block: &'t Block<'t>) {
        let barrier = self.function.barrier;
        self.function.declare_labels(self.scratch, block.labels.as_slice());
        for statement in block.statements {
            self.statement(statement);
        }
        self.function.forget_labels(block.labels.as_slice());
        self.function.barrier = barrier;
    }

    fn statement(&mut self, statement: &'t Statement<'t>) {
        match *statement {
            Statement::Expression(ref value) => {
                let value = self.value_of(value);
                self.last_value = value;
            }
            Statement::Empty { .. } => {}
            Statement::Declaration(declaration) => self.declaration(declaration, false),
            Statement::Block(block) => self.block(block),
            Statement::If { parts: (condition, then), .. } => {
                self.condition(condition, condition.pos());
                self.statement(then);
            }
            Statement::IfElse { mut parts, .. } => loop {
                let (condition, [then, otherwise]) = parts;
                self.condition(condition, condition.pos());
                self.statement(then);
                match otherwise {
                    // A chain of `else if` may be long.
                    Statement::IfElse { parts: next, .. } => parts = next,
                    _ => break self.statement(otherwise),
                }
            },
            Statement::While { parts: (condition, body), .. }
            | Statement::DoWhile { parts: (condition, body), .. } => {
                self.condition(condition, condition.pos());
                self.loop_body(body);
            }
            Statement::For { pos, parts: (first, [condition, step], body) } => {
                let barrier = self.function.barrier;
                self.statement(first);
                if let Statement::Declaration(declaration) = first {
                    self.check_loop_declaration(pos, declaration);
                }
                if let Some(condition) = condition {
                    self.condition(condition, condition.pos());
                }
                if let Some(step) = step {
                    self.expression(step);
                }
                self.loop_body(body);
                self.function.barrier = barrier;
            }
            Statement::Switch { parts: (value, body), .. } => self.switch(value, body),
            Statement::Case { pos, range: (low, high) } => self.case(pos, low, high.as_ref()),
            Statement::Default { pos } => {
                self.check_switch_barrier(pos);
                if self.function.switches == 0 {
                    let message = String::from("'default' label not within a switch statement");
                    self.complain(Code::StrayLabel, pos, message);
                } else if let Some(before) = self.function.default {
                    let message = String::from("multiple default labels in one switch");
                    self.complain(Code::DuplicateDefault, pos, message);
                    let note = String::from("this is the first default label");
                    self.note(Code::DuplicateDefault, before, note);
                } else {
                    self.function.default = Some(pos);
                }
            }
            Statement::Label { pos, label: name } => {
                let label = self.function.label(name);
                let barrier = self.function.barrier;
                self.function.labels.push(self.scratch, (label, pos, barrier));
            }
            Statement::Goto { pos, label } => {
                let barrier = Some(self.function.barrier);
                self.function.jumps.push(self.scratch, (self.function.label(label), pos, barrier));
            }
            Statement::GotoComputed { target, .. } => {
                let target_value = self.value_of(target);
                let is_pointer = self.unit.types.pointee(target_value.ty).is_some();
                if !is_pointer && !target_value.is_error() {
                    let message = String::from("computed goto must be pointer type");
                    self.complain(Code::StrayJump, target.pos(), message);
                }
            }
            Statement::Continue { pos } => {
                if self.function.loops == 0 {
                    self.complain(Code::StrayJump, pos, String::from("continue statement not within a loop"));
                }
            }
            Statement::Break { pos } => {
                if self.function.breaks == 0 {
                    let message = String::from("break statement not within loop or switch");
                    self.complain(Code::StrayJump, pos, message);
                }
            }
            Statement::Return { value, .. } => {
                let Some(value) = value else { return };
                let operand = self.value_of(value);
                self.check_return(operand, value);
            }
            Statement::Asm { parts, pos } => {
                for (index, operand) in parts.operands.iter().enumerate() {
                    let value = self.expression(&operand.value);
                    let constraint = self.source.text(operand.constraint);
                    let is_output = index < parts.outputs as usize && operand.constraint != Symbol::EMPTY;
                    if is_output && !value.is_error() && !constraint.iter().any(|byte| b"=+".contains(byte)) {
                        let message = String::from("output operand constraint lacks '='");
                        self.complain(Code::SyntaxError, pos, message);
                    } else if is_output && !value.is_error() && !value.is_lvalue {
                        let message = String::from("lvalue required in 'asm' statement");
                        self.complain(Code::NotAssignable, operand.value.start(), message);
                    }
                }
                for &label in parts.labels {
                    self.function.jumps.push(self.scratch, (self.function.label(label), pos, None));
                }
            }
        }
    }

    fn check_return(&mut self, value: Operand, expression: &Expr<'_>) {
        let Some(result) = self.result.filter(|result| result.plain() != Ty::VOID) else { return };
        self.convert(Conversion::Return, result, value, expression.place());
    }

    /// Checks what decides, and returns its value; one of a type that cannot is reported at `pos`.
    pub fn condition(&mut self, condition: &'t Expr<'t>, pos: Pos) -> Operand {
        let value = self.value_of(condition);
        if self.is_void(value.ty) {
            let message = String::from("void value not ignored as it ought to be");
            self.complain(Code::VoidValue, condition.place(), message);
        }
        if self.unit.types.record(value.ty).is_some() {
            let ty = self.quoted(value.ty.plain());
            let kind = if ty.starts_with("'union") { "union" } else { "struct" };
            let message = format!("used {kind} type value where scalar is required");
            self.complain(Code::NotAScalar, pos, message);
        }
        if self.is_vector(value.ty) {
            let message = String::from("used vector type where scalar is required");
            self.complain(Code::NotAScalar, pos, message);
        }
        value
    }

    fn loop_body(&mut self, body: &'t Statement<'t>) {
        self.function.loops += 1;
        self.function.breaks += 1;
        self.statement(body);
        self.function.loops -= 1;
        self.function.breaks -= 1;
    }

    fn switch(&mut self, value: &'t Expr<'t>, body: &'t Statement<'t>) {
        let operand = self.value_of(value);
        if !operand.is_error() && self.unit.types.integer(operand.ty).is_none() {
            self.complain(Code::SwitchValue, value.pos(), String::from("switch quantity not an integer"));
        }
        let start = self.function.cases.len();
        self.function.switches += 1;
        self.function.breaks += 1;
        let outer = self.function.default.take();
        let outer_barrier = std::mem::replace(&mut self.function.switch_barrier, self.function.barrier);
        self.statement(body);
        self.function.default = outer;
        self.function.switch_barrier = outer_barrier;
        self.function.switches -= 1;
        self.function.breaks -= 1;
        self.check_cases(start);
        self.function.cases.truncate(start);
    }

    fn check_cases(&mut self, start: usize) {
        let cases = &mut self.function.cases.as_mut_slice()[start..];
        cases.sort_unstable_by_key(|&(low, _, pos)| (low, pos));
        let mut overlaps: GrowVec<'t, (Pos, Pos)> = GrowVec::new();
        for pair in cases.windows(2) {
            if let [(_, before, first), (low, _, second)] = *pair
                && low <= before
            {
                overlaps.push(self.scratch, (first.max(second), first.min(second)));
            }
        }
        overlaps.as_mut_slice().sort_unstable();
        for &(pos, before) in overlaps.as_slice() {
            self.complain(Code::DuplicateCase, pos, String::from("duplicate case value"));
            self.note(Code::DuplicateCase, before, String::from("previously used here"));
        }
    }

    fn check_switch_barrier(&mut self, pos: Pos) {
        let Some(barrier) = self.function.between(self.function.switch_barrier, self.function.barrier) else {
            return;
        };
        if self.function.switches > 0 {
            self.complain_of_jump(pos, "switch", barrier);
        }
    }

    fn case(&mut self, pos: Pos, low: &'t Expr<'t>, high: Option<&'t Expr<'t>>) {
        let first = self.expression(low);
        let last = high.map(|high| self.expression(high));
        if self.function.switches == 0 {
            self.complain(Code::StrayLabel, pos, String::from("case label not within a switch statement"));
            return;
        }
        self.check_switch_barrier(pos);
        let last = last.unwrap_or(first);
        if self.unit.types.pointee(first.ty).or(self.unit.types.pointee(last.ty)).is_some() {
            self.complain(Code::NotConstant, pos, String::from("pointers are not permitted as case values"));
            return;
        }
        match (first.int(), last.int()) {
            (Some(low), Some(high)) => self.function.cases.push(self.scratch, (low, high, pos)),
            _ if first.is_error() || last.is_error() => {}
            _ => {
                let message = String::from("case label does not reduce to an integer constant");
                self.complain(Code::NotConstant, pos, message);
            }
        }
    }
}
