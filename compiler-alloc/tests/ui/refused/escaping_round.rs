//! What a round retains must not leave the round.
use compiler_alloc::Session;

fn main() {
    let mut session = Session::new();
    let escaped: &u32 = session.round(|round| round.pass("one", |pass| &*pass.worker().out().alloc(1)));
    assert_eq!(*escaped, 1);
}
