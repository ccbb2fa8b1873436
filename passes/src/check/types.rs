//! Types: each has one number, so that equal types are equal numbers.

use crate::ids::Symbol;
use crate::memory::{GrowVec, Region};
use crate::parse::tree::{Basic, Entity, TagKind};
use rustc_hash::FxHasher;
use std::hash::{Hash, Hasher};

/// A type with its qualifiers: the type's number above four bits, see [`qualifier`](crate::parse::tree::qualifier).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Ty(pub u32);

/// Steps that a type may be made of.
pub const DEPTH_MAX: u16 = 256;

const QUALIFIER_BITS: u32 = 4;
const QUALIFIER_MASK: u32 = (1 << QUALIFIER_BITS) - 1;

impl Ty {
    /// A type that could not be found out; an error was reported, and none follows from it.
    pub const ERROR: Ty = Ty((Basic::ALL.len() as u32) << QUALIFIER_BITS);
    /// `void`
    pub const VOID: Ty = Ty::of(Basic::Void);
    /// `int`
    pub const INT: Ty = Ty::of(Basic::Int);
    /// `char`
    pub const CHAR: Ty = Ty::of(Basic::Char);
    /// `size_t`
    pub const SIZE: Ty = Ty::of(Basic::UnsignedLong);
    /// `ptrdiff_t`
    pub const DIFFERENCE: Ty = Ty::of(Basic::Long);

    /// The type that keywords spell.
    pub const fn of(basic: Basic) -> Ty {
        Ty((basic as u32) << QUALIFIER_BITS)
    }

    /// The type of what a name stands for; [`Ty::ERROR`] if its declaration could not be understood.
    pub fn of_entity(entity: &Entity) -> Ty {
        match entity.ty.get() {
            Entity::NO_TYPE => Ty::ERROR,
            ty => Ty(ty),
        }
    }

    fn number(self) -> usize {
        (self.0 >> QUALIFIER_BITS) as usize
    }

    /// The bits of its qualifiers.
    pub fn qualifiers(self) -> u8 {
        (self.0 & QUALIFIER_MASK) as u8
    }

    /// The same type without qualifiers.
    pub fn plain(self) -> Ty {
        Ty(self.0 & !QUALIFIER_MASK)
    }

    /// The same type with these qualifiers, too.
    pub fn with(self, qualifiers: u8) -> Ty {
        Ty(self.0 | u32::from(qualifiers))
    }
}

/// What a type is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Type<'r> {
    /// A type of the language.
    Basic(Basic),
    /// See [`Ty::ERROR`].
    Error,
    /// A pointer.
    Pointer(Ty),
    /// An array.
    Array(Ty, Len),
    /// A function.
    Function(Signature<'r>),
    /// `struct` or `union`: its number.
    Record(u32),
    /// `enum`: its number.
    Enum(u32),
    /// A GNU vector of so many bytes.
    Vector(Ty, u64),
}

/// How many elements an array has.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Len {
    /// So many.
    Known(u64),
    /// It is not said.
    Unknown,
    /// That is found out when the program runs.
    Variable,
}

/// What a function takes and gives.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Signature<'r> {
    /// What it gives.
    pub result: Ty,
    /// What it takes.
    pub parameters: &'r [Ty],
    /// `...`
    pub is_variadic: bool,
    /// Whether the parameters are known.
    pub is_prototype: bool,
}

/// A `struct` or `union`.
#[derive(Clone, Copy, Debug)]
pub struct Record<'r> {
    /// Which of both.
    pub kind: TagKind,
    /// Its name, if it has one.
    pub name: Symbol,
    /// Whether its members are known.
    pub is_complete: bool,
    /// Whether the size of one of them is found out when the program runs.
    pub is_variable: bool,
    /// Of a union: a function that takes it takes what its members take.
    pub is_transparent: bool,
    /// Its alignment is two to this power.
    pub align_log2: u8,
    /// If it has many members: one more than the number of its index in [`Types::indexes`]; else 0. See [`INDEXED_MIN`].
    pub index: u32,
    /// In order.
    pub fields: &'r [Field],
    /// In bytes.
    pub size: u64,
}

// Units have thousands of them; few have an index.
const _: () = assert!(size_of::<Record<'_>>() == 40);

impl Record<'_> {
    /// Its alignment in bytes.
    pub fn align(&self) -> u64 {
        1 << self.align_log2
    }
}

/// Members of a record from which on its names are looked up in order.
pub const INDEXED_MIN: usize = 64;

/// All names that lead to a member of a record, in order, with the number of the member in [`Record::fields`].
pub type NameIndex<'r> = &'r [(Symbol, u32)];

/// A member of a record.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Empty for a record without a name.
    pub name: Symbol,
    /// Its type.
    pub ty: Ty,
    /// In bytes, of the first byte that it lies in.
    pub offset: u64,
    /// Of a bit-field: the first bit within that byte, and the width.
    pub bits: Option<(u8, u8)>,
    /// Its alignment is two to this power.
    pub align_log2: u8,
}

/// An enumeration.
#[derive(Clone, Copy, Debug)]
pub struct Enumeration {
    /// Its name, if it has one.
    pub name: Symbol,
    /// Whether its constants are known.
    pub is_complete: bool,
    /// The integer type that stands for it.
    pub basic: Basic,
}

/// The types of a unit.
pub struct Types<'r> {
    types: GrowVec<'r, Type<'r>>,
    // How many steps each is made of; whoever goes down a type goes no deeper.
    depths: GrowVec<'r, u16>,
    // Type numbers and one; 0 is a free slot.
    slots: &'r mut [u32],
    /// The records.
    pub records: GrowVec<'r, Record<'r>>,
    /// The names of those with many members.
    pub indexes: GrowVec<'r, NameIndex<'r>>,
    /// The enumerations.
    pub enumerations: GrowVec<'r, Enumeration>,
}

/// The types of a unit that is done: read only, so that they can be shared and sealed.
#[derive(Clone, Copy, Debug)]
pub struct TypeTables<'r> {
    types: &'r [Type<'r>],
    /// The records.
    pub records: &'r [Record<'r>],
    /// The enumerations.
    pub enumerations: &'r [Enumeration],
}

impl<'r> TypeTables<'r> {
    /// What `ty` is, which must be of these tables.
    ///
    /// # Panics
    /// If it is not.
    #[inline]
    pub fn get(&self, ty: Ty) -> Type<'r> {
        self.types[ty.number()]
    }
}

impl<'r> Types<'r> {
    /// The tables alone.
    pub fn into_tables(self) -> TypeTables<'r> {
        TypeTables {
            types: self.types.into_slice(),
            records: self.records.into_slice(),
            enumerations: self.enumerations.into_slice(),
        }
    }

    /// The types of the language.
    pub fn new(region: &impl Region<'r>) -> Self {
        let mut types = Self {
            types: GrowVec::new(),
            depths: GrowVec::new(),
            slots: region.slice_fill(256, 0),
            records: GrowVec::new(),
            indexes: GrowVec::new(),
            enumerations: GrowVec::new(),
        };
        for basic in Basic::ALL {
            let ty = types.intern(region, Type::Basic(basic));
            debug_assert_eq!(ty, Ty::of(basic));
        }
        types.intern(region, Type::Error);
        types
    }

    /// What `ty` is.
    // Most callers want no more than which variant it is.
    #[inline(always)]
    pub fn get(&self, ty: Ty) -> Type<'r> {
        self.types.as_slice()[ty.number()]
    }

    /// The number of `ty`, or [`Ty::ERROR`] if it is made of too many steps. A new function type keeps a copy of its parameters.
    pub fn intern(&mut self, region: &impl Region<'r>, ty: Type<'_>) -> Ty {
        let hash = hash(&ty);
        if let Some(number) = self.find(&ty, hash) {
            return Ty(number << QUALIFIER_BITS);
        }
        let depth_of = |ty: Ty| self.depths.as_slice()[ty.number()] + 1;
        let depth = match &ty {
            Type::Basic(_) | Type::Error | Type::Record(_) | Type::Enum(_) => 0,
            Type::Pointer(of) | Type::Array(of, _) | Type::Vector(of, _) => depth_of(*of),
            Type::Function(signature) => {
                let inner = signature.parameters.iter().chain([&signature.result]);
                inner.map(|&ty| depth_of(ty)).max().unwrap_or(0)
            }
        };
        if depth > DEPTH_MAX {
            return Ty::ERROR;
        }
        let ty: Type<'r> = match ty {
            Type::Basic(basic) => Type::Basic(basic),
            Type::Error => Type::Error,
            Type::Pointer(to) => Type::Pointer(to),
            Type::Array(of, len) => Type::Array(of, len),
            Type::Record(number) => Type::Record(number),
            Type::Enum(number) => Type::Enum(number),
            Type::Vector(of, bytes) => Type::Vector(of, bytes),
            Type::Function(Signature { result, parameters, is_variadic, is_prototype }) => {
                let parameters = region.slice_copy(parameters);
                Type::Function(Signature { result, parameters, is_variadic, is_prototype })
            }
        };
        let number = self.types.len() as u32;
        self.types.push(region, ty);
        self.depths.push(region, depth);
        if self.types.len() * 2 > self.slots.len() {
            let larger = region.slice_fill(self.slots.len() * 2, 0);
            for &slot in self.slots.iter().filter(|&&slot| slot != 0) {
                place(larger, self::hash(&self.types.as_slice()[slot as usize - 1]), slot);
            }
            self.slots = larger;
        }
        place(self.slots, hash, number + 1);
        Ty(number << QUALIFIER_BITS)
    }

    /// The pointer to `to`, if there is one already.
    pub fn known_pointer(&self, to: Ty) -> Option<Ty> {
        let ty = Type::Pointer(to);
        self.find(&ty, hash(&ty)).map(|number| Ty(number << QUALIFIER_BITS))
    }

    #[inline]
    fn find(&self, ty: &Type<'_>, hash: u64) -> Option<u32> {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let number = self.slots[at].checked_sub(1)?;
            if self.types.as_slice()[number as usize] == *ty {
                return Some(number);
            }
            at = (at + 1) & mask;
        }
    }

    /// A pointer to `to`.
    pub fn pointer(&mut self, region: &impl Region<'r>, to: Ty) -> Ty {
        self.intern(region, Type::Pointer(to))
    }

    /// The integer type that stands for `ty`, if it is an integer or an enumeration.
    pub fn integer(&self, ty: Ty) -> Option<Basic> {
        match self.get(ty) {
            Type::Basic(basic) if basic.is_integer() => Some(basic),
            Type::Enum(number) => Some(self.enumerations.as_slice()[number as usize].basic),
            _ => None,
        }
    }

    /// Whether `ty` is a number, by its keywords.
    pub fn arithmetic(&self, ty: Ty) -> Option<Basic> {
        match self.get(ty) {
            Type::Basic(basic) if !matches!(basic, Basic::Void | Basic::VaList) => Some(basic),
            _ => self.integer(ty),
        }
    }

    /// What a value of `ty` points to.
    #[inline]
    pub fn pointee(&self, ty: Ty) -> Option<Ty> {
        match self.get(ty) {
            Type::Pointer(to) => Some(to),
            _ => None,
        }
    }

    /// The record that `ty` is.
    #[inline]
    pub fn record(&self, ty: Ty) -> Option<&Record<'r>> {
        match self.get(ty) {
            Type::Record(number) => Some(&self.records.as_slice()[number as usize]),
            _ => None,
        }
    }

    /// The index of `record`, if it has one.
    #[inline]
    pub fn index(&self, record: &Record<'_>) -> Option<NameIndex<'r>> {
        let number = record.index.checked_sub(1)?;
        Some(self.indexes.as_slice()[number as usize])
    }
}

#[inline]
fn hash(ty: &Type<'_>) -> u64 {
    let mut hasher = FxHasher::default();
    ty.hash(&mut hasher);
    let hash = hasher.finish();
    hash ^ hash >> 32
}

fn place(slots: &mut [u32], hash: u64, value: u32) {
    let mask = slots.len() - 1;
    let mut at = hash as usize & mask;
    while slots[at] != 0 {
        at = (at + 1) & mask;
    }
    slots[at] = value;
}

impl Basic {
    /// Whether it is an integer.
    pub fn is_integer(self) -> bool {
        (Basic::Bool as u8..=Basic::UnsignedInt128 as u8).contains(&(self as u8))
    }

    /// Whether it is an integer without a sign.
    pub fn is_unsigned(self) -> bool {
        use Basic::*;
        matches!(
            self,
            Bool | UnsignedChar | UnsignedShort | Unsigned | UnsignedLong | UnsignedLongLong | UnsignedInt128
        )
    }

    /// The integer of the same size without a sign.
    pub fn to_unsigned(self) -> Basic {
        match self {
            Basic::Char | Basic::SignedChar => Basic::UnsignedChar,
            Basic::Short => Basic::UnsignedShort,
            Basic::Int => Basic::Unsigned,
            Basic::Long => Basic::UnsignedLong,
            Basic::LongLong => Basic::UnsignedLongLong,
            Basic::Int128 => Basic::UnsignedInt128,
            other => other,
        }
    }

    /// Bytes of a value, which are its alignment, too, but for `long double`'s kin.
    pub fn size(self) -> u64 {
        match self {
            Basic::Void | Basic::Bool | Basic::Char | Basic::SignedChar | Basic::UnsignedChar => 1,
            Basic::Short | Basic::UnsignedShort => 2,
            Basic::Int | Basic::Unsigned | Basic::Float => 4,
            Basic::Long | Basic::UnsignedLong | Basic::LongLong | Basic::UnsignedLongLong => 8,
            Basic::Double => 8,
            Basic::Int128 | Basic::UnsignedInt128 | Basic::LongDouble | Basic::Float128 => 16,
            Basic::VaList => 24,
            _ => 2 * self.part().size(),
        }
    }

    /// Alignment in bytes.
    pub fn align(self) -> u64 {
        match self {
            Basic::VaList => 8,
            _ => self.part().size(),
        }
    }

    /// How integers rank when two meet; floating types are above them, and complex ones above those.
    pub fn rank(self) -> u8 {
        match self {
            Basic::Bool => 0,
            Basic::Char | Basic::SignedChar | Basic::UnsignedChar => 1,
            Basic::Short | Basic::UnsignedShort => 2,
            Basic::Int | Basic::Unsigned => 3,
            Basic::Long | Basic::UnsignedLong => 4,
            Basic::LongLong | Basic::UnsignedLongLong => 5,
            Basic::Int128 | Basic::UnsignedInt128 => 6,
            Basic::Float => 7,
            Basic::Double => 8,
            Basic::LongDouble => 9,
            Basic::Float128 => 10,
            Basic::Void | Basic::VaList => 0,
            _ => Basic::Float128.rank() + 1 + self.part().rank(),
        }
    }

    /// The type after integer promotion.
    pub fn promoted(self) -> Basic {
        if self.is_integer() && self.rank() < Basic::Int.rank() { Basic::Int } else { self }
    }

    /// The type in which two numbers meet.
    pub fn common(self, other: Basic) -> Basic {
        self.promoted().meet(other.promoted())
    }

    /// The type in which two numbers meet that were promoted; the parts of complex ones are not.
    fn meet(self, other: Basic) -> Basic {
        let (high, low) = if self.rank() >= other.rank() { (self, other) } else { (other, self) };
        if high.is_complex() {
            return high.part().meet(low.part()).complex().unwrap_or(high);
        }
        if !high.is_integer() {
            return high;
        }
        if high.rank() == low.rank() {
            return if low.is_unsigned() { low } else { high };
        }
        // A wider signed type holds the narrower unsigned one, unless both have the same size.
        if low.is_unsigned() && !high.is_unsigned() && high.size() == low.size() {
            return high.to_unsigned();
        }
        high
    }

    /// `value` as a value of this integer type.
    pub fn wrap(self, value: i128) -> i128 {
        if self == Basic::Bool {
            return i128::from(value != 0);
        }
        let unused = 128 - 8 * self.size() as u32;
        if unused == 0 {
            return value;
        }
        if self.is_unsigned() {
            ((value << unused) as u128 >> unused) as i128
        } else {
            value << unused >> unused
        }
    }
}
