//! Sizes, alignments and offsets, as gcc lays records out on x86-64.

use super::types::{Field, Len, Ty, Type, Types};
use crate::ids::Symbol;
use crate::memory::{GrowVec, Region};
use crate::parse::tree::TagKind;

/// The largest object, in bytes; a larger one has no size.
pub const SIZE_MAX: u64 = 1 << 47;

/// What is known of a member before it has a place.
#[derive(Clone, Copy, Debug)]
pub struct Placed {
    /// Empty if it has none.
    pub name: Symbol,
    /// Its type.
    pub ty: Ty,
    /// Of a bit-field.
    pub width: Option<u8>,
    /// Alignment of its type, in bytes.
    pub natural: u64,
    /// What attributes of the member ask for, in bytes; 0 is nothing.
    pub aligned: u64,
    /// `packed`, for it or for the whole record.
    pub is_packed: bool,
}

/// Size and alignment of a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Extent {
    /// In bytes.
    pub size: u64,
    /// In bytes.
    pub align: u64,
}

impl Types<'_> {
    /// Bytes of a value of `ty`; nothing if the type is not complete or its size is found out when the program runs.
    pub fn size(&self, ty: Ty) -> Option<u64> {
        match self.get(ty) {
            Type::Basic(basic) => Some(basic.size()),
            Type::Error => None,
            Type::Pointer(_) => Some(8),
            Type::Array(of, Len::Known(len)) => {
                Some(self.size(of)?.checked_mul(len)?).filter(|&size| size <= SIZE_MAX)
            }
            Type::Array(..) => None,
            // GNU C says so.
            Type::Function(_) => Some(1),
            Type::Record(number) => {
                let record = &self.records.as_slice()[number as usize];
                record.is_complete.then_some(record.size)
            }
            Type::Enum(number) => {
                let enumeration = &self.enumerations.as_slice()[number as usize];
                enumeration.is_complete.then(|| enumeration.basic.size())
            }
            Type::Vector(_, bytes) => Some(bytes),
        }
    }

    /// Alignment of a value of `ty` in bytes; 1 where it is not known.
    pub fn align(&self, ty: Ty) -> u64 {
        match self.get(ty) {
            Type::Basic(basic) => basic.align(),
            Type::Error | Type::Function(_) => 1,
            Type::Pointer(_) => 8,
            Type::Array(of, _) => self.align(of),
            Type::Record(number) => self.records.as_slice()[number as usize].align(),
            Type::Enum(number) => self.enumerations.as_slice()[number as usize].basic.align(),
            Type::Vector(_, bytes) => bytes,
        }
    }

    /// Places `members` one behind the other, or all at the start of a union, and puts them into `fields`.
    ///
    /// `pack` is the largest alignment that members may ask for by their types, 0 for any; `aligned` the least of the record.
    pub fn lay_out<'s>(
        &self,
        kind: TagKind,
        members: &[Placed],
        pack: u64,
        aligned: u64,
        region: &impl Region<'s>,
        fields: &mut GrowVec<'s, Field>,
    ) -> Extent {
        let mut bits = 0u64;
        let (mut largest, mut align) = (0u64, aligned.max(1));
        for member in members {
            if kind == TagKind::Union {
                bits = 0;
            }
            let natural = member.natural;
            let own = if member.is_packed { 1 } else { natural };
            // The pragma counts before attributes that ask for more.
            let cap = |align: u64| if pack > 0 { align.min(pack) } else { align };
            let (own, asked) = (cap(own.max(member.aligned)), cap(member.aligned));
            let size = self.size(member.ty).unwrap_or(0);
            // No sum of members runs over.
            bits = bits.min(8 * SIZE_MAX);
            let place = match member.width {
                None => {
                    bits = bits.next_multiple_of(8).next_multiple_of(8 * own);
                    align = align.max(own);
                    let place = (bits / 8, None);
                    bits += 8 * size;
                    place
                }
                Some(0) => {
                    // Ends the storage unit; asks for no alignment of the record.
                    bits = bits.next_multiple_of(8 * natural.max(member.aligned));
                    continue;
                }
                Some(width) => {
                    let width = u64::from(width);
                    let unit = 8 * size;
                    if asked > 0 {
                        bits = bits.next_multiple_of(8 * asked);
                    }
                    // It may not touch more of what is aligned like its type than its type does, unless an attribute or pragma packs it.
                    let step = 8 * natural;
                    let crosses = (bits % step + width).div_ceil(step) > unit / step;
                    if crosses && !member.is_packed && pack == 0 {
                        bits = bits.next_multiple_of(step);
                    }
                    // What the pragma says of a named one counts before what the attribute says.
                    if member.name != Symbol::EMPTY {
                        align = align.max(if pack > 0 { natural.min(pack) } else { own }).max(asked);
                    }
                    let place = (bits / 8, Some(((bits % 8) as u8, width as u8)));
                    bits += width;
                    place
                }
            };
            largest = largest.max(bits);
            let align_log2 = own.max(1).ilog2() as u8;
            let field =
                Field { name: member.name, ty: member.ty, offset: place.0, bits: place.1, align_log2 };
            fields.push(region, field);
        }
        let bytes = bits.max(largest).div_ceil(8).min(SIZE_MAX);
        Extent { size: bytes.next_multiple_of(align), align }
    }
}
