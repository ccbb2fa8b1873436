//! The arguments of a call: taken from contexts and file up to the closing parenthesis.

use super::expand::Expansion;
use crate::diagnostics::Code;
use crate::lex::{Definition, Token, TokenKind, flag};
use crate::memory::{GrowVec, Memory, Region};
use crate::source::Pos;

/// One argument.
#[derive(Clone, Copy)]
pub struct Argument<'e> {
    /// As written.
    pub tokens: &'e [Token],
    /// Expanded, once somebody asked.
    pub expanded: Option<&'e [Token]>,
    /// The call has it: an omitted variable argument is not an empty one.
    pub present: bool,
}

impl<'e, 'u, M: Memory, S: Region<'e>> Expansion<'_, 'e, 'u, '_, M, S> {
    /// Takes the arguments of a call to `definition` by `name`; the `(` is taken. `None` if the call is wrong.
    pub fn collect_arguments(
        &mut self,
        name: &Token,
        definition: &Definition<'_>,
    ) -> Option<&'e mut [Argument<'e>]> {
        let parameters = definition.parameters.len();
        let variadic = definition.shape.variadic;
        let mut tokens: GrowVec<'e, Token> = GrowVec::new();
        let mut ends: GrowVec<'e, u32> = GrowVec::new();
        let mut depth = 0u32;
        let end = loop {
            self.take_from_file(&mut tokens, &mut depth);
            let mut token = self.read_argument_token();
            match token.kind {
                TokenKind::Eof => {
                    if !self.ended {
                        let macro_name = self.core.shown(name.symbol);
                        let message = format!("unterminated argument list invoking macro \"{macro_name}\"");
                        self.report(Code::UnterminatedArguments, name.pos, message);
                    }
                    return None;
                }
                TokenKind::LeftParen => depth += 1,
                TokenKind::RightParen if depth == 0 => break token.pos,
                TokenKind::RightParen => depth -= 1,
                TokenKind::Comma if depth == 0 && !(variadic && ends.len() + 1 >= parameters) => {
                    ends.push(self.scratch, tokens.len() as u32);
                    self.padding = super::padding::Padding::NONE;
                    continue;
                }
                _ => {}
            }
            if token.has(flag::LINE_START) {
                token.flags = token.flags & !flag::LINE_START | flag::WHITE;
            }
            let padding = std::mem::replace(&mut self.padding, super::padding::Padding::NONE);
            if tokens.len() as u32 != ends.last().copied().unwrap_or(0) {
                padding.apply(&mut token);
            }
            tokens.push(self.scratch, token);
        };
        ends.push(self.scratch, tokens.len() as u32);
        let given = ends.len();
        let tokens: &'e [Token] = tokens.into_slice();
        let is_empty_call = given == 1 && tokens.is_empty();
        if given > parameters && !(parameters == 0 && is_empty_call) {
            self.wrong_count(name, end, definition, given);
            return None;
        }
        // A missing variable argument is allowed, and so is nothing for one parameter.
        let complete = given == parameters || parameters == 0 || (variadic && given + 1 == parameters);
        if !complete {
            self.wrong_count(name, end, definition, given);
            return None;
        }
        let strict = self.core.options.standard.strict;
        let ends: &'e [u32] = ends.into_slice();
        Some(self.scratch.slice_with(parameters, |index| {
            let start =
                if index == 0 { 0 } else { ends.get(index - 1).map_or(tokens.len(), |&end| end as usize) };
            let end = ends.get(index).map_or(tokens.len(), |&end| end as usize);
            let present = index < given && !(variadic && index + 1 == parameters && is_empty_call && !strict);
            Argument { tokens: &tokens[start.min(end)..end], expanded: None, present }
        }))
    }

    /// Takes from the file what belongs to an argument whatever it is: up to the argument's end, a directive or the end of the part.
    fn take_from_file(&mut self, tokens: &mut GrowVec<'e, Token>, depth: &mut u32) {
        if !self.reads_file() {
            return;
        }
        let core = &mut *self.core;
        let mut at = core.at;
        while let Some(&(mut token)) = core.tokens().get(at) {
            match token.kind {
                TokenKind::LeftParen => *depth += 1,
                TokenKind::RightParen if *depth > 0 => *depth -= 1,
                TokenKind::RightParen => break,
                TokenKind::Comma if *depth == 0 => break,
                TokenKind::Identifier => {}
                kind if kind.is_plain() => {}
                _ => break,
            }
            if token.has(flag::LINE_START) {
                token.flags = token.flags & !flag::LINE_START | flag::WHITE;
            }
            token.flags |= flag::FROM_FILE;
            tokens.push(self.scratch, token);
            at += 1;
        }
        core.at = at;
    }

    fn wrong_count(&mut self, name: &Token, end: Pos, definition: &Definition<'_>, given: usize) {
        let macro_name = self.core.shown(name.symbol);
        let takes = definition.parameters.len();
        let message = if given > takes {
            format!("macro \"{macro_name}\" passed {given} arguments, but takes just {takes}")
        } else {
            format!("macro \"{macro_name}\" requires {takes} arguments, but only {given} given")
        };
        self.report(Code::ArgumentCount, end, message);
    }
}
