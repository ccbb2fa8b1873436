//! Several threads on one heap: remote frees, drain points, abandoned slabs, threads that only free.
//!
//! A thread heap is a value, so most of these tests play several threads on one, in a fixed order.

use crate::heap_thread::{Block, Thread, new_map};
use compiler_alloc::heap::{self, Heap, Here, ThreadHeap, ThreadToken};
use compiler_alloc::page_source::MmapPages;
use compiler_alloc::span::SpanBackend;
use std::cell::{Cell, UnsafeCell};
use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{OnceLock, mpsc};

const UNIT_BYTES: usize = 64 << 10;

/// Runs `work` on a new heap, after which every thread of it has ended.
fn with_heap(work: impl for<'h> FnOnce(&'h Heap<'h, MmapPages>)) {
    let backend = SpanBackend::new(MmapPages::new());
    let map = new_map();
    // SAFETY: needs a map that is zero and that no other heap uses; it was made for this one.
    let heap = unsafe { Heap::new(&backend, &map) };
    work(&heap);
    backend.check().unwrap();
}

/// As [`with_heap`]; when `work` is over, every block was freed, and nothing lives.
fn with_heap_that_ends_empty(work: impl for<'h> FnOnce(&'h Heap<'h, MmapPages>)) {
    with_heap(|heap| {
        work(heap);
        assert_eq!(heap.central_counts().waiting, 0, "abandoned slabs are left");
        assert_eq!(heap.backend().stats().heap_live_bytes, 0, "spans are left");
        assert_eq!(heap.backend().stats().threads, 0, "thread records are left");
    });
}

fn held_bytes(heap: &Heap<'_, MmapPages>) -> usize {
    heap.backend().stats().heap_live_bytes
}

#[test]
fn refill_takes_what_another_thread_freed() {
    for bytes in [16, 100, 1024, 5000, 32 << 10] {
        with_heap_that_ends_empty(|heap| {
            let (mut owner, mut other) = (Thread::new(heap), Thread::new(heap));
            let mut blocks = owner.alloc_many(3 * UNIT_BYTES.div_ceil(bytes), bytes);
            let held = held_bytes(heap);
            for _ in 0..20 {
                other.free_all(blocks.drain(..));
                other.collect();
                blocks = owner.alloc_many(3 * UNIT_BYTES.div_ceil(bytes), bytes);
                assert_eq!(held_bytes(heap), held, "blocks of {bytes} bytes were not found");
            }
            owner.free_all(blocks);
        });
    }
}

#[test]
fn a_block_that_two_threads_free_is_given_out_once() {
    for between in [0, 1, 40] {
        with_heap(|heap| {
            let mut owner = Thread::new(heap);
            let blocks = owner.alloc_many(200, 64);
            Thread::new(heap).free(blocks[0]);
            Thread::new(heap).free_all(blocks[1..=between].iter().copied());
            Thread::new(heap).free(blocks[0]);
            let given: Vec<_> = owner.alloc_many(3000, 64);
            let mut seen = HashSet::new();
            assert!(
                given.iter().all(|&block| seen.insert(block)),
                "a block twice, {between} others freed between"
            );
            let live = &blocks[between + 1..];
            assert!(live.iter().all(|block| !seen.contains(block)), "a live block was given out");
        });
    }
}

#[test]
fn an_owner_that_allocates_releases_what_other_threads_emptied() {
    with_heap_that_ends_empty(|heap| {
        let (mut owner, mut other) = (Thread::new(heap), Thread::new(heap));
        other.free_all(owner.alloc_many(40 * UNIT_BYTES / 1024, 1024));
        other.collect();
        assert_eq!(held_bytes(heap), 40 * UNIT_BYTES);
        let blocks = owner.alloc_many(12 * UNIT_BYTES / 1024, 1024);
        assert!(held_bytes(heap) <= 16 * UNIT_BYTES, "{} units are held", held_bytes(heap) / UNIT_BYTES);
        owner.free_all(blocks);
    });
}

#[test]
fn a_safepoint_releases_what_other_threads_emptied() {
    with_heap_that_ends_empty(|heap| {
        let (mut owner, mut other) = (Thread::new(heap), Thread::new(heap));
        let blocks = owner.alloc_many(10 * UNIT_BYTES / 64, 64);
        assert_eq!(held_bytes(heap), 10 * UNIT_BYTES);
        other.free_all(blocks);
        assert_eq!(held_bytes(heap), 10 * UNIT_BYTES, "the owner has not looked");
        other.collect();
        owner.collect();
        assert!(held_bytes(heap) <= UNIT_BYTES, "{} bytes are held", held_bytes(heap));
    });
}

#[test]
fn exit_releases_what_other_threads_emptied() {
    with_heap_that_ends_empty(|heap| {
        let (mut owner, mut other) = (Thread::new(heap), Thread::new(heap));
        let blocks = owner.alloc_many(1000, 100);
        other.free_all(blocks);
        drop(other);
        drop(owner);
        assert_eq!(heap.central_counts().abandoned, 0, "an empty slab is not abandoned");
    });
}

#[test]
fn every_slow_path_sends_the_outbox() {
    with_heap_that_ends_empty(|heap| {
        let (mut owner, mut other) = (Thread::new(heap), Thread::new(heap));
        let block = owner.alloc(64).unwrap();
        drop(owner);
        assert_eq!(heap.central_counts().waiting, 1);
        other.free(block);
        let own = other.alloc(5000).unwrap();
        assert_eq!(heap.central_counts().released, 1, "the refill sent the chain, which emptied the slab");
        other.free(own);
    });
}

#[test]
fn a_thread_that_only_frees_empties_an_abandoned_slab() {
    with_heap_that_ends_empty(|heap| {
        let mut owner = Thread::new(heap);
        let blocks = owner.alloc_many(5 * UNIT_BYTES / 128, 128);
        drop(owner);
        assert_eq!(heap.central_counts().waiting, 5);
        let records = (heap.record_bytes(), heap.backend().stats().threads);
        let mut freer = Thread::new(heap);
        freer.free_all(blocks);
        freer.collect();
        assert_eq!(heap.central_counts().released, 5);
        assert_eq!(held_bytes(heap), 0);
        assert_eq!((heap.record_bytes(), heap.backend().stats().threads), records, "it needed no memory");
    });
}

#[test]
fn an_abandoned_slab_is_adopted_by_who_needs_its_class() {
    with_heap_that_ends_empty(|heap| {
        let mut first = Thread::new(heap);
        let mut blocks = first.alloc_many(100, 64);
        first.free_all(blocks.drain(50..));
        drop(first);
        let counts = heap.central_counts();
        assert_eq!((counts.waiting, counts.abandoned), (1, 1));
        let mut second = Thread::new(heap);
        let other_class = second.alloc(128).unwrap();
        assert_eq!(heap.central_counts().adopted, 0, "another class");
        blocks.push(second.alloc(64).unwrap());
        let counts = heap.central_counts();
        assert_eq!((counts.waiting, counts.adopted), (0, 1));
        assert_eq!(held_bytes(heap), 2 * UNIT_BYTES);
        // The second thread is the owner now: these frees are local, and empty the slab.
        second.free_all(blocks);
        second.free(other_class);
    });
}

#[test]
fn a_full_abandoned_slab_is_not_adopted_until_it_has_room() {
    with_heap_that_ends_empty(|heap| {
        let mut first = Thread::new(heap);
        let mut blocks = first.alloc_many(UNIT_BYTES / 1024, 1024);
        drop(first);
        let (mut second, mut freer) = (Thread::new(heap), Thread::new(heap));
        let own = second.alloc(1024).unwrap();
        assert_eq!(heap.central_counts().adopted, 0);
        freer.free(blocks.pop().unwrap());
        drop(freer);
        let more = second.alloc_many(UNIT_BYTES / 1024, 1024);
        assert_eq!(heap.central_counts().adopted, 1);
        assert_eq!(held_bytes(heap), 2 * UNIT_BYTES);
        second.free_all(blocks);
        second.free_all(more);
        second.free(own);
    });
}

#[test]
fn a_large_allocation_is_freed_by_any_thread() {
    with_heap_that_ends_empty(|heap| {
        let (mut owner, mut other) = (Thread::new(heap), Thread::new(heap));
        let blocks = [owner.alloc(100_000).unwrap(), owner.alloc(3 << 20).unwrap()];
        other.free_all(blocks);
        drop(owner);
        let block = Thread::new(heap).alloc(1 << 20).unwrap();
        Thread::new(heap).free(block);
    });
}

#[test]
fn a_thread_that_is_ending_already_leaves_nothing_behind() {
    let backend = SpanBackend::new(MmapPages::new());
    let map = new_map();
    // SAFETY: needs a map that is zero and that no other heap uses; it was made for this one.
    let heap = unsafe { Heap::new(&backend, &map) }.on_first_use(|| false);
    let heap = &heap;
    // Nobody calls `exit` for these two: they leave at the end of every slow path.
    let (mut late, mut other) =
        (std::mem::ManuallyDrop::new(Thread::new(heap)), std::mem::ManuallyDrop::new(Thread::new(heap)));
    let small: Vec<_> = (0..100).map(|index| late.alloc(1 + index * 50).unwrap()).collect();
    let large = late.alloc(1 << 20).unwrap();
    assert_eq!(backend.stats().threads, 0, "the span cache was flushed at once");
    for (index, block) in small.into_iter().enumerate() {
        if index % 2 == 0 { late.free(block) } else { other.free(block) }
    }
    other.free(large);
    assert_eq!(heap.central_counts().waiting, 0);
    assert_eq!(backend.stats().live_bytes(), 0);
    backend.check().unwrap();
    assert!(backend.shutdown().leak().is_none());
}

#[test]
fn the_first_use_is_announced_once_for_each_thread() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let backend = SpanBackend::new(MmapPages::new());
    let map = new_map();
    // SAFETY: needs a map that is zero and that no other heap uses; it was made for this one.
    let heap = unsafe { Heap::new(&backend, &map) }.on_first_use(|| {
        CALLS.fetch_add(1, Ordering::Relaxed);
        true
    });
    let mut owner = Thread::new(&heap);
    let blocks = owner.alloc_many(1000, 64);
    let mut freer = Thread::new(&heap);
    assert_eq!(CALLS.load(Ordering::Relaxed), 1);
    freer.free_all(blocks);
    assert_eq!(CALLS.load(Ordering::Relaxed), 2, "a thread that only frees needs an end too");
}

#[test]
fn a_thread_that_is_ending_already_is_asked_once_until_it_exits() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let backend = SpanBackend::new(MmapPages::new());
    let map = new_map();
    // SAFETY: needs a map that is zero and that no other heap uses; it was made for this one.
    let heap = unsafe { Heap::new(&backend, &map) }.on_first_use(|| {
        CALLS.fetch_add(1, Ordering::Relaxed);
        false
    });
    let mut late = Thread::new(&heap);
    // Each step is a slow path, which gives up what the thread has; the second one of a resize frees a block of a slab that is nobody's.
    let block = late.alloc(64).unwrap();
    let block = late.resize(block, 5_000).unwrap();
    let block = late.resize(block, 100_000).unwrap();
    let block = late.resize(block, 300_000).unwrap();
    let block = late.resize(block, 64).unwrap();
    late.free(block);
    assert_eq!(CALLS.load(Ordering::Relaxed), 1);
    assert_eq!(backend.stats().live_bytes(), 0);
    // `exit` is the end of one use, and what comes then is the beginning of another.
    late.exit();
    let block = late.alloc(64).unwrap();
    late.free(block);
    assert_eq!(CALLS.load(Ordering::Relaxed), 2);
}

#[test]
fn what_hears_of_the_first_use_may_allocate_and_no_block_is_lost() {
    type Mine = ThreadHeap<'static, MmapPages>;
    static BACKEND: SpanBackend<MmapPages> = SpanBackend::new(MmapPages::new());
    static HEAP: OnceLock<Heap<'static, MmapPages>> = OnceLock::new();
    std::thread_local! {
        static MINE: UnsafeCell<Mine> = const { UnsafeCell::new(ThreadHeap::new()) };
        static TAKEN: Cell<*mut u8> = const { Cell::new(ptr::null_mut()) };
    }
    /// The calling thread's heap, found anew at each call.
    fn here() -> Here<'static, MmapPages> {
        let mine = NonNull::new(MINE.with(UnsafeCell::get)).unwrap();
        // SAFETY: needs a number that no other thread heap has; the heap has one.
        let token = unsafe { ThreadToken::new(NonZeroUsize::MIN) };
        // SAFETY: needs a thread heap of this thread to which nobody has a reference; there is only this cell's address.
        unsafe { Here::new(HEAP.get().unwrap(), token, mine) }
    }
    HEAP.get_or_init(|| {
        // SAFETY: needs a map that is zero and that no other heap uses; it was made for this one.
        unsafe { Heap::new(&BACKEND, Box::leak(new_map())) }.on_first_use(|| {
            TAKEN.set(heap::alloc(here(), 64));
            true
        })
    });
    let mut blocks: Vec<_> = (0..100).map(|_| heap::alloc(here(), 64)).collect();
    blocks.push(TAKEN.get());
    assert!(blocks.iter().all(|block| !block.is_null()));
    assert_eq!(blocks.iter().collect::<HashSet<_>>().len(), 101);
    for block in blocks {
        // SAFETY: needs a block that nobody uses again.
        unsafe { heap::free(here(), block) };
    }
    // SAFETY: needs the only reference to the thread heap; no call is under way, and this one ends with the statement.
    let mine = unsafe { &mut *MINE.with(UnsafeCell::get) };
    // SAFETY: needs the heap of all calls of this thread heap; it is that.
    unsafe { mine.exit(HEAP.get().unwrap()) };
    assert_eq!(BACKEND.stats().live_bytes(), 0, "a slab is held by blocks that nobody has");
}

#[test]
fn producer_and_consumer_do_not_grow() {
    with_heap_that_ends_empty(|heap| {
        let (send, receive) = mpsc::sync_channel::<Vec<Block>>(4);
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let mut consumer = Thread::new(heap);
                for blocks in receive {
                    consumer.free_all(blocks);
                }
            });
            let mut producer = Thread::new(heap);
            let mut peak_early = 0;
            for round in 0..2000 {
                let blocks = (0..200).map(|index| producer.alloc(16 + (round + index) * 37 % 3000).unwrap());
                send.send(blocks.collect()).unwrap();
                if round == 200 {
                    peak_early = held_bytes(heap);
                }
            }
            let held = held_bytes(heap);
            assert!(
                held <= 2 * peak_early + (4 << 20),
                "{peak_early} bytes were held after 200 rounds, {held} after 2000"
            );
            drop(send);
        });
    });
}

#[test]
fn threads_exit_while_others_free_into_their_slabs() {
    with_heap_that_ends_empty(|heap| {
        let (send, receive) = mpsc::channel::<Vec<Block>>();
        let receive = std::sync::Mutex::new(receive);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let mut freer = Thread::new(heap);
                    loop {
                        let Ok(blocks) = receive.lock().unwrap().recv() else { break };
                        freer.free_all(blocks);
                    }
                });
            }
            for seed in 0..300 {
                let send = send.clone();
                let thread = scope.spawn(move || {
                    let mut owner = Thread::new(heap);
                    for part in 0..4 {
                        let blocks = (0..100).map(|index| {
                            owner.alloc(8 + (seed * 31 + part * 7 + index) * 13 % 2000).unwrap()
                        });
                        send.send(blocks.collect()).unwrap();
                    }
                });
                if seed % 3 == 0 {
                    thread.join().unwrap();
                }
            }
            drop(send);
        });
        assert!(heap.central_counts().abandoned > 0, "no slab was abandoned: the test shows nothing");
    });
}

#[test]
fn ten_thousand_short_threads_do_not_grow() {
    with_heap_that_ends_empty(|heap| {
        let (mut left, mut early) = (Vec::new(), (0, 0));
        for round in 0..2500 {
            let threads = std::thread::scope(|scope| {
                let threads: Vec<_> = (0..4)
                    .map(|seed| {
                        let inherited: Vec<Block> = left.drain(..left.len().min(20)).collect();
                        scope.spawn(move || {
                            let mut thread = Thread::new(heap);
                            let mut blocks: Vec<_> = (0..60)
                                .map(|index| {
                                    thread.alloc(8 + (round * 7 + seed * 3 + index) * 17 % 1500).unwrap()
                                })
                                .collect();
                            let kept = blocks.split_off(40);
                            thread.free_all(blocks);
                            thread.free_all(inherited);
                            kept
                        })
                    })
                    .collect();
                threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
            });
            left.extend(threads);
            if round == 250 {
                early = (held_bytes(heap), heap.record_bytes());
            }
        }
        let late = (held_bytes(heap), heap.record_bytes());
        assert!(late.0 <= early.0 + early.0 / 4, "held after 1000 threads {early:?}, after 10000 {late:?}");
        assert_eq!(late.1, early.1, "records");
        Thread::new(heap).free_all(left);
    });
}

#[test]
fn threads_that_allocate_and_free_each_others_blocks_keep_their_contents() {
    with_heap_that_ends_empty(|heap| {
        let stop = AtomicBool::new(false);
        let slots: Vec<_> = (0..256).map(|_| std::sync::Mutex::new(None::<(Block, usize)>)).collect();
        std::thread::scope(|scope| {
            for seed in 1..=4_u64 {
                let (stop, slots) = (&stop, &slots);
                scope.spawn(move || {
                    let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                    let mut below = |bound: usize| {
                        random ^= random << 13;
                        random ^= random >> 7;
                        random ^= random << 17;
                        random as usize % bound
                    };
                    let mut thread = Thread::new(heap);
                    for step in 0..60_000 {
                        let bytes = if below(50) == 0 { below(100_000) } else { 8 + below(1000) };
                        let block = thread.alloc(bytes).unwrap();
                        // SAFETY: needs that many writable bytes; they were just allocated.
                        unsafe { block.0.write_bytes(bytes as u8, bytes) };
                        let old = slots[below(slots.len())].lock().unwrap().replace((block, bytes));
                        if let Some((block, bytes)) = old {
                            // SAFETY: needs that many initialised bytes; they were written before the block was put there.
                            let contents = unsafe { std::slice::from_raw_parts(block.0, bytes) };
                            assert!(contents.iter().all(|&byte| byte == bytes as u8));
                            thread.free(block);
                        }
                        match step % 20_000 {
                            7_000 => thread.collect(),
                            17_000 => thread = Thread::new(heap),
                            _ => {}
                        }
                    }
                    stop.store(true, Ordering::Relaxed);
                });
            }
        });
        let mut last = Thread::new(heap);
        for slot in &slots {
            if let Some((block, _)) = slot.lock().unwrap().take() {
                last.free(block);
            }
        }
    });
}

#[test]
fn the_child_of_a_fork_takes_no_slab_of_another_thread_for_its_own() {
    with_heap(|heap| {
        let (mut other, mut forking) = (Thread::new(heap), Thread::new(heap));
        let (others_block, own_block) = (other.alloc(64).unwrap(), forking.alloc(64).unwrap());
        heap.before_fork();
        // SAFETY: needs the only thread, which called `before_fork`; what a child would do is played here without a fork, and
        // the other thread heap is forgotten, as it would be.
        unsafe { heap.after_fork_in_child(forking.token) };
        let token = std::mem::ManuallyDrop::new(other).token;
        let mut heir = Thread { heap, token, thread: ThreadHeap::new() };
        heir.free(others_block);
        let fresh = heir.alloc_many(2000, 64);
        assert!(!fresh.contains(&others_block), "a slab of a thread that is gone was taken for the heir's");
        heir.free_all(fresh);
        forking.free(own_block);
        let again = forking.alloc_many(UNIT_BYTES / 64, 64);
        assert!(again.contains(&own_block), "the forking thread keeps its slabs");
        forking.free_all(again);
        // SAFETY: needs that no other thread uses the heap now; they were joined, or there are none.
        unsafe { heap.check() }.unwrap();
    });
}
