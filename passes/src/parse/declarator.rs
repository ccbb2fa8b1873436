//! Declarators: from the base type to the type of a name.
//!
//! Derivations are put on a stack in the order in which they are applied to the base type: pointers, then what stands behind the
//! name from right to left, then what stands in the inner parentheses.

use super::keyword::Keyword;
use super::parser::{Lookahead, Parsed, Parser, TokenSource, finish};
use super::specifiers::Allowed;
use super::tree::{
    Basic, Derivation, EntityKind, FunctionShape, Parameter, Parameters, Storage, TypeSpecifier, qualifier,
};
use crate::diagnostics::Code;
use crate::ids::Symbol;
use crate::lex::TokenKind;
use crate::memory::Region;
use crate::source::Pos;

/// Whether a declarator has a name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// It must.
    Required,
    /// It may: a parameter.
    Parameter,
    /// It must: a parameter that is declared behind the parentheses.
    OldParameter,
    /// It must not: a type name.
    Forbidden,
}

/// What a declarator says.
#[derive(Clone, Copy)]
pub struct Declared<'t> {
    /// Empty if there is none.
    pub name: Symbol,
    /// Where the name stands, or should.
    pub pos: Pos,
    /// The first is applied first.
    pub derivations: &'t [Derivation<'t>],
    /// Where those of its own attributes that stand before its end begin on the stack of attributes.
    pub attributes: usize,
}

impl<'w, 't: 'w, 'n, 'r: 't + 'n, T: TokenSource, U: Region<'r>, N: Region<'n>, R: Region<'t>, W: Region<'w>>
    Parser<'_, 't, 'n, 'r, 'w, T, U, N, R, W>
{
    /// Parses a declarator.
    pub fn declarator(&mut self, naming: Naming) -> Parsed<Declared<'t>> {
        let start = self.lists.derivations.len();
        let attributes = self.lists.attributes.len();
        match self.nested(|parser| parser.declarator_parts(naming)) {
            Ok((name, pos)) => {
                let derivations: &'t [Derivation<'t>] = match self.lists.derivations.as_slice()[start..] {
                    // Most are pointers, and these are all alike.
                    [Derivation::Pointer { qualifiers: 0 }] => {
                        self.lists.derivations.truncate(start);
                        &[Derivation::Pointer { qualifiers: 0 }]
                    }
                    _ => {
                        self.check_brackets(naming, start, (name, pos));
                        finish(&mut self.lists.derivations, start, self.tree)
                    }
                };
                Ok(Declared { name, pos, derivations, attributes })
            }
            Err(failed) => {
                self.lists.derivations.truncate(start);
                self.lists.attributes.truncate(attributes);
                Err(failed)
            }
        }
    }

    /// Parses what follows the specifiers in a type name.
    pub fn abstract_declarator(&mut self) -> Parsed<&'t [Derivation<'t>]> {
        match self.token().kind {
            TokenKind::RightParen | TokenKind::Comma => Ok(&[]),
            _ => {
                let declared = self.declarator(Naming::Forbidden)?;
                self.lists.attributes.truncate(declared.attributes);
                Ok(declared.derivations)
            }
        }
    }

    fn declarator_parts(&mut self, naming: Naming) -> Parsed<(Symbol, Pos)> {
        self.extension_attributes()?;
        while self.eat(TokenKind::Star) {
            let qualifiers = self.qualifiers()?;
            self.lists.derivations.push(self.work, Derivation::Pointer { qualifiers });
        }
        let inner_start = self.lists.derivations.len();
        let token = self.token();
        let mut named = (Symbol::EMPTY, token.pos);
        if token.is_name() && naming != Naming::Forbidden {
            self.bump();
            named = (token.symbol, token.pos);
        } else if token.kind == TokenKind::LeftParen && self.is_inner_declarator(naming) {
            self.bump();
            named = self.nested(|parser| parser.declarator_parts(naming))?;
            self.expect(TokenKind::RightParen)?;
        } else if matches!(naming, Naming::Required | Naming::OldParameter) {
            return self.missing("identifier or '('", false);
        }
        let suffix_start = self.lists.derivations.len();
        loop {
            let derivation = match self.token().kind {
                TokenKind::LeftBracket if self.peek().kind == TokenKind::LeftBracket => {
                    self.attributes()?;
                    continue;
                }
                TokenKind::LeftBracket => self.array()?,
                TokenKind::LeftParen => {
                    let shape = self.nested(Self::function_shape)?;
                    Derivation::Function(self.keep(shape))
                }
                _ => break,
            };
            self.lists.derivations.push(self.work, derivation);
        }
        let derivations = self.lists.derivations.as_mut_slice();
        derivations[suffix_start..].reverse();
        derivations[inner_start..].rotate_left(suffix_start - inner_start);
        Ok(named)
    }

    /// Reports `static` and qualifiers in brackets of the derivations from `start` on, but in the outermost ones of a parameter.
    fn check_brackets(&mut self, naming: Naming, start: usize, (name, name_pos): (Symbol, Pos)) {
        let derivations = &self.lists.derivations.as_slice()[start..];
        let others = match (naming, derivations) {
            (Naming::Parameter | Naming::OldParameter, [others @ .., _]) => others,
            _ => derivations,
        };
        let misplaced = others.iter().find_map(|derivation| match *derivation {
            Derivation::Array { pos, qualifiers, is_static, .. } => {
                (is_static || qualifiers != 0).then_some(pos)
            }
            _ => None,
        });
        if let Some(bracket) = misplaced {
            let pos = if name == Symbol::EMPTY { bracket } else { name_pos };
            let message = String::from("static or type qualifiers in non-parameter array declarator");
            self.complain(Code::BadDerivation, pos, message);
        }
    }

    /// Whether the current `(` encloses a declarator, not parameters.
    fn is_inner_declarator(&mut self, naming: Naming) -> bool {
        let next = self.peek();
        match naming {
            Naming::Required | Naming::OldParameter => true,
            _ if next.keyword == Keyword::Attribute => true,
            _ => next.kind != TokenKind::RightParen && !self.starts_parameter(next),
        }
    }

    fn starts_parameter(&self, token: Lookahead) -> bool {
        self.starts_declaration(token) || token.kind == TokenKind::Ellipsis
    }

    fn qualifiers(&mut self) -> Parsed<u8> {
        let mut qualifiers = 0;
        loop {
            qualifiers |= match self.token().keyword {
                Keyword::Const => qualifier::CONST,
                Keyword::Volatile => qualifier::VOLATILE,
                Keyword::Restrict => qualifier::RESTRICT,
                Keyword::Atomic => qualifier::ATOMIC,
                _ if self.at_attributes() => {
                    self.extension_attributes()?;
                    continue;
                }
                _ => return Ok(qualifiers),
            };
            self.bump();
        }
    }

    fn array(&mut self) -> Parsed<Derivation<'t>> {
        let pos = self.bump().pos;
        let mut qualifiers = self.qualifiers()?;
        // Behind qualifiers no others may follow.
        let is_static = self.eat_keyword(Keyword::Static);
        if is_static {
            if qualifiers == 0 {
                qualifiers = self.qualifiers()?;
            }
            if self.at(TokenKind::RightBracket) {
                return self.missing("expression", false);
            }
        }
        let is_star = self.at(TokenKind::Star) && self.peek().kind == TokenKind::RightBracket;
        let size = if is_star {
            self.bump();
            None
        } else if self.at(TokenKind::RightBracket) {
            None
        } else {
            let size = self.nested(Self::assignment)?;
            Some(self.keep(size))
        };
        if is_star && self.prototypes == 0 {
            let message = String::from("'[*]' not allowed in other than function prototype scope");
            self.complain(Code::BadDerivation, pos, message);
        }
        self.expect(TokenKind::RightBracket)?;
        Ok(Derivation::Array { pos, qualifiers, is_static, is_star, size })
    }

    fn function_shape(&mut self) -> Parsed<FunctionShape<'t>> {
        let pos = self.bump().pos;
        let scope = self.enter_scope();
        self.prototypes += 1;
        let parameters = self.parameters();
        self.prototypes -= 1;
        self.leave_scope(scope);
        Ok(FunctionShape { pos, parameters: parameters? })
    }

    fn parameters(&mut self) -> Parsed<Parameters<'t>> {
        if self.eat(TokenKind::RightParen) {
            return Ok(Parameters::Unspecified);
        }
        if self.token().is_name() && !self.is_typedef_name(self.token()) {
            return self.old_style_names();
        }
        let start = self.lists.parameters.len();
        let result = self.prototype(start);
        self.lists.parameters.truncate(start);
        result
    }

    fn prototype(&mut self, start: usize) -> Parsed<Parameters<'t>> {
        let mut is_variadic = false;
        loop {
            if self.at(TokenKind::Ellipsis) {
                let pos = self.bump().pos;
                if self.lists.parameters.len() == start {
                    let message = String::from("ISO C requires a named argument before '...'");
                    self.complain(Code::BadParameter, pos, message);
                }
                is_variadic = true;
                break;
            }
            let parameter = self.parameter()?;
            self.lists.parameters.push(self.work, parameter);
            if !self.eat(TokenKind::Comma) {
                break;
            }
        }
        if !self.at(TokenKind::RightParen) {
            return self.missing(if is_variadic { "')'" } else { "';', ',' or ')'" }, false);
        }
        self.bump();
        if let [only] = &self.lists.parameters.as_slice()[start..]
            && matches!(only.specifiers.base, TypeSpecifier::Basic(Basic::Void))
            && only.derivations.is_empty()
            && only.entity.is_none()
        {
            let (specifiers, only_pos) = (only.specifiers, only.pos);
            if specifiers.qualifiers != 0 || specifiers.storage != Storage::None {
                let message = String::from("'void' as only parameter may not be qualified");
                self.complain(Code::BadParameter, only_pos, message);
            } else if is_variadic {
                let message = String::from("'void' must be the only parameter");
                self.complain(Code::BadParameter, only_pos, message);
            }
            return Ok(Parameters::Prototype { list: &[], is_variadic });
        }
        let list = finish(&mut self.lists.parameters, start, self.tree);
        Ok(Parameters::Prototype { list, is_variadic })
    }

    fn parameter(&mut self) -> Parsed<Parameter<'t>> {
        let token = self.token();
        if token.is_name() && !self.is_typedef_name(token) {
            return self.unknown_type();
        }
        let specifiers = self.specifiers(Allowed::Declaration)?;
        if matches!(specifiers.base, TypeSpecifier::Implicit) && token.pos == self.pos() {
            return self.missing("declaration specifiers or '...'", false);
        }
        if matches!(specifiers.base, TypeSpecifier::Auto) {
            return self.error(Code::SyntaxError, token.pos, String::from("'__auto_type' in a parameter"));
        }
        let declared = match self.token().kind {
            TokenKind::Comma | TokenKind::RightParen => {
                let attributes = self.lists.attributes.len();
                Declared { name: Symbol::EMPTY, pos: token.pos, derivations: &[], attributes }
            }
            _ => self.declarator(Naming::Parameter)?,
        };
        let Declared { name, pos, derivations, attributes } = declared;
        self.attributes()?;
        self.lists.attributes.truncate(attributes);
        let entity = if name == Symbol::EMPTY { None } else { Some(self.declare_parameter(name, pos)) };
        Ok(Parameter { specifiers, entity, pos, derivations })
    }

    fn declare_parameter(&mut self, name: Symbol, pos: Pos) -> &'t super::tree::Entity {
        if let Some(known) = self.entity_here(name) {
            let shown = self.shown(name);
            self.complain(Code::ParameterRedefined, pos, format!("redefinition of parameter '{shown}'"));
            self.note(
                Code::ParameterRedefined,
                known.pos,
                format!("previous definition of '{shown}' was here"),
            );
        }
        self.bind(name, pos, EntityKind::Parameter)
    }

    fn old_style_names(&mut self) -> Parsed<Parameters<'t>> {
        let mut names: crate::memory::GrowVec<'w, (Symbol, Pos)> = crate::memory::GrowVec::new();
        // `f(unknown x)`: what was meant is a type.
        let next = self.peek();
        if !matches!(next.kind, TokenKind::Comma | TokenKind::RightParen) {
            return self.unknown_type();
        }
        loop {
            let token = self.token();
            if !token.is_name() {
                return self.missing("identifier", false);
            }
            self.bump();
            names.push(self.work, (token.symbol, token.pos));
            if !self.eat(TokenKind::Comma) {
                break;
            }
        }
        self.expect(TokenKind::RightParen)?;
        Ok(Parameters::Names(self.keep_list(&names)))
    }
}
