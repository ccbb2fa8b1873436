//! Members: `.`, `->` and `offsetof`.

use super::checker::Checker;
use super::operand::{Operand, Value};
use super::types::{Field, NameIndex, Ty, Type};
use crate::diagnostics::Code;
use crate::ids::Symbol;
use crate::memory::Region;
use crate::parse::Source;
use crate::parse::tree::{Designator, MemberAccess, TypeName};
use crate::source::Pos;

impl<'t, 'r, T: Source, U: Region<'r>, R: Region<'t>> Checker<'_, 't, 'r, T, U, R> {
    /// The member of a record called `name`, with its place in it; those of records without names are its own.
    pub fn field(&self, ty: Ty, name: Symbol) -> Option<Field> {
        let record = self.unit.types.record(ty)?;
        if let Some(index) = self.unit.types.index(record) {
            return self.field_in(record.fields[member_called(index, name)?], name);
        }
        if let Some(field) = record.fields.iter().find(|field| field.name == name) {
            return Some(*field);
        }
        record.fields.iter().find_map(|outer| self.field_in(*outer, name))
    }

    /// The number of the member that is called `name`, or of the record without a name that has it.
    pub fn field_number(&self, ty: Ty, name: Symbol) -> Option<usize> {
        let record = self.unit.types.record(ty)?;
        if let Some(index) = self.unit.types.index(record) {
            return member_called(index, name);
        }
        let own = record.fields.iter().position(|field| field.name == name);
        own.or_else(|| record.fields.iter().position(|outer| self.field_in(*outer, name).is_some()))
    }

    /// The member `outer` itself, if it is called `name`, or the one in it, if it is a record without a name.
    fn field_in(&self, outer: Field, name: Symbol) -> Option<Field> {
        if outer.name == name {
            return Some(outer);
        }
        if outer.name != Symbol::EMPTY || outer.bits.is_some() {
            return None;
        }
        let inner = self.field(outer.ty, name)?;
        Some(Field { offset: outer.offset.saturating_add(inner.offset), ..inner })
    }

    /// The record that `access` looks into, and the member that it finds there; nothing after an error.
    pub fn resolved_member(
        &mut self,
        through_pointer: bool,
        pos: Pos,
        access: &'t MemberAccess<'t>,
    ) -> Option<(Operand, Field)> {
        let base = self.expression(&access.base);
        let record = if through_pointer {
            let base = self.decayed(base);
            if base.is_error() {
                return None;
            }
            match self.unit.types.pointee(base.ty) {
                Some(to) => Operand { value: base.value.target(), ..Operand::object(to) },
                None => {
                    let ty = self.quoted(base.ty);
                    let message = format!("invalid type argument of '->' (have {ty})");
                    self.complain(Code::NotAPointer, pos, message);
                    return None;
                }
            }
        } else {
            base
        };
        if record.is_error() {
            return None;
        }
        let name = access.name;
        let Some(known) = self.unit.types.record(record.ty) else {
            let message =
                format!("request for member '{}' in something not a structure or union", self.shown(name));
            self.complain(Code::NotARecord, pos, message);
            return None;
        };
        if !known.is_complete {
            let ty = self.quoted(record.ty.plain());
            self.complain(Code::IncompleteType, pos, format!("invalid use of undefined type {ty}"));
            return None;
        }
        let Some(field) = self.field(record.ty, name) else {
            let ty = self.quoted(record.ty.plain());
            let message = format!("{ty} has no member named '{}'", self.shown(name));
            self.complain(Code::NoMember, pos, message);
            return None;
        };
        Some((record, field))
    }

    /// The member `field` of the object `record`.
    pub fn member_object(&mut self, record: Operand, field: Field) -> Operand {
        let value = match record.value {
            Value::Place(address) => Value::Place(address.wrapping_add(i128::from(field.offset))),
            Value::Object | Value::Fixed => record.value,
            _ => Value::Unknown,
        };
        let ty = self.qualified(field.ty, record.ty.qualifiers());
        let width = field.bits.map(|(_, width)| width);
        Operand { ty, value, is_lvalue: record.is_lvalue, width, is_register: record.is_register }
    }

    pub fn offset_of(&mut self, pos: Pos, name: &'t TypeName<'t>, path: &'t [Designator<'t>]) -> Operand {
        let mut ty = self.type_name(name);
        let mut offset = Some(0i128);
        for (index, step) in path.iter().enumerate() {
            if ty.plain() == Ty::ERROR {
                return Operand::of(Ty::SIZE);
            }
            match step {
                Designator::Member(name, at) => match self.field(ty, *name) {
                    Some(field) if field.bits.is_some() && index + 1 == path.len() => {
                        let name = self.shown(*name);
                        let message =
                            format!("attempt to take address of bit-field structure member '{name}'");
                        self.complain(Code::BitFieldUse, *at, message);
                        return Operand::of(Ty::SIZE);
                    }
                    Some(field) => {
                        offset = offset.map(|offset| offset.wrapping_add(i128::from(field.offset)));
                        ty = field.ty;
                    }
                    None => {
                        let ty = self.quoted(ty);
                        let message = format!("{ty} has no member named '{}'", self.shown(*name));
                        self.complain(Code::NoMember, pos, message);
                        return Operand::of(Ty::SIZE);
                    }
                },
                Designator::Index(index) => {
                    let index = self.expression(index).int();
                    let of = match self.get(ty) {
                        Type::Array(of, _) | Type::Pointer(of) => of,
                        _ => Ty::ERROR,
                    };
                    let size = self.unit.types.size(of).map(i128::from);
                    offset = offset
                        .zip(index)
                        .zip(size)
                        .map(|((offset, index), size)| offset.wrapping_add(index.wrapping_mul(size)));
                    ty = of;
                }
                Designator::Range(_) => {}
            }
        }
        Operand::constant(Ty::SIZE, offset.map_or(Value::Unknown, Value::Int))
    }
}

/// The number of the member that `name` leads to.
fn member_called(index: NameIndex<'_>, name: Symbol) -> Option<usize> {
    let found = index.binary_search_by_key(&name, |&(name, _)| name).ok()?;
    Some(index[found].1 as usize)
}
