//! The expression of `#if` and `#elif`: integers of 64 bits, signed unless a part is unsigned.

use super::core::Core;
use super::expand::{Base, Expansion};
use crate::diagnostics::Code;
use crate::lex::literal::{self, BadCharacter, Encoding};
use crate::lex::{Directive, DirectiveKind, Token, TokenKind};
use crate::memory::{Memory, Region};
use crate::source::Pos;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Value {
    bits: u64,
    unsigned: bool,
}

impl Value {
    const ZERO: Value = Value { bits: 0, unsigned: false };

    fn truth(holds: bool) -> Self {
        Value { bits: u64::from(holds), unsigned: false }
    }

    fn is_true(self) -> bool {
        self.bits != 0
    }

    fn signed(self) -> i64 {
        self.bits as i64
    }
}

/// Whether the condition of `directive` holds; false if it is malformed.
pub fn condition<'u, 's, M: Memory>(
    core: &mut Core<'u, '_, M>,
    directive: Directive,
    scratch: &impl Region<'s>,
) -> bool {
    let line = core.line_of(directive, scratch);
    let pos = core.tokens()[directive.at as usize].pos;
    let word = if directive.kind == DirectiveKind::If { "#if" } else { "#elif" };
    let outer = std::mem::replace(&mut core.expansion_pos, pos);
    let mut expansion = Expansion::new(core, scratch, Base::Line);
    expansion.in_condition = true;
    let errors_before = expansion.core.diagnostics.as_slice().len();
    let expanded = expansion.expand_line(line);
    let depth_max = core.options.limits.expression_depth_max;
    let end = core.tokens()[directive.next_token as usize - 1].pos;
    let mut parser =
        Parser { core, tokens: expanded.as_slice(), at: 0, end, word, failed: false, depth: 0, depth_max };
    let result = parser.run();
    core.expansion_pos = outer;
    // What went wrong while expanding makes the condition false, too.
    let failed = core.diagnostics.as_slice()[errors_before..]
        .iter()
        .any(|finding| finding.code == Code::MalformedExpression);
    result.is_some_and(|value| value.is_true()) && !failed
}

struct Parser<'c, 't, 'u, 'p, M: Memory> {
    core: &'c mut Core<'u, 'p, M>,
    tokens: &'t [Token],
    at: usize,
    /// Where the line ends.
    end: Pos,
    word: &'static str,
    failed: bool,
    depth: u32,
    depth_max: u32,
}

impl<M: Memory> Parser<'_, '_, '_, '_, M> {
    fn run(&mut self) -> Option<Value> {
        if self.tokens.is_empty() {
            let message = format!("{} with no expression", self.word);
            self.core.report(Code::MalformedExpression, self.end, message);
            return None;
        }
        let value = self.comma(true);
        if !self.failed
            && let Some(token) = self.peek()
        {
            let message = match token.kind {
                TokenKind::RightParen => format!("missing '(' in expression of {}", self.word),
                TokenKind::Colon => format!("':' without preceding '?' in {}", self.word),
                _ => {
                    let what = self.core.shown_token(&token);
                    if is_operator(token.kind) {
                        format!("token \"{what}\" is not valid in preprocessor expressions")
                    } else {
                        format!("missing binary operator before token \"{what}\"")
                    }
                }
            };
            self.fail(token.pos, message);
        }
        (!self.failed).then_some(value)
    }

    fn peek(&self) -> Option<Token> {
        self.tokens.get(self.at).copied()
    }

    fn take(&mut self, kind: TokenKind) -> bool {
        let taken = self.peek().is_some_and(|token| token.kind == kind);
        self.at += usize::from(taken);
        taken
    }

    fn fail(&mut self, pos: Pos, message: String) -> Value {
        if !self.failed {
            self.failed = true;
            self.core.report(Code::MalformedExpression, pos, message);
        }
        // Nothing more is read.
        self.at = self.tokens.len();
        Value::ZERO
    }

    fn enter(&mut self) -> bool {
        self.depth += 1;
        if self.depth > self.depth_max {
            self.core.stop("an expression is nested too deeply");
            self.failed = true;
            self.at = self.tokens.len();
            return false;
        }
        true
    }

    fn comma(&mut self, evaluated: bool) -> Value {
        let mut value = self.conditional(evaluated);
        while let Some(token) = self.peek()
            && token.kind == TokenKind::Comma
        {
            self.at += 1;
            value = self.conditional(evaluated);
        }
        value
    }

    fn conditional(&mut self, evaluated: bool) -> Value {
        let condition = self.binary(0, evaluated);
        if !self.take(TokenKind::Question) {
            return condition;
        }
        if !self.enter() {
            return Value::ZERO;
        }
        let yes = self.comma(evaluated && condition.is_true());
        if !self.take(TokenKind::Colon) {
            return self.fail(self.end, String::from("'?' without following ':'"));
        }
        let no = self.conditional(evaluated && !condition.is_true());
        self.depth -= 1;
        let chosen = if condition.is_true() { yes } else { no };
        Value { bits: chosen.bits, unsigned: yes.unsigned || no.unsigned }
    }

    fn binary(&mut self, least: u8, evaluated: bool) -> Value {
        let mut left = self.unary(evaluated);
        while let Some(operator) = self.peek()
            && let Some(precedence) = precedence(operator.kind)
            && precedence >= least
        {
            self.at += 1;
            let decided = match operator.kind {
                TokenKind::AmpersandAmpersand => !left.is_true(),
                TokenKind::PipePipe => left.is_true(),
                _ => false,
            };
            if !self.enter() {
                return Value::ZERO;
            }
            let right = self.binary(precedence + 1, evaluated && !decided);
            self.depth -= 1;
            left = self.apply(operator, left, right, evaluated);
        }
        left
    }

    fn apply(&mut self, operator: Token, left: Value, right: Value, evaluated: bool) -> Value {
        use TokenKind::*;
        let unsigned = left.unsigned || right.unsigned;
        let of = |bits: u64| Value { bits, unsigned };
        let (a, b) = (left.bits, right.bits);
        let (sa, sb) = (left.signed(), right.signed());
        match operator.kind {
            AmpersandAmpersand => Value::truth(left.is_true() && right.is_true()),
            PipePipe => Value::truth(left.is_true() || right.is_true()),
            Pipe => of(a | b),
            Caret => of(a ^ b),
            Ampersand => of(a & b),
            EqualEqual => Value::truth(a == b),
            NotEqual => Value::truth(a != b),
            Less => Value::truth(if unsigned { a < b } else { sa < sb }),
            Greater => Value::truth(if unsigned { a > b } else { sa > sb }),
            LessEqual => Value::truth(if unsigned { a <= b } else { sa <= sb }),
            GreaterEqual => Value::truth(if unsigned { a >= b } else { sa >= sb }),
            ShiftLeft | ShiftRight => {
                let shifted = shift(left, right, operator.kind == ShiftLeft);
                let is_lossy = operator.kind == ShiftLeft
                    && !left.unsigned
                    && shift(shifted, right, false).bits != left.bits;
                self.warn_of_overflow(operator, evaluated && is_lossy);
                shifted
            }
            Plus | Minus | Star => {
                let (signed, bits) = match operator.kind {
                    Plus => (sa.checked_add(sb), a.wrapping_add(b)),
                    Minus => (sa.checked_sub(sb), a.wrapping_sub(b)),
                    _ => (sa.checked_mul(sb), a.wrapping_mul(b)),
                };
                self.warn_of_overflow(operator, evaluated && !unsigned && signed.is_none());
                of(bits)
            }
            _ => {
                if b == 0 {
                    if evaluated && !self.failed {
                        let message = format!("division by zero in {}", self.word);
                        self.core.report(Code::DivisionByZero, operator.pos, message);
                    }
                    // gcc goes on with the dividend, made positive.
                    return Value { bits: if unsigned { a } else { sa.unsigned_abs() }, ..left };
                }
                match (operator.kind, unsigned) {
                    (Slash, true) => of(a / b),
                    (Slash, false) => of(sa.wrapping_div(sb) as u64),
                    (_, true) => of(a % b),
                    (_, false) => of(sa.wrapping_rem(sb) as u64),
                }
            }
        }
    }

    fn warn_of_overflow(&mut self, operator: Token, overflows: bool) {
        if overflows {
            let message = String::from("integer overflow in preprocessor expression");
            self.core.report(Code::ExpressionWarning, operator.pos, message);
        }
    }

    fn unary(&mut self, evaluated: bool) -> Value {
        use TokenKind::*;
        let Some(token) = self.peek() else {
            return self
                .fail(self.end, format!("expression of {} ends where a value should stand", self.word));
        };
        self.at += 1;
        match token.kind {
            Plus | Minus | Tilde | Exclamation => {
                if !self.enter() {
                    return Value::ZERO;
                }
                let operand = self.unary(evaluated);
                self.depth -= 1;
                match token.kind {
                    Plus => operand,
                    Minus => {
                        let overflows = !operand.unsigned && operand.signed() == i64::MIN;
                        self.warn_of_overflow(token, evaluated && overflows);
                        Value { bits: operand.bits.wrapping_neg(), ..operand }
                    }
                    Tilde => Value { bits: !operand.bits, ..operand },
                    _ => Value::truth(!operand.is_true()),
                }
            }
            LeftParen => {
                if !self.enter() {
                    return Value::ZERO;
                }
                let value = self.comma(evaluated);
                self.depth -= 1;
                if !self.take(RightParen) && !self.failed {
                    return self.fail(token.pos, "missing ')' in expression".to_owned());
                }
                value
            }
            Number => match parse_integer(self.core.text(token.symbol)) {
                Ok((value, warning)) => {
                    if let Some(warning) = warning {
                        self.core.report(Code::ExpressionWarning, token.pos, warning.to_owned());
                    }
                    value
                }
                Err(message) => self.fail(token.pos, message.to_owned()),
            },
            Character => match parse_character(self.core.text(token.symbol)) {
                Ok(value) => value,
                Err(message) => self.fail(token.pos, message),
            },
            Identifier => Value::ZERO,
            Hash | DigraphHash => self.assertion(token),
            _ => {
                let what = self.core.shown_token(&token);
                let message = if precedence(token.kind).is_some() {
                    format!("operator '{what}' has no left operand")
                } else {
                    format!("token \"{what}\" is not valid in preprocessor expressions")
                };
                self.fail(token.pos, message)
            }
        }
    }

    /// `#predicate` or `#predicate(answer)`
    fn assertion(&mut self, hash: Token) -> Value {
        let Some(predicate) = self.peek().filter(|token| token.kind == TokenKind::Identifier) else {
            return self.fail(hash.pos, String::from("predicate must be an identifier"));
        };
        self.at += 1;
        let mut answer: Option<&[Token]> = None;
        if self.take(TokenKind::LeftParen) {
            let rest = &self.tokens[self.at..];
            let Some(close) = rest.iter().position(|token| token.kind == TokenKind::RightParen) else {
                return self.fail(hash.pos, String::from("missing ')' to complete answer"));
            };
            answer = Some(&rest[..close]);
            self.at += close + 1;
        }
        let holds = self.core.assertions.as_slice().iter().any(|&(name, given)| {
            name == predicate.symbol && answer.is_none_or(|answer| self.core.same_answer(given, answer))
        });
        Value::truth(holds)
    }
}

fn is_operator(kind: TokenKind) -> bool {
    kind.is_punctuator() || matches!(kind, TokenKind::String | TokenKind::Other | TokenKind::Unterminated)
}

fn precedence(kind: TokenKind) -> Option<u8> {
    use TokenKind::*;
    Some(match kind {
        PipePipe => 0,
        AmpersandAmpersand => 1,
        Pipe => 2,
        Caret => 3,
        Ampersand => 4,
        EqualEqual | NotEqual => 5,
        Less | Greater | LessEqual | GreaterEqual => 6,
        ShiftLeft | ShiftRight => 7,
        Plus | Minus => 8,
        Star | Slash | Percent => 9,
        _ => return None,
    })
}

/// Shifts by 64 or more give 0 or the sign; by a negative count the other way.
fn shift(left: Value, right: Value, to_left: bool) -> Value {
    let negative = !right.unsigned && right.signed() < 0;
    let count = if negative { right.signed().unsigned_abs() } else { right.bits };
    let bits = match (to_left != negative, count) {
        (true, 0..64) => left.bits << count,
        (true, _) => 0,
        (false, 0..64) if left.unsigned => left.bits >> count,
        (false, 0..64) => (left.signed() >> count) as u64,
        (false, _) if left.unsigned || left.signed() >= 0 => 0,
        (false, _) => u64::MAX,
    };
    Value { bits, unsigned: left.unsigned }
}

/// The value of a preprocessing number, which must be an integer, and what is to be warned of.
fn parse_integer(text: &[u8]) -> Result<(Value, Option<&'static str>), &'static str> {
    let (radix, digits) = match text {
        [b'0', b'x' | b'X', rest @ ..] => (16, rest),
        [b'0', b'b' | b'B', rest @ ..] => (2, rest),
        [b'0', ..] => (8, text),
        _ => (10, text),
    };
    let len = digits.iter().take_while(|byte| (**byte as char).is_digit(radix)).count();
    let (digits, suffix) = digits.split_at(len);
    let lower: Vec<u8> = suffix.iter().map(u8::to_ascii_lowercase).collect();
    let unsigned = match lower.as_slice() {
        b"" | b"l" | b"ll" => false,
        b"u" | b"ul" | b"lu" | b"ull" | b"llu" => true,
        _ if radix != 16 && (suffix.contains(&b'.') || lower[0] == b'e') => {
            return Err("floating constant in preprocessor expression");
        }
        _ if radix == 16 && (suffix.contains(&b'.') || lower[0] == b'p') => {
            return Err("floating constant in preprocessor expression");
        }
        [b'8' | b'9', ..] if radix == 8 => return Err("invalid digit in octal constant"),
        _ => return Err("invalid suffix on integer constant"),
    };
    if digits.is_empty() {
        return Err("invalid suffix on integer constant");
    }
    let (mut bits, mut wraps) = (0u64, false);
    for &digit in digits {
        let digit = u64::from((digit as char).to_digit(radix).unwrap_or(0));
        wraps |= bits.checked_mul(u64::from(radix)).and_then(|bits| bits.checked_add(digit)).is_none();
        bits = bits.wrapping_mul(u64::from(radix)).wrapping_add(digit);
    }
    // A constant too large for the signed type is unsigned.
    let is_large = bits > i64::MAX as u64;
    let warning = match wraps {
        true => Some("integer constant is too large for its type"),
        false if is_large && !unsigned && radix == 10 => {
            Some("integer constant is so large that it is unsigned")
        }
        false => None,
    };
    Ok((Value { bits, unsigned: unsigned || is_large }, warning))
}

/// The value of a character constant.
fn parse_character(spelling: &[u8]) -> Result<Value, String> {
    let (encoding, value) = literal::character(spelling).map_err(|fault| match fault {
        BadCharacter::Empty => String::from("empty character constant"),
        BadCharacter::Escape(reason) => reason,
    })?;
    let unsigned = matches!(encoding, Encoding::Utf16 | Encoding::Utf32);
    Ok(Value { bits: value as u64, unsigned })
}

#[cfg(test)]
mod tests {
    use super::{Value, parse_character, parse_integer, shift};

    fn signed(value: i64) -> Value {
        Value { bits: value as u64, unsigned: false }
    }

    #[test]
    fn integers_take_their_sign_from_suffix_and_size() {
        assert_eq!(parse_integer(b"0x10uLL"), Ok((Value { bits: 16, unsigned: true }, None)));
        assert_eq!(parse_integer(b"017"), Ok((signed(15), None)));
        let (value, warning) = parse_integer(b"18446744073709551615").unwrap();
        assert_eq!((value, warning.is_some()), (Value { bits: u64::MAX, unsigned: true }, true));
        assert_eq!(parse_integer(b"1.0"), Err("floating constant in preprocessor expression"));
        assert_eq!(parse_integer(b"08"), Err("invalid digit in octal constant"));
        assert_eq!(parse_integer(b"1lul"), Err("invalid suffix on integer constant"));
    }

    #[test]
    fn characters_are_values_and_their_faults_are_told() {
        assert_eq!(parse_character(b"'\\377'"), Ok(signed(-1)));
        assert_eq!(parse_character(b"u'a'"), Ok(Value { bits: 97, unsigned: true }));
        assert_eq!(parse_character(b"''"), Err(String::from("empty character constant")));
        assert_eq!(
            parse_character(b"'\\u12'"),
            Err(String::from("incomplete universal character name \\u12"))
        );
    }

    #[test]
    fn shifts_take_any_count() {
        assert_eq!(shift(signed(-8), signed(1), false), signed(-4));
        assert_eq!(shift(signed(-8), signed(64), false), signed(-1));
        assert_eq!(shift(signed(1), signed(-1), true), signed(0));
        assert_eq!(shift(signed(1), signed(1 << 40), true), signed(0));
    }
}
