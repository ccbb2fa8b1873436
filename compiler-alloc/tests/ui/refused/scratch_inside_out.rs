//! What a pass retains must not refer to its scratch memory.
use compiler_alloc::Session;

fn main() {
    Session::new().round(|round| {
        let kept = round.pass("one", |pass| {
            let worker = pass.worker();
            let scratch: &u32 = worker.scratch().alloc(1);
            &*worker.out().alloc(scratch)
        });
        assert_eq!(**kept, 1);
    });
}
