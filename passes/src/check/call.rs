//! Calls, of functions and of what the compiler has built in.

use super::checker::Checker;
use super::convert::Conversion;
use super::operand::{Operand, Value};
use super::types::Type;
use crate::diagnostics::Code;
use crate::ids::Symbol;
use crate::memory::Region;
use crate::parse::Source;
use crate::parse::tree::{EntityKind, Expr, Unary, linkage};
use crate::source::Pos;

impl<'t, 'r, T: Source, U: Region<'r>, R: Region<'t>> Checker<'_, 't, 'r, T, U, R> {
    /// Checks a call: the function, then its arguments.
    pub fn call(&mut self, parts: &'t [Expr<'t>]) -> Operand {
        let Some((mut callee, arguments)) = parts.split_first() else { return Operand::ERROR };
        while let Expr::Generic { parts: (selector, associations), .. } = callee {
            match self.selected(selector, associations) {
                Some(chosen) => callee = chosen,
                None => {
                    for argument in arguments {
                        self.expression(argument);
                    }
                    return Operand::ERROR;
                }
            }
        }
        if let Expr::Name { entity, .. } = callee
            && entity.kind == EntityKind::Builtin
        {
            return self.builtin(entity.name, callee.pos(), arguments);
        }
        let function = self.value_of(callee);
        let to = self.unit.types.pointee(function.ty);
        let signature = match to.map(|to| self.get(to)) {
            Some(Type::Function(signature)) => signature,
            _ => {
                for argument in arguments {
                    self.expression(argument);
                }
                if !function.is_error() {
                    let name = match callee {
                        Expr::Name { entity, .. } => format!("'{}' ", self.shown(entity.name)),
                        _ => String::new(),
                    };
                    let message = format!("called object {name}is not a function or function pointer");
                    self.complain(Code::NotAFunction, callee.pos(), message);
                }
                return Operand::ERROR;
            }
        };
        let symbol = match callee {
            Expr::Name { entity, .. } => entity.name,
            _ => Symbol::EMPTY,
        };
        for (index, argument) in arguments.iter().enumerate() {
            let value = self.value_of(argument);
            let Some(&parameter) = signature.parameters.get(index) else {
                self.require_value(value, argument.place());
                continue;
            };
            if self.is_incomplete(parameter) && !value.is_error() {
                let message = format!("type of formal parameter {} is incomplete", index + 1);
                self.complain(Code::IncompleteType, argument.place(), message);
                continue;
            }
            self.convert(Conversion::Argument(index + 1, symbol), parameter, value, argument.place());
        }
        if signature.is_prototype {
            let (given, wanted) = (arguments.len(), signature.parameters.len());
            let problem = if given < wanted {
                "too few"
            } else if given > wanted && !signature.is_variadic {
                "too many"
            } else {
                ""
            };
            if !problem.is_empty() {
                let name = match callee {
                    Expr::Name { entity, .. } => format!("function '{}'", self.shown(entity.name)),
                    _ => String::from("function"),
                };
                self.complain(Code::CallArity, callee.pos(), format!("{problem} arguments to {name}"));
            }
        }
        if let Type::Record(_) = self.get(signature.result)
            && self.unit.types.size(signature.result).is_none()
        {
            let ty = self.quoted(signature.result);
            self.complain(Code::IncompleteType, callee.pos(), format!("invalid use of undefined type {ty}"));
            return Operand::ERROR;
        }
        let value = match self.is_called(callee, b"strlen") {
            true => self.folded_len(arguments),
            false => Value::Unknown,
        };
        Operand::constant(signature.result, value)
    }

    /// Whether `callee` is the function that the library calls `name`.
    fn is_called(&self, callee: &Expr<'_>, name: &[u8]) -> bool {
        let mut callee = callee;
        while let Expr::Unary { op: Unary::Dereference | Unary::Address, operand, .. } = callee {
            callee = operand;
        }
        matches!(callee, Expr::Name { entity, .. } if entity.linkage.get() & linkage::EXTERNAL != 0 && self.source.text(entity.name) == name)
    }

    /// Reports an argument that has no value, or one whose size is not known.
    fn require_value(&mut self, value: Operand, pos: Pos) {
        if matches!(self.get(value.ty), Type::Record(_)) && self.is_incomplete(value.ty) {
            let ty = self.quoted(value.ty.plain());
            self.complain(Code::IncompleteType, pos, format!("invalid use of undefined type {ty}"));
        }
        if self.is_void(value.ty) {
            self.complain(Code::VoidValue, pos, String::from("invalid use of void expression"));
        }
    }
}
