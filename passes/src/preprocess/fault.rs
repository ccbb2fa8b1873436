//! What the lexer found wrong in a file's text, reported when it is passed.

use super::core::Core;
use crate::diagnostics::{Code, Severity};
use crate::lex::class::is_combining_char;
use crate::lex::{escape, splice};
use crate::memory::Memory;

impl<M: Memory> Core<'_, '_, M> {
    /// The streamed file, which is current, has another part.
    pub(super) fn begin_faults(&mut self) {
        if let Some(top) = self.frames.last_mut() {
            top.faults_reported = 0;
        }
    }

    /// Reports the faults before the next token of the current file that were not reported, in groups that were skipped, too, as gcc does:
    /// called before any other finding, and before what is passed is forgotten or `#line` changes where it stands.
    pub fn report_passed_faults(&mut self) {
        if self.stopped {
            return;
        }
        loop {
            let Some(top) = self.frames.last() else { return };
            let (source, faults) = match self.streams {
                true => self.stream.faults(),
                false => (top.file.source, top.file.faults),
            };
            let Some(&pos) = faults.get(top.faults_reported) else { return };
            if pos >= self.position_of_next() {
                return;
            }
            let Some(top) = self.frames.last_mut() else { return };
            top.faults_reported += 1;
            let is_in_system_header = top.system;
            let (code, message) = fault_at(source.padded(), source.offset(pos));
            if code.severity() != Severity::Warning || !is_in_system_header {
                self.put(code.severity(), code, pos, message);
            }
        }
    }
}

/// What is wrong at offset `at` of `text`, which is one of [`LexedFile::faults`](crate::lex::LexedFile::faults).
fn fault_at(text: &[u8], at: usize) -> (Code, String) {
    let escape = splice::without(text, at);
    let Some((value, len)) = escape::number(&escape, 0) else {
        let is_quote = |byte: &&u8| matches!(byte, b'"' | b'\'');
        let quote = text[at..].iter().find(is_quote).map_or('"', |&byte| char::from(byte));
        return (Code::UnterminatedQuote, format!("missing terminating {quote} character"));
    };
    let spelling = String::from_utf8_lossy(&escape[..len]);
    let is_basic = value < 0xA0 && !matches!(value, 0x40 | 0x60);
    let is_combining = char::from_u32(value).is_some_and(is_combining_char);
    let message = match value {
        _ if is_basic => format!("{spelling} is not a valid universal character"),
        0xD800..=0xDFFF => format!("{spelling} is not a valid universal character"),
        _ if is_combining => {
            format!("universal character {spelling} is not valid at the start of an identifier")
        }
        _ => format!("universal character {spelling} is not valid in an identifier"),
    };
    (Code::InvalidEscape, message)
}
