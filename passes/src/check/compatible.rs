//! Which types may stand for one thing, and what is known of it from both.

use super::checker::Checker;
use super::types::{Len, Signature, Ty, Type};
use crate::diagnostics::Code;
use crate::ids::Symbol;
use crate::memory::{GrowVec, Region};
use crate::parse::Source;
use crate::parse::tree::{Basic, Entity, TagKind};
use crate::source::Pos;

impl<'t, 'r, T: Source, U: Region<'r>, R: Region<'t>> Checker<'_, 't, 'r, T, U, R> {
    /// The type of `entity` after it was declared again as `ty`.
    pub fn redeclared(&mut self, entity: &Entity, ty: Ty, pos: Pos) -> Ty {
        let before = Ty::of_entity(entity);
        if before.plain() == Ty::ERROR || before == ty {
            return ty;
        }
        match (self.get(before), self.get(ty)) {
            (Type::Array(of, Len::Known(_)), Type::Array(again, Len::Unknown)) if of == again => before,
            _ if self.compatible(before, ty) => self.composite(ty, before),
            _ => {
                let name = self.shown(entity.name);
                let (now, was) = (self.quoted(ty), self.quoted(before));
                let message = format!("conflicting types for '{name}'; have {now}");
                self.complain(Code::ConflictingTypes, pos, message);
                let note = format!("previous declaration of '{name}' with type {was}");
                self.note(Code::ConflictingTypes, entity.pos, note);
                before
            }
        }
    }

    /// What is known of a thing from two compatible types of it.
    pub fn composite(&mut self, a: Ty, b: Ty) -> Ty {
        let composite = match (self.get(a), self.get(b)) {
            _ if a.plain() == b.plain() => return a,
            (Type::Pointer(a), Type::Pointer(b)) => {
                let to = self.composite(a, b);
                self.pointer(to)
            }
            (Type::Array(a, m), Type::Array(b, n)) => {
                let of = self.composite(a, b);
                self.intern(Type::Array(of, if matches!(m, Len::Known(_)) { m } else { n }))
            }
            (Type::Function(x), Type::Function(y)) => match (x.is_prototype, y.is_prototype) {
                (false, true) => b.plain(),
                (true, true) if x.parameters.len() == y.parameters.len() => {
                    let mut parameters: GrowVec<'t, Ty> = GrowVec::new();
                    for (&x, &y) in x.parameters.iter().zip(y.parameters) {
                        let parameter = self.composite(x, y);
                        parameters.push(self.scratch, parameter);
                    }
                    let result = self.composite(x.result, y.result);
                    self.intern(Type::Function(Signature { result, parameters: parameters.as_slice(), ..x }))
                }
                (false, false) => {
                    let result = self.composite(x.result, y.result);
                    self.intern(Type::Function(Signature { result, ..x }))
                }
                _ => a.plain(),
            },
            _ => a.plain(),
        };
        composite.with(a.qualifiers())
    }

    /// Whether two types may stand for one thing.
    pub fn compatible(&self, a: Ty, b: Ty) -> bool {
        if a == b || a.plain() == Ty::ERROR || b.plain() == Ty::ERROR {
            return true;
        }
        if a.qualifiers() != b.qualifiers() {
            return false;
        }
        match (self.get(a), self.get(b)) {
            (Type::Pointer(a), Type::Pointer(b)) => self.compatible(a, b),
            (Type::Array(a, m), Type::Array(b, n)) => {
                self.compatible(a, b) && !matches!((m, n), (Len::Known(m), Len::Known(n)) if m != n)
            }
            (Type::Function(a), Type::Function(b)) => {
                let same_list = (a.is_prototype || self.takes_promoted(&b))
                    && (b.is_prototype || self.takes_promoted(&a))
                    && (!a.is_prototype || !b.is_prototype)
                    || a.is_prototype
                        && b.is_prototype
                        && a.is_variadic == b.is_variadic
                        && a.parameters.len() == b.parameters.len()
                        && a.parameters
                            .iter()
                            .zip(b.parameters)
                            .all(|(&a, &b)| self.are_compatible_parameters(a.plain(), b.plain()));
                same_list && self.compatible(a.result.plain(), b.result.plain())
            }
            (Type::Enum(_), Type::Basic(basic)) => self.unit.types.integer(a) == Some(basic),
            (Type::Basic(basic), Type::Enum(_)) => self.unit.types.integer(b) == Some(basic),
            (Type::Vector(..), Type::Vector(..)) => true,
            _ => a.plain() == b.plain(),
        }
    }

    /// Whether what takes an `a` may stand for what takes a `b`: a union without a name, which is transparent as a rule, for its members, too.
    fn are_compatible_parameters(&self, a: Ty, b: Ty) -> bool {
        let is_member = |of: Ty, ty: Ty| {
            self.unit.types.record(of).is_some_and(|record| {
                record.kind == TagKind::Union
                    && record.name == Symbol::EMPTY
                    && record.fields.iter().any(|field| self.compatible(field.ty.plain(), ty))
            })
        };
        self.compatible(a, b) || is_member(a, b) || is_member(b, a)
    }

    /// Whether a function can be called through a declaration that does not say what it takes.
    fn takes_promoted(&self, signature: &Signature<'_>) -> bool {
        let is_promoted = |ty: &Ty| match self.unit.types.arithmetic(*ty) {
            Some(basic) => basic.promoted() == basic && basic != Basic::Float,
            None => true,
        };
        !signature.is_variadic && signature.parameters.iter().all(is_promoted)
    }
}
