//! The tokens of a unit, one at a time: what a parser reads.

use super::builtin::BUILTINS;
use super::core::{Core, Frame};
use super::expand::{Base, Entered, Expansion};
use super::include::new_frame;
use super::macros::{Macro, MacroId, MacroNumbers};
use super::padding::Padding;
use super::predefined;
use crate::diagnostics::{Code, Diagnostics, Severity};
use crate::files::{FileError, LentFile, MainText, Opened, read_text};
use crate::ids::Symbol;
use crate::lex::stream::Stream;
use crate::lex::translate::translate;
use crate::lex::{Definition, LexedFile, Token, TokenKind, flag};
use crate::memory::{Memory, Region, Scratch};
use crate::options::{Options, Standard};
use crate::session::{Input, Session, SharedMemory, Usage};
use crate::source::{Pos, SourceText};

/// The tokens of a unit after preprocessing.
pub struct Tokens<'u, 'p, M: Memory> {
    core: Core<'u, 'p, M>,
    scratch: M::Scratch<'u>,
}

impl<'u, 'p, M: Memory> Tokens<'u, 'p, M> {
    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of a worker, which its methods lend out one by one"
    )]
    pub(crate) fn start(
        session: &'u Session<'p, M>,
        shared: SharedMemory<'u, 'p, M>,
        region: M::Unit<'u>,
        scratch: M::Scratch<'u>,
        options: &'u Options,
        numbers: &'u mut MacroNumbers<'p>,
        input: Input<'_>,
        main: Option<&'u Result<MainText<'_>, FileError>>,
    ) -> Self {
        let core = Core::new(session, shared, region, options, numbers);
        let mut tokens = Self { core, scratch };
        tokens.open(input, main);
        tokens
    }

    /// Opens `input`; a file that was not lexed before is `main`.
    fn open(&mut self, input: Input<'_>, main: Option<&'u Result<MainText<'_>, FileError>>) {
        let builtins = if self.core.options.preprocessed { &[][..] } else { BUILTINS };
        for &(name, builtin) in builtins {
            self.core.define_macro(name, Macro::Builtin(builtin));
        }
        let name = match input {
            Input::File(path) => path,
            Input::Text { name, .. } => name,
        };
        let Some(main) = self.load_main(input, main) else { return };
        let path = self.core.keep_text(name);
        self.core.base_file = path;
        // Above the main file and before it: what has no tokens of its own.
        let streamed = main.tokens.is_empty();
        let frame = Frame { streamed, ..new_frame(main, path) };
        self.core.frames.push(&self.core.region, frame);
        self.core.bytes_read += main.source.text().len() as u64;
        self.core.read_from(&frame);
        if streamed {
            let core = &mut self.core;
            self.scratch.scope(|scratch| core.next_part(scratch));
        }
        if self.core.options.preprocessed {
            return;
        }
        let predefined = predefined::text(self.core.options);
        self.read_silently(|core, scratch| core.enter_text(&predefined, "<built-in>", scratch));
        if !self.core.options.command_line.is_empty() {
            let text = &self.core.options.command_line;
            self.read_silently(|core, scratch| core.enter_text(text, "<command-line>", scratch));
        }
        for name in &self.core.options.macro_files {
            self.read_silently(|core, scratch| core.enter_forced(name, true, scratch));
        }
        self.core.report_change(super::core::FileChange::Renamed);
        self.enter_next_forced();
    }

    fn load_main(
        &mut self,
        input: Input<'_>,
        main: Option<&'u Result<MainText<'_>, FileError>>,
    ) -> Option<&'u LexedFile<'u>> {
        let core = &mut self.core;
        let text = match input {
            Input::Text { text, .. } => read_text(&Opened::Text(text), &core.region),
            Input::File(path) => match (core.shared.lexed, main) {
                (Some(lexed), _) => {
                    let lent = lexed.open(&core.options.in_directory(path), core.options.standard.lex_mode);
                    return self.lend_main(lent, path);
                }
                #[cfg(unix)]
                (None, Some(Ok(MainText::Mapped(mapped)))) => Ok(mapped.text()),
                (None, Some(Ok(MainText::Opened(opened)))) => read_text(opened, &core.region),
                (None, Some(Err(error))) => Err(*error),
                (None, None) => Err(FileError::Missing),
            },
        };
        let text = match text {
            Ok(text) => text,
            Err(error) => {
                let name = match input {
                    Input::File(name) | Input::Text { name, .. } => name,
                };
                core.report_file_error(error, name, Pos(0));
                return None;
            }
        };
        let mode = core.options.standard.lex_mode;
        let (text, original) = translate(text, mode, &core.region);
        let base = core.next_unit_pos;
        core.next_unit_pos = base.saturating_add(text.len() as u32);
        let source = SourceText::new(text, original, Pos(base));
        core.stream = Stream::new(source, mode);
        // What it is made of is the stream's.
        let file = LexedFile {
            source,
            tokens: &[],
            directives: &[],
            definitions: &[],
            guard: Symbol::EMPTY,
            unterminated_comment: None,
            faults: &[],
        };
        let file: &'u LexedFile<'u> = &core.region.slice_copy(&[file])[0];
        core.add_own_file(file);
        Some(file)
    }

    /// A copy of `lent` becomes the main file.
    fn lend_main(&mut self, lent: Result<LentFile, FileError>, name: &[u8]) -> Option<&'u LexedFile<'u>> {
        let core = &mut self.core;
        let lent = match lent {
            Ok(lent) => lent.file,
            Err(error) => {
                core.report_file_error(error, name, Pos(0));
                return None;
            }
        };
        let base = core.next_unit_pos;
        core.next_unit_pos = base.saturating_add(lent.source().padded().len() as u32);
        let (interner, out) = (&core.session.interner, core.shared.out);
        let copy = self.scratch.scope(|scratch| lent.copied(&core.region, Pos(base), interner, out, scratch));
        let file: &'u LexedFile<'u> = &core.region.slice_copy(&[copy])[0];
        core.add_own_file(file);
        Some(file)
    }

    /// Reads what `enter` enters to its end, and keeps only what it defines.
    fn read_silently(
        &mut self,
        enter: impl FnOnce(&mut Core<'u, 'p, M>, &<M::Scratch<'u> as Scratch>::Scope<'_>),
    ) {
        let core = &mut self.core;
        self.scratch.scope(|scratch| enter(core, scratch));
        if self.core.frames.len() > 1 {
            self.core.floor = 1;
            while self.next_token().kind != TokenKind::Eof {}
            self.core.floor = 0;
            self.core.pending.truncate(0);
            self.core.pending_at = 0;
        }
    }

    fn enter_next_forced(&mut self) {
        let core = &mut self.core;
        while core.frames.len() == 1
            && !core.stopped
            && let Some(name) = core.options.forced_includes.get(core.forced_included)
        {
            core.forced_included += 1;
            self.scratch.scope(|scratch| core.enter_forced(name, false, scratch));
        }
    }

    /// The next token if it comes from a macro and may be part of any program, and [`Tokens::place_in_file`].
    #[inline(always)]
    pub fn next_of_macro(&mut self) -> Option<(Token, Pos)> {
        let &token = self.core.pending.as_slice().get(self.core.pending_at)?;
        let is_common =
            token.kind == TokenKind::Identifier || token.kind.is_plain() && !token.kind.is_unusual();
        if !is_common {
            return None;
        }
        self.core.pending_at += 1;
        Some((token, self.place_in_file(&token)))
    }

    /// The next token if it comes from the file, stands for itself, and may be part of any program.
    #[inline(always)]
    pub fn next_common(&mut self) -> Option<Token> {
        let core = &mut self.core;
        if core.pending_at < core.pending.len() {
            return None;
        }
        let token = *core.tokens().get(core.at)?;
        let is_common = match token.kind {
            TokenKind::Identifier => core.macros.is_plain(token.symbol),
            kind => kind.is_plain() && !kind.is_unusual(),
        };
        if !is_common {
            return None;
        }
        core.at += 1;
        core.delivered += 1;
        Some(token)
    }

    /// [`Tokens::next_token`] and [`Tokens::place_in_file`] in one.
    #[inline(always)]
    pub fn next_placed(&mut self) -> (Token, Pos) {
        let core = &mut self.core;
        if let Some(&token) = core.pending.as_slice().get(core.pending_at) {
            core.pending_at += 1;
            return (token, self.place_in_file(&token));
        }
        match core.tokens().get(core.at) {
            Some(&token)
                if token.kind.is_plain()
                    || token.kind == TokenKind::Identifier && core.macros.is_plain(token.symbol) =>
            {
                core.at += 1;
                core.delivered += 1;
                (token, token.pos)
            }
            _ => self.next_replaced(),
        }
    }

    /// The same where a macro, a directive or the end of something comes next.
    #[inline(never)]
    fn next_replaced(&mut self) -> (Token, Pos) {
        let token = self.next_token();
        (token, self.place_in_file(&token))
    }

    /// The next token; [`TokenKind::Eof`] at the end and ever after. A [`TokenKind::Pragma`] token is followed by the pragma's
    /// tokens and [`TokenKind::EndOfLine`].
    #[inline]
    pub fn next_token(&mut self) -> Token {
        // A macro at the start of a line may leave nothing there; then what follows starts it.
        let mut line_start = 0;
        loop {
            let core = &mut self.core;
            if core.pending_at < core.pending.len() {
                core.pending_at += 1;
                let mut token = core.pending.as_slice()[core.pending_at - 1];
                token.flags |= line_start;
                return token;
            }
            let Some(&(mut token)) = core.tokens().get(core.at) else { return self.end() };
            match token.kind {
                TokenKind::Directive | TokenKind::EndOfPart | TokenKind::Eof => {
                    if let Some(token) = self.special(token) {
                        return token;
                    }
                }
                kind => {
                    core.at += 1;
                    core.delivered += 1;
                    token.flags |= line_start;
                    if kind != TokenKind::Identifier || core.macros.is_plain(token.symbol) {
                        return token;
                    }
                    match core.macros.find(token.symbol) {
                        Some(id) if self.expand(token, id) => line_start = token.flags & flag::LINE_START,
                        Some(_) => return token,
                        None => {
                            self.core.check_poison(&token);
                            return token;
                        }
                    }
                }
            }
        }
    }

    fn special(&mut self, token: Token) -> Option<Token> {
        self.clear_pending();
        self.core.check_limits();
        if self.core.stopped {
            return Some(self.end());
        }
        match token.kind {
            TokenKind::Directive => {
                let core = &mut self.core;
                self.scratch.scope(|scratch| core.execute(token, scratch, false));
                if self.core.stopped {
                    return Some(self.end());
                }
                None
            }
            TokenKind::EndOfPart => {
                let core = &mut self.core;
                self.scratch.scope(|scratch| core.next_part(scratch));
                None
            }
            _ => self.end_of_file(),
        }
    }

    fn end_of_file(&mut self) -> Option<Token> {
        let frame = self.core.frame();
        let streamed = self.core.stream.unterminated_comment().filter(|_| frame.streamed);
        if let Some(pos) = frame.file.unterminated_comment.or(streamed) {
            self.core.report(Code::UnterminatedComment, pos, String::from("unterminated comment"));
        }
        self.core.report_passed_faults();
        self.core.close_groups();
        let core = &mut self.core;
        if !self.scratch.scope(|scratch| core.leave(scratch)) {
            self.core.read_nothing();
            return Some(self.end());
        }
        if self.core.frames.len() == self.core.floor {
            return Some(self.end());
        }
        if self.core.frames.len() == 1 {
            self.enter_next_forced();
        }
        None
    }

    fn end(&mut self) -> Token {
        if self.core.stopped {
            self.core.read_nothing();
            self.core.pending.truncate(0);
            self.core.pending_at = 0;
        }
        Token::of(TokenKind::Eof, flag::LINE_START, Pos(0))
    }

    fn clear_pending(&mut self) {
        self.core.pending.truncate(0);
        self.core.pending_at = 0;
    }

    /// Replaces `name`, which is macro `id`, into the pending tokens; false if it is not called here.
    #[inline(never)]
    fn expand(&mut self, name: Token, id: MacroId) -> bool {
        self.clear_pending();
        self.core.expanded_at = name.pos;
        if name.has(flag::LINE_START) {
            self.core.line_start = name.pos;
        }
        let meaning = self.core.macros.meaning(id);
        if let Macro::Defined(definition) = meaning {
            if definition.shape.literal {
                self.copy_literal(name, definition);
                return true;
            }
            if definition.shape.function_like {
                let core = &mut self.core;
                let mut next = core.tokens()[core.at];
                if next.kind == TokenKind::EndOfPart {
                    next = self.scratch.scope(|scratch| core.peek_in_file(scratch));
                }
                if next.kind != TokenKind::LeftParen {
                    return false;
                }
            }
        }
        let outer = std::mem::replace(&mut self.core.expansion_pos, name.pos);
        let core = &mut self.core;
        let replaced = self.scratch.scope(|scratch| expand_into_pending(core, scratch, name, id));
        self.core.expansion_pos = if replaced { name.pos } else { outer };
        self.core.check_limits();
        // Where tokens of the expansion count as standing is asked while they are delivered; the next expansion or
        // directive says anew.
        self.core.expansion_pos = Pos(0);
        replaced
    }

    fn copy_literal(&mut self, name: Token, definition: &Definition<'u>) {
        let core = &mut self.core;
        core.expansions += 1;
        core.delivered += definition.body.len() as u64;
        core.pending.extend_copy(&core.region, definition.body);
        if let Some(first) = core.pending.as_mut_slice().first_mut() {
            Padding::NONE.enter(&name).apply(first);
            first.flags |= name.flags & flag::LINE_START;
        }
    }

    /// Ends the unit because what its reader makes of it has too many bytes.
    pub fn stop_output(&mut self) {
        self.core.stop("the preprocessed unit is too long");
    }

    /// The bytes of the output after which the reader of the tokens must call [`Tokens::stop_output`].
    pub fn output_bytes_max(&self) -> u64 {
        self.core.options.limits.output_bytes_max
    }

    /// The spelling of `token`.
    #[inline]
    pub fn spelling(&self, token: &Token) -> &'u [u8] {
        self.core.spelling(token)
    }

    /// The name of the current file and the line in it that reading has reached, as `#line` has them.
    pub fn presumed_place(&mut self) -> (&'u [u8], i64) {
        let pos = self.last_of_file().map_or(Pos(0), |last| last.pos);
        self.presumed_place_of(pos)
    }

    /// The name of the current file and the line of `token`, which was just read; of the macro's name, if it comes from a macro.
    pub fn presumed_place_of_token(&mut self, token: &Token) -> (&'u [u8], i64) {
        let pos = self.place_in_file(token);
        self.presumed_place_of(pos)
    }

    /// Whether `token`, which was just read, comes from a macro.
    pub fn is_from_macro(&self, token: &Token) -> bool {
        self.last_of_file().is_none_or(|last| last.pos != token.pos)
    }

    /// The token of the current file that was read last, whatever became of it.
    fn last_of_file(&self) -> Option<&Token> {
        self.core.tokens().get(self.core.at.saturating_sub(1))
    }

    /// Where `token`, which was just read, counts as standing: at the macro's name, if it comes from a macro.
    #[inline]
    pub fn place_in_file(&self, token: &Token) -> Pos {
        if self.is_from_macro(token) { self.core.expanded_at } else { token.pos }
    }

    /// Where the text of the line of `pos` begins, in a file that is open or was the main file.
    pub fn line_start(&self, pos: Pos) -> Pos {
        self.core.line_start(pos)
    }

    /// How many macros were replaced so far.
    pub fn expansions(&self) -> u64 {
        self.core.expansions
    }

    fn presumed_place_of(&mut self, pos: Pos) -> (&'u [u8], i64) {
        let line = self.core.presumed_line(pos);
        let name = self.core.frames.last().map_or(&b""[..], |top| self.core.text(top.presumed));
        (name, line)
    }

    /// How many columns stand before `token`, which was just read; before the macro's name, if it comes from a macro, and before the
    /// macro that left nothing at the start of the line, if `token` starts it in its place.
    pub fn indentation(&self, token: &Token) -> usize {
        let place = self.place_in_file(token);
        let own_start = self.last_of_file().is_some_and(|last| last.has(flag::LINE_START));
        let pos = if token.has(flag::LINE_START) && !own_start { self.core.line_start } else { place };
        let source = self.core.frames.last().map(|top| top.file.source);
        source.filter(|source| source.contains(pos)).map_or(0, |source| source.column(pos) - 1)
    }

    /// Whether the current file is a system header.
    pub fn in_system_header(&self) -> bool {
        self.core.frames.last().is_some_and(|top| top.system)
    }

    /// The text of `symbol`, which some token of the unit had.
    pub fn symbol_text(&self, symbol: Symbol) -> &'u [u8] {
        self.core.text(symbol)
    }

    /// The unit's main file, if it has a text: its path and its source.
    pub fn main_file(&self) -> Option<(&'u [u8], SourceText<'u>)> {
        Some((self.core.text(self.core.base_file), self.core.main_source()?))
    }

    /// The language.
    pub fn standard(&self) -> &'u Standard {
        &self.core.options.standard
    }

    /// Adds a finding of a later pass at `pos`, which lies in any file of the unit.
    pub fn report_at(&mut self, severity: Severity, code: Code, pos: Pos, message: String) {
        self.core.report_at(severity, code, pos, message);
    }

    /// What was found so far.
    pub fn diagnostics(&self) -> &Diagnostics {
        &self.core.diagnostics
    }

    /// The macros that are defined now, in the order of definition, as `#define` lines without the `#define`.
    pub fn macro_definitions(&self) -> Vec<Vec<u8>> {
        self.core
            .macros
            .names()
            .map(|(_, meaning)| predefined::definition_text(&self.core, meaning))
            .collect()
    }

    /// Whether the unit was ended early: what is read of it is not all there is.
    pub(crate) fn is_stopped(&self) -> bool {
        self.core.stopped
    }

    /// Adds the unit's own texts to `texts`, but for the first `count`.
    pub(crate) fn texts_from(&self, count: usize, texts: &mut Vec<&'u [u8]>) {
        self.core.texts_from(count, texts);
    }

    pub(crate) fn finish(self) -> (Usage, Diagnostics) {
        let usage = Usage {
            tokens: self.core.delivered,
            expansions: self.core.expansions,
            text_bytes: self.core.bytes_read,
        };
        (usage, self.core.diagnostics)
    }
}

fn expand_into_pending<'e, M: Memory, S: Region<'e>>(
    core: &mut Core<'_, '_, M>,
    scratch: &S,
    mut name: Token,
    id: MacroId,
) -> bool {
    let mut expansion = Expansion::new(core, scratch, Base::File);
    let line_start = name.flags & flag::LINE_START;
    if let Entered::NotCalled = expansion.enter(&mut name, id) {
        expansion.finish();
        return false;
    }
    // Directives in arguments may have left tokens before the expansion's.
    let first = expansion.core.pending.len();
    loop {
        let plain = expansion.take_plain();
        expansion.core.pending.extend_copy(&expansion.core.region, plain);
        let token = expansion.next_token();
        if token.kind == TokenKind::Eof {
            break;
        }
        expansion.core.pending.push(&expansion.core.region, token);
    }
    expansion.finish();
    let Some(tokens) = expansion.core.pending.as_mut_slice().get_mut(first..) else { return true };
    if let Some(token) = tokens.first_mut() {
        token.flags |= line_start;
    }
    let count = tokens.len() as u64;
    expansion.core.delivered += count;
    true
}

impl<'u, M: Memory> Core<'u, '_, M> {
    /// Enters a text that is no file.
    fn enter_text<'s>(&mut self, text: &[u8], name: &str, scratch: &impl Region<'s>) {
        let session = self.session;
        let mode = self.options.standard.lex_mode;
        match session.files.of_text(&session.interner, text, mode, &mut self.shared, scratch) {
            Ok(file) => {
                let mut frame = new_frame(session.files.file(file), self.identifier_symbol(name.as_bytes()));
                frame.silent = true;
                frame.synthetic = true;
                self.enter(frame);
            }
            Err(_) => self.stop("the session's source space is full"),
        }
    }
}
