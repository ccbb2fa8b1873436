//! Cases of `test-fixture`: threads that take turns, scripted refusals, and journals that say the same twice.

use std::alloc::Layout;
use std::ptr::NonNull;

use bench_measured::rng::Rng;
use compiler_alloc::fault::{Fault, FaultCode};
use compiler_alloc::profile::test_fixture::{
    Answer, Call, Ended, FixtureThread, Request, Settings, TestFixture, limit_each, refuse_each,
};

use super::bench::{Bench, ensure};
use super::marked::{Blocks, Marked, churn, fill_and_thin, take_until_refused};

/// Bytes of the window that fills up.
const WINDOW_BYTES: usize = 16 << 20;
/// Threads that take turns.
const THREADS: usize = 4;
/// Blocks of a thread and round.
const BLOCKS: usize = 1_000;
/// Of few classes, because a thread keeps a slab of each.
const SIZES: [usize; 3] = [60, 250, 700];

// SAFETY: blocks must be valid and unshared until they are given back. A thread of a fixture's heap lends no others.
unsafe impl Blocks for FixtureThread<'_> {
    fn take(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        self.alloc(layout)
    }

    unsafe fn give_back(&mut self, place: NonNull<u8>, _layout: Layout) {
        // SAFETY: the caller keeps the duties of this call, which are the same.
        unsafe { self.free(place) }
    }

    unsafe fn resize(&mut self, place: NonNull<u8>, layout: Layout, bytes: usize) -> Option<NonNull<u8>> {
        let layout = Layout::from_size_align(bytes, layout.align()).ok()?;
        // SAFETY: the caller keeps the duties of this call, which are the same.
        unsafe { FixtureThread::resize(self, place, layout) }
    }

    fn check(&mut self) -> Result<(), String> {
        FixtureThread::check(self).map_err(|error| format!("the thread's validator: {error}"))
    }
}

/// Adds what the fixture's page source lent and got back to the bench's sums, and demands that nothing lives.
fn count(bench: &mut Bench, ended: &Ended) -> Result<(), String> {
    let lent = ended.journal.of(Call::Reserve).filter(|event| matches!(event.answer, Answer::At(_)));
    let lent: usize = lent.filter_map(|event| event.argument("bytes")).sum();
    let back: usize = ended.journal.of(Call::Release).filter_map(|event| event.argument("bytes")).sum();
    bench.count_bytes(lent, back);
    bench.checks += 1;
    match ended.leak {
        Some(leak) => Err(format!("alive at the end: {leak}")),
        None => Ok(()),
    }
}

fn check(bench: &mut Bench, fixture: &TestFixture) -> Result<(), String> {
    fixture.check().map_err(|error| format!("the validator: {error}"))?;
    bench.checks += 1;
    Ok(())
}

/// One thread at random, twice: both journals are the same, and one plays again.
pub(super) fn local_free(bench: &mut Bench, seed: u64) -> Result<(), String> {
    let mut earlier: Option<Ended> = None;
    for _ in 0..2 {
        let fixture = TestFixture::new(seed);
        let mut thread = fixture.thread();
        let refused = churn(&mut thread, bench, &mut Rng::new(seed), 15_000, 1_500, 30_000)?;
        ensure(refused == 0, || format!("{refused} requests were refused"))?;
        drop(thread);
        check(bench, &fixture)?;
        let ended = fixture.finish();
        count(bench, &ended)?;
        if let Some(earlier) = &earlier {
            let difference = earlier.journal.difference(&ended.journal);
            ensure(difference.is_none(), || format!("the same calls differ: {difference:?}"))?;
            ensure(earlier.stats == ended.stats, || "the same calls give other statistics".to_owned())?;
        }
        earlier = Some(ended);
    }
    let ended = earlier.ok_or("two rounds")?;
    let again = ended.journal.replay().map_err(|difference| format!("the replay: {difference}"))?;
    ensure(again.stats == ended.stats, || "the replay gives other statistics".to_owned())
}

/// Every thread frees what another allocated, and drains at safepoints.
pub(super) fn remote_free(bench: &mut Bench, seed: u64) -> Result<(), String> {
    let fixture = TestFixture::new(seed);
    let mut rng = Rng::new(seed);
    let mut threads: Vec<FixtureThread<'_>> = (0..THREADS).map(|_| fixture.thread()).collect();
    for round in 0..6_u8 {
        let mut made: Vec<Vec<Marked>> = Vec::new();
        for thread in &mut threads {
            let blocks = (0..4 * BLOCKS).map(|_| Marked::take(thread, SIZES[rng.below(SIZES.len())], round));
            made.push(blocks.collect::<Option<_>>().ok_or("no memory")?);
        }
        let held = fixture.stats().heap_live_bytes;
        for (index, blocks) in made.into_iter().enumerate() {
            let other = &mut threads[(index + 1) % THREADS];
            blocks.into_iter().try_for_each(|block| block.give_back(other))?;
        }
        threads.iter_mut().for_each(FixtureThread::safepoint);
        threads.iter_mut().for_each(FixtureThread::safepoint);
        let left = fixture.stats().heap_live_bytes;
        ensure(left < held, || {
            format!("{left} of {held} bytes wait although every thread passed a safepoint")
        })?;
        threads.iter_mut().try_for_each(Blocks::check)?;
        check(bench, &fixture)?;
        bench.operations += 8 * (THREADS * BLOCKS) as u64;
    }
    drop(threads);
    count(bench, &fixture.finish())
}

/// Generations of threads: each frees what the one before left alive, and leaves blocks of its own.
pub(super) fn cross_thread(bench: &mut Bench, seed: u64) -> Result<(), String> {
    let fixture = TestFixture::new(seed);
    let mut rng = Rng::new(seed);
    let mut left: Vec<Marked> = Vec::new();
    for generation in 0..12_u8 {
        let mut thread = fixture.thread();
        let own: Option<Vec<Marked>> =
            (0..BLOCKS).map(|_| Marked::take(&mut thread, rng.between(1, 2_000), generation)).collect();
        for block in std::mem::replace(&mut left, own.ok_or("no memory")?) {
            block.give_back(&mut thread)?;
        }
        Blocks::check(&mut thread)?;
        drop(thread);
        check(bench, &fixture)?;
        bench.operations += 2 * BLOCKS as u64;
    }
    let mut last = fixture.thread();
    left.into_iter().try_for_each(|block| block.give_back(&mut last))?;
    drop(last);
    count(bench, &fixture.finish())
}

/// Mixed blocks of 12 MiB, a random nine of ten freed, then the rest.
pub(super) fn fragmentation(bench: &mut Bench, seed: u64) -> Result<(), String> {
    let fixture = TestFixture::new(seed);
    let mut thread = fixture.thread();
    let mut rng = Rng::new(seed);
    for _ in 0..3 {
        fill_and_thin(&mut thread, bench, &mut rng, 12 << 20, 800, |_| {
            fixture.check().map_err(|error| format!("the validator: {error}"))
        })?;
        thread.safepoint();
        let left = fixture.stats().heap_live_bytes;
        ensure(left < 6 << 20, || format!("{left} bytes are held although no block lives"))?;
    }
    drop(thread);
    count(bench, &fixture.finish())
}

/// Large blocks between small ones.
pub(super) fn large_objects(bench: &mut Bench, seed: u64) -> Result<(), String> {
    let fixture = TestFixture::new(seed);
    let mut thread = fixture.thread();
    let refused = churn(&mut thread, bench, &mut Rng::new(seed), 400, 10, 3 << 20)?;
    ensure(refused == 0, || format!("{refused} requests were refused"))?;
    drop(thread);
    check(bench, &fixture)?;
    count(bench, &fixture.finish())
}

/// A small window fills up; nothing changes when it refuses, and what was refused succeeds after a free.
pub(super) fn window(bench: &mut Bench, seed: u64) -> Result<(), String> {
    let fixture = TestFixture::with(Settings { seed, window_bytes: WINDOW_BYTES, ..Settings::default() });
    let mut thread = fixture.thread();
    let mut rng = Rng::new(seed);
    for _ in 0..5 {
        let (mut kept, refused_bytes) = take_until_refused(&mut thread, bench, &mut rng, 200_000, 5);
        // A null pointer has no code; the backend says why, to an arena that asks for more than there is.
        match fixture.arena().try_alloc_slice_fill_with(WINDOW_BYTES, |_| 0_u8) {
            Ok(_) => return Err("the heap had no memory, but an arena has".into()),
            Err(fault) => bench.note_refused(&fault),
        }
        check(bench, &fixture)?;
        while let Some(block) = kept.pop() {
            block.give_back(&mut thread)?;
            if kept.len() % 8 == 0
                && Marked::take(&mut thread, refused_bytes, 6)
                    .is_some_and(|block| block.give_back(&mut thread).is_ok())
            {
                break;
            }
        }
        ensure(!kept.is_empty(), || "what was refused succeeds only when nothing lives".to_owned())?;
        kept.into_iter().try_for_each(|block| block.give_back(&mut thread))?;
    }
    drop(thread);
    count(bench, &fixture.finish())
}

/// Every request of each kind refused in turn; the sweep itself demands that everything holds and serves again.
pub(super) fn scripted(bench: &mut Bench, seed: u64) -> Result<(), String> {
    let settings = Settings::default().with_seed(seed).frugal();
    let fault = Fault::new(FaultCode::PageExhaustion, "scripted refusal");
    for request in [Request::Page, Request::Piece, Request::Block] {
        let mut operations = 0;
        let met = refuse_each(settings, request, |fixture| {
            operations += 1;
            let mut rng = Rng::new(seed);
            let arena = fixture.arena();
            let mut thread = fixture.thread();
            let mut kept = Vec::new();
            let mut outcome = Ok(());
            for step in 0..60 {
                outcome =
                    outcome.and(arena.try_alloc_slice_fill_with(rng.between(1, 4_000), |_| step).map(|_| ()));
                match Marked::take(&mut thread, rng.between(1, 60_000), step) {
                    Some(block) => kept.push(block),
                    None => outcome = outcome.and(Err(fault)),
                }
            }
            kept.into_iter().try_for_each(|block| block.give_back(&mut thread)).map_err(|_| fault)?;
            outcome
        });
        ensure(met > 0, || format!("no request of the kind {request:?} was refused"))?;
        bench.operations += 120 * operations;
        bench.refused += met as u64;
        bench.checks += 2 * met as u64;
    }
    bench.note_code(&fault);
    Ok(())
}

/// Every allocation of an arena reaches its limit once.
pub(super) fn limit(bench: &mut Bench, seed: u64) -> Result<(), String> {
    let mut wrong = 0;
    let mut last = None;
    let met = limit_each(Settings::default().with_seed(seed), |arena| {
        let mut rng = Rng::new(seed);
        for step in 0..100_u64 {
            let words = rng.between(1, 40);
            let list = arena.try_alloc_slice_fill_with(words, |_| step);
            if let Err(fault) = &list {
                wrong += usize::from(fault.code != FaultCode::Exhaustion);
                last = Some(*fault);
            }
            wrong += usize::from(!list?.iter().all(|&word| word == step));
        }
        Ok::<(), Fault>(())
    });
    bench.operations += 100 * met as u64;
    bench.refused += met as u64;
    bench.checks += met as u64;
    bench.note_code(&last.ok_or("no limit was too small")?);
    ensure(wrong == 0, || format!("{wrong} answers were wrong"))
}

/// Arenas, sealed memory of pools and threads end in any order; everything goes back.
pub(super) fn clean(bench: &mut Bench, seed: u64) -> Result<(), String> {
    let mut rng = Rng::new(seed);
    for round in 0..10 {
        let fixture = TestFixture::new(seed ^ round);
        let (arena, pool) = (fixture.arena(), fixture.pool());
        let mut threads: Vec<FixtureThread<'_>> = (0..THREADS).map(|_| fixture.thread()).collect();
        let mut blocks = Vec::new();
        for step in 0..400_u64 {
            arena.alloc_slice_fill_with(rng.between(1, 2_000), |_| step);
            pool.get().alloc_slice_fill_with(rng.between(1, 2_000), |_| step);
            let thread = &mut threads[rng.below(THREADS)];
            blocks.push(Marked::take(thread, rng.between(1, 20_000), step as u8).ok_or("no memory")?);
            bench.operations += 3;
        }
        // The first thread frees what all of them allocated, after the others ended.
        threads.truncate(1);
        blocks.into_iter().try_for_each(|block| block.give_back(&mut threads[0]))?;
        drop(arena);
        drop(threads);
        drop(pool);
        check(bench, &fixture)?;
        count(bench, &fixture.finish())?;
    }
    Ok(())
}

/// A block outlives the fixture.
pub(super) fn leak(bench: &mut Bench, seed: u64) -> Result<(), String> {
    let fixture = TestFixture::new(seed);
    let mut rng = Rng::new(seed);
    let mut thread = fixture.thread();
    let survivor = Marked::take(&mut thread, rng.between(100, 1_000), 0x5a).ok_or("no memory")?;
    for step in 0..1_000_u32 {
        Marked::take(&mut thread, rng.between(1, 5_000), step as u8)
            .ok_or("no memory")?
            .give_back(&mut thread)?;
        bench.operations += 2;
    }
    drop(thread);
    check(bench, &fixture)?;
    let leak = fixture.finish().leak.ok_or("nothing was reported")?;
    bench.note_code(&leak);
    survivor.whole()
}
