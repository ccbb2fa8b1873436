//! Records and enumerations: members, their names and widths, constants and their values.

use super::attribute::asked_alignment;
use super::checker::{Checker, Unit};
use super::layout::Placed;
use super::operand::Value;
use super::types::{Enumeration, Field, INDEXED_MIN, Len, Record, Ty, Type};
use crate::diagnostics::Code;
use crate::ids::Symbol;
use crate::memory::{GrowVec, Region};
use crate::parse::Source;
use crate::parse::tree::{
    Attribute, Basic, Derivation, Entity, EnumSpecifier, Expr, Member, RecordSpecifier, Tag, TagKind,
    TypeSpecifier, flag,
};
use crate::source::Pos;

impl<'t, 'r, T: Source, U: Region<'r>, R: Region<'t>> Checker<'_, 't, 'r, T, U, R> {
    fn tag_type(&mut self, tag: &Tag) -> Ty {
        if tag.ty.get() != Entity::NO_TYPE {
            return Ty(tag.ty.get());
        }
        let Unit { region, types, .. } = &mut *self.unit;
        let ty = if tag.kind == TagKind::Enum {
            let number = types.enumerations.len() as u32;
            types
                .enumerations
                .push(region, Enumeration { name: tag.name, is_complete: false, basic: Basic::Unsigned });
            types.intern(region, Type::Enum(number))
        } else {
            let number = types.records.len() as u32;
            let record = Record {
                kind: tag.kind,
                name: tag.name,
                is_complete: false,
                is_variable: false,
                is_transparent: false,
                align_log2: 0,
                index: 0,
                fields: &[],
                size: 0,
            };
            types.records.push(region, record);
            types.intern(region, Type::Record(number))
        };
        tag.ty.set(ty.0);
        ty
    }

    /// The type of a record, whose members are laid out if they are written here.
    pub fn record_specifier(&mut self, specifier: &'t RecordSpecifier<'t>) -> Ty {
        let ty = self.tag_type(specifier.tag);
        let (Some(members), Type::Record(number)) = (specifier.members, self.get(ty)) else { return ty };
        if self.unit.types.records.as_slice()[number as usize].is_complete {
            // Defined twice, which was reported.
            return ty;
        }
        let mut aligned = 0;
        let mut unchanged = ty;
        // gcc looks at them behind the members, so mostly on the line of the name.
        let start = std::mem::replace(&mut self.at, self.name_at);
        self.apply(specifier.attributes.as_slice(), &mut unchanged, &mut aligned);
        self.at = start;
        let is_packed = is_packed(&specifier.attributes);
        let mut placed: GrowVec<'t, Placed> = GrowVec::new();
        for (index, member) in members.iter().enumerate() {
            let is_last = index + 1 == members.len();
            if let Some(member) = self.member(member, is_packed, is_last) {
                placed.push(self.scratch, member);
            }
        }
        for assertion in specifier.assertions.as_slice() {
            self.declaration(assertion, false);
        }
        self.check_names(members);
        self.check_flexible(specifier.tag.kind, placed.as_slice(), members);
        let mut fields: GrowVec<'t, Field> = GrowVec::new();
        let kind = specifier.tag.kind;
        let pack = u64::from(specifier.pack);
        let extent =
            self.unit.types.lay_out(kind, placed.as_slice(), pack, aligned, self.scratch, &mut fields);
        let is_variable = fields.as_slice().iter().any(|field| self.is_variable_sized(field.ty));
        let index = self.put_index(fields.as_slice());
        let fields = self.unit.region.slice_copy(fields.as_slice());
        if let Some(record) = self.unit.types.records.as_mut_slice().get_mut(number as usize) {
            *record = Record {
                is_complete: true,
                is_variable,
                align_log2: extent.align.ilog2() as u8,
                index,
                fields,
                size: extent.size,
                ..*record
            };
        }
        ty
    }

    /// Makes the index of a record of `fields`, if they are many. Answers its [`Record::index`].
    fn put_index(&mut self, fields: &[Field]) -> u32 {
        if fields.len() < INDEXED_MIN {
            return 0;
        }
        let mut names: GrowVec<'t, (Symbol, u32)> = GrowVec::new();
        for (number, field) in fields.iter().enumerate() {
            self.put_names(field, number as u32, &mut names);
        }
        names.as_mut_slice().sort_unstable();
        let Unit { region, types, .. } = &mut *self.unit;
        types.indexes.push(region, region.slice_copy(names.as_slice()));
        types.indexes.len() as u32
    }

    /// Adds the names that lead to `field`, or into it, if it is a record without a name.
    fn put_names(&self, field: &Field, number: u32, names: &mut GrowVec<'t, (Symbol, u32)>) {
        if field.name != Symbol::EMPTY {
            names.push(self.scratch, (field.name, number));
        } else if let Some(record) = self.unit.types.record(field.ty) {
            for inner in record.fields {
                self.put_names(inner, number, names);
            }
        }
    }

    fn member(&mut self, member: &'t Member<'t>, is_packed: bool, is_last: bool) -> Option<Placed> {
        (self.at, self.name_at) = (member.pos, member.pos);
        let base = self.base(member.specifiers);
        let named = Some((member.name, member.pos));
        // Parameters of a function may decide what is in a record that is written among them.
        let at_top = self.nesting == 0 && self.prototypes == 0;
        let mut ty = self.derive(base.ty, member.derivations, named, at_top);
        let mut aligned = 0;
        self.apply(member.attributes.as_slice(), &mut ty, &mut aligned);
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
            Type::Record(_) | Type::Enum(_) => self.is_incomplete(ty),
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
        if member.specifiers.flags & flag::ALIGNAS != 0 {
            if width.is_some() {
                let message = format!("alignment specified for bit-field '{}'", self.shown(member.name));
                self.complain(Code::BadAlignment, member.pos, message);
            } else {
                let natural = self.natural_alignment(member.specifiers, member.derivations, ty);
                let align = asked_alignment(member.specifiers, base.own_align, base.align.max(aligned));
                self.require_alignment(align, natural, member.name, member.pos);
            }
        }
        let is_packed = is_packed
            || self::is_packed(&member.attributes)
            || self::is_packed(&member.specifiers.attributes);
        let natural = self.natural_alignment(member.specifiers, member.derivations, ty);
        // What the specifiers ask for is asked of the member, like what stands behind it.
        let aligned = aligned.max(base.own_align);
        Some(Placed { name: member.name, ty, width, natural, aligned, is_packed })
    }

    /// Whether the alignment of a base type is that of the derived one.
    pub fn keeps_alignment(&self, derivations: &[Derivation<'_>]) -> bool {
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

    fn bit_field_width(&mut self, ty: Ty, member: &Member<'t>, width: &'t Expr<'t>) -> Option<u8> {
        let value = self.expression(width);
        if value.is_error() || ty.plain() == Ty::ERROR {
            return None;
        }
        let name =
            if member.name == Symbol::EMPTY { String::from("<anonymous>") } else { self.shown(member.name) };
        let message = match (self.unit.types.integer(ty), self.integer_of(value)) {
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

    /// Adds the names that members give their record: their own, or those of a record without a name that is written there.
    fn collect_names(&self, members: &[Member<'_>], names: &mut GrowVec<'t, (Symbol, Pos)>) {
        for member in members {
            match member.specifiers.base {
                _ if member.name != Symbol::EMPTY => names.push(self.scratch, (member.name, member.pos)),
                TypeSpecifier::Record(inner) if member.width.is_none() && inner.tag.name == Symbol::EMPTY => {
                    self.collect_names(inner.members.unwrap_or_default(), names);
                }
                _ => {}
            }
        }
    }

    fn check_names(&mut self, members: &[Member<'_>]) {
        let mut names: GrowVec<'t, (Symbol, Pos)> = GrowVec::new();
        self.collect_names(members, &mut names);
        names.as_mut_slice().sort_unstable();
        for pair in names.as_slice().windows(2) {
            if let [(before, _), (name, pos)] = *pair
                && before == name
            {
                let message = format!("duplicate member '{}'", self.shown(name));
                self.complain(Code::DuplicateMember, pos, message);
            }
        }
    }

    /// The type of an enumeration, whose constants get their values if they are written here.
    pub fn enum_specifier(&mut self, specifier: &'t EnumSpecifier<'t>) -> Ty {
        let ty = self.tag_type(specifier.tag);
        let is_moded = |attribute: &Attribute<'_>| matches!(attribute, Attribute::Mode(_));
        if specifier.attributes.as_slice().iter().any(is_moded) {
            let (mut moded, mut align) = (ty, 0);
            self.apply(specifier.attributes.as_slice(), &mut moded, &mut align);
        }
        let (Some(enumerators), Type::Enum(number)) = (specifier.enumerators, self.get(ty)) else {
            return ty;
        };
        let (mut next, mut low, mut high) = (0i128, 0i128, 0i128);
        // The type in which the next value is reckoned.
        let mut counted_in = Basic::Int;
        for enumerator in enumerators {
            if enumerator.value.is_none() && counted_in.wrap(next) != next {
                let message = String::from("overflow in enumeration values");
                self.complain(Code::NotConstant, enumerator.entity.pos, message);
            }
            if let Some(value) = enumerator.value {
                let operand = self.expression(value);
                counted_in = self.unit.types.integer(operand.ty).map_or(Basic::Int, Basic::promoted);
                match self.integer_of(operand) {
                    Some(value) => next = value,
                    None if operand.is_error() => {}
                    None => {
                        let name = self.shown(enumerator.entity.name);
                        let message = format!("enumerator value for '{name}' is not an integer constant");
                        let is_integer = self.unit.types.integer(operand.ty).is_some();
                        let pos = if is_integer { enumerator.entity.pos } else { value.start() };
                        self.complain(Code::NotConstant, pos, message);
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
            if own == Basic::Int {
                counted_in = Basic::Int;
            }
            next = next.wrapping_add(1);
        }
        let fits = |min: i128, max: i128| low >= min && high <= max;
        let is_packed = is_packed(&specifier.attributes);
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
