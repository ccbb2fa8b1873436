//! A `Cell` of a reference is not covariant: a reader could store a short-lived reference in it.
use compiler_alloc::Family;
use std::cell::Cell;

struct Bad;
impl Family for Bad {
    type Of<'a> = Cell<&'a u32>;
    fn shorten<'s, 'l: 's>(long: &'s Cell<&'l u32>) -> &'s Cell<&'s u32> {
        long
    }
}

fn main() {}
