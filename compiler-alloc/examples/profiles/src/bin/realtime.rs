//! Profile `realtime`: an actor whose blocks come home as messages, then its shutdown.

use compiler_alloc::fault::Fault;
use compiler_alloc::profile::realtime::Realtime;
use profile_programs::{is_leaking, report};
use std::alloc::Layout;
use std::sync::mpsc::channel;

const CREDITS: usize = 8;

fn main() -> Result<std::process::ExitCode, Fault> {
    let quota = Layout::new::<[u64; 8]>();
    let heap = Realtime::builder().quota(quota, 64).senders(1, CREDITS).best_effort_locking().seal()?;
    let mut sender = heap.sender()?;
    let (to_reader, inbox) = channel();
    let reader = std::thread::spawn(move || {
        for sample in inbox {
            let mut sample: compiler_alloc::profile::realtime::RemoteBox<[u64; 8]> = sample;
            while let Err(refused) = sender.send(sample) {
                sample = refused.into_inner();
                std::thread::yield_now();
            }
        }
    });
    for turn in 0..10_000 {
        heap.drain(CREDITS);
        match heap.try_alloc([turn; 8]) {
            Ok(sample) => to_reader.send(sample.into_remote()).expect("the reader still receives"),
            Err(_) => std::thread::yield_now(),
        }
    }
    drop(to_reader);
    while !reader.is_finished() {
        heap.drain(CREDITS);
        std::thread::yield_now();
    }
    reader.join().expect("the reader ends well");
    if is_leaking() {
        std::mem::forget(heap.try_alloc([0_u64; 8])?);
    }
    let end = heap.shutdown();
    Ok(report("realtime", end.live.bytes, end.leak()))
}
