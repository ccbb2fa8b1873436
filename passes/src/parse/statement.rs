//! Statements.

use super::keyword::Keyword;
use super::names::ScopeStart;
use super::parser::{Lookahead, Parsed, Parser, TokenSource, finish, finish_rare};
use super::tree::{Asm, AsmOperand, Block, Expr, Rare, Statement};
use crate::diagnostics::Code;
use crate::ids::Symbol;
use crate::lex::TokenKind;
use crate::memory::{GrowVec, Region};
use crate::source::Pos;

/// An `if` with an `else if` behind it, or one of those, and the scope of what stands behind its `else`.
#[derive(Clone, Copy)]
struct Arm<'t> {
    pos: Pos,
    condition: Expr<'t>,
    then: Statement<'t>,
    scope: ScopeStart,
}

impl<'w, 't: 'w, 'n, 'r: 't + 'n, T: TokenSource, U: Region<'r>, N: Region<'n>, R: Region<'t>, W: Region<'w>>
    Parser<'_, 't, 'n, 'r, 'w, T, U, N, R, W>
{
    /// Parses a block with a scope of its own.
    pub fn block(&mut self) -> Parsed<&'t Block<'t>> {
        let scope = self.enter_scope();
        let block = self.nested(Self::block_parts);
        self.leave_scope(scope);
        let block = block?;
        Ok(self.keep(block))
    }

    /// Parses a block in the scope that is there: a function's body.
    pub fn block_parts(&mut self) -> Parsed<Block<'t>> {
        let pos = self.expect(TokenKind::LeftBrace)?;
        let labels = self.local_labels()?;
        let start = self.lists.statements.len();
        let mut result = Ok(());
        while !self.at(TokenKind::RightBrace) {
            if self.at(TokenKind::Eof) {
                result = self.missing("declaration or statement", false);
                break;
            }
            match self.block_item() {
                Ok(statement) => self.lists.statements.push(self.work, statement),
                Err(_) => self.recover(),
            }
        }
        let statements = finish(&mut self.lists.statements, start, self.tree);
        result?;
        let end = self.bump().pos;
        Ok(Block { pos, end, labels, statements })
    }

    fn local_labels(&mut self) -> Parsed<Rare<'t, Symbol>> {
        let start = self.lists.symbols.len();
        // Each name, the number of its place among them, and where its declaration stands.
        let mut names: GrowVec<'w, (Symbol, usize, Pos)> = GrowVec::new();
        while self.at_keyword(Keyword::Label) {
            let pos = self.bump().pos;
            loop {
                let (name, _) = self.member_name()?;
                names.push(self.work, (name, names.len(), pos));
                self.lists.symbols.push(self.work, name);
                if !self.eat(TokenKind::Comma) {
                    break;
                }
            }
            self.expect(TokenKind::Semicolon)?;
        }
        names.as_mut_slice().sort_unstable();
        let mut again: GrowVec<'w, (usize, Symbol, Pos)> = GrowVec::new();
        for pair in names.as_slice().windows(2) {
            let (name, number, pos) = pair[1];
            if pair[0].0 == name {
                again.push(self.work, (number, name, pos));
            }
        }
        // Numbers of names depend on who met them first; places do not.
        again.as_mut_slice().sort_unstable();
        for &(_, name, pos) in again.as_slice() {
            let message = format!("duplicate label declaration '{}'", self.shown(name));
            self.complain(Code::DuplicateLabel, pos, message);
        }
        Ok(finish_rare(&mut self.lists.symbols, start, self.tree))
    }

    fn block_item(&mut self) -> Parsed<Statement<'t>> {
        if let Some(label) = self.label()? {
            return Ok(label);
        }
        let token = self.token();
        if token.keyword == Keyword::Extension {
            // It may begin a declaration or an expression.
            let next = self.peek();
            if !self.starts_declaration(next) {
                return self.statement();
            }
            return Ok(Statement::Declaration(self.declaration()?));
        }
        if self.at_attributes() {
            // An attribute of a statement (`fallthrough`) or of a declaration.
            let is_bracketed = self.at(TokenKind::LeftBracket);
            let start = self.lists.attributes.len();
            self.attributes()?;
            if !self.at(TokenKind::Semicolon) && self.starts_declaration(self.token()) {
                return Ok(Statement::Declaration(self.declaration_after(start)?));
            }
            self.lists.attributes.truncate(start);
            if self.eat(TokenKind::Semicolon) {
                return Ok(Statement::Empty { pos: token.pos });
            }
            use Keyword as K;
            if !is_bracketed
                && matches!(
                    self.token().keyword,
                    K::If | K::While | K::Do | K::For | K::Switch | K::Goto | K::Return
                )
            {
                return self.missing("identifier or '('", false);
            }
            return self.block_item();
        }
        if self.starts_declaration(token) {
            return Ok(Statement::Declaration(self.declaration()?));
        }
        if token.is_name()
            && self.entity(token.symbol).is_none()
            && matches!(self.peek().kind, TokenKind::Identifier | TokenKind::Star)
        {
            // `unknown x` and `unknown *x`, as gcc guesses.
            return self.unknown_type();
        }
        self.statement()
    }

    /// Parses a statement that has no label.
    fn statement(&mut self) -> Parsed<Statement<'t>> {
        self.nested(Self::statement_parts)
    }

    /// Parses the body of a statement, with its labels.
    fn body(&mut self) -> Parsed<Statement<'t>> {
        let scope = self.enter_scope();
        let body = self.body_parts();
        self.leave_scope(scope);
        body
    }

    fn body_parts(&mut self) -> Parsed<Statement<'t>> {
        self.extension_attributes()?;
        let pos = self.pos();
        let start = self.lists.statements.len();
        loop {
            let label = self.label();
            if label.is_err() {
                self.lists.statements.truncate(start);
            }
            match label? {
                Some(label) => self.lists.statements.push(self.work, label),
                None => break,
            }
        }
        let statement = self.statement();
        if self.lists.statements.len() == start {
            return statement;
        }
        if let Ok(statement) = statement {
            self.lists.statements.push(self.work, statement);
        }
        let statements = finish(&mut self.lists.statements, start, self.tree);
        Ok(Statement::Block(self.keep(Block {
            pos,
            end: self.unit.last.pos,
            labels: Rare::EMPTY,
            statements,
        })))
    }

    /// Parses a label, if there is one.
    fn label(&mut self) -> Parsed<Option<Statement<'t>>> {
        let token = self.token();
        let pos = token.pos;
        let label = match token.keyword {
            Keyword::None if token.kind == TokenKind::Identifier && self.peek().kind == TokenKind::Colon => {
                self.bump();
                self.bump();
                Statement::Label { pos, label: token.symbol }
            }
            Keyword::Case => {
                self.bump();
                let low = self.conditional()?;
                let high = if self.eat(TokenKind::Ellipsis) { Some(self.conditional()?) } else { None };
                if !self.at(TokenKind::Colon) {
                    return self.missing("':' or '...'", false);
                }
                self.bump();
                Statement::Case { pos, range: self.keep((low, high)) }
            }
            Keyword::Default => {
                self.bump();
                self.expect(TokenKind::Colon)?;
                Statement::Default { pos }
            }
            _ => return Ok(None),
        };
        self.extension_attributes()?;
        Ok(Some(label))
    }

    fn statement_parts(&mut self) -> Parsed<Statement<'t>> {
        let token = self.token();
        let pos = token.pos;
        match token.kind {
            TokenKind::LeftBrace => return Ok(Statement::Block(self.block()?)),
            TokenKind::Semicolon => {
                self.bump();
                return Ok(Statement::Empty { pos });
            }
            _ => {}
        }
        use Keyword as K;
        // Each is a block of its own, since C99.
        let scope = matches!(token.keyword, K::If | K::While | K::Do | K::Switch).then(|| self.enter_scope());
        let result = self.keyword_statement(token);
        if let Some(scope) = scope {
            self.leave_scope(scope);
        }
        result
    }

    fn keyword_statement(&mut self, token: Lookahead) -> Parsed<Statement<'t>> {
        let pos = token.pos;
        match token.keyword {
            Keyword::If => self.if_statement(),
            Keyword::While => {
                self.bump();
                let condition = self.condition()?;
                let body = self.body()?;
                Ok(Statement::While { pos, parts: self.keep((condition, body)) })
            }
            Keyword::Do => {
                self.bump();
                let body = self.body()?;
                if !self.eat_keyword(Keyword::While) {
                    return self.missing("'while'", false);
                }
                let condition = self.condition()?;
                self.expect(TokenKind::Semicolon)?;
                Ok(Statement::DoWhile { pos, parts: self.keep((condition, body)) })
            }
            Keyword::For => {
                let scope = self.enter_scope();
                let result = self.for_statement();
                self.leave_scope(scope);
                result
            }
            Keyword::Switch => {
                self.bump();
                let value = self.condition()?;
                let body = self.body()?;
                Ok(Statement::Switch { pos, parts: self.keep((value, body)) })
            }
            Keyword::Goto => self.goto_statement(),
            Keyword::Continue | Keyword::Break => {
                self.bump();
                self.expect(TokenKind::Semicolon)?;
                let is_break = token.keyword == Keyword::Break;
                Ok(if is_break { Statement::Break { pos } } else { Statement::Continue { pos } })
            }
            Keyword::Return => {
                self.bump();
                let value = if self.at(TokenKind::Semicolon) {
                    None
                } else {
                    let value = self.expression()?;
                    Some(self.keep(value))
                };
                self.expect(TokenKind::Semicolon)?;
                Ok(Statement::Return { pos, value })
            }
            Keyword::Asm => self.asm_statement(),
            Keyword::Else => {
                self.error(Code::SyntaxError, pos, String::from("'else' without a previous 'if'"))
            }
            _ => {
                let value = self.expression()?;
                self.expect(TokenKind::Semicolon)?;
                Ok(Statement::Expression(value))
            }
        }
    }

    fn condition(&mut self) -> Parsed<Expr<'t>> {
        self.expect(TokenKind::LeftParen)?;
        let condition = self.expression()?;
        self.expect(TokenKind::RightParen)?;
        Ok(condition)
    }

    fn if_statement(&mut self) -> Parsed<Statement<'t>> {
        let pos = self.bump().pos;
        let condition = self.condition()?;
        let then = self.body()?;
        if !self.eat_keyword(Keyword::Else) {
            return Ok(Statement::If { pos, parts: self.keep((condition, then)) });
        }
        if !self.at_keyword(Keyword::If) {
            let otherwise = self.body()?;
            return Ok(Statement::IfElse { pos, parts: self.keep((condition, [then, otherwise])) });
        }
        let mut arms = GrowVec::new();
        let scope = self.enter_scope();
        arms.push(self.work, Arm { pos, condition, then, scope });
        let last = self.else_ifs(&mut arms);
        for arm in arms.as_slice().iter().rev() {
            self.leave_scope(arm.scope);
        }
        let mut otherwise = last?;
        for &Arm { pos, condition, then, .. } in arms.as_slice().iter().rev() {
            otherwise = Statement::IfElse { pos, parts: self.keep((condition, [then, otherwise])) };
        }
        Ok(otherwise)
    }

    /// Parses the arms of `else if` behind the first, which stand beside each other, however many there are; the result is what stands
    /// behind the last `else`, or the last `if` if that has none.
    fn else_ifs(&mut self, arms: &mut GrowVec<'w, Arm<'t>>) -> Parsed<Statement<'t>> {
        while self.at_keyword(Keyword::If) {
            let pos = self.bump().pos;
            let condition = self.condition()?;
            let then = self.body()?;
            if !self.eat_keyword(Keyword::Else) {
                return Ok(Statement::If { pos, parts: self.keep((condition, then)) });
            }
            let scope = self.enter_scope();
            arms.push(self.work, Arm { pos, condition, then, scope });
        }
        self.body()
    }

    fn for_statement(&mut self) -> Parsed<Statement<'t>> {
        let pos = self.bump().pos;
        self.expect(TokenKind::LeftParen)?;
        let token = self.token();
        let next_starts = token.keyword == Keyword::Extension && {
            let next = self.peek();
            self.starts_declaration(next)
        };
        let first = if self.at(TokenKind::Semicolon) {
            let pos = self.bump().pos;
            Statement::Empty { pos }
        } else if self.at_attributes() {
            let start = self.lists.attributes.len();
            self.attributes()?;
            Statement::Declaration(self.declaration_after(start)?)
        } else if next_starts || token.keyword != Keyword::Extension && self.starts_declaration(token) {
            Statement::Declaration(self.declaration()?)
        } else {
            let value = self.expression()?;
            self.expect(TokenKind::Semicolon)?;
            Statement::Expression(value)
        };
        let condition = if self.at(TokenKind::Semicolon) { None } else { Some(self.expression()?) };
        self.expect(TokenKind::Semicolon)?;
        let step = if self.at(TokenKind::RightParen) { None } else { Some(self.expression()?) };
        self.expect(TokenKind::RightParen)?;
        let body = self.body()?;
        Ok(Statement::For { pos, parts: self.keep((first, [condition, step], body)) })
    }

    fn goto_statement(&mut self) -> Parsed<Statement<'t>> {
        let pos = self.bump().pos;
        let statement = if self.eat(TokenKind::Star) {
            let target = self.expression()?;
            Statement::GotoComputed { pos, target: self.keep(target) }
        } else {
            let token = self.token();
            if !token.is_name() {
                return self.missing("identifier or '*'", false);
            }
            self.bump();
            Statement::Goto { pos, label: token.symbol }
        };
        self.expect(TokenKind::Semicolon)?;
        Ok(statement)
    }

    fn asm_statement(&mut self) -> Parsed<Statement<'t>> {
        let pos = self.bump().pos;
        let mut seen = [false; 3];
        loop {
            let token = self.token();
            let index = match token.keyword {
                Keyword::Volatile => 0,
                Keyword::Inline => 1,
                Keyword::Goto => 2,
                _ => break,
            };
            if std::mem::replace(&mut seen[index], true) {
                let message = format!("duplicate 'asm' qualifier '{}'", self.spelling(token));
                self.complain(Code::SyntaxError, token.pos, message);
            }
            self.bump();
        }
        self.expect(TokenKind::LeftParen)?;
        let mut operands: GrowVec<'w, AsmOperand<'t>> = GrowVec::new();
        let mut labels: GrowVec<'w, Symbol> = GrowVec::new();
        let mut outputs = 0;
        self.strings("string literal")?;
        let mut section = 0;
        while self.eat(TokenKind::Colon) {
            section += 1;
            while !matches!(self.token().kind, TokenKind::Colon | TokenKind::RightParen) {
                match section {
                    1 | 2 => {
                        let operand = self.asm_operand()?;
                        operands.push(self.work, operand);
                    }
                    3 => {
                        self.strings("string literal")?;
                    }
                    _ => {
                        let (label, _) = self.member_name()?;
                        labels.push(self.work, label);
                    }
                }
                if !self.eat(TokenKind::Comma) {
                    break;
                }
            }
            if section == 1 {
                outputs = operands.len() as u32;
            }
        }
        self.expect(TokenKind::RightParen)?;
        self.expect(TokenKind::Semicolon)?;
        let (operands, labels) = (self.keep_list(&operands), self.keep_list(&labels));
        Ok(Statement::Asm { pos, parts: self.keep(Asm { operands, outputs, labels }) })
    }

    fn asm_operand(&mut self) -> Parsed<AsmOperand<'t>> {
        if self.eat(TokenKind::LeftBracket) {
            self.member_name()?;
            self.expect(TokenKind::RightBracket)?;
        }
        let constraint = self.strings("string literal")?;
        self.expect(TokenKind::LeftParen)?;
        let value = self.expression()?;
        self.expect(TokenKind::RightParen)?;
        Ok(AsmOperand { constraint, value })
    }

    /// Reads strings of `asm`, and returns the spelling if it is one.
    pub fn strings(&mut self, what: &str) -> Parsed<Symbol> {
        if !self.at(TokenKind::String) {
            return self.missing(what, false);
        }
        let first = self.token().symbol;
        let mut count = 0;
        while self.at(TokenKind::String) {
            let token = self.token();
            if matches!(self.unit.source.spelling(&token.raw()), [b'L' | b'U', ..] | [b'u', b'"', ..]) {
                let message = String::from("a wide string is invalid in this context");
                self.complain(Code::SyntaxError, token.pos, message);
            }
            self.bump();
            count += 1;
        }
        Ok(if count == 1 { first } else { Symbol::EMPTY })
    }
}
