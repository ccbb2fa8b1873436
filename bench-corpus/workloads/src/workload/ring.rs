//! Threads in a ring, each of which passes batches of blocks on to the next.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use crate::Block;

/// Runs `work` on each of `threads` threads with its number, the queue to the next thread and the one from the previous. A
/// queue holds at most `batches_max` batches.
pub(super) fn ring(
    threads: usize,
    batches_max: usize,
    work: impl Fn(u64, &SyncSender<Vec<Block>>, &Receiver<Vec<Block>>) + Sync,
) {
    let (senders, mut receivers): (Vec<_>, Vec<_>) = (0..threads).map(|_| sync_channel(batches_max)).unzip();
    // A thread receives from the one before it.
    receivers.rotate_right(1);
    let work = &work;
    std::thread::scope(|scope| {
        for (thread, (sender, receiver)) in senders.into_iter().zip(receivers).enumerate() {
            scope.spawn(move || work(thread as u64, &sender, &receiver));
        }
    });
}
