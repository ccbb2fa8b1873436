//! What holds for any input, shared with the fuzz target `preprocess`: nothing panics, limits hold, findings can be
//! shown, and printed text has the tokens it was printed from.

use passes::files::Provider;
use passes::lex::TokenKind;
use passes::memory::arenas::ArenaMemory;
use passes::options::{Options, Standard};
use passes::oracle;
use passes::preprocess::Limits;
use passes::session::{Input, Session, Worker, with_worker};

/// The standards that differ most.
pub const STANDARDS: [&str; 3] = ["gnu11", "c11", "c90"];

/// Preprocesses `text`, which may include itself as `self.h`, and checks the result.
pub fn check(text: &[u8], standard: &str) {
    let limits = Limits {
        expansion_tokens_max: 20_000,
        unit_tokens_max: 50_000,
        unit_bytes_max: 1 << 18,
        ..Limits::default()
    };
    let standard = Standard::by_name(standard).expect("a standard");
    let options = Options { limits, standard, system_directories: Vec::new(), ..Options::default() };
    let files = Provider::Texts(vec![(String::from("self.h"), text.to_vec())]);
    let input = Input::Text { name: b"self.h", text };
    with_worker::<ArenaMemory, _>(&mut Default::default(), files, |worker, session| {
        check_with(worker, session, input, &options);
    });
}

fn check_with<'p>(
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
    for diagnostic in printed.diagnostics.as_slice() {
        assert!(!diagnostic.to_string().is_empty());
    }

    for trees in [passes::parse::Trees::Released, passes::parse::Trees::Kept] {
        let checked = worker.check(session, input, options, trees);
        assert!(checked.diagnostics.as_slice().iter().all(|diagnostic| !diagnostic.to_string().is_empty()));
    }

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
fn is_whole(literal: &[u8], mode: passes::lex::LexMode) -> bool {
    let mut padded = literal.to_vec();
    padded.extend_from_slice(b"\n\0\0\0\0\0\0\0");
    let scanned = passes::lex::scan::scan(&padded, 0, mode);
    scanned.end == literal.len() && scanned.kind == TokenKind::String && !literal.contains(&b'\n')
}

/// Trigraphs were replaced before; what looks like one now is not one.
fn lex_mode_without_trigraphs(standard: Standard) -> passes::lex::LexMode {
    use passes::lex::LexMode;
    LexMode::new(standard.lex_mode.bits() & !LexMode::TRIGRAPHS)
}
