//! The tree of a unit: small values in an arena, linked by plain references, without destructors.
//!
//! ```text
//! Expr, Statement      16 and 24 bytes, lie in their parents' arrays; a position is the place of the operator or the first token
//! Declaration          specifiers once, then a declarator a name; a declarator is a list of derivations
//! Entity, Tag          what a name stands for; made where the name is declared, so that uses are references
//! ```
//!
//! A tree lives as long as its memory: the unit's, or one declaration's. Entities and tags of the file outlive the trees that
//! mention them.

pub mod declaration;
pub mod entity;
pub mod expression;
pub mod rare;
pub mod statement;

pub use crate::lex::literal::Encoding;
pub use declaration::{
    Attribute, Basic, Declaration, Derivation, Designator, EnumSpecifier, Enumerator, External,
    FunctionDefinition, FunctionShape, InitDeclarator, Member, Parameter, Parameters, RecordSpecifier,
    Specifiers, Storage, TypeName, TypeSpecifier, flag, qualifier,
};
pub use entity::{Entity, EntityKind, NotedBool, NotedI64, NotedU8, NotedU32, Tag, TagKind, linkage};
pub use expression::{Association, Binary, Expr, IntType, MemberAccess, StringLiteral, Unary};
pub use rare::Rare;
pub use statement::{Asm, AsmOperand, Block, Statement};
