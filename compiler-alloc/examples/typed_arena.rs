//! A control-flow graph in a `TypedArena`. Shows what an `Arena` refuses: values that own heap memory and run destructors, which may
//! point at each other in cycles, are visited in the order in which they were made, and leave as a `Vec`. Run:
//! `cargo run -p compiler-alloc --example typed_arena`.

use compiler_alloc::TypedArena;
use std::cell::{Cell, RefCell};

/// A basic block. It owns its instructions, and points at blocks of the same arena.
struct Block<'f> {
    name: String,
    instructions: RefCell<Vec<String>>,
    next: Cell<Option<&'f Block<'f>>>,
}

fn block<'f>(function: &'f TypedArena<Block<'f>>, name: &str, next: Option<&'f Block<'f>>) -> &'f Block<'f> {
    function.alloc(Block {
        name: name.to_owned(),
        instructions: RefCell::new(Vec::new()),
        next: Cell::new(next),
    })
}

/// The names on the way from `from`, until a block comes a second time.
fn walk<'f>(from: &'f Block<'f>) -> Vec<&'f str> {
    let mut names = vec![from.name.as_str()];
    let mut at = from.next.get();
    while let Some(block) = at.filter(|block| !names.contains(&block.name.as_str())) {
        names.push(&block.name);
        at = block.next.get();
    }
    names
}

/// A string that is counted when it is dropped.
struct Counted<'c>(String, &'c Cell<usize>);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.1.set(self.1.get() + self.0.len());
    }
}

/// Runs the example.
pub fn main() {
    // A loop of three blocks.
    let function = TypedArena::new();
    let exit = block(&function, "exit", None);
    let body = block(&function, "body", Some(exit));
    let head = block(&function, "head", Some(body));
    exit.next.set(Some(head));
    body.instructions.borrow_mut().extend(["add".to_owned(), "jump".to_owned()]);
    assert_eq!(walk(head), ["head", "body", "exit"]);
    println!("{} blocks, {} instructions in the body", function.len(), body.instructions.borrow().len());

    // Values with destructors: dropped with the arena, each once.
    let dropped = Cell::new(0);
    let mut names = TypedArena::new();
    names.alloc_extend(["x", "yy", "zzz"].map(|name| Counted(name.to_owned(), &dropped)));
    for name in names.iter_mut() {
        name.0.push('!');
    }
    drop(names);
    assert_eq!(dropped.get(), 2 + 3 + 4);
    println!("{} bytes of names were dropped with their arena", dropped.get());

    // Or they move out.
    let numbers = TypedArena::new();
    for number in 0..5 {
        numbers.alloc(format!("number {number}"));
    }
    assert_eq!(numbers.into_vec().join(", "), "number 0, number 1, number 2, number 3, number 4");
}
