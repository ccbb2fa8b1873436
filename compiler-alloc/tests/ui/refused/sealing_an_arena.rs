//! A result cannot hold an arena: it has a destructor, and it could allocate after sealing.
use compiler_alloc::{Arena, Family, Sealed};

struct Bad;
impl Family for Bad {
    type Of<'a> = Arena;
    fn shorten<'s, 'l: 's>(long: &'s Arena) -> &'s Arena {
        long
    }
}

fn main() {
    Sealed::<Bad>::build(|_| Arena::new());
}
