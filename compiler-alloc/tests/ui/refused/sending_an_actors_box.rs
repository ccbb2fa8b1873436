//! A box that frees itself locally stays on its actor's thread; only a remote box leaves it.
use compiler_alloc::profile::realtime::Realtime;

fn main() {
    let heap = Realtime::builder().seal().unwrap();
    let boxed = heap.alloc(1_u64);
    std::thread::scope(|threads| {
        threads.spawn(move || drop(boxed));
    });
}
