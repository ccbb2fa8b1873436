//! A registered destructor must not look at borrowed data, which may be gone when it runs.
use compiler_alloc::Arena;

struct Loud<'a>(&'a str);
impl Drop for Loud<'_> {
    fn drop(&mut self) {
        println!("{}", self.0);
    }
}

fn main() {
    let arena = Arena::new();
    let text = String::from("short-lived");
    arena.alloc_drop(Loud(&text));
}
