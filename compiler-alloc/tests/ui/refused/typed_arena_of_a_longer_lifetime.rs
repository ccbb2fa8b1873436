//! An arena of long-lived references does not pass for one of short-lived ones: somebody could put a short-lived one in.
use compiler_alloc::TypedArena;

fn put<'a>(arena: &TypedArena<&'a str>, name: &'a str) {
    arena.alloc(name);
}

fn main() {
    let names: TypedArena<&'static str> = TypedArena::new();
    {
        let local = String::from("local");
        put(&names, &local);
    }
    let kept: Vec<&'static str> = names.into_vec();
    assert_eq!(kept[0], "local");
}
