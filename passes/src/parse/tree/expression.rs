//! Expressions and initialisers.

use super::{Basic, Block, Designator, Encoding, Entity, TypeName};
use crate::ids::Symbol;
use crate::source::Pos;

/// An expression, or an initialiser: 16 bytes, which lie in the parent's array.
///
#[expect(missing_docs, reason = "a variant's text shows what its fields are")]
#[derive(Clone, Copy, Debug)]
pub enum Expr<'t> {
    /// An integer or character constant.
    Int { ty: IntType, pos: Pos, value: u64 },
    /// A floating constant, as near as a double comes.
    Float { ty: Basic, pos: Pos, value: f64 },
    /// A string.
    String { pos: Pos, literal: &'t StringLiteral<'t> },
    /// A name.
    Name { pos: Pos, entity: &'t Entity },
    /// `__func__` and its kin.
    FunctionName { pos: Pos },
    /// An operator with one operand.
    Unary { op: Unary, pos: Pos, operand: &'t Expr<'t> },
    /// An operator with two operands.
    Binary { op: Binary, pos: Pos, operands: &'t [Expr<'t>; 2] },
    /// `a ? b : c`
    Conditional { pos: Pos, parts: &'t [Expr<'t>; 3] },
    /// A call: the function, then the arguments.
    Call { pos: Pos, parts: &'t &'t [Expr<'t>] },
    /// `a.b` and `a->b`
    Member { through_pointer: bool, pos: Pos, access: &'t MemberAccess<'t> },
    /// `(type)a`
    Cast { pos: Pos, parts: &'t (&'t TypeName<'t>, Expr<'t>) },
    /// `(type){ .. }`
    CompoundLiteral { pos: Pos, parts: &'t (TypeName<'t>, Expr<'t>) },
    /// `sizeof(type)`
    SizeofType { pos: Pos, of: &'t TypeName<'t> },
    /// `_Alignof(type)`
    AlignofType { pos: Pos, of: &'t TypeName<'t> },
    /// `({ .. })`
    Statements { pos: Pos, block: &'t Block<'t> },
    /// `&&label`
    LabelAddress { pos: Pos, label: Symbol },
    /// `_Generic(a, ..)`
    Generic { pos: Pos, parts: &'t (Expr<'t>, &'t [Association<'t>]) },
    /// `__builtin_va_arg(list, type)`
    VaArg { pos: Pos, parts: &'t (TypeName<'t>, Expr<'t>) },
    /// `__builtin_offsetof(type, path)`
    Offsetof { pos: Pos, parts: &'t (TypeName<'t>, &'t [Designator<'t>]) },
    /// `__builtin_types_compatible_p(type, type)`
    TypesCompatible { pos: Pos, types: &'t (TypeName<'t>, TypeName<'t>) },
    /// `__builtin_choose_expr(a, b, c)`
    Choose { pos: Pos, parts: &'t [Expr<'t>; 3] },
    /// `__builtin_convertvector(a, type)`
    ConvertVector { pos: Pos, parts: &'t (TypeName<'t>, Expr<'t>) },
    /// In initialisers: `{ .. }`.
    List { pos: Pos, items: &'t &'t [Expr<'t>] },
    /// In lists: `.a[1] = value`.
    Designated { pos: Pos, parts: &'t (&'t [Designator<'t>], Expr<'t>) },
    /// What could not be understood; an error was reported.
    Error { pos: Pos },
}

const _: () = assert!(size_of::<Expr<'_>>() == 16);

impl Expr<'_> {
    /// Where messages about its value stand: a call's at the function.
    pub fn place(&self) -> Pos {
        match self {
            Expr::Call { .. } => self.start(),
            _ => self.pos(),
        }
    }

    /// The place of the first token, but for parentheses around it.
    pub fn start(&self) -> Pos {
        let mut at = self;
        loop {
            at = match at {
                Expr::Binary { operands, .. } => &operands[0],
                Expr::Conditional { parts, .. } => &parts[0],
                Expr::Call { parts, .. } if !parts.is_empty() => &parts[0],
                Expr::Member { access, .. } => &access.base,
                Expr::Unary { op: Unary::PostIncrement | Unary::PostDecrement, operand, .. } => operand,
                _ => return at.pos(),
            };
        }
    }

    /// The place of the operator, or of the first token.
    pub fn pos(&self) -> Pos {
        match *self {
            Expr::Int { pos, .. }
            | Expr::Float { pos, .. }
            | Expr::String { pos, .. }
            | Expr::Name { pos, .. }
            | Expr::FunctionName { pos }
            | Expr::Unary { pos, .. }
            | Expr::Binary { pos, .. }
            | Expr::Conditional { pos, .. }
            | Expr::Call { pos, .. }
            | Expr::Member { pos, .. }
            | Expr::Cast { pos, .. }
            | Expr::CompoundLiteral { pos, .. }
            | Expr::SizeofType { pos, .. }
            | Expr::AlignofType { pos, .. }
            | Expr::Statements { pos, .. }
            | Expr::LabelAddress { pos, .. }
            | Expr::Generic { pos, .. }
            | Expr::VaArg { pos, .. }
            | Expr::Offsetof { pos, .. }
            | Expr::TypesCompatible { pos, .. }
            | Expr::Choose { pos, .. }
            | Expr::ConvertVector { pos, .. }
            | Expr::List { pos, .. }
            | Expr::Designated { pos, .. }
            | Expr::Error { pos } => pos,
        }
    }
}

/// The types that integer and character constants can have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IntType {
    /// `int`
    Int,
    /// `unsigned`
    Unsigned,
    /// `long`
    Long,
    /// `unsigned long`
    UnsignedLong,
    /// `long long`
    LongLong,
    /// `unsigned long long`
    UnsignedLongLong,
    /// The `char16_t` of `u'a'`.
    Char16,
    /// The `char32_t` of `U'a'`.
    Char32,
    /// `__int128`, for constants that fit nothing else; the value is cut.
    Int128,
}

impl IntType {
    /// The type by its keywords.
    #[inline]
    pub fn basic(self) -> Basic {
        match self {
            IntType::Int => Basic::Int,
            IntType::Unsigned => Basic::Unsigned,
            IntType::Long => Basic::Long,
            IntType::UnsignedLong => Basic::UnsignedLong,
            IntType::LongLong => Basic::LongLong,
            IntType::UnsignedLongLong => Basic::UnsignedLongLong,
            IntType::Char16 => Basic::UnsignedShort,
            IntType::Char32 => Basic::Unsigned,
            IntType::Int128 => Basic::Int128,
        }
    }
}

/// Operators with one operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unary {
    /// `+a`
    Plus,
    /// `-a`
    Minus,
    /// `~a`
    Complement,
    /// `!a`
    Not,
    /// `*a`
    Dereference,
    /// `&a`
    Address,
    /// `++a`
    PreIncrement,
    /// `--a`
    PreDecrement,
    /// `a++`
    PostIncrement,
    /// `a--`
    PostDecrement,
    /// `sizeof a`
    Sizeof,
    /// `_Alignof a`
    Alignof,
    /// `__real__ a`
    Real,
    /// `__imag__ a`
    Imag,
}

/// Operators with two operands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Binary {
    /// `a * b`
    Multiply,
    /// `a / b`
    Divide,
    /// `a % b`
    Remainder,
    /// `a + b`
    Add,
    /// `a - b`
    Subtract,
    /// `a << b`
    ShiftLeft,
    /// `a >> b`
    ShiftRight,
    /// `a < b`
    Less,
    /// `a > b`
    Greater,
    /// `a <= b`
    LessEqual,
    /// `a >= b`
    GreaterEqual,
    /// `a == b`
    Equal,
    /// `a != b`
    NotEqual,
    /// `a & b`
    And,
    /// `a ^ b`
    Xor,
    /// `a | b`
    Or,
    /// `a && b`
    LogicalAnd,
    /// `a || b`
    LogicalOr,
    /// `a[b]`
    Index,
    /// `a, b`
    Comma,
    /// `a ?: b`
    Elvis,
    /// `a = b`
    Assign,
    /// `a *= b`
    AssignMultiply,
    /// `a /= b`
    AssignDivide,
    /// `a %= b`
    AssignRemainder,
    /// `a += b`
    AssignAdd,
    /// `a -= b`
    AssignSubtract,
    /// `a <<= b`
    AssignShiftLeft,
    /// `a >>= b`
    AssignShiftRight,
    /// `a &= b`
    AssignAnd,
    /// `a ^= b`
    AssignXor,
    /// `a |= b`
    AssignOr,
}

impl Binary {
    /// The operator of a compound assignment.
    pub fn of_assignment(self) -> Option<Binary> {
        Some(match self {
            Binary::AssignMultiply => Binary::Multiply,
            Binary::AssignDivide => Binary::Divide,
            Binary::AssignRemainder => Binary::Remainder,
            Binary::AssignAdd => Binary::Add,
            Binary::AssignSubtract => Binary::Subtract,
            Binary::AssignShiftLeft => Binary::ShiftLeft,
            Binary::AssignShiftRight => Binary::ShiftRight,
            Binary::AssignAnd => Binary::And,
            Binary::AssignXor => Binary::Xor,
            Binary::AssignOr => Binary::Or,
            _ => return None,
        })
    }
}

/// A string: the spellings that were written beside each other.
#[derive(Clone, Copy, Debug)]
pub struct StringLiteral<'t> {
    /// Of all pieces.
    pub encoding: Encoding,
    /// Code units, without the zero at the end.
    pub units: u32,
    /// The spellings, with quotes and prefixes.
    pub pieces: &'t [Symbol],
}

impl StringLiteral<'_> {
    /// The type of its code units.
    pub fn element(&self) -> Basic {
        match self.encoding {
            Encoding::Plain | Encoding::Utf8 => Basic::Char,
            Encoding::Utf16 => Basic::UnsignedShort,
            Encoding::Utf32 => Basic::Unsigned,
            Encoding::Wide => Basic::Int,
        }
    }
}

/// What stands around the dot or arrow.
#[derive(Clone, Copy, Debug)]
pub struct MemberAccess<'t> {
    /// The record, or the pointer to it.
    pub base: Expr<'t>,
    /// The member.
    pub name: Symbol,
}

/// A branch of `_Generic`.
#[derive(Clone, Copy, Debug)]
pub struct Association<'t> {
    /// The type; none is `default`.
    pub ty: Option<&'t TypeName<'t>>,
    /// Where it stands.
    pub pos: Pos,
    /// What is chosen.
    pub value: Expr<'t>,
}
