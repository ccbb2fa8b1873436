//! Pools: one arena per concurrent user, one lifetime for all.

use super::arena_memory::fixture;
use compiler_alloc::ArenaPool;
use compiler_alloc::arena::{ResetMode, SHARE_BYTES_KEPT};
use compiler_alloc::config::TAIL_BYTES_MAX;
use rayon::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};

#[test]
fn two_live_guards_of_one_worker_have_different_arenas() {
    let pool = ArenaPool::new();
    let (first, second) = (pool.get(), pool.get());
    let (a, b) = (first.alloc([1_u64; 4]), second.alloc([2_u64; 4]));
    assert!(core::ptr::from_ref(a).addr().abs_diff(core::ptr::from_ref(b).addr()) >= 1024);
    drop(first);
    assert_eq!((a[0], b[0]), (1, 2));
}

#[test]
fn a_worker_gets_the_arena_it_used_last() {
    let pool = ArenaPool::new();
    let place = |guard: &compiler_alloc::PoolGuard| core::ptr::from_ref(guard.raw()).addr();
    let (first, second) = (pool.get(), pool.get());
    let (one, two) = (place(&first), place(&second));
    assert_ne!(one, two);
    drop((first, second));
    std::thread::scope(|threads| {
        threads.spawn(|| drop((pool.get(), pool.get())));
    });
    let again = pool.get();
    assert!([one, two].contains(&place(&again)));
}

#[test]
fn results_of_all_workers_live_until_the_pool_is_reset() {
    let fixture = fixture();
    let mut pool = ArenaPool::new_in(fixture.spans);
    for round in 0..4_u64 {
        let sums: Vec<&mut [u64]> = (0..200_u64)
            .into_par_iter()
            .map_init(|| pool.get(), |arena, n| arena.alloc_slice_fill_with(100, |m| round + n * m as u64))
            .collect();
        assert!(sums.iter().enumerate().all(|(n, sum)| sum[99] == round + 99 * n as u64));
        pool.reset();
        assert_eq!(pool.used_bytes(), 0);
    }
    assert!(pool.reserved_bytes() > 0);
    pool.reset_with(ResetMode::Release);
    assert_eq!((pool.reserved_bytes(), fixture.lent_bytes()), (0, 0));
    assert_eq!(*pool.get().alloc(1), 1);
    drop(pool);
    fixture.assert_nothing_lent();
}

#[test]
fn nested_parallel_work_on_one_worker_is_safe() {
    let pool = ArenaPool::new();
    let total: u64 = (0..32_u64)
        .into_par_iter()
        .map_init(
            || pool.get(),
            |outer, n| {
                let mine = outer.alloc(n);
                // rayon may run another of the outer tasks on this worker here, with a guard of its own.
                let inner: u64 =
                    (0..16_u64).into_par_iter().map_init(|| pool.get(), |arena, m| *arena.alloc(m)).sum();
                assert_eq!(*mine, n);
                *mine + inner
            },
        )
        .sum();
    assert_eq!(total, 31 * 32 / 2 + 32 * 120);
}

#[test]
fn a_guard_has_scratch_scopes() {
    let pool = ArenaPool::new();
    let mut guard = pool.get();
    let kept = guard.alloc(1);
    let used = guard.used_bytes();
    let sum: i32 = guard.scope(|s| s.alloc_slice_fill_with(10, |n| n as i32 + *kept).iter().sum());
    assert_eq!((sum, guard.used_bytes()), (55, used));
}

#[test]
fn a_forgotten_guard_locks_its_arena_until_the_reset() {
    let fixture = fixture();
    let mut pool = ArenaPool::new_in(fixture.spans);
    core::mem::forget(pool.get());
    drop(pool.get());
    let reserved = pool.reserved_bytes();
    pool.reset();
    drop((pool.get(), pool.get()));
    assert_eq!(pool.reserved_bytes(), reserved, "both arenas are free again");
    drop(pool);
    fixture.assert_nothing_lent();
}

#[test]
fn panicking_workers_leave_a_working_pool() {
    let fixture = fixture();
    let mut pool = ArenaPool::new_in(fixture.spans);
    let answer = catch_unwind(AssertUnwindSafe(|| {
        (0..64_u64).into_par_iter().map_init(|| pool.get(), |arena, n| assert!(*arena.alloc(n) != 33)).count()
    }));
    assert!(answer.is_err());
    assert_eq!(*pool.get().alloc(2), 2);
    pool.reset();
    drop(pool);
    fixture.assert_nothing_lent();
}

#[test]
fn releasing_part_of_a_pool_keeps_whole_arenas() {
    let fixture = fixture();
    let mut pool = ArenaPool::new_in(fixture.spans);
    {
        let guards = [pool.get(), pool.get(), pool.get()];
        guards.iter().for_each(|guard| _ = guard.alloc([0_u8; 30_000]));
    }
    let reserved = pool.reserved_bytes();
    pool.reset_with(ResetMode::KeepUpTo(reserved / 2));
    assert!((1..=reserved / 2).contains(&pool.reserved_bytes()));
    drop(pool);
    fixture.assert_nothing_lent();
}

#[test]
fn a_new_pool_in_the_place_of_an_old_one_knows_nothing_of_its_arenas() {
    let fixture = fixture();
    let mut pool = ArenaPool::new_in(fixture.spans);
    for round in 0..8_u64 {
        let value = *pool.get().alloc(round);
        assert_eq!(*pool.get().alloc(value), round, "found at once the second time");
        pool = ArenaPool::new_in(fixture.spans);
        fixture.assert_nothing_lent();
    }
    assert_eq!(pool.used_bytes(), 0);
}

#[test]
fn an_arena_that_was_released_is_not_found_again() {
    let fixture = fixture();
    let mut pool = ArenaPool::new_in(fixture.spans);
    for mode in [ResetMode::Release, ResetMode::KeepUpTo(0), ResetMode::KeepUpTo(usize::MAX), ResetMode::Keep]
    {
        pool.get().alloc([1_u8; 30_000]);
        pool.reset_with(mode);
        assert_eq!(*pool.get().alloc(5), 5);
        assert_eq!(*pool.get().alloc(6), 6);
    }
    drop(pool);
    fixture.assert_nothing_lent();
}

#[test]
fn pools_used_by_turns_and_swapped_keep_their_arenas_apart() {
    let place = |guard: &compiler_alloc::PoolGuard| core::ptr::from_ref(guard.raw()).addr();
    let (mut one, mut two) = (ArenaPool::new(), ArenaPool::new());
    let first = place(&one.get());
    let second = place(&two.get());
    for _ in 0..4 {
        assert_eq!((place(&one.get()), place(&two.get())), (first, second));
        core::mem::swap(&mut one, &mut two);
        assert_eq!((place(&one.get()), place(&two.get())), (second, first));
        core::mem::swap(&mut one, &mut two);
    }
}

#[test]
fn an_arena_that_another_thread_took_meanwhile_is_not_shared() {
    let pool = ArenaPool::new();
    drop(pool.get());
    std::thread::scope(|threads| {
        let (taken, wait) = std::sync::mpsc::channel();
        let (done, end) = std::sync::mpsc::channel::<()>();
        let pool = &pool;
        threads.spawn(move || {
            let guard = pool.get();
            taken.send(core::ptr::from_ref(guard.raw()).addr()).unwrap();
            end.recv().unwrap();
        });
        let theirs = wait.recv().unwrap();
        assert_ne!(core::ptr::from_ref(pool.get().raw()).addr(), theirs);
        done.send(()).unwrap();
    });
}

#[test]
fn workers_whose_shares_change_hold_what_a_round_needs_and_not_what_each_once_needed() {
    let fixture = fixture();
    let mut pool = ArenaPool::new_in(fixture.spans);
    let place = |guard: &compiler_alloc::PoolGuard| core::ptr::from_ref(guard.raw()).addr();
    let fill = |guard: &compiler_alloc::PoolGuard, bytes: usize| {
        for _ in 0..bytes / 64 {
            guard.alloc([1_u64; 8]);
        }
    };
    let mut committed = Vec::new();
    for round in 0..6 {
        let mut guards = [pool.get(), pool.get()];
        guards.sort_by_key(place);
        // One share is large, in turn the one's and the other's.
        fill(&guards[round % 2], 24 << 20);
        fill(&guards[(round + 1) % 2], 3 << 20);
        drop(guards);
        committed.push(fixture.backend.stats().committed_bytes);
        pool.reset();
        assert!(pool.reserved_bytes() <= 2 * (SHARE_BYTES_KEPT + TAIL_BYTES_MAX));
        fixture.check();
    }
    assert_eq!(fixture.backend.stats().purges, 0);
    assert!(committed.iter().all(|&bytes| bytes <= committed[0] + 2 * TAIL_BYTES_MAX), "{committed:?}");
    drop(pool);
    fixture.assert_nothing_lent();
}

#[test]
fn a_pool_with_one_arena_keeps_all_of_it_over_a_reset() {
    let fixture = fixture();
    let mut pool = ArenaPool::new_in(fixture.spans);
    let guard = pool.get();
    for _ in 0..(24 << 20) / 64 {
        guard.alloc([1_u64; 8]);
    }
    drop(guard);
    let reserved = pool.reserved_bytes();
    pool.reset();
    assert_eq!(pool.reserved_bytes(), reserved);
}
