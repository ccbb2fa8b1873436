//! Initialisers.

use super::parser::{Parsed, Parser, TokenSource, finish};
use super::tree::{Designator, Expr};
use crate::lex::TokenKind;
use crate::memory::Region;

impl<'w, 't: 'w, 'n, 'r: 't + 'n, T: TokenSource, U: Region<'r>, N: Region<'n>, R: Region<'t>, W: Region<'w>>
    Parser<'_, 't, 'n, 'r, 'w, T, U, N, R, W>
{
    /// Parses an initialiser.
    pub fn initializer(&mut self) -> Parsed<&'t Expr<'t>> {
        let value = self.initializer_value()?;
        Ok(self.keep(value))
    }

    fn initializer_value(&mut self) -> Parsed<Expr<'t>> {
        if self.at(TokenKind::LeftBrace) { self.nested(Self::initializer_list) } else { self.assignment() }
    }

    /// Parses `{ .. }`.
    pub fn initializer_list(&mut self) -> Parsed<Expr<'t>> {
        let pos = self.expect(TokenKind::LeftBrace)?;
        let start = self.lists.exprs.len();
        let result = self.initializer_items();
        if result.is_err() {
            self.lists.exprs.truncate(start);
        }
        result?;
        let items = finish(&mut self.lists.exprs, start, self.tree);
        Ok(Expr::List { pos, items: self.keep(items) })
    }

    fn initializer_items(&mut self) -> Parsed<()> {
        loop {
            if self.eat(TokenKind::RightBrace) {
                return Ok(());
            }
            let item = match self.token().kind {
                TokenKind::Dot | TokenKind::LeftBracket => self.designated()?,
                TokenKind::Identifier if self.token().is_name() && self.peek().kind == TokenKind::Colon => {
                    self.old_style_designated()?
                }
                _ => self.initializer_value()?,
            };
            self.lists.exprs.push(self.work, item);
            if !self.eat(TokenKind::Comma) {
                if !self.at(TokenKind::RightBrace) {
                    return self.missing("'}'", true);
                }
                self.bump();
                return Ok(());
            }
        }
    }

    fn designated(&mut self) -> Parsed<Expr<'t>> {
        let pos = self.pos();
        let designators = self.designators()?;
        // `[1] value` is an old spelling of `[1] = value`.
        if !self.eat(TokenKind::Equal)
            && !matches!(designators, [Designator::Index(_) | Designator::Range(_)])
        {
            return self.missing("'='", true);
        }
        let value = self.initializer_value()?;
        Ok(Expr::Designated { pos, parts: self.keep((designators, value)) })
    }

    /// `name: value`
    fn old_style_designated(&mut self) -> Parsed<Expr<'t>> {
        let name = self.bump();
        self.bump();
        let designators = self.tree.slice_copy(&[Designator::Member(name.symbol, name.pos)]);
        let value = self.initializer_value()?;
        Ok(Expr::Designated { pos: name.pos, parts: self.keep((&*designators, value)) })
    }

    /// Parses `.a[1]` and so on.
    pub fn designators(&mut self) -> Parsed<&'t [Designator<'t>]> {
        let start = self.lists.designators.len();
        loop {
            let designator = match self.token().kind {
                TokenKind::Dot => {
                    self.bump();
                    let (name, pos) = self.member_name()?;
                    Designator::Member(name, pos)
                }
                TokenKind::LeftBracket => {
                    self.bump();
                    let first = self.conditional()?;
                    let designator = if self.eat(TokenKind::Ellipsis) {
                        let last = self.conditional()?;
                        Designator::Range(self.keep([first, last]))
                    } else {
                        Designator::Index(first)
                    };
                    self.expect(TokenKind::RightBracket)?;
                    designator
                }
                _ => return Ok(finish(&mut self.lists.designators, start, self.tree)),
            };
            self.lists.designators.push(self.work, designator);
        }
    }

    /// Parses the name of a member.
    pub fn member_name(&mut self) -> Parsed<(crate::ids::Symbol, crate::source::Pos)> {
        let token = self.token();
        if !token.is_name() {
            return self.missing("identifier", false);
        }
        self.bump();
        Ok((token.symbol, token.pos))
    }
}
