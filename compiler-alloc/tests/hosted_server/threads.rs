//! Many threads that free each other's blocks: nothing is lost, batches go round, threads may end and fork meanwhile.

use crate::own_process::is_own_process;
use crate::profile;
use std::sync::mpsc;

type Message = Vec<Box<[usize; 8]>>;

/// Sixteen threads in a ring, each of which frees what the one before it allocated.
fn pass_round(rounds: usize) {
    const THREADS: usize = 16;
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..THREADS).map(|_| mpsc::channel::<Message>()).unzip();
    let threads: Vec<_> = receivers
        .into_iter()
        .enumerate()
        .map(|(index, receiver)| {
            let sender = senders[(index + 1) % THREADS].clone();
            std::thread::spawn(move || {
                for round in 0..rounds {
                    sender.send((0..200).map(|_| Box::new([index ^ round; 8])).collect()).unwrap();
                    let from = (index + THREADS - 1) % THREADS;
                    for block in receiver.recv().unwrap() {
                        assert_eq!(*block, [from ^ round; 8]);
                    }
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    profile::check().unwrap();
}

#[test]
fn batches_go_round_between_threads() {
    if !is_own_process("threads::batches_go_round_between_threads") {
        return;
    }
    pass_round(100);
    let counts = profile::transfer_counts();
    assert!(counts.hits > 100, "{counts:?}");
    profile::trim(0);
    let counts = profile::transfer_counts();
    assert_eq!(counts.waiting, 0, "{counts:?}");
    profile::check().unwrap();
}

#[test]
fn memory_of_threads_that_came_and_went_comes_back() {
    if !is_own_process("threads::memory_of_threads_that_came_and_went_comes_back") {
        return;
    }
    pass_round(20);
    profile::trim(0);
    let before = profile::stats().heap_live_bytes;
    for _ in 0..20 {
        pass_round(20);
    }
    profile::trim(0);
    let after = profile::stats().heap_live_bytes;
    assert!(after <= before + (1 << 20), "{before} bytes, then {after}");
}

#[test]
fn a_child_of_a_fork_works_while_others_pass_blocks_round() {
    if !is_own_process("threads::a_child_of_a_fork_works_while_others_pass_blocks_round") {
        return;
    }
    let busy = std::thread::spawn(|| pass_round(300));
    for _ in 0..20 {
        // A child process of the standard library begins with a fork, and allocates nothing; the shell of it does.
        let answer = std::process::Command::new("true").status().unwrap();
        assert!(answer.success());
        // SAFETY: needs a child that calls nothing which another thread may have left half done; this heap is made for it.
        let child = unsafe { fork() };
        if child == 0 {
            let blocks: Vec<Box<[u8; 64]>> = (0..1000).map(|_| Box::new([7; 64])).collect();
            assert!(blocks.iter().all(|block| block[63] == 7));
            drop(blocks);
            // SAFETY: ends the process at once, whatever state it is in.
            unsafe { _exit(0) }
        }
        let mut status = -1;
        // SAFETY: needs a place for the answer.
        let waited = unsafe { waitpid(child, &raw mut status, 0) };
        assert_eq!((waited, status), (child, 0));
    }
    busy.join().unwrap();
}

unsafe extern "C" {
    fn fork() -> i32;
    fn _exit(status: i32) -> !;
    fn waitpid(process: i32, status: *mut i32, options: i32) -> i32;
}
