//! Sessions: what passes retain, what their scratch memory costs, and what the accounts say.

use super::arena_memory::fixture;
use compiler_alloc::Session;
use compiler_alloc::arena::SESSION_IDLE_BYTES;
use compiler_alloc::fault::FaultCode;
use core::alloc::Layout;
use rayon::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};

#[test]
fn scratch_is_gone_after_its_pass_and_out_lives_until_the_round_ends() {
    let fixture = fixture();
    let mut session = Session::new_in(fixture.spans);
    let source = vec![3_u32, 1, 2];
    for _ in 0..3 {
        let last = session.round(|round| {
            let sorted = round.pass("sort", |pass| {
                let mut worker = pass.worker();
                worker.scope(|scratch, out| {
                    let copy = scratch.alloc_slice_copy(&source);
                    copy.sort_unstable();
                    let by_reference = scratch.alloc(&source);
                    assert_eq!(by_reference.len(), 3);
                    &*out.alloc_slice_copy(copy)
                })
            });
            round.safepoint();
            round.pass("pick", |pass| {
                pass.boundary();
                let worker = pass.worker();
                **worker.scratch().alloc(&sorted[2])
            })
        });
        assert_eq!(last, 3);
    }
    let accounts: Vec<_> =
        session.accounts().iter().map(|a| (a.name, a.runs, a.boundaries, a.out_used_bytes)).collect();
    assert_eq!(accounts, [("sort", 3, 3, 48), ("pick", 3, 3, 0)]);
    assert_eq!(session.accounts()[0].scratch_peak_bytes, 24);
    session.clear_accounts();
    assert!(session.accounts().is_empty());
    drop(session);
    fixture.assert_nothing_lent();
}

#[test]
fn later_rounds_take_no_new_memory() {
    let fixture = fixture();
    let mut session = Session::new_in(fixture.spans);
    let mut reserved = Vec::new();
    for _ in 0..4 {
        session.round(|round| {
            round.pass("fill", |pass| {
                let worker = pass.worker();
                (0..50_000_u64).for_each(|n| _ = (worker.out().alloc(n), worker.scratch().alloc(n)));
            });
        });
        reserved.push(session.reserved_bytes());
    }
    assert!(reserved.windows(2).all(|pair| pair[0] == pair[1]), "{reserved:?}");
    assert!(session.accounts()[0].reserved_peak_bytes >= 800_000);
    drop(session);
    assert!(fixture.backend.stats().idle_bytes() <= SESSION_IDLE_BYTES);
    fixture.assert_nothing_lent();
}

#[test]
fn workers_share_a_pass() {
    let mut session = Session::new();
    let total = session.round(|round| {
        let squares: Vec<&u64> = round.pass("square", |pass| {
            (0..500_u64)
                .into_par_iter()
                .map_init(
                    || pass.worker(),
                    |worker, n| worker.scope(|scratch, out| &*out.alloc(*scratch.alloc(n) * n)),
                )
                .collect()
        });
        round.pass("sum", |_| squares.iter().copied().sum::<u64>())
    });
    assert_eq!(total, (0..500_u64).map(|n| n * n).sum());
    assert_eq!(session.accounts()[0].boundaries, 500);
    assert!(session.accounts()[0].out_used_bytes >= 4_000);
}

#[test]
fn a_budget_ends_a_pass_and_no_other() {
    let fixture = fixture();
    let mut session = Session::new_in(fixture.spans);
    session.round(|round| {
        let fault = round.pass_within("tight", 100_000, |pass| {
            let (first, second) = (pass.worker(), pass.worker());
            let mut bytes = 0;
            loop {
                let worker = if bytes % 16 == 0 { &first } else { &second };
                match worker.out().try_alloc(bytes as u64).and_then(|_| worker.scratch().try_alloc(0_u64)) {
                    Ok(_) => bytes += 8,
                    Err(fault) => break (fault, bytes * 2),
                }
            }
        });
        assert_eq!((fault.0.code, fault.0.subject), (FaultCode::Exhaustion, "tight"));
        assert!((50_000..=100_000).contains(&fault.1), "{} bytes were granted", fault.1);
        round.pass("free", |pass| _ = pass.worker().out().alloc_slice_fill_with(200_000, |_| 0_u8));
    });
    assert_eq!(session.accounts()[0].budget_bytes, 100_000);
    assert_eq!(session.accounts()[1].budget_bytes, u64::MAX);
    drop(session);
    fixture.assert_nothing_lent();
}

#[test]
fn a_limit_set_below_what_a_pass_uses_ends_the_arena_there() {
    let fixture = fixture();
    let mut session = Session::new_in(fixture.spans);
    session.round(|round| {
        round.pass_within("tight", 700_000, |pass| {
            let worker = pass.worker();
            let arena = worker.scratch().raw();
            worker.scratch().alloc_slice_fill_with(100_000, |_| 0_u8);
            let reserved_bytes = arena.reserved_bytes();
            arena.set_limit(Some(0));
            for layout in [Layout::new::<[u64; 68_000]>(), Layout::new::<u64>()] {
                let fault = arena.try_alloc_layout(layout).unwrap_err();
                assert_eq!((fault.code, fault.subject), (FaultCode::Exhaustion, "arena limit"));
            }
            assert_eq!(arena.reserved_bytes(), reserved_bytes, "a refused request takes nothing");
            arena.set_limit(None);
            arena.try_alloc_layout(Layout::new::<[u64; 30_000]>()).expect("the budget admits it");
            arena.check().unwrap();
        });
    });
    drop(session);
    fixture.assert_nothing_lent();
}

#[test]
fn one_worker_gets_its_whole_budget() {
    let mut session = Session::new();
    let bytes = session.round(|round| {
        round.pass_within("exact", 100_000, |pass| {
            let worker = pass.worker();
            let mut bytes = 0;
            while worker.scratch().try_alloc(0_u64).is_ok() {
                bytes += 8;
            }
            bytes
        })
    });
    assert_eq!(bytes, 100_000);
}

#[test]
fn a_panicking_pass_is_booked_and_its_scratch_emptied() {
    let fixture = fixture();
    let mut session = Session::new_in(fixture.spans);
    let answer = catch_unwind(AssertUnwindSafe(|| {
        session.round(|round| {
            round.pass_within("boom", 1 << 20, |pass| {
                pass.worker().out().alloc(1_u64);
                panic!("on purpose")
            })
        })
    }));
    assert!(answer.is_err());
    assert_eq!((session.accounts()[0].runs, session.accounts()[0].out_used_bytes), (1, 8));
    session.round(|round| round.pass("again", |pass| assert_eq!(*pass.worker().scratch().alloc(1), 1)));
    drop(session);
    fixture.assert_nothing_lent();
}

#[test]
fn sealed_results_outlive_the_session_and_are_booked() {
    use compiler_alloc::Family;
    struct Numbers;
    impl Family for Numbers {
        type Of<'a> = &'a [u64];
        fn shorten<'s, 'l: 's>(long: &'s &'l [u64]) -> &'s &'s [u64] {
            long
        }
    }
    let mut session = Session::new();
    let sealed = session.round(|round| {
        round.pass("seal", |pass| pass.seal::<Numbers>(|b| b.alloc_slice_fill_with(100, |n| n as u64)))
    });
    let account = session.accounts()[0];
    assert_eq!(account.sealed_used_bytes, sealed.heap_size().used as u64);
    assert_eq!(account.sealed_reserved_bytes, sealed.heap_size().reserved as u64);
    drop(session);
    assert_eq!(sealed.get()[99], 99);
}

#[test]
fn forgetting_a_worker_leaks_and_nothing_else() {
    let fixture = fixture();
    let mut session = Session::new_in(fixture.spans);
    session.round(|round| {
        round.pass("forget", |pass| core::mem::forget(pass.worker()));
        round.pass("go on", |pass| assert_eq!(*pass.worker().out().alloc(1), 1));
    });
    drop(session);
    fixture.assert_nothing_lent();
}

#[test]
fn an_arena_of_a_pass_obeys_the_lower_of_its_own_limit_and_the_budget() {
    let mut session = Session::new();
    session.round(|round| {
        round.pass_within("tight", 100_000, |pass| {
            let worker = pass.worker();
            let arena = worker.scratch().raw();
            let large = Layout::new::<[u64; 20_000]>();
            let subject = |layout| arena.try_alloc_layout(layout).map_err(|fault| fault.subject);
            assert_eq!(subject(large), Err("tight"));
            arena.set_limit(None);
            assert_eq!(subject(large), Err("tight"), "lifting the arena's limit leaves the budget");
            arena.set_limit(Some(1 << 20));
            assert_eq!(subject(large), Err("tight"), "so does a higher limit");
            arena.set_limit(Some(10_000));
            assert_eq!(subject(Layout::new::<[u64; 2_000]>()), Err("arena limit"));
            arena.set_limit(None);
            subject(Layout::new::<[u64; 2_000]>()).expect("the budget admits it");
            arena.set_limit(Some(0));
            arena.check().unwrap();
        });
        round.pass("next", |pass| _ = pass.worker().scratch().alloc(1_u64));
    });
}
