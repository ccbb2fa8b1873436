//! What stands before declarators: storage, qualifiers, a type.

use super::keyword::Keyword;
use super::parser::{Lookahead, Parsed, Parser, TokenSource, finish_rare};
use super::tree::{
    Attribute, Basic, EntityKind, Rare, Specifiers, Storage, TypeName, TypeSpecifier, flag, qualifier,
};
use crate::diagnostics::Code;
use crate::lex::TokenKind;
use crate::memory::Region;
use crate::source::Pos;

/// Type keywords that were met; each in a field of its own.
#[derive(Clone, Copy, Default)]
struct Words {
    signed: u8,
    unsigned: u8,
    short: u8,
    long: u8,
    complex: u8,
    /// `void`, `char`, `int`, and so on.
    base: Option<Keyword>,
}

/// Which specifiers may stand in a list.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Allowed {
    /// All of them.
    Declaration,
    /// Types and qualifiers: members and type names.
    Types,
}

impl<'w, 't: 'w, 'n, 'r: 't + 'n, T: TokenSource, U: Region<'r>, N: Region<'n>, R: Region<'t>, W: Region<'w>>
    Parser<'_, 't, 'n, 'r, 'w, T, U, N, R, W>
{
    /// Whether `token` begins a type name.
    #[inline]
    pub fn starts_type(&self, token: Lookahead) -> bool {
        if token.keyword == Keyword::None {
            return self.is_typedef_name(token);
        }
        is_type_keyword(token.keyword)
    }

    /// Whether `token` begins a declaration, if it begins a statement.
    #[inline]
    pub fn starts_declaration(&self, token: Lookahead) -> bool {
        use Keyword::*;
        self.starts_type(token)
            || matches!(
                token.keyword,
                Typedef
                    | Extern
                    | Static
                    | Auto
                    | Register
                    | Inline
                    | Noreturn
                    | ThreadLocal
                    | Alignas
                    | StaticAssert
            )
    }

    /// Parses specifiers; there may be none.
    pub fn specifiers(&mut self, allowed: Allowed) -> Parsed<&'t Specifiers<'t>> {
        self.specifiers_after(allowed, self.lists.attributes.len())
    }

    /// The same where attributes were read before, which lie on their stack from `start` on.
    pub fn specifiers_after(&mut self, allowed: Allowed, start: usize) -> Parsed<&'t Specifiers<'t>> {
        let first = self.token();
        let lone = if self.lists.attributes.len() == start { self.lone_type(first) } else { None };
        if lone.is_some() {
            self.bump();
        }
        let result = match lone {
            Some(base) if !self.may_specify() => {
                let (storage, attributes) = (Storage::None, Rare::EMPTY);
                return Ok(self.shared(Specifiers { storage, flags: 0, qualifiers: 0, base, attributes }));
            }
            _ => self.specifiers_behind(first, lone, allowed, start),
        };
        self.lists.attributes.truncate(start);
        result
    }

    /// The type that `token` is by itself, if it is a plain one: most specifiers are one of them and nothing else.
    #[inline]
    fn lone_type(&self, token: Lookahead) -> Option<TypeSpecifier<'t>> {
        Some(match token.keyword {
            Keyword::None if token.is_name() => match self.entity(token.symbol) {
                Some(entity) if entity.kind == EntityKind::Typedef => TypeSpecifier::Named(entity),
                _ => return None,
            },
            Keyword::Int => TypeSpecifier::Basic(Basic::Int),
            Keyword::Char => TypeSpecifier::Basic(Basic::Char),
            Keyword::Void => TypeSpecifier::Basic(Basic::Void),
            Keyword::Double => TypeSpecifier::Basic(Basic::Double),
            _ => return None,
        })
    }

    /// Whether the current token may be a specifier behind a type.
    #[inline]
    fn may_specify(&self) -> bool {
        let token = self.token();
        token.keyword != Keyword::None || token.kind == TokenKind::LeftBracket
    }

    /// Parses specifiers behind the `lone` one that `first` was, or all of them, which begin with `first`.
    fn specifiers_behind(
        &mut self,
        first: Lookahead,
        lone: Option<TypeSpecifier<'t>>,
        allowed: Allowed,
        start: usize,
    ) -> Parsed<&'t Specifiers<'t>> {
        use Keyword as K;
        let pos = first.pos;
        let mut storage = Storage::None;
        let mut flags = 0;
        let mut qualifiers = 0;
        let mut words = Words::default();
        let mut last_word = pos;
        let mut ty = match lone {
            Some(TypeSpecifier::Basic(_)) => {
                words.base = Some(first.keyword);
                None
            }
            other => other,
        };
        loop {
            let token = self.token();
            let is_free = ty.is_none() && words.is_empty();
            match token.keyword {
                K::None if token.kind == TokenKind::LeftBracket && self.at_attributes() => {
                    self.attributes()?;
                    continue;
                }
                K::None => {
                    let entity = if is_free && token.is_name() { self.entity(token.symbol) } else { None };
                    match entity {
                        Some(entity) if entity.kind == EntityKind::Typedef => {
                            ty = Some(TypeSpecifier::Named(entity));
                        }
                        _ => break,
                    }
                }
                K::Extension => {}
                K::Const => qualifiers |= qualifier::CONST,
                K::Volatile => qualifiers |= qualifier::VOLATILE,
                K::Restrict => qualifiers |= qualifier::RESTRICT,
                K::Atomic => {
                    qualifiers |= qualifier::ATOMIC;
                    if self.peek().kind == TokenKind::LeftParen {
                        self.bump();
                        self.require_free(is_free, token.pos)?;
                        flags |= flag::ATOMIC_TYPE;
                        ty = Some(TypeSpecifier::Type(self.type_name_in_parentheses()?));
                        continue;
                    }
                }
                K::Attribute => {
                    self.attributes()?;
                    continue;
                }
                K::Typedef | K::Extern | K::Static | K::Auto | K::Register
                    if allowed == Allowed::Declaration =>
                {
                    if matches!(token.keyword, K::Extern | K::Static) && flags & flag::GNU_THREAD != 0 {
                        let word = self.shown(token.symbol);
                        self.complain(Code::StorageClass, pos, format!("'__thread' before '{word}'"));
                    }
                    self.storage(&mut storage, token, pos)?;
                }
                K::Inline if allowed == Allowed::Declaration => flags |= flag::INLINE,
                K::Noreturn if allowed == Allowed::Declaration => flags |= flag::NORETURN,
                K::ThreadLocal if allowed == Allowed::Declaration => {
                    let is_gnu = self.unit.source.text(token.symbol) == b"__thread";
                    flags |= flag::THREAD | if is_gnu { flag::GNU_THREAD } else { 0 };
                }
                K::Alignas => {
                    flags |= flag::ALIGNAS;
                    self.alignas()?;
                    continue;
                }
                K::Struct | K::Union => {
                    self.require_free(is_free, token.pos)?;
                    ty = Some(TypeSpecifier::Record(self.nested(Self::record)?));
                    continue;
                }
                K::Enum => {
                    self.require_free(is_free, token.pos)?;
                    ty = Some(TypeSpecifier::Enum(self.nested(Self::enumeration)?));
                    continue;
                }
                K::Typeof => {
                    self.require_free(is_free, token.pos)?;
                    ty = Some(self.nested(Self::type_of)?);
                    continue;
                }
                K::AutoType if allowed == Allowed::Types => {
                    return self.missing("specifier-qualifier-list", false);
                }
                K::AutoType => {
                    self.require_free(is_free, token.pos)?;
                    ty = Some(TypeSpecifier::Auto);
                }
                _ => {
                    if !is_type_keyword(token.keyword) {
                        break;
                    }
                    if ty.is_some() || !words.add(token.keyword) {
                        return self.two_types(token.pos);
                    }
                    last_word = token.pos;
                }
            }
            self.bump();
        }
        let base = match ty {
            Some(ty) => ty,
            None if words.is_empty() => TypeSpecifier::Implicit,
            None => match words.basic() {
                Some(basic) => TypeSpecifier::Basic(basic),
                None => return self.two_types(last_word),
            },
        };
        let forbids_thread = match storage {
            Storage::Typedef => "typedef",
            Storage::Auto => "auto",
            Storage::Register => "register",
            Storage::None | Storage::Extern | Storage::Static => "",
        };
        if flags & flag::THREAD != 0 && !forbids_thread.is_empty() {
            let word = if flags & flag::GNU_THREAD != 0 { "__thread" } else { "_Thread_local" };
            let message = format!("'{word}' used with '{forbids_thread}'");
            self.complain(Code::StorageClass, pos, message);
            flags &= !flag::THREAD;
        }
        let attributes = finish_rare(&mut self.lists.attributes, start, self.tree);
        Ok(self.shared(Specifiers { storage, flags, qualifiers, base, attributes }))
    }

    /// `specifiers` in the tree: if they are plain, those that were kept before and say the same, unless they are forgotten.
    fn shared(&mut self, specifiers: Specifiers<'t>) -> &'t Specifiers<'t> {
        let key = |specifiers: &Specifiers<'t>| {
            let base = match specifiers.base {
                TypeSpecifier::Basic(basic) => (basic as usize, 0),
                TypeSpecifier::Named(entity) => (0, std::ptr::from_ref(entity).addr()),
                _ => return None,
            };
            let is_plain = specifiers.attributes.is_empty();
            is_plain.then_some((base, specifiers.storage, specifiers.flags, specifiers.qualifiers))
        };
        let Some(wanted) = key(&specifiers) else { return self.keep(specifiers) };
        let (base, storage, _, qualifiers) = wanted;
        // The slot depends on the name and not on where it lies, so that with one thread how many are kept depends on the texts alone.
        let number = match specifiers.base {
            TypeSpecifier::Named(entity) => entity.name.0 as usize,
            _ => base.0,
        };
        let at = (number + storage as usize + usize::from(qualifiers)) % self.plain_specifiers.len();
        if let Some(known) = self.plain_specifiers[at]
            && key(known) == Some(wanted)
        {
            return known;
        }
        let kept = self.keep(specifiers);
        self.plain_specifiers[at] = Some(kept);
        kept
    }

    fn storage(&mut self, storage: &mut Storage, token: Lookahead, start: Pos) -> Parsed<()> {
        if *storage != Storage::None {
            let message = String::from("multiple storage classes in declaration specifiers");
            return self.error(Code::StorageClass, start, message);
        }
        *storage = match token.keyword {
            Keyword::Typedef => Storage::Typedef,
            Keyword::Extern => Storage::Extern,
            Keyword::Static => Storage::Static,
            Keyword::Auto => Storage::Auto,
            _ => Storage::Register,
        };
        Ok(())
    }

    fn require_free(&mut self, is_free: bool, pos: Pos) -> Parsed<()> {
        if is_free { Ok(()) } else { self.two_types(pos) }
    }

    #[cold]
    fn two_types<O>(&mut self, pos: Pos) -> Parsed<O> {
        self.error(Code::TwoTypes, pos, String::from("two or more data types in declaration specifiers"))
    }

    fn alignas(&mut self) -> Parsed<()> {
        self.bump();
        self.expect(TokenKind::LeftParen)?;
        let attribute = if self.starts_type(self.token()) {
            let ty = self.type_name()?;
            Attribute::AlignedAs(self.keep(ty))
        } else {
            let value = self.conditional()?;
            Attribute::Aligned(Some(self.keep(value)))
        };
        self.expect(TokenKind::RightParen)?;
        self.lists.attributes.push(self.work, attribute);
        Ok(())
    }

    fn type_of(&mut self) -> Parsed<TypeSpecifier<'t>> {
        self.bump();
        self.expect(TokenKind::LeftParen)?;
        let ty = if self.starts_type(self.token()) {
            let name = self.type_name()?;
            TypeSpecifier::Type(self.keep(name))
        } else {
            let value = self.expression()?;
            TypeSpecifier::TypeOf(self.keep(value))
        };
        self.expect(TokenKind::RightParen)?;
        Ok(ty)
    }

    /// Parses a type name.
    pub fn type_name(&mut self) -> Parsed<TypeName<'t>> {
        let start = self.pos();
        let specifiers = self.specifiers(Allowed::Types)?;
        if matches!(specifiers.base, TypeSpecifier::Implicit) && specifiers.qualifiers == 0 {
            return self.unknown_type();
        }
        if specifiers.flags & flag::ALIGNAS != 0 {
            self.complain(Code::BadAlignment, start, String::from("alignment specified for type name"));
        }
        let derivations = self.abstract_declarator()?;
        Ok(TypeName { specifiers, derivations })
    }

    /// Reports that the current token should begin a type.
    #[cold]
    pub fn unknown_type<O>(&mut self) -> Parsed<O> {
        let token = self.token();
        if token.is_name() {
            let message = format!("unknown type name '{}'", self.spelling(token));
            return self.error(Code::UnknownType, token.pos, message);
        }
        self.missing("specifier-qualifier-list", false)
    }

    /// Parses `(type)`.
    pub fn type_name_in_parentheses(&mut self) -> Parsed<&'t TypeName<'t>> {
        self.expect(TokenKind::LeftParen)?;
        let name = self.nested(Self::type_name)?;
        self.expect(TokenKind::RightParen)?;
        Ok(self.keep(name))
    }
}

fn is_type_keyword(keyword: Keyword) -> bool {
    use Keyword::*;
    matches!(
        keyword,
        Void | Char
            | Short
            | Int
            | Long
            | Float
            | Double
            | Signed
            | Unsigned
            | Bool
            | Complex
            | Int128
            | Uint128
            | Float128
            | Float80
            | VaList
            | AutoType
            | Struct
            | Union
            | Enum
            | Typeof
            | Const
            | Volatile
            | Restrict
            | Atomic
            | Attribute
            | Extension
    )
}

impl Words {
    fn is_empty(&self) -> bool {
        self.base.is_none() && self.signed + self.unsigned + self.short + self.long + self.complex == 0
    }

    /// Whether `word` can stand beside the others.
    fn add(&mut self, word: Keyword) -> bool {
        let count = match word {
            Keyword::Signed => &mut self.signed,
            Keyword::Unsigned => &mut self.unsigned,
            Keyword::Short => &mut self.short,
            Keyword::Long => &mut self.long,
            Keyword::Complex => &mut self.complex,
            _ => return self.base.replace(word).is_none(),
        };
        *count += 1;
        *count <= if word == Keyword::Long { 2 } else { 1 }
    }

    /// The type that the words spell.
    fn basic(self) -> Option<Basic> {
        use Basic as B;
        use Keyword as K;
        let sign = self.signed + self.unsigned;
        if sign > 1 {
            return None;
        }
        let pick = |signed, unsigned| Some(if self.unsigned > 0 { unsigned } else { signed });
        let plain = |basic| (sign + self.short + self.long == 0).then_some(basic);
        if self.complex > 0 {
            let says_nothing = self.base.is_none() && sign + self.short + self.long == 0;
            let base = if says_nothing { Some(K::Double) } else { self.base };
            return Words { base, complex: 0, ..self }.basic()?.complex();
        }
        match (self.base, self.short, self.long) {
            (None | Some(K::Int), 0, 0) => pick(B::Int, B::Unsigned),
            (None | Some(K::Int), 1, 0) => pick(B::Short, B::UnsignedShort),
            (None | Some(K::Int), 0, 1) => pick(B::Long, B::UnsignedLong),
            (None | Some(K::Int), 0, 2) => pick(B::LongLong, B::UnsignedLongLong),
            (Some(K::Char), 0, 0) if sign == 0 => Some(B::Char),
            (Some(K::Char), 0, 0) => pick(B::SignedChar, B::UnsignedChar),
            (Some(K::Int128), 0, 0) => pick(B::Int128, B::UnsignedInt128),
            (Some(K::Uint128), _, _) => plain(B::UnsignedInt128),
            (Some(K::Double), 0, 1) if sign == 0 => Some(B::LongDouble),
            (Some(K::Void), _, _) => plain(B::Void),
            (Some(K::Bool), _, _) => plain(B::Bool),
            (Some(K::Float), _, _) => plain(B::Float),
            (Some(K::Double), _, _) => plain(B::Double),
            (Some(K::Float80), _, _) => plain(B::LongDouble),
            (Some(K::Float128), _, _) => plain(B::Float128),
            (Some(K::VaList), _, _) => plain(B::VaList),
            _ => None,
        }
    }
}
