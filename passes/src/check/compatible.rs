//! Which types may stand for one thing, and what is known of it from both.

use super::checker::Checker;
use super::types::{Len, Record, Signature, Ty, Type};
use crate::diagnostics::Code;
use crate::memory::{GrowVec, Region};
use crate::parse::Source;
use crate::parse::tree::{Basic, Entity};
use crate::source::Pos;

/// Pairs of types that one comparison looks at: a type may name another twice, and that one a third twice, and so on.
const STEPS_MAX: u32 = 10_000;

/// What a transparent union is to a function that takes one of its members.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unions {
    /// Another parameter.
    Differ,
    /// The same parameter.
    StandForMembers,
}

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

    /// What is known of a thing from two compatible types of it; `a`, if they are too large to be compared.
    pub fn composite(&mut self, a: Ty, b: Ty) -> Ty {
        self.composite_within(a, b, &mut { STEPS_MAX })
    }

    fn composite_within(&mut self, a: Ty, b: Ty, steps: &mut u32) -> Ty {
        if a.plain() == b.plain() || *steps == 0 {
            return a;
        }
        *steps -= 1;
        let composite = match (self.get(a), self.get(b)) {
            (Type::Pointer(a), Type::Pointer(b)) => {
                let to = self.composite_within(a, b, steps);
                self.pointer(to)
            }
            (Type::Array(a, m), Type::Array(b, n)) => {
                let of = self.composite_within(a, b, steps);
                self.intern(Type::Array(of, if matches!(m, Len::Known(_)) { m } else { n }))
            }
            (Type::Function(x), Type::Function(y)) => match (x.is_prototype, y.is_prototype) {
                (false, true) => b.plain(),
                (true, true) if x.parameters.len() == y.parameters.len() => {
                    let mut parameters: GrowVec<'t, Ty> = GrowVec::new();
                    for (&x, &y) in x.parameters.iter().zip(y.parameters) {
                        let parameter = self.composite_within(x, y, steps);
                        parameters.push(self.scratch, parameter);
                    }
                    let result = self.composite_within(x.result, y.result, steps);
                    self.intern(Type::Function(Signature { result, parameters: parameters.as_slice(), ..x }))
                }
                (false, false) => {
                    let result = self.composite_within(x.result, y.result, steps);
                    self.intern(Type::Function(Signature { result, ..x }))
                }
                _ => a.plain(),
            },
            _ => a.plain(),
        };
        composite.with(a.qualifiers())
    }

    /// Whether two types may stand for one thing. Types that are too large to be compared may.
    pub fn compatible(&self, a: Ty, b: Ty) -> bool {
        self.compatible_within(a, b, Unions::StandForMembers, &mut { STEPS_MAX })
    }

    /// The same where the program chooses by type: what takes a union and what takes its member are two.
    pub fn compatible_as_choices(&self, a: Ty, b: Ty) -> bool {
        self.compatible_within(a, b, Unions::Differ, &mut { STEPS_MAX })
    }

    fn compatible_within(&self, a: Ty, b: Ty, unions: Unions, steps: &mut u32) -> bool {
        if a == b || a.plain() == Ty::ERROR || b.plain() == Ty::ERROR || *steps == 0 {
            return true;
        }
        *steps -= 1;
        if a.qualifiers() != b.qualifiers() {
            return false;
        }
        match (self.get(a), self.get(b)) {
            (Type::Pointer(a), Type::Pointer(b)) => self.compatible_within(a, b, unions, steps),
            (Type::Array(a, m), Type::Array(b, n)) => {
                !matches!((m, n), (Len::Known(m), Len::Known(n)) if m != n)
                    && self.compatible_within(a, b, unions, steps)
            }
            (Type::Function(a), Type::Function(b)) => {
                let same_list = (a.is_prototype || self.takes_promoted(&b))
                    && (b.is_prototype || self.takes_promoted(&a))
                    && (!a.is_prototype || !b.is_prototype)
                    || a.is_prototype
                        && b.is_prototype
                        && a.is_variadic == b.is_variadic
                        && a.parameters.len() == b.parameters.len()
                        && a.parameters.iter().zip(b.parameters).all(|(&a, &b)| {
                            let (a, b) = (a.plain(), b.plain());
                            self.compatible_within(a, b, unions, steps)
                                || unions == Unions::StandForMembers
                                    && (self.is_union_of(a, b) || self.is_union_of(b, a))
                        });
                same_list && self.compatible_within(a.result.plain(), b.result.plain(), unions, steps)
            }
            (Type::Enum(_), Type::Basic(basic)) => self.unit.types.integer(a) == Some(basic),
            (Type::Basic(basic), Type::Enum(_)) => self.unit.types.integer(b) == Some(basic),
            (Type::Vector(..), Type::Vector(..)) => self.are_alike(a, b, false),
            _ => a.plain() == b.plain(),
        }
    }

    /// Whether `of` is a transparent union, and `ty` the type of a member.
    fn is_union_of(&self, of: Ty, ty: Ty) -> bool {
        self.transparent_union(of)
            .is_some_and(|record| record.fields.iter().any(|field| field.ty.plain() == ty))
    }

    /// The union `ty` that stands for any of its members where a function takes it: the first must be as large as the union.
    pub fn transparent_union(&self, ty: Ty) -> Option<&Record<'r>> {
        let first_size = |record: &Record<'_>| self.unit.types.size(record.fields.first()?.ty);
        let record = self.unit.types.record(ty).filter(|record| record.is_transparent)?;
        (first_size(record) == Some(record.size)).then_some(record)
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
