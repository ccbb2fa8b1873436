//! Token-by-token comparison with another preprocessor's output.
//!
//! Both sides become [`Spellings`]: one text a token, white space forgotten. A pragma counts as one token with its parts joined by
//! single spaces, because preprocessors differ in where they put it and not in what it says.

use crate::lex::{Token, TokenKind};
use crate::memory::Memory;
use crate::options::Options;
use crate::preprocess::Tokens;
use crate::session::{Input, Outcome, Session, Worker};
use crate::words;

/// The spellings of a token sequence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spellings {
    text: Vec<u8>,
    ends: Vec<u32>,
}

/// Where two sequences part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The number of the first token that differs, from 0.
    pub index: usize,
    /// The last tokens both have.
    pub before: String,
    /// The first tokens that only the first sequence has.
    pub left: String,
    /// The first tokens that only the second sequence has.
    pub right: String,
}

impl Spellings {
    /// How many tokens there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The spelling of token `index`.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let end = *self.ends.get(index)? as usize;
        let start = if index == 0 { 0 } else { self.ends[index - 1] as usize };
        Some(&self.text[start..end])
    }

    fn push(&mut self, spelling: &[u8]) {
        self.text.extend_from_slice(spelling);
        self.ends.push(self.text.len() as u32);
    }

    /// The first place where `self` and `other` differ.
    pub fn first_difference(&self, other: &Spellings) -> Option<Difference> {
        let count = self.len().max(other.len());
        let index = (0..count).find(|&index| self.get(index) != other.get(index))?;
        let window = |side: &Spellings, from: usize, to: usize| {
            let texts: Vec<_> = (from..to)
                .filter_map(|at| side.get(at))
                .map(|text| String::from_utf8_lossy(text).into_owned())
                .collect();
            texts.join(" ")
        };
        Some(Difference {
            index,
            before: window(self, index.saturating_sub(12), index),
            left: window(self, index, index + 12),
            right: window(other, index, index + 12),
        })
    }

    fn take_pragma<M: Memory>(&mut self, start: &Token, tokens: &mut Tokens<'_, '_, M>) {
        self.text.push(b'#');
        self.text.extend_from_slice(if start.symbol == words::IDENT { b"ident" } else { b"pragma" });
        loop {
            let token = tokens.next_token();
            if token.ends_line() {
                break;
            }
            self.text.push(b' ');
            let spelling = tokens.spelling(&token);
            self.text.extend_from_slice(spelling);
        }
        self.ends.push(self.text.len() as u32);
    }
}

/// The spellings of a preprocessed unit.
pub fn of_unit<'p, M: Memory>(
    worker: &mut Worker<'_, 'p, M>,
    session: &Session<'p, M>,
    input: Input<'_>,
    options: &Options,
) -> Outcome<Spellings> {
    worker.preprocess(session, input, options, |tokens| {
        let mut spellings = Spellings::default();
        loop {
            let token = tokens.next_token();
            match token.kind {
                TokenKind::Eof => return spellings,
                TokenKind::Pragma => spellings.take_pragma(&token, tokens),
                TokenKind::FileChange => {}
                _ => spellings.push(tokens.spelling(&token)),
            }
        }
    })
}

/// The spellings of `text`, which is another preprocessor's output (`gcc -E -P`).
pub fn of_output<'p, M: Memory>(
    worker: &mut Worker<'_, 'p, M>,
    session: &Session<'p, M>,
    text: &[u8],
    options: &Options,
) -> Outcome<Spellings> {
    let options = Options { preprocessed: true, command_line: Vec::new(), ..options.clone() };
    of_unit(worker, session, Input::Text { name: b"<output>", text }, &options)
}

/// Our predefined macros as text for gcc's `-imacros`: without those that gcc defines even under `-undef`.
pub fn macros_for_gcc() -> String {
    let text = crate::preprocess::predefined::text(&Options::default());
    let text = String::from_utf8_lossy(&text);
    let mut kept: String = text
        .lines()
        .filter(|line| line.starts_with("#define ") && !line.starts_with("#define __STDC_"))
        .fold(String::new(), |mut kept, line| {
            kept.push_str(line);
            kept.push('\n');
            kept
        });
    // gcc defines it itself.
    kept = kept.replace("#define __STDC__ 1\n", "");
    kept
}
