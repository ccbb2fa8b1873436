//! Actors' heaps: quotas, messages, the end.

use crate::arena_memory::leaked;
use compiler_alloc::actor::{ActorHeap, ActorHeapBuilder, SendError};
use compiler_alloc::fault::{FactName, FaultCode};
use compiler_alloc::page_source::{FixtureCall, FixturePages, MmapPages};
use compiler_alloc::span::SpanBackend;
use std::alloc::Layout;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

type Pages = FixturePages<MmapPages>;

/// A backend that lives as long as the process.
fn backend() -> (&'static Pages, &'static SpanBackend<&'static Pages>) {
    let pages = leaked(FixturePages::new(MmapPages::new()));
    (pages, leaked(SpanBackend::new(pages)))
}

fn builder() -> ActorHeapBuilder<&'static Pages> {
    ActorHeap::builder(backend().1).best_effort_locking()
}

fn layout(bytes: usize, align: usize) -> Layout {
    Layout::from_size_align(bytes, align).unwrap()
}

#[test]
fn a_quota_gives_all_of_its_blocks_and_no_more() {
    let heap = builder().quota(layout(100, 8), 10).quota(layout(3000, 512), 3).seal().unwrap();
    let mut blocks = Vec::new();
    for wanted in [layout(100, 8), layout(3000, 512)] {
        while let Ok(block) = heap.try_allocate(wanted) {
            assert_eq!(block.as_ptr().addr() % wanted.align(), 0);
            // SAFETY: handed out for so many bytes.
            unsafe { block.write_bytes(0xA5, wanted.size()) };
            blocks.push((block, wanted));
        }
    }
    assert_eq!(blocks.len(), 13);
    let fault = heap.try_allocate(layout(3000, 512)).unwrap_err();
    assert_eq!(fault.code, FaultCode::Exhaustion);
    assert_eq!((fault.fact(FactName::Asked), fault.fact(FactName::Limit)), (Some(3000), Some(3 * 3072)));
    assert_eq!(heap.live().blocks, 13);
    let mut ranges: Vec<_> = blocks.iter().map(|(block, of)| (block.as_ptr().addr(), of.size())).collect();
    ranges.sort_unstable();
    assert!(ranges.windows(2).all(|pair| pair[0].0 + pair[0].1 <= pair[1].0), "blocks overlap");
    for (block, of) in blocks {
        // SAFETY: handed out above, given back once.
        unsafe { heap.deallocate(block, of) };
    }
    heap.check().unwrap();
    let report = heap.shutdown();
    assert_eq!((report.leak(), report.is_released), (None, true));
}

#[test]
fn smaller_requests_are_served_by_the_next_larger_quota_and_larger_ones_by_none() {
    let heap = builder().quota(layout(64, 8), 2).quota(layout(256, 64), 1).seal().unwrap();
    let (first, second) =
        (heap.try_allocate(layout(40, 8)).unwrap(), heap.try_allocate(layout(1, 1)).unwrap());
    assert_eq!(
        heap.try_allocate(layout(64, 8)).unwrap_err().code,
        FaultCode::Exhaustion,
        "quotas are not borrowed from"
    );
    let aligned = heap.try_allocate(layout(200, 64)).unwrap();
    assert_eq!(heap.try_allocate(layout(257, 8)).unwrap_err().fact(FactName::Limit), None);
    assert_eq!(heap.try_allocate(layout(8, 1 << 20)).unwrap_err().code, FaultCode::Exhaustion);
    for (block, of) in [(first, layout(40, 8)), (second, layout(1, 1)), (aligned, layout(200, 64))] {
        // SAFETY: handed out above for these layouts, given back once.
        unsafe { heap.deallocate(block, of) };
    }
    assert!(heap.shutdown().leak().is_none());
}

#[test]
fn a_region_serves_what_no_quota_does() {
    const CAPACITY: usize = 1 << 20;
    let heap = builder().quota(layout(64, 8), 2).capacity(CAPACITY).seal().unwrap();
    assert!(heap.usable_bytes() >= CAPACITY + 128, "{}", heap.usable_bytes());
    let wanted = [layout(65, 8), layout(5000, 4096), layout(300_000, 16), layout(1, 1024), layout(0, 128)];
    let blocks = wanted.map(|of| heap.try_allocate(of).unwrap());
    for (block, of) in blocks.iter().zip(wanted) {
        assert_eq!(block.as_ptr().addr() % of.align(), 0);
        // SAFETY: handed out for so many bytes.
        unsafe { block.write_bytes(0x5A, of.size()) };
    }
    assert_eq!(heap.live().blocks, 5);
    let fault = heap.try_allocate(layout(CAPACITY, 8)).unwrap_err();
    assert_eq!((fault.code, fault.subject), (FaultCode::Exhaustion, "actor capacity"));
    assert!(fault.fact(FactName::Limit) >= Some(CAPACITY as u64));
    // A quota is a limit too: what it serves never goes to the region.
    let small = [heap.alloc([0_u8; 64]), heap.alloc([0_u8; 64])];
    assert_eq!(heap.try_alloc([0_u8; 64]).unwrap_err().subject, "actor quota");
    drop(small);
    for (block, of) in blocks.into_iter().zip(wanted) {
        // SAFETY: handed out above for these layouts, given back once.
        unsafe { heap.deallocate(block, of) };
    }
    heap.check().unwrap();
    let most = heap.try_allocate(layout(CAPACITY / 33 * 32, 8)).unwrap();
    // SAFETY: handed out above for this layout, given back once.
    unsafe { heap.deallocate(most, layout(CAPACITY / 33 * 32, 8)) };
    assert_eq!(heap.live().bytes, 0);
    assert!(heap.shutdown().leak().is_none());
    assert_eq!(builder().capacity(usize::MAX).seal().unwrap_err().code, FaultCode::Exhaustion);
}

#[test]
fn ninety_four_percent_of_a_region_are_usable_under_random_sizes() {
    // Target R6, for each largest size: fill, then replace random blocks, and see what is in use whenever a request finds no room.
    for (seed, bytes_max) in [(1_u64, 200_u64), (2, 2000), (3, 10_000)] {
        const CAPACITY: usize = 16 << 20;
        let heap = builder().capacity(CAPACITY).seal().unwrap();
        let mut state = seed;
        let mut next = move |bound: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % bound
        };
        let (mut held, mut asked, mut least) = (Vec::new(), 0_usize, usize::MAX);
        let mut refusals = 0;
        while refusals < 20_000 {
            let of = layout(1 + next(bytes_max) as usize, 8);
            if let Ok(block) = heap.try_allocate(of) {
                held.push((block, of));
                asked += of.size().next_multiple_of(16);
                continue;
            }
            refusals += 1;
            // What is in use when a request of random size finds no room, requests rounded up to the 16 bytes of a granule.
            least = least.min(asked);
            let (block, of) = held.swap_remove(next(held.len() as u64) as usize);
            asked -= of.size().next_multiple_of(16);
            // SAFETY: handed out above for this layout, given back once.
            unsafe { heap.deallocate(block, of) };
        }
        let share = least as f64 / heap.usable_bytes() as f64;
        println!("sizes up to {bytes_max}: at least {:.2} % in use at a refusal", share * 100.0);
        assert!(share >= 0.94, "sizes up to {bytes_max}: {share}");
        heap.check().unwrap();
    }
}

#[test]
fn what_is_reserved_is_at_most_a_quarter_more_than_the_declared_mix() {
    // Target R5. From a few hundred kilobytes on; less is rounded up to units of 64 KiB.
    let mixes: [&[(usize, usize, usize)]; 4] = [
        &[(24, 8, 5000), (40, 8, 5000), (100, 4, 1000), (1500, 8, 300)],
        &[(1025, 1, 2000), (70_001, 16, 20), (4097, 8, 200)],
        &[(17, 16, 20_000), (33, 32, 5000), (260, 8, 4000)],
        &[(4096, 4096, 100), (1, 1, 10), (520, 8, 10_000), (48, 16, 10_000)],
    ];
    for mix in mixes {
        let declared: usize =
            mix.iter().map(|&(bytes, align, blocks)| bytes.next_multiple_of(align) * blocks).sum();
        let all = mix.iter().fold(builder().senders(4, 64), |b, &(bytes, align, blocks)| {
            b.quota(layout(bytes, align), blocks)
        });
        let heap = all.seal().unwrap();
        let ratio = heap.reserved_bytes() as f64 / declared as f64;
        println!("{} bytes reserved for {declared} declared: {ratio:.3}", heap.reserved_bytes());
        assert!(ratio <= 1.25, "{mix:?}: {ratio}");
        // No external fragmentation: every declared block is there, in any order of frees.
        let mut held = Vec::new();
        for round in 0..3 {
            for &(bytes, align, blocks) in mix {
                let of = layout(bytes, align);
                let have = held.iter().filter(|(_, held)| *held == of).count();
                held.extend((have..blocks).map(|_| (heap.try_allocate(of).unwrap(), of)));
            }
            let mut index = 0;
            held.retain(|&(block, of)| {
                index += 1;
                let keep = index % (round + 2) == 0;
                if !keep {
                    // SAFETY: handed out above for this layout, and forgotten here.
                    unsafe { heap.deallocate(block, of) };
                }
                keep
            });
        }
        heap.check().unwrap();
    }
}

#[test]
fn a_box_frees_itself_and_its_value() {
    let alive = Arc::new(());
    let heap = builder().quota(Layout::new::<(Arc<()>, u64)>(), 1).seal().unwrap();
    let mut held = heap.alloc((alive.clone(), 7));
    held.1 += 1;
    assert_eq!((held.1, Arc::strong_count(&alive)), (8, 2));
    assert!(heap.try_alloc((alive.clone(), 9)).is_err(), "one block");
    drop(held);
    assert_eq!(Arc::strong_count(&alive), 1);
    assert_eq!(heap.alloc((alive.clone(), 10)).into_inner().1, 10);
    assert!(heap.shutdown().leak().is_none());
}

#[test]
fn a_panic_in_a_value_or_its_destructor_keeps_no_block() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("in the destructor");
        }
    }
    let heap = builder().quota(layout(8, 8), 1).senders(1, 2).seal().unwrap();
    let make = || -> u64 { panic!("while it is made") };
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| heap.try_alloc_with(make).map(drop)))
        .unwrap_err();
    assert_eq!(heap.live().blocks, 0);
    let held = heap.alloc(Bomb);
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(held))).unwrap_err();
    assert_eq!(heap.live().blocks, 0);
    let mut sender = heap.sender().unwrap();
    let remote = heap.alloc(Bomb).into_remote();
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| sender.send(remote).unwrap())).unwrap_err();
    assert_eq!(heap.drain(8), 1, "the block was on its way before the destructor ran");
    assert!(heap.shutdown().leak().is_none());
}

#[test]
fn messages_come_home_in_the_order_in_which_a_sender_sent_them() {
    let heap = builder().quota(layout(8, 8), 64).senders(2, 8).seal().unwrap();
    let mut senders = [heap.sender().unwrap(), heap.sender().unwrap()];
    assert_eq!(heap.sender().unwrap_err().code, FaultCode::Exhaustion);
    let boxes: Vec<_> = (0..16_u64).map(|number| heap.alloc(number).into_remote()).collect();
    let mut sent = Vec::new();
    for (number, remote) in boxes.into_iter().enumerate() {
        sent.push((&raw const *remote).addr());
        senders[number % 2].send(remote).unwrap();
    }
    // A list hands out last what came home last.
    for address in sent {
        assert_eq!(heap.drain(1), 1);
        let next = heap.try_allocate(layout(8, 8)).unwrap();
        assert_eq!(next.as_ptr().addr(), address);
    }
    assert_eq!(heap.drain(1), 0);
}

#[test]
fn a_full_queue_gives_the_block_back_and_takes_it_after_a_drain() {
    let heap = builder().quota(layout(8, 8), 8).senders(1, 2).seal().unwrap();
    let mut sender = heap.sender().unwrap();
    for number in 0..2_u64 {
        sender.send(heap.alloc(number).into_remote()).unwrap();
    }
    let Err(SendError::Full(back)) = sender.send(heap.alloc(3_u64).into_remote()) else { panic!("not full") };
    assert_eq!(*back, 3, "unchanged");
    let fault = sender.overflow();
    assert_eq!(fault.code, FaultCode::RemoteFreeOverflow);
    assert_eq!((fault.fact(FactName::Capacity), fault.fact(FactName::Pending)), (Some(2), Some(2)));
    assert_eq!((heap.drain(1), sender.pending()), (1, 1));
    sender.send(back).unwrap();
    assert_eq!((heap.drain(usize::MAX), heap.live().blocks, heap.remote_blocks()), (2, 0, 0));
    drop(sender);
    let report = heap.shutdown();
    assert_eq!((report.leak(), report.senders, report.is_released), (None, 0, true));
}

#[test]
fn a_dropped_sender_leaves_its_messages_and_its_spent_credits() {
    let heap = builder().quota(layout(8, 8), 8).senders(1, 2).seal().unwrap();
    let mut sender = heap.sender().unwrap();
    sender.send(heap.alloc(1_u64).into_remote()).unwrap();
    drop(sender);
    let mut sender = heap.sender().unwrap();
    assert_eq!(sender.pending(), 1);
    sender.send(heap.alloc(2_u64).into_remote()).unwrap();
    let Err(SendError::Full(back)) = sender.send(heap.alloc(3_u64).into_remote()) else { panic!("not full") };
    let back = heap.reclaim(back).unwrap();
    assert_eq!(*back, 3);
    drop(back);
    assert_eq!(heap.drain(9), 2);
    assert!(heap.shutdown().leak().is_none());
}

#[test]
fn another_actors_box_is_given_back_by_its_type_or_at_once() {
    let (one, other) = (builder().quota(layout(8, 8), 1), builder().quota(layout(8, 8), 1));
    let (one, other) = (one.senders(1, 1).seal().unwrap(), other.seal().unwrap());
    let mut sender = one.sender().unwrap();
    let Err(SendError::Foreign(back)) = sender.send(other.alloc(5_u64).into_remote()) else {
        panic!("taken")
    };
    let back = one.reclaim(back).unwrap_err();
    assert_eq!(*other.reclaim(back).unwrap(), 5);
    assert!(other.shutdown().leak().is_none());
}

#[test]
fn an_actor_ends_with_messages_on_their_way_and_boxes_out() {
    let (_, spans) = backend();
    let heap =
        ActorHeap::builder(spans).quota(layout(8, 8), 8).senders(1, 4).best_effort_locking().seal().unwrap();
    let mut sender = heap.sender().unwrap();
    for number in 0..3_u64 {
        sender.send(heap.alloc(number).into_remote()).unwrap();
    }
    let (kept, dropped) = (heap.alloc(7_u64).into_remote(), heap.alloc(8_u64).into_remote());
    drop(dropped);
    let report = heap.shutdown();
    assert_eq!((report.drained, report.live.blocks, report.remote_blocks), (3, 2, 2));
    assert_eq!((report.unfinished, report.senders, report.is_released), (0, 1, false));
    let leak = report.leak().unwrap();
    assert_eq!((leak.code, leak.fact(FactName::Live)), (FaultCode::ShutdownLeak, Some(16)));
    // The box is whole, and what is sent now comes back.
    let Err(SendError::Closed(kept)) = sender.send(kept) else { panic!("taken") };
    assert_eq!(*kept, 7);
    assert!(spans.shutdown().live_bytes > 0);
    drop(kept);
    assert!(spans.shutdown().live_bytes > 0, "the sender keeps the span");
    drop(sender);
    assert_eq!(spans.shutdown().live_bytes, 0, "the last one out gave it back");
    spans.check().unwrap();
}

#[test]
fn every_refused_step_of_sealing_leaves_nothing_behind() {
    let mut refused = Vec::new();
    for pass in 0.. {
        let (pages, spans) = backend();
        let declared = ActorHeap::builder(spans).quota(layout(1000, 8), 500).senders(3, 7);
        pages.refuse_requests(pass, usize::MAX);
        let result = declared.seal();
        if pages.refuse_nothing() == usize::MAX {
            // Nothing was refused: every step has had its turn.
            assert!(result.unwrap().shutdown().is_released);
            break;
        }
        let fault = result.unwrap_err();
        assert_eq!(
            (fault.code, fault.fact(FactName::OsError)),
            (FaultCode::PageExhaustion, Some(12)),
            "{fault}"
        );
        spans.check().unwrap();
        assert_eq!(spans.stats().live_bytes(), 0);
        let count = |call| {
            let events = (0..pages.events()).filter_map(|index| pages.event(index));
            events.filter(|event| event.call == call).count()
        };
        assert_eq!(count(FixtureCall::Lock), count(FixtureCall::Unlock), "a refused lock is undone too");
        assert_eq!(spans.shutdown().live_bytes, 0);
        assert_eq!(pages.reserved_bytes(), pages.released_bytes());
        refused.push(fault);
    }
    // Records of the page map and of the reservation, address space, memory, then population and locks.
    assert!(refused.len() >= 5, "{refused:?}");
    let [.., populating, locking] = refused.as_slice() else { panic!("at least five") };
    assert_eq!(populating.subject, "memory of an actor heap");
    assert!(
        locking.subject.contains("RLIMIT_MEMLOCK") && locking.fact(FactName::Asked) >= Some(500_000),
        "{locking}"
    );
    assert!(locking.fact(FactName::Limit).is_some(), "{locking}");
}

#[test]
fn best_effort_goes_on_where_locking_is_refused() {
    let (pages, spans) = backend();
    let declared = ActorHeap::builder(spans).quota(layout(64, 64), 10);
    drop(declared.best_effort_locking().seal().unwrap());
    // The span is pooled and warm now: populating passes, locking is refused.
    pages.refuse_requests(1, 1);
    let heap = declared.best_effort_locking().seal().unwrap();
    assert!(!heap.is_locked());
    assert_eq!(*heap.alloc(3_u8), 3);
    assert!(heap.shutdown().is_released);
}

#[test]
fn declarations_that_are_too_large_are_refused_at_sealing() {
    let too_large = [
        builder().quota(layout(1 << 40, 8), 1),
        builder().quota(layout(8, 8192), 1),
        builder().quota(layout(8, 8), 1 << 40),
        builder().senders(usize::MAX, 2),
        builder().senders(1 << 20, 1 << 20),
    ];
    for declared in too_large {
        assert_eq!(declared.seal().unwrap_err().code, FaultCode::Exhaustion);
    }
    let heap = builder().seal().unwrap();
    assert!(heap.try_allocate(layout(1, 1)).is_err() && heap.sender().is_err() && heap.drain(9) == 0);
}

#[test]
fn many_threads_send_home_what_one_actor_hands_out() {
    const THREADS: usize = 3;
    const ROUNDS: usize = 3000;
    let heap = builder().quota(layout(64, 8), 100).senders(THREADS, 4).seal().unwrap();
    let dropped = Arc::new(AtomicUsize::new(0));
    #[derive(Debug)]
    struct Counted(u64, Arc<AtomicUsize>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.1.fetch_add(1, Ordering::Relaxed);
        }
    }
    let (mut inboxes, mut threads) = (Vec::new(), Vec::new());
    for _ in 0..THREADS {
        let (inbox, messages) = std::sync::mpsc::sync_channel::<compiler_alloc::actor::RemoteBox<Counted>>(8);
        let mut sender = heap.sender().unwrap();
        inboxes.push(inbox);
        threads.push(std::thread::spawn(move || {
            let (mut overflows, mut sum) = (0, 0);
            for mut message in messages {
                sum += message.0;
                loop {
                    match sender.send(message) {
                        Ok(()) => break,
                        Err(SendError::Full(back)) => (message, overflows) = (back, overflows + 1),
                        Err(error) => panic!("{error}"),
                    }
                    std::thread::yield_now();
                }
            }
            (overflows, sum)
        }));
    }
    for round in 0..ROUNDS {
        let message = loop {
            heap.drain(8);
            match heap.try_alloc_with(|| Counted(round as u64, dropped.clone())) {
                Ok(made) => break made,
                Err(_) => std::thread::yield_now(),
            }
        };
        inboxes[round % THREADS]
            .try_send(message.into_remote())
            .map_err(|refused| match refused {
                std::sync::mpsc::TrySendError::Full(back) => drop(heap.reclaim(back).unwrap()),
                std::sync::mpsc::TrySendError::Disconnected(_) => panic!("a thread ended early"),
            })
            .ok();
    }
    inboxes.clear();
    while threads.iter().any(|thread| !thread.is_finished()) {
        heap.drain(64);
        std::thread::yield_now();
    }
    for thread in threads {
        thread.join().unwrap();
    }
    heap.drain(usize::MAX);
    assert_eq!(dropped.load(Ordering::Relaxed), ROUNDS, "every value was destroyed once");
    assert_eq!((heap.live().blocks, heap.remote_blocks()), (0, 0));
    heap.check().unwrap();
    assert!(heap.shutdown().is_released);
}
