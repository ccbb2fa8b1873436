//! A unit's state: open files, macros, spellings made on the way, findings.

use super::groups::Group;
use super::macros::{Macro, MacroNumbers, MacroTable};
use crate::diagnostics::{Code, Diagnostic, Diagnostics, LINE_WIDTH_MAX, Place, Severity};
use crate::files::UNIT_POS_BASE;
use crate::ids::Symbol;
use crate::lex::class::{DIGIT, EXTENDED, WORD, is};
use crate::lex::stream::Stream;
use crate::lex::{Definition, Directive, Home, LexedFile, Token, TokenKind, flag};
use crate::memory::{GrowVec, Memory, Region};
use crate::options::Options;
use crate::session::{Session, SharedMemory};
use crate::source::{LineCursor, Pos, SourceText, TextRange, line_start};
use std::cell::{Cell, RefCell};

/// An open file.
#[derive(Clone, Copy)]
pub struct Frame<'u> {
    pub file: &'u LexedFile<'u>,
    /// Its number in the session, or the largest number.
    pub file_number: u32,
    /// Where reading goes on when the file is current again.
    pub at: usize,
    /// The path as it was opened.
    pub path: Symbol,
    /// The name that `__FILE__` shows.
    pub presumed: Symbol,
    /// What `#line` adds to line numbers.
    pub line_delta: i64,
    pub lines: LineCursor,
    /// Open groups when the file was entered.
    pub groups: usize,
    /// Where `#include_next` goes on in the list of directories.
    pub next_directory: u32,
    pub system: bool,
    /// `-imacros`: tokens are not delivered.
    pub silent: bool,
    /// Text that is no file: predefined macros and the command line.
    pub synthetic: bool,
    /// Its tokens are those of [`Core::stream`].
    pub streamed: bool,
    /// The `#include` in the file before.
    pub included_at: Pos,
    /// How many of the faults of the file, or of the streamed file's part, were reported.
    pub faults_reported: usize,
}

/// Why a file change is reported.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u16)]
pub enum FileChange {
    /// `#line`, or the first file.
    Renamed = 0,
    /// A file was entered.
    Entered = 1,
    /// An included file was left.
    Left = 2,
}

/// See the module.
pub struct Core<'u, 'p, M: Memory> {
    pub session: &'u Session<'p, M>,
    pub shared: SharedMemory<'u, 'p, M>,
    pub region: M::Unit<'u>,
    pub options: &'u Options,
    pub macros: MacroTable<'u, 'p>,
    pub frames: GrowVec<'u, Frame<'u>>,
    /// The main file, when it was left: passes that lag behind still speak of it.
    left_main: Option<Frame<'u>>,
    pub groups: GrowVec<'u, Group>,
    // The current file's tokens, if it is not the streamed one.
    tokens: &'u [Token],
    // The current file is the streamed one.
    pub(super) streams: bool,
    /// The main file, part by part; empty if it was lexed by somebody else.
    pub stream: Stream<'u>,
    /// Index of the next token among [`Core::tokens`].
    pub at: usize,
    /// Tokens that were expanded and not delivered yet.
    pub pending: GrowVec<'u, Token>,
    pub pending_at: usize,
    texts: RefCell<GrowVec<'u, &'u [u8]>>,
    /// Files of the unit that are not the session's.
    own_files: GrowVec<'u, &'u LexedFile<'u>>,
    pub next_unit_pos: u32,
    pub diagnostics: Diagnostics,
    /// Name of the macro being expanded at the top level, or nowhere.
    pub expansion_pos: Pos,
    /// The name at the start of a line that was expanded last.
    pub line_start: Pos,
    /// The name that was expanded last.
    pub expanded_at: Pos,
    pub counter: u32,
    pub once: GrowVec<'u, u8>,
    /// What `#assert` said: predicate and answer.
    pub assertions: GrowVec<'u, (Symbol, &'u [Token])>,
    pub stopped: bool,
    pub delivered: u64,
    pub bytes_read: u64,
    pub expansions: u64,
    /// Tokens that the unit's expansions may still read.
    pub expansion_tokens_left: u64,
    // Bytes of spellings that were made for the unit.
    spelling_bytes: Cell<u64>,
    /// Forced includes that were entered.
    pub forced_included: usize,
    /// With this many open files, the end of a file ends reading.
    pub floor: usize,
    pub base_file: Symbol,
}

impl<'u, 'p, M: Memory> Core<'u, 'p, M> {
    pub fn new(
        session: &'u Session<'p, M>,
        shared: SharedMemory<'u, 'p, M>,
        region: M::Unit<'u>,
        options: &'u Options,
        numbers: &'u mut MacroNumbers<'p>,
    ) -> Self {
        Self {
            session,
            shared,
            region,
            options,
            macros: MacroTable::new(numbers),
            frames: GrowVec::new(),
            left_main: None,
            groups: GrowVec::new(),
            tokens: &[],
            streams: false,
            stream: Stream::default(),
            at: 0,
            pending: GrowVec::new(),
            pending_at: 0,
            texts: RefCell::new(GrowVec::new()),
            own_files: GrowVec::new(),
            next_unit_pos: UNIT_POS_BASE,
            diagnostics: Diagnostics::keeping(options.limits.errors_max),
            expansion_pos: Pos(0),
            line_start: Pos(0),
            expanded_at: Pos(0),
            counter: 0,
            once: GrowVec::new(),
            assertions: GrowVec::new(),
            stopped: false,
            delivered: 0,
            bytes_read: 0,
            expansions: 0,
            expansion_tokens_left: options.limits.unit_expansion_tokens_max,
            spelling_bytes: Cell::new(0),
            forced_included: 0,
            floor: 0,
            base_file: Symbol::EMPTY,
        }
    }

    /// The spelling of `symbol`.
    #[inline]
    pub fn text(&self, symbol: Symbol) -> &'u [u8] {
        match symbol.unit_text() {
            None => self.session.interner.text(symbol),
            Some(index) => self.texts.borrow().as_slice()[index as usize],
        }
    }

    /// The spelling of `token`.
    #[inline]
    pub fn spelling(&self, token: &Token) -> &'u [u8] {
        match token.kind {
            kind if kind.is_punctuator() => kind.spelling().as_bytes(),
            TokenKind::Directive => b"#",
            TokenKind::Eof | TokenKind::EndOfLine | TokenKind::EndOfPart | TokenKind::Padding => b"",
            _ => self.text(token.symbol),
        }
    }

    /// `symbol`'s text for a message.
    pub fn shown(&self, symbol: Symbol) -> String {
        shown(self.text(symbol))
    }

    /// `token`'s spelling for a message.
    pub fn shown_token(&self, token: &Token) -> String {
        shown(self.spelling(token))
    }

    /// Keeps a copy of `text` for the unit.
    pub fn keep_text(&self, text: &[u8]) -> Symbol {
        self.count_spelling(text.len());
        self.add_text(self.region.slice_copy(text))
    }

    /// Notes that a spelling of `len` bytes was made.
    pub fn count_spelling(&self, len: usize) {
        self.spelling_bytes.set(self.spelling_bytes.get() + len as u64);
    }

    /// Bytes of spellings that may still be made for the unit; 0 also if there are too many already.
    pub fn spelling_bytes_left(&self) -> u64 {
        self.options.limits.unit_spelling_bytes_max.saturating_sub(self.spelling_bytes.get())
    }

    fn add_text(&self, text: &'u [u8]) -> Symbol {
        let mut texts = self.texts.borrow_mut();
        let symbol = Symbol::of_unit_text(texts.len() as u32);
        texts.push(&self.region, text);
        symbol
    }

    /// Adds the unit's texts to `texts`, but for the first `count`.
    pub fn texts_from(&self, count: usize, texts: &mut Vec<&'u [u8]>) {
        texts.extend_from_slice(&self.texts.borrow().as_slice()[count..]);
    }

    /// The symbol of the identifier `text`.
    pub fn identifier_symbol(&self, text: &[u8]) -> Symbol {
        self.session.interner.intern(self.shared.out, text)
    }

    /// The text of the main file, if there is one: the first file that is the unit's alone.
    pub fn main_source(&self) -> Option<SourceText<'u>> {
        self.own_files.as_slice().first().map(|file| file.source)
    }

    /// Adds a file that only this unit has.
    pub fn add_own_file(&mut self, file: &'u LexedFile<'u>) {
        self.own_files.push(&self.region, file);
    }

    /// The current file's frame.
    ///
    /// # Panics
    /// If no file is open.
    pub fn frame(&self) -> &Frame<'u> {
        self.frames.last().expect("a file is open")
    }

    /// The directive with `number` in the current file, or the one that ends the current part.
    pub fn directive(&self, number: u32) -> Directive {
        if self.streams { self.stream.directive() } else { self.frame().file.directives[number as usize] }
    }

    /// The current file's tokens, or those of its current part.
    #[inline]
    pub fn tokens(&self) -> &[Token] {
        if self.streams { self.stream.tokens() } else { self.tokens }
    }

    /// Whether the current file is read part by part.
    pub fn streams(&self) -> bool {
        self.streams
    }

    /// Makes the tokens of `frame`'s file the current ones.
    pub fn read_from(&mut self, frame: &Frame<'u>) {
        self.tokens = frame.file.tokens;
        self.streams = frame.streamed;
        self.at = frame.at;
    }

    /// Makes the current file one without tokens.
    pub fn read_nothing(&mut self) {
        self.tokens = &[];
        self.streams = false;
    }

    /// The next token of the current file, not taken.
    #[inline]
    pub fn peek_in_file<'s>(&mut self, scratch: &impl Region<'s>) -> Token {
        loop {
            let token = self.tokens()[self.at];
            if token.kind != TokenKind::EndOfPart {
                return token;
            }
            self.next_part(scratch);
        }
    }

    /// Goes on to the next part of the streamed file, which is current.
    pub fn next_part<'s>(&mut self, scratch: &impl Region<'s>) {
        self.report_passed_faults();
        let mut stream = std::mem::take(&mut self.stream);
        let last = self.at.checked_sub(1).and_then(|at| stream.tokens().get(at)).copied();
        stream.next_part(last, &UnitHome(self), scratch);
        self.stream = stream;
        self.at = usize::from(last.is_some());
        self.begin_faults();
    }

    /// Goes on to the conditional directive that ends the group of `directive`, and returns it; to the end of the file, if none does.
    pub fn end_of_group<'s>(&mut self, directive: Directive, scratch: &impl Region<'s>) -> Option<Directive> {
        let end = if self.streams {
            let mut stream = std::mem::take(&mut self.stream);
            let found = stream.skip_group(&UnitHome(self), scratch);
            self.stream = stream;
            self.begin_faults();
            found.then(|| self.stream.directive())
        } else {
            self.frame().file.directives.get(directive.group_end as usize).copied()
        };
        // The end of the file complains.
        self.at = end.map_or(self.tokens().len() - 1, |end| end.next_token as usize);
        self.report_passed_faults();
        end
    }

    /// Makes `frame` the current file.
    pub fn enter(&mut self, mut frame: Frame<'u>) {
        if let Some(top) = self.frames.last_mut() {
            top.at = self.at;
        }
        frame.groups = self.groups.len();
        self.read_from(&frame);
        self.bytes_read += frame.file.source.text().len() as u64 + 256;
        self.frames.push(&self.region, frame);
        self.report_change(FileChange::Entered);
        if self.bytes_read > self.options.limits.unit_bytes_max {
            self.stop("the unit reads too much text");
        }
    }

    /// Where the text of the line of `pos` begins, behind white space.
    #[cold]
    pub fn line_start(&self, pos: Pos) -> Pos {
        let frames = self.frames.as_slice().iter().chain(&self.left_main);
        let Some(source) = frames.map(|frame| frame.file.source).find(|source| source.contains(pos)) else {
            return pos;
        };
        let before = &source.padded()[..source.offset(pos)];
        let line = line_start(before, before.len());
        let blank = before[line..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        Pos(pos.0 - (before.len() - line - blank) as u32)
    }

    /// Leaves the current file; whether another is open.
    pub fn leave<'s>(&mut self, scratch: &impl Region<'s>) -> bool {
        let Some(left) = self.frames.pop() else { return false };
        let Some(&top) = self.frames.last() else {
            self.left_main = Some(left);
            return false;
        };
        self.read_from(&top);
        // The change is reported at what comes next.
        self.peek_in_file(scratch);
        if !left.silent || !left.synthetic {
            self.report_change(FileChange::Left);
        }
        true
    }

    /// Tells the reader of the tokens that file or name changed.
    pub fn report_change(&mut self, change: FileChange) {
        if self.options.report_file_changes && self.frames.last().is_some_and(|top| !top.silent) {
            let mut token = Token::of(TokenKind::FileChange, flag::LINE_START, self.position_of_next());
            token.parameter = change as u16;
            self.pending.push(&self.region, token);
        }
    }

    pub(super) fn position_of_next(&self) -> Pos {
        self.tokens().get(self.at).map_or(Pos(0), |token| token.pos)
    }

    /// The line of `pos`, which is in the current file, as `#line` has it.
    pub fn presumed_line(&mut self, pos: Pos) -> i64 {
        let Some(top) = self.frames.last_mut() else { return 0 };
        if !top.file.source.contains(pos) {
            return 0;
        }
        i64::from(top.lines.line(&top.file.source, pos)) + top.line_delta
    }

    /// Ends the unit because a limit was reached.
    #[cold]
    pub fn stop(&mut self, what: &str) {
        if !self.stopped {
            let pos = if self.expansion_pos.0 != 0 { self.expansion_pos } else { self.position_of_next() };
            self.report(Code::LimitReached, pos, format!("{what}: a limit of this program"));
        }
    }

    /// Ends the unit if it has too many tokens.
    pub fn check_limits(&mut self) {
        if self.delivered > self.options.limits.unit_tokens_max {
            self.stop("the unit has too many tokens");
        }
    }

    /// Adds a finding at `pos`.
    #[cold]
    pub fn report(&mut self, code: Code, pos: Pos, message: String) {
        self.report_passed_faults();
        let severity = code.severity();
        if severity == Severity::Fatal {
            self.stopped = true;
        }
        if severity == Severity::Warning && self.frames.last().is_some_and(|top| top.system) {
            return;
        }
        // A token that comes from a macro is shown where the macro was used.
        let in_open_file = self.frames.last().is_some_and(|top| top.file.source.contains(pos));
        let pos = if !in_open_file && self.expansion_pos.0 != 0 { self.expansion_pos } else { pos };
        self.put(severity, code, pos, message);
    }

    /// Adds a finding of a later pass at `pos`, which lies in any file of the unit.
    #[cold]
    pub fn report_at(&mut self, severity: Severity, code: Code, pos: Pos, message: String) {
        if severity != Severity::Note {
            self.report_passed_faults();
        }
        if severity == Severity::Fatal {
            self.stopped = true;
        }
        if severity == Severity::Warning && self.is_in_system_header(pos) {
            return;
        }
        self.put(severity, code, pos, message);
        if severity != Severity::Note
            && self.diagnostics.has_room(Severity::Note)
            && let Some(definition) = self.macro_at(pos)
        {
            let message = format!("in definition of macro '{}'", self.shown(definition.name));
            self.put(Severity::Note, code, definition.pos, message);
        }
    }

    /// The definition of the macro whose name stands at `pos` and is replaced there, if it has not changed since.
    fn macro_at(&self, pos: Pos) -> Option<&'u Definition<'u>> {
        let frames = self.frames.as_slice().iter().chain(&self.left_main).map(|frame| frame.file);
        let file = frames.rev().find(|file| file.source.contains(pos))?;
        let text = file.source.padded().get(file.source.offset(pos)..)?;
        let len = text.iter().take_while(|&&byte| is(byte, WORD | EXTENDED)).count();
        let (name, behind) = text.split_at(len);
        if name.first().is_none_or(|&byte| is(byte, DIGIT)) {
            return None;
        }
        let Macro::Defined(definition) = self.macro_named(self.identifier_symbol(name))? else { return None };
        let is_called = behind.trim_ascii_start().starts_with(b"(");
        (is_called || !definition.shape.function_like).then_some(definition)
    }

    /// Adds a finding, if it is wanted.
    pub(super) fn put(&mut self, severity: Severity, code: Code, pos: Pos, message: String) {
        if self.ends_for_errors(severity) || !self.diagnostics.has_room(severity) {
            return;
        }
        let (place, included_from) = self.place(pos);
        let range = TextRange::at(pos);
        self.diagnostics.push(Diagnostic { severity, code, range, place, included_from, message });
    }

    /// Whether a finding of `severity` comes after the last one that is wanted; the unit ends then. Notes belong to what they follow.
    fn ends_for_errors(&mut self, severity: Severity) -> bool {
        if severity != Severity::Note
            && let Some(max) = self.options.errors_max
            && self.diagnostics.errors() >= max.get() as usize
        {
            self.diagnostics.terminate_after(max);
            self.stopped = true;
        }
        self.diagnostics.terminated_after().is_some()
    }

    /// Whether `pos` lies in an open file that is a system header. Of files that were left this is not known.
    fn is_in_system_header(&self, pos: Pos) -> bool {
        let frames = self.frames.as_slice().iter().chain(&self.left_main);
        frames.rev().find(|frame| frame.file.source.contains(pos)).is_none_or(|frame| frame.system)
    }

    fn place(&self, pos: Pos) -> (Place, Vec<(String, u32)>) {
        let frames = match &self.left_main {
            Some(main) if self.frames.is_empty() => std::slice::from_ref(main),
            _ => self.frames.as_slice(),
        };
        let mut included_from = Vec::new();
        let Some(depth) = frames.iter().rposition(|frame| frame.file.source.contains(pos)) else {
            let own = self.own_files.as_slice().iter().find(|file| file.source.contains(pos)).copied();
            let Some(file) =
                own.or_else(|| self.session.files.containing(pos).map(|file| file as &LexedFile<'_>))
            else {
                let file = frames.first().map_or(String::new(), |frame| self.shown(frame.presumed));
                return (Place { file, ..Place::default() }, included_from);
            };
            let (line, column, text) = file.source.locate(pos);
            let text = shown_line(text);
            let path = self.session.files.path_of(&self.session.interner, pos);
            let file = path.map_or_else(|| String::from("<macro>"), shown);
            return (Place { file, line, column, text }, included_from);
        };
        for at in (1..=depth).rev() {
            let (outer, at_pos) = (&frames[at - 1], frames[at].included_at);
            if outer.synthetic || at_pos.0 == 0 {
                continue;
            }
            let line = i64::from(outer.file.source.line(at_pos)) + outer.line_delta;
            included_from.push((self.shown(outer.presumed), line.clamp(0, i64::from(u32::MAX)) as u32));
        }
        let frame = &frames[depth];
        let (line, column, text) = frame.file.source.locate(pos);
        let line = (i64::from(line) + frame.line_delta).clamp(0, i64::from(u32::MAX)) as u32;
        let text = shown_line(text);
        (Place { file: self.shown(frame.presumed), line, column, text }, included_from)
    }

    /// Whether files with this flag were read with `#pragma once` or `#import`.
    pub fn is_once(&self, file: u32) -> bool {
        self.once.as_slice().get(file as usize) == Some(&1)
    }

    /// Never reads `file` again in this unit.
    pub fn set_once(&mut self, file: u32) {
        while self.once.len() <= file as usize {
            self.once.push(&self.region, 0);
        }
        self.once.as_mut_slice()[file as usize] = 1;
    }

    /// Makes `name` stand for `meaning`.
    pub fn define_macro(&mut self, name: Symbol, meaning: Macro<'u>) {
        self.macros.define(&self.region, self.shared.out, name, meaning);
    }

    /// What `name` stands for, if it is a macro.
    pub fn macro_named(&self, name: Symbol) -> Option<Macro<'u>> {
        self.macros.find(name).map(|id| self.macros.meaning(id))
    }
}

/// Bytes of a spelling that a message shows.
const SHOWN_LEN_MAX: usize = 1024;

/// `text` in a message: its beginning, if it is long.
pub fn shown(text: &[u8]) -> String {
    let beginning = String::from_utf8_lossy(&text[..text.len().min(SHOWN_LEN_MAX)]);
    if text.len() > SHOWN_LEN_MAX { format!("{beginning}...") } else { beginning.into_owned() }
}

/// A source line beside a message; a long one is left out.
fn shown_line(text: &[u8]) -> String {
    if text.len() > LINE_WIDTH_MAX { String::new() } else { String::from_utf8_lossy(text).into_owned() }
}

/// The unit's own texts as the home of its main file's tokens.
pub struct UnitHome<'c, 'u, 'p, M: Memory>(pub &'c Core<'u, 'p, M>);

/// Literals up to this length are shared through the interner.
const SHORT_LITERAL_LEN: usize = 3;

impl<'u, M: Memory> Region<'u> for UnitHome<'_, 'u, '_, M> {
    fn slice_fill<T: Copy>(&self, len: usize, value: T) -> &'u mut [T] {
        self.0.region.slice_fill(len, value)
    }
    fn slice_copy<T: Copy>(&self, items: &[T]) -> &'u mut [T] {
        self.0.region.slice_copy(items)
    }
    fn slice_with<T>(&self, len: usize, make: impl FnMut(usize) -> T) -> &'u mut [T] {
        self.0.region.slice_with(len, make)
    }
}

impl<'u, M: Memory> Home<'u> for UnitHome<'_, 'u, '_, M> {
    #[inline]
    fn identifier(&self, text: &[u8]) -> Symbol {
        self.0.session.interner.intern(self.0.shared.out, text)
    }
    #[inline]
    fn literal(&self, text: &'u [u8]) -> Symbol {
        if text.len() <= SHORT_LITERAL_LEN { self.identifier(text) } else { self.0.add_text(text) }
    }
}
