//! Operators of one or two characters, by a table of both. What is longer, is no operator of the common spelling, or may go on behind
//! a splice is for [`scan`](super::scan::scan) to see.

use super::token::TokenKind;

/// The operators of one character that are looked up. `/` may begin a comment, `.` a number, `#` a directive.
const SINGLE: [(u8, TokenKind); 13] = [
    (b'=', TokenKind::Equal),
    (b'+', TokenKind::Plus),
    (b'-', TokenKind::Minus),
    (b'*', TokenKind::Star),
    (b'%', TokenKind::Percent),
    (b'&', TokenKind::Ampersand),
    (b'|', TokenKind::Pipe),
    (b'^', TokenKind::Caret),
    (b'!', TokenKind::Exclamation),
    (b'<', TokenKind::Less),
    (b'>', TokenKind::Greater),
    (b':', TokenKind::Colon),
    (b'\\', TokenKind::Other),
];

const PAIRS: [([u8; 2], TokenKind); 19] = [
    (*b"==", TokenKind::EqualEqual),
    (*b"+=", TokenKind::PlusEqual),
    (*b"++", TokenKind::PlusPlus),
    (*b"-=", TokenKind::MinusEqual),
    (*b"--", TokenKind::MinusMinus),
    (*b"->", TokenKind::Arrow),
    (*b"*=", TokenKind::StarEqual),
    (*b"%=", TokenKind::PercentEqual),
    (*b"&=", TokenKind::AmpersandEqual),
    (*b"&&", TokenKind::AmpersandAmpersand),
    (*b"|=", TokenKind::PipeEqual),
    (*b"||", TokenKind::PipePipe),
    (*b"^=", TokenKind::CaretEqual),
    (*b"!=", TokenKind::NotEqual),
    (*b"<=", TokenKind::LessEqual),
    (*b"<<", TokenKind::ShiftLeft),
    (*b">=", TokenKind::GreaterEqual),
    (*b">>", TokenKind::ShiftRight),
    // Not one, but may begin one.
    (*b"%:", TokenKind::Other),
];

/// Digraphs.
const UNUSUAL: [[u8; 2]; 4] = [*b"<:", *b"<%", *b"%>", *b":>"];

/// Rows and columns of [`OPERATORS`]; 0 is every other character.
const LEN: usize = 16;

#[derive(Clone, Copy)]
struct Operator {
    kind: TokenKind,
    // 0: unknown here.
    len: u8,
}

const UNKNOWN: Operator = Operator { kind: TokenKind::Other, len: 0 };

/// The row of each character.
static ROWS: [u8; 256] = rows();
/// The operator that begins with a character, by that and the next one.
static OPERATORS: [[Operator; LEN]; LEN] = operators();

const fn rows() -> [u8; 256] {
    let mut rows = [0; 256];
    let mut index = 0;
    while index < SINGLE.len() {
        rows[SINGLE[index].0 as usize] = index as u8 + 1;
        index += 1;
    }
    rows
}

const fn operators() -> [[Operator; LEN]; LEN] {
    let rows = rows();
    let backslash = rows[b'\\' as usize] as usize;
    let mut operators = [[UNKNOWN; LEN]; LEN];
    let mut index = 0;
    while index < SINGLE.len() {
        let (first, kind) = SINGLE[index];
        let mut second = 0;
        while second < LEN {
            if first != b'\\' && second != backslash {
                operators[rows[first as usize] as usize][second] = Operator { kind, len: 1 };
            }
            second += 1;
        }
        index += 1;
    }
    let mut index = 0;
    while index < PAIRS.len() {
        let ([first, second], kind) = PAIRS[index];
        let len = if matches!(kind, TokenKind::Other) { 0 } else { 2 };
        operators[rows[first as usize] as usize][rows[second as usize] as usize] = Operator { kind, len };
        index += 1;
    }
    let mut index = 0;
    while index < UNUSUAL.len() {
        let [first, second] = UNUSUAL[index];
        operators[rows[first as usize] as usize][rows[second as usize] as usize] = UNKNOWN;
        index += 1;
    }
    operators
}

/// The operator that the text begins with whose first characters these are, and its length.
#[inline]
pub fn operator(first: u8, second: u8, third: u8) -> Option<(TokenKind, usize)> {
    let Operator { kind, len } =
        OPERATORS[ROWS[first as usize] as usize % LEN][ROWS[second as usize] as usize % LEN];
    match len {
        1 => Some((kind, 1)),
        // `<<=`, `>>=`, or a splice before its `=`.
        2 if third != b'=' && third != b'\\' => Some((kind, 2)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::operator;
    use crate::lex::LexMode;
    use crate::lex::scan::scan;

    #[test]
    fn operators_are_those_that_scanning_finds() {
        let characters = b"=+-*%&|^!<>:\\/.#?~(a1 \n\"";
        let mut known = 0;
        for &first in b"=+-*%&|^!<>:" {
            for &second in characters {
                for &third in characters {
                    let text = [first, second, third, b' ', b'\n', 0, 0, 0, 0, 0, 0, 0];
                    let scanned = scan(&text, 0, LexMode::default());
                    if let Some((kind, len)) = operator(first, second, third) {
                        known += 1;
                        let found = (scanned.kind, scanned.end, scanned.suspicious);
                        assert_eq!((kind, len, false), found, "{}", text.escape_ascii());
                    }
                }
            }
        }
        // All but digraphs, operators of three characters and what a backslash follows.
        assert!(known > 5000, "{known}");
    }
}
