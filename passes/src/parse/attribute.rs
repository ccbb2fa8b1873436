//! `__attribute__`: those that change types are kept, the others are read over.

use super::keyword::Keyword;
use super::parser::{Parsed, Parser, TokenSource};
use super::tree::Attribute;
use crate::lex::TokenKind;
use crate::memory::Region;

impl<'t, 'r: 't, T: TokenSource, U: Region<'r>, R: Region<'t>> Parser<'_, 't, 'r, T, U, R> {
    /// Parses any number of attribute lists; what is kept is put on the stack of attributes.
    #[inline]
    pub fn attributes(&mut self) -> Parsed<()> {
        while self.at_keyword(Keyword::Attribute) {
            self.attribute_list()?;
        }
        Ok(())
    }

    fn attribute_list(&mut self) -> Parsed<()> {
        self.bump();
        self.expect(TokenKind::LeftParen)?;
        self.expect(TokenKind::LeftParen)?;
        loop {
            match self.token().kind {
                TokenKind::Comma => {
                    self.bump();
                }
                TokenKind::Identifier => self.attribute()?,
                _ => break,
            }
        }
        self.expect(TokenKind::RightParen)?;
        self.expect(TokenKind::RightParen)?;
        Ok(())
    }

    fn attribute(&mut self) -> Parsed<()> {
        let name = self.bump();
        let spelling = self.unit.source.text(name.symbol);
        // `__packed__` is `packed`.
        let plain =
            spelling.strip_prefix(b"__").and_then(|rest| rest.strip_suffix(b"__")).unwrap_or(spelling);
        let has_arguments = self.at(TokenKind::LeftParen);
        let attribute = match (plain, has_arguments) {
            (b"packed", false) => Attribute::Packed,
            (b"transparent_union", false) => Attribute::TransparentUnion,
            (b"aligned", false) => Attribute::Aligned(None),
            (b"aligned", true) => Attribute::Aligned(Some(self.attribute_value()?)),
            (b"vector_size", true) => Attribute::VectorSize(self.attribute_value()?),
            (b"mode", true) => {
                self.bump();
                let mode = self.token().symbol;
                if self.at(TokenKind::Identifier) {
                    self.bump();
                }
                self.expect(TokenKind::RightParen)?;
                Attribute::Mode(mode)
            }
            (_, true) => return self.skip_parentheses(),
            (_, false) => return Ok(()),
        };
        self.lists.attributes.push(self.tree, attribute);
        Ok(())
    }

    fn attribute_value(&mut self) -> Parsed<&'t super::tree::Expr<'t>> {
        self.expect(TokenKind::LeftParen)?;
        let value = self.assignment()?;
        self.expect(TokenKind::RightParen)?;
        Ok(self.keep(value))
    }
}
