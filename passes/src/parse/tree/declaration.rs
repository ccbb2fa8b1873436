//! Declarations and the types they spell.

use super::{Block, Entity, Expr, Rare, Tag};
use crate::ids::Symbol;
use crate::source::Pos;

/// What stands at the top of a unit.
#[derive(Clone, Copy, Debug)]
pub enum External<'t> {
    /// A function with its body.
    Function(&'t FunctionDefinition<'t>),
    /// Any other declaration.
    Declaration(&'t Declaration<'t>),
}

/// A function with its body.
#[derive(Clone, Copy, Debug)]
pub struct FunctionDefinition<'t> {
    /// Where it begins.
    pub start: Pos,
    /// What stands before the declarator.
    pub specifiers: &'t Specifiers<'t>,
    /// The function and its parameters.
    pub declarator: InitDeclarator<'t>,
    /// The entities of the parameters, in order.
    pub parameters: &'t [&'t Entity],
    /// Declarations between the parentheses and the body: the old style.
    pub old_style: Rare<'t, &'t Declaration<'t>>,
    /// The body.
    pub body: &'t Block<'t>,
}

/// A declaration.
#[derive(Clone, Copy, Debug)]
pub enum Declaration<'t> {
    /// Names of one base type.
    Names {
        /// Where it begins.
        start: Pos,
        /// What they have in common.
        specifiers: &'t Specifiers<'t>,
        /// A declarator a name.
        declarators: &'t [InitDeclarator<'t>],
    },
    /// A function in a function, which GNU C has.
    Function(&'t FunctionDefinition<'t>),
    /// `_Static_assert(a, "..")`
    StaticAssert {
        /// Where it stands.
        pos: Pos,
        /// What must not be zero.
        condition: Expr<'t>,
        /// What is said otherwise.
        message: Option<Symbol>,
    },
}

/// What stands before the declarators. Plain ones are shared by declarations that say the same, so they have no place.
#[derive(Clone, Copy, Debug)]
pub struct Specifiers<'t> {
    /// `typedef`, `extern` and so on.
    pub storage: Storage,
    /// See [`flag`].
    pub flags: u8,
    /// See [`qualifier`].
    pub qualifiers: u8,
    /// The type.
    pub base: TypeSpecifier<'t>,
    /// Attributes that change the type or the object; the others are dropped.
    pub attributes: Rare<'t, Attribute<'t>>,
}

/// The bits of [`Specifiers::flags`].
pub mod flag {
    /// `inline`
    pub const INLINE: u8 = 1;
    /// `_Noreturn`
    pub const NORETURN: u8 = 2;
    /// `_Thread_local`
    pub const THREAD: u8 = 4;
    /// `_Alignas`
    pub const ALIGNAS: u8 = 8;
    /// `_Atomic(type)`
    pub const ATOMIC_TYPE: u8 = 16;
    /// `_Thread_local` was spelled `__thread`.
    pub const GNU_THREAD: u8 = 32;
}

/// The bits of qualifiers.
pub mod qualifier {
    /// `const`
    pub const CONST: u8 = 1;
    /// `volatile`
    pub const VOLATILE: u8 = 2;
    /// `restrict`
    pub const RESTRICT: u8 = 4;
    /// `_Atomic`
    pub const ATOMIC: u8 = 8;
}

/// Storage classes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Storage {
    /// None was written.
    None,
    /// `typedef`
    Typedef,
    /// `extern`
    Extern,
    /// `static`
    Static,
    /// `auto`
    Auto,
    /// `register`
    Register,
}

/// The type that specifiers spell.
#[derive(Clone, Copy, Debug)]
pub enum TypeSpecifier<'t> {
    /// None was written: `int`.
    Implicit,
    /// A type of the language.
    Basic(Basic),
    /// A `typedef` name.
    Named(&'t Entity),
    /// `struct` or `union`.
    Record(&'t RecordSpecifier<'t>),
    /// `enum`
    Enum(&'t EnumSpecifier<'t>),
    /// `typeof(type)`, and `_Atomic(type)` with its qualifier among the specifiers'.
    Type(&'t TypeName<'t>),
    /// `typeof(a)`
    TypeOf(&'t Expr<'t>),
    /// `__auto_type`
    Auto,
}

/// The types that keywords spell.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Basic {
    /// `void`
    Void,
    /// `_Bool`
    Bool,
    /// `char`
    Char,
    /// `signed char`
    SignedChar,
    /// `unsigned char`
    UnsignedChar,
    /// `short`
    Short,
    /// `unsigned short`
    UnsignedShort,
    /// `int`
    Int,
    /// `unsigned int`
    Unsigned,
    /// `long`
    Long,
    /// `unsigned long`
    UnsignedLong,
    /// `long long`
    LongLong,
    /// `unsigned long long`
    UnsignedLongLong,
    /// `__int128`
    Int128,
    /// `unsigned __int128`
    UnsignedInt128,
    /// `float`
    Float,
    /// `double`
    Double,
    /// `long double`
    LongDouble,
    /// `__float128`
    Float128,
    /// `__builtin_va_list`
    VaList,
    /// `char _Complex`, and so on: the complex numbers stand in the order of their parts.
    ComplexChar,
    /// `signed char _Complex`
    ComplexSignedChar,
    /// `unsigned char _Complex`
    ComplexUnsignedChar,
    /// `short _Complex`
    ComplexShort,
    /// `unsigned short _Complex`
    ComplexUnsignedShort,
    /// `int _Complex`
    ComplexInt,
    /// `unsigned int _Complex`
    ComplexUnsigned,
    /// `long _Complex`
    ComplexLong,
    /// `unsigned long _Complex`
    ComplexUnsignedLong,
    /// `long long _Complex`
    ComplexLongLong,
    /// `unsigned long long _Complex`
    ComplexUnsignedLongLong,
    /// `__int128 _Complex`
    ComplexInt128,
    /// `unsigned __int128 _Complex`
    ComplexUnsignedInt128,
    /// `float _Complex`
    ComplexFloat,
    /// `double _Complex`
    ComplexDouble,
    /// `long double _Complex`
    ComplexLongDouble,
    /// `__float128 _Complex`
    ComplexFloat128,
}

impl Basic {
    /// All of them, each at its number.
    pub const ALL: [Basic; 37] = [
        Basic::Void,
        Basic::Bool,
        Basic::Char,
        Basic::SignedChar,
        Basic::UnsignedChar,
        Basic::Short,
        Basic::UnsignedShort,
        Basic::Int,
        Basic::Unsigned,
        Basic::Long,
        Basic::UnsignedLong,
        Basic::LongLong,
        Basic::UnsignedLongLong,
        Basic::Int128,
        Basic::UnsignedInt128,
        Basic::Float,
        Basic::Double,
        Basic::LongDouble,
        Basic::Float128,
        Basic::VaList,
        Basic::ComplexChar,
        Basic::ComplexSignedChar,
        Basic::ComplexUnsignedChar,
        Basic::ComplexShort,
        Basic::ComplexUnsignedShort,
        Basic::ComplexInt,
        Basic::ComplexUnsigned,
        Basic::ComplexLong,
        Basic::ComplexUnsignedLong,
        Basic::ComplexLongLong,
        Basic::ComplexUnsignedLongLong,
        Basic::ComplexInt128,
        Basic::ComplexUnsignedInt128,
        Basic::ComplexFloat,
        Basic::ComplexDouble,
        Basic::ComplexLongDouble,
        Basic::ComplexFloat128,
    ];

    /// From a number to the complex number that has two of it.
    const TO_COMPLEX: usize = Basic::ComplexChar as usize - Basic::Char as usize;

    /// Whether it is a complex number.
    pub fn is_complex(self) -> bool {
        self as u8 >= Basic::ComplexChar as u8
    }

    /// What both parts of a complex number are; of another type, the type.
    pub fn part(self) -> Basic {
        if self.is_complex() { Basic::ALL[self as usize - Basic::TO_COMPLEX] } else { self }
    }

    /// The complex number with such parts, if there is one.
    pub fn complex(self) -> Option<Basic> {
        let has_one = (Basic::Char as u8..=Basic::Float128 as u8).contains(&(self as u8));
        has_one.then(|| Basic::ALL[self as usize + Basic::TO_COMPLEX])
    }
}

const _: () = {
    let mut number = 0;
    while number < Basic::ALL.len() {
        assert!(Basic::ALL[number] as usize == number);
        number += 1;
    }
    assert!(Basic::ComplexFloat128 as usize == Basic::Float128 as usize + Basic::TO_COMPLEX);
};

/// `struct` or `union` with a tag, members or both.
#[derive(Clone, Copy, Debug)]
pub struct RecordSpecifier<'t> {
    /// What it names or defines.
    pub tag: &'t Tag,
    /// The members, if it defines them.
    pub members: Option<&'t [Member<'t>]>,
    /// `_Static_assert`s among the members.
    pub assertions: Rare<'t, &'t Declaration<'t>>,
    /// Attributes of the type.
    pub attributes: Rare<'t, Attribute<'t>>,
    /// What `#pragma pack` said where the members end: bytes, 0 for nothing.
    pub pack: u8,
}

/// A member declaration of a record.
#[derive(Clone, Copy, Debug)]
pub struct Member<'t> {
    /// The type's beginning; several members share it.
    pub specifiers: &'t Specifiers<'t>,
    /// The name; empty for bit-fields and records without one.
    pub name: Symbol,
    /// Where it stands.
    pub pos: Pos,
    /// From the base type to the member's.
    pub derivations: &'t [Derivation<'t>],
    /// Width of a bit-field.
    pub width: Option<&'t Expr<'t>>,
    /// Attributes of the member.
    pub attributes: Rare<'t, Attribute<'t>>,
}

/// `enum` with a tag, constants or both.
#[derive(Clone, Copy, Debug)]
pub struct EnumSpecifier<'t> {
    /// What it names or defines.
    pub tag: &'t Tag,
    /// The constants, if it defines them.
    pub enumerators: Option<&'t [Enumerator<'t>]>,
    /// Attributes of the type.
    pub attributes: Rare<'t, Attribute<'t>>,
}

/// A constant of an enumeration.
#[derive(Clone, Copy, Debug)]
pub struct Enumerator<'t> {
    /// The constant.
    pub entity: &'t Entity,
    /// Its value, if one is written.
    pub value: Option<&'t Expr<'t>>,
}

/// A name with its type, as far as the declarator says, and what follows.
#[derive(Clone, Copy, Debug)]
pub struct InitDeclarator<'t> {
    /// What is declared.
    pub entity: &'t Entity,
    /// Where this declaration of it stands.
    pub pos: Pos,
    /// From the base type to the name's: the first is applied first.
    pub derivations: &'t [Derivation<'t>],
    /// Attributes behind the declarator.
    pub attributes: Rare<'t, Attribute<'t>>,
    /// The initialiser.
    pub init: Option<&'t Expr<'t>>,
}

/// A step from one type to another.
#[derive(Clone, Copy, Debug)]
pub enum Derivation<'t> {
    /// `*` with qualifiers.
    Pointer {
        /// See [`qualifier`].
        qualifiers: u8,
    },
    /// `[..]`
    Array {
        /// Where it stands.
        pos: Pos,
        /// In parameters: `[const n]`.
        qualifiers: u8,
        /// In parameters: `[static n]`.
        is_static: bool,
        /// `[*]`
        is_star: bool,
        /// How many elements.
        size: Option<&'t Expr<'t>>,
    },
    /// `(..)`
    Function(&'t FunctionShape<'t>),
}

/// The parentheses of a function declarator.
#[derive(Clone, Copy, Debug)]
pub struct FunctionShape<'t> {
    /// Where they open.
    pub pos: Pos,
    /// What is between them.
    pub parameters: Parameters<'t>,
}

/// What is between the parentheses of a function declarator.
#[derive(Clone, Copy, Debug)]
pub enum Parameters<'t> {
    /// Nothing: not a prototype.
    Unspecified,
    /// Types; none for `(void)`.
    Prototype {
        /// In order.
        list: &'t [Parameter<'t>],
        /// Whether `...` follows.
        is_variadic: bool,
    },
    /// Names alone: the old style.
    Names(&'t [(Symbol, Pos)]),
}

/// A parameter of a prototype.
#[derive(Clone, Copy, Debug)]
pub struct Parameter<'t> {
    /// The type's beginning.
    pub specifiers: &'t Specifiers<'t>,
    /// What it declares, if it has a name.
    pub entity: Option<&'t Entity>,
    /// Where it stands.
    pub pos: Pos,
    /// From the base type to the parameter's. Attributes behind the declarator are dropped: nobody asks for them.
    pub derivations: &'t [Derivation<'t>],
}

/// A type on its own, as in a cast.
#[derive(Clone, Copy, Debug)]
pub struct TypeName<'t> {
    /// The beginning.
    pub specifiers: &'t Specifiers<'t>,
    /// From the base type to this one.
    pub derivations: &'t [Derivation<'t>],
}

/// A step into an object, in an initialiser or `offsetof`.
#[derive(Clone, Copy, Debug)]
pub enum Designator<'t> {
    /// `.a`
    Member(Symbol, Pos),
    /// `[a]`
    Index(Expr<'t>),
    /// `[a ... b]`
    Range(&'t [Expr<'t>; 2]),
}

/// Attributes that change a type or an object, or say where it may stand.
#[derive(Clone, Copy, Debug)]
pub enum Attribute<'t> {
    /// `packed`
    Packed,
    /// `aligned`, or `_Alignas` with an expression; without one the largest alignment.
    Aligned(Option<&'t Expr<'t>>),
    /// `_Alignas(type)`
    AlignedAs(&'t TypeName<'t>),
    /// `mode(a)`
    Mode(Symbol),
    /// `transparent_union`
    TransparentUnion,
    /// `vector_size(a)`
    VectorSize(&'t Expr<'t>),
    /// `constructor(a)` or `destructor(a)`, as it was spelled
    Priority(Symbol, &'t Expr<'t>),
    /// `weak`
    Weak,
    /// `alias` and its kin: the name has a body or a value elsewhere.
    Alias,
    /// `unavailable`
    Unavailable,
    /// `gnu_inline`: a body behind `extern inline` is only there to be inlined, in every standard.
    GnuInline,
    /// `asm("name")` behind a declarator.
    AsmName,
}
