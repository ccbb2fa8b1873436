//! Faults beside each other: refusals at random points, exits while others free, shutdowns while threads work, forks.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Barrier, Mutex};

use bench_measured::rng::Rng;
use compiler_alloc::profile::{hosted_server, hosted_small};
use compiler_alloc::span::CheckError;

use super::super::bench::{Bench, ensure};
use super::{Block, Thread, Way, end, heap};

const THREADS: usize = 4;
const STEPS: usize = 4_000;
const SLOTS: usize = 64;
/// More than any idle run of the scenario.
const REFUSED_BYTES: usize = 64 << 20;

/// Threads exchange blocks through shared places while the page source refuses at random points; nothing is lost or shared, and memory serves
/// again afterwards.
pub(in super::super) fn random_refusals<W: Way>(bench: &mut Bench, seed: u64) -> Result<(), String> {
    for round in 0..4 {
        bench.renew();
        let heap = heap::<W>(bench);
        let pages = bench.pages();
        let slots: Vec<Mutex<Option<Block>>> = (0..SLOTS).map(|_| Mutex::new(None)).collect();
        let (refused, broken) = (AtomicU64::new(0), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for index in 0..THREADS {
                let (slots, refused, broken) = (&slots, &refused, &broken);
                scope.spawn(move || {
                    let mut rng = Rng::new(seed ^ round << 8 ^ index as u64);
                    let mut thread = Thread::new(heap, index);
                    for step in 0..STEPS {
                        if step % 50 == 0 {
                            pages.refuse_requests(rng.below(4), rng.below(200));
                        }
                        let bytes = if rng.below(8) == 0 {
                            rng.between(6_000, 400_000)
                        } else {
                            rng.between(8, 6_000)
                        };
                        let new = thread.alloc(bytes, step as u8);
                        refused.fetch_add(u64::from(new.is_none()), Ordering::Relaxed);
                        let Ok(mut slot) = slots[rng.below(SLOTS)].lock() else { return };
                        if let Some(old) = std::mem::replace(&mut *slot, new) {
                            drop(slot);
                            broken.fetch_add(u64::from(!old.is_whole()), Ordering::Relaxed);
                            thread.free(old);
                        }
                    }
                });
            }
        });
        // The code of a refusal, from the backend itself: a null pointer has none.
        pages.refuse_requests(0, usize::MAX);
        let fault = bench.backend.acquire(REFUSED_BYTES).err().ok_or("nothing was refused")?;
        bench.note_code(&fault);
        pages.refuse_nothing();
        bench.operations += (2 * THREADS * STEPS) as u64;
        bench.refused += refused.into_inner();
        ensure(broken.into_inner() == 0, || "a block was changed by somebody else".to_owned())?;
        let mut last = Thread::new(heap, THREADS);
        ensure(last.alloc(1 << 20, 1).map(|block| last.free(block)).is_some(), || {
            "no memory although nothing is refused".to_owned()
        })?;
        slots
            .into_iter()
            .filter_map(|slot| slot.into_inner().ok().flatten())
            .for_each(|block| last.free(block));
        drop(last);
        bench.check()?;
        end(bench, heap)?;
    }
    Ok(())
}

/// One thread after the other ends at the very moment when three others free its blocks.
pub(in super::super) fn exit_with_pending<W: Way>(bench: &mut Bench, seed: u64) -> Result<(), String> {
    let heap = heap::<W>(bench);
    for round in 0..60_u64 {
        let mut owner = Thread::new(heap, 0);
        let mut rng = Rng::new(seed ^ round);
        let mut shares: Vec<Vec<Block>> = (1..THREADS).map(|_| Vec::new()).collect();
        for step in 0..1_500 {
            let block = owner.alloc(rng.between(1, 2_000), step as u8).ok_or("no memory")?;
            shares[step % (THREADS - 1)].push(block);
        }
        let begin = Barrier::new(THREADS);
        std::thread::scope(|scope| {
            for (index, share) in shares.into_iter().enumerate() {
                let begin = &begin;
                scope.spawn(move || {
                    let mut thread = Thread::new(heap, index + 1);
                    begin.wait();
                    share.into_iter().for_each(|block| thread.free(block));
                });
            }
            begin.wait();
            drop(owner);
        });
        bench.operations += 2 * 1_500;
        bench.check()?;
    }
    end(bench, heap)
}

/// The backend is shut down again and again while threads free each other's blocks; each time it reports what lives, and when the threads
/// have ended nothing does.
pub(in super::super) fn in_flight<W: Way>(bench: &mut Bench, seed: u64) -> Result<(), String> {
    let heap = heap::<W>(bench);
    let slots: Vec<Mutex<Option<Block>>> = (0..SLOTS).map(|_| Mutex::new(None)).collect();
    let (is_over, broken) = (AtomicBool::new(false), AtomicU64::new(0));
    let mut main = Thread::new(heap, 0);
    let held = main.alloc(500, 7).ok_or("no memory")?;
    let reports: Vec<_> = std::thread::scope(|scope| {
        for index in 1..THREADS {
            let (slots, is_over, broken) = (&slots, &is_over, &broken);
            scope.spawn(move || {
                let mut rng = Rng::new(seed ^ index as u64);
                let mut thread = Thread::new(heap, index);
                for step in 0_usize.. {
                    let new = thread.alloc(rng.between(1, 9_000), step as u8);
                    let Ok(mut slot) = slots[rng.below(SLOTS)].lock() else { return };
                    if let Some(old) = std::mem::replace(&mut *slot, new) {
                        drop(slot);
                        broken.fetch_add(u64::from(!old.is_whole()), Ordering::Relaxed);
                        thread.free(old);
                    }
                    if step > STEPS && is_over.load(Ordering::Relaxed) {
                        return;
                    }
                }
            });
        }
        let reports = (0..50).map(|_| bench.backend.shutdown().leak()).collect();
        is_over.store(true, Ordering::Relaxed);
        reports
    });
    bench.operations += (2 * (THREADS - 1) * STEPS) as u64;
    ensure(broken.into_inner() == 0 && held.is_whole(), || "a block was changed".to_owned())?;
    for leak in reports {
        bench.note_code(&leak.ok_or("a shutdown did not see what lives")?);
    }
    slots.into_iter().filter_map(|slot| slot.into_inner().ok().flatten()).for_each(|block| main.free(block));
    main.free(held);
    drop(main);
    end(bench, heap)
}

/// A heap of the whole process.
#[derive(Clone, Copy)]
struct ProcessHeap {
    allocate: fn(usize) -> *mut u8,
    free: unsafe fn(*mut u8),
    check: fn() -> Result<(), CheckError>,
}

/// Children of a process whose heap is that of `hosted-small`.
pub(in super::super) fn fork_small(bench: &mut Bench, seed: u64) -> Result<(), String> {
    use hosted_small::{allocate, check, free};
    fork(ProcessHeap { allocate, free, check }, bench, seed)
}

/// Children of a process whose heap is that of `hosted-server`.
pub(in super::super) fn fork_server(bench: &mut Bench, seed: u64) -> Result<(), String> {
    use hosted_server::{allocate, check, free};
    fork(ProcessHeap { allocate, free, check }, bench, seed)
}

/// Children that come while other threads of the parent are inside the heap of the process.
fn fork(heap: ProcessHeap, bench: &mut Bench, seed: u64) -> Result<(), String> {
    const CHILDREN: usize = 12;
    let is_over = AtomicBool::new(false);
    let ended: Result<Vec<()>, String> = std::thread::scope(|scope| {
        for index in 1..THREADS {
            let is_over = &is_over;
            scope.spawn(move || {
                let mut rng = Rng::new(seed ^ index as u64);
                while !is_over.load(Ordering::Relaxed) {
                    use_process_heap(heap, &mut rng, 200);
                }
            });
        }
        let mut rng = Rng::new(seed);
        let ended = (0..CHILDREN)
            .map(|_| {
                use_process_heap(heap, &mut rng, 200);
                child_works(heap, &mut rng)
            })
            .collect();
        is_over.store(true, Ordering::Relaxed);
        ended
    });
    ended?;
    bench.operations += CHILDREN as u64;
    (heap.check)().map_err(|error| format!("the validator of the process's heap: {error}"))?;
    bench.shut_down_clean()
}

/// Blocks of the process's heap, each written and freed; whether all were there.
fn use_process_heap(heap: ProcessHeap, rng: &mut Rng, steps: usize) -> bool {
    (0..steps).all(|_| {
        let bytes = rng.between(1, 40_000);
        let block = (heap.allocate)(bytes);
        if block.is_null() {
            return false;
        }
        // SAFETY: must be that many writable bytes. They were just allocated.
        unsafe { block.write_bytes(1, bytes) };
        // SAFETY: must be a block that nobody uses again. It was allocated above.
        unsafe { (heap.free)(block) };
        true
    })
}

/// Forks; the child uses the heap of the process, validates it, and says by its exit code whether that went well.
fn child_works(heap: ProcessHeap, rng: &mut Rng) -> Result<(), String> {
    // SAFETY: must not run code in the child that needs a lock which another thread held. The child calls the heap, whose handlers take
    // its locks over the fork, and `_exit`.
    let child = unsafe { libc::fork() };
    if child == 0 {
        // SAFETY: as any call of it. A child that hangs ends by the signal, which the parent reports.
        unsafe { libc::alarm(20) };
        let works = use_process_heap(heap, rng, 500) && (heap.check)().is_ok();
        // SAFETY: as any call of it. Nothing of the child runs after it.
        unsafe { libc::_exit(i32::from(!works)) };
    }
    ensure(child > 0, || "the system has no process left".to_owned())?;
    let mut status = 0;
    // SAFETY: must be a child of ours and a place for its status. Both are.
    let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
    ensure(waited == child && status == 0, || format!("a child ended with status {status:#x}"))
}
