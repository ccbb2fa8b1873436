//! A result must not refer to data outside its own memory.
use compiler_alloc::{Family, Sealed};

struct Text;
impl Family for Text {
    type Of<'a> = &'a str;
    fn shorten<'s, 'l: 's>(long: &'s &'l str) -> &'s &'s str {
        long
    }
}

fn main() {
    let outside = String::from("outside");
    Sealed::<Text>::build(|_| outside.as_str());
}
