//! Declarations: from specifiers and derivations to types.

use super::checker::{Barrier, Checker};
use super::layout::Placed;
use super::operand::Value;
use super::types::{Enumeration, Field, Len, Record, Signature, Ty, Type};
use crate::diagnostics::Code;
use crate::ids::Symbol;
use crate::memory::{GrowVec, Region};
use crate::parse::Source;
use crate::parse::tree::{
    Attribute, Basic, Declaration, Derivation, Entity, EntityKind, EnumSpecifier, InitDeclarator, Member,
    Parameter, Parameters, RecordSpecifier, Specifiers, Storage, Tag, TagKind, TypeName, TypeSpecifier, flag,
    linkage, qualifier,
};
use crate::source::Pos;

/// The largest alignment that an attribute may ask for, and the largest vector, in bytes.
const ALIGN_MAX: u64 = 1 << 28;

/// A type and the alignment that was asked for, 0 if none was.
#[derive(Clone, Copy)]
pub struct Aligned {
    pub ty: Ty,
    pub align: u64,
}

impl<'t, 'r, T: Source, U: Region<'r>, R: Region<'t>> Checker<'_, 't, 'r, T, U, R> {
    /// Checks a declaration.
    pub fn declaration(&mut self, declaration: &'t Declaration<'t>, at_top: bool) {
        match *declaration {
            Declaration::Names { specifiers, declarators } => {
                if let Some(first) = declarators.first() {
                    self.at = first.pos;
                }
                let base = self.base(specifiers);
                for declarator in declarators {
                    self.declarator(specifiers, base, declarator, at_top);
                }
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
            if declarator.init.is_none() {
                let message = String::from("'__auto_type' requires an initialized data declaration");
                self.complain(Code::InvalidInitializer, declarator.pos, message);
            }
            let ty = declarator.init.map_or(Ty::ERROR, |value| {
                let value = self.expression(value);
                self.decayed(value).ty.plain()
            });
            entity.ty.set(ty.0);
            return;
        }
        let mut ty =
            self.derive(base.ty, declarator.derivations, Some((entity.name, declarator.pos)), at_top);
        let mut align = base.align;
        self.apply(declarator.attributes, &mut ty, &mut align);
        if specifiers.storage == Storage::Typedef {
            entity.align.set(align as u32);
        }
        ty = self.redeclared(entity, ty, declarator.pos);
        entity.ty.set(ty.0);
        self.link(specifiers, entity, declarator.pos, ty, at_top);
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
        }
    }

    /// Whether a size in `ty` is found out when its declaration is reached.
    fn is_variably_modified(&self, ty: Ty) -> bool {
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
            Type::Array(..) if self.is_variable_sized(ty) => {
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
        let outer = std::mem::replace(&mut self.is_constant_wanted, is_static);
        let depth = std::mem::take(&mut self.list_depth);
        let ty = self.initialize(ty, init);
        self.list_depth = depth;
        self.is_constant_wanted = outer;
        ty
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
                            .all(|(a, b)| self.compatible(a.plain(), b.plain()));
                same_list && self.compatible(a.result.plain(), b.result.plain())
            }
            (Type::Enum(_), Type::Basic(basic)) => self.unit.types.integer(a) == Some(basic),
            (Type::Basic(basic), Type::Enum(_)) => self.unit.types.integer(b) == Some(basic),
            (Type::Vector(..), Type::Vector(..)) => true,
            _ => a.plain() == b.plain(),
        }
    }

    /// Whether a function can be called through a declaration that does not say what it takes.
    fn takes_promoted(&self, signature: &Signature<'_>) -> bool {
        let is_promoted = |ty: &Ty| match self.unit.types.arithmetic(*ty) {
            Some(basic) => basic.promoted() == basic && basic != Basic::Float,
            None => true,
        };
        !signature.is_variadic && signature.parameters.iter().all(is_promoted)
    }

    /// The type that specifiers spell.
    pub fn base(&mut self, specifiers: &'t Specifiers<'t>) -> Aligned {
        let mut align = 0;
        let mut ty = match specifiers.base {
            TypeSpecifier::Implicit => Ty::INT,
            TypeSpecifier::Basic(basic) => Ty::of(basic),
            TypeSpecifier::Named(entity) => {
                align = u64::from(entity.align.get());
                Ty::of_entity(entity)
            }
            TypeSpecifier::Record(record) => self.record_specifier(record),
            TypeSpecifier::Enum(specifier) => self.enum_specifier(specifier),
            TypeSpecifier::Type(name) => self.type_name(name),
            TypeSpecifier::TypeOf(value) => self.expression(value).ty,
            TypeSpecifier::Auto => Ty::ERROR,
        };
        self.apply(specifiers.attributes, &mut ty, &mut align);
        let restricts = specifiers.qualifiers & qualifier::RESTRICT != 0;
        let is_restricted = |checker: &Self| match checker.get(checker.innermost(ty)) {
            Type::Pointer(to) => !matches!(checker.get(to), Type::Function(_)),
            Type::Error => true,
            _ => false,
        };
        if restricts && !is_restricted(self) {
            self.complain(Code::InvalidRestrict, self.at, String::from("invalid use of 'restrict'"));
        }
        Aligned { ty: self.qualified(ty, specifiers.qualifiers), align }
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
        let base = self.base(name.specifiers);
        self.derive(base.ty, name.derivations, None, false)
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
                    let len = if is_star { Len::Variable } else { self.array_len(size, named, pos, at_top) };
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

    fn name_of(&self, named: Option<(Symbol, Pos)>) -> String {
        named.map_or_else(|| String::from("type name"), |(name, _)| format!("'{}'", self.shown(name)))
    }

    fn array_len(
        &mut self,
        size: Option<&'t crate::parse::tree::Expr<'t>>,
        named: Option<(Symbol, Pos)>,
        pos: Pos,
        at_top: bool,
    ) -> Len {
        let Some(size) = size else { return Len::Unknown };
        let value = self.expression(size);
        if value.is_error() {
            return Len::Variable;
        }
        let named_pos = named.map_or(pos, |(_, pos)| pos);
        if self.unit.types.integer(value.ty).is_none() {
            let message = match named {
                Some((name, _)) => format!("size of array '{}' has non-integer type", self.shown(name)),
                None => String::from("size of unnamed array has non-integer type"),
            };
            self.complain(Code::ArraySize, named_pos, message);
            return Len::Variable;
        }
        match value.int() {
            Some(len) if len < 0 => {
                let message = match named {
                    Some((name, _)) => format!("size of array '{}' is negative", self.shown(name)),
                    None => String::from("size of unnamed array is negative"),
                };
                self.complain(Code::ArraySize, named_pos, message);
                Len::Variable
            }
            Some(len) => u64::try_from(len).map_or(Len::Variable, Len::Known),
            None => {
                if at_top {
                    let message = format!("variably modified {} at file scope", self.name_of(named));
                    self.complain(Code::VariablyModified, named_pos, message);
                }
                Len::Variable
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
        for parameter in list {
            self.at = parameter.pos;
            let base = self.base(parameter.specifiers);
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
        let signature = Signature { result, parameters: types.as_slice(), is_variadic, is_prototype: true };
        self.intern(Type::Function(signature))
    }

    fn check_parameter(&mut self, parameter: &Parameter<'_>, ty: Ty, count: usize) {
        let specifiers = parameter.specifiers;
        if !matches!(specifiers.storage, Storage::None | Storage::Register)
            || specifiers.flags & flag::THREAD != 0
        {
            let what = match parameter.entity {
                Some(entity) => format!("parameter '{}'", self.shown(entity.name)),
                None => String::from("unnamed parameter"),
            };
            self.complain(Code::BadParameter, parameter.pos, format!("storage class specified for {what}"));
        }
        let is_void = self.get(ty) == Type::Basic(Basic::Void);
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
            if entity.ty.get() != Entity::NO_TYPE
                && (self.is_incomplete(ty) || self.get(ty) == Type::Basic(Basic::Void))
            {
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

    /// Changes `ty` and `align` as attributes say.
    fn apply(&mut self, attributes: &'t [Attribute<'t>], ty: &mut Ty, align: &mut u64) {
        for attribute in attributes {
            match *attribute {
                Attribute::Aligned(None) => *align = (*align).max(16),
                Attribute::Aligned(Some(value)) => {
                    *align = (*align).max(self.alignment(value));
                }
                Attribute::AlignedAs(name) => {
                    let name = self.type_name(name);
                    *align = (*align).max(self.unit.types.align(name));
                }
                Attribute::Mode(mode) => *ty = self.moded(*ty, mode),
                Attribute::VectorSize(bytes) => {
                    let bytes = self.expression(bytes).int().and_then(|bytes| u64::try_from(bytes).ok());
                    if let Some(bytes) = bytes.filter(|bytes| bytes.is_power_of_two() && *bytes <= ALIGN_MAX)
                    {
                        *ty = self.intern(Type::Vector(ty.plain(), bytes));
                    }
                }
                Attribute::Packed | Attribute::TransparentUnion => {}
            }
        }
    }

    /// The alignment that an attribute asks for.
    fn alignment(&mut self, expression: &'t crate::parse::tree::Expr<'t>) -> u64 {
        let value = self.expression(expression);
        if value.is_error() {
            return 0;
        }
        let message = match value.int() {
            None => String::from("requested alignment is not an integer constant"),
            Some(asked) => match u64::try_from(asked) {
                Ok(0) => return 0,
                Ok(align) if align.is_power_of_two() && align <= ALIGN_MAX => return align,
                Ok(align) if align.is_power_of_two() => {
                    format!("requested alignment '{align}' exceeds maximum {ALIGN_MAX}")
                }
                _ => format!("requested alignment '{asked}' is not a positive power of 2"),
            },
        };
        self.complain(Code::BadAlignment, expression.pos(), message);
        0
    }

    fn moded(&self, ty: Ty, mode: Symbol) -> Ty {
        let text = self.source.text(mode);
        let plain = text.strip_prefix(b"__").and_then(|rest| rest.strip_suffix(b"__")).unwrap_or(text);
        let is_unsigned = self.unit.types.integer(ty).is_some_and(Basic::is_unsigned);
        let pick = |signed: Basic| Ty::of(if is_unsigned { signed.to_unsigned() } else { signed });
        match plain {
            b"QI" | b"byte" => pick(Basic::SignedChar),
            b"HI" => pick(Basic::Short),
            b"SI" => pick(Basic::Int),
            b"DI" | b"word" | b"pointer" => pick(Basic::Long),
            b"TI" => pick(Basic::Int128),
            b"SF" => Ty::of(Basic::Float),
            b"DF" => Ty::of(Basic::Double),
            b"XF" => Ty::of(Basic::LongDouble),
            b"TF" => Ty::of(Basic::Float128),
            b"SC" => Ty::of(Basic::ComplexFloat),
            b"DC" => Ty::of(Basic::ComplexDouble),
            b"XC" => Ty::of(Basic::ComplexLongDouble),
            _ => ty,
        }
    }

    fn tag_type(&mut self, tag: &Tag) -> Ty {
        if tag.ty.get() != Entity::NO_TYPE {
            return Ty(tag.ty.get());
        }
        let super::checker::Unit { region, types } = &mut *self.unit;
        let ty = if tag.kind == TagKind::Enum {
            let number = types.enumerations.len() as u32;
            types
                .enumerations
                .push(region, Enumeration { name: tag.name, is_complete: false, basic: Basic::Unsigned });
            types.intern(region, Type::Enum(number))
        } else {
            let number = types.records.len() as u32;
            let record =
                Record { kind: tag.kind, name: tag.name, is_complete: false, fields: &[], size: 0, align: 1 };
            types.records.push(region, record);
            types.intern(region, Type::Record(number))
        };
        tag.ty.set(ty.0);
        ty
    }

    fn record_specifier(&mut self, specifier: &'t RecordSpecifier<'t>) -> Ty {
        let ty = self.tag_type(specifier.tag);
        let (Some(members), Type::Record(number)) = (specifier.members, self.get(ty)) else { return ty };
        if self.unit.types.records.as_slice()[number as usize].is_complete {
            // Defined twice, which was reported.
            return ty;
        }
        let mut aligned = 0;
        let mut unchanged = ty;
        self.apply(specifier.attributes, &mut unchanged, &mut aligned);
        let is_packed = is_packed(specifier.attributes);
        let mut placed: GrowVec<'t, Placed> = GrowVec::new();
        for (index, member) in members.iter().enumerate() {
            let is_last = index + 1 == members.len();
            if let Some(member) = self.member(member, is_packed, is_last) {
                placed.push(self.scratch, member);
            }
        }
        self.check_names(placed.as_slice(), members);
        self.check_flexible(specifier.tag.kind, placed.as_slice(), members);
        let mut fields: GrowVec<'t, Field> = GrowVec::new();
        let kind = specifier.tag.kind;
        let pack = u64::from(specifier.pack);
        let extent =
            self.unit.types.lay_out(kind, placed.as_slice(), pack, aligned, self.scratch, &mut fields);
        let fields = self.unit.region.slice_copy(fields.as_slice());
        if let Some(record) = self.unit.types.records.as_mut_slice().get_mut(number as usize) {
            *record = Record { is_complete: true, fields, size: extent.size, align: extent.align, ..*record };
        }
        ty
    }

    fn member(&mut self, member: &'t Member<'t>, is_packed: bool, is_last: bool) -> Option<Placed> {
        self.at = member.pos;
        let base = self.base(member.specifiers);
        let named = Some((member.name, member.pos));
        let mut ty = self.derive(base.ty, member.derivations, named, false);
        let mut aligned = 0;
        self.apply(member.attributes, &mut ty, &mut aligned);
        if member.name == Symbol::EMPTY && member.width.is_none() {
            // Without a name only a record without a tag, written here, gives its members to the outer one.
            let is_unnamed_record = matches!(member.specifiers.base, TypeSpecifier::Record(inner) if inner.tag.name == Symbol::EMPTY);
            if !is_unnamed_record {
                return None;
            }
        }
        let is_incomplete = match self.get(ty) {
            Type::Array(_, Len::Unknown) => !is_last,
            Type::Basic(Basic::Void) | Type::Function(_) => true,
            Type::Record(number) => !self.unit.types.records.as_slice()[number as usize].is_complete,
            _ => false,
        };
        if is_incomplete {
            self.complain_of_member(ty, member);
            return None;
        }
        let width = match member.width {
            Some(width) => Some(self.bit_field_width(ty, member, width)?),
            None => None,
        };
        let is_packed =
            is_packed || self::is_packed(member.attributes) || self::is_packed(member.specifiers.attributes);
        let natural = match base.align {
            align if align > 0 && self.keeps_alignment(member.derivations) => align,
            _ => self.unit.types.align(ty),
        };
        Some(Placed { name: member.name, ty, width, natural, aligned, is_packed })
    }

    /// Whether the alignment of a base type is that of the derived one.
    fn keeps_alignment(&self, derivations: &[Derivation<'_>]) -> bool {
        derivations.iter().all(|derivation| matches!(derivation, Derivation::Array { .. }))
    }

    fn complain_of_member(&mut self, ty: Ty, member: &Member<'_>) {
        let name = self.shown(member.name);
        let message = match self.get(ty) {
            Type::Array(..) => String::from("flexible array member not at end of struct"),
            Type::Function(_) => format!("field '{name}' declared as a function"),
            Type::Basic(_) => format!("variable or field '{name}' declared void"),
            _ => format!("field '{name}' has incomplete type"),
        };
        self.complain(Code::BadMember, member.pos, message);
    }

    fn bit_field_width(
        &mut self,
        ty: Ty,
        member: &Member<'t>,
        width: &'t crate::parse::tree::Expr<'t>,
    ) -> Option<u8> {
        let value = self.expression(width);
        if value.is_error() || ty.plain() == Ty::ERROR {
            return None;
        }
        let name =
            if member.name == Symbol::EMPTY { String::from("<anonymous>") } else { self.shown(member.name) };
        let message = match (self.unit.types.integer(ty), value.int()) {
            (None, _) => format!("bit-field '{name}' has invalid type"),
            (_, None) => format!("bit-field '{name}' width not an integer constant"),
            (_, Some(width)) if width < 0 => format!("negative width in bit-field '{name}'"),
            (_, Some(0)) if member.name != Symbol::EMPTY => format!("zero width for bit-field '{name}'"),
            (Some(basic), Some(width)) => {
                let max = if basic == Basic::Bool { 1 } else { 8 * basic.size() as i128 };
                if width <= max {
                    return Some(width as u8);
                }
                format!("width of '{name}' exceeds its type")
            }
        };
        self.complain(Code::BitField, member.pos, message);
        None
    }

    /// Reports an array without a length that is all that there is, or one of several in a union.
    fn check_flexible(&mut self, kind: TagKind, placed: &[Placed], members: &[Member<'_>]) {
        let Some((last, before)) = placed.split_last() else { return };
        if !matches!(self.get(last.ty), Type::Array(_, Len::Unknown)) {
            return;
        }
        let has_name = |member: &Placed| member.name != Symbol::EMPTY || member.width.is_none();
        let message = if kind == TagKind::Union {
            "flexible array member in union"
        } else if !before.iter().any(has_name) {
            "flexible array member in a struct with no named members"
        } else {
            return;
        };
        let pos = members.last().map_or(self.at, |member| member.pos);
        self.complain(Code::BadMember, pos, String::from(message));
    }

    /// Adds the names that a member gives its record: its own, or those of a record without a name.
    fn collect_names(&self, name: Symbol, ty: Ty, names: &mut GrowVec<'t, Symbol>) {
        if name != Symbol::EMPTY {
            names.push(self.scratch, name);
        } else if let Some(record) = self.unit.types.record(ty) {
            for field in
                record.fields.iter().filter(|field| field.bits.is_none() || field.name != Symbol::EMPTY)
            {
                self.collect_names(field.name, field.ty, names);
            }
        }
    }

    fn check_names(&mut self, placed: &[Placed], members: &[Member<'_>]) {
        // Short records are compared name by name, long ones are left to a sorted copy.
        let mut names: GrowVec<'t, Symbol> = GrowVec::new();
        for member in placed {
            self.collect_names(member.name, member.ty, &mut names);
        }
        names.as_mut_slice().sort_unstable();
        let twice = names.as_slice().windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0]);
        if let Some(name) = twice {
            let last = members.iter().rfind(|member| member.name == name).or(members.last());
            let pos = last.map_or(self.at, |member| member.pos);
            let message = format!("duplicate member '{}'", self.shown(name));
            self.complain(Code::DuplicateMember, pos, message);
        }
    }

    fn enum_specifier(&mut self, specifier: &'t EnumSpecifier<'t>) -> Ty {
        let ty = self.tag_type(specifier.tag);
        let (Some(enumerators), Type::Enum(number)) = (specifier.enumerators, self.get(ty)) else {
            return ty;
        };
        let (mut next, mut low, mut high) = (0i128, 0i128, 0i128);
        for enumerator in enumerators {
            if let Some(value) = enumerator.value {
                let operand = self.expression(value);
                match operand.int() {
                    Some(value) => next = value,
                    None if operand.is_error() => {}
                    None => {
                        let name = self.shown(enumerator.entity.name);
                        let message = format!("enumerator value for '{name}' is not an integer constant");
                        self.complain(Code::NotConstant, value.pos(), message);
                    }
                }
            }
            (low, high) = (low.min(next), high.max(next));
            enumerator.entity.value.set(next as i64);
            // Within its enumeration a constant that fits has type int.
            let own = if i32::try_from(next).is_ok() {
                Basic::Int
            } else if next > i128::from(i64::MAX) {
                Basic::UnsignedLong
            } else if u32::try_from(next).is_ok() {
                Basic::Unsigned
            } else {
                Basic::Long
            };
            enumerator.entity.ty.set(Ty::of(own).0);
            next = next.wrapping_add(1);
        }
        let fits = |min: i128, max: i128| low >= min && high <= max;
        let is_packed = is_packed(specifier.attributes);
        let basic = match () {
            () if is_packed && fits(0, 255) => Basic::UnsignedChar,
            () if is_packed && fits(-128, 127) => Basic::SignedChar,
            () if is_packed && fits(0, 65535) => Basic::UnsignedShort,
            () if is_packed && fits(-32768, 32767) => Basic::Short,
            () if fits(0, i128::from(u32::MAX)) => Basic::Unsigned,
            () if fits(i128::from(i32::MIN), i128::from(i32::MAX)) => Basic::Int,
            () if fits(0, i128::from(u64::MAX)) => Basic::UnsignedLong,
            () => Basic::Long,
        };
        if basic.size() > 4 {
            // All constants of a wide enumeration have its type.
            for enumerator in enumerators {
                enumerator.entity.ty.set(Ty::of(basic).0);
            }
        }
        if let Some(enumeration) = self.unit.types.enumerations.as_mut_slice().get_mut(number as usize) {
            *enumeration = Enumeration { is_complete: true, basic, ..*enumeration };
        }
        ty
    }
}

fn is_packed(attributes: &[Attribute<'_>]) -> bool {
    attributes.iter().any(|attribute| matches!(attribute, Attribute::Packed))
}

/// The value of an enumerator.
pub fn enumerator_value(entity: &Entity) -> Value {
    let value = entity.value.get();
    let is_unsigned = Ty::of_entity(entity) == Ty::of(Basic::UnsignedLong);
    Value::Int(if is_unsigned { i128::from(value as u64) } else { i128::from(value) })
}
