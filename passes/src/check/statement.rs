//! Functions and their statements.

use super::checker::{Checker, FunctionState};
use super::operand::Operand;
use super::types::{Ty, Type};
use crate::diagnostics::Code;
use crate::memory::Region;
use crate::parse::Source;
use crate::parse::tree::{
    Block, Declaration, Derivation, Entity, Expr, FunctionDefinition, Parameters, Statement,
};
use crate::source::Pos;

impl<'t, 'r, T: Source, U: Region<'r>, R: Region<'t>> Checker<'_, 't, 'r, T, U, R> {
    /// Checks a function with its body.
    pub fn function_definition(&mut self, definition: &'t FunctionDefinition<'t>) {
        let base = self.base(definition.specifiers);
        let declarator = &definition.declarator;
        let entity = declarator.entity;
        let named = Some((entity.name, declarator.pos));
        let ty = self.derive(base.ty, declarator.derivations, named, true);
        for declaration in definition.old_style {
            if let Declaration::Names { specifiers, declarators } = **declaration {
                let base = self.base(specifiers);
                for declarator in declarators {
                    let ty = self.derive(base.ty, declarator.derivations, None, false);
                    let ty = self.adjusted(ty, declarator.derivations);
                    declarator.entity.ty.set(ty.0);
                }
            }
        }
        let is_old_style = matches!(
            declarator.derivations.last(),
            Some(Derivation::Function(shape)) if !matches!(shape.parameters, Parameters::Prototype { .. })
        );
        let is_known = entity.ty.get() != Entity::NO_TYPE;
        if !(is_old_style && is_known) {
            let ty = self.redeclared(entity, ty, declarator.pos);
            entity.ty.set(ty.0);
        }
        self.result = match self.get(ty) {
            Type::Function(signature) => Some(signature.result),
            _ => None,
        };
        self.function = FunctionState::new();
        self.block(definition.body);
        self.check_labels();
    }

    fn check_labels(&mut self) {
        let jumps = std::mem::take(&mut self.function.jumps);
        for &(label, pos) in jumps.as_slice() {
            if !self.function.labels.as_slice().iter().any(|&(known, _)| known == label) {
                let message = format!("label '{}' used but not defined", self.shown(label));
                self.complain(Code::UndefinedLabel, pos, message);
            }
        }
    }

    /// Checks a block.
    pub fn block(&mut self, block: &'t Block<'t>) {
        self.function.has_local_labels |= !block.labels.is_empty();
        for statement in block.statements {
            self.statement(statement);
        }
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
            Statement::If { parts: (condition, then, otherwise), .. } => {
                self.condition(condition);
                self.statement(then);
                if let Some(otherwise) = otherwise {
                    self.statement(otherwise);
                }
            }
            Statement::While { parts: (condition, body), .. }
            | Statement::DoWhile { parts: (condition, body), .. } => {
                self.condition(condition);
                self.loop_body(body);
            }
            Statement::For { parts: (first, [condition, step], body), .. } => {
                self.statement(first);
                if let Some(condition) = condition {
                    self.condition(condition);
                }
                if let Some(step) = step {
                    self.expression(step);
                }
                self.loop_body(body);
            }
            Statement::Switch { parts: (value, body), .. } => self.switch(value, body),
            Statement::Case { pos, range: (low, high) } => self.case(pos, low, high.as_ref()),
            Statement::Default { pos } => {
                if self.function.switches == 0 {
                    let message = String::from("'default' label not within a switch statement");
                    self.complain(Code::StrayLabel, pos, message);
                }
            }
            Statement::Label { pos, label } => {
                let known =
                    self.function.labels.as_slice().iter().find(|&&(known, _)| known == label).copied();
                if let Some((_, before)) = known
                    && !self.function.has_local_labels
                {
                    let shown = self.shown(label);
                    self.complain(Code::DuplicateLabel, pos, format!("duplicate label '{shown}'"));
                    self.note(
                        Code::DuplicateLabel,
                        before,
                        format!("previous definition of '{shown}' was here"),
                    );
                }
                self.function.labels.push(self.scratch, (label, pos));
            }
            Statement::Goto { pos, label } => self.function.jumps.push(self.scratch, (label, pos)),
            Statement::GotoComputed { target, .. } => {
                self.expression(target);
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
                for operand in parts.operands {
                    self.expression(&operand.value);
                }
                for &label in parts.labels {
                    self.function.jumps.push(self.scratch, (label, pos));
                }
            }
        }
    }

    fn check_return(&mut self, value: Operand, expression: &Expr<'_>) {
        let Some(result) = self.result.filter(|result| result.plain() != Ty::VOID) else { return };
        if self.is_record_mismatch(result, value) {
            let (from, to) = (self.quoted(value.ty), self.quoted(result));
            let message = format!("incompatible types when returning type {from} but {to} was expected");
            self.complain(Code::IncompatibleTypes, expression.pos(), message);
        }
    }

    fn condition(&mut self, condition: &'t Expr<'t>) {
        let value = self.value_of(condition);
        if self.unit.types.record(value.ty).is_some() {
            let ty = self.quoted(value.ty.plain());
            let kind = if ty.starts_with("'union") { "union" } else { "struct" };
            let message = format!("used {kind} type value where scalar is required");
            self.complain(Code::NotAScalar, condition.pos(), message);
        }
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
        self.statement(body);
        self.function.switches -= 1;
        self.function.breaks -= 1;
        self.check_cases(start);
        self.function.cases.truncate(start);
    }

    fn check_cases(&mut self, start: usize) {
        let cases = &mut self.function.cases.as_mut_slice()[start..];
        cases.sort_unstable_by_key(|&(low, _, pos)| (low, pos));
        let overlap = cases.windows(2).find(|pair| pair[1].0 <= pair[0].1);
        if let Some(&[(_, _, first), (_, _, second)]) = overlap.and_then(|pair| pair.as_array()) {
            self.complain(Code::DuplicateCase, second.max(first), String::from("duplicate case value"));
            self.note(Code::DuplicateCase, first.min(second), String::from("previously used here"));
        }
    }

    fn case(&mut self, pos: Pos, low: &'t Expr<'t>, high: Option<&'t Expr<'t>>) {
        let first = self.expression(low);
        let last = high.map(|high| self.expression(high));
        if self.function.switches == 0 {
            self.complain(Code::StrayLabel, pos, String::from("case label not within a switch statement"));
            return;
        }
        let last = last.unwrap_or(first);
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
