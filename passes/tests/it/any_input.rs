//! What holds for any input, shared with the fuzz targets `preprocess`, `parse` and `check`: nothing panics, limits hold, findings
//! can be shown, printed text has the tokens it was printed from, and what is found does not depend on how long trees live.

use compiler_alloc::Session as MemorySession;
use passes::diagnostics::Diagnostics;
use passes::files::{FileError, LentFile, LexedFiles, Provider};
use passes::lex::{LexMode, TokenKind};
use passes::memory::arenas::ArenaMemory;
use passes::options::{Options, Standard};
use passes::oracle;
use passes::parse::Trees;
use passes::preprocess::Limits;
use passes::sealed::{self, SealedFile};
use passes::session::{Input, Session, Worker, with_worker};

/// The standards that differ most.
pub const STANDARDS: [&str; 3] = ["gnu11", "c11", "c90"];

/// Everything below.
pub fn check(text: &[u8], standard: &str) {
    preprocessed(text, standard);
    parsed(text, standard);
    checked(text, standard);
}

/// Preprocesses `text`, which may include itself as `self.h`, prints it, and reads what was printed.
pub fn preprocessed(text: &[u8], standard: &str) {
    with_text(text, standard, preprocessed_with);
}

/// Parses `text` twice: each tree gone with its declaration, and all trees kept.
pub fn parsed(text: &[u8], standard: &str) {
    with_text(text, standard, |worker, session, input, options| {
        let mut parse = |trees| {
            let outcome = worker.parse(session, input, options, trees, &mut ());
            (outcome.value.externals, shown(&outcome.diagnostics))
        };
        let released = parse(Trees::Released);
        assert_eq!(released, parse(Trees::Kept), "released and kept trees");
    });
}

/// Checks `text` three times: each tree gone with its declaration, all trees kept, and sealed from files that were lexed before.
pub fn checked(text: &[u8], standard: &str) {
    let mut found = Vec::new();
    with_text(text, standard, |worker, session, input, options| {
        found = shown(&worker.check(session, input, options, Trees::Released).diagnostics);
        let kept = shown(&worker.check(session, input, options, Trees::Kept).diagnostics);
        assert_eq!(found, kept, "released and kept trees");
    });
    with_text(text, standard, |worker, session, _, options| {
        let sealed = sealed::check(worker, session, &Lexed(text), Input::File(b"/self.h"), options, &|| {});
        assert_eq!(found, shown(&sealed.diagnostics), "released and sealed trees");
    });
}

/// The findings, in their order.
fn shown(diagnostics: &Diagnostics) -> Vec<String> {
    let shown: Vec<String> = diagnostics.as_slice().iter().map(ToString::to_string).collect();
    assert!(shown.iter().all(|text| !text.is_empty()));
    shown
}

/// `self.h`, lexed when it is asked for.
struct Lexed<'a>(&'a [u8]);

impl LexedFiles for Lexed<'_> {
    fn open(&self, path: &[u8], mode: LexMode) -> Result<LentFile, FileError> {
        if path != b"/self.h" {
            return Err(FileError::Missing);
        }
        let file = SealedFile::lex::<ArenaMemory>(&mut MemorySession::new(), self.0, mode)?;
        Ok(LentFile { file, identity: path.into() })
    }
}

/// Runs `body` with a worker for `text`, which may include itself as `self.h`, under limits that end soon.
fn with_text(
    text: &[u8],
    standard: &str,
    body: impl for<'l, 'p> FnOnce(
        &mut Worker<'l, 'p, ArenaMemory>,
        &Session<'p, ArenaMemory>,
        Input<'_>,
        &Options,
    ),
) {
    let limits = Limits {
        expansion_tokens_max: 20_000,
        unit_tokens_max: 50_000,
        unit_bytes_max: 1 << 18,
        ..Limits::default()
    };
    let standard = Standard::by_name(standard).expect("a standard");
    let options = Options { limits, standard, system_directories: Vec::new(), time: 0, ..Options::default() };
    let files = Provider::Texts(vec![(String::from("/self.h"), text.to_vec())]);
    with_worker::<ArenaMemory, _>(&mut Default::default(), files, |worker, session| {
        body(worker, session, Input::Text { name: b"/self.h", text }, &options);
    });
}

fn preprocessed_with<'p>(
    worker: &mut Worker<'_, 'p, ArenaMemory>,
    session: &Session<'p, ArenaMemory>,
    input: Input<'_>,
    options: &Options,
) {
    let (limits, standard) = (options.limits, options.standard);
    let printed = worker.preprocess(session, input, options, |tokens| {
        let mut output = Vec::new();
        passes::driver::print::tokens(tokens, false, &mut output);
        output
    });
    assert!(printed.usage.tokens <= 2 * limits.unit_tokens_max + limits.expansion_tokens_max);
    shown(&printed.diagnostics);

    let mut can_be_read_again = !printed.diagnostics.has_errors();
    worker.preprocess(session, input, options, |tokens| {
        loop {
            let token = tokens.next_token();
            can_be_read_again &= match token.kind {
                TokenKind::Eof => break,
                // These may come to stand where they mean something else; a raw string may hold line ends.
                TokenKind::Unterminated | TokenKind::Other | TokenKind::Pragma => false,
                TokenKind::String => is_whole(tokens.spelling(&token), standard.lex_mode),
                kind => !kind.is_hash(),
            };
        }
    });
    if can_be_read_again {
        let before = oracle::of_unit(worker, session, input, options).value;
        let again = Options {
            standard: Standard { lex_mode: lex_mode_without_trigraphs(standard), ..standard },
            ..options.clone()
        };
        let after = oracle::of_output(worker, session, &printed.value, &again).value;
        let difference = before.first_difference(&after);
        assert_eq!(difference, None, "printed: {}", String::from_utf8_lossy(&printed.value));
    }
}

/// Whether `literal` is read as one token on one line; making a string of a lone backslash can give something else.
fn is_whole(literal: &[u8], mode: LexMode) -> bool {
    let mut padded = literal.to_vec();
    padded.extend_from_slice(b"\n\0\0\0\0\0\0\0");
    let scanned = passes::lex::scan::scan(&padded, 0, mode);
    scanned.end == literal.len() && scanned.kind == TokenKind::String && !literal.contains(&b'\n')
}

/// Trigraphs were replaced before; what looks like one now is not one.
fn lex_mode_without_trigraphs(standard: Standard) -> LexMode {
    LexMode::new(standard.lex_mode.bits() & !LexMode::TRIGRAPHS)
}
