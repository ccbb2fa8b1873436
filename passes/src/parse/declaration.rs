//! Declarations, at the top of a unit and in blocks, and function definitions.

use super::declarator::{Declared, Naming};
use super::keyword::Keyword;
use super::parser::{Parsed, Parser, TokenSource, finish, finish_rare};
use super::specifiers::Allowed;
use super::tree::{
    Attribute, Declaration, Derivation, Entity, EntityKind, External, FunctionDefinition, InitDeclarator,
    Parameter, Parameters, Rare, Specifiers, Storage, TypeSpecifier, flag, linkage,
};
use crate::diagnostics::Code;
use crate::ids::Symbol;
use crate::lex::TokenKind;
use crate::memory::{GrowVec, Region};
use crate::source::Pos;

impl<'w, 't: 'w, 'n, 'r: 't + 'n, T: TokenSource, U: Region<'r>, N: Region<'n>, R: Region<'t>, W: Region<'w>>
    Parser<'_, 't, 'n, 'r, 'w, T, U, N, R, W>
{
    /// Parses what stands next at the top of the unit; nothing at its end, or if it could not be understood.
    pub fn external(&mut self) -> Option<External<'t>> {
        if self.eat(TokenKind::Semicolon) {
            return None;
        }
        if self.at_keyword(Keyword::Asm) {
            if self.asm_at_top().is_err() {
                self.recover();
            }
            return None;
        }
        match self.external_parts() {
            Ok(external) => Some(external),
            Err(_) => {
                self.recover();
                // A brace that closes nothing.
                self.eat(TokenKind::RightBrace);
                None
            }
        }
    }

    fn asm_at_top(&mut self) -> Parsed<()> {
        self.bump();
        self.asm_string()?;
        self.expect(TokenKind::Semicolon)?;
        Ok(())
    }

    /// Parses `("text")` behind `asm`.
    fn asm_string(&mut self) -> Parsed<()> {
        if !self.at(TokenKind::LeftParen) {
            return self.missing("'('", true);
        }
        self.bump();
        self.strings("string literal")?;
        self.expect(TokenKind::RightParen)?;
        Ok(())
    }

    fn external_parts(&mut self) -> Parsed<External<'t>> {
        if self.at_keyword(Keyword::StaticAssert) {
            return Ok(External::Declaration(self.static_assert()?));
        }
        let specifiers = self.declaration_specifiers()?;
        if self.at(TokenKind::Semicolon) {
            self.check_empty(specifiers);
            self.bump();
            return Ok(External::Declaration(self.without_names(specifiers)));
        }
        self.extension_attributes()?;
        let declared = self.declarator(Naming::Required)?;
        if let Some(&Derivation::Function(shape)) = declared.derivations.last() {
            let is_old_style =
                matches!(shape.parameters, Parameters::Names(_)) && self.starts_declaration(self.token());
            if self.at(TokenKind::LeftBrace) || is_old_style {
                return Ok(External::Function(self.function(specifiers, declared)?));
            }
        }
        let declaration = self.names(specifiers, declared)?;
        Ok(External::Declaration(declaration))
    }

    /// Reports specifiers that need a name, in a declaration at the top that declares none.
    fn check_empty(&mut self, specifiers: &Specifiers<'_>) {
        let what = match specifiers.storage {
            _ if specifiers.flags & flag::INLINE != 0 => "'inline' in",
            _ if matches!(specifiers.base, TypeSpecifier::Auto) => "'__auto_type' in",
            Storage::Auto => "'auto' in file-scope",
            Storage::Register => "'register' in file-scope",
            _ => return,
        };
        let pos = self.declaration_start;
        self.complain(Code::StorageClass, pos, format!("{what} empty declaration"));
    }

    /// Parses the specifiers of a declaration that may be misspelled.
    fn declaration_specifiers(&mut self) -> Parsed<&'t Specifiers<'t>> {
        self.declaration_specifiers_after(self.lists.attributes.len())
    }

    fn declaration_specifiers_after(&mut self, attributes: usize) -> Parsed<&'t Specifiers<'t>> {
        let start = self.pos();
        self.declaration_start = start;
        let specifiers = self.specifiers_after(Allowed::Declaration, attributes)?;
        let token = self.token();
        if matches!(specifiers.base, TypeSpecifier::Implicit) && token.is_name() {
            // `unknown x` and `unknown *x`, but not the `f()` of old times.
            let next = self.peek();
            if next.kind == TokenKind::Identifier || next.kind == TokenKind::Star {
                return self.unknown_type();
            }
        }
        let nothing = matches!(specifiers.base, TypeSpecifier::Implicit) && start == token.pos;
        if nothing && !token.is_name() && !matches!(token.kind, TokenKind::LeftParen | TokenKind::Star) {
            return self.missing("identifier or '('", false);
        }
        Ok(specifiers)
    }

    /// Parses a declaration in a block or a `for`.
    pub fn declaration(&mut self) -> Parsed<&'t Declaration<'t>> {
        if self.at_keyword(Keyword::StaticAssert) {
            return self.static_assert();
        }
        self.declaration_after(self.lists.attributes.len())
    }

    /// The same where attributes were read before, which lie on their stack from `start` on. It may be a nested function.
    pub fn declaration_after(&mut self, start: usize) -> Parsed<&'t Declaration<'t>> {
        let specifiers = self.declaration_specifiers_after(start)?;
        if self.eat(TokenKind::Semicolon) {
            return Ok(self.without_names(specifiers));
        }
        self.extension_attributes()?;
        let declared = self.declarator(Naming::Required)?;
        if let Some(&Derivation::Function(shape)) = declared.derivations.last() {
            let is_old_style =
                matches!(shape.parameters, Parameters::Names(_)) && self.starts_declaration(self.token());
            if self.at(TokenKind::LeftBrace) || is_old_style {
                let function = self.nested(|parser| parser.function(specifiers, declared))?;
                return Ok(self.keep(Declaration::Function(function)));
            }
        }
        self.names(specifiers, declared)
    }

    /// Parses the rest of a declaration, whose first declarator is `first`.
    fn names(&mut self, specifiers: &'t Specifiers<'t>, first: Declared<'t>) -> Parsed<&'t Declaration<'t>> {
        // A value may hold declarations of its own.
        let begin = self.declaration_start;
        let start = self.lists.declarators.len();
        let result = self.init_declarators(specifiers, first);
        if result.is_err() {
            self.lists.declarators.truncate(start);
        }
        result?;
        let declarators = finish(&mut self.lists.declarators, start, self.tree);
        Ok(self.keep(Declaration::Names { start: begin, specifiers, declarators }))
    }

    /// A declaration that ends here and names nothing.
    fn without_names(&self, specifiers: &'t Specifiers<'t>) -> &'t Declaration<'t> {
        self.keep(Declaration::Names { start: self.declaration_start, specifiers, declarators: &[] })
    }

    fn init_declarators(&mut self, specifiers: &'t Specifiers<'t>, first: Declared<'t>) -> Parsed<()> {
        let mut declared = first;
        loop {
            let mut declarator = self.init_declarator(specifiers.storage, declared)?;
            if self.eat(TokenKind::Equal) {
                if specifiers.storage == Storage::Typedef {
                    let message = format!(
                        "typedef '{}' is initialized (use '__typeof__' instead)",
                        self.shown(declared.name)
                    );
                    self.complain(Code::TypedefInitialized, self.declaration_start, message);
                }
                declarator.init = Some(self.initializer()?);
            }
            self.lists.declarators.push(self.work, declarator);
            if self.eat(TokenKind::Semicolon) {
                return Ok(());
            }
            if !self.eat(TokenKind::Comma) {
                if declarator.init.is_some() {
                    return self.missing("',' or ';'", false);
                }
                return self.missing("'=', ',', ';', 'asm' or '__attribute__'", false);
            }
            self.extension_attributes()?;
            declared = self.declarator(Naming::Required)?;
        }
    }

    /// What stands behind a declarator, up to the initialiser; the name is known from here on.
    fn init_declarator(&mut self, storage: Storage, declared: Declared<'t>) -> Parsed<InitDeclarator<'t>> {
        let start = declared.attributes;
        if self.eat_keyword(Keyword::Asm) {
            self.asm_string()?;
            self.lists.attributes.push(self.work, Attribute::AsmName);
        }
        self.attributes()?;
        let attributes = finish_rare(&mut self.lists.attributes, start, self.tree);
        let Declared { name, pos, derivations, .. } = declared;
        let kind = match (storage, derivations.last()) {
            (Storage::Typedef, _) => EntityKind::Typedef,
            (_, Some(Derivation::Function(_))) => EntityKind::Function,
            _ => EntityKind::Object,
        };
        let entity = self.declare(name, pos, kind, storage);
        Ok(InitDeclarator { entity, pos, derivations, attributes, init: None })
    }

    /// What `name` stands for from here on: what it stood for already, if this declares the same again.
    pub fn declare(&mut self, name: Symbol, pos: Pos, kind: EntityKind, storage: Storage) -> &'t Entity {
        use EntityKind::{Function, Object, Parameter, Typedef};
        let Some(known) = self.entity_here(name) else {
            if !matches!(kind, Object | Function) {
                return self.bind(name, pos, kind);
            }
            if self.scope_depth == 0 {
                return match self.unit.extern_names.entity(name) {
                    Some((known, _)) => self.unit.bind_again_in_file(known),
                    None => self.bind(name, pos, kind),
                };
            }
            let is_linked = storage == Storage::Extern || kind == Function && storage != Storage::Auto;
            return if is_linked { self.declare_linked(name, pos, kind) } else { self.bind(name, pos, kind) };
        };
        match (known.kind, kind) {
            (Typedef, Typedef) => return known,
            (Object | Function, Object | Function) => {
                let has_linkage = self.scope_depth == 0 || storage == Storage::Extern || kind == Function;
                if has_linkage {
                    return known;
                }
                let shown = self.shown(name);
                let message = format!("redeclaration of '{shown}' with no linkage");
                self.complain(Code::NoLinkage, pos, message);
                self.note(Code::NoLinkage, known.pos, format!("previous declaration of '{shown}' was here"));
            }
            (Parameter, Parameter) => return known,
            _ => {
                let shown = self.shown(name);
                let message = format!("'{shown}' redeclared as different kind of symbol");
                self.complain(Code::DifferentKind, pos, message);
                self.note(
                    Code::DifferentKind,
                    known.pos,
                    format!("previous declaration of '{shown}' was here"),
                );
            }
        }
        self.bind(name, pos, kind)
    }

    /// What `extern` in a block speaks of: what the file or another block knows by that name, though a block around may hide it.
    fn declare_linked(&mut self, name: Symbol, pos: Pos, kind: EntityKind) -> &'t Entity {
        let is_linked = |entity: &Entity| matches!(entity.kind, EntityKind::Object | EntityKind::Function);
        let of_file = self.unit.file_names.entity(name).filter(|(entity, _)| is_linked(entity));
        let known = of_file.or_else(|| self.unit.extern_names.entity(name)).map(|(entity, _)| entity);
        if let Some(known) = known
            && kind == EntityKind::Object
            && known.linkage.get() & linkage::INTERNAL != 0
            && self.inner_names.entity(name).is_some_and(|(hiding, _)| !std::ptr::eq(hiding, known))
        {
            let message = String::from("variable previously declared 'static' redeclared 'extern'");
            self.complain(Code::Linkage, pos, message);
        }
        let entity = known.unwrap_or_else(|| self.unit.bind_extern(name, pos, kind));
        self.bind_again(entity);
        entity
    }

    /// Parses the rest of a function definition.
    fn function(
        &mut self,
        specifiers: &'t Specifiers<'t>,
        declared: Declared<'t>,
    ) -> Parsed<&'t FunctionDefinition<'t>> {
        // A nested function is its block's own, whatever else the file calls so.
        let storage = if self.scope_depth > 0 { Storage::Auto } else { specifiers.storage };
        let declarator = self.init_declarator(storage, declared)?;
        let scope = self.enter_scope();
        let is_nested = std::mem::replace(&mut self.in_function, true);
        let result = self.function_parts(specifiers, declarator);
        self.in_function = is_nested;
        self.leave_scope(scope);
        self.unit.usage.functions += 1;
        result
    }

    fn function_parts(
        &mut self,
        specifiers: &'t Specifiers<'t>,
        declarator: InitDeclarator<'t>,
    ) -> Parsed<&'t FunctionDefinition<'t>> {
        let start = self.declaration_start;
        let mut parameters: GrowVec<'w, &'t Entity> = GrowVec::new();
        let mut old_style: GrowVec<'w, &'t Declaration<'t>> = GrowVec::new();
        let Some(Derivation::Function(shape)) = declarator.derivations.last() else {
            return self.missing("'('", true);
        };
        match shape.parameters {
            Parameters::Unspecified => {}
            Parameters::Prototype { list, .. } => {
                self.check_stars(list);
                for parameter in list {
                    // gcc 12 takes a parameter without a name for an extension of a later standard.
                    if let Some(entity) = parameter.entity {
                        self.bind_again(entity);
                        parameters.push(self.work, entity);
                    }
                }
            }
            Parameters::Names(names) => {
                for &(name, pos) in names {
                    if let Some(known) = self.entity_here(name) {
                        let (shown, before) = (self.shown(name), known.pos);
                        let message = format!("redefinition of parameter '{shown}'");
                        self.complain(Code::ParameterRedefined, pos, message);
                        let note = format!("previous definition of '{shown}' was here");
                        self.note(Code::ParameterRedefined, before, note);
                    }
                    let entity = self.bind(name, pos, EntityKind::Parameter);
                    parameters.push(self.work, entity);
                }
                while !self.at(TokenKind::LeftBrace) && !self.at(TokenKind::Eof) {
                    let declaration = self.old_style_declaration()?;
                    old_style.push(self.work, declaration);
                }
            }
        }
        let body = self.nested(Self::block_parts)?;
        let body = self.keep(body);
        let parameters = self.keep_list(&parameters);
        let old_style = finish_rare(&mut old_style, 0, self.tree);
        Ok(self.keep(FunctionDefinition { start, specifiers, declarator, parameters, old_style, body }))
    }

    /// Reports `[*]` in parameters of a function whose body begins here.
    fn check_stars(&mut self, parameters: &[Parameter<'_>]) {
        let is_star =
            |derivation: &Derivation<'_>| matches!(derivation, Derivation::Array { is_star: true, .. });
        if parameters.iter().any(|parameter| parameter.derivations.iter().any(is_star)) {
            let message = String::from("'[*]' not allowed in other than function prototype scope");
            self.complain(Code::BadDerivation, self.pos(), message);
        }
    }

    /// A declaration between the parentheses and the body of an old-style definition: its names are the parameters'.
    fn old_style_declaration(&mut self) -> Parsed<&'t Declaration<'t>> {
        let specifiers = self.declaration_specifiers()?;
        if matches!(specifiers.base, TypeSpecifier::Auto) {
            let pos = self.declaration_start;
            return self.error(Code::SyntaxError, pos, String::from("'__auto_type' in a parameter"));
        }
        let begin = self.declaration_start;
        let start = self.lists.declarators.len();
        loop {
            let declared = self.declarator(Naming::OldParameter)?;
            let entity = match self.entity_here(declared.name) {
                Some(entity) if entity.kind == EntityKind::Parameter => entity,
                _ => {
                    let shown = self.shown(declared.name);
                    let message = format!("declaration for parameter '{shown}' but no such parameter");
                    self.complain(Code::NoSuchParameter, declared.pos, message);
                    self.bind(declared.name, declared.pos, EntityKind::Parameter)
                }
            };
            let Declared { pos, derivations, attributes, .. } = declared;
            self.attributes()?;
            self.lists.attributes.truncate(attributes);
            let declarator = InitDeclarator { entity, pos, derivations, attributes: Rare::EMPTY, init: None };
            self.lists.declarators.push(self.work, declarator);
            if !self.eat(TokenKind::Comma) {
                break;
            }
        }
        self.expect(TokenKind::Semicolon)?;
        let declarators = finish(&mut self.lists.declarators, start, self.tree);
        Ok(self.keep(Declaration::Names { start: begin, specifiers, declarators }))
    }

    /// Parses `_Static_assert(..)`.
    pub fn static_assert(&mut self) -> Parsed<&'t Declaration<'t>> {
        let pos = self.bump().pos;
        self.expect(TokenKind::LeftParen)?;
        let condition = self.conditional()?;
        let message = if self.eat(TokenKind::Comma) {
            let message = self.token();
            if message.kind != TokenKind::String {
                return self.missing("string literal", false);
            }
            while self.at(TokenKind::String) {
                self.bump();
            }
            Some(message.symbol)
        } else {
            None
        };
        self.expect(TokenKind::RightParen)?;
        self.expect(TokenKind::Semicolon)?;
        Ok(self.keep(Declaration::StaticAssert { pos, condition, message }))
    }
}
