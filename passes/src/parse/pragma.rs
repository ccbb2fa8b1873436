//! `#pragma pack`; other pragmas mean nothing to the parser.

use super::parser::{TokenSource, Unit};
use crate::ids::Symbol;
use crate::lex::TokenKind;
use crate::memory::{GrowVec, Region};

/// The largest alignment of members, and what `push` put aside.
pub struct Packing<'r> {
    /// In bytes; 0 is no limit.
    pub current: u8,
    pushed: GrowVec<'r, (u8, Symbol)>,
}

impl Packing<'_> {
    /// No limit.
    pub fn new() -> Self {
        Self { current: 0, pushed: GrowVec::new() }
    }
}

impl<'n, 'r: 'n, T: TokenSource, U: Region<'r>, N: Region<'n>> Unit<'n, 'r, T, U, N> {
    /// Reads a pragma whose first token was read.
    #[cold]
    pub fn pragma(&mut self) {
        let (first, _) = self.source.next();
        let is_pack = self.source.spelling(&first) == b"pack";
        // `push`, `pop` or nothing; a name; a number.
        let (mut action, mut name, mut value, mut has_value) = (0u8, Symbol::EMPTY, 0u8, false);
        let mut token = first;
        while !token.ends_line() {
            match token.kind {
                TokenKind::Identifier => match self.source.spelling(&token) {
                    b"push" => action = b'+',
                    b"pop" => action = b'-',
                    b"pack" => {}
                    _ => name = token.symbol,
                },
                TokenKind::Number => {
                    let digits = std::str::from_utf8(self.source.spelling(&token)).unwrap_or("");
                    // What is no power of two is ignored, as gcc does after a warning.
                    let number: u8 = digits.parse().unwrap_or(3);
                    (value, has_value) = (number, number == 0 || number <= 16 && number.is_power_of_two());
                }
                _ => {}
            }
            token = self.source.next().0;
        }
        if is_pack {
            self.pack(action, name, has_value.then_some(value));
        }
    }

    fn pack(&mut self, action: u8, name: Symbol, value: Option<u8>) {
        let packing = &mut self.packing;
        match action {
            b'+' => {
                packing.pushed.push(&self.names_region, (packing.current, name));
                packing.current = value.unwrap_or(packing.current);
            }
            b'-' => {
                // A name pops all up to the one that was pushed under it.
                let to = match name {
                    Symbol::EMPTY => packing.pushed.len().checked_sub(1),
                    name => packing.pushed.as_slice().iter().rposition(|&(_, pushed)| pushed == name),
                };
                if let Some(to) = to {
                    packing.current = packing.pushed.as_slice()[to].0;
                    packing.pushed.truncate(to);
                }
            }
            _ => packing.current = value.unwrap_or(0),
        }
    }
}
