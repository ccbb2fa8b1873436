//! Arenas: values, strings and slices, reset, limits, and where memory goes.

use super::arena_memory::{Fixture, fixture};
use compiler_alloc::arena::{InitError, ResetMode};
use compiler_alloc::fault::{FactName, FaultCode};
use compiler_alloc::{Arena, RawArena};
use core::alloc::Layout;
use std::cell::Cell;

/// An arena over memory of its own, checked and found empty-handed afterwards.
fn with_arena(test: impl FnOnce(&mut Arena, &Fixture)) {
    let fixture = fixture();
    let mut arena = Arena::new_in(fixture.spans);
    test(&mut arena, &fixture);
    arena.raw().check().unwrap();
    drop(arena);
    fixture.assert_nothing_lent();
}

#[test]
fn an_arena_takes_nothing_before_it_is_used() {
    with_arena(|arena, _| {
        assert_eq!((arena.used_bytes(), arena.reserved_bytes()), (0, 0));
        arena.alloc(());
        arena.alloc_slice_copy::<u64>(&[]);
        arena.alloc_str("");
        assert_eq!((arena.used_bytes(), arena.reserved_bytes()), (0, 0));
    });
}

#[test]
fn values_strings_and_slices_keep_their_contents() {
    with_arena(|arena, _| {
        let numbers: Vec<&mut u64> = (0..10_000).map(|n| arena.alloc(n)).collect();
        let text = arena.alloc_str("grüß");
        let copied = arena.alloc_slice_copy(&[1_u16, 2, 3]);
        let cloned = arena.alloc_slice_clone(&["a", "b"]);
        let filled = arena.alloc_slice_fill_with(4, |index| index * 2);
        let yielded = arena.alloc_slice_fill_iter([7, 8]);
        assert!(numbers.iter().enumerate().all(|(n, value)| **value == n as u64));
        assert_eq!((&*text, &*copied, &*cloned), ("grüß", &[1_u16, 2, 3][..], &["a", "b"][..]));
        assert_eq!((&*filled, &*yielded), (&[0, 2, 4, 6][..], &[7, 8][..]));
    });
}

#[test]
fn an_iterator_that_lies_about_its_length_cannot_overflow() {
    struct Liar(usize, usize);
    impl Iterator for Liar {
        type Item = u8;
        fn next(&mut self) -> Option<u8> {
            self.1 = self.1.checked_sub(1)?;
            Some(1)
        }
        fn size_hint(&self) -> (usize, Option<usize>) {
            (self.0, Some(self.0))
        }
    }
    impl ExactSizeIterator for Liar {}
    with_arena(|arena, _| {
        assert_eq!(arena.alloc_slice_fill_iter(Liar(4, 100)).len(), 4);
        assert_eq!(arena.alloc_slice_fill_iter(Liar(100, 4)).len(), 4);
    });
}

#[test]
fn every_alignment_is_honoured() {
    with_arena(|arena, _| {
        for shift in 0..=16 {
            arena.alloc(1_u8);
            let at = arena.alloc_layout(Layout::from_size_align(3, 1 << shift).unwrap());
            assert!(at.addr().get().is_multiple_of(1 << shift), "alignment {}", 1 << shift);
        }
    });
    let fixture = fixture();
    let bytes = Arena::<1>::aligned_in(fixture.spans);
    assert_eq!(
        core::ptr::from_ref(bytes.alloc(1_u8)).addr() - core::ptr::from_ref(bytes.alloc(2_u8)).addr(),
        1
    );
    let wide = Arena::<16>::aligned_in(fixture.spans);
    assert!((0..10).all(|n| core::ptr::from_ref(wide.alloc(n as u8)).addr().is_multiple_of(16)));
}

#[test]
fn reset_keeps_every_chunk_and_uses_them_again_in_order() {
    with_arena(|arena, fixture| {
        let place = |arena: &Arena| {
            (0..100_000).map(|n| core::ptr::from_ref(arena.alloc([n; 3])).addr()).collect::<Vec<_>>()
        };
        let before = place(arena);
        let (reserved, lent) = (arena.reserved_bytes(), fixture.lent_bytes());
        arena.reset();
        assert_eq!((arena.used_bytes(), arena.reserved_bytes(), fixture.lent_bytes()), (0, reserved, lent));
        assert_eq!(place(arena), before);
        assert_eq!(arena.reserved_bytes(), reserved);
    });
}

#[test]
fn reset_modes_give_back_what_they_say() {
    with_arena(|arena, fixture| {
        let fill = |arena: &Arena| (0..200_000).for_each(|n| _ = arena.alloc(n as u64));
        fill(arena);
        arena.reset_with(ResetMode::KeepUpTo(300_000));
        assert!(arena.reserved_bytes() <= 300_000);
        fill(arena);
        arena.reset_with(ResetMode::Release);
        assert_eq!((arena.reserved_bytes(), fixture.lent_bytes()), (0, 0));
        fill(arena);
    });
}

#[test]
fn a_large_object_gets_its_own_piece_and_does_not_disturb_growth() {
    with_arena(|arena, _| {
        arena.alloc(1_u64);
        let reserved = arena.reserved_bytes();
        let large = arena.alloc_slice_fill_with(1 << 20, |index| index as u8);
        assert_eq!(large[(1 << 20) - 1], 255);
        let with_large = arena.reserved_bytes();
        assert!(with_large < reserved + (1 << 20) + 70_000, "no doubling for one large object");
        arena.alloc(2_u64);
        assert_eq!(arena.reserved_bytes(), with_large, "the old chunk is still in use");
        arena.reset();
        assert_eq!(arena.reserved_bytes(), reserved, "large pieces go back at reset");
    });
}

#[test]
fn the_tail_of_a_chunk_stays_usable_after_a_misfit() {
    with_arena(|arena, fixture| {
        // Two arenas in turn, so that no chunk can be extended in place.
        let other = Arena::new_in(fixture.spans);
        arena.alloc(1_u64);
        other.alloc(1_u64);
        let low = core::ptr::from_ref(arena.alloc(2_u64)).addr();
        arena.alloc_slice_copy(&[0_u8; 100_000]);
        let reserved = arena.reserved_bytes();
        let mut returned = false;
        while arena.reserved_bytes() == reserved && !returned {
            returned = core::ptr::from_ref(arena.alloc(3_u64)).addr() == low - 8;
        }
        assert!(returned, "the first chunk's tail is used before more memory is taken");
    });
}

#[test]
fn a_limit_is_exact_and_costs_no_memory() {
    with_arena(|arena, fixture| {
        arena.alloc([0_u8; 64]);
        arena.set_limit(Some(256));
        assert!((0..24).all(|n| arena.try_alloc(n as u64).is_ok()));
        let fault = arena.try_alloc(0_u64).unwrap_err();
        assert_eq!(fault.code, FaultCode::Exhaustion);
        assert_eq!((fault.fact(FactName::Used), fault.fact(FactName::Limit)), (Some(256), Some(256)));
        let lent = fixture.lent_bytes();
        assert!(arena.try_alloc_slice_copy(&[0_u8; 100_000]).is_err());
        assert!(arena.try_alloc_slice_fill_with(3 << 20, |_| 0_u8).is_err());
        assert_eq!(fixture.lent_bytes(), lent, "a refused request takes nothing");
        arena.set_limit(None);
        arena.alloc_slice_copy(&[0_u8; 100_000]);
        arena.set_limit(Some(10));
        assert!(arena.try_alloc(1_u8).is_err());
        arena.reset();
        arena.alloc(1_u8);
    });
}

#[test]
fn impossible_layouts_are_refused() {
    with_arena(|arena, _| {
        for align in [1, 8, 4096] {
            let layout = Layout::from_size_align(isize::MAX as usize - align + 1, align).unwrap();
            assert!(arena.try_alloc_layout(layout).is_err());
        }
        arena.alloc(1);
        assert!(arena.try_alloc_layout(Layout::from_size_align(isize::MAX as usize, 1).unwrap()).is_err());
    });
}

#[test]
fn closures_may_allocate_from_the_same_arena() {
    with_arena(|arena, _| {
        let outer = arena.alloc_with(|| (*arena.alloc(1), arena.alloc_str("in")));
        let nested = arena.alloc_slice_fill_with(3, |n| arena.alloc_slice_fill_with(n, |m| arena.alloc(m)));
        assert_eq!((outer.0, &*outer.1), (1, "in"));
        assert_eq!(nested.iter().map(|row| row.len()).sum::<usize>(), 3);
        assert_eq!(*nested[2][1], 1);
    });
}

#[test]
fn a_failed_initialiser_returns_its_room_only_if_nothing_was_allocated_since() {
    with_arena(|arena, _| {
        arena.alloc(0_u64);
        let used = arena.used_bytes();
        assert_eq!(arena.alloc_try_with(|| Err::<[u64; 4], _>("no")), Err("no"));
        assert_eq!(arena.used_bytes(), used);
        let mut kept = None;
        let answer = arena.try_alloc_try_with(|| {
            kept = Some(arena.alloc(9_u64));
            Err::<[u64; 4], _>("no")
        });
        assert_eq!(answer, Err(InitError::Init("no")));
        assert_eq!(arena.used_bytes(), used + 40);
        arena.alloc([1_u64; 8]);
        assert_eq!(kept, Some(&mut 9));
    });
}

#[test]
fn an_arena_can_be_handed_to_another_thread() {
    let fixture = fixture();
    let arena = Arena::new_in(fixture.spans);
    arena.alloc(1);
    std::thread::spawn(move || assert_eq!(*arena.alloc(2), 2)).join().unwrap();
    fixture.assert_nothing_lent();
}

#[test]
fn a_forgotten_arena_leaks_and_nothing_else() {
    let fixture = fixture();
    let arena = Arena::new_in(fixture.spans);
    let kept = core::ptr::from_ref(arena.alloc(5));
    core::mem::forget(arena);
    // SAFETY: the value must be alive; nothing gives a forgotten arena's memory back.
    assert_eq!(unsafe { kept.read() }, 5);
    assert!(fixture.lent_bytes() > 0);
    fixture.check();
}

#[test]
fn raw_arenas_hand_out_layouts() {
    let fixture = fixture();
    let raw: RawArena = RawArena::new_in(fixture.spans);
    let a = raw.alloc_layout(Layout::new::<[u64; 3]>());
    let b = raw.alloc_layout(Layout::new::<[u64; 3]>());
    assert_eq!(a.addr().get() - b.addr().get(), 24);
    assert_eq!(raw.used_bytes(), 48);
}

#[test]
fn values_are_mutable_and_apart() {
    with_arena(|arena, _| {
        let (a, b) = (arena.alloc(1), arena.alloc(2));
        core::mem::swap(a, b);
        let cell = arena.alloc(Cell::new(3));
        cell.set(*a + *b);
        assert_eq!((*a, *b, cell.get()), (2, 1, 3));
    });
}

#[test]
fn strings_lie_packed_and_follow_scopes_and_resets() {
    with_arena(|arena, _| {
        let words: Vec<String> = (0..5_000).map(|n| format!("word{n}")).collect();
        let bytes: usize = words.iter().map(String::len).sum();
        let kept: Vec<&mut str> = words.iter().map(|word| arena.alloc_str(word)).collect();
        assert!(kept.iter().zip(&words).all(|(a, b)| *a == b));
        assert!(arena.used_bytes() < bytes + bytes / 32 + 64, "{} bytes for {bytes}", arena.used_bytes());
        arena.reset();
        let inner = arena.scope(|s| {
            let before = s.alloc_str("before");
            let inner = s.scope(|inner| words.iter().map(|word| inner.alloc_str(word).len()).sum::<usize>());
            let (again, long) = (s.alloc_str("again"), s.alloc_str(&words.concat()));
            assert_eq!((&*before, &*again, long.len()), ("before", "again", bytes));
            inner
        });
        assert_eq!((inner, arena.used_bytes()), (bytes, 0));
    });
}

#[test]
fn text_of_impossible_length_is_refused_and_disturbs_nothing() {
    with_arena(|arena, _| {
        let impossible =
            [isize::MAX as usize, isize::MAX as usize + 1, usize::MAX - 63, usize::MAX - 7, usize::MAX];
        for len in impossible {
            assert_eq!(arena.raw().try_alloc_bytes(len).unwrap_err().code, FaultCode::Exhaustion, "{len}");
        }
        let text: &str = arena.alloc_str("text");
        let below: &u64 = arena.alloc(7);
        for len in impossible {
            assert!(arena.raw().try_alloc_bytes(len).is_err());
        }
        (0..16).for_each(|_| assert_eq!(arena.alloc_str("more"), "more"));
        assert_eq!((text, *below), ("text", 7));
    });
}

#[test]
fn arenas_that_live_at_once_hold_a_tenth_more_than_they_use() {
    // Sizes spread evenly over the powers of two from 4 KiB to 512 KiB, as those of a program's files are, roughly.
    let sizes = || (0..256_usize).map(|n| (4096 << (n % 8)) * (64 + n / 4) / 64);
    // In memory that nobody used before, and then in warm memory.
    for round in 0..3 {
        let arenas: Vec<Arena> = sizes().map(|size| filled(Arena::new(), size)).collect();
        let used: usize = arenas.iter().map(Arena::used_bytes).sum();
        let held: usize = arenas.iter().map(Arena::reserved_bytes).sum();
        assert!(held * 10 <= used * 11, "round {round}: {held} bytes for {used}");
    }
}

#[test]
fn an_arena_alone_takes_the_memory_that_the_one_before_used_in_one_step() {
    let fixture = fixture();
    let spans = fixture.spans;
    let second_step = || filled(Arena::new_in(spans), 5000).reserved_bytes();
    assert_eq!(second_step(), 12 << 10, "untouched memory stays open");
    let before = filled(Arena::new_in(spans), 100_000).reserved_bytes();
    assert_eq!(second_step(), before);
    drop(filled(Arena::new_in(spans), 400_000));
    assert_eq!(second_step(), 132 << 10, "no more than 128 KiB at a time");
    let other = filled(Arena::new_in(spans), 100);
    assert_eq!(second_step(), 12 << 10, "beside another one everybody takes little");
    drop(other);
    assert_eq!(second_step(), 132 << 10);
    fixture.assert_nothing_lent();
}

/// The arena, with small objects of `bytes` bytes together.
fn filled(arena: Arena, bytes: usize) -> Arena {
    while arena.used_bytes() < bytes {
        arena.alloc([arena.used_bytes(); 5]);
    }
    arena
}

/// Numbers that look random, the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

/// A compiler's work on one of its units, of about `bytes` bytes, on arenas that grow at the same time: small objects, larger ones now and
/// then, and in each arena a table that is copied when it doubles.
fn unit(arenas: &[Arena], bytes: usize, random: &mut Random) {
    let mut tables = vec![16_usize; arenas.len()];
    let mut used = 0;
    while used < bytes {
        let index = random.below(arenas.len());
        let (arena, table) = (&arenas[index], &mut tables[index]);
        let before = arena.used_bytes();
        let words = match random.below(1024) {
            0 => random.below(8 << 10),
            1..8 => random.below(1 << 10),
            8..16 if before > 32 * *table => {
                *table *= 2;
                *table
            }
            _ => 1 + random.below(32),
        };
        arena.alloc_slice_fill_with(words, |_| 0_u64);
        used += arena.used_bytes() - before;
    }
}

#[test]
fn arenas_that_do_the_same_again_hold_what_they_use_and_a_third() {
    let fixture = fixture();
    for seed in 1..=3 {
        let mut arenas: Vec<Arena> = (0..4).map(|_| Arena::new_in(fixture.spans)).collect();
        let mut used_peaks = vec![0; arenas.len()];
        for round in 1..=5 {
            // Units of 32 KiB to 2 MiB, the same in every round.
            let mut random = Random(seed);
            for _ in 0..32 {
                let bytes = (32 << 10) << random.below(7);
                unit(&arenas, bytes, &mut random);
                for (arena, peak) in arenas.iter_mut().zip(&mut used_peaks) {
                    *peak = arena.used_bytes().max(*peak);
                    arena.reset();
                }
            }
            let used: usize = used_peaks.iter().sum();
            let held: usize = arenas.iter().map(Arena::reserved_bytes).sum();
            assert!(held * 3 <= used * 4, "{held} bytes for {used} in round {round}, seed {seed}");
        }
        arenas.iter().for_each(|arena| arena.raw().check().unwrap());
    }
    fixture.assert_nothing_lent();
}
