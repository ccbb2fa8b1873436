//! `struct`, `union` and `enum`.

use super::declarator::{Declared, Naming};
use super::keyword::Keyword;
use super::parser::{Parsed, Parser, TokenSource, finish, finish_rare};
use super::specifiers::Allowed;
use super::tree::{
    Declaration, EntityKind, EnumSpecifier, Enumerator, Member, Rare, RecordSpecifier, Specifiers, Tag,
    TagKind, TypeSpecifier,
};
use crate::diagnostics::Code;
use crate::ids::Symbol;
use crate::lex::TokenKind;
use crate::memory::{GrowVec, Region};
use crate::source::Pos;

type Members<'t> = (&'t [Member<'t>], Rare<'t, &'t Declaration<'t>>);

impl<'w, 't: 'w, 'n, 'r: 't + 'n, T: TokenSource, U: Region<'r>, N: Region<'n>, R: Region<'t>, W: Region<'w>>
    Parser<'_, 't, 'n, 'r, 'w, T, U, N, R, W>
{
    /// Parses `struct` or `union` and what follows.
    pub fn record(&mut self) -> Parsed<&'t RecordSpecifier<'t>> {
        let start = self.lists.attributes.len();
        let kind = if self.at_keyword(Keyword::Struct) { TagKind::Struct } else { TagKind::Union };
        let keyword = self.bump();
        self.attributes()?;
        let (name, pos) = self.tag_name(keyword.pos)?;
        if !self.at(TokenKind::LeftBrace) {
            let tag = self.used_tag(kind, name, pos)?;
            let attributes = finish_rare(&mut self.lists.attributes, start, self.tree);
            return Ok(self.keep(RecordSpecifier {
                tag,
                members: None,
                assertions: Rare::EMPTY,
                attributes,
                pack: 0,
            }));
        }
        let tag = self.defined_tag(kind, name, pos)?;
        self.bump();
        let was_open = tag.is_open.get();
        tag.is_open.set(true);
        let members = self.members();
        tag.is_open.set(was_open);
        let (members, assertions) = members?;
        // A pragma behind the brace is read with the token there.
        let pack = self.unit.packing.current;
        self.expect(TokenKind::RightBrace)?;
        tag.is_defined.set(true);
        self.attributes()?;
        let attributes = finish_rare(&mut self.lists.attributes, start, self.tree);
        Ok(self.keep(RecordSpecifier { tag, members: Some(members), assertions, attributes, pack }))
    }

    fn tag_name(&mut self, keyword: Pos) -> Parsed<(Symbol, Pos)> {
        let token = self.token();
        if token.is_name() {
            self.bump();
            return Ok((token.symbol, token.pos));
        }
        if !self.at(TokenKind::LeftBrace) {
            return self.missing("identifier or '{'", false);
        }
        Ok((Symbol::EMPTY, keyword))
    }

    /// The tag that is named without members: one that is known, unless a `;` follows and makes it a new one of this scope.
    fn used_tag(&mut self, kind: TagKind, name: Symbol, pos: Pos) -> Parsed<&'t Tag> {
        let known = self.tag(name);
        match known {
            Some((tag, depth)) if depth == self.scope_depth || !self.at(TokenKind::Semicolon) => {
                self.check_tag_kind(tag, kind, pos)?;
                Ok(tag)
            }
            _ => Ok(self.bind_tag(name, pos, kind)),
        }
    }

    fn defined_tag(&mut self, kind: TagKind, name: Symbol, pos: Pos) -> Parsed<&'t Tag> {
        match self.tag(name) {
            Some((tag, depth)) if name != Symbol::EMPTY && depth == self.scope_depth => {
                self.check_tag_kind(tag, kind, pos)?;
                if tag.is_open.get() {
                    let name = self.shown(name);
                    let message = format!("nested redefinition of '{} {name}'", kind.word());
                    self.complain(Code::TagRedefined, pos, message);
                }
                if tag.is_defined.get() {
                    let name = self.shown(name);
                    let message = format!("redefinition of '{} {name}'", kind.word());
                    self.complain(Code::TagRedefined, pos, message);
                    self.note(Code::TagRedefined, tag.pos, String::from("originally defined here"));
                }
                Ok(tag)
            }
            _ => Ok(self.bind_tag(name, pos, kind)),
        }
    }

    fn check_tag_kind(&mut self, tag: &Tag, kind: TagKind, pos: Pos) -> Parsed<()> {
        if tag.kind == kind {
            return Ok(());
        }
        let message = format!("'{}' defined as wrong kind of tag", self.shown(tag.name));
        self.error(Code::TagKind, pos, message)
    }

    /// The members, and the assertions among them.
    fn members(&mut self) -> Parsed<Members<'t>> {
        let start = self.lists.members.len();
        let mut assertions = GrowVec::new();
        let result = self.members_to_brace(&mut assertions);
        if result.is_err() {
            self.lists.members.truncate(start);
        }
        result?;
        let members = finish(&mut self.lists.members, start, self.tree);
        Ok((members, finish_rare(&mut assertions, 0, self.tree)))
    }

    fn members_to_brace(&mut self, assertions: &mut GrowVec<'w, &'t Declaration<'t>>) -> Parsed<()> {
        loop {
            match self.token().kind {
                TokenKind::RightBrace => return Ok(()),
                TokenKind::Semicolon => {
                    self.bump();
                }
                TokenKind::Eof => return self.missing("'}'", true),
                _ if self.at_keyword(Keyword::StaticAssert) => {
                    let assertion = self.static_assert()?;
                    assertions.push(self.work, assertion);
                }
                _ => {
                    if self.member_declaration().is_err() {
                        self.recover();
                    }
                }
            }
        }
    }

    fn member_declaration(&mut self) -> Parsed<()> {
        let start = self.pos();
        let specifiers = self.specifiers(Allowed::Types)?;
        if matches!(specifiers.base, TypeSpecifier::Implicit) {
            return self.unknown_type();
        }
        if self.at(TokenKind::Semicolon) || self.at(TokenKind::RightBrace) {
            // A record without a name, whose members are the outer record's.
            self.put_member(specifiers, self.unnamed(start))?;
            return self.end_of_member();
        }
        loop {
            self.extension_attributes()?;
            if self.at(TokenKind::Colon) {
                let pos = self.pos();
                self.put_member(specifiers, self.unnamed(pos))?;
            } else {
                let declared = self.declarator(Naming::Required)?;
                self.put_member(specifiers, declared)?;
            }
            if !self.eat(TokenKind::Comma) {
                return self.end_of_member();
            }
        }
    }

    /// Attributes before a declarator, which belong to what comes next and change no type.
    pub fn extension_attributes(&mut self) -> Parsed<()> {
        if self.at_attributes() {
            let start = self.lists.attributes.len();
            self.attributes()?;
            self.lists.attributes.truncate(start);
        }
        Ok(())
    }

    fn end_of_member(&mut self) -> Parsed<()> {
        if self.at(TokenKind::RightBrace) {
            // gcc warns and goes on.
            return Ok(());
        }
        if self.eat(TokenKind::Semicolon) {
            return Ok(());
        }
        self.missing("':', ',', ';', '}' or '__attribute__'", false)
    }

    fn unnamed(&self, pos: Pos) -> Declared<'t> {
        Declared { name: Symbol::EMPTY, pos, derivations: &[], attributes: self.lists.attributes.len() }
    }

    fn put_member(&mut self, specifiers: &'t Specifiers<'t>, declared: Declared<'t>) -> Parsed<()> {
        let Declared { name, pos, derivations, attributes: start } = declared;
        let width = if self.eat(TokenKind::Colon) {
            let width = self.conditional()?;
            Some(self.keep(width))
        } else {
            None
        };
        self.attributes()?;
        let attributes = finish_rare(&mut self.lists.attributes, start, self.tree);
        let member = Member { specifiers, name, pos, derivations, width, attributes };
        self.lists.members.push(self.work, member);
        Ok(())
    }

    /// Parses `enum` and what follows.
    pub fn enumeration(&mut self) -> Parsed<&'t EnumSpecifier<'t>> {
        let start = self.lists.attributes.len();
        let keyword = self.bump();
        self.attributes()?;
        let (name, pos) = self.tag_name(keyword.pos)?;
        let (tag, enumerators) = if self.at(TokenKind::LeftBrace) {
            let tag = self.defined_tag(TagKind::Enum, name, pos)?;
            tag.is_open.set(true);
            let enumerators = self.enumerators();
            tag.is_open.set(false);
            (tag, Some(enumerators?))
        } else {
            (self.used_tag(TagKind::Enum, name, pos)?, None)
        };
        if enumerators.is_some() {
            tag.is_defined.set(true);
            self.attributes()?;
        }
        let attributes = finish_rare(&mut self.lists.attributes, start, self.tree);
        Ok(self.keep(EnumSpecifier { tag, enumerators, attributes }))
    }

    fn enumerators(&mut self) -> Parsed<&'t [Enumerator<'t>]> {
        self.bump();
        let start = self.lists.enumerators.len();
        if self.at(TokenKind::RightBrace) {
            let pos = self.pos();
            return self.error(Code::EmptyEnum, pos, String::from("empty enum is invalid"));
        }
        while !self.at(TokenKind::RightBrace) {
            let token = self.token();
            if !token.is_name() {
                self.lists.enumerators.truncate(start);
                return self.missing("identifier", false);
            }
            self.bump();
            self.extension_attributes()?;
            let value = if self.eat(TokenKind::Equal) {
                let value = self.conditional()?;
                Some(self.keep(value))
            } else {
                None
            };
            // The constant is known behind its own value.
            let entity = self.declare_enumerator(token.symbol, token.pos);
            self.lists.enumerators.push(self.work, Enumerator { entity, value });
            if !self.eat(TokenKind::Comma) {
                break;
            }
        }
        let enumerators = finish(&mut self.lists.enumerators, start, self.tree);
        if !self.at(TokenKind::RightBrace) {
            return self.missing("',' or '}'", false);
        }
        self.bump();
        Ok(enumerators)
    }

    fn declare_enumerator(&mut self, name: Symbol, pos: Pos) -> &'t super::tree::Entity {
        if let Some(known) = self.entity_here(name) {
            let shown = self.shown(name);
            let (code, message) = if known.kind == EntityKind::Enumerator {
                (Code::EnumeratorRedeclared, format!("redeclaration of enumerator '{shown}'"))
            } else {
                (Code::DifferentKind, format!("'{shown}' redeclared as different kind of symbol"))
            };
            self.complain(code, pos, message);
            self.note(code, known.pos, format!("previous definition of '{shown}' was here"));
        }
        self.bind(name, pos, EntityKind::Enumerator)
    }
}
