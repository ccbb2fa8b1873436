//! Nor the shared builder of a parallel build.
use compiler_alloc::arena::PoolBuilder;
use compiler_alloc::{Family, Sealed};

struct Holder<'a>(&'a u32, Option<&'a PoolBuilder<'static>>);
struct Bad;
impl Family for Bad {
    type Of<'a> = Holder<'a>;
    fn shorten<'s, 'l: 's>(long: &'s Holder<'l>) -> &'s Holder<'s> {
        long
    }
}

fn main() {
    Sealed::<Bad>::build_pool(|pool| Holder(pool.get().alloc(1), Some(pool)));
}
