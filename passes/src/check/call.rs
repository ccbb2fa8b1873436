//! Calls, of functions and of what the compiler has built in.

use super::checker::Checker;
use super::convert::Conversion;
use super::operand::Operand;
use super::types::Type;
use crate::diagnostics::Code;
use crate::ids::Symbol;
use crate::memory::Region;
use crate::parse::Source;
use crate::parse::tree::{EntityKind, Expr};
use crate::source::Pos;

impl<'t, 'r, T: Source, U: Region<'r>, R: Region<'t>> Checker<'_, 't, 'r, T, U, R> {
    /// Checks a call: the function, then its arguments.
    pub fn call(&mut self, parts: &'t [Expr<'t>]) -> Operand {
        let Some((callee, arguments)) = parts.split_first() else { return Operand::ERROR };
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
        Operand::of(signature.result)
    }

    /// Reports an argument that has no value.
    fn require_value(&mut self, value: Operand, pos: Pos) {
        if self.is_void(value.ty) {
            self.complain(Code::VoidValue, pos, String::from("invalid use of void expression"));
        }
    }
}
