//! What units of a session share, and what they do not.

use crate::input::{data_files, data_folder, options_for};
use compiler_alloc::Session as MemorySession;
use passes::files::Provider;
use passes::lex::TokenKind;
use passes::memory::Memory;
use passes::memory::arenas::ArenaMemory;
use passes::meter;
use passes::options::Options;
use passes::oracle::{self, Spellings};
use passes::pipeline::Workers;
use passes::session::{Input, Session, Worker, with_worker};

fn texts(list: &[(&str, &str)]) -> Provider {
    Provider::Texts(list.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect())
}

#[test]
fn a_header_is_lexed_once_for_all_units() {
    let files =
        texts(&[("a.c", "#include \"h.h\"\n"), ("b.c", "#include \"h.h\"\nb\n"), ("h.h", "int h;\n")]);
    let options = Options { system_directories: Vec::new(), ..Options::default() };
    let mut memory = MemorySession::new();
    let lengths = with_worker::<ArenaMemory, _>(&mut memory, files, |worker, session| {
        ["a.c", "b.c", "a.c"].map(|unit| {
            let outcome = oracle::of_unit(worker, session, Input::File(unit.as_bytes()), &options);
            assert!(!outcome.diagnostics.has_errors());
            (outcome.value.len(), session.files.len())
        })
    });
    // The predefined macros and the header.
    assert_eq!(lengths, [(3, 2), (4, 2), (3, 2)]);
    assert_eq!(memory.accounts()[0].boundaries, 2);
}

#[test]
fn macros_of_a_unit_end_with_it() {
    let files = texts(&[("a.c", "#define X 1\n#pragma GCC poison Y\nX\n"), ("b.c", "X Y\n")]);
    let options = Options::default();
    let [a, b] = with_worker::<ArenaMemory, _>(&mut Default::default(), files, |worker, session| {
        [b"a.c", b"b.c"].map(|unit| oracle::of_unit(worker, session, Input::File(unit), &options))
    });
    assert_eq!(a.value.get(0), Some(&b"1"[..]));
    assert_eq!(b.value.get(0), Some(&b"X"[..]));
    assert!(!b.diagnostics.has_errors());
}

#[test]
fn a_unit_may_be_left_early() {
    let files = texts(&[("a.c", "#define X 1\nX X X\n")]);
    with_worker::<ArenaMemory, _>(&mut Default::default(), files, |worker, session| {
        for _ in 0..3 {
            let input = Input::File(b"a.c");
            let first = worker.preprocess(session, input, &Options::default(), |tokens| tokens.next_token());
            assert_eq!(first.value.kind, TokenKind::Number);
        }
    });
}

fn all<M: Memory>(threads: usize) -> Vec<Spellings> {
    let folder = data_folder("preprocess");
    let options = options_for(&folder);
    let mut names = data_files("preprocess");
    names.extend(names.clone());
    M::pass(&mut M::Session::default(), meter::LEX, |pass| {
        let session = Session::<M>::new(pass, Provider::Disk);
        Workers::<M>::new(threads).run_units(
            pass,
            &session,
            &names,
            |name| name.len() as u64,
            |worker, session, name| {
                oracle::of_unit(worker, session, Input::File(name.as_bytes()), &options).value
            },
        )
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
    let mut memory = MemorySession::new();
    with_worker::<ArenaMemory, _>(&mut memory, Provider::Disk, |worker, session| {
        let accounts = [(); 5].map(|()| {
            let input = Input::Text { name: b"a.c", text: text.as_bytes() };
            oracle::of_unit(worker, session, input, &Options::default());
            worker.take_accounts()[0]
        });
        for account in &accounts {
            assert_eq!((account.name, account.runs), (meter::PREPROCESS, 1));
            assert!(account.out_used_bytes > 0 && account.boundaries > 2000, "{account:?}");
        }
        assert_eq!(accounts[2].reserved_peak_bytes, accounts[4].reserved_peak_bytes);
        assert_eq!(accounts[4].chunks_cold, 0);
    });
    let lex = memory.accounts()[0];
    assert_eq!((lex.name, lex.runs), (meter::LEX, 1));
    assert!(lex.out_used_bytes > 0, "{lex:?}");
}

#[test]
fn a_budget_of_a_pass_names_it_when_it_is_used_up() {
    let text = "#define F(x) x\n".repeat(20_000);
    let mut memory = MemorySession::new();
    let within = |memory: &mut MemorySession, budget| {
        let files = texts(&[("a.c", "#include \"h.h\"\n"), ("h.h", &text)]);
        let options = Options { system_directories: Vec::new(), ..Options::default() };
        memory.round(|round| {
            round.pass_within(meter::LEX, budget, |pass| {
                let session = Session::<ArenaMemory>::new(pass, files);
                let outcome =
                    oracle::of_unit(&mut Worker::new(pass), &session, Input::File(b"a.c"), &options);
                assert!(!outcome.diagnostics.has_errors());
            });
        });
    };
    let quiet = std::panic::AssertUnwindSafe(|| within(&mut memory, 256 << 10));
    let panic = std::panic::catch_unwind(quiet).expect_err("20,000 definitions take more than that");
    let message = panic.downcast_ref::<String>().expect("a fault is raised with a text");
    assert!(message.contains("ALLOCATOR_EXHAUSTION") && message.contains(meter::LEX), "{message}");
    // The session is whole and the next round succeeds.
    within(&mut memory, 64 << 20);
}
