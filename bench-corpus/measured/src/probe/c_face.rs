//! Probes of `malloc` and `free`, whoever provides them: the library loaded before the program, else the system's.

use std::sync::mpsc::{Receiver, Sender, channel};

use super::cases::{Case, Face, ProbeShape, keep};
use super::drive::{Arguments, Driver};

unsafe extern "C" {
    fn malloc(bytes: usize) -> *mut u8;
    fn free(block: *mut u8);
}

/// Blocks that wait for their owner in the cases whose names end in `-pending`.
const PENDING: usize = 1000;

/// Turns of the short call of the loops.
const TURNS: u32 = 192;

/// Most blocks that one call handles.
const BLOCKS: usize = 2 * TURNS as usize;

const fn single(name: &'static str, what: &'static str) -> Case {
    Case { name, shape: ProbeShape::Single, what, face: Face::C }
}

const fn looped(name: &'static str, what: &'static str) -> Case {
    Case { name, shape: ProbeShape::Loop(TURNS), what, face: Face::C }
}

/// Cases of the C interface.
pub const C_CASES: &[Case] = &[
    single("malloc-16", "`malloc(16)` from entry to return"),
    single("free-16", "`free` of a block of 16 bytes by its owner, from entry to return"),
    single(
        "malloc-16-pending",
        "the same as malloc-16 while 1,000 blocks freed by another thread wait for their owner",
    ),
    single(
        "free-16-pending",
        "the same as free-16 while 1,000 blocks freed by another thread wait for their owner",
    ),
    single(
        "refill-4096",
        "`malloc(4096)` whose list is empty: one block is cut from a slab, from entry to return",
    ),
    looped("pair-16", "`malloc(16)` and `free`, one after the other, in a loop"),
    looped("pair-256", "`malloc(256)` and `free`, one after the other, in a loop"),
    looped("pair-1024", "`malloc(1024)` and `free`, one after the other, in a loop"),
    looped("pair-4096", "`malloc(4096)` and `free`, one after the other, in a loop"),
    looped("pair-32768", "`malloc(32768)` and `free`, one after the other, in a loop"),
    looped("batch-16", "as many `malloc(16)` as there are turns, then as many `free`, by pair"),
    looped("batch-1024", "as many `malloc(1024)` as there are turns, then as many `free`, by pair"),
    looped("batch-4096", "as many `malloc(4096)` as there are turns, then as many `free`, by pair"),
    looped("batch-32768", "as many `malloc(32768)` as there are turns, then as many `free`, by pair"),
    looped("remote-free-16", "`free` of blocks of 16 bytes that another thread allocated, in a loop"),
];

/// Drives the probe of `case`. Returns false when there is none.
pub fn run(subject: &str, name: &str, driver: Driver) -> bool {
    let Some(case) = C_CASES.iter().find(|case| case.name == name) else { return false };
    let kind = name.trim_end_matches("-pending");
    let (kind, bytes) = kind.rsplit_once('-').expect("a name ends in a size");
    let bytes: usize = bytes.parse().expect("a name ends in a size");
    if subject == super::cases::NOTHING {
        drive_twin(case, kind, driver);
        return true;
    }
    let helper = Helper::start();
    let is_pending = name.ends_with("-pending");
    let mut blocks = vec![std::ptr::null_mut::<u8>(); BLOCKS];
    let place = blocks.as_mut_ptr();
    let (function, arguments): (*const (), Arguments) = match kind {
        "malloc" | "refill" => (malloc as *const (), [bytes, 0, 0, 0, 0]),
        "free" => (free as *const (), [0; 5]),
        "pair" => (pair as *const (), [bytes, 0, 0, 0, 0]),
        "batch" => (batch as *const (), [bytes, 0, place as usize, 0, 0]),
        _ => (free_each as *const (), [0, 0, place as usize, 0, 0]),
    };
    let before = |arguments: &mut Arguments| match kind {
        "malloc" | "free" => {
            let block = allocate(bytes, 1)[0];
            if is_pending {
                // Nothing of this thread comes between their return and the measured call, so none of them can have been taken back.
                helper.free_elsewhere(allocate(bytes, PENDING));
            }
            if kind == "free" {
                arguments[0] = block as usize;
            }
        }
        "remote-free" => {
            let turns = arguments[1].max(1);
            for (place, block) in blocks.iter_mut().zip(helper.allocate_elsewhere(bytes, turns)) {
                *place = block;
            }
        }
        _ => {}
    };
    // SAFETY: each function takes the leading integers it is paired with: `malloc` a size, `free` a block that `before` allocated, the loops a
    // number of turns of at most `BLOCKS` and a place for as many blocks, which lives to the end of this function. What `malloc` answers leaks.
    unsafe { driver.drive_with(function, arguments, case.shape, before) };
    helper.end();
    true
}

/// The same functions without the operation.
fn drive_twin(case: &Case, kind: &str, driver: Driver) {
    let mut blocks = vec![std::ptr::null_mut::<u8>(); BLOCKS];
    let place = blocks.as_mut_ptr() as usize;
    let (function, arguments): (*const (), Arguments) = match kind {
        "malloc" | "refill" | "free" => (nothing as *const (), [0; 5]),
        "pair" => (pair_nothing as *const (), [1, 0, 0, 0, 0]),
        "batch" => (batch_nothing as *const (), [1, 0, place, 0, 0]),
        _ => (free_each_nothing as *const (), [0, 0, place, 0, 0]),
    };
    // SAFETY: each function takes the leading integers it is paired with; the place lives to the end of this function.
    unsafe { driver.drive(function, arguments, case.shape, || ()) };
}

/// `count` blocks of `bytes` bytes.
fn allocate(bytes: usize, count: usize) -> Vec<*mut u8> {
    // SAFETY: any number of bytes may be asked for.
    (0..count).map(|_| unsafe { malloc(bytes) }).collect()
}

/// What the other thread is asked to do. Pointers travel as addresses, because they are used by one thread at a time.
enum Order {
    Allocate { bytes: usize, count: usize },
    Free(Vec<usize>),
}

/// Another thread with a heap of its own, which does what it is told and then waits.
struct Helper {
    orders: Sender<Order>,
    done: Receiver<Vec<usize>>,
    thread: std::thread::JoinHandle<()>,
}

impl Helper {
    fn start() -> Self {
        let (orders, asked) = channel();
        let (answer, done) = channel();
        let thread = std::thread::spawn(move || {
            for order in asked {
                let blocks = match order {
                    Order::Allocate { bytes, count } => {
                        allocate(bytes, count).into_iter().map(|block| block.expose_provenance()).collect()
                    }
                    Order::Free(blocks) => {
                        for block in blocks {
                            // SAFETY: must be a live block that nobody uses. The sender allocated it and forgot it.
                            unsafe { free(std::ptr::with_exposed_provenance_mut(block)) };
                        }
                        Vec::new()
                    }
                };
                if answer.send(blocks).is_err() {
                    return;
                }
            }
        });
        Self { orders, done, thread }
    }

    fn ask(&self, order: Order) -> Vec<usize> {
        self.orders.send(order).expect("the helper waits for orders");
        self.done.recv().expect("the helper answers")
    }

    /// Blocks that the helper owns.
    fn allocate_elsewhere(&self, bytes: usize, count: usize) -> impl Iterator<Item = *mut u8> {
        let blocks = self.ask(Order::Allocate { bytes, count });
        blocks.into_iter().map(std::ptr::with_exposed_provenance_mut)
    }

    /// Lets the helper free what the caller allocated.
    fn free_elsewhere(&self, blocks: Vec<*mut u8>) {
        self.ask(Order::Free(blocks.into_iter().map(|block| block.expose_provenance()).collect()));
    }

    fn end(self) {
        drop(self.orders);
        self.thread.join().expect("the helper does not panic");
    }
}

#[inline(never)]
extern "C" fn nothing() {}

#[inline(never)]
extern "C" fn pair(bytes: usize, turns: u64) {
    for _ in 0..turns {
        // SAFETY: any number of bytes may be asked for.
        let block = unsafe { malloc(bytes) };
        keep(block);
        // SAFETY: must be a live block that nobody uses. Allocated above.
        unsafe { free(block) };
    }
}

#[inline(never)]
extern "C" fn pair_nothing(bytes: usize, turns: u64) {
    for _ in 0..turns {
        keep(bytes as *const u8);
    }
}

#[inline(never)]
extern "C" fn batch(bytes: usize, turns: u64, blocks: *mut *mut u8) {
    for turn in 0..turns as usize {
        // SAFETY: any number of bytes may be asked for.
        let block = unsafe { malloc(bytes) };
        // SAFETY: must be a place in the array. The driver's turns are at most its length.
        unsafe { blocks.wrapping_add(turn).write(block) };
    }
    free_each(0, turns, blocks);
}

#[inline(never)]
extern "C" fn batch_nothing(bytes: usize, turns: u64, blocks: *mut *mut u8) {
    for turn in 0..turns as usize {
        // SAFETY: must be a place in the array. The driver's turns are at most its length.
        unsafe { blocks.wrapping_add(turn).write(bytes as *mut u8) };
    }
    free_each_nothing(0, turns, blocks);
}

#[inline(never)]
extern "C" fn free_each(_unused: usize, turns: u64, blocks: *mut *mut u8) {
    for turn in 0..turns as usize {
        // SAFETY: must be a place in the array. The driver's turns are at most its length.
        let block = unsafe { blocks.wrapping_add(turn).read() };
        // SAFETY: must be a live block that nobody uses. The caller filled the array with such blocks.
        unsafe { free(block) };
    }
}

#[inline(never)]
extern "C" fn free_each_nothing(_unused: usize, turns: u64, blocks: *mut *mut u8) {
    for turn in 0..turns as usize {
        // SAFETY: must be a place in the array. The driver's turns are at most its length.
        keep(unsafe { blocks.wrapping_add(turn).read() });
    }
}
