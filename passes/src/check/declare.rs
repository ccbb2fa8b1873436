//! Declarations: from specifiers and derivations to types.

use super::attribute::{asked_alignment, says_unavailable};
use super::checker::{Barrier, Checker, Unit};
use super::types::{Len, Signature, Ty, Type};
use crate::diagnostics::Code;
use crate::ids::Symbol;
use crate::memory::{GrowVec, Region};
use crate::parse::Source;
use crate::parse::tree::{
    Basic, Declaration, Derivation, Entity, EntityKind, InitDeclarator, Parameter, Parameters, Specifiers,
    Storage, TypeName, TypeSpecifier, flag, linkage, qualifier,
};
use crate::source::Pos;

/// A type and the alignment that was asked for, 0 if none was.
#[derive(Clone, Copy)]
pub struct Aligned {
    pub ty: Ty,
    pub align: u64,
    /// What of it the specifiers ask for themselves, whatever a `typedef` among them does.
    pub own_align: u64,
}

impl<'t, 'r, T: Source, U: Region<'r>, R: Region<'t>> Checker<'_, 't, 'r, T, U, R> {
    /// Checks a declaration.
    pub fn declaration(&mut self, declaration: &'t Declaration<'t>, at_top: bool) {
        match *declaration {
            Declaration::Names { start, specifiers, declarators } => {
                let outer = self.is_unavailable;
                self.at = start;
                if let Some(first) = declarators.first() {
                    self.name_at = first.pos;
                    self.is_unavailable |= says_unavailable(specifiers, first);
                }
                let base = self.base(specifiers);
                if let (TypeSpecifier::Auto, [_, _, ..]) = (specifiers.base, declarators) {
                    let message = String::from("'__auto_type' may only be used with a single declarator");
                    self.complain(Code::InvalidInitializer, start, message);
                }
                for declarator in declarators {
                    self.declarator(specifiers, base, declarator, at_top);
                }
                self.is_unavailable = outer;
            }
            Declaration::Function(definition) => self.function_definition(definition),
            Declaration::StaticAssert { pos, ref condition, message } => {
                let value = self.expression(condition);
                if value.is_error() {
                    return;
                }
                match value.int() {
                    Some(0) => {
                        let text =
                            message.map_or(String::new(), |message| format!(": {}", self.shown(message)));
                        self.complain(Code::StaticAssertion, pos, format!("static assertion failed{text}"));
                    }
                    Some(_) => {}
                    None => {
                        let message = String::from("expression in static assertion is not constant");
                        self.complain(Code::NotConstant, condition.pos(), message);
                    }
                }
            }
        }
    }

    fn declarator(
        &mut self,
        specifiers: &'t Specifiers<'t>,
        base: Aligned,
        declarator: &'t InitDeclarator<'t>,
        at_top: bool,
    ) {
        let entity = declarator.entity;
        if matches!(specifiers.base, TypeSpecifier::Auto) {
            self.deduce(declarator);
            return;
        }
        let mut ty =
            self.derive(base.ty, declarator.derivations, Some((entity.name, declarator.pos)), at_top);
        // A pointer or a function has nothing of the alignment that a `typedef` gives its base.
        let mut align =
            if self.keeps_alignment(declarator.derivations) { base.align } else { base.own_align };
        self.apply(declarator.attributes.as_slice(), &mut ty, &mut align);
        if matches!(entity.kind, EntityKind::Typedef | EntityKind::Object) {
            entity.value.set(entity.value.get().max(align as i64));
        }
        if specifiers.flags & flag::ALIGNAS != 0 {
            let asked = asked_alignment(specifiers, base.own_align, align);
            self.check_alignas(specifiers, declarator, ty, asked);
        }
        let is_known = entity.ty.get() != Entity::NO_TYPE;
        self.check_place(specifiers, entity, declarator.pos, ty, at_top, is_known);
        ty = self.redeclared(entity, ty, declarator.pos);
        entity.ty.set(ty.0);
        self.link(specifiers, entity, declarator.pos, ty, at_top);
        self.check_attributes(specifiers, declarator, ty, at_top);
        if let Some(init) = declarator.init {
            ty = self.initialized(specifiers, declarator, init, ty, at_top);
            entity.ty.set(ty.0);
        }
        if self.nesting > 0 && self.is_variably_modified(ty) {
            self.function.enter(self.scratch, Barrier::Variable);
        }
        let is_object = entity.kind == EntityKind::Object && !matches!(self.get(ty), Type::Function(_));
        if is_object && specifiers.storage != Storage::Extern && (!at_top || declarator.init.is_some()) {
            self.require_storage(ty, entity.name, declarator.pos);
        } else if is_object
            && specifiers.storage != Storage::Extern
            && (self.is_void(ty) && specifiers.storage == Storage::None || self.is_incomplete(ty))
        {
            let Unit { region, waiting, .. } = &mut *self.unit;
            waiting.push(region, (ty, entity.name, declarator.pos));
        }
    }

    /// Finds the type of what is declared with `__auto_type`.
    fn deduce(&mut self, declarator: &'t InitDeclarator<'t>) {
        let message = match declarator.init {
            None => "'__auto_type' requires an initialized data declaration",
            Some(_) if !declarator.derivations.is_empty() => {
                "'__auto_type' requires a plain identifier as declarator"
            }
            Some(_) => "",
        };
        let start = self.at;
        if !message.is_empty() {
            let pos = if declarator.init.is_some() { start } else { declarator.pos };
            self.complain(Code::InvalidInitializer, pos, String::from(message));
        }
        let outer = self.deduced.replace(declarator.entity);
        let ty = declarator.init.map_or(Ty::ERROR, |value| {
            let operand = self.expression(value);
            if operand.is_bit_field(value) {
                let message = String::from("'__auto_type' used with a bit-field initializer");
                self.complain(Code::InvalidInitializer, start, message);
            }
            self.decayed(operand).ty.plain()
        });
        self.deduced = outer;
        declarator.entity.ty.set(ty.0);
    }

    /// Whether a size in `ty` is found out when its declaration is reached.
    pub fn is_variably_modified(&self, ty: Ty) -> bool {
        match self.get(ty) {
            Type::Array(_, Len::Variable) => true,
            Type::Array(of, _) | Type::Pointer(of) => self.is_variably_modified(of),
            _ => false,
        }
    }

    /// Checks the value that a declaration gives an object of type `ty`, and returns the type with its length.
    fn initialized(
        &mut self,
        specifiers: &Specifiers<'_>,
        declarator: &InitDeclarator<'t>,
        init: &'t crate::parse::tree::Expr<'t>,
        ty: Ty,
        at_top: bool,
    ) -> Ty {
        let pos = declarator.pos;
        if specifiers.storage != Storage::Typedef {
            self.give_value(specifiers, declarator.entity, pos, ty, at_top);
        }
        match self.get(ty) {
            Type::Function(_) => return ty,
            Type::Array(..) | Type::Record(_) if self.is_variable_sized(ty) => {
                let message = String::from("variable-sized object may not be initialized");
                self.complain(Code::InvalidInitializer, pos, message);
                return ty;
            }
            Type::Record(_) | Type::Enum(_) if self.is_incomplete(ty) => {
                let name = self.shown(declarator.entity.name);
                let message = format!("variable '{name}' has initializer but incomplete type");
                self.complain(Code::IncompleteObject, pos, message);
                return Ty::ERROR;
            }
            _ => {}
        }
        let is_static = at_top || specifiers.storage == Storage::Static;
        self.initialize_apart(is_static, ty, init)
    }

    /// Reports an object whose size cannot be known.
    fn require_storage(&mut self, ty: Ty, name: Symbol, pos: Pos) {
        let message = match self.get(ty) {
            Type::Basic(Basic::Void) => format!("variable or field '{}' declared void", self.shown(name)),
            Type::Array(_, Len::Unknown) => format!("array size missing in '{}'", self.shown(name)),
            Type::Record(_) | Type::Enum(_) if self.unit.types.size(ty).is_none() => {
                format!("storage size of '{}' isn't known", self.shown(name))
            }
            _ => return,
        };
        self.complain(Code::IncompleteObject, pos, message);
    }

    /// The type that specifiers spell.
    pub fn base(&mut self, specifiers: &'t Specifiers<'t>) -> Aligned {
        let (mut align, mut own_align) = (0, 0);
        let mut ty = match specifiers.base {
            TypeSpecifier::Implicit => Ty::INT,
            TypeSpecifier::Basic(basic) => Ty::of(basic),
            TypeSpecifier::Named(entity) => {
                align = entity.value.get() as u64;
                self.check_available(entity, self.at);
                Ty::of_entity(entity)
            }
            TypeSpecifier::Record(record) => self.record_specifier(record),
            TypeSpecifier::Enum(specifier) => self.enum_specifier(specifier),
            TypeSpecifier::Type(name) => self.type_name(name),
            TypeSpecifier::TypeOf(value) => {
                let operand = self.expression(value);
                if operand.is_bit_field(value) {
                    let message = String::from("'typeof' applied to a bit-field");
                    self.complain(Code::BitFieldUse, value.start(), message);
                }
                operand.ty
            }
            TypeSpecifier::Auto => Ty::ERROR,
        };
        if specifiers.flags & flag::ATOMIC_TYPE != 0 && ty.qualifiers() != 0 {
            let message = String::from("'_Atomic' applied to a qualified type");
            self.complain(Code::BadDerivation, self.at, message);
        }
        self.apply(specifiers.attributes.as_slice(), &mut ty, &mut own_align);
        let align = align.max(own_align);
        let restricts = specifiers.qualifiers & qualifier::RESTRICT != 0;
        let is_restricted = |checker: &Self| match checker.get(checker.innermost(ty)) {
            Type::Pointer(to) => !matches!(checker.get(to), Type::Function(_)),
            Type::Error => true,
            _ => false,
        };
        if restricts && !is_restricted(self) {
            self.complain(Code::InvalidRestrict, self.at, String::from("invalid use of 'restrict'"));
        }
        if specifiers.qualifiers & qualifier::ATOMIC != 0 {
            let what = match self.get(ty) {
                Type::Array(..) => "array",
                Type::Function(_) => "function",
                _ => "",
            };
            if !what.is_empty() {
                self.complain(Code::BadDerivation, self.at, format!("'_Atomic'-qualified {what} type"));
                return Aligned { ty: Ty::ERROR, align, own_align };
            }
        }
        Aligned { ty: self.qualified(ty, specifiers.qualifiers), align, own_align }
    }

    /// `ty` with qualifiers; those of an array are its elements'.
    pub fn qualified(&mut self, ty: Ty, qualifiers: u8) -> Ty {
        if qualifiers == 0 {
            return ty;
        }
        match self.get(ty) {
            Type::Array(of, len) => {
                let of = self.qualified(of, qualifiers);
                self.intern(Type::Array(of, len))
            }
            _ => ty.with(qualifiers),
        }
    }

    /// The type that a type name spells.
    pub fn type_name(&mut self, name: &'t TypeName<'t>) -> Ty {
        self.aligned_type_name(name).ty
    }

    /// The same, with the alignment that the name of a type asks for: what is made of such a type has it no more.
    pub fn aligned_type_name(&mut self, name: &'t TypeName<'t>) -> Aligned {
        let base = self.base(name.specifiers);
        let ty = self.derive(base.ty, name.derivations, None, false);
        if name.derivations.is_empty() {
            Aligned { ty, ..base }
        } else {
            Aligned { ty, align: 0, own_align: 0 }
        }
    }

    /// Goes from a base type to the declared one. `named` is what is declared.
    pub fn derive(
        &mut self,
        base: Ty,
        derivations: &'t [Derivation<'t>],
        named: Option<(Symbol, Pos)>,
        at_top: bool,
    ) -> Ty {
        let mut ty = base;
        for derivation in derivations {
            ty = match *derivation {
                Derivation::Pointer { qualifiers } => {
                    if qualifiers & qualifier::RESTRICT != 0 && matches!(self.get(ty), Type::Function(_)) {
                        let pos = named.map_or(self.at, |(_, pos)| pos);
                        self.complain(Code::InvalidRestrict, pos, String::from("invalid use of 'restrict'"));
                    }
                    self.pointer(ty).with(qualifiers)
                }
                Derivation::Array { pos, size, is_star, .. } => {
                    let len =
                        if is_star { Some(Len::Variable) } else { self.array_len(size, named, pos, at_top) };
                    let Some(len) = len else { return Ty::ERROR };
                    if matches!(self.get(ty), Type::Function(_)) {
                        let name = self.name_of(named);
                        let message = format!("declaration of {name} as array of functions");
                        self.complain(Code::BadDerivation, named.map_or(pos, |(_, pos)| pos), message);
                        return Ty::ERROR;
                    }
                    let is_incomplete =
                        matches!(self.get(ty), Type::Basic(Basic::Void) | Type::Array(_, Len::Unknown))
                            || self.is_incomplete(ty);
                    if is_incomplete {
                        let element = self.quoted(ty);
                        let message = format!("array type has incomplete element type {element}");
                        self.complain(Code::IncompleteElement, named.map_or(pos, |(_, pos)| pos), message);
                        return Ty::ERROR;
                    }
                    if let Len::Known(len) = len
                        && let Some(size) = self.unit.types.size(ty)
                        && size.checked_mul(len).is_none_or(|bytes| bytes > i64::MAX as u64)
                    {
                        self.too_large(len, named, pos);
                        return Ty::ERROR;
                    }
                    self.intern(Type::Array(ty, len))
                }
                Derivation::Function(shape) => {
                    if matches!(self.get(ty), Type::Function(_) | Type::Array(..)) {
                        let name = self.name_of(named);
                        let what =
                            if matches!(self.get(ty), Type::Array(..)) { "an array" } else { "a function" };
                        let message = format!("{name} declared as function returning {what}");
                        self.complain(Code::BadDerivation, named.map_or(shape.pos, |(_, pos)| pos), message);
                        return Ty::ERROR;
                    }
                    self.function(ty, &shape.parameters)
                }
            };
        }
        ty
    }

    #[cold]
    fn too_large(&mut self, len: u64, named: Option<(Symbol, Pos)>, pos: Pos) {
        let what = match named {
            Some((name, _)) => format!("array '{}'", self.shown(name)),
            None => String::from("array"),
        };
        let message = match i64::try_from(len) {
            Ok(_) => format!("size of {what} exceeds maximum object size '{}'", i64::MAX),
            Err(_) => format!("size of {what} is too large"),
        };
        self.complain(Code::ArraySize, named.map_or(pos, |(_, pos)| pos), message);
    }

    fn name_of(&self, named: Option<(Symbol, Pos)>) -> String {
        named.map_or_else(|| String::from("type name"), |(name, _)| format!("'{}'", self.shown(name)))
    }

    /// The length that an array's declarator says; nothing if it cannot be one, which was reported.
    fn array_len(
        &mut self,
        size: Option<&'t crate::parse::tree::Expr<'t>>,
        named: Option<(Symbol, Pos)>,
        pos: Pos,
        at_top: bool,
    ) -> Option<Len> {
        let Some(size) = size else { return Some(Len::Unknown) };
        let value = self.expression(size);
        if value.is_error() {
            return None;
        }
        let named_pos = named.map_or(pos, |(_, pos)| pos);
        if self.unit.types.integer(value.ty).is_none() {
            let message = match named {
                Some((name, _)) => format!("size of array '{}' has non-integer type", self.shown(name)),
                None => String::from("size of unnamed array has non-integer type"),
            };
            self.complain(Code::ArraySize, named_pos, message);
            return None;
        }
        match value.int() {
            Some(len) if len < 0 => {
                let message = match named {
                    Some((name, _)) => format!("size of array '{}' is negative", self.shown(name)),
                    None => String::from("size of unnamed array is negative"),
                };
                self.complain(Code::ArraySize, named_pos, message);
                None
            }
            Some(len) => Some(u64::try_from(len).map_or(Len::Variable, Len::Known)),
            None => {
                if at_top {
                    let message = format!("variably modified {} at file scope", self.name_of(named));
                    self.complain(Code::VariablyModified, named_pos, message);
                }
                Some(Len::Variable)
            }
        }
    }

    fn function(&mut self, result: Ty, parameters: &'t Parameters<'t>) -> Ty {
        let result = result.plain();
        let Parameters::Prototype { list, is_variadic } = *parameters else {
            let signature = Signature { result, parameters: &[], is_variadic: false, is_prototype: false };
            return self.intern(Type::Function(signature));
        };
        let mut types: GrowVec<'t, Ty> = GrowVec::new();
        self.prototypes += 1;
        for parameter in list {
            (self.at, self.name_at) = (parameter.pos, parameter.pos);
            let base = self.base(parameter.specifiers);
            let is_bare = parameter.entity.is_none() && parameter.derivations.is_empty();
            if is_bare && list.len() == 1 && self.is_void(base.ty) {
                // `void` by another name.
                if base.ty.qualifiers() != 0 || is_variadic {
                    let what = if is_variadic {
                        "must be the only parameter"
                    } else {
                        "as only parameter may not be qualified"
                    };
                    self.complain(Code::BadParameter, parameter.pos, format!("'void' {what}"));
                }
                break;
            }
            let named = parameter.entity.map(|entity| (entity.name, parameter.pos));
            let ty = self.derive(base.ty, parameter.derivations, named, false);
            let ty = self.adjusted(ty, parameter.derivations);
            self.check_parameter(parameter, ty, list.len());
            if let Some(entity) = parameter.entity {
                entity.ty.set(ty.0);
                if parameter.specifiers.storage == Storage::Register {
                    entity.linkage.set(linkage::REGISTER);
                }
            }
            types.push(self.scratch, ty.plain());
        }
        self.prototypes -= 1;
        let signature = Signature { result, parameters: types.as_slice(), is_variadic, is_prototype: true };
        self.intern(Type::Function(signature))
    }

    fn check_parameter(&mut self, parameter: &Parameter<'_>, ty: Ty, count: usize) {
        let specifiers = parameter.specifiers;
        let has_storage = !matches!(specifiers.storage, Storage::None | Storage::Register)
            || specifiers.flags & flag::THREAD != 0;
        let has_alignment = specifiers.flags & flag::ALIGNAS != 0;
        if has_storage || has_alignment {
            let what = match parameter.entity {
                Some(entity) => format!("parameter '{}'", self.shown(entity.name)),
                None => String::from("unnamed parameter"),
            };
            let (code, said) = match has_storage {
                true => (Code::BadParameter, "storage class"),
                false => (Code::BadAlignment, "alignment"),
            };
            self.complain(code, parameter.pos, format!("{said} specified for {what}"));
        }
        let is_void = self.is_void(ty);
        if is_void && parameter.entity.is_none() && count > 1 {
            self.complain(
                Code::BadParameter,
                parameter.pos,
                String::from("'void' must be the only parameter"),
            );
        }
    }

    /// Reports parameters of a function with a body that have no size.
    pub fn check_parameters(&mut self, parameters: &[&Entity]) {
        for (index, entity) in parameters.iter().enumerate() {
            let ty = Ty::of_entity(entity);
            if entity.ty.get() != Entity::NO_TYPE && (self.is_incomplete(ty) || self.is_void(ty)) {
                let name = self.shown(entity.name);
                let message = format!("parameter {} ('{name}') has incomplete type", index + 1);
                self.complain(Code::BadParameter, entity.pos, message);
            }
        }
    }

    /// The type of a parameter that was declared as `ty`.
    pub fn adjusted(&mut self, ty: Ty, derivations: &[Derivation<'_>]) -> Ty {
        match self.get(ty) {
            Type::Array(of, _) => {
                let qualifiers = match derivations.last() {
                    Some(&Derivation::Array { qualifiers, .. }) => qualifiers,
                    _ => 0,
                };
                self.pointer(of).with(qualifiers)
            }
            Type::Function(_) => self.pointer(ty),
            _ => ty,
        }
    }
}
