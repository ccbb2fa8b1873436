//! `#include` and its sisters: which file a name means, and entering it.

use super::core::{Core, Frame, shown};
use super::expand::{Base, Expansion};
use crate::diagnostics::Code;
use crate::files::FileError;
use crate::ids::Symbol;
use crate::lex::{Directive, DirectiveKind, LexedFile, Token, TokenKind, flag};
use crate::memory::{GrowVec, Memory, Region};
use crate::options::PathBytes;
use crate::source::{FileId, LineCursor, Pos};
use crate::words;

/// A file that a name led to.
#[derive(Clone, Copy)]
pub struct Found {
    file: FileId,
    path: Symbol,
    next_directory: u32,
    system: bool,
}

impl<'u, M: Memory> Core<'u, '_, M> {
    /// The directory with `index` in the order of the search, and whether its headers are the system's.
    fn search_directory(&self, index: usize) -> Option<(&'u PathBytes, bool)> {
        let options = self.options;
        let mut index = index;
        let lists = [
            (&options.quote_directories, false),
            (&options.directories, false),
            (&options.system_directories, true),
            (&options.late_directories, true),
        ];
        for (list, system) in lists {
            if let Some(directory) = list.get(index) {
                return Some((directory, system));
            }
            index -= list.len();
        }
        None
    }

    fn load<'s>(&mut self, path: &[u8], scratch: &impl Region<'s>) -> Result<FileId, FileError> {
        let session = self.session;
        let mode = self.options.standard.lex_mode;
        // Headers of this program are in no directory.
        if path.starts_with(b"<") {
            return session.files.load(&session.interner, path, mode, &mut self.shared, scratch);
        }
        let mut full = GrowVec::new();
        for part in self.options.parts_in_directory(path) {
            full.extend_copy(scratch, part);
        }
        session.files.load(&session.interner, full.as_slice(), mode, &mut self.shared, scratch)
    }

    /// The file at `path`, if there is one.
    fn found<'s>(
        &mut self,
        path: &[u8],
        next_directory: usize,
        system: bool,
        scratch: &impl Region<'s>,
    ) -> Result<Found, FileError> {
        let file = self.load(path, scratch)?;
        let path = self.identifier_symbol(path);
        Ok(Found { file, path, next_directory: next_directory as u32, system })
    }

    /// Looks for the file `name`, from directory `from` on; `beside` is the directory to look in before.
    fn search<'s>(
        &mut self,
        name: &[u8],
        beside: Option<(&[u8], bool)>,
        from: usize,
        scratch: &impl Region<'s>,
    ) -> Result<Found, FileError> {
        if name.starts_with(b"/") {
            let system = self.frame().system;
            return self.found(name, 0, system, scratch);
        }
        let mut path = GrowVec::new();
        if let Some((directory, system)) = beside {
            path.extend_copy(scratch, directory);
            path.extend_copy(scratch, name);
            match self.found(path.as_slice(), 0, system, scratch) {
                Err(FileError::Missing) => {}
                result => return result,
            }
        }
        let mut index = from;
        while let Some((directory, system)) = self.search_directory(index) {
            index += 1;
            path.truncate(0);
            path.extend_copy(scratch, directory);
            path.push(scratch, b'/');
            path.extend_copy(scratch, name);
            match self.found(path.as_slice(), index, system, scratch) {
                Err(FileError::Missing) => {}
                result => return result,
            }
        }
        Err(FileError::Missing)
    }

    fn search_for_include<'s>(
        &mut self,
        name: &[u8],
        angled: bool,
        next: bool,
        scratch: &impl Region<'s>,
    ) -> Result<Found, FileError> {
        let frame = *self.frame();
        // In the main file there is no place to go on from.
        if next && self.frames.len() > 1 && frame.included_at.0 != 0 {
            return self.search(name, None, frame.next_directory as usize, scratch);
        }
        if angled {
            return self.search(name, None, self.options.quote_directories.len(), scratch);
        }
        let current = self.text(frame.path);
        let directory = &current[..memchr::memrchr(b'/', current).map_or(0, |slash| slash + 1)];
        self.search(name, Some((directory, frame.system)), 0, scratch)
    }

    /// `__has_include`
    pub fn header_exists<'s>(
        &mut self,
        name: &[u8],
        angled: bool,
        next: bool,
        scratch: &impl Region<'s>,
    ) -> bool {
        self.search_for_include(name, angled, next, scratch).is_ok()
    }

    /// Executes an include directive of the current file.
    pub fn include<'s>(&mut self, directive: Directive, scratch: &impl Region<'s>) {
        let pos = self.body_pos(directive);
        let word = match directive.kind {
            DirectiveKind::IncludeNext => "include_next",
            DirectiveKind::Import => "import",
            _ => "include",
        };
        let Some((name, angled)) = self.header_name(directive, word, scratch) else { return };
        let name = name.as_slice();
        if name.is_empty() {
            return self.report(Code::MalformedDirective, pos, format!("empty filename in #{word}"));
        }
        let next = directive.kind == DirectiveKind::IncludeNext;
        let found = match self.search_for_include(name, angled, next, scratch) {
            Ok(found) => found,
            Err(error) => return self.report_file_error(error, name, pos),
        };
        let file: &'u LexedFile<'u> = self.session.files.file(found.file);
        if self.is_once(found.file.0) {
            return;
        }
        if file.guard != words::EMPTY && self.macros.find(file.guard).is_some() {
            return;
        }
        if directive.kind == DirectiveKind::Import {
            self.set_once(found.file.0);
        }
        if self.frames.len() as u32 > self.options.limits.include_depth_max {
            return self.stop("#include is nested too deeply");
        }
        let mut frame = new_frame(file, found.path);
        frame.file_number = found.file.0;
        frame.next_directory = found.next_directory;
        frame.system = found.system;
        frame.included_at = self.name_pos(directive);
        self.enter(frame);
    }

    /// Says that there is no text of the file `name`.
    pub fn report_file_error(&mut self, error: FileError, name: &[u8], pos: Pos) {
        let (code, what) = match error {
            FileError::Missing if is_of_vectors(name) => {
                (Code::MissingFile, "the machine's vector functions are not known to this program")
            }
            FileError::Missing => (Code::MissingFile, "No such file or directory"),
            FileError::Directory => (Code::UnreadableFile, "Is a directory"),
            FileError::Unreadable => (Code::UnreadableFile, "the file cannot be read"),
            FileError::TooLong => {
                (Code::LimitReached, "more than 256 MiB, or 2 GiB with all headers: a limit of this program")
            }
        };
        self.report(code, pos, format!("{}: {what}", shown(name)));
    }

    /// The file name of an include directive, and whether it stands in angle brackets.
    fn header_name<'s>(
        &mut self,
        directive: Directive,
        word: &str,
        scratch: &impl Region<'s>,
    ) -> Option<(GrowVec<'s, u8>, bool)> {
        let pos = self.body_pos(directive);
        let line = self.line_of(directive, scratch);
        let mut name = GrowVec::new();
        if let Some(first) = line.first()
            && first.kind == TokenKind::HeaderName
        {
            let text = self.text(first.symbol);
            name.extend_copy(scratch, &text[1..text.len() - 1]);
            if line.len() > 1 {
                self.report(
                    Code::ExtraTokens,
                    line[1].pos,
                    format!("extra tokens at end of #{word} directive"),
                );
            }
            return Some((name, text[0] == b'<'));
        }
        let expanded = Expansion::new(self, scratch, Base::Line).expand_line(line);
        let tokens = expanded.as_slice();
        match tokens.first() {
            Some(first) if first.kind == TokenKind::String && self.text(first.symbol).starts_with(b"\"") => {
                let text = self.text(first.symbol);
                name.extend_copy(scratch, &text[1..text.len() - 1]);
                Some((name, false))
            }
            Some(first) if first.kind == TokenKind::Less => {
                for token in &tokens[1..] {
                    if token.kind == TokenKind::Greater {
                        return Some((name, true));
                    }
                    if token.has(flag::WHITE) {
                        name.push(scratch, b' ');
                    }
                    name.extend_copy(scratch, self.spelling(token));
                }
                self.report(Code::MalformedDirective, pos, String::from("missing terminating > character"));
                None
            }
            _ => {
                let message = format!("#{word} expects \"FILENAME\" or <FILENAME>");
                self.report(Code::MalformedDirective, pos, message);
                None
            }
        }
    }

    /// Enters a file named on the command line.
    pub fn enter_forced<'s>(&mut self, name: &[u8], silent: bool, scratch: &impl Region<'s>) {
        match self.search(name, Some((b"", false)), 0, scratch) {
            Ok(found) => {
                let mut frame = new_frame(self.session.files.file(found.file), found.path);
                frame.file_number = found.file.0;
                frame.next_directory = found.next_directory;
                frame.system = found.system;
                frame.silent = silent;
                self.enter(frame);
            }
            Err(error) => self.report_file_error(error, name, Pos(0)),
        }
    }

    /// Reads the current file only once in this unit.
    pub fn mark_once(&mut self) {
        let number = self.frame().file_number;
        if number != u32::MAX {
            self.set_once(number);
        }
    }

    /// Takes the next token of the current file if it opens a call.
    pub fn take_file_paren<'s>(&mut self, scratch: &impl Region<'s>) -> bool {
        let opens = self.peek_in_file(scratch).kind == TokenKind::LeftParen;
        self.at += usize::from(opens);
        opens
    }

    /// The next token of the current file for the arguments of a call; directives between are executed.
    pub fn file_argument_token<'s>(&mut self, scratch: &impl Region<'s>) -> Token {
        loop {
            let token = self.peek_in_file(scratch);
            match token.kind {
                TokenKind::Eof => return token,
                TokenKind::Directive => {
                    self.execute(token, scratch, true);
                    if self.stopped {
                        return Token::of(TokenKind::Eof, 0, token.pos);
                    }
                }
                _ => {
                    self.at += 1;
                    return token;
                }
            }
        }
    }
}

/// A frame at the start of `file`.
pub fn new_frame<'u>(file: &'u LexedFile<'u>, path: Symbol) -> Frame<'u> {
    Frame {
        file,
        file_number: u32::MAX,
        at: 0,
        path,
        presumed: path,
        line_delta: 0,
        lines: LineCursor::default(),
        groups: 0,
        next_directory: 0,
        system: false,
        silent: false,
        synthetic: false,
        streamed: false,
        included_at: Pos(0),
        faults_reported: 0,
    }
}

/// Whether `name` is a header of gcc that is there and declares functions for single instructions, most of them over vectors.
fn is_of_vectors(name: &[u8]) -> bool {
    const HEADERS: [&[u8]; 10] = [
        b"ammintrin.h",
        b"immintrin.h",
        b"mmintrin.h",
        b"nmmintrin.h",
        b"pmmintrin.h",
        b"smmintrin.h",
        b"tmmintrin.h",
        b"wmmintrin.h",
        b"x86intrin.h",
        b"xmmintrin.h",
    ];
    HEADERS.contains(&name)
}
