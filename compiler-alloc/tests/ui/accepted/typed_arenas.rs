//! The accepted twins of the refused programs about typed arenas.
use compiler_alloc::TypedArena;
use std::cell::Cell;

struct Block<'f> {
    name: String,
    next: Cell<Option<&'f Block<'f>>>,
}

fn main() {
    // A cycle of values whose destructors cannot look at each other.
    let blocks = TypedArena::new();
    let entry = blocks.alloc(Block { name: "entry".to_owned(), next: Cell::new(None) });
    entry.next.set(Some(entry));
    assert_eq!(entry.next.get().map(|block| block.name.len()), Some(5));
    // Iterating, and taking apart, when no value is borrowed any more.
    let mut names = TypedArena::new();
    let length = names.alloc(String::from("x")).len();
    names.iter_mut().for_each(|name| name.push('y'));
    assert_eq!((length, names.into_vec()[0].len()), (1, 2));
    // Handing over, as opposed to sharing.
    let arena = std::thread::spawn(|| {
        let arena = TypedArena::new();
        arena.alloc(String::from("owned"));
        arena
    })
    .join()
    .unwrap();
    assert_eq!(arena.len(), 1);
}
