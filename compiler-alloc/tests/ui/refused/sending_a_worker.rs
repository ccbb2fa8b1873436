//! A worker's share of a pass is that worker's.
use compiler_alloc::Session;

fn main() {
    Session::new().round(|round| {
        round.pass("one", |pass| {
            let worker = pass.worker();
            std::thread::scope(|threads| {
                threads.spawn(move || _ = worker.scratch().alloc(1));
            });
        });
    });
}
