//! Cases of `realtime`: actors whose heaps are sealed before they are used, and blocks that come home as messages.

mod region;

use std::alloc::Layout;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::NonNull;
use std::sync::mpsc::channel;

use bench_measured::rng::Rng;
use compiler_alloc::actor::{ActorHeap, ActorHeapBuilder};
use compiler_alloc::fault::FaultCode;
use compiler_alloc::profile::realtime::{ActorBox, RemoteBox, RemoteSender, SendError};

use super::bench::{Bench, Pages, ensure};
use super::marked::{Blocks, Marked, churn, layout};
pub(super) use region::{
    region_exhaustion, region_fragmentation, region_large_objects, region_local_free, region_remote_free,
};

/// Threads beside the actor's.
const HELPERS: usize = 3;
/// Messages that a sender may have on their way.
const CREDITS: usize = 64;

/// What travels between threads.
type Parcel = [u64; 6];

/// A heap that somebody borrowed for the time of a case.
struct Owner<'h>(&'h ActorHeap);

// SAFETY: blocks must be valid and unshared until they are given back. The heap lends no others.
unsafe impl Blocks for Owner<'_> {
    fn take(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        self.0.try_allocate(layout).ok()
    }

    unsafe fn give_back(&mut self, place: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller keeps the duties of this call, which are the same.
        unsafe { self.0.deallocate(place, layout) }
    }

    /// Actors' blocks keep their size.
    unsafe fn resize(&mut self, _place: NonNull<u8>, _layout: Layout, _bytes: usize) -> Option<NonNull<u8>> {
        None
    }

    fn check(&mut self) -> Result<(), String> {
        self.0.check().map_err(|error| format!("the actor's validator: {error}"))
    }
}

fn builder(bench: &Bench) -> ActorHeapBuilder<Pages> {
    ActorHeap::builder(bench.backend).best_effort_locking()
}

fn seal(builder: ActorHeapBuilder<Pages>) -> Result<ActorHeap, String> {
    builder.seal().map_err(|fault| format!("sealing: {fault}"))
}

/// Ends the actor, of which nothing lives, and its backend.
fn end(bench: &mut Bench, heap: ActorHeap) -> Result<(), String> {
    heap.check().map_err(|error| format!("the actor's validator: {error}"))?;
    if let Some(leak) = heap.shutdown().leak() {
        return Err(format!("alive at the actor's end: {leak}"));
    }
    bench.shut_down_clean()
}

/// Blocks of four quotas at random; after sealing nothing is asked of the page source.
pub(super) fn local_free(bench: &mut Bench, seed: u64) -> Result<(), String> {
    let quotas = [(64, 3_000), (256, 3_000), (1_024, 3_000), (4_096, 3_000)];
    let heap = seal(
        quotas
            .into_iter()
            .fold(builder(bench), |builder, (bytes, blocks)| builder.quota(layout(bytes), blocks)),
    )?;
    let calls = bench.pages().events();
    // The only refusals are those of resizes.
    churn(&mut Owner(&heap), bench, &mut Rng::new(seed), 60_000, 3_000, 4_096)?;
    let more = bench.pages().events() - calls;
    ensure(more == 0, || format!("{more} calls of the page source after sealing"))?;
    end(bench, heap)
}

/// Parcels out of a quota.
pub(super) fn remote_free(bench: &mut Bench, seed: u64) -> Result<(), String> {
    sent_home(bench, seed, |declared| declared.quota(Layout::new::<Parcel>(), 4 * BATCH * HELPERS))
}

/// Parcels that an actor hands out before it drains.
const BATCH: usize = 48;

/// Threads that look at what they are sent and send it home, and one actor that drains at message boundaries.
fn sent_home(
    bench: &mut Bench,
    seed: u64,
    declare: impl FnOnce(ActorHeapBuilder<Pages>) -> ActorHeapBuilder<Pages>,
) -> Result<(), String> {
    const ROUNDS: usize = 400;
    let heap = seal(declare(builder(bench)).senders(HELPERS, CREDITS))?;
    let mut rng = Rng::new(seed);
    let mut drained = 0;
    let wrong: usize = std::thread::scope(|scope| {
        let mut outboxes = Vec::new();
        let mut threads = Vec::new();
        for _ in 0..HELPERS {
            let (give, take) = channel::<RemoteBox<Parcel>>();
            let Ok(sender) = heap.sender() else { return usize::MAX };
            outboxes.push(give);
            threads.push(scope.spawn(move || send_home(sender, take.into_iter())));
        }
        for _ in 0..ROUNDS {
            for _ in 0..BATCH {
                let mark = rng.below(1 << 30) as u64;
                // Blocks are still on their way: take what came home, and try again.
                let parcel = loop {
                    match heap.try_alloc([mark; 6]) {
                        Ok(parcel) => break parcel,
                        Err(_) => {
                            drained += heap.drain(usize::MAX);
                            std::thread::yield_now();
                        }
                    }
                };
                let _ = outboxes[rng.below(HELPERS)].send(parcel.into_remote());
            }
            drained += heap.drain(rng.between(1, BATCH));
        }
        drop(outboxes);
        // Their queues may be full: they end only when the actor takes what came.
        while threads.iter().any(|thread| !thread.is_finished()) {
            drained += heap.drain(usize::MAX);
            std::thread::yield_now();
        }
        threads.into_iter().map(|thread| thread.join().unwrap_or(1)).sum()
    });
    drained += heap.drain(usize::MAX);
    bench.operations += 2 * (ROUNDS * BATCH) as u64;
    ensure(wrong == 0, || format!("{wrong} parcels changed on their way"))?;
    ensure(drained == ROUNDS * BATCH, || format!("{drained} of {} parcels came home", ROUNDS * BATCH))?;
    ensure(heap.live().blocks == 0, || format!("{:?} still live", heap.live()))?;
    end(bench, heap)
}

/// Sends parcels home, again and again while the queue is full; answers how many were changed.
fn send_home(mut sender: RemoteSender, parcels: impl Iterator<Item = RemoteBox<Parcel>>) -> usize {
    let mut wrong = 0;
    for parcel in parcels {
        wrong += usize::from(parcel.iter().any(|&word| word != parcel[0]));
        let mut held = Some(parcel);
        while let Some(parcel) = held.take() {
            match sender.send(parcel) {
                Ok(()) => {}
                Err(SendError::Full(back)) => {
                    held = Some(back);
                    std::thread::yield_now();
                }
                Err(_) => wrong += 1,
            }
        }
    }
    wrong
}

/// A sender sends until its credits are spent: the block comes back unchanged, and is taken after a drain; nothing is lost.
pub(super) fn overflow(bench: &mut Bench, seed: u64) -> Result<(), String> {
    let mut rng = Rng::new(seed);
    let heap = seal(builder(bench).quota(Layout::new::<Parcel>(), 2 * CREDITS).senders(1, CREDITS))?;
    let mut sender = heap.sender().map_err(|fault| fault.to_string())?;
    for round in 0..200_u64 {
        let mut sent = 0;
        let back = loop {
            let parcel = heap.try_alloc([round; 6]).map_err(|fault| fault.to_string())?;
            bench.operations += 1;
            match sender.send(parcel.into_remote()) {
                Ok(()) => sent += 1,
                Err(SendError::Full(back)) => break back,
                Err(other) => return Err(format!("refused: {other}")),
            }
        };
        let fault = sender.overflow();
        bench.note_refused(&fault);
        ensure(fault.code == FaultCode::RemoteFreeOverflow, || format!("the wrong code: {fault}"))?;
        ensure(*back == [round; 6], || "a refused message changed its block".to_owned())?;
        let drained = heap.drain(rng.between(1, 5));
        sender.send(back).map_err(|error| format!("refused after a drain: {error}"))?;
        let rest = heap.drain(usize::MAX);
        ensure(drained + rest == sent + 1, || {
            format!("{} of {} messages came home", drained + rest, sent + 1)
        })?;
        heap.check().map_err(|error| format!("the actor's validator: {error}"))?;
    }
    drop(sender);
    end(bench, heap)
}

/// Parcels go from thread to thread before they come home.
pub(super) fn cross_thread(bench: &mut Bench, seed: u64) -> Result<(), String> {
    const PARCELS: usize = 2_000;
    for round in 0..10 {
        let heap = seal(builder(bench).quota(Layout::new::<Parcel>(), PARCELS).senders(HELPERS, PARCELS))?;
        let made: Result<Vec<_>, _> = (0..PARCELS as u64)
            .map(|mark| heap.try_alloc([mark ^ seed ^ round; 6]).map(ActorBox::into_remote))
            .collect();
        let mut parcels = made.map_err(|fault| fault.to_string())?;
        Rng::new(seed ^ round).shuffle(&mut parcels);
        let wrong: usize = std::thread::scope(|scope| {
            let (first, mut next) = channel();
            let mut threads = Vec::new();
            for index in 0..HELPERS {
                let (give, take) = channel();
                let source = std::mem::replace(&mut next, take);
                let Ok(sender) = heap.sender() else { return usize::MAX };
                threads.push(scope.spawn(move || {
                    // Every thread keeps its share and passes the others on.
                    let mut number = 0_usize;
                    let own = source.into_iter().filter_map(|parcel| {
                        number += 1;
                        if number.is_multiple_of(HELPERS - index) {
                            Some(parcel)
                        } else {
                            give.send(parcel).ok().and(None)
                        }
                    });
                    send_home(sender, own)
                }));
            }
            parcels.drain(..).for_each(|parcel| drop(first.send(parcel)));
            drop(first);
            threads.into_iter().map(|thread| thread.join().unwrap_or(1)).sum()
        });
        ensure(wrong == 0, || format!("{wrong} parcels changed on their way"))?;
        let drained = heap.drain(usize::MAX);
        ensure(drained == PARCELS, || format!("{drained} of {PARCELS} parcels came home"))?;
        bench.operations += 2 * PARCELS as u64;
        end(bench, heap)?;
    }
    Ok(())
}

/// Quotas full, nine of ten freed at random, full again: whatever the order, each quota gives all of its blocks.
pub(super) fn fragmentation(bench: &mut Bench, seed: u64) -> Result<(), String> {
    fill_again(bench, seed, &[(48, 5_000), (160, 4_000), (900, 2_000), (6_000, 500)])
}

/// The same with blocks of up to a megabyte.
pub(super) fn large_objects(bench: &mut Bench, seed: u64) -> Result<(), String> {
    fill_again(bench, seed, &[(40_000, 40), (300_000, 20), (1 << 20, 8)])
}

fn fill_again(bench: &mut Bench, seed: u64, quotas: &[(usize, usize)]) -> Result<(), String> {
    let mut rng = Rng::new(seed);
    let declared =
        quotas.iter().fold(builder(bench), |builder, &(bytes, blocks)| builder.quota(layout(bytes), blocks));
    let heap = seal(declared)?;
    let mut owner = Owner(&heap);
    let mut kept: Vec<(usize, Marked)> = Vec::new();
    for round in 0..8_u8 {
        for (index, &(bytes, blocks)) in quotas.iter().enumerate() {
            for _ in kept.iter().filter(|(quota, _)| *quota == index).count()..blocks {
                kept.push((
                    index,
                    Marked::take(&mut owner, bytes, round).ok_or("a quota gives less than declared")?,
                ));
                bench.operations += 1;
            }
            let more = heap.try_allocate(layout(bytes));
            // A larger quota serves smaller requests, so only the largest one is known to be empty.
            ensure(index + 1 < quotas.len() || more.is_err(), || {
                "a quota gives more than declared".to_owned()
            })?;
            if let Ok(block) = more {
                // SAFETY: must be a live block of this layout. It was allocated above.
                unsafe { heap.deallocate(block, layout(bytes)) };
            }
        }
        rng.shuffle(&mut kept);
        let survivors = kept.split_off(kept.len() / 10 * 9);
        for (_, block) in std::mem::replace(&mut kept, survivors) {
            block.give_back(&mut owner)?;
            bench.operations += 1;
        }
        owner.check()?;
        bench.checks += 1;
    }
    kept.into_iter().try_for_each(|(_, block)| block.give_back(&mut owner))?;
    end(bench, heap)
}

/// A quota is used up: refused with the code, and served after a free.
pub(super) fn quota(bench: &mut Bench, seed: u64) -> Result<(), String> {
    let heap = seal(builder(bench).quota(layout(128), 500))?;
    let mut rng = Rng::new(seed);
    let mut owner = Owner(&heap);
    for round in 0..50_u8 {
        let mut kept: Vec<Marked> = Vec::new();
        let fault = loop {
            bench.operations += 1;
            match Marked::take(&mut owner, rng.between(1, 128), round) {
                Some(block) => kept.push(block),
                None => match heap.try_allocate(layout(128)) {
                    Ok(_) => return Err("refused, then served".into()),
                    Err(fault) => break fault,
                },
            }
        };
        bench.note_refused(&fault);
        ensure(fault.code == FaultCode::Exhaustion, || format!("the wrong code: {fault}"))?;
        ensure(kept.len() == 500, || format!("{} of 500 blocks were served", kept.len()))?;
        kept.swap_remove(rng.below(kept.len())).give_back(&mut owner)?;
        kept.push(Marked::take(&mut owner, 128, round).ok_or("refused after a free")?);
        kept.into_iter().try_for_each(|block| block.give_back(&mut owner))?;
        owner.check()?;
    }
    end(bench, heap)
}

/// Every request that sealing makes refused in turn: no heap, nothing left behind, and it succeeds afterwards.
pub(super) fn sealing(bench: &mut Bench, seed: u64) -> Result<(), String> {
    let bytes = Rng::new(seed).between(1_000, 2_000);
    for passed in 0..1_000 {
        bench.renew();
        bench.pages().refuse_requests(passed, usize::MAX);
        let declared = |bench: &Bench| builder(bench).quota(layout(bytes), 2_000).senders(2, 8);
        let sealed = declared(bench).seal();
        let was_refused = bench.pages().refuse_nothing() < usize::MAX;
        bench.operations += 1;
        bench.check()?;
        match sealed {
            // Without permission to lock, populating goes on without it; that is no refusal.
            Ok(heap) => {
                end(bench, heap)?;
                if !was_refused {
                    return ensure(passed > 0, || "sealing asked for nothing".to_owned());
                }
            }
            Err(fault) => {
                bench.note_refused(&fault);
                ensure(fault.code == FaultCode::PageExhaustion, || format!("the wrong code: {fault}"))?;
                let heap = seal(declared(bench))?;
                end(bench, heap)?;
            }
        }
    }
    Err("sealing asks the page source more than 1,000 times".into())
}

/// Actors come, work and end, with messages that are drained at the end.
pub(super) fn clean(bench: &mut Bench, seed: u64) -> Result<(), String> {
    for round in 0..40 {
        let mut rng = Rng::new(seed ^ round);
        let heap = seal(builder(bench).quota(Layout::new::<Parcel>(), 500).senders(1, 500))?;
        let mut sender = heap.sender().map_err(|fault| fault.to_string())?;
        let sent = rng.between(1, 500);
        for mark in 0..sent as u64 {
            let parcel = heap.try_alloc([mark; 6]).map_err(|fault| fault.to_string())?;
            sender.send(parcel.into_remote()).map_err(|error| format!("refused: {error}"))?;
            bench.operations += 2;
        }
        drop(sender);
        let report = heap.shutdown();
        ensure(report.drained == sent && report.leak().is_none() && report.is_released, || {
            format!("{sent} sent: {report:?}")
        })?;
        bench.check()?;
    }
    bench.shut_down_clean()
}

/// An actor ends while messages are on their way, boxes are out and a sender lives: what came is drained, what is out is reported and stays
/// whole, and the last one out gives the memory back.
pub(super) fn in_flight(bench: &mut Bench, seed: u64) -> Result<(), String> {
    for round in 0..40_u64 {
        let mut rng = Rng::new(seed ^ round);
        let heap = seal(builder(bench).quota(Layout::new::<Parcel>(), 600).senders(1, 600))?;
        let mut sender = heap.sender().map_err(|fault| fault.to_string())?;
        let (sent, out) = (rng.between(1, 500), rng.between(1, 100));
        for mark in 0..sent as u64 {
            let parcel = heap.try_alloc([mark; 6]).map_err(|fault| fault.to_string())?;
            sender.send(parcel.into_remote()).map_err(|error| format!("refused: {error}"))?;
        }
        let kept: Result<Vec<_>, _> =
            (0..out).map(|_| heap.try_alloc([round; 6]).map(ActorBox::into_remote)).collect();
        let mut kept = kept.map_err(|fault| fault.to_string())?;
        bench.operations += (2 * sent + out) as u64;
        let report = heap.shutdown();
        let leak = report.leak().ok_or("boxes that are out were not reported")?;
        bench.note_code(&leak);
        ensure(report.drained == sent && report.live.blocks == out, || {
            format!("{sent} sent, {out} out: {report:?}")
        })?;
        ensure(!report.is_released, || "memory that is in use was given back".to_owned())?;
        ensure(kept.iter().all(|parcel| **parcel == [round; 6]), || "a box was changed".to_owned())?;
        let last = kept.pop().ok_or("a box")?;
        let Err(SendError::Closed(last)) = sender.send(last) else {
            return Err("an actor that ended took a message".into());
        };
        let report = bench.backend.shutdown();
        ensure(report.live_bytes > 0, || "the span of a live box was given back".to_owned())?;
        drop((kept, sender, last));
        let report = bench.backend.shutdown();
        ensure(report.live_bytes == 0, || format!("{} bytes alive after the last box", report.live_bytes))?;
        bench.check()?;
    }
    bench.shut_down_clean()
}

/// All parcels are out with other threads: the actor is refused one more until some come home.
pub(super) fn parcels_out(bench: &mut Bench, seed: u64) -> Result<(), String> {
    const PARCELS: usize = 300;
    let heap = seal(builder(bench).quota(Layout::new::<Parcel>(), PARCELS).senders(HELPERS, PARCELS))?;
    let mut rng = Rng::new(seed);
    for round in 0..20_u64 {
        let mut shares: Vec<Vec<RemoteBox<Parcel>>> = (0..HELPERS).map(|_| Vec::new()).collect();
        for _ in 0..PARCELS {
            let parcel = heap.try_alloc([round; 6]).map_err(|fault| fault.to_string())?;
            shares[rng.below(HELPERS)].push(parcel.into_remote());
        }
        let Err(fault) = heap.try_alloc([round; 6]) else { return Err("more parcels than declared".into()) };
        bench.note_refused(&fault);
        ensure(fault.code == FaultCode::Exhaustion, || format!("the wrong code: {fault}"))?;
        let wrong: usize = std::thread::scope(|scope| {
            let mut threads = Vec::new();
            for share in shares {
                let Ok(sender) = heap.sender() else { return usize::MAX };
                threads.push(scope.spawn(move || send_home(sender, share.into_iter())));
            }
            threads.into_iter().map(|thread| thread.join().unwrap_or(1)).sum()
        });
        ensure(wrong == 0, || format!("{wrong} parcels changed on their way"))?;
        ensure(heap.drain(1) == 1, || "nothing came home".to_owned())?;
        drop(heap.try_alloc([round; 6]).map_err(|fault| format!("refused after a drain: {fault}"))?);
        heap.drain(usize::MAX);
        heap.check().map_err(|error| format!("the actor's validator: {error}"))?;
        bench.operations += 2 * PARCELS as u64;
    }
    end(bench, heap)
}

/// What values panic with: no message, no hook.
struct OnPurpose;

/// A value that gives up when it is dropped, if it is live.
struct Grenade {
    is_live: bool,
    /// As large as what travels.
    rest: [u64; 5],
}

impl Drop for Grenade {
    fn drop(&mut self) {
        if std::mem::take(&mut self.is_live) {
            resume_unwind(Box::new(OnPurpose));
        }
    }
}

/// Panics while a value is made, while the actor drops one, while a sender does, and while nobody is there who could send it home:
/// the block is free, on its way, or out of use, as without the panic.
pub(super) fn panics(bench: &mut Bench, seed: u64) -> Result<(), String> {
    const ROUNDS: u64 = 400;
    for heaps in 0..4_u64 {
        let mut rng = Rng::new(seed ^ heaps);
        // A quota, and a region.
        let declared = builder(bench).senders(1, CREDITS);
        let heap = seal(match heaps % 2 {
            0 => declared.quota(Layout::new::<Grenade>(), CREDITS + 1),
            _ => declared.capacity((CREDITS + 1) * size_of::<Grenade>()),
        })?;
        let mut sender = heap.sender().map_err(|fault| fault.to_string())?;
        let (mut caught, mut sent, mut drained) = (0, 0, 0);
        for round in 0..ROUNDS {
            let live = || Grenade { is_live: true, rest: [round; 5] };
            let outcome = catch_unwind(AssertUnwindSafe(|| match rng.below(3) {
                0 => drop(heap.try_alloc_with(|| -> Grenade { resume_unwind(Box::new(OnPurpose)) })),
                1 => drop(heap.try_alloc(live())),
                _ => {
                    let Ok(value) = heap.try_alloc(live()) else { return };
                    sent += 1;
                    let _ = sender.send(value.into_remote());
                }
            }));
            caught += u64::from(outcome.is_err());
            if rng.below(8) == 0 || sent - drained == CREDITS {
                drained += heap.drain(usize::MAX);
            }
            let kept = heap.try_alloc(Grenade { is_live: false, rest: [round; 5] });
            let kept = kept.map_err(|fault| format!("refused after a panic: {fault}"))?;
            ensure(kept.rest == [round; 5], || "a value after a panic is not whole".to_owned())?;
            drop(kept);
            bench.operations += 2;
        }
        drained += heap.drain(usize::MAX);
        ensure(caught == ROUNDS, || format!("{caught} of {ROUNDS} panics came through"))?;
        ensure(drained == sent, || format!("{drained} of {sent} messages came home"))?;
        ensure(heap.live().blocks == 0, || format!("{:?} still live", heap.live()))?;
        drop(sender);
        end(bench, heap)?;
    }
    Ok(())
}

/// Threads send parcels home while the actor ends or is dropped: every parcel is drained or comes back to its sender, and the last one
/// out gives the memory back.
pub(super) fn dropped_in_flight(bench: &mut Bench, seed: u64) -> Result<(), String> {
    const PARCELS: usize = 300;
    for round in 0..60_u64 {
        let mut rng = Rng::new(seed ^ round);
        let heap =
            seal(builder(bench).quota(Layout::new::<Parcel>(), HELPERS * PARCELS).senders(HELPERS, PARCELS))?;
        let drains = rng.below(40);
        // All senders before the first thread: one that ended would leave its spent credits to the next.
        let senders: Result<Vec<RemoteSender>, _> = (0..HELPERS).map(|_| heap.sender()).collect();
        let made: Result<Vec<_>, _> = (0..HELPERS * PARCELS)
            .map(|mark| heap.try_alloc([mark as u64; 6]).map(ActorBox::into_remote))
            .collect();
        let mut parcels = made.map_err(|fault| fault.to_string())?;
        let senders = senders.map_err(|fault| fault.to_string())?;
        std::thread::scope(|scope| {
            let mut threads = Vec::new();
            for mut sender in senders {
                let share = parcels.split_off(parcels.len() - PARCELS);
                threads.push(scope.spawn(move || {
                    let mut late = 0;
                    for parcel in share {
                        let mark = parcel[0];
                        match sender.send(parcel) {
                            Ok(()) => {}
                            Err(SendError::Closed(back)) if *back == [mark; 6] => late += 1,
                            Err(other) => return Err(format!("refused or changed: {other}")),
                        }
                    }
                    Ok(late)
                }));
            }
            let mut drained: usize = (0..drains).map(|_| heap.drain(3)).sum();
            let report = (round % 2 == 0).then(|| heap.shutdown());
            let ended =
                threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err("a panic".into())));
            let late: usize = ended.sum::<Result<_, String>>()?;
            let Some(report) = report else { return Ok(()) };
            drained += report.drained;
            ensure(drained + late == HELPERS * PARCELS && report.unfinished == 0, || {
                format!("{drained} drained, {late} came back, of {}: {report:?}", HELPERS * PARCELS)
            })
        })?;
        bench.operations += (HELPERS * PARCELS) as u64;
        // The last sender or parcel gave the memory back.
        let report = bench.backend.shutdown();
        ensure(report.live_bytes == 0, || {
            format!("{} bytes alive after the last sender", report.live_bytes)
        })?;
        bench.check()?;
    }
    bench.shut_down_clean()
}
