//! What names stand for.

use crate::ids::Symbol;
use crate::source::Pos;
use std::cell::Cell;

/// What an ordinary name stands for. The passes that follow note in it what they find out.
#[derive(Debug)]
pub struct Entity {
    /// The name.
    pub name: Symbol,
    /// Where it was declared first.
    pub pos: Pos,
    /// What kind of thing it is.
    pub kind: EntityKind,
    /// Whether it has a body.
    pub is_defined: Cell<bool>,
    /// Its type, see [`Ty`](crate::check::types::Ty), or [`Entity::NO_TYPE`].
    pub ty: Cell<u32>,
    /// Of a `typedef` name: the alignment that it asks for in bytes, or 0.
    pub align: Cell<u32>,
    /// Of an enumerator: its value, cut to 64 bits.
    pub value: Cell<i64>,
}

impl Entity {
    /// The type is not known.
    pub const NO_TYPE: u32 = u32::MAX;

    /// What a name stands for from its declaration on.
    pub fn new(name: Symbol, pos: Pos, kind: EntityKind) -> Self {
        Self {
            name,
            pos,
            kind,
            is_defined: Cell::new(false),
            ty: Cell::new(Self::NO_TYPE),
            align: Cell::new(0),
            value: Cell::new(0),
        }
    }
}

/// The kinds of ordinary names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EntityKind {
    /// A type's name.
    Typedef,
    /// An object that its declaration says is one.
    Object,
    /// What was declared with parentheses behind its name.
    Function,
    /// A parameter.
    Parameter,
    /// A constant of an enumeration.
    Enumerator,
    /// A function that is part of the compiler.
    Builtin,
    /// Nobody declared it; an error was reported.
    Unknown,
}

/// What the name behind `struct`, `union` or `enum` stands for.
#[derive(Debug)]
pub struct Tag {
    /// The name; empty if it has none.
    pub name: Symbol,
    /// Where it was met first.
    pub pos: Pos,
    /// Which keyword it belongs to.
    pub kind: TagKind,
    /// Whether its members were seen.
    pub is_defined: Cell<bool>,
    /// Its type, or [`Entity::NO_TYPE`].
    pub ty: Cell<u32>,
}

impl Tag {
    /// What a tag stands for from where it was met first.
    pub fn new(name: Symbol, pos: Pos, kind: TagKind) -> Self {
        Self { name, pos, kind, is_defined: Cell::new(false), ty: Cell::new(Entity::NO_TYPE) }
    }
}

/// The keywords before a tag.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TagKind {
    /// `struct`
    Struct,
    /// `union`
    Union,
    /// `enum`
    Enum,
}

impl TagKind {
    /// The keyword.
    pub fn word(self) -> &'static str {
        match self {
            TagKind::Struct => "struct",
            TagKind::Union => "union",
            TagKind::Enum => "enum",
        }
    }
}
