//! A unit in two threads: one preprocesses and goes ahead, the other parses what it hands over.
//!
//! ```text
//! Tokens ── deliver ──> blocks of tokens and the spellings made since ──> Handed ──> parser, check
//!                       <── blocks that were read, to be filled again ──
//! ```
//!
//! The parser sees the same tokens as it would alone. What it finds cannot be reported where it is found: who reports asks which files
//! are open and which macros are defined, and the other thread is past that. So findings are noted with the number of tokens that had been
//! read, and if there are any, the unit is preprocessed once more and each is reported when that many tokens have been delivered
//! ([`replay`]): the findings are those of one thread, in its order, with its places and its limits.

use super::parser::{Source, TokenSource};
use crate::diagnostics::{Code, Severity};
use crate::ids::Symbol;
use crate::intern::Interner;
use crate::lex::{Token, TokenKind};
use crate::memory::Memory;
use crate::options::{Options, Standard};
use crate::preprocess::Tokens;
use crate::source::Pos;
use std::num::NonZero;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

/// Tokens in a block: twenty microseconds of the parser's time, and two passes through 24 KiB.
const BLOCK_LEN: usize = 2048;
/// Blocks that wait at most.
const BLOCKS_WAITING_MAX: usize = 16;
/// Findings that are noted at most: more than a unit keeps.
const FINDINGS_MAX: usize = 4096;
/// Where the end of the unit stands: on the last line with text, which only who has the texts can say.
const END: Pos = Pos(u32::MAX);

/// Tokens, each at the place where it counts as standing.
#[derive(Default)]
struct Block<'u> {
    tokens: Vec<Token>,
    /// The unit's texts that were made since the block before, in order.
    texts: Vec<&'u [u8]>,
}

/// Where [`deliver`] puts blocks.
pub(crate) struct Delivery<'u> {
    full: SyncSender<Block<'u>>,
    read: Receiver<Block<'u>>,
}

/// What a pass found, not reported yet.
pub(crate) struct Finding {
    /// Tokens that had been read.
    after: u64,
    severity: Severity,
    code: Code,
    pos: Pos,
    message: String,
}

/// What the parser made of a unit, and what is to be reported.
pub(crate) struct Parsed<O> {
    pub value: O,
    /// None if they cannot be reported from a list: the unit must be parsed by one thread.
    pub findings: Option<Vec<Finding>>,
}

/// Tokens that another thread hands over.
pub(crate) struct Handed<'h, 'u, 'p> {
    interner: &'h Interner<'p>,
    standard: &'h Standard,
    full: Receiver<Block<'u>>,
    read: Sender<Block<'u>>,
    block: Block<'u>,
    /// How much of the block was read.
    at: usize,
    /// Tokens of the blocks before.
    before: u64,
    texts: Vec<&'u [u8]>,
    findings: Vec<Finding>,
    /// Errors among them.
    errors: u32,
    /// The unit ends after so many.
    errors_max: Option<NonZero<u32>>,
    /// The end was read.
    ended: bool,
    /// Something was found that is not in the list.
    is_lost: bool,
}

/// The two ends of a unit's tokens.
pub(crate) fn hand_over<'h, 'u, 'p>(
    interner: &'h Interner<'p>,
    options: &'h Options,
) -> (Delivery<'u>, Handed<'h, 'u, 'p>) {
    let (full, full_received) = sync_channel(BLOCKS_WAITING_MAX);
    let (read, read_received) = channel();
    let handed = Handed {
        interner,
        standard: &options.standard,
        full: full_received,
        read,
        block: Block::default(),
        at: 0,
        before: 0,
        texts: Vec::new(),
        findings: Vec::new(),
        errors: 0,
        errors_max: options.errors_max,
        ended: false,
        is_lost: false,
    };
    (Delivery { full, read: read_received }, handed)
}

/// Hands over `tokens` to the end, or until nobody reads them.
pub(crate) fn deliver<'u, M: Memory>(tokens: &mut Tokens<'u, '_, M>, delivery: Delivery<'u>) {
    let mut texts = 0;
    loop {
        let mut block = delivery.read.try_recv().unwrap_or_default();
        block.tokens.clear();
        block.tokens.reserve(BLOCK_LEN);
        let mut ended = false;
        while block.tokens.len() < BLOCK_LEN && !ended {
            let token = match tokens.next_common() {
                Some(token) => token,
                None => {
                    let (token, pos) = tokens.next_placed();
                    ended = token.kind == TokenKind::Eof;
                    Token { pos, ..token }
                }
            };
            block.tokens.push(token);
        }
        block.texts.clear();
        tokens.texts_from(texts, &mut block.texts);
        texts += block.texts.len();
        if delivery.full.send(block).is_err() || ended {
            return;
        }
    }
}

/// Reads `tokens` to the end and reports each of `findings` where it was found; false if the unit ends early, so that a parser may have
/// read more than one would that had reported them itself.
pub(crate) fn replay<M: Memory>(tokens: &mut Tokens<'_, '_, M>, findings: Vec<Finding>) -> bool {
    let mut read = 0;
    for Finding { after, severity, code, pos, message } in findings {
        while read < after {
            tokens.next_placed();
            read += 1;
        }
        tokens.report_at(severity, code, pos, message);
        if tokens.is_stopped() {
            return false;
        }
    }
    while tokens.next_placed().0.kind != TokenKind::Eof {}
    !tokens.is_stopped()
}

impl Handed<'_, '_, '_> {
    /// `value`, which was made of the tokens, with what was found.
    pub fn finish<O>(self, value: O) -> Parsed<O> {
        Parsed { value, findings: (!self.is_lost).then_some(self.findings) }
    }

    /// Waits for the next block; false at the end.
    #[cold]
    fn next_block(&mut self) -> bool {
        let Ok(block) = self.full.recv() else { return false };
        self.texts.extend_from_slice(&block.texts);
        self.before += self.at as u64;
        self.at = 0;
        let read = std::mem::replace(&mut self.block, block);
        // Nobody wants it when all tokens were handed over.
        let _ = self.read.send(read);
        true
    }
}

impl Source for &mut Handed<'_, '_, '_> {
    fn text(&self, symbol: Symbol) -> &[u8] {
        match symbol.unit_text() {
            None => self.interner.text(symbol),
            Some(index) => self.texts[index as usize],
        }
    }

    fn report(&mut self, severity: Severity, code: Code, pos: Pos, message: String) {
        self.errors += u32::from(severity == Severity::Error);
        let ends_unit =
            severity == Severity::Fatal || self.errors_max.is_some_and(|max| self.errors >= max.get());
        if ends_unit || pos == END || self.findings.len() == FINDINGS_MAX {
            self.is_lost = true;
            return;
        }
        let after = self.before + self.at as u64;
        self.findings.push(Finding { after, severity, code, pos, message });
    }

    fn standard(&self) -> &Standard {
        self.standard
    }
}

impl TokenSource for &mut Handed<'_, '_, '_> {
    #[inline]
    fn next(&mut self) -> (Token, Pos) {
        // A unit that has to be parsed again is left early.
        while self.at == self.block.tokens.len() {
            if self.ended || self.is_lost || !self.next_block() {
                self.ended = true;
                return (Token::of(TokenKind::Eof, 0, Pos(0)), Pos(0));
            }
        }
        let token = self.block.tokens[self.at];
        self.at += 1;
        self.ended = token.kind == TokenKind::Eof;
        (token, token.pos)
    }

    #[inline(always)]
    fn next_common(&mut self) -> Option<Token> {
        let &token = self.block.tokens.get(self.at)?;
        if token.kind != TokenKind::Identifier && (!token.kind.is_plain() || token.kind.is_unusual()) {
            return None;
        }
        self.at += 1;
        Some(token)
    }

    /// None: they are common ones.
    #[inline(always)]
    fn next_of_macro(&mut self) -> Option<(Token, Pos)> {
        None
    }

    fn spelling(&self, token: &Token) -> &[u8] {
        match token.kind {
            kind if kind.is_punctuator() => kind.spelling().as_bytes(),
            kind if kind.has_symbol() => self.text(token.symbol),
            _ => b"",
        }
    }

    /// Asked for the place of the end only.
    fn line_start(&self, _pos: Pos) -> Pos {
        END
    }
}
