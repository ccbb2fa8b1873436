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
    /// Whether it has a body, an initialiser or, for an enumerator, a value.
    pub is_defined: Cell<bool>,
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
