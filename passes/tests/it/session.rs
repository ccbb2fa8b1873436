//! What units of a session share, and what they do not.

use crate::input::{data_files, data_folder, options_for};
use passes::files::Provider;
use passes::lex::TokenKind;
use passes::memory::Memory;
use passes::memory::arenas::ArenaMemory;
use passes::options::Options;
use passes::oracle::{self, Spellings};
use passes::pipeline::run_units;
use passes::session::{Input, Session};

fn texts(list: &[(&str, &str)]) -> Provider {
    Provider::Texts(list.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect())
}

#[test]
fn a_header_is_lexed_once_for_all_units() {
    let files =
        texts(&[("a.c", "#include \"h.h\"\n"), ("b.c", "#include \"h.h\"\nb\n"), ("h.h", "int h;\n")]);
    let pool = Default::default();
    let session = Session::<ArenaMemory>::new(&pool, files);
    let mut worker = session.worker();
    let options = Options { system_directories: Vec::new(), ..Options::default() };
    let mut lengths = Vec::new();
    for unit in ["a.c", "b.c", "a.c"] {
        let outcome = oracle::of_unit(&mut worker, &session, Input::File(unit.as_bytes()), &options);
        assert!(!outcome.diagnostics.has_errors());
        lengths.push((outcome.value.len(), session.files.len()));
    }
    // The predefined macros and the header.
    assert_eq!(lengths, [(3, 2), (4, 2), (3, 2)]);
}

#[test]
fn macros_of_a_unit_end_with_it() {
    let files = texts(&[("a.c", "#define X 1\n#pragma GCC poison Y\nX\n"), ("b.c", "X Y\n")]);
    let pool = Default::default();
    let session = Session::<ArenaMemory>::new(&pool, files);
    let mut worker = session.worker();
    let options = Options::default();
    let a = oracle::of_unit(&mut worker, &session, Input::File(b"a.c"), &options);
    let b = oracle::of_unit(&mut worker, &session, Input::File(b"b.c"), &options);
    assert_eq!(a.value.get(0), Some(&b"1"[..]));
    assert_eq!(b.value.get(0), Some(&b"X"[..]));
    assert!(!b.diagnostics.has_errors());
}

#[test]
fn a_unit_may_be_left_early() {
    let files = texts(&[("a.c", "#define X 1\nX X X\n")]);
    let pool = Default::default();
    let session = Session::<ArenaMemory>::new(&pool, files);
    let mut worker = session.worker();
    for _ in 0..3 {
        let first = worker
            .preprocess(&session, Input::File(b"a.c"), &Options::default(), |tokens| tokens.next_token());
        assert_eq!(first.value.kind, TokenKind::Number);
    }
}

fn all<M: Memory>(threads: usize) -> Vec<Spellings> {
    let folder = data_folder("preprocess");
    let options = options_for(&folder);
    let pool = M::Pool::default();
    let session = Session::<M>::new(&pool, Provider::Disk);
    let mut names = data_files("preprocess");
    names.extend(names.clone());
    run_units(&session, &names, threads, |worker, session, name| {
        oracle::of_unit(worker, session, Input::File(name.as_bytes()), &options).value
    })
}

#[test]
fn threads_change_nothing() {
    let one = all::<ArenaMemory>(1);
    assert!(one.iter().all(|spellings| !spellings.is_empty()));
    assert!(one == all::<ArenaMemory>(4));
}

#[cfg(feature = "bumpalo")]
#[test]
fn memory_changes_nothing() {
    assert!(all::<ArenaMemory>(2) == all::<passes::memory::bump::BumpMemory>(2));
}

#[test]
fn a_unit_uses_the_memory_of_the_one_before() {
    let text = "#define F(x) #x x\nF(a b c) ".repeat(2000);
    let pool = Default::default();
    let session = Session::<ArenaMemory>::new(&pool, Provider::Disk);
    let mut worker = session.worker();
    let options = Options::default();
    let mut reserved = Vec::new();
    for _ in 0..5 {
        let input = Input::Text { name: b"a.c", text: text.as_bytes() };
        let outcome = oracle::of_unit(&mut worker, &session, input, &options);
        assert!(outcome.usage.unit_bytes_used > 0);
        reserved.push((outcome.usage.unit_bytes_reserved, outcome.usage.scratch_bytes_reserved));
    }
    assert_eq!(reserved[2], reserved[4]);
}
