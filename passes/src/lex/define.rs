//! `#define` lines: the tokens of the line become a replacement list in place.

use super::file::{DefinitionFault, MacroShape};
use super::token::{Token, TokenKind, flag};
use crate::ids::Symbol;
use crate::words;

/// A definition as indices, before the file's tables have their final place.
#[derive(Clone, Copy)]
pub struct Draft {
    /// Index of the name's token.
    pub name: u32,
    /// Range in the file's parameter table.
    pub parameters: (u32, u32),
    /// Range in the file's tokens.
    pub body: (u32, u32),
    /// The form.
    pub shape: MacroShape,
}

/// The most parameters a macro may have: every identifier of its line is looked for among them. C asks for 127.
pub const PARAMETERS_MAX: usize = 1024;

/// Parses the tokens after `define`, and rewrites the replacement list at the place where it stands: parameters become
/// [`TokenKind::Parameter`], `#` and `##` flags.
///
/// `line` is the line's tokens, `parameter` receives the parameters. Returns where in `line` the replacement list starts and
/// how long it is now.
///
/// # Errors
/// What is wrong with the line, and the index in it of the token to complain about.
pub fn parse(
    line: &mut [Token],
    parameters: &mut impl ParameterList,
) -> Result<(usize, usize, MacroShape), (DefinitionFault, usize)> {
    let name = line.first().ok_or((DefinitionFault::NoName, 0))?;
    if name.kind != TokenKind::Identifier {
        return Err((DefinitionFault::NameNotIdentifier, 0));
    }
    if matches!(name.symbol, words::DEFINED | words::VA_ARGS | words::VA_OPT) {
        return Err((DefinitionFault::NameReserved, 0));
    }
    let mut shape = MacroShape::default();
    let mut at = 1;
    if line.get(1).is_some_and(|token| token.kind == TokenKind::LeftParen && !token.has(flag::WHITE)) {
        shape.function_like = true;
        at = parse_parameters(line, parameters, &mut shape)?;
    }
    let len =
        rewrite_body(&mut line[at..], parameters.names(), &mut shape).map_err(|(fault, i)| match fault {
            // gcc complains of these at the token before the body.
            DefinitionFault::PasteAtEdge | DefinitionFault::HashWithoutParameter => (fault, at - 1),
            _ => (fault, at + i),
        })?;
    Ok((at, len, shape))
}

/// Where the parameters of the line being parsed are put.
pub trait ParameterList {
    /// Appends a parameter.
    fn push(&mut self, name: Symbol);
    /// The parameters so far.
    fn names(&self) -> &[Symbol];
}

fn parse_parameters(
    line: &[Token],
    parameters: &mut impl ParameterList,
    shape: &mut MacroShape,
) -> Result<usize, (DefinitionFault, usize)> {
    let mut at = 2;
    let kind_at = |at: usize| line.get(at).map(|token| token.kind);
    if kind_at(at) == Some(TokenKind::RightParen) {
        return Ok(at + 1);
    }
    loop {
        match kind_at(at) {
            Some(TokenKind::Identifier) => {
                let name = line[at].symbol;
                if name == words::VA_ARGS {
                    return Err((DefinitionFault::BadParameter, at));
                }
                if parameters.names().contains(&name) {
                    return Err((DefinitionFault::DuplicateParameter, at));
                }
                if parameters.names().len() == PARAMETERS_MAX {
                    return Err((DefinitionFault::TooManyParameters, at));
                }
                parameters.push(name);
                at += 1;
                if kind_at(at) == Some(TokenKind::Ellipsis) {
                    shape.variadic = true;
                    at += 1;
                }
            }
            Some(TokenKind::Ellipsis) => {
                parameters.push(words::VA_ARGS);
                shape.variadic = true;
                at += 1;
            }
            None => return Err((DefinitionFault::UnclosedParameters, at.saturating_sub(1))),
            Some(_) => return Err((DefinitionFault::BadParameter, at)),
        }
        match kind_at(at) {
            Some(TokenKind::RightParen) => return Ok(at + 1),
            Some(TokenKind::Comma) if !shape.variadic => at += 1,
            None => return Err((DefinitionFault::UnclosedParameters, at - 1)),
            Some(_) => return Err((DefinitionFault::BadParameter, at)),
        }
    }
}

fn rewrite_body(
    body: &mut [Token],
    parameters: &[Symbol],
    shape: &mut MacroShape,
) -> Result<usize, (DefinitionFault, usize)> {
    let mut len = 0;
    let mut at = 0;
    shape.literal = !shape.function_like;
    // Depth of parentheses inside `__VA_OPT__(`, 0 outside.
    let mut optional_depth = 0;
    while at < body.len() {
        let mut token = body[at];
        if token.kind.is_hash_hash() {
            if len == 0 || at + 1 == body.len() || body[len - 1].kind == TokenKind::OptionalStart {
                return Err((DefinitionFault::PasteAtEdge, at));
            }
            shape.literal = false;
            body[len - 1].flags |= flag::PASTE_LEFT;
            at += 1;
            continue;
        }
        if shape.function_like && token.kind.is_hash() {
            let made_string = |operand: &&Token| {
                parameter_of(operand, parameters).is_some()
                    || (shape.variadic && operand.is_word(words::VA_OPT))
            };
            let operand = body.get(at + 1).filter(made_string);
            let Some(operand) = operand else { return Err((DefinitionFault::HashWithoutParameter, at)) };
            let white = token.flags & flag::WHITE;
            token = *operand;
            token.flags = token.flags & !flag::WHITE | white | flag::STRINGIFY;
            at += 1;
        }
        if let Some(parameter) = parameter_of(&token, parameters) {
            token.kind = TokenKind::Parameter;
            token.parameter = parameter;
        } else if shape.variadic && token.is_word(words::VA_OPT) {
            if body.get(at + 1).is_none_or(|open| open.kind != TokenKind::LeftParen) || optional_depth > 0 {
                return Err((DefinitionFault::BadOptional, at));
            }
            token.kind = TokenKind::OptionalStart;
            optional_depth = 1;
            at += 1;
        } else if optional_depth > 0 && token.kind == TokenKind::LeftParen {
            optional_depth += 1;
        } else if optional_depth > 0 && token.kind == TokenKind::RightParen {
            optional_depth -= 1;
            if optional_depth == 0 {
                if body[len - 1].has(flag::PASTE_LEFT) {
                    return Err((DefinitionFault::PasteAtEdge, at));
                }
                token.kind = TokenKind::OptionalEnd;
            }
        }
        shape.literal &= token.kind != TokenKind::Identifier;
        if len == 0 {
            token.flags &= !flag::WHITE;
        }
        body[len] = token;
        len += 1;
        at += 1;
    }
    if optional_depth > 0 {
        return Err((DefinitionFault::BadOptional, at - 1));
    }
    Ok(len)
}

fn parameter_of(token: &Token, parameters: &[Symbol]) -> Option<u16> {
    if token.kind != TokenKind::Identifier {
        return None;
    }
    parameters.iter().position(|&name| name == token.symbol).map(|index| index as u16)
}
