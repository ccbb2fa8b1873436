//! Two threads must not use one actor's heap.
use compiler_alloc::actor::ActorHeap;
use compiler_alloc::profile::realtime::Realtime;

fn main() {
    let heap: ActorHeap = Realtime::builder().seal().unwrap();
    std::thread::scope(|threads| {
        threads.spawn(|| heap.drain(1));
    });
}
