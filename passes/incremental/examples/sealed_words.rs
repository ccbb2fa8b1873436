//! The guide's example (`docs/incremental.md`) as a program: files are parsed to sealed trees, an edit recomputes what it concerns, and
//! salsa's memory report knows what the trees hold.

use compiler_alloc::arena::Fingerprinted;
use compiler_alloc::{ArenaVec, Family, Sealed};
use salsa::{Database, DatabaseImpl, Setter};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};

struct Lines;

impl Family for Lines {
    type Of<'a> = &'a [&'a [&'a str]];
    fn shorten<'s, 'l: 's>(long: &'s Self::Of<'l>) -> &'s Self::Of<'s> {
        long
    }
}

type Parsed = Fingerprinted<Lines, u64>;

#[salsa::input]
struct File {
    text: String,
}

static PARSED: AtomicUsize = AtomicUsize::new(0);
static COUNTED: AtomicUsize = AtomicUsize::new(0);

fn reserved_bytes(parsed: &Parsed) -> usize {
    parsed.heap_size().reserved
}

#[salsa::tracked(lru = 100, heap_size = reserved_bytes)]
fn parse(db: &dyn Database, file: File) -> Parsed {
    PARSED.fetch_add(1, Ordering::Relaxed);
    let mut hasher = DefaultHasher::new();
    let sealed = Sealed::<Lines>::build(|out| {
        let mut lines = ArenaVec::new();
        for line in file.text(db).lines() {
            let mut words = ArenaVec::new();
            words.extend(out, line.split_whitespace().map(|word| &*out.alloc_str(word)));
            words.hash(&mut hasher);
            lines.push(out, &*words.into_slice());
        }
        lines.into_slice()
    });
    Fingerprinted::new(sealed, hasher.finish())
}

#[salsa::tracked(returns(copy))]
fn count(db: &dyn Database, file: File) -> usize {
    COUNTED.fetch_add(1, Ordering::Relaxed);
    parse(db, file).get().iter().map(|words| words.len()).sum()
}

fn main() {
    let mut db = DatabaseImpl::new();
    let files: Vec<File> =
        (0..50).map(|number| File::new(&db, format!("file {number}\nof many\n"))).collect();
    let words = |db: &DatabaseImpl| files.iter().map(|&file| count(db, file)).sum::<usize>();
    let tell = |what: &str, words: usize| {
        let (parsed, counted) = (PARSED.swap(0, Ordering::Relaxed), COUNTED.swap(0, Ordering::Relaxed));
        println!("{what}: {words} words, {parsed} files parsed, {counted} counted");
        (words, parsed, counted)
    };
    assert_eq!(tell("at first", words(&db)), (200, 50, 50));
    files[7].set_text(&mut db).to(String::from("file   7\nof many"));
    assert_eq!(tell("other white space", words(&db)), (200, 1, 0));
    files[7].set_text(&mut db).to(String::from("file 7\nof very many"));
    assert_eq!(tell("a word more", words(&db)), (201, 1, 1));
    let report = <dyn Database>::memory_usage(&mut db);
    let held = report.queries["parse"].heap_size_of_fields().unwrap_or_default();
    println!("{} trees hold {held} bytes", files.len());
}
