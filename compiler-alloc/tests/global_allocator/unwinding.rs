//! Panics, which allocate before, while and after they unwind.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Allocates when it is dropped, also while a panic passes.
struct Busy(Vec<String>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.extend((0..50).map(|at| "unwound ".repeat(at)));
        self.0.drain(..25);
    }
}

fn deep(level: usize) -> usize {
    let busy = Busy(vec!["frame ".repeat(level); 3]);
    if level == 0 {
        resume_unwind(Box::new("x".repeat(20_000)));
    }
    deep(level - 1) + busy.0.len()
}

#[test]
fn destructors_allocate_while_a_panic_passes() {
    let threads: Vec<_> = (0..4)
        .map(|_| {
            std::thread::spawn(|| {
                for round in 0..50 {
                    let payload = catch_unwind(AssertUnwindSafe(|| deep(round))).unwrap_err();
                    assert_eq!(payload.downcast_ref::<String>().unwrap().len(), 20_000);
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn a_thread_that_ends_by_a_panic_leaves_its_payload() {
    for size in [10_usize, 10_000, 1_000_000] {
        let thread = std::thread::spawn(move || {
            let _busy = Busy(vec!["held".to_string(); 100]);
            resume_unwind(Box::new(vec![7_u8; size]));
        });
        let payload = thread.join().unwrap_err();
        assert_eq!(*payload.downcast::<Vec<u8>>().unwrap(), vec![7; size]);
    }
}
