//! An actor's heap must not change threads while a box of it is here.
use compiler_alloc::profile::realtime::Realtime;

fn main() {
    let heap = Realtime::builder().seal().unwrap();
    let boxed = heap.alloc(1_u64);
    std::thread::spawn(move || heap.drain(1));
    println!("{boxed:?}");
}
