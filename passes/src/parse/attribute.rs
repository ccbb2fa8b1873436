//! `__attribute__` and `[[..]]`: those that change types are kept, the others are read over.

use super::parser::{Parsed, Parser, TokenSource};
use super::tree::Attribute;
use crate::diagnostics::Code;
use crate::ids::Symbol;
use crate::lex::TokenKind;
use crate::memory::Region;

/// How many arguments gcc 12 wants for an attribute, at least and at most, or clang 14 for one that gcc does not know; nothing for others.
fn argument_counts(plain: &[u8]) -> Option<(usize, usize)> {
    Some(match plain {
        b"packed"
        | b"nocommon"
        | b"common"
        | b"noreturn"
        | b"volatile"
        | b"stack_protect"
        | b"no_stack_protector"
        | b"noinline"
        | b"noclone"
        | b"no_icf"
        | b"noipa"
        | b"leaf"
        | b"always_inline"
        | b"gnu_inline"
        | b"artificial"
        | b"flatten"
        | b"used"
        | b"unused"
        | b"uninitialized"
        | b"retain"
        | b"externally_visible"
        | b"no_reorder"
        | b"const"
        | b"transparent_union"
        | b"weak"
        | b"noplt"
        | b"no_instrument_function"
        | b"no_profile_instrument_function"
        | b"returns_twice"
        | b"no_stack_limit"
        | b"pure"
        | b"nonstring"
        | b"nothrow"
        | b"may_alias"
        | b"warn_unused_result"
        | b"cold"
        | b"hot"
        | b"no_address_safety_analysis"
        | b"no_sanitize_address"
        | b"no_sanitize_thread"
        | b"no_sanitize_undefined"
        | b"designated_init"
        | b"nocf_check"
        | b"noinit"
        | b"no_split_stack"
        | b"ms_abi"
        | b"sysv_abi"
        | b"cdecl"
        | b"stdcall"
        | b"fastcall"
        | b"thiscall"
        | b"ms_struct"
        | b"gcc_struct"
        | b"ms_hook_prologue"
        | b"force_align_arg_pointer"
        | b"naked"
        | b"fallthrough"
        // Of clang's own.
        | b"disable_tail_calls"
        | b"flag_enum"
        | b"loader_uninitialized"
        | b"mig_server_routine"
        | b"minsize"
        | b"nodebug"
        | b"noduplicate"
        | b"not_tail_called"
        | b"optnone"
        | b"overloadable"
        | b"xray_always_instrument"
        | b"xray_never_instrument" => (0, 0),
        b"scalar_storage_order"
        | b"mode"
        | b"section"
        | b"ifunc"
        | b"alias"
        | b"vector_size"
        | b"visibility"
        | b"tls_model"
        | b"cleanup"
        | b"warning"
        | b"error"
        | b"alloc_align"
        | b"copy"
        | b"format_arg"
        | b"regparm"
        | b"zero_call_used_regs"
        | b"align_value"
        | b"enum_extensibility"
        | b"xray_log_args" => (1, 1),
        b"constructor"
        | b"destructor"
        | b"aligned"
        | b"warn_if_not_aligned"
        | b"weakref"
        | b"deprecated"
        | b"unavailable"
        | b"sentinel"
        | b"simd" => (0, 1),
        b"malloc" => (0, 2),
        b"alloc_size" | b"assume_aligned" | b"patchable_function_entry" => (1, 2),
        b"no_sanitize" | b"target" | b"target_clones" | b"optimize" | b"symver" => (1, usize::MAX),
        b"access" => (1, 3),
        b"format" => (3, 3),
        _ => return None,
    })
}

impl<'w, 't: 'w, 'n, 'r: 't + 'n, T: TokenSource, U: Region<'r>, N: Region<'n>, R: Region<'t>, W: Region<'w>>
    Parser<'_, 't, 'n, 'r, 'w, T, U, N, R, W>
{
    /// Parses any number of attribute lists; what is kept is put on the stack of attributes.
    #[inline]
    pub fn attributes(&mut self) -> Parsed<()> {
        while self.at_attributes() {
            self.attribute_list()?;
        }
        Ok(())
    }

    /// `__attribute__((a, b(c)))`, or `[[a, gnu::b(c)]]`, in which those of gcc mean what they mean in the first, and others change no type.
    fn attribute_list(&mut self) -> Parsed<()> {
        let is_bracketed = self.at(TokenKind::LeftBracket);
        self.bump();
        let close = if is_bracketed {
            self.bump();
            TokenKind::RightBracket
        } else {
            self.expect(TokenKind::LeftParen)?;
            self.expect(TokenKind::LeftParen)?;
            TokenKind::RightParen
        };
        loop {
            match self.token().kind {
                TokenKind::Comma => {
                    self.bump();
                }
                TokenKind::Identifier if is_bracketed => self.bracketed_attribute()?,
                TokenKind::Identifier => self.attribute()?,
                _ => break,
            }
        }
        self.expect(close)?;
        self.expect(close)?;
        Ok(())
    }

    fn bracketed_attribute(&mut self) -> Parsed<()> {
        if self.peek().kind == TokenKind::Colon {
            let prefix = self.bump();
            self.bump();
            self.expect(TokenKind::Colon)?;
            if !self.at(TokenKind::Identifier) {
                return self.missing("identifier", false);
            }
            if matches!(self.unit.source.text(prefix.symbol), b"gnu" | b"__gnu__") {
                return self.attribute();
            }
        }
        self.bump();
        if self.at(TokenKind::LeftParen) {
            self.count_arguments()?;
        }
        Ok(())
    }

    fn attribute(&mut self) -> Parsed<()> {
        let name = self.bump();
        let has_arguments = self.at(TokenKind::LeftParen);
        let is_list = has_arguments && self.peek().kind != TokenKind::RightParen;
        let spelling = self.unit.source.text(name.symbol);
        // `__packed__` is `packed`.
        let plain =
            spelling.strip_prefix(b"__").and_then(|rest| rest.strip_suffix(b"__")).unwrap_or(spelling);
        let attribute = match (plain, has_arguments) {
            (b"packed", false) => Attribute::Packed,
            (b"transparent_union", false) => Attribute::TransparentUnion,
            (b"aligned", false) => Attribute::Aligned(None),
            (b"aligned", true) => Attribute::Aligned(Some(self.attribute_value()?)),
            (b"vector_size", true) => Attribute::VectorSize(self.attribute_value()?),
            (b"mode", true) => {
                self.bump();
                let mode = self.token().symbol;
                if self.at(TokenKind::Identifier) {
                    self.bump();
                }
                self.expect(TokenKind::RightParen)?;
                Attribute::Mode(mode)
            }
            (b"constructor" | b"destructor", true) if is_list => {
                self.bump();
                let value = self.assignment()?;
                let has_more = self.at(TokenKind::Comma);
                while self.eat(TokenKind::Comma) {
                    self.assignment()?;
                }
                self.expect(TokenKind::RightParen)?;
                if has_more {
                    self.wrong_number_of_arguments(name.symbol);
                }
                Attribute::Priority(name.symbol, self.keep(value))
            }
            _ => {
                let wanted = argument_counts(plain);
                let kept = match plain {
                    b"weak" => Some(Attribute::Weak),
                    b"alias" | b"ifunc" => Some(Attribute::Alias),
                    b"weakref" if has_arguments => Some(Attribute::Alias),
                    b"unavailable" => Some(Attribute::Unavailable),
                    b"gnu_inline" => Some(Attribute::GnuInline),
                    _ => None,
                };
                let is_format = plain == b"format";
                let (count, numbers) = if has_arguments { self.count_arguments()? } else { (0, [None; 3]) };
                if let [None, Some(text), Some(first)] = numbers
                    && is_format
                    && (1..=text).contains(&first)
                {
                    let message =
                        String::from("format string argument follows the arguments to be formatted");
                    self.complain(Code::AttributeArguments, self.declaration_start, message);
                }
                if wanted.is_some_and(|(least, most)| !(least..=most).contains(&count)) {
                    self.wrong_number_of_arguments(name.symbol);
                }
                match kept {
                    Some(kept) => kept,
                    None => return Ok(()),
                }
            }
        };
        self.lists.attributes.push(self.work, attribute);
        Ok(())
    }

    #[cold]
    fn wrong_number_of_arguments(&mut self, name: Symbol) {
        let message = format!("wrong number of arguments specified for '{}' attribute", self.shown(name));
        self.complain(Code::AttributeArguments, self.declaration_start, message);
    }

    /// Skips what stands between parentheses, and returns how many arguments that is, and which of the first are plain numbers.
    fn count_arguments(&mut self) -> Parsed<(usize, [Option<u64>; 3])> {
        let (mut depth, mut count) = (0u32, 0usize);
        let mut numbers = [None; 3];
        // Whether the current token is the first of its argument.
        let mut is_first = false;
        loop {
            let is_new = std::mem::replace(&mut is_first, false);
            if let Some(place) = numbers.get_mut(count.saturating_sub(1)) {
                let token = self.token();
                match token.kind {
                    TokenKind::Comma | TokenKind::RightParen if depth == 1 => {}
                    TokenKind::Number if is_new => *place = self.spelling(token).parse().ok(),
                    _ => *place = None,
                }
            }
            match self.token().kind {
                TokenKind::LeftParen | TokenKind::LeftBracket | TokenKind::LeftBrace => depth += 1,
                TokenKind::RightParen | TokenKind::RightBracket | TokenKind::RightBrace => {
                    depth = depth.saturating_sub(1);
                }
                TokenKind::Comma if depth == 1 => {
                    count += 1;
                    is_first = true;
                }
                TokenKind::Eof => return self.missing("')'", true),
                _ => {}
            }
            self.bump();
            if depth == 0 {
                return Ok((count, numbers));
            }
            if count == 0 && !self.at(TokenKind::RightParen) {
                count = 1;
                is_first = true;
            }
        }
    }

    fn attribute_value(&mut self) -> Parsed<&'t super::tree::Expr<'t>> {
        self.expect(TokenKind::LeftParen)?;
        let value = self.assignment()?;
        self.expect(TokenKind::RightParen)?;
        Ok(self.keep(value))
    }
}
