//! Sealed files and trees: what they hold when their session is gone.

use compiler_alloc::Session as MemorySession;
use passes::files::{FileError, LentFile, LexedFiles, Provider};
use passes::lex::{LexMode, TokenKind};
use passes::memory::arenas::ArenaMemory;
use passes::options::Options;
use passes::parse::tree::{Declaration, External};
use passes::sealed::{CheckedUnit, SealedFile, check};
use passes::session::{Input, with_worker};
use std::cell::Cell;

/// Files in memory, lexed when they are asked for.
struct Lexed<'a>(&'a [(&'a str, &'a str)]);

impl LexedFiles for Lexed<'_> {
    fn open(&self, path: &[u8], mode: LexMode) -> Result<LentFile, FileError> {
        let file = self.0.iter().find(|(name, _)| name.as_bytes() == path).ok_or(FileError::Missing)?;
        let lexed = SealedFile::lex::<ArenaMemory>(&mut MemorySession::new(), file.1.as_bytes(), mode)?;
        Ok(LentFile { file: lexed, identity: path.into() })
    }
}

fn checked(files: &[(&str, &str)], pulse: &dyn Fn()) -> CheckedUnit {
    let mut memory = MemorySession::new();
    let options = Options { system_directories: Vec::new(), time: 0, ..Options::default() };
    with_worker::<ArenaMemory, _>(&mut memory, Provider::Texts(Vec::new()), |worker, session| {
        check(worker, session, &Lexed(files), Input::File(b"/a.c"), &options, pulse)
    })
}

#[test]
fn a_sealed_file_spells_its_tokens_as_the_text_does() {
    let text = "#define F(x, ...) #x L\"s\" __VA_ARGS__\n#if 1\nint long_name = F(0x1p3, 'c') ?\n#endif\n";
    let file = SealedFile::lex::<ArenaMemory>(&mut MemorySession::new(), text.as_bytes(), LexMode::default());
    let file = file.expect("it is short");
    let spellings: Vec<_> =
        file.tokens().iter().map(|token| String::from_utf8_lossy(file.spelling(token))).collect();
    for spelling in ["F", "x", "L\"s\"", "long_name", "0x1p3", "'c'", "?"] {
        assert!(spellings.iter().any(|found| found == spelling), "{spelling} in {spellings:?}");
    }
    for token in file.tokens().iter().filter(|token| token.kind != TokenKind::Parameter) {
        let offset = file.source().offset(token.pos);
        let spelling = file.spelling(token);
        assert_eq!(&file.source().text()[offset..offset + spelling.len()], spelling);
    }
    assert_eq!(file.guard(), None);
}

#[test]
fn a_sealed_tree_is_read_by_another_thread_when_its_session_is_gone() {
    let files = [
        (
            "/a.c",
            "#include \"b.h\"\nstruct pair { int first, second; };\nstruct pair the_pair = { 1, TWO };\n",
        ),
        ("/b.h", "#define TWO 2\nextern long before;\n"),
    ];
    let CheckedUnit { tree, diagnostics, summary, .. } = checked(&files, &|| {});
    assert!(diagnostics.as_slice().is_empty(), "{:?}", diagnostics.as_slice());
    assert_eq!((summary.functions.len(), summary.objects.len()), (0, 1));
    assert_eq!((&*summary.objects[0].name, &*summary.objects[0].ty), ("the_pair", "struct pair"));
    let names = std::thread::spawn(move || {
        let tree = tree.get();
        let mut found = Vec::new();
        for external in tree.externals {
            let External::Declaration(Declaration::Names { declarators, .. }) = external else { continue };
            for declarator in *declarators {
                let name = String::from_utf8_lossy(tree.text(declarator.entity.name)).into_owned();
                let (path, offset) = tree.place(declarator.pos).expect("it stands in a file");
                found.push((name, String::from_utf8_lossy(path).into_owned(), offset));
            }
        }
        assert_eq!(tree.types.records.len(), 1);
        assert_eq!(tree.types.records[0].size, 8);
        found
    });
    let expected = [("before", "/b.h", 26), ("the_pair", "/a.c", 63)];
    let expected = expected.map(|(name, path, offset)| (name.to_owned(), path.to_owned(), offset));
    assert_eq!(names.join().expect("it does not panic"), expected);
}

#[test]
fn the_fingerprint_changes_with_what_the_parser_sees_and_with_nothing_else() {
    let of =
        |text: &str, header: &str| checked(&[("/a.c", text), ("/b.h", header)], &|| {}).tree.fingerprint();
    let (text, header) = ("#include \"b.h\"\nint a = B;\n", "#define B 1\n#define C 1\n");
    let same = of(text, header);
    assert_eq!(of(text, header), same);
    // A comment as long as what stood there, a macro that nobody uses, what follows the last token.
    assert_eq!(of("#include \"b.h\"\nint a = B;//", header), same);
    assert_eq!(of(text, "#define B 1\n#define C 2\n"), same);
    assert_eq!(of("#include \"b.h\"\nint a = B;\n\n/* */\n", header), same);
    for (text, header) in [
        ("#include \"b.h\"\nint b = B;\n", header),
        ("#include \"b.h\"\nint  a = B;\n", header),
        ("#include \"b.h\"\nint a = C;\n", header),
        (text, "#define B 2\n#define C 1\n"),
        (text, "#define B -1\n#define C 1\n"),
    ] {
        assert_ne!(of(text, header), same, "{text} {header}");
    }
}

#[test]
fn the_pulse_is_called_every_1024_tokens_and_may_end_the_unit() {
    let text = "int a;\n".repeat(2_000);
    let files = [("/a.c", &*text)];
    let calls = Cell::new(0);
    checked(&files, &|| calls.set(calls.get() + 1));
    assert_eq!(calls.get(), 6_001 / 1_024);
    calls.set(0);
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        checked(&files, &|| {
            calls.set(calls.get() + 1);
            assert!(calls.get() < 3, "the third look says that it is over");
        })
    }));
    assert!(ended.is_err());
    assert_eq!(calls.get(), 3);
}
