//! Values that refer to each other may not have destructors that could see the half that is gone.
use compiler_alloc::TypedArena;
use std::cell::Cell;

struct Block<'f>(Cell<Option<&'f Block<'f>>>);

impl Drop for Block<'_> {
    fn drop(&mut self) {
        assert!(self.0.get().is_some());
    }
}

fn main() {
    let blocks = TypedArena::new();
    let block = blocks.alloc(Block(Cell::new(None)));
    block.0.set(Some(block));
}
