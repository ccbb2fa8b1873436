//! A box must not outlive its actor's heap.
use compiler_alloc::profile::realtime::Realtime;

fn main() {
    let heap = Realtime::builder().seal().unwrap();
    let boxed = heap.alloc(1_u64);
    heap.shutdown();
    println!("{boxed:?}");
}
