//! A unit's tokens with symbols of their own: what makes a tree independent of the session.

use super::Fingerprint;
use super::file::text_in;
use crate::diagnostics::{Code, Severity};
use crate::ids::Symbol;
use crate::intern::FIXED_LEN;
use crate::lex::Token;
use crate::memory::Memory;
use crate::options::Standard;
use crate::parse::{Source, TokenSource};
use crate::preprocess::Tokens;
use crate::source::Pos;
use compiler_alloc::Scope;

/// Tokens between two calls of the pulse.
const PULSE_TOKENS: u32 = 1024;

/// Hands the unit's tokens on with symbols from [`FIXED_LEN`] on, in order of appearance, and takes the fingerprint of what it hands on.
pub struct LocalTokens<'x, 'a, 'u, 'p, M: Memory> {
    pub tokens: &'x mut Tokens<'u, 'p, M>,
    pub fingerprint: Fingerprint,
    /// The spellings.
    pub texts: Vec<&'a [u8]>,
    memory: &'x Scope<'a>,
    // New numbers of the session's symbols and of the unit's, 0 for none.
    session_numbers: Vec<u32>,
    unit_numbers: Vec<u32>,
    pulse: &'x dyn Fn(),
    until_pulse: u32,
}

impl<'x, 'a, 'u, 'p, M: Memory> LocalTokens<'x, 'a, 'u, 'p, M> {
    /// The tokens of `tokens`; spellings are copied into `memory`. `pulse` is called now and then, and may panic to end the unit.
    pub fn new(tokens: &'x mut Tokens<'u, 'p, M>, memory: &'x Scope<'a>, pulse: &'x dyn Fn()) -> Self {
        Self {
            tokens,
            fingerprint: Fingerprint::EMPTY,
            texts: Vec::new(),
            memory,
            session_numbers: Vec::new(),
            unit_numbers: Vec::new(),
            pulse,
            until_pulse: PULSE_TOKENS,
        }
    }

    /// The spelling of `symbol`, which was handed on.
    pub fn symbol_text(&self, symbol: Symbol) -> &[u8] {
        text_in(&self.texts, symbol)
    }

    #[inline]
    fn number(&mut self, symbol: Symbol) -> Symbol {
        if symbol.0 < FIXED_LEN {
            return symbol;
        }
        let known = match symbol.unit_text() {
            None => self.session_numbers.get(symbol.0 as usize),
            Some(index) => self.unit_numbers.get(index as usize),
        };
        match known {
            Some(&number) if number != 0 => Symbol(number),
            _ => self.new_number(symbol),
        }
    }

    #[cold]
    fn new_number(&mut self, symbol: Symbol) -> Symbol {
        let text = self.tokens.symbol_text(symbol);
        let number = FIXED_LEN + self.texts.len() as u32;
        self.texts.push(self.memory.alloc_slice_copy(text));
        self.fingerprint.add_bytes(text);
        let (numbers, index) = match symbol.unit_text() {
            None => (&mut self.session_numbers, symbol.0),
            Some(index) => (&mut self.unit_numbers, index),
        };
        let index = index as usize;
        if numbers.len() <= index {
            numbers.resize((index + 1).max(numbers.len() * 2), 0);
        }
        numbers[index] = number;
        Symbol(number)
    }
}

impl<M: Memory> Source for &mut LocalTokens<'_, '_, '_, '_, M> {
    fn text(&self, symbol: Symbol) -> &[u8] {
        self.symbol_text(symbol)
    }

    fn report(&mut self, severity: Severity, code: Code, pos: Pos, message: String) {
        self.tokens.report_at(severity, code, pos, message);
    }
    fn standard(&self) -> &Standard {
        self.tokens.standard()
    }
}

impl<M: Memory> TokenSource for &mut LocalTokens<'_, '_, '_, '_, M> {
    #[inline]
    fn next(&mut self) -> (Token, Pos) {
        self.until_pulse -= 1;
        if self.until_pulse == 0 {
            self.until_pulse = PULSE_TOKENS;
            (self.pulse)();
        }
        let mut token = self.tokens.next_token();
        let place = self.tokens.place_in_file(&token);
        if token.kind.has_symbol() {
            token.symbol = self.number(token.symbol);
        } else {
            token.symbol = Symbol::EMPTY;
        }
        // All that a parser sees of a token: its kind, its spelling and where it counts as standing.
        self.fingerprint.add(u64::from(token.kind as u8) << 32 | u64::from(token.symbol.0));
        self.fingerprint.add(u64::from(token.pos.0) << 32 | u64::from(place.0));
        (token, place)
    }

    /// None: every token gets a number of its own and counts for the fingerprint.
    #[inline]
    fn next_common(&mut self) -> Option<Token> {
        None
    }

    /// None, for the same reason.
    #[inline]
    fn next_of_macro(&mut self) -> Option<(Token, Pos)> {
        None
    }

    fn spelling(&self, token: &Token) -> &[u8] {
        if token.kind.has_symbol() { self.symbol_text(token.symbol) } else { self.tokens.spelling(token) }
    }

    fn line_start(&self, pos: Pos) -> Pos {
        self.tokens.line_start(pos)
    }
}
