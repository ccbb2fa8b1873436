//! A cache of parsed files whose trees own their memory. Shows what replaces a `Bump` beside a tree with an erased lifetime: the cache
//! holds `Arc<File>`, other threads read and keep files, an edit replaces one, and the last one who holds a file gives its memory back.
//! Run: `cargo run -p compiler-alloc --example sealed_tree`.

use compiler_alloc::profile::compiler_internal;
use compiler_alloc::{ArenaVec, Family, Scope, Sealed};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A bracketed list, or a word.
enum Tree<'a> {
    Word(&'a str),
    List(&'a [Tree<'a>]),
}

impl Tree<'_> {
    fn words(&self) -> usize {
        match self {
            Tree::Word(text) => usize::from(!text.is_empty()),
            Tree::List(trees) => trees.iter().map(Tree::words).sum(),
        }
    }
}

/// The tree at every lifetime.
struct TreeFamily;
impl Family for TreeFamily {
    type Of<'a> = Tree<'a>;
    fn shorten<'s, 'l: 's>(long: &'s Tree<'l>) -> &'s Tree<'s> {
        long
    }
}

/// A file as the cache keeps it: no lifetime, and nothing unsafe.
struct File {
    path: String,
    tree: Sealed<TreeFamily>,
}

/// Parses the inside of a list up to its closing bracket or the end.
fn parse<'a>(words: &mut std::str::SplitWhitespace<'_>, out: &Scope<'a>) -> Tree<'a> {
    let mut trees = ArenaVec::new();
    while let Some(word) = words.next().filter(|word| *word != ")") {
        let tree = if word == "(" { parse(words, out) } else { Tree::Word(out.alloc_str(word)) };
        trees.push(out, tree);
    }
    Tree::List(trees.into_slice())
}

fn load(path: &str, source: &str) -> Arc<File> {
    let tree = Sealed::build(|out| parse(&mut source.split_whitespace(), out));
    Arc::new(File { path: path.to_owned(), tree })
}

/// Runs the example.
pub fn main() {
    let mut cache: BTreeMap<String, Arc<File>> = BTreeMap::new();
    for n in 0..1_000 {
        let path = format!("file{n}.lisp");
        cache.insert(path.clone(), load(&path, &"( add 1 ( mul x y ) ) ".repeat(1 + n % 50)));
    }
    let (used, reserved) = cache.values().fold((0, 0), |(used, reserved), file| {
        let size = file.tree.heap_size();
        (used + size.used, reserved + size.reserved)
    });
    println!("{} trees: {used} bytes used, {reserved} held", cache.len());
    assert!(reserved < used + used / 5, "sealed results lie packed");

    // A reader keeps a file while the cache replaces it.
    let kept = cache["file7.lisp"].clone();
    let reader = std::thread::spawn(move || (kept.path.clone(), kept.tree.get().words()));
    cache.insert("file7.lisp".to_owned(), load("file7.lisp", "( edited )"));
    let (path, words) = reader.join().expect("the reader reads");
    assert_eq!((path.as_str(), words), ("file7.lisp", 8 * 5));
    assert_eq!(cache["file7.lisp"].tree.get().words(), 1);

    // Dropped elsewhere than they were built.
    std::thread::spawn(move || drop(cache)).join().expect("the cache is dropped");
    println!("afterwards sealed results hold {} bytes", compiler_internal::stats().sealed_live_bytes);
}
