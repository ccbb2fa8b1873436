//! Constants and strings: from spellings to values.

use super::parser::{Lookahead, Parsed, Parser, TokenSource, finish};
use super::tree::{Basic, Encoding, Expr, IntType, StringLiteral};
use crate::diagnostics::Code;
use crate::lex::TokenKind;
use crate::lex::literal::{self, BadCharacter};
use crate::memory::Region;

/// What a number's spelling means.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Number {
    Int(IntType, u64),
    Float(Basic, f64),
}

/// Why a number's spelling means nothing.
#[derive(Clone, PartialEq, Debug)]
struct BadNumber(String);

impl<'w, 't: 'w, 'n, 'r: 't + 'n, T: TokenSource, U: Region<'r>, N: Region<'n>, R: Region<'t>, W: Region<'w>>
    Parser<'_, 't, 'n, 'r, 'w, T, U, N, R, W>
{
    /// The value of a number that was read.
    pub fn number(&mut self, token: Lookahead) -> Parsed<Expr<'t>> {
        let pos = token.pos;
        match read_number(self.unit.source.spelling(&token.raw())) {
            Ok(Number::Int(ty, value)) => Ok(Expr::Int { ty, pos, value }),
            Ok(Number::Float(ty, value)) => Ok(Expr::Float { ty, pos, value }),
            Err(BadNumber(message)) => {
                self.complain(Code::BadNumber, pos, message);
                Ok(Expr::Error { pos })
            }
        }
    }

    /// The value of a character constant that was read.
    pub fn character(&mut self, token: Lookahead) -> Parsed<Expr<'t>> {
        let pos = token.pos;
        let (encoding, value) = match literal::character(self.unit.source.spelling(&token.raw())) {
            Ok(read) => read,
            Err(BadCharacter::Empty) => {
                return self.error(Code::EmptyCharacter, pos, String::from("empty character constant"));
            }
            Err(BadCharacter::Escape(message)) => {
                self.complain(Code::BadEscape, pos, message);
                return Ok(Expr::Error { pos });
            }
        };
        let ty = match encoding {
            Encoding::Plain | Encoding::Wide | Encoding::Utf8 => IntType::Int,
            Encoding::Utf16 => IntType::Char16,
            Encoding::Utf32 => IntType::Char32,
        };
        Ok(Expr::Int { ty, pos, value: value as u64 })
    }

    /// Parses strings that stand beside each other.
    pub fn string(&mut self) -> Parsed<Expr<'t>> {
        let pos = self.pos();
        let start = self.lists.symbols.len();
        let mut encoding = Encoding::Plain;
        while self.at(TokenKind::String) {
            let token = self.bump();
            let (own, _) = literal::unquote(self.unit.source.spelling(&token.raw()));
            if own != Encoding::Plain {
                if encoding != Encoding::Plain && encoding != own {
                    self.lists.symbols.truncate(start);
                    let message = String::from("unsupported non-standard concatenation of string literals");
                    return self.error(Code::MixedStrings, token.pos, message);
                }
                encoding = own;
            }
            self.lists.symbols.push(self.work, token.symbol);
        }
        let mut units = 0u32;
        let mut bad_escape = None;
        for &symbol in &self.lists.symbols.as_slice()[start..] {
            let (_, quoted) = literal::unquote(self.unit.source.text(symbol));
            let (count, fault) = literal::count_units(quoted, encoding);
            units = units.saturating_add(count);
            bad_escape = fault.or(bad_escape);
        }
        let pieces = finish(&mut self.lists.symbols, start, self.tree);
        if let Some(message) = bad_escape {
            self.complain(Code::BadEscape, pos, message);
        }
        Ok(Expr::String { pos, literal: self.keep(StringLiteral { encoding, units, pieces }) })
    }
}

fn read_number(text: &[u8]) -> Result<Number, BadNumber> {
    // Most are short and decimal.
    if let Some(value) = short_decimal(text) {
        return Ok(Number::Int(IntType::Int, value));
    }
    let is_hex = matches!(text, [b'0', b'x' | b'X', ..]);
    let is_float = if is_hex {
        text.iter().any(|byte| matches!(byte, b'.' | b'p' | b'P'))
    } else {
        text.contains(&b'.')
            || !matches!(text, [b'0', b'b' | b'B', ..]) && text.iter().any(|byte| matches!(byte, b'e' | b'E'))
    };
    if is_float { read_float(text, is_hex) } else { read_integer(text) }
}

/// The value of a decimal number of up to nine digits without a suffix.
#[inline]
fn short_decimal(text: &[u8]) -> Option<u64> {
    if text.len() > 9 || matches!(text, [] | [b'0', _, ..]) {
        return None;
    }
    let mut value = 0;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + u64::from(digit);
    }
    Some(value)
}

fn read_integer(text: &[u8]) -> Result<Number, BadNumber> {
    let (radix, digits) = match text {
        [b'0', b'x' | b'X', rest @ ..] => (16, rest),
        [b'0', b'b' | b'B', rest @ ..] => (2, rest),
        [b'0', ..] => (8, text),
        _ => (10, text),
    };
    let len = digits
        .iter()
        .take_while(|byte| (**byte as char).is_digit(if radix == 8 { 10 } else { radix }))
        .count();
    let (digits, suffix) = digits.split_at(len);
    let mut value: u128 = 0;
    for &digit in digits {
        let digit = (digit as char).to_digit(16).unwrap_or(0);
        if digit >= radix {
            return Err(BadNumber(format!("invalid digit \"{digit}\" in octal constant")));
        }
        value = value.saturating_mul(u128::from(radix)).saturating_add(u128::from(digit));
    }
    if let Some(real) = suffix.iter().position(|byte| matches!(byte, b'i' | b'I' | b'j' | b'J'))
        && let Some((unsigned, longs)) = integer_suffix(&[&suffix[..real], &suffix[real + 1..]].concat())
    {
        let part = integer_type(value, radix == 10, unsigned, longs).basic();
        return Ok(Number::Float(part.complex().unwrap_or(Basic::ComplexInt), value as f64));
    }
    let Some((unsigned, longs)) = integer_suffix(suffix) else {
        let suffix = String::from_utf8_lossy(suffix);
        return Err(BadNumber(format!("invalid suffix \"{suffix}\" on integer constant")));
    };
    if digits.is_empty() {
        let suffix = String::from_utf8_lossy(&text[1..]);
        return Err(BadNumber(format!("invalid suffix \"{suffix}\" on integer constant")));
    }
    Ok(Number::Int(integer_type(value, radix == 10, unsigned, longs), value as u64))
}

/// Whether there is a `u`, and how many `l`.
fn integer_suffix(suffix: &[u8]) -> Option<(bool, u8)> {
    let mut rest = suffix;
    let (mut unsigned, mut longs) = (false, 0);
    while let [first, tail @ ..] = rest {
        rest = tail;
        match first {
            b'u' | b'U' if !unsigned => unsigned = true,
            b'l' | b'L' if longs == 0 => {
                longs = 1;
                if tail.first() == Some(first) {
                    longs = 2;
                    rest = &tail[1..];
                }
            }
            _ => return None,
        }
    }
    Some((unsigned, longs))
}

fn integer_type(value: u128, is_decimal: bool, unsigned: bool, longs: u8) -> IntType {
    use IntType::*;
    const CANDIDATES: [(IntType, u8, bool, u128); 6] = [
        (Int, 0, false, i32::MAX as u128),
        (Unsigned, 0, true, u32::MAX as u128),
        (Long, 1, false, i64::MAX as u128),
        (UnsignedLong, 1, true, u64::MAX as u128),
        (LongLong, 2, false, i64::MAX as u128),
        (UnsignedLongLong, 2, true, u64::MAX as u128),
    ];
    let fits = CANDIDATES.into_iter().find(|&(_, rank, is_unsigned, max)| {
        rank >= longs && value <= max && if unsigned { is_unsigned } else { !is_unsigned || !is_decimal }
    });
    fits.map_or(Int128, |(ty, ..)| ty)
}

fn read_float(text: &[u8], is_hex: bool) -> Result<Number, BadNumber> {
    let bad = |what: &str| Err(BadNumber(format!("invalid suffix \"{what}\" on floating constant")));
    let text = std::str::from_utf8(text).unwrap_or("");
    let end = if is_hex { hex_float_end(text.as_bytes()) } else { decimal_float_end(text.as_bytes()) };
    let (number, suffix) = text.split_at(end);
    let ty = match suffix.to_ascii_lowercase().as_str() {
        "" | "f64" | "f32x" => Basic::Double,
        "f" | "f32" => Basic::Float,
        "l" | "f64x" | "w" => Basic::LongDouble,
        "q" | "f128" => Basic::Float128,
        "i" | "j" => Basic::ComplexDouble,
        "fi" | "fj" | "if" | "jf" => Basic::ComplexFloat,
        "li" | "lj" | "il" | "jl" => Basic::ComplexLongDouble,
        _ => return bad(suffix),
    };
    if is_hex {
        return match hex_float(number) {
            Some(value) => Ok(Number::Float(ty, value)),
            None => Err(BadNumber(String::from("hexadecimal floating constants require an exponent"))),
        };
    }
    match number.parse() {
        Ok(value) => Ok(Number::Float(ty, value)),
        Err(_) => Err(BadNumber(String::from("exponent has no digits"))),
    }
}

fn decimal_float_end(text: &[u8]) -> usize {
    let mut at = text.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
    if matches!(text.get(at), Some(b'e' | b'E')) {
        at += 1;
        if matches!(text.get(at), Some(b'+' | b'-')) {
            at += 1;
        }
        at += text[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    }
    at
}

fn hex_float_end(text: &[u8]) -> usize {
    let mut at = 2 + text[2..].iter().take_while(|byte| byte.is_ascii_hexdigit() || **byte == b'.').count();
    if matches!(text.get(at), Some(b'p' | b'P')) {
        at += 1;
        if matches!(text.get(at), Some(b'+' | b'-')) {
            at += 1;
        }
        at += text[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    }
    at
}

/// The value of `0x1.8p3`, as near as a double comes without rounding twice.
fn hex_float(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text[2..].split_once(['p', 'P'])?;
    let exponent: i32 = exponent.parse().ok()?;
    let (mut value, mut scale, mut behind_point) = (0f64, 0i32, false);
    for byte in mantissa.bytes() {
        if byte == b'.' {
            behind_point = true;
            continue;
        }
        value = value * 16.0 + f64::from((byte as char).to_digit(16)?);
        scale -= if behind_point { 4 } else { 0 };
    }
    Some(value * 2f64.powi(exponent.saturating_add(scale)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_have_the_first_type_that_they_fit() {
        let of = |text: &str| read_number(text.as_bytes());
        assert_eq!(of("0"), Ok(Number::Int(IntType::Int, 0)));
        assert_eq!(of("999999999"), Ok(Number::Int(IntType::Int, 999_999_999)));
        assert_eq!(of("2147483647"), Ok(Number::Int(IntType::Int, 0x7fff_ffff)));
        assert_eq!(of("2147483648"), Ok(Number::Int(IntType::Long, 0x8000_0000)));
        assert_eq!(of("0x80000000"), Ok(Number::Int(IntType::Unsigned, 0x8000_0000)));
        assert_eq!(of("0xffffffffffffffff"), Ok(Number::Int(IntType::UnsignedLong, u64::MAX)));
        assert_eq!(of("1u"), Ok(Number::Int(IntType::Unsigned, 1)));
        assert_eq!(of("1LLu"), Ok(Number::Int(IntType::UnsignedLongLong, 1)));
        assert_eq!(of("017"), Ok(Number::Int(IntType::Int, 15)));
        assert_eq!(of("0b101"), Ok(Number::Int(IntType::Int, 5)));
        assert!(of("08").is_err() && of("1x").is_err() && of("1lul").is_err() && of("0x").is_err());
    }

    #[test]
    fn floats_are_read_with_their_suffixes() {
        let of = |text: &str| read_number(text.as_bytes());
        assert_eq!(of("1.5"), Ok(Number::Float(Basic::Double, 1.5)));
        assert_eq!(of("1e3f"), Ok(Number::Float(Basic::Float, 1000.0)));
        assert_eq!(of(".5L"), Ok(Number::Float(Basic::LongDouble, 0.5)));
        assert_eq!(of("0x1.8p3"), Ok(Number::Float(Basic::Double, 12.0)));
        assert!(of("1.0x").is_err() && of("1e").is_err() && of("0x1.8").is_err());
    }
}
