//! Expressions, by precedence.

use super::keyword::Keyword;
use super::parser::{Lookahead, Parsed, Parser, TokenSource, finish};
use super::tree::{Association, Binary, Designator, Entity, EntityKind, Expr, MemberAccess, TypeName, Unary};
use crate::diagnostics::Code;
use crate::lex::TokenKind;
use crate::memory::{GrowVec, Region};
use crate::source::Pos;

/// The precedence of `||`, the lowest of the operators that group from the left.
const LOWEST: u8 = 1;

/// A binary operator and its precedence.
#[inline]
fn binary_operator(kind: TokenKind) -> Option<(Binary, u8)> {
    Some(match kind {
        TokenKind::PipePipe => (Binary::LogicalOr, LOWEST),
        TokenKind::AmpersandAmpersand => (Binary::LogicalAnd, 2),
        TokenKind::Pipe => (Binary::Or, 3),
        TokenKind::Caret => (Binary::Xor, 4),
        TokenKind::Ampersand => (Binary::And, 5),
        TokenKind::EqualEqual => (Binary::Equal, 6),
        TokenKind::NotEqual => (Binary::NotEqual, 6),
        TokenKind::Less => (Binary::Less, 7),
        TokenKind::Greater => (Binary::Greater, 7),
        TokenKind::LessEqual => (Binary::LessEqual, 7),
        TokenKind::GreaterEqual => (Binary::GreaterEqual, 7),
        TokenKind::ShiftLeft => (Binary::ShiftLeft, 8),
        TokenKind::ShiftRight => (Binary::ShiftRight, 8),
        TokenKind::Plus => (Binary::Add, 9),
        TokenKind::Minus => (Binary::Subtract, 9),
        TokenKind::Star => (Binary::Multiply, 10),
        TokenKind::Slash => (Binary::Divide, 10),
        TokenKind::Percent => (Binary::Remainder, 10),
        _ => return None,
    })
}

fn assignment_operator(kind: TokenKind) -> Option<Binary> {
    Some(match kind {
        TokenKind::Equal => Binary::Assign,
        TokenKind::StarEqual => Binary::AssignMultiply,
        TokenKind::SlashEqual => Binary::AssignDivide,
        TokenKind::PercentEqual => Binary::AssignRemainder,
        TokenKind::PlusEqual => Binary::AssignAdd,
        TokenKind::MinusEqual => Binary::AssignSubtract,
        TokenKind::ShiftLeftEqual => Binary::AssignShiftLeft,
        TokenKind::ShiftRightEqual => Binary::AssignShiftRight,
        TokenKind::AmpersandEqual => Binary::AssignAnd,
        TokenKind::CaretEqual => Binary::AssignXor,
        TokenKind::PipeEqual => Binary::AssignOr,
        _ => return None,
    })
}

impl<'w, 't: 'w, 'n, 'r: 't + 'n, T: TokenSource, U: Region<'r>, N: Region<'n>, R: Region<'t>, W: Region<'w>>
    Parser<'_, 't, 'n, 'r, 'w, T, U, N, R, W>
{
    /// Parses an expression with commas.
    pub fn expression(&mut self) -> Parsed<Expr<'t>> {
        let first = self.assignment();
        if !self.at(TokenKind::Comma) {
            return first;
        }
        let mut value = first?;
        while self.at(TokenKind::Comma) {
            let pos = self.bump().pos;
            let right = self.assignment()?;
            value = Expr::Binary { op: Binary::Comma, pos, operands: self.keep([value, right]) };
        }
        Ok(value)
    }

    // Most operands have no operator behind them, so each function looks at the next token before it takes its operand out of the result:
    // what was returned to it is what it returns.

    /// Parses an expression without commas outside of parentheses.
    pub fn assignment(&mut self) -> Parsed<Expr<'t>> {
        let target = self.conditional();
        match assignment_operator(self.token().kind) {
            None => target,
            Some(op) => self.assigned(target?, op),
        }
    }

    fn assigned(&mut self, target: Expr<'t>, op: Binary) -> Parsed<Expr<'t>> {
        let pos = self.bump().pos;
        let value = self.nested(Self::assignment)?;
        Ok(Expr::Binary { op, pos, operands: self.keep([target, value]) })
    }

    /// Parses an expression without assignments outside of parentheses.
    #[inline]
    pub fn conditional(&mut self) -> Parsed<Expr<'t>> {
        let condition = self.binary(LOWEST);
        if self.at(TokenKind::Question) { self.choice(condition?) } else { condition }
    }

    fn choice(&mut self, condition: Expr<'t>) -> Parsed<Expr<'t>> {
        let pos = self.bump().pos;
        if self.eat(TokenKind::Colon) {
            let otherwise = self.nested(Self::conditional)?;
            return Ok(Expr::Binary { op: Binary::Elvis, pos, operands: self.keep([condition, otherwise]) });
        }
        let then = self.nested(Self::expression)?;
        self.expect(TokenKind::Colon)?;
        let otherwise = self.binary(LOWEST)?;
        if !self.at(TokenKind::Question) {
            return Ok(Expr::Conditional { pos, parts: self.keep([condition, then, otherwise]) });
        }
        let start = self.lists.exprs.len();
        let result = self.choices([condition, then, Expr::Error { pos }], otherwise);
        self.lists.exprs.truncate(start);
        result
    }

    /// Parses a chain of choices, `a ? b : c ? d : e`, of any length without going deeper: `first` is what stands before the `condition` of
    /// the second, with the place of its `?` where its third part will be.
    #[cold]
    fn choices(&mut self, first: [Expr<'t>; 3], mut condition: Expr<'t>) -> Parsed<Expr<'t>> {
        let start = self.lists.exprs.len();
        self.lists.exprs.extend_copy(self.work, &first);
        while self.at(TokenKind::Question) {
            let pos = self.bump().pos;
            if self.eat(TokenKind::Colon) {
                let otherwise = self.nested(Self::conditional)?;
                condition =
                    Expr::Binary { op: Binary::Elvis, pos, operands: self.keep([condition, otherwise]) };
                break;
            }
            let then = self.nested(Self::expression)?;
            self.expect(TokenKind::Colon)?;
            self.lists.exprs.extend_copy(self.work, &[condition, then, Expr::Error { pos }]);
            condition = self.binary(LOWEST)?;
        }
        let mut value = condition;
        while self.lists.exprs.len() > start
            && let [.., condition, then, place] = *self.lists.exprs.as_slice()
        {
            self.lists.exprs.truncate(self.lists.exprs.len() - 3);
            value = Expr::Conditional { pos: place.pos(), parts: self.keep([condition, then, value]) };
        }
        Ok(value)
    }

    /// Parses operators of at least `lowest` precedence.
    fn binary(&mut self, lowest: u8) -> Parsed<Expr<'t>> {
        let mut left = self.cast();
        loop {
            let (op, precedence) = match binary_operator(self.token().kind) {
                Some((op, precedence)) if precedence >= lowest => (op, precedence),
                _ => return left,
            };
            let value = left?;
            let pos = self.bump().pos;
            let right = self.binary(precedence + 1)?;
            left = Ok(Expr::Binary { op, pos, operands: self.keep([value, right]) });
        }
    }

    /// Parses a cast, or what binds tighter.
    #[inline(always)]
    fn cast(&mut self) -> Parsed<Expr<'t>> {
        let token = self.token();
        match token.kind {
            TokenKind::Identifier if token.keyword == Keyword::None => self.named(),
            TokenKind::LeftParen => self.parenthesized(token.pos),
            _ => self.unary(),
        }
    }

    /// Parses what begins with a name.
    #[inline(never)]
    fn named(&mut self) -> Parsed<Expr<'t>> {
        let name = self.name();
        if self.at_postfix() { self.postfix(name?) } else { name }
    }

    /// Parses what begins with `(`.
    #[inline(never)]
    fn parenthesized(&mut self, pos: Pos) -> Parsed<Expr<'t>> {
        let next = self.peek();
        if self.starts_type(next) && !self.is_statement_extension(next) {
            return self.nested(|parser| parser.cast_or_literal(pos));
        }
        self.postfix_expression()
    }

    /// `(__extension__ ..)` may go on as a type or as an expression; a type is rare.
    fn is_statement_extension(&self, token: Lookahead) -> bool {
        token.keyword == Keyword::Extension
    }

    fn cast_or_literal(&mut self, pos: Pos) -> Parsed<Expr<'t>> {
        let ty = self.type_name_in_parentheses()?;
        if self.at(TokenKind::LeftBrace) {
            let literal = self.compound_literal(*ty, pos)?;
            return self.postfix(literal);
        }
        let operand = self.cast()?;
        Ok(Expr::Cast { pos, parts: self.keep((ty, operand)) })
    }

    fn compound_literal(&mut self, ty: TypeName<'t>, pos: Pos) -> Parsed<Expr<'t>> {
        let value = self.nested(Self::initializer_list)?;
        Ok(Expr::CompoundLiteral { pos, parts: self.keep((ty, value)) })
    }

    fn unary(&mut self) -> Parsed<Expr<'t>> {
        let token = self.token();
        let op = match token.kind {
            TokenKind::Identifier => match token.keyword {
                Keyword::Sizeof => return self.nested(|parser| parser.size_or_alignment(Unary::Sizeof)),
                Keyword::Alignof => return self.nested(|parser| parser.size_or_alignment(Unary::Alignof)),
                Keyword::Extension => {
                    self.bump();
                    return self.nested(Self::cast);
                }
                Keyword::Real => Unary::Real,
                Keyword::Imag => Unary::Imag,
                _ => return self.postfix_expression(),
            },
            TokenKind::Plus => Unary::Plus,
            TokenKind::Minus => Unary::Minus,
            TokenKind::Tilde => Unary::Complement,
            TokenKind::Exclamation => Unary::Not,
            TokenKind::Star => Unary::Dereference,
            TokenKind::Ampersand => Unary::Address,
            TokenKind::PlusPlus => Unary::PreIncrement,
            TokenKind::MinusMinus => Unary::PreDecrement,
            TokenKind::AmpersandAmpersand => {
                self.bump();
                let (label, _) = self.member_name()?;
                if !self.in_function {
                    let message = format!("label '{}' referenced outside of any function", self.shown(label));
                    return self.error(Code::UndefinedLabel, token.pos, message);
                }
                return Ok(Expr::LabelAddress { pos: token.pos, label });
            }
            _ => return self.postfix_expression(),
        };
        self.bump();
        let operand = self.nested(Self::cast)?;
        Ok(Expr::Unary { op, pos: token.pos, operand: self.keep(operand) })
    }

    fn size_or_alignment(&mut self, op: Unary) -> Parsed<Expr<'t>> {
        let pos = self.bump().pos;
        let open = self.token();
        if open.kind == TokenKind::LeftParen {
            let next = self.peek();
            if self.starts_type(next) && !self.is_statement_extension(next) {
                let ty = self.type_name_in_parentheses()?;
                if self.at(TokenKind::LeftBrace) {
                    let literal = self.compound_literal(*ty, open.pos)?;
                    let operand = self.postfix(literal)?;
                    return Ok(Expr::Unary { op, pos, operand: self.keep(operand) });
                }
                return Ok(match op {
                    Unary::Sizeof => Expr::SizeofType { pos, of: ty },
                    _ => Expr::AlignofType { pos, of: ty },
                });
            }
        }
        let operand = self.unary()?;
        Ok(Expr::Unary { op, pos, operand: self.keep(operand) })
    }

    fn postfix_expression(&mut self) -> Parsed<Expr<'t>> {
        let value = self.primary();
        if self.at_postfix() { self.postfix(value?) } else { value }
    }

    /// Whether the current token may stand behind an operand and belong to it.
    #[inline]
    fn at_postfix(&self) -> bool {
        use TokenKind::*;
        matches!(self.token().kind, LeftBracket | LeftParen | Dot | Arrow | PlusPlus | MinusMinus)
    }

    /// Parses what stands behind `value`.
    fn postfix(&mut self, value: Expr<'t>) -> Parsed<Expr<'t>> {
        let nesting = self.nesting;
        let result = self.postfix_operators(value);
        self.nesting = nesting;
        result
    }

    fn postfix_operators(&mut self, mut value: Expr<'t>) -> Parsed<Expr<'t>> {
        loop {
            let token = self.token();
            let pos = token.pos;
            value = match token.kind {
                TokenKind::LeftBracket => {
                    self.bump();
                    let index = self.nested(Self::expression)?;
                    self.expect(TokenKind::RightBracket)?;
                    Expr::Binary { op: Binary::Index, pos, operands: self.keep([value, index]) }
                }
                TokenKind::LeftParen => self.nested(|parser| parser.call(value))?,
                TokenKind::Dot | TokenKind::Arrow => {
                    self.bump();
                    let (name, _) = self.member_name()?;
                    let access = self.keep(MemberAccess { base: value, name });
                    Expr::Member { through_pointer: token.kind == TokenKind::Arrow, pos, access }
                }
                TokenKind::PlusPlus | TokenKind::MinusMinus => {
                    self.bump();
                    let is_increment = token.kind == TokenKind::PlusPlus;
                    let op = if is_increment { Unary::PostIncrement } else { Unary::PostDecrement };
                    Expr::Unary { op, pos, operand: self.keep(value) }
                }
                _ => return Ok(value),
            };
            // Whoever walks the tree goes down once for each of them.
            self.nested(|_| Ok(()))?;
            self.nesting += 1;
        }
    }

    fn call(&mut self, function: Expr<'t>) -> Parsed<Expr<'t>> {
        let pos = self.bump().pos;
        let start = self.lists.exprs.len();
        self.lists.exprs.push(self.work, function);
        let result = self.arguments();
        if result.is_err() {
            self.lists.exprs.truncate(start);
        }
        result?;
        let parts = finish(&mut self.lists.exprs, start, self.tree);
        Ok(Expr::Call { pos, parts: self.keep(parts) })
    }

    fn arguments(&mut self) -> Parsed<()> {
        if self.eat(TokenKind::RightParen) {
            return Ok(());
        }
        loop {
            let argument = self.assignment()?;
            self.lists.exprs.push(self.work, argument);
            if !self.eat(TokenKind::Comma) {
                self.expect(TokenKind::RightParen)?;
                return Ok(());
            }
        }
    }

    fn primary(&mut self) -> Parsed<Expr<'t>> {
        let token = self.token();
        match token.kind {
            TokenKind::Identifier if token.keyword == Keyword::None => self.name(),
            TokenKind::Identifier => self.keyword_expression(),
            TokenKind::Number => {
                self.bump();
                self.number(token)
            }
            TokenKind::Character => {
                self.bump();
                self.character(token)
            }
            TokenKind::String => self.string(),
            TokenKind::LeftParen => self.nested(Self::parentheses),
            _ => self.missing("expression", false),
        }
    }

    fn parentheses(&mut self) -> Parsed<Expr<'t>> {
        let pos = self.bump().pos;
        if self.at(TokenKind::LeftBrace) {
            if !self.in_function {
                let message = String::from("braced-group within expression allowed only inside a function");
                return self.error(Code::SyntaxError, pos, message);
            }
            let block = self.block()?;
            self.expect(TokenKind::RightParen)?;
            return Ok(Expr::Statements { pos, block });
        }
        let value = self.expression()?;
        self.expect(TokenKind::RightParen)?;
        Ok(value)
    }

    #[inline]
    fn name(&mut self) -> Parsed<Expr<'t>> {
        let token = self.bump();
        let pos = token.pos;
        let entity = match self.entity(token.symbol) {
            Some(entity) if entity.kind == EntityKind::Typedef => {
                let message = format!("expected expression before '{}'", self.shown(entity.name));
                return self.error(Code::SyntaxError, pos, message);
            }
            Some(entity) => entity,
            None => self.undeclared(token)?,
        };
        Ok(Expr::Name { pos, entity })
    }

    /// A name that nobody declared: a built-in function, a function that is declared by being called, or an error.
    #[cold]
    fn undeclared(&mut self, token: Lookahead) -> Parsed<&'t Entity> {
        let text = self.unit.source.text(token.symbol);
        let is_builtin = match text {
            // Those that `__has_builtin` does not know, as in gcc.
            b"__builtin_complex" | b"__builtin_tgmath" => true,
            _ => {
                [&b"__builtin_"[..], b"__sync_", b"__atomic_"].iter().any(|mark| text.starts_with(mark))
                    && crate::preprocess::has_builtin(text)
            }
        };
        let is_called = self.at(TokenKind::LeftParen);
        let kind = if is_builtin {
            EntityKind::Builtin
        } else if is_called {
            let shown = self.shown(token.symbol);
            let message = format!("implicit declaration of function '{shown}'");
            self.complain(Code::ImplicitFunction, token.pos, message);
            EntityKind::Function
        } else {
            let shown = self.shown(token.symbol);
            let place =
                if self.in_function { "(first use in this function)" } else { "here (not in a function)" };
            self.complain(Code::Undeclared, token.pos, format!("'{shown}' undeclared {place}"));
            if self.in_function {
                let each = "each undeclared identifier is reported only once for each function it appears in";
                self.note(Code::Undeclared, token.pos, String::from(each));
                // Known from here on, so that it is not reported again.
                return Ok(self.bind(token.symbol, token.pos, EntityKind::Unknown));
            }
            return Err(super::parser::Failed);
        };
        Ok(self.unit.bind_in_file(token.symbol, token.pos, kind))
    }

    fn keyword_expression(&mut self) -> Parsed<Expr<'t>> {
        let token = self.token();
        match token.keyword {
            Keyword::FunctionName => {
                self.bump();
                Ok(Expr::FunctionName { pos: token.pos })
            }
            Keyword::Generic => self.nested(Self::generic),
            Keyword::VaArg => {
                let parts = self.value_and_type()?;
                Ok(Expr::VaArg { pos: token.pos, parts })
            }
            Keyword::ConvertVector => {
                let parts = self.value_and_type()?;
                Ok(Expr::ConvertVector { pos: token.pos, parts })
            }
            Keyword::Offsetof => self.nested(Self::offset_of),
            Keyword::TypesCompatible => {
                self.bump();
                self.expect(TokenKind::LeftParen)?;
                let first = self.type_name()?;
                self.expect(TokenKind::Comma)?;
                let second = self.type_name()?;
                self.expect(TokenKind::RightParen)?;
                Ok(Expr::TypesCompatible { pos: token.pos, types: self.keep((first, second)) })
            }
            Keyword::ChooseExpr => {
                self.bump();
                self.expect(TokenKind::LeftParen)?;
                let condition = self.nested(Self::assignment)?;
                self.expect(TokenKind::Comma)?;
                let then = self.nested(Self::assignment)?;
                self.expect(TokenKind::Comma)?;
                let otherwise = self.nested(Self::assignment)?;
                self.expect(TokenKind::RightParen)?;
                Ok(Expr::Choose { pos: token.pos, parts: self.keep([condition, then, otherwise]) })
            }
            _ => self.missing("expression", false),
        }
    }

    /// Parses the arguments of a function that takes a value and a type.
    fn value_and_type(&mut self) -> Parsed<&'t (TypeName<'t>, Expr<'t>)> {
        self.bump();
        self.expect(TokenKind::LeftParen)?;
        let value = self.nested(Self::assignment)?;
        self.expect(TokenKind::Comma)?;
        let ty = self.type_name()?;
        self.expect(TokenKind::RightParen)?;
        Ok(self.keep((ty, value)))
    }

    fn generic(&mut self) -> Parsed<Expr<'t>> {
        let pos = self.bump().pos;
        self.expect(TokenKind::LeftParen)?;
        let selector = self.assignment()?;
        let mut associations: GrowVec<'w, Association<'t>> = GrowVec::new();
        while self.eat(TokenKind::Comma) {
            let pos = self.pos();
            let ty = if self.eat_keyword(Keyword::Default) {
                None
            } else {
                let ty = self.type_name()?;
                Some(self.keep(ty))
            };
            self.expect(TokenKind::Colon)?;
            let value = self.assignment()?;
            associations.push(self.work, Association { ty, pos, value });
        }
        self.expect(TokenKind::RightParen)?;
        let associations = self.keep_list(&associations);
        Ok(Expr::Generic { pos, parts: self.keep((selector, associations)) })
    }

    fn offset_of(&mut self) -> Parsed<Expr<'t>> {
        let pos = self.bump().pos;
        self.expect(TokenKind::LeftParen)?;
        let ty = self.type_name()?;
        self.expect(TokenKind::Comma)?;
        let start = self.lists.designators.len();
        let (name, at) = self.member_name()?;
        self.lists.designators.push(self.work, Designator::Member(name, at));
        loop {
            let designator = match self.token().kind {
                // `a->b` stands for `a[0].b`.
                TokenKind::Dot | TokenKind::Arrow => {
                    if self.bump().kind == TokenKind::Arrow {
                        let zero = Expr::Int { ty: super::tree::IntType::Int, pos: at, value: 0 };
                        self.lists.designators.push(self.work, Designator::Index(zero));
                    }
                    let (name, at) = self.member_name()?;
                    Designator::Member(name, at)
                }
                TokenKind::LeftBracket => {
                    self.bump();
                    let index = self.expression()?;
                    self.expect(TokenKind::RightBracket)?;
                    Designator::Index(index)
                }
                _ => break,
            };
            self.lists.designators.push(self.work, designator);
        }
        let path = finish(&mut self.lists.designators, start, self.tree);
        self.expect(TokenKind::RightParen)?;
        Ok(Expr::Offsetof { pos, parts: self.keep((ty, path)) })
    }
}
