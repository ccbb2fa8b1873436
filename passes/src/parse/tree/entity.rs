//! What names stand for.

use crate::ids::Symbol;
use crate::source::Pos;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU32, Ordering};

macro_rules! noted {
    ($($(#[$doc:meta])* $name:ident = $atomic:ident of $value:ty,)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name($atomic);

        impl $name {
            /// Holds `value` until another is noted.
            pub fn new(value: $value) -> Self {
                Self($atomic::new(value))
            }

            /// What was noted last.
            #[inline]
            pub fn get(&self) -> $value {
                // Relaxed: one thread notes; others read after they got the tree from it, which orders both.
                self.0.load(Ordering::Relaxed)
            }

            /// Notes `value`.
            #[inline]
            pub fn set(&self, value: $value) {
                self.0.store(value, Ordering::Relaxed);
            }
        }
    )*};
}

noted! {
    /// Yes or no, noted in a tree by a later pass. A plain load or store, and the tree can be shared by threads.
    NotedBool = AtomicBool of bool,
    /// Some bits, noted like [`NotedBool`].
    NotedU8 = AtomicU8 of u8,
    /// A number, noted like [`NotedBool`].
    NotedU32 = AtomicU32 of u32,
    /// A number with a sign, noted like [`NotedBool`].
    NotedI64 = AtomicI64 of i64,
}

/// What an ordinary name stands for. The passes that follow note in it what they find out.
#[derive(Debug)]
pub struct Entity {
    /// The name.
    pub name: Symbol,
    /// Where it was declared first.
    pub pos: Pos,
    /// What kind of thing it is.
    pub kind: EntityKind,
    /// What its declarations say beside its type: see [`linkage`].
    pub linkage: NotedU8,
    /// Its type, see [`Ty`](crate::check::types::Ty), or [`Entity::NO_TYPE`].
    pub ty: NotedU32,
    /// Of an enumerator: its value, cut to 64 bits. Of an object or a `typedef` name: the alignment that attributes ask for in bytes,
    /// or 0.
    pub value: NotedI64,
}

/// The bits of [`Entity::linkage`].
pub mod linkage {
    /// Other units know the name.
    pub const EXTERNAL: u8 = 1;
    /// Only this unit knows it.
    pub const INTERNAL: u8 = 2;
    /// An object that is there as long as the program runs.
    pub const STATIC: u8 = 4;
    /// `register`
    pub const REGISTER: u8 = 8;
    /// `_Thread_local`
    pub const THREAD: u8 = 16;
    /// An object that has its value from a declaration.
    pub const INITIALIZED: u8 = 32;
    /// Nobody may use the name.
    pub const UNAVAILABLE: u8 = 64;
    /// A function with a body that is not only there to be inlined.
    pub const DEFINED: u8 = 128;
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
            linkage: NotedU8::new(0),
            ty: NotedU32::new(Self::NO_TYPE),
            value: NotedI64::new(0),
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
    pub is_defined: NotedBool,
    /// Whether its members are being read.
    pub is_open: NotedBool,
    /// Its type, or [`Entity::NO_TYPE`].
    pub ty: NotedU32,
}

impl Tag {
    /// What a tag stands for from where it was met first.
    pub fn new(name: Symbol, pos: Pos, kind: TagKind) -> Self {
        Self {
            name,
            pos,
            kind,
            is_defined: NotedBool::new(false),
            is_open: NotedBool::new(false),
            ty: NotedU32::new(Entity::NO_TYPE),
        }
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
