//! Cases of an actor's heap: directed worst cases and random operations.

use std::alloc::Layout;
use std::ptr::NonNull;

use compiler_alloc::profile::realtime::{ActorHeap, Realtime, RemoteBox, RemoteSender};

use super::Case;
use super::counted::Counted;
use super::trap_flag::{Stepped, step};
use crate::rng::Rng;

/// Sizes of the quotas' blocks.
const QUOTAS: [usize; 8] = [16, 24, 64, 100, 256, 1000, 4096, 20_000];
const BLOCKS: usize = 512;
const CAPACITY: usize = 32 << 20;
const CREDITS: usize = 1024;

/// Random operations hold at most so many blocks.
const HELD_MAX: usize = 20_000;

type Message = [u64; 8];

fn heap(capacity: usize, with_quotas: bool) -> ActorHeap {
    let mut builder = Realtime::builder().capacity(capacity).senders(2, CREDITS).best_effort_locking();
    if with_quotas {
        for bytes in QUOTAS {
            builder = builder.quota(layout(bytes, 8), BLOCKS);
        }
        builder = builder.quota(Layout::new::<Message>(), 2 * CREDITS);
    }
    builder.seal().expect("the machine has the memory")
}

#[inline(never)]
extern "C" fn allocate(heap: &ActorHeap, bytes: usize, align: usize) -> *mut u8 {
    // SAFETY: needs a power of two and a size that does not overflow; the cases pass both from layouts.
    let layout = unsafe { Layout::from_size_align_unchecked(bytes, align) };
    heap.allocate(layout).map_or(std::ptr::null_mut(), NonNull::as_ptr)
}

#[inline(never)]
unsafe extern "C" fn deallocate(heap: &ActorHeap, block: NonNull<u8>, bytes: usize, align: usize) {
    // SAFETY: needs a power of two and a size that does not overflow; the cases pass both from layouts.
    let layout = unsafe { Layout::from_size_align_unchecked(bytes, align) };
    // SAFETY: needs a block that was handed out for the layout and is not used any more; the cases pass such.
    unsafe { heap.deallocate(block, layout) };
}

#[inline(never)]
unsafe extern "C" fn send_raw(
    sender: &mut RemoteSender,
    block: NonNull<u8>,
    bytes: usize,
    align: usize,
) -> bool {
    // SAFETY: needs a power of two and a size that does not overflow; the cases pass both from layouts.
    let layout = unsafe { Layout::from_size_align_unchecked(bytes, align) };
    // SAFETY: needs a block of the sender's actor that is not used any more; the cases pass such.
    unsafe { sender.send_raw(block, layout) }.is_ok()
}

#[inline(never)]
unsafe extern "C" fn send_box(sender: &mut RemoteSender, place: *mut RemoteBox<Message>) -> bool {
    // SAFETY: needs a live box that nobody uses again; the cases pass a place and forget it.
    let remote = unsafe { place.read() };
    sender.send(remote).map_err(std::mem::forget).is_ok()
}

#[inline(never)]
extern "C" fn drain(heap: &ActorHeap, messages_max: usize) -> usize {
    heap.drain(messages_max)
}

/// Copies of allocating and freeing that count themselves.
pub struct Copies {
    allocate: Counted,
    deallocate: Counted,
}

impl Copies {
    /// Copies both.
    ///
    /// # Errors
    /// What has no copy.
    pub fn new() -> Result<Self, String> {
        // SAFETY: needs a function of this program; it is one.
        let allocate = unsafe { Counted::copy(allocate as *const ()) }?;
        // SAFETY: as above.
        let deallocate = unsafe { Counted::copy(deallocate as *const ()) }?;
        Ok(Copies { allocate, deallocate })
    }

    /// The longest path of each through its code, a line of two columns; `-` where there is none, because the code has a loop.
    pub fn lines(&self) -> [String; 2] {
        [("allocate", &self.allocate), ("deallocate", &self.deallocate)].map(|(name, copy)| {
            let longest = copy.longest_path().map_or("-".to_owned(), |longest| longest.to_string());
            format!("longest-path\t{name}\t{longest}")
        })
    }
}

/// How operations are counted.
#[derive(Clone, Copy)]
enum Meter<'m> {
    /// Each is stepped.
    Steps,
    /// Each counts itself.
    Copies(&'m Copies),
}

impl Meter<'_> {
    /// Calls a function, or its copy, which `of` finds, and counts.
    ///
    /// # Safety
    /// - `function` may be called with these arguments, and `of` finds its copy.
    unsafe fn call(
        self,
        function: *const (),
        of: impl FnOnce(&Copies) -> &Counted,
        arguments: [usize; 4],
    ) -> (usize, Stepped) {
        let copy = match self {
            // SAFETY: the caller keeps the duties, which are the same.
            Meter::Steps => return unsafe { step(function, arguments) },
            Meter::Copies(copies) => of(copies),
        };
        // SAFETY: the caller keeps the duties; the program that calls it has one thread.
        let (answer, instructions) = unsafe { copy.call(arguments) };
        // The copy knows for all calls whether one could do that.
        let (loops, enters) = (copy.longest_path().is_none(), copy.enters_kernel());
        (answer, Stepped { instructions, repeated: loops.into(), system_calls: enters.into() })
    }
}

struct Stepper<'c> {
    heap: &'c ActorHeap,
    meter: Meter<'c>,
    alloc: Case,
    free: Case,
    refused: Case,
}

impl<'c> Stepper<'c> {
    fn new(heap: &'c ActorHeap, meter: Meter<'c>, name: &str) -> Self {
        let case = |what| Case::new(format!("{name}-{what}"));
        Stepper { heap, meter, alloc: case("alloc"), free: case("free"), refused: case("refused") }
    }

    fn allocate(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        let heap = &raw const *self.heap as usize;
        let arguments = [heap, layout.size(), layout.align(), 0];
        // SAFETY: needs a function that may be called so; it takes a heap, which is borrowed, and a layout's numbers.
        let (block, stepped) =
            unsafe { self.meter.call(allocate as *const (), |copies| &copies.allocate, arguments) };
        let block = NonNull::new(std::ptr::with_exposed_provenance_mut::<u8>(block));
        if block.is_some() { &mut self.alloc } else { &mut self.refused }.add(stepped);
        block
    }

    fn deallocate(&mut self, block: NonNull<u8>, layout: Layout) {
        let (heap, at) = (&raw const *self.heap as usize, block.as_ptr().expose_provenance());
        let arguments = [heap, at, layout.size(), layout.align()];
        // SAFETY: as above, for a block that `allocate` gave for this layout and that the cases forget.
        let (_, stepped) =
            unsafe { self.meter.call(deallocate as *const (), |copies| &copies.deallocate, arguments) };
        self.free.add(stepped);
    }

    fn into_cases(self) -> Vec<Case> {
        vec![self.alloc, self.free, self.refused]
    }
}

fn layout(bytes: usize, align: usize) -> Layout {
    Layout::from_size_align(bytes, align).expect("a power of two")
}

/// The first operations of a random program are stepped too, so many at most, which must give the same counts.
const STEPPED_MAX: usize = 1000;

/// A random program on a heap that `seal` makes, each operation counted by the copies.
fn random(
    copies: &Copies,
    name: &str,
    seed: u64,
    operations: usize,
    seal: impl Fn() -> ActorHeap,
    draw: impl Fn(&mut Rng) -> Layout,
) -> Vec<Case> {
    let stepped = play(&seal(), Meter::Steps, name, seed, operations.min(STEPPED_MAX), &draw);
    let counted = play(&seal(), Meter::Copies(copies), name, seed, operations, &draw);
    for (counted, stepped) in counted.iter().zip(&stepped) {
        assert!(counted.begins_as(stepped), "{name}: copies count otherwise than stepping");
    }
    counted
}

/// Half of the random operations allocate, the others free a block at random; where there is no room a block is freed.
fn play(
    heap: &ActorHeap,
    meter: Meter<'_>,
    name: &str,
    seed: u64,
    operations: usize,
    draw: impl Fn(&mut Rng) -> Layout,
) -> Vec<Case> {
    let mut stepper = Stepper::new(heap, meter, name);
    let mut rng = Rng::new(seed);
    let mut held: Vec<(NonNull<u8>, Layout)> = Vec::with_capacity(HELD_MAX);
    for _ in 0..operations {
        let wants_more = held.len() < HELD_MAX && rng.below(100) < 52;
        if wants_more || held.is_empty() {
            let layout = draw(&mut rng);
            if let Some(block) = stepper.allocate(layout) {
                held.push((block, layout));
                continue;
            }
        }
        if !held.is_empty() {
            let (block, layout) = held.swap_remove(rng.below(held.len()));
            stepper.deallocate(block, layout);
        }
    }
    for (block, layout) in held {
        // SAFETY: needs a block that was handed out for the layout; the random operations held it to the end.
        unsafe { heap.deallocate(block, layout) };
    }
    heap.check().expect("the heap is whole");
    stepper.into_cases()
}

/// Random operations on quotas.
pub fn random_quotas(copies: &Copies, seed: u64, operations: usize) -> Vec<Case> {
    random(
        copies,
        "quota-random",
        seed,
        operations,
        || heap(0, true),
        |rng| {
            let bytes_max = QUOTAS[rng.below(QUOTAS.len())];
            layout(1 + rng.below(bytes_max), 8)
        },
    )
}

/// Random operations on a region, alignment up to 16.
pub fn random_region(copies: &Copies, seed: u64, operations: usize) -> Vec<Case> {
    random(
        copies,
        "region-random",
        seed,
        operations,
        || heap(CAPACITY, false),
        |rng| {
            let bytes_max = 16 << rng.below(10);
            layout(1 + rng.below(bytes_max), 1 << rng.below(5))
        },
    )
}

/// Random operations on a region, alignment from 32 to 4096.
pub fn random_aligned(copies: &Copies, seed: u64, operations: usize) -> Vec<Case> {
    random(
        copies,
        "region-aligned",
        seed,
        operations,
        || heap(CAPACITY, false),
        |rng| {
            let bytes_max = 16 << rng.below(10);
            layout(1 + rng.below(bytes_max), 32 << rng.below(8))
        },
    )
}

/// Every shape of merging and splitting, for neighbours that are first and in the middle of their lists.
pub fn directed_region() -> Vec<Case> {
    let (mut alloc, mut free) = (Case::new("region-directed-alloc"), Case::new("region-directed-free"));
    for bytes in [1, 16, 17, 512, 1024, 1025, 4096, 65_000, 1 << 20] {
        for order in [[0, 2, 1], [2, 0, 1], [0, 1, 2], [1, 0, 2]] {
            let heap = heap(CAPACITY, false);
            let mut stepper = Stepper::new(&heap, Meter::Steps, "");
            let of = layout(bytes, 16);
            let take = |stepper: &mut Stepper<'_>| stepper.allocate(of).expect("the region is large enough");
            // Three neighbours that are freed, and a guard that is not.
            let rows: Vec<[NonNull<u8>; 4]> = (0..4).map(|_| [(); 4].map(|()| take(&mut stepper))).collect();
            for (place, rotated) in order.into_iter().zip([0, 1, 3]) {
                for row in rows.iter().skip(rotated).chain(rows.iter().take(rotated)) {
                    stepper.deallocate(row[place], of);
                }
            }
            // The first of three splits what was merged, the last takes what is left whole.
            let again: Vec<NonNull<u8>> = (0..12).map(|_| take(&mut stepper)).collect();
            for block in again.into_iter().chain(rows.iter().map(|row| row[3])) {
                stepper.deallocate(block, of);
            }
            heap.check().expect("the heap is whole");
            alloc.join(stepper.alloc);
            free.join(stepper.free);
        }
    }
    vec![alloc, free]
}

/// Sending, draining, and the local path with a thousand messages waiting and with none.
pub fn messages(rounds: usize) -> Vec<Case> {
    let heap = heap(0, true);
    let mut sender = heap.sender().expect("two senders were declared");
    let of = Layout::new::<Message>();
    let (mut raw, mut boxed) = (Case::new("send-raw"), Case::new("send-box"));
    let mut drains: Vec<(usize, Case)> = [0, 1, 8, 64]
        .into_iter()
        .map(|messages| (messages, Case::new(format!("drain-{messages}"))))
        .collect();
    let (mut pending, mut quiet) = (
        Stepper::new(&heap, Meter::Steps, "quota-pending"),
        Stepper::new(&heap, Meter::Steps, "quota-quiet"),
    );
    let pairs = |stepper: &mut Stepper<'_>| {
        for bytes in QUOTAS {
            let block = stepper.allocate(layout(bytes, 8)).expect("quota");
            stepper.deallocate(block, layout(bytes, 8));
        }
    };
    let (at_heap, at_sender) = (&raw const heap as usize, &raw mut sender as usize);
    for _ in 0..rounds {
        for index in 0..CREDITS {
            let (function, arguments, case);
            let mut place;
            if index % 2 == 0 {
                let block = heap.try_allocate(of).expect("quota").as_ptr().expose_provenance();
                (function, arguments, case) =
                    (send_raw as *const (), [at_sender, block, of.size(), of.align()], &mut raw);
            } else {
                place = std::mem::ManuallyDrop::new(heap.alloc([index as u64; 8]).into_remote());
                (function, arguments, case) =
                    (send_box as *const (), [at_sender, &raw mut place as usize, 0, 0], &mut boxed);
            }
            // SAFETY: needs a function that may be called so; the sender is ours, block and box are live and forgotten here.
            let (is_sent, stepped) = unsafe { step(function, arguments) };
            assert_eq!(is_sent & 255, 1, "there is credit");
            case.add(stepped);
        }
        pairs(&mut pending);
        let (mut left, mut turn) = (CREDITS, 0);
        while left > 0 {
            let place = turn % drains.len();
            let (messages, case) = &mut drains[place];
            // SAFETY: needs a function that may be called so; it takes a heap and a number.
            let (drained, stepped) = unsafe { step(drain as *const (), [at_heap, *messages, 0, 0]) };
            if drained == *messages {
                case.add(stepped);
            }
            (left, turn) = (left - drained, turn + 1);
        }
        pairs(&mut quiet);
    }
    heap.check().expect("the heap is whole");
    let mut cases = vec![raw, boxed];
    cases.extend(drains.into_iter().map(|(_, case)| case));
    cases.extend(quiet.into_cases());
    cases.extend(pending.into_cases());
    cases
}

/// Page faults, minor and major, of so many operations on a heap with quotas and a region, sends and drains among them, that are not
/// stepped. The operations' own records are touched before.
pub fn faults(seed: u64, operations: usize) -> (i64, i64) {
    let heap = heap(CAPACITY, true);
    let mut sender = heap.sender().expect("two senders were declared");
    let mut rng = Rng::new(seed);
    let mut held: Vec<(usize, Layout)> = vec![(0, Layout::new::<u8>()); HELD_MAX];
    held.clear();
    let mut run = |operations: usize| {
        for _ in 0..operations {
            let bytes_max = 16 << rng.below(12);
            let of = layout(1 + rng.below(bytes_max), 8);
            let wants_more = held.len() < HELD_MAX && rng.below(100) < 52;
            if wants_more && let Some(block) = heap.allocate(of) {
                // SAFETY: needs writable memory; the block was handed out for at least a byte.
                unsafe { block.write(1) };
                held.push((block.as_ptr().expose_provenance(), of));
                continue;
            }
            if held.is_empty() {
                continue;
            }
            let (block, of) = held.swap_remove(rng.below(held.len()));
            let block = NonNull::new(std::ptr::with_exposed_provenance_mut(block)).expect("an address");
            // SAFETY: needs a block of this actor and layout that nobody uses any more; it was held and is forgotten here.
            if rng.below(4) > 0 || unsafe { sender.send_raw(block, of) }.is_err() {
                // SAFETY: as above; it was not sent.
                unsafe { heap.deallocate(block, of) };
            }
            if rng.below(64) == 0 {
                heap.drain(32);
            }
        }
    };
    // The code of every path, and the stack.
    run(1000);
    let before = usage();
    run(operations);
    let after = usage();
    (after.0 - before.0, after.1 - before.1)
}

/// Page faults of this thread so far, minor and major.
fn usage() -> (i64, i64) {
    // SAFETY: needs a valid value of a structure of integers. All zeroes is one.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: needs a place for the answer, which is ours.
    let result = unsafe { libc::getrusage(libc::RUSAGE_THREAD, &raw mut usage) };
    assert_eq!(result, 0, "the system counts faults");
    (usage.ru_minflt, usage.ru_majflt)
}
