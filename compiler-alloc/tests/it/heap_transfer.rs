//! Heaps with a transfer cache: batches go in when a chain is full, out to any thread's refill, and home at every drain point.

use crate::heap_thread::{Block, Thread, new_map};
use compiler_alloc::heap::{BATCHES_MAX, Heap, TransferCache, TransferCounts};
use compiler_alloc::page_source::MmapPages;
use compiler_alloc::size_class::SizeClass;
use compiler_alloc::span::SpanBackend;
use proptest::prelude::*;
use std::collections::HashSet;

type ServerHeap<'h> = Heap<'h, MmapPages, TransferCache>;

/// Blocks of a full chain of small blocks.
const BATCH_BLOCKS: usize = 32;
const UNIT_BYTES: usize = 64 << 10;

/// Runs `work` on a new heap; when it is over, every block was freed and every thread has ended. Then nothing may live once
/// the batches are home.
fn with_heap(work: impl for<'h> FnOnce(&'h ServerHeap<'h>)) {
    let backend = SpanBackend::new(MmapPages::new());
    let map = new_map();
    // SAFETY: needs a map that is zero, and that no other heap uses it or the cache; both were made for this one.
    let heap = unsafe { Heap::with_transfer(&backend, &map, TransferCache::new()) };
    work(&heap);
    heap.recall_all();
    assert_eq!(heap.transfer().totals().waiting, 0);
    assert_eq!(heap.central_counts().waiting, 0, "abandoned slabs are left");
    assert_eq!(backend.stats().heap_live_bytes, 0, "spans are left");
    backend.check().unwrap();
    // SAFETY: needs that nobody uses the heap any more; every thread has ended.
    let left = unsafe { heap.shutdown() };
    assert_eq!((left.spans, left.threads), (0, 0));
}

fn counts(heap: &ServerHeap<'_>) -> TransferCounts {
    heap.transfer().totals()
}

#[test]
fn a_full_chain_waits_and_a_refill_of_another_thread_takes_it() {
    for bytes in [16, 100, 1000, 5000] {
        with_heap(|heap| {
            let (mut owner, mut freer, mut taker) = (Thread::new(heap), Thread::new(heap), Thread::new(heap));
            let blocks = owner.alloc_many(BATCH_BLOCKS + 1, bytes);
            let given: HashSet<Block> = blocks.iter().copied().collect();
            freer.free_all(blocks);
            let full = counts(heap).waiting;
            assert!(full >= 1, "blocks of {bytes} bytes");
            let taken = taker.alloc(bytes).unwrap();
            assert!(given.contains(&taken), "a block that the first thread's slab has");
            assert_eq!((counts(heap).hits, counts(heap).waiting), (1, full - 1));
            taker.free(taken);
            taker.thread.check().unwrap();
        });
    }
}

#[test]
fn a_chain_that_is_not_full_goes_home_at_the_next_drain_point() {
    with_heap(|heap| {
        let (mut owner, mut freer) = (Thread::new(heap), Thread::new(heap));
        let blocks = owner.alloc_many(BATCH_BLOCKS, 64);
        freer.free_all(blocks);
        freer.collect();
        assert_eq!(
            (counts(heap).waiting, counts(heap).sent_home, counts(heap).overflows),
            (0, 0, 0),
            "no batch ever"
        );
        drop(freer);
        drop(owner);
        assert_eq!(heap.backend().stats().heap_live_bytes, 0);
    });
}

#[test]
fn chains_beyond_the_capacity_go_to_their_owners_and_are_counted() {
    with_heap(|heap| {
        let (mut owner, mut freer) = (Thread::new(heap), Thread::new(heap));
        let class = SizeClass::of_bytes(64).unwrap();
        let blocks = owner.alloc_many((BATCHES_MAX + 3) * BATCH_BLOCKS + 1, 64);
        freer.free_all(blocks);
        let counts = heap.transfer().counts(class);
        assert_eq!((counts.waiting, counts.overflows), (BATCHES_MAX, 3));
        assert_eq!(heap.transfer().totals(), counts, "other classes have none");
    });
}

#[test]
fn a_safepoint_of_the_owner_calls_its_batches_home_and_no_others() {
    with_heap(|heap| {
        let (mut one, mut two, mut freer) = (Thread::new(heap), Thread::new(heap), Thread::new(heap));
        let (of_one, of_two) = (one.alloc_many(BATCH_BLOCKS + 1, 64), two.alloc_many(BATCH_BLOCKS + 1, 64));
        freer.free_all(of_one);
        freer.free_all(of_two);
        assert_eq!(counts(heap).waiting, 2);
        freer.collect();
        one.collect();
        assert_eq!((counts(heap).waiting, counts(heap).sent_home), (1, 1));
        assert_eq!(heap.backend().stats().heap_live_bytes, 2 * UNIT_BYTES, "each keeps its current slab");
        let mut blocks = one.alloc_many(BATCH_BLOCKS, 64);
        assert_eq!(counts(heap).hits, 0, "what came home is in the slab");
        one.free_all(blocks.drain(..));
    });
}

#[test]
fn exit_calls_the_batches_of_the_threads_own_slabs_home() {
    with_heap(|heap| {
        let (mut owner, mut freer) = (Thread::new(heap), Thread::new(heap));
        let blocks = owner.alloc_many(4 * BATCH_BLOCKS + 1, 64);
        freer.free_all(blocks);
        drop(freer);
        assert_eq!(counts(heap).waiting, 4);
        drop(owner);
        assert_eq!((counts(heap).waiting, counts(heap).sent_home), (0, 4));
        assert_eq!(heap.central_counts().abandoned, 0, "nothing of its slab was in use");
    });
}

#[test]
fn a_thread_that_exits_sends_the_rest_of_a_batch_to_its_slab() {
    with_heap(|heap| {
        let (mut owner, mut freer, mut taker) = (Thread::new(heap), Thread::new(heap), Thread::new(heap));
        freer.free_all(owner.alloc_many(BATCH_BLOCKS + 1, 64));
        let taken = taker.alloc(64).unwrap();
        assert_eq!(counts(heap).hits, 1);
        drop(taker);
        drop(freer);
        owner.free(taken);
        drop(owner);
        assert_eq!(heap.backend().stats().heap_live_bytes, 0);
    });
}

#[test]
fn a_batch_of_an_abandoned_slab_is_taken_and_its_last_block_releases_the_slab() {
    with_heap(|heap| {
        let (mut owner, mut freer, mut taker) = (Thread::new(heap), Thread::new(heap), Thread::new(heap));
        let blocks = owner.alloc_many(2 * BATCH_BLOCKS, 64);
        let (late, early) = blocks.split_at(BATCH_BLOCKS - 1);
        drop(owner);
        assert_eq!(heap.central_counts().waiting, 1, "its slab is abandoned");
        freer.free_all(early.iter().copied());
        let taken = taker.alloc(64).unwrap();
        assert!(early.contains(&taken) && counts(heap).hits == 1);
        freer.free_all(late.iter().copied());
        taker.free(taken);
    });
}

#[test]
fn a_closed_cache_hands_nothing_out_and_takes_nothing_in() {
    with_heap(|heap| {
        let (mut owner, mut freer, mut taker) = (Thread::new(heap), Thread::new(heap), Thread::new(heap));
        let blocks = owner.alloc_many(2 * BATCH_BLOCKS + 2, 64);
        freer.free_all(blocks[..BATCH_BLOCKS + 1].iter().copied());
        heap.transfer().close();
        let before = counts(heap);
        freer.free_all(blocks[BATCH_BLOCKS + 1..].iter().copied());
        let block = taker.alloc(64).unwrap();
        assert_eq!(counts(heap), before);
        taker.free(block);
    });
}

#[test]
fn a_thread_cannot_take_a_block_of_a_batch_twice_after_a_double_free() {
    for between in [0, 1, 40] {
        let backend = SpanBackend::new(MmapPages::new());
        let map = new_map();
        // SAFETY: needs a map that is zero, and that no other heap uses it or the cache; both were made for this one.
        let heap = unsafe { Heap::with_transfer(&backend, &map, TransferCache::new()) };
        let (mut owner, mut one, mut two) = (Thread::new(&heap), Thread::new(&heap), Thread::new(&heap));
        let blocks = owner.alloc_many(4 * BATCH_BLOCKS, 64);
        one.free_all(blocks[..BATCH_BLOCKS + 1].iter().copied());
        two.free_all(blocks[BATCH_BLOCKS + 1..BATCH_BLOCKS + 1 + between].iter().copied());
        two.free(blocks[3]);
        two.collect();
        let mut taker = Thread::new(&heap);
        let given = taker.alloc_many(3 * BATCH_BLOCKS, 64);
        let given_by_owner = owner.alloc_many(2000, 64);
        for blocks in [given, given_by_owner] {
            let mut seen = HashSet::new();
            assert!(blocks.iter().all(|&block| seen.insert(block)), "a block twice, {between} between");
        }
    }
}

#[test]
fn threads_that_pass_blocks_round_keep_their_contents() {
    with_heap(|heap| {
        const THREADS: usize = 4;
        let (senders, receivers): (Vec<_>, Vec<_>) =
            (0..THREADS).map(|_| std::sync::mpsc::channel::<Vec<(Block, usize)>>()).unzip();
        std::thread::scope(|scope| {
            for (index, receiver) in receivers.into_iter().enumerate() {
                let sender = senders[(index + 1) % THREADS].clone();
                scope.spawn(move || {
                    let mut thread = Thread::new(heap);
                    for round in 0..200 {
                        let bytes = 16 + (index * 7 + round) % 40 * 16;
                        let blocks = thread.alloc_many(100, bytes);
                        sender.send(blocks.into_iter().map(|block| (block, bytes)).collect()).unwrap();
                        for (block, bytes) in receiver.recv().unwrap() {
                            // SAFETY: needs that many bytes that nobody writes; the sender filled the block and gave it up.
                            let contents = unsafe { std::slice::from_raw_parts(block.0, bytes) };
                            assert!(contents.iter().all(|&byte| byte == 0x5a));
                            thread.free(block);
                        }
                    }
                    thread.thread.check().unwrap();
                });
            }
        });
        let counts = counts(heap);
        assert!(counts.hits > 0 && counts.hits_per_mille() > 0, "{counts:?}");
    });
}

/// What the threads of a heap do, one at a time.
#[derive(Clone, Debug)]
enum Step {
    Allocate { thread: usize, blocks: usize, bytes: usize },
    Free { thread: usize, from: usize, blocks: usize },
    Collect { thread: usize },
    Leave { thread: usize },
    RecallAll,
}

fn step() -> impl Strategy<Value = Step> {
    let thread = 0..3_usize;
    prop_oneof![
        4 => (thread.clone(), 1..120_usize, prop_oneof![Just(16_usize), Just(64), Just(1024), Just(9000)])
            .prop_map(|(thread, blocks, bytes)| Step::Allocate { thread, blocks, bytes }),
        4 => (thread.clone(), 0..400_usize, 1..150_usize)
            .prop_map(|(thread, from, blocks)| Step::Free { thread, from, blocks }),
        1 => thread.clone().prop_map(|thread| Step::Collect { thread }),
        1 => thread.prop_map(|thread| Step::Leave { thread }),
        1 => Just(Step::RecallAll),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_block_is_in_two_hands_and_none_is_lost(steps in prop::collection::vec(step(), 1..60)) {
        with_heap(|heap| {
            let mut threads = [Thread::new(heap), Thread::new(heap), Thread::new(heap)];
            let mut live: Vec<Block> = Vec::new();
            let mut held: HashSet<Block> = HashSet::new();
            for step in &steps {
                match *step {
                    Step::Allocate { thread, blocks, bytes } => {
                        for block in threads[thread].alloc_many(blocks, bytes) {
                            assert!(held.insert(block), "{block:?} is in two hands");
                            live.push(block);
                        }
                    }
                    Step::Free { thread, from, blocks } => {
                        let from = from.min(live.len());
                        let blocks = blocks.min(live.len() - from);
                        for block in live.drain(from..from + blocks) {
                            held.remove(&block);
                            threads[thread].free(block);
                        }
                    }
                    Step::Collect { thread } => threads[thread].collect(),
                    Step::Leave { thread } => threads[thread] = Thread::new(heap),
                    Step::RecallAll => heap.recall_all(),
                }
                for thread in &threads {
                    thread.thread.check().unwrap();
                }
            }
            for block in live {
                threads[0].free(block);
            }
        });
    }
}
