//! Two actors: one makes messages in its own sealed heap, the other reads them and gives them back.
//!
//! `cargo run -p compiler-alloc --example actor`

use compiler_alloc::fault::Fault;
use compiler_alloc::profile::realtime::{Realtime, RemoteBox, RemoteSender, SendError};
use std::alloc::Layout;
use std::sync::mpsc::{Receiver, TrySendError, sync_channel};

/// What the control loop tells the logger.
struct Sample {
    turn: u32,
    readings: [f32; 12],
}

const SAMPLES: usize = 64;
const CREDITS: usize = 8;
const TURNS: u32 = 10_000;

fn main() -> Result<(), Fault> {
    // Everything that the actor will ever need, reserved, populated and locked here. An actor that must not start without locked memory
    // leaves `best_effort_locking` out.
    let heap = Realtime::builder()
        .quota(Layout::new::<Sample>(), SAMPLES)
        .senders(1, CREDITS)
        .best_effort_locking()
        .seal()?;
    println!("sealed {} KiB, locked: {}", heap.reserved_bytes() >> 10, heap.is_locked());

    let sender = heap.sender()?;
    let (to_logger, inbox) = sync_channel(16);
    let logger = std::thread::spawn(move || log(inbox, sender));

    let mut skipped = 0;
    for turn in 0..TURNS {
        // The message boundary: take home what the logger has read. Bounded, so that the turn is.
        heap.drain(CREDITS);
        let Ok(mut sample) = heap.try_alloc(Sample { turn, readings: [0.0; 12] }) else {
            skipped += 1;
            continue;
        };
        sample.readings[turn as usize % 12] = turn as f32;
        match to_logger.try_send(sample.into_remote()) {
            Ok(()) => {}
            Err(TrySendError::Full(back) | TrySendError::Disconnected(back)) => {
                // The logger is behind. The box is the actor's again, and frees itself.
                drop(heap.reclaim(back));
                skipped += 1;
            }
        }
        if turn % 16 == 0 {
            std::thread::yield_now();
        }
    }
    drop(to_logger);
    while !logger.is_finished() {
        heap.drain(CREDITS);
        std::thread::yield_now();
    }
    let (read, waited) = logger.join().expect("the logger does not panic");

    let report = heap.shutdown();
    println!(
        "{read} samples read, {skipped} skipped, {waited} waits for credit, {} drained at the end",
        report.drained
    );
    assert_eq!(read + skipped, TURNS);
    match report.leak() {
        Some(fault) => Err(fault),
        None => Ok(()),
    }
}

/// Reads samples and gives each back. Answers how many, and how often it had no credit.
fn log(inbox: Receiver<RemoteBox<Sample>>, mut sender: RemoteSender) -> (u32, u32) {
    let (mut read, mut waited, mut last) = (0, 0, None);
    for mut sample in inbox {
        assert!(Some(sample.turn) > last && sample.readings.iter().sum::<f32>() == sample.turn as f32);
        last = Some(sample.turn);
        read += 1;
        while let Err(SendError::Full(back)) = sender.send(sample) {
            // Nothing is lost: the block is here. A logger may wait, its actor never does.
            sample = back;
            waited += 1;
            std::thread::yield_now();
        }
    }
    (read, waited)
}
