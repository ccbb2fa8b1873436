//! Nor a guard of a parallel build, in a wrapper that is `Send` and `Sync` because it looks at the thread at run time.
use compiler_alloc::arena::BuilderGuard;
use compiler_alloc::{Family, Sealed};
use std::mem::ManuallyDrop;

/// What the crate `send_wrapper` offers to safe code.
struct OfOneThread<T>(T, std::thread::ThreadId);
// SAFETY: as in that crate: only the thread that made it may look at the value (which this program never does).
unsafe impl<T> Send for OfOneThread<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for OfOneThread<T> {}

struct Bad;
impl Family for Bad {
    type Of<'a> = ManuallyDrop<OfOneThread<BuilderGuard<'a, 'a>>>;
    fn shorten<'s, 'l: 's>(long: &'s Self::Of<'l>) -> &'s Self::Of<'s> {
        long
    }
}

fn main() {
    Sealed::<Bad>::build_pool(|pool| {
        ManuallyDrop::new(OfOneThread(pool.get(), std::thread::current().id()))
    });
}
