//! Scratch memory must not leave its pass.
use compiler_alloc::Session;

fn main() {
    Session::new().round(|round| {
        let escaped: &u32 = round.pass("one", |pass| &*pass.worker().scratch().alloc(1));
        assert_eq!(*escaped, 1);
    });
}
