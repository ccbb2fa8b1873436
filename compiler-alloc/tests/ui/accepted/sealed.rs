//! The accepted twins of the refused programs about sealed results.
use compiler_alloc::{Family, Sealed};
use std::sync::atomic::AtomicU32;

struct Plain<'a> {
    name: &'a str,
    count: &'a AtomicU32,
}
struct Good;
impl Family for Good {
    type Of<'a> = Plain<'a>;
    fn shorten<'s, 'l: 's>(long: &'s Plain<'l>) -> &'s Plain<'s> {
        long
    }
}

fn main() {
    let sealed = Sealed::<Good>::build(|b| Plain { name: b.alloc_str("x"), count: b.alloc(AtomicU32::new(1)) });
    let parallel = Sealed::<Good>::build_pool(|pool| {
        let guard = pool.get();
        Plain { name: guard.alloc_str("y"), count: guard.alloc(AtomicU32::new(2)) }
    });
    let both = sealed.extend::<Good>(|_, parent| Plain { name: parent.name, count: parent.count });
    assert_eq!((both.get().name, parallel.get().count.load(std::sync::atomic::Ordering::Relaxed)), ("x", 2));
    std::thread::spawn(move || drop((sealed, both))).join().unwrap();
}
