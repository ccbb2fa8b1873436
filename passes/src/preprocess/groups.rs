//! Conditional groups: which part of `#if` ... `#endif` is read.

use super::core::Core;
use super::expression;
use crate::diagnostics::{Code, Severity};
use crate::lex::{Directive, DirectiveKind, TokenKind};
use crate::memory::{Memory, Region};
use crate::source::Pos;

/// An open `#if`.
#[derive(Clone, Copy)]
pub struct Group {
    /// Where the `#if` stands.
    pub pos: Pos,
    /// A group of it was read or is being read.
    pub taken: bool,
    /// `#else` was seen.
    pub seen_else: bool,
}

impl<'u, M: Memory> Core<'u, '_, M> {
    /// Executes a conditional directive of the current file; the next token is already the one after it.
    pub fn conditional<'s>(&mut self, directive: Directive, scratch: &impl Region<'s>) {
        use DirectiveKind::*;
        let pos = self.name_pos(directive);
        match directive.kind {
            If | Ifdef | Ifndef => {
                let taken = self.opens(directive, scratch);
                self.groups.push(&self.region, Group { pos, taken, seen_else: false });
                if !taken {
                    self.skip_group(directive, scratch);
                }
            }
            Elif | Else => {
                if self.groups.len() <= self.frame().groups {
                    let name = if directive.kind == Else { "#else" } else { "#elif" };
                    self.report(Code::MisplacedConditional, pos, format!("{name} without #if"));
                    return;
                }
                // The group that ends here was read.
                self.note_else(directive, pos, scratch);
                self.skip_group(directive, scratch);
            }
            _ => {
                if self.groups.len() <= self.frame().groups {
                    self.report(Code::MisplacedConditional, pos, String::from("#endif without #if"));
                    return;
                }
                self.expect_line_end(directive, "#endif");
                self.groups.pop();
            }
        }
    }

    fn note_else(&mut self, directive: Directive, pos: Pos, _scratch: &impl Sized) {
        let begun = self.groups.last().filter(|group| group.seen_else).map(|group| group.pos);
        let is_else = directive.kind == DirectiveKind::Else;
        if let Some(begun) = begun {
            let name = if is_else { "#else" } else { "#elif" };
            self.report(Code::MisplacedConditional, pos, format!("{name} after #else"));
            let message = String::from("the conditional began here");
            self.report_at(Severity::Note, Code::MisplacedConditional, begun, message);
        }
        if is_else {
            self.expect_line_end(directive, "#else");
            if let Some(group) = self.groups.last_mut() {
                group.seen_else = true;
            }
        }
    }

    /// Goes on behind the group that `directive` starts, and further until a group is read.
    fn skip_group<'s>(&mut self, directive: Directive, scratch: &impl Region<'s>) {
        let mut group = directive;
        while let Some(next) = self.end_of_group(group, scratch) {
            let pos = self.name_pos(next);
            match next.kind {
                DirectiveKind::Endif => {
                    self.expect_line_end(next, "#endif");
                    self.groups.pop();
                    return;
                }
                DirectiveKind::Else => {
                    self.note_else(next, pos, scratch);
                    if self.take_group(true) {
                        return;
                    }
                }
                _ => {
                    self.note_else(next, pos, scratch);
                    let waiting = self.groups.last().is_some_and(|group| !group.taken && !group.seen_else);
                    if waiting {
                        let holds = expression::condition(self, next, scratch);
                        if self.take_group(holds) {
                            return;
                        }
                    }
                }
            }
            if self.stopped {
                return;
            }
            group = next;
        }
    }

    /// Whether the group that starts here is read, given that its condition `holds`.
    fn take_group(&mut self, holds: bool) -> bool {
        let Some(group) = self.groups.last_mut() else { return true };
        let read = holds && !group.taken;
        group.taken |= read;
        read
    }

    /// Whether the group of an `#if`, `#ifdef` or `#ifndef` is read.
    fn opens<'s>(&mut self, directive: Directive, scratch: &impl Region<'s>) -> bool {
        if directive.kind == DirectiveKind::If {
            return expression::condition(self, directive, scratch);
        }
        let name = self.tokens()[directive.body as usize];
        let word = if directive.kind == DirectiveKind::Ifdef { "ifdef" } else { "ifndef" };
        if name.kind != TokenKind::Identifier {
            let message = if name.ends_line() {
                format!("no macro name given in #{word} directive")
            } else {
                String::from("macro names must be identifiers")
            };
            self.report(Code::MalformedDirective, name.pos, message);
            return false;
        }
        self.check_poison(&name);
        let behind = self.tokens()[directive.body as usize + 1];
        if behind.kind != TokenKind::EndOfLine {
            let pos = behind.pos;
            self.report(Code::ExtraTokens, pos, format!("extra tokens at end of #{word} directive"));
        }
        self.macros.find(name.symbol).is_some() == (directive.kind == DirectiveKind::Ifdef)
    }

    /// Complains about tokens after a directive that takes none.
    pub fn expect_line_end(&mut self, directive: Directive, name: &str) {
        let next = self.tokens()[directive.body as usize];
        if next.kind != TokenKind::EndOfLine {
            self.report(Code::ExtraTokens, next.pos, format!("extra tokens at end of {name} directive"));
        }
    }

    /// Complains about groups that the file which ends here left open.
    pub fn close_groups(&mut self) {
        let open = self.frame().groups;
        while self.groups.len() > open {
            if let Some(group) = self.groups.pop() {
                self.report(Code::UnterminatedConditional, group.pos, String::from("unterminated #if"));
            }
        }
    }
}
