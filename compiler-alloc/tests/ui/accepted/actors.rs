//! What actors are for: a heap that moves before it is used, boxes that leave as remote boxes, senders that outlive it.
use compiler_alloc::profile::realtime::{Realtime, SendError};
use std::alloc::Layout;

fn main() {
    let heap = Realtime::builder()
        .quota(Layout::new::<u64>(), 4)
        .senders(1, 2)
        .best_effort_locking()
        .seal()
        .unwrap();
    let actor = std::thread::spawn(move || {
        let sender = heap.sender().unwrap();
        let (first, second) = (heap.alloc(1_u64).into_remote(), heap.alloc(2_u64).into_remote());
        let mut sender = std::thread::spawn(move || {
            let mut sender = sender;
            sender.send(first).unwrap();
            sender
        })
        .join()
        .unwrap();
        assert_eq!(heap.drain(9), 1);
        assert_eq!(heap.shutdown().live.blocks, 1);
        let Err(SendError::Closed(second)) = sender.send(second) else { panic!("taken") };
        *second
    });
    assert_eq!(actor.join().unwrap(), 2);
}
