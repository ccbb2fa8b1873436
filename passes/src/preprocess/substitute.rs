//! The replacement list of a call: parameters replaced by their arguments.

use super::arguments::Argument;
use super::expand::{Expansion, padding_token};
use super::padding::Padding;
use crate::lex::{Definition, Token, TokenKind, flag};
use crate::memory::{GrowVec, Memory, Region};
use crate::source::Pos;

/// A replacement list being written.
struct List<'e> {
    tokens: GrowVec<'e, Token>,
    // Applies to the token that comes next.
    padding: Padding,
    // White space was noted since the last token: that token is not next to what comes.
    padded: bool,
}

/// A `__VA_OPT__(` whose `)` is to come.
struct Optional {
    // `##` stands before it.
    pasted: bool,
    // The length of the list before its tokens.
    start: usize,
    // The last of its parts so far is an argument without tokens, which pastes nothing to what follows.
    ends_empty: bool,
    // `#` stands before it: what the list would have noted for its first token.
    string: Option<(Padding, Pos)>,
}

impl<'e> List<'e> {
    /// The `)` of `__VA_OPT__(`: its tokens, if there are any, are pasted as those of an argument.
    fn end_optional(&mut self, optional: Optional, end: &Token) {
        let empty = self.tokens.len() == optional.start;
        if end.has(flag::PASTE_LEFT) {
            // Nothing between two `##` pastes what stands beside it: the token before was marked, if there was one.
            if let Some(last) = self.tokens.last_mut()
                && !optional.ends_empty
            {
                last.flags |= if empty { 0 } else { flag::PASTE_LEFT };
                if last.has(flag::PASTE_LEFT) {
                    self.padding = Padding::NONE;
                }
            }
            return;
        }
        if let Some(last) = self.tokens.last_mut()
            && empty
            && optional.pasted
        {
            last.flags &= !flag::PASTE_LEFT;
        }
        self.right();
    }

    fn push(&mut self, scratch: &impl Region<'e>, mut token: Token) {
        std::mem::replace(&mut self.padding, Padding::NONE).apply(&mut token);
        self.padded = false;
        self.tokens.push(scratch, token);
    }

    fn extend(&mut self, scratch: &impl Region<'e>, tokens: &[Token]) {
        let Some((first, rest)) = tokens.split_first() else { return };
        if first.kind == TokenKind::Padding {
            self.padding = self.padding.then(Padding::from_code(first.symbol.0));
        } else {
            self.push(scratch, *first);
        }
        self.tokens.extend_copy(scratch, rest);
    }

    fn left(&mut self, parameter: &Token) {
        self.padding = self.padding.enter(parameter);
        self.padded = true;
    }

    fn right(&mut self) {
        self.padding = self.padding.leave();
        self.padded = true;
    }

    /// The token that what comes next would be pasted to.
    fn neighbour(&mut self) -> Option<&mut Token> {
        if self.padded { None } else { self.tokens.last_mut() }
    }
}

impl<'e, 'u, M: Memory, S: Region<'e>> Expansion<'_, 'e, 'u, '_, M, S> {
    /// The tokens that replace a call of `definition` with `arguments`.
    pub fn substitute(&mut self, definition: &Definition<'u>, arguments: &mut [Argument<'e>]) -> &'e [Token] {
        let body = definition.body;
        let mut list = List { tokens: GrowVec::new(), padding: Padding::NONE, padded: false };
        list.tokens.reserve(self.scratch, body.len());
        let mut optional: Option<Optional> = None;
        let mut at = 0;
        while at < body.len() {
            let token = body[at];
            let len_before = list.tokens.len();
            match token.kind {
                TokenKind::Parameter => {
                    self.substitute_parameter(definition, at, arguments, &mut list);
                }
                TokenKind::OptionalStart => {
                    let end;
                    (end, at) = self.optional(definition, at, arguments, &mut list);
                    optional = Some(end);
                }
                TokenKind::OptionalEnd => {
                    if let Some(mut optional) = optional.take() {
                        if let Some((padding, pos)) = optional.string {
                            self.stringify_optional(&mut list, optional.start, padding, pos);
                            optional.ends_empty = false;
                        }
                        list.end_optional(optional, &token);
                    }
                }
                _ => list.push(self.scratch, token),
            }
            if let Some(optional) = &mut optional {
                optional.ends_empty = token.kind == TokenKind::Parameter && list.tokens.len() == len_before;
            }
            at += 1;
        }
        // What leaving the list does anyway need not be said.
        if list.padding != Padding::NONE && list.padding.leave() != Padding::LEFT {
            let trailing = padding_token(list.padding);
            list.tokens.push(self.scratch, trailing);
        }
        list.tokens.into_slice()
    }

    /// `__VA_OPT__(`: what its `)` must know, and the token before the one to go on with, which is that `)` if the
    /// variable argument is empty.
    fn optional(
        &mut self,
        definition: &Definition<'u>,
        at: usize,
        arguments: &mut [Argument<'e>],
        list: &mut List<'e>,
    ) -> (Optional, usize) {
        let filled = match arguments.last_mut() {
            Some(argument) if !argument.tokens.is_empty() => {
                let expanded = match argument.expanded {
                    Some(expanded) => expanded,
                    None => self.expand_argument(argument.tokens),
                };
                argument.expanded = Some(expanded);
                expanded.iter().any(|token| token.kind != TokenKind::Padding)
            }
            _ => false,
        };
        let body = definition.body;
        let pasted = at > 0 && body[at - 1].has(flag::PASTE_LEFT);
        if !pasted {
            list.left(&body[at]);
        }
        let string = body[at].has(flag::STRINGIFY).then(|| {
            list.padded = true;
            (std::mem::replace(&mut list.padding, Padding::NONE), body[at].pos)
        });
        let optional = Optional { pasted, start: list.tokens.len(), ends_empty: false, string };
        if filled {
            return (optional, at);
        }
        let end = body[at..].iter().position(|token| token.kind == TokenKind::OptionalEnd);
        (optional, end.map_or(body.len(), |offset| at + offset - 1))
    }

    /// Makes one string of the tokens of `list` from `start` on, with pastes done.
    fn stringify_optional(&mut self, list: &mut List<'e>, start: usize, padding: Padding, pos: Pos) {
        let tokens = self.keep(&list.tokens.as_slice()[start..]);
        let outer = std::mem::replace(&mut self.padding, Padding::NONE);
        self.push_run(tokens, None, true);
        let mut pasted = GrowVec::new();
        while let Some(mut token) = self.read()
            && token.kind != TokenKind::Eof
        {
            std::mem::replace(&mut self.padding, Padding::NONE).apply(&mut token);
            pasted.push(self.scratch, token);
        }
        self.pop_barrier_or_context();
        self.padding = outer;
        list.tokens.truncate(start);
        list.padding = padding;
        let string = self.stringify(pasted.as_slice(), pos);
        list.push(self.scratch, string);
    }

    fn substitute_parameter(
        &mut self,
        definition: &Definition<'u>,
        at: usize,
        arguments: &mut [Argument<'e>],
        list: &mut List<'e>,
    ) {
        let body = definition.body;
        let parameter = body[at];
        let index = parameter.parameter as usize;
        let after_paste = at > 0 && body[at - 1].has(flag::PASTE_LEFT);
        let before_paste = parameter.has(flag::PASTE_LEFT);
        let argument = arguments[index];
        let string;
        let from: &[Token] = if parameter.has(flag::STRINGIFY) {
            string = [self.stringify(argument.tokens, parameter.pos)];
            &string
        } else if before_paste || after_paste {
            argument.tokens
        } else {
            let expanded = match argument.expanded {
                Some(expanded) => expanded,
                None => self.expand_argument(argument.tokens),
            };
            arguments[index].expanded = Some(expanded);
            expanded
        };
        if after_paste && !parameter.has(flag::STRINGIFY) {
            let is_rest = definition.shape.variadic && index + 1 == definition.parameters.len();
            let mut swallow = false;
            if let Some(last) = list.neighbour() {
                if last.kind == TokenKind::Comma && is_rest {
                    // `, ## rest`: the comma goes with an omitted argument and stays, unpasted, before any other; but
                    // in `, ## rest ## more` it is pasted, as gcc does.
                    if argument.present {
                        last.flags = last.flags & !flag::PASTE_LEFT | parameter.flags & flag::PASTE_LEFT;
                    } else {
                        swallow = true;
                    }
                } else if from.is_empty() {
                    last.flags = last.flags & !flag::PASTE_LEFT | parameter.flags & flag::PASTE_LEFT;
                }
            }
            if swallow {
                list.tokens.pop();
            }
        }
        if at > 0 && !after_paste {
            list.left(&parameter);
        }
        list.extend(self.scratch, from);
        if before_paste
            && !from.is_empty()
            && let Some(last) = list.tokens.last_mut()
        {
            last.flags |= flag::PASTE_LEFT;
        }
        if !before_paste {
            list.right();
        }
    }
}
