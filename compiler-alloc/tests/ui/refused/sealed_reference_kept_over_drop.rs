//! A reference into a sealed result must not outlive the handle it was read through.
use compiler_alloc::{Family, Sealed};

struct Text;
impl Family for Text {
    type Of<'a> = &'a str;
    fn shorten<'s, 'l: 's>(long: &'s &'l str) -> &'s &'s str {
        long
    }
}

fn main() {
    let sealed = Sealed::<Text>::build(|b| b.alloc_str("x"));
    let kept: &str = *sealed.get();
    drop(sealed);
    assert_eq!(kept, "x");
}
