//! The profile `test-fixture`: the same everywhere, refuses on command, says what happened, and does it again.

use compiler_alloc::fault::{FactName, FaultCode};
use compiler_alloc::profile::test_fixture::{
    Answer, Call, FixtureThread, Journal, Request, Settings, TestFixture, refuse_each,
};
use compiler_alloc::{Arena, Sealed};
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use std::alloc::Layout;
use std::ptr::NonNull;

/// A few numbers that look random.
fn numbers(mut seed: u64) -> impl FnMut(usize) -> usize {
    move |bound| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 16) as usize % bound
    }
}

fn layout(bytes: usize) -> Layout {
    Layout::from_size_align(bytes, 16).unwrap()
}

/// # Safety
/// - A block in use of the thread's fixture, which nobody uses again.
unsafe fn free_all(thread: &mut FixtureThread<'_>, blocks: impl IntoIterator<Item = NonNull<u8>>) {
    for block in blocks {
        // SAFETY: needs a block in use that nobody uses again; the caller promises it of all of them.
        unsafe { thread.free(block) }
    }
}

/// Arenas, sealed results and two threads of the heap, at random; answers the place of everything that was allocated.
fn work(fixture: &TestFixture, seed: u64) -> Vec<usize> {
    let mut below = numbers(seed | 1);
    let mut places = Vec::new();
    let mut arenas: Vec<Arena> = (0..3).map(|_| fixture.arena()).collect();
    let mut threads = [fixture.thread(), fixture.thread()];
    let mut blocks: Vec<NonNull<u8>> = Vec::new();
    for step in 0..3_000 {
        match below(10) {
            0 => arenas[below(3)].reset(),
            1..4 => {
                let words = 1 + below(if step % 50 == 0 { 100_000 } else { 300 });
                if let Ok(list) = arenas[below(3)].try_alloc_slice_fill_with(words, |index| index) {
                    places.extend(fixture.offset_of(list.as_ptr().cast()));
                }
            }
            4 => {
                let sealed = Sealed::<Words>::build_in(fixture.memory(), |builder| {
                    &*builder.alloc_slice_fill_with(1 + below(2_000), |index| index)
                });
                places.extend(fixture.offset_of(sealed.get().as_ptr().cast()));
            }
            5 => threads[below(2)].safepoint(),
            6 | 7 if !blocks.is_empty() => {
                let block = blocks.swap_remove(below(blocks.len()));
                // SAFETY: needs a block in use that nobody uses again; it was taken off the list of those.
                unsafe { threads[below(2)].free(block) }
            }
            _ => {
                let block = threads[below(2)].alloc(layout(1 + below(5_000)));
                places.extend(block.and_then(|block| fixture.offset_of(block.as_ptr())));
                blocks.extend(block);
            }
        }
    }
    threads.iter().for_each(|thread| thread.check().unwrap());
    fixture.check().unwrap();
    // SAFETY: needs blocks in use that nobody uses again; those are the ones on the list.
    unsafe { free_all(&mut threads[0], blocks) };
    places
}

struct Words;

impl compiler_alloc::Family for Words {
    type Of<'a> = &'a [usize];
    fn shorten<'s, 'l: 's>(long: &'s &'l [usize]) -> &'s &'s [usize] {
        long
    }
}

#[test]
fn the_same_seed_and_calls_give_the_same_addresses_order_and_statistics() {
    let run = |settings: Settings| {
        let fixture = TestFixture::with(settings);
        let places = work(&fixture, 42);
        let ended = fixture.finish();
        assert!(ended.leak.is_none(), "{:?}", ended.leak);
        (places, ended)
    };
    for settings in [Settings::default(), Settings::default().frugal(), Settings::default().with_seed(9)] {
        let (places, ended) = run(settings);
        // Something else in the process, so that the second window lies elsewhere.
        let elsewhere = TestFixture::new(3);
        let (places_again, ended_again) = run(settings);
        drop(elsewhere);
        assert!(places.len() > 1000);
        assert_eq!(places, places_again);
        assert_eq!(ended.journal.difference(&ended_again.journal), None);
        assert_eq!(ended.stats, ended_again.stats);
    }
}

#[test]
fn another_seed_gives_other_addresses_and_the_same_answers() {
    let (one, other) = (TestFixture::new(1), TestFixture::new(2));
    let (places, other_places) = (work(&one, 42), work(&other, 42));
    assert_eq!(places.len(), other_places.len());
    assert_ne!(places, other_places);
}

#[test]
fn a_small_journal_is_the_same_on_every_machine() {
    let fixture = TestFixture::new(7);
    let arena = fixture.arena();
    arena.alloc(1_u64);
    fixture.refuse(Request::Piece, 0, 1);
    assert!(arena.try_alloc_slice_fill_with(600_000, |_| 0_u8).is_err());
    drop(arena);
    insta::assert_snapshot!(fixture.journal());
}

#[test]
fn what_the_script_refuses_is_refused_and_has_no_effect() {
    let fixture = TestFixture::new(1);
    let arena = fixture.arena();
    fixture.refuse(Request::Page, 0, usize::MAX);
    let fault = arena.try_alloc(1_u8).unwrap_err();
    assert_eq!((fault.code, fault.fact(FactName::OsError)), (FaultCode::PageExhaustion, Some(12)));
    assert!(fixture.requests(Request::Page).refused > 0);
    fixture.refuse_nothing();

    fixture.refuse(Request::Piece, 1, usize::MAX);
    assert_eq!(arena.try_alloc(1_u8).copied(), Ok(1));
    let fault = arena.try_alloc_slice_fill_with(600_000, |_| 0_u8).unwrap_err();
    assert_eq!((fault.code, fault.fact(FactName::OsError)), (FaultCode::PageExhaustion, Some(12)));
    assert_eq!(fixture.requests(Request::Piece).refused, 1);

    let mut thread = fixture.thread();
    fixture.refuse(Request::Block, 1, 1);
    let first = thread.alloc(layout(40)).unwrap();
    assert_eq!(thread.alloc(layout(40)), None);
    let second = thread.alloc(layout(40)).unwrap();
    assert_eq!(fixture.requests(Request::Block).made, 3);
    assert_eq!(fixture.requests(Request::Block).refused, 1);
    fixture.refuse(Request::Block, 0, 1);
    // SAFETY: needs a block in use; a refused resize leaves it as it is.
    assert_eq!(unsafe { thread.resize(first, layout(9_000)) }, None);
    // SAFETY: needs blocks in use that nobody uses again; the test forgets them.
    unsafe { free_all(&mut thread, [first, second]) };
    drop((thread, arena));
    assert!(fixture.finish().leak.is_none());
}

#[test]
fn every_request_of_a_pass_can_be_refused() {
    let pass = |fixture: &TestFixture| {
        let arena = fixture.arena();
        let mut names = Vec::new();
        for index in 0..200 {
            names.push(arena.try_alloc_slice_fill_with(index, |_| index as u8)?);
        }
        assert!(names.iter().enumerate().all(|(index, name)| name.iter().all(|&byte| byte == index as u8)));
        Ok::<(), compiler_alloc::fault::Fault>(())
    };
    assert!(refuse_each(Settings::default(), Request::Page, pass) >= 4);
    let often = refuse_each(Settings::default().frugal(), Request::Piece, pass);
    let seldom = refuse_each(Settings::default(), Request::Piece, pass);
    assert!(often > seldom && seldom > 0, "{often} and {seldom}");
}

#[test]
fn every_block_of_a_scenario_can_be_refused() {
    let met = refuse_each(Settings::default(), Request::Block, |fixture| {
        let mut thread = fixture.thread();
        let blocks: Vec<_> = (0..20).map_while(|_| thread.alloc(layout(100))).collect();
        let is_whole = blocks.len() == 20;
        // SAFETY: needs blocks in use that nobody uses again; those are the ones on the list.
        unsafe { free_all(&mut thread, blocks) };
        if is_whole { Ok(()) } else { Err("refused") }
    });
    assert_eq!(met, 20);
}

#[test]
#[should_panic(expected = "failed although memory is back")]
fn a_scenario_that_does_not_recover_is_found() {
    let mut gave_up = false;
    refuse_each(Settings::default(), Request::Piece, |fixture| {
        gave_up |= fixture.arena().try_alloc(1_u8).is_err();
        if gave_up { Err("for ever") } else { Ok(()) }
    });
}

#[test]
#[should_panic(expected = "ALLOCATOR_SHUTDOWN_LEAK")]
fn a_scenario_that_leaks_where_it_fails_is_found() {
    refuse_each(Settings::default(), Request::Block, |fixture| {
        let mut thread = fixture.thread();
        let first = thread.alloc(layout(10)).ok_or("first")?;
        // The bug: the first block is lost.
        let second = thread.alloc(layout(10)).ok_or("second")?;
        // SAFETY: needs blocks in use that nobody uses again; the scenario forgets them.
        unsafe { free_all(&mut thread, [first, second]) };
        Ok::<(), &str>(())
    });
}

/// Two slabs of blocks of the first thread, freed by the second; at their owner's when the second has passed a safepoint.
fn freed_by_another(fixture: &TestFixture) -> (FixtureThread<'_>, FixtureThread<'_>, usize) {
    let (mut owner, mut other) = (fixture.thread(), fixture.thread());
    let blocks: Vec<_> = (0..2_000).map(|_| owner.alloc(layout(64)).unwrap()).collect();
    let held = fixture.stats().heap_live_bytes;
    // SAFETY: needs blocks in use that nobody uses again; those are the ones on the list.
    unsafe { free_all(&mut other, blocks) };
    other.safepoint();
    assert_eq!(
        fixture.stats().heap_live_bytes,
        held,
        "what others freed waits for a drain point of the owner"
    );
    (owner, other, held)
}

#[test]
fn a_safepoint_of_a_fixture_takes_what_another_thread_freed() {
    let fixture = TestFixture::new(1);
    let (mut owner, other, held) = freed_by_another(&fixture);
    owner.safepoint();
    assert!(fixture.stats().heap_live_bytes < held);
    drop((owner, other));
    assert!(fixture.finish().leak.is_none());
}

#[test]
fn a_refill_of_a_fixture_takes_what_another_thread_freed_in_the_same_order_each_time() {
    let run = || {
        let fixture = TestFixture::new(1);
        let (mut owner, other, held) = freed_by_another(&fixture);
        let again: Vec<_> = (0..2_000).map(|_| owner.alloc(layout(64)).unwrap()).collect();
        assert_eq!(fixture.stats().heap_live_bytes, held, "no span is taken while freed blocks wait");
        let places: Vec<_> = again.iter().map(|block| fixture.offset_of(block.as_ptr()).unwrap()).collect();
        // SAFETY: needs blocks in use that nobody uses again; those are the ones on the list.
        unsafe { free_all(&mut owner, again) };
        drop((owner, other));
        assert!(fixture.finish().leak.is_none());
        places
    };
    assert_eq!(run(), run());
}

#[test]
fn a_thread_of_a_fixture_that_exits_gives_back_what_others_freed() {
    let fixture = TestFixture::new(1);
    let (owner, other, _) = freed_by_another(&fixture);
    drop(owner);
    assert_eq!(fixture.stats().heap_live_bytes, 0);
    drop(other);
}

#[test]
fn a_journal_plays_again_also_from_its_text() {
    for settings in [Settings::default(), Settings::default().frugal()] {
        let fixture = TestFixture::with(settings);
        fixture.refuse(Request::Block, 100, 7);
        fixture.refuse(Request::Piece, 3, 2);
        let mut below = numbers(5);
        let mut thread = fixture.thread();
        let arena = fixture.arena();
        let mut blocks = Vec::new();
        for step in 0..400 {
            let _ = arena.try_alloc_slice_fill_with(below(3_000), |index| index);
            blocks.extend(thread.alloc(layout(1 + below(90_000))));
            if step % 3 == 0 && !blocks.is_empty() {
                // SAFETY: needs a block in use that nobody uses again; it leaves the list.
                unsafe { thread.free(blocks.swap_remove(below(blocks.len()))) }
            }
        }
        let halfway = fixture.journal();
        // SAFETY: needs blocks in use that nobody uses again; those are the ones on the list.
        unsafe { free_all(&mut thread, blocks) };
        drop((arena, thread));
        let ended = fixture.finish();
        assert!(ended.journal.of(Call::Alloc).any(|event| event.is_refused()));
        assert!(ended.journal.of(Call::Take).any(|event| event.is_refused()));

        let parsed: Journal = ended.journal.to_string().parse().unwrap();
        assert_eq!(parsed, ended.journal);
        let again = parsed.replay().unwrap();
        assert_eq!(again.journal, ended.journal);
        assert_eq!(again.stats, ended.stats);
        assert!(again.leak.is_none());
        // What was in use then is in use at the end of the replay.
        assert!(halfway.replay().unwrap().leak.is_some());
    }
}

#[test]
fn a_replay_says_where_another_library_would_decide_otherwise() {
    let fixture = TestFixture::new(1);
    fixture.arena().alloc(1_u8);
    let mut journal = fixture.finish().journal;
    let place = journal.events.iter().position(|event| event.call == Call::Take).unwrap();
    let Answer::Range(at, bytes) = journal.events[place].answer else { panic!("lent") };
    journal.events[place].answer = Answer::Range(at + 16, bytes);
    let difference = journal.replay().unwrap_err();
    assert_eq!(difference.index, place);
    assert!(difference.to_string().contains("expected `take"), "{difference}");
}

#[test]
fn what_is_in_use_at_the_end_is_reported_and_stays_whole() {
    let fixture = TestFixture::new(1);
    let arena = fixture.arena();
    let kept = arena.alloc_str("still here");
    let ended = fixture.finish();
    let leak = ended.leak.expect("an arena lives");
    assert_eq!(leak.code, FaultCode::ShutdownLeak);
    assert_eq!(kept, "still here");
    assert!(arena.try_alloc([0_u8; 100_000]).is_err(), "a fixture that has ended lends nothing");
    drop(arena);
}

#[test]
fn an_arena_without_memory_may_outlive_its_fixture() {
    let fixture = TestFixture::new(1);
    let arena = fixture.arena();
    assert!(fixture.finish().leak.is_none());
    assert_eq!(arena.try_alloc(1).unwrap_err().code, FaultCode::Exhaustion);
}

#[test]
fn workers_may_share_a_fixture() {
    let fixture = TestFixture::new(1);
    let pool = fixture.pool();
    let lengths: usize = (0..500_usize)
        .into_par_iter()
        .map_init(|| pool.get(), |guard, length| guard.alloc_slice_fill_with(length, |index| index).len())
        .sum();
    assert_eq!(lengths, 500 * 499 / 2);
    drop(pool);
    assert!(fixture.finish().leak.is_none());
}

#[test]
fn a_window_that_is_full_is_refused_and_serves_again() {
    let settings = Settings { window_bytes: 4 << 20, ..Settings::default() };
    let fixture = TestFixture::with(settings);
    let mut arena = fixture.arena();
    let mut served = 0;
    while arena.try_alloc([0_u8; 10_000]).is_ok() {
        served += 10_000;
    }
    assert!(served > 2 << 20, "{served}");
    arena.reset();
    assert!(arena.try_alloc([0_u8; 10_000]).is_ok());
    drop(arena);
    assert!(fixture.finish().leak.is_none());
}
