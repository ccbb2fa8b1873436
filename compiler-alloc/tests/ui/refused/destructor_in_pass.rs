//! Nor what a pass retains.
use compiler_alloc::Session;

fn main() {
    Session::new().round(|round| {
        round.pass("one", |pass| {
            pass.worker().out().alloc(vec![1]);
        });
    });
}
