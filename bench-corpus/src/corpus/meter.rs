//! Faults and CPU time of each pass, told apart while several workers run several passes.
//!
//! A worker says when a pass begins and ends on it; passes nest (lexing a file inside preprocessing a unit), and the time of the inner
//! one is not counted for the outer. Per call: one system call and a few additions, no allocation.

use std::cell::RefCell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::usage::Usage;

/// Most different passes that one meter can tell apart.
const PASSES_MAX: usize = 16;

/// Deepest nesting of passes on one worker.
const DEPTH_MAX: usize = 8;

/// Sums over all workers, a slot a pass.
#[derive(Debug, Default)]
pub struct PassMeter {
    slots: [Slot; PASSES_MAX],
}

#[derive(Debug, Default)]
struct Slot {
    name: OnceLock<&'static str>,
    runs: AtomicU64,
    faults: AtomicU64,
    cpu_ns: AtomicU64,
}

/// What one pass used, all workers together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassUse {
    /// Name of the pass.
    pub name: &'static str,
    /// How often it began.
    pub runs: u64,
    /// Faults and CPU time while it was the innermost pass.
    pub usage: Usage,
}

/// The passes running on this thread, the innermost last.
struct Running {
    depth: usize,
    frames: [Frame; DEPTH_MAX],
}

#[derive(Clone, Copy)]
struct Frame {
    slot: usize,
    since: Usage,
}

thread_local! {
    static RUNNING: RefCell<Running> = const {
        let nothing = Usage { minor_faults: 0, cpu: Duration::ZERO };
        RefCell::new(Running { depth: 0, frames: [Frame { slot: 0, since: nothing }; DEPTH_MAX] })
    };
}

impl PassMeter {
    /// Pass `name` begins on the calling thread.
    ///
    /// # Panics
    /// When more than 16 different passes, or more than 8 nested ones, are told of: the meter is then too small for the pipeline.
    pub fn enter(&self, name: &'static str) {
        self.enter_at(name, Usage::of_thread());
    }

    fn enter_at(&self, name: &'static str, now: Usage) {
        let slot = self.slot(name);
        self.slots[slot].runs.fetch_add(1, Relaxed);
        RUNNING.with_borrow_mut(|running| {
            if let Some(outer) = running.depth.checked_sub(1).map(|at| running.frames[at]) {
                self.slots[outer.slot].add(now.since(outer.since));
            }
            running.frames[running.depth] = Frame { slot, since: now };
            running.depth += 1;
        });
    }

    /// The innermost pass of the calling thread ends.
    pub fn leave(&self) {
        self.leave_at(Usage::of_thread());
    }

    fn leave_at(&self, now: Usage) {
        RUNNING.with_borrow_mut(|running| {
            let Some(depth) = running.depth.checked_sub(1) else { return };
            let ended = running.frames[depth];
            self.slots[ended.slot].add(now.since(ended.since));
            running.depth = depth;
            if let Some(outer) = depth.checked_sub(1) {
                running.frames[outer].since = now;
            }
        });
    }

    /// What every pass that began so far has used, in the order in which they first began.
    pub fn passes(&self) -> Vec<PassUse> {
        self.slots.iter().map_while(Slot::read).collect()
    }

    fn slot(&self, name: &'static str) -> usize {
        let same = |slot: &Slot| *slot.name.get_or_init(|| name) == name;
        self.slots.iter().position(same).unwrap_or_else(|| panic!("more than {PASSES_MAX} passes"))
    }
}

impl Slot {
    fn add(&self, used: Usage) {
        self.faults.fetch_add(used.minor_faults, Relaxed);
        self.cpu_ns.fetch_add(used.cpu.as_nanos() as u64, Relaxed);
    }

    fn read(&self) -> Option<PassUse> {
        let usage = Usage {
            minor_faults: self.faults.load(Relaxed),
            cpu: Duration::from_nanos(self.cpu_ns.load(Relaxed)),
        };
        Some(PassUse { name: self.name.get()?, runs: self.runs.load(Relaxed), usage })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minor_faults: u64, cpu_ms: u64) -> Usage {
        Usage { minor_faults, cpu: Duration::from_millis(cpu_ms) }
    }

    fn check(meter: &PassMeter, expected: &[(&'static str, u64, Usage)]) {
        let passes: Vec<_> = meter.passes().iter().map(|pass| (pass.name, pass.runs, pass.usage)).collect();
        assert_eq!(passes, expected);
    }

    #[test]
    fn an_inner_pass_is_not_counted_for_the_outer() {
        let meter = PassMeter::default();
        meter.enter_at("preprocess", at(10, 1));
        meter.enter_at("lex", at(15, 3));
        meter.leave_at(at(1015, 13));
        meter.enter_at("lex", at(1017, 14));
        meter.leave_at(at(1017, 15));
        meter.leave_at(at(1020, 20));
        check(&meter, &[("preprocess", 1, at(10, 8)), ("lex", 2, at(1000, 11))]);
    }

    #[test]
    fn workers_add_up() {
        let meter = PassMeter::default();
        std::thread::scope(|scope| {
            for worker in 1..=3 {
                let meter = &meter;
                scope.spawn(move || {
                    meter.enter_at("lex", at(100, 50));
                    meter.leave_at(at(100 + worker, 50));
                });
            }
        });
        check(&meter, &[("lex", 3, at(6, 0))]);
    }

    #[test]
    fn the_kernel_is_asked_when_a_pass_begins_and_ends() {
        let meter = PassMeter::default();
        meter.enter("lex");
        // So large that no allocator serves it from memory it kept.
        std::hint::black_box(vec![1_u8; 64 << 20]);
        meter.leave();
        let passes = meter.passes();
        assert!(passes[0].usage.minor_faults > 0 && passes[0].usage.cpu > Duration::ZERO, "{passes:?}");
    }

    #[test]
    fn a_leave_without_an_enter_changes_nothing() {
        let meter = PassMeter::default();
        meter.leave();
        check(&meter, &[]);
    }
}
