//! A result is read by several threads, so its parts must bear that.
use compiler_alloc::{Family, Sealed};
use std::cell::Cell;

struct Counter;
impl Family for Counter {
    type Of<'a> = &'a Cell<u32>;
    fn shorten<'s, 'l: 's>(long: &'s Self::Of<'l>) -> &'s Self::Of<'s> {
        long
    }
}

fn main() {
    Sealed::<Counter>::build(|b| &*b.alloc(Cell::new(1)));
}
