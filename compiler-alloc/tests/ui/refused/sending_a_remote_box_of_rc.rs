//! A remote box goes only where its value may go.
use compiler_alloc::profile::realtime::Realtime;
use std::rc::Rc;

fn main() {
    let heap = Realtime::builder().seal().unwrap();
    let remote = heap.alloc(Rc::new(1)).into_remote();
    std::thread::spawn(move || println!("{remote:?}"));
}
