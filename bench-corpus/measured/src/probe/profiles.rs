//! Probes of the profiles beside `hosted-small`: one allocation and one free of each by its Rust interface, entry to return.
//!
//! The cases whose names end in `-pending` are the same calls while 1,000 frees of another thread wait for their owner.

use std::alloc::Layout;
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::sync::mpsc::{Receiver, Sender, channel};

use compiler_alloc::profile::freestanding::Freestanding;
use compiler_alloc::profile::hosted_server;
use compiler_alloc::profile::realtime::{ActorBox, Realtime, RemoteBox, RemoteSender};

use super::cases::{Case, Face, ProbeShape};
use super::drive::{Arguments, Driver, WARM_CALLS};

/// Frees that wait for their owner.
const PENDING: usize = 1000;

/// Measured calls after the warm ones.
const MEASURED_CALLS: usize = 3;

/// Bytes of a block of the heap.
const SERVER_BYTES: usize = 16;

/// What an actor's and a board's blocks hold.
type Value = [u64; 8];

const VALUE: Layout = Layout::new::<Value>();

/// Storage of the freestanding heap.
const STORAGE_BYTES: usize = 1 << 20;

const fn single(name: &'static str, what: &'static str) -> Case {
    Case { name, shape: ProbeShape::Single, what, face: Face::Rust }
}

/// Cases of these profiles.
pub const PROFILE_CASES: &[Case] = &[
    single("hosted-server-malloc-16", "`hosted_server::allocate(16)` from entry to return"),
    single(
        "hosted-server-free-16",
        "`hosted_server::free` of a block of 16 bytes by its owner, from entry to return",
    ),
    single("hosted-server-malloc-16-pending", "the same as hosted-server-malloc-16 while 1,000 frees wait"),
    single("hosted-server-free-16-pending", "the same as hosted-server-free-16 while 1,000 frees wait"),
    single(
        "realtime-alloc-64",
        "`ActorHeap::try_allocate` of 64 bytes, layout known at compile time, from entry to return",
    ),
    single("realtime-dealloc-64", "`ActorHeap::deallocate` of such a block, from entry to return"),
    single("realtime-alloc-64-pending", "the same as realtime-alloc-64 while 1,000 messages wait"),
    single("realtime-dealloc-64-pending", "the same as realtime-dealloc-64 while 1,000 messages wait"),
    single(
        "freestanding-alloc-64",
        "`Freestanding::allocate` of 64 bytes, layout known at compile time, from entry to return",
    ),
    single("freestanding-dealloc-64", "`Freestanding::deallocate` of such a block, from entry to return"),
];

/// Drives the probe of a case. `None` when the case is not one of them.
pub(super) fn drive(name: &str, driver: Driver) -> Option<()> {
    let case = PROFILE_CASES.iter().find(|case| case.name == name)?;
    let is_pending = name.ends_with("-pending");
    let is_free = name.contains("-free-") || name.contains("-dealloc-");
    match name.split('-').next() {
        Some("hosted") => drive_server(case, driver, is_free, is_pending),
        Some("realtime") => drive_actor(case, driver, is_free, is_pending),
        _ => drive_storage(case, driver, is_free),
    }
    Some(())
}

/// Drives the twin of a case. `None` when the case is not one of them.
pub(super) fn drive_twin(name: &str, driver: Driver) -> Option<()> {
    let case = PROFILE_CASES.iter().find(|case| case.name == name)?;
    // SAFETY: the function takes no argument.
    unsafe { driver.drive(nothing as *const (), [0; 5], case.shape, || ()) };
    Some(())
}

fn drive_server(case: &Case, driver: Driver, is_free: bool, is_pending: bool) {
    let helper = Helper::start(|blocks: Vec<usize>| {
        for block in blocks {
            // SAFETY: must be a live block that nobody uses. The sender allocated it and forgot it.
            unsafe { hosted_server::free(std::ptr::with_exposed_provenance_mut(block)) };
        }
    });
    let function = if is_free { server_free as *const () } else { server_malloc as *const () };
    let before = |arguments: &mut Arguments| {
        let block = hosted_server::allocate(SERVER_BYTES);
        if is_pending {
            let blocks = (0..PENDING).map(|_| hosted_server::allocate(SERVER_BYTES).expose_provenance());
            // Nothing of this thread comes between their return and the measured call, so none of them can have been taken back.
            helper.ask(blocks.collect());
        }
        arguments[0] = if is_free { block as usize } else { SERVER_BYTES };
    };
    // SAFETY: the function takes a size, or a block that `before` allocated and forgot. What is allocated leaks.
    unsafe { driver.drive_with(function, [0; 5], case.shape, before) };
    helper.end();
}

fn drive_actor(case: &Case, driver: Driver, is_free: bool, is_pending: bool) {
    let calls = 2 * (WARM_CALLS + MEASURED_CALLS);
    let heap = Realtime::builder()
        .quota(VALUE, calls + 2 * PENDING)
        .senders(1, 2 * PENDING)
        .best_effort_locking()
        .seal()
        .expect("memory for one actor");
    let mut sender: RemoteSender = heap.sender().expect("one sender was declared");
    let helper = Helper::start(move |boxes: Vec<RemoteBox<Value>>| {
        for remote in boxes {
            sender.send(remote).expect("credits for all messages");
        }
    });
    let function = if is_free { actor_dealloc as *const () } else { actor_alloc as *const () };
    let arguments: Arguments = [&raw const heap as usize, 0, 0, 0, 0];
    let before = |arguments: &mut Arguments| {
        heap.drain(usize::MAX);
        let block = heap.try_allocate(VALUE).expect("the quota has room");
        if is_pending {
            let boxes = (0..PENDING).map(|index| heap.alloc([index as u64; 8])).map(ActorBox::into_remote);
            helper.ask(boxes.collect());
        }
        if is_free {
            // The second argument is the number of turns, which a single call does not take.
            arguments[2] = block.as_ptr() as usize;
        } else {
            // SAFETY: must be a live block of this layout. It was allocated above.
            unsafe { heap.deallocate(block, VALUE) };
        }
    };
    // SAFETY: the function takes the heap, which lives to the end of this function, a number and, to free it, a block that `before` allocated.
    unsafe { driver.drive_with(function, arguments, case.shape, before) };
    helper.end();
}

fn drive_storage(case: &Case, driver: Driver, is_free: bool) {
    let mut storage = vec![MaybeUninit::<u8>::uninit(); STORAGE_BYTES];
    let heap = Freestanding::new(&mut storage).expect("enough storage");
    // A class has a slab page only while the region has lent four of its blocks.
    for _ in 0..4 {
        heap.allocate(VALUE).expect("the storage has room");
    }
    let function = if is_free { storage_dealloc as *const () } else { storage_alloc as *const () };
    let arguments: Arguments = [&raw const heap as usize, 0, 0, 0, 0];
    let before = |arguments: &mut Arguments| {
        let block = heap.allocate(VALUE).expect("the storage has room");
        if is_free {
            arguments[2] = block.as_ptr() as usize;
        }
    };
    // SAFETY: as above; what is allocated and not freed stays in the storage.
    unsafe { driver.drive_with(function, arguments, case.shape, before) };
}

/// Another thread, which does one thing with what it is sent and answers when it has done it.
struct Helper<O> {
    orders: Sender<O>,
    done: Receiver<()>,
    thread: std::thread::JoinHandle<()>,
}

impl<O: Send + 'static> Helper<O> {
    fn start(mut work: impl FnMut(O) + Send + 'static) -> Self {
        let (orders, asked) = channel();
        let (answer, done) = channel();
        let thread = std::thread::spawn(move || {
            for order in asked {
                work(order);
                if answer.send(()).is_err() {
                    return;
                }
            }
        });
        Self { orders, done, thread }
    }

    fn ask(&self, order: O) {
        self.orders.send(order).expect("the helper waits for orders");
        self.done.recv().expect("the helper answers");
    }

    fn end(self) {
        drop(self.orders);
        self.thread.join().expect("the helper does not panic");
    }
}

#[inline(never)]
extern "C" fn nothing() {}

#[inline(never)]
extern "C" fn server_malloc(bytes: usize) -> *mut u8 {
    hosted_server::allocate(bytes)
}

#[inline(never)]
extern "C" fn server_free(block: *mut u8) {
    // SAFETY: must be a block that nobody uses again. The driver allocated it for this call.
    unsafe { hosted_server::free(block) }
}

#[inline(never)]
extern "C" fn actor_alloc(heap: &compiler_alloc::actor::ActorHeap) -> *mut u8 {
    heap.try_allocate(VALUE).map_or(std::ptr::null_mut(), NonNull::as_ptr)
}

#[inline(never)]
extern "C" fn actor_dealloc(heap: &compiler_alloc::actor::ActorHeap, _turns: u64, block: NonNull<u8>) {
    // SAFETY: must be a block of this layout that nobody uses again. The driver allocated it for this call.
    unsafe { heap.deallocate(block, VALUE) }
}

#[inline(never)]
extern "C" fn storage_alloc(heap: &Freestanding<'_>) -> *mut u8 {
    heap.allocate(VALUE).map_or(std::ptr::null_mut(), NonNull::as_ptr)
}

#[inline(never)]
extern "C" fn storage_dealloc(heap: &Freestanding<'_>, _turns: u64, block: NonNull<u8>) {
    // SAFETY: must be a block of this layout that nobody uses again. The driver allocated it for this call.
    unsafe { heap.deallocate(block, VALUE) }
}
