//! A result cannot hold its builder, which could allocate after sealing.
use compiler_alloc::{Family, Scope, Sealed};

struct Bad;
impl Family for Bad {
    type Of<'a> = &'a Scope<'a>;
    fn shorten<'s, 'l: 's>(long: &'s Self::Of<'l>) -> &'s Self::Of<'s> {
        long
    }
}

fn main() {
    Sealed::<Bad>::build(|b| b);
}
