//! Arenas of one type.

use crate::tracked::{Ledger, Tracked};
use core::cell::Cell;
use proptest::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};
use typed_arena::{Arena, IterMut};

#[test]
fn values_keep_their_place_and_are_dropped_once() {
    let ledger = Ledger::default();
    let mut arena = Arena::new();
    {
        let held: Vec<&mut Tracked> = (0..5000).map(|n| arena.alloc(ledger.value(n))).collect();
        assert!(held.iter().enumerate().all(|(n, value)| value.read() as usize == n));
    }
    assert_eq!((arena.len(), ledger.live()), (5000, 5000));
    let iter: IterMut<Tracked> = arena.iter_mut();
    assert!(iter.size_hint().0 <= 5000 && iter.size_hint().1.is_none_or(|most| most >= 5000));
    for (n, value) in iter.enumerate() {
        assert_eq!(value.read() as usize, n);
        value.value += 1;
    }
    let mut vec = arena.into_vec();
    assert_eq!((vec.len(), vec[4999].read()), (5000, 5000));
    vec.truncate(10);
    assert_eq!(ledger.live(), 10);
    drop(vec);
    assert_eq!(ledger.live(), 0);
}

#[test]
fn slices_come_from_iterators_of_any_kind() {
    let arena: Arena<u32> = Arena::with_capacity(3);
    assert_eq!(arena.alloc_extend([1, 2, 3]), [1, 2, 3]);
    assert_eq!(arena.alloc_extend((0..5000).filter(|n| n % 2 == 0)).len(), 2500);
    assert!(arena.alloc_extend([]).is_empty());
    assert_eq!(arena.len(), 2503);
    let bytes: Arena<u8> = Arena::default();
    assert_eq!(bytes.alloc_str("héllo"), "héllo");
    assert_eq!(bytes.alloc_str(""), "");
    assert_eq!(bytes.len(), 6);
}

#[test]
fn an_iterator_may_allocate_from_the_arena_that_it_feeds() {
    let ledger = Ledger::default();
    let arena = Arena::new();
    let values = (0..100).map(|n| {
        arena.alloc(ledger.value(1000 + n));
        ledger.value(n)
    });
    let slice = catch_unwind(AssertUnwindSafe(|| arena.alloc_extend(values)));
    // A difference, see README: the registry's panics here.
    assert_eq!(slice.is_ok(), drop_in::ARE_OURS);
    let Ok(slice) = slice else { return };
    let slice: Vec<u32> = slice.iter().map(Tracked::read).collect();
    assert_eq!(slice, (0..100).collect::<Vec<_>>());
    assert_eq!((arena.len(), ledger.live()), (200, 200));
    let mut all: Vec<u32> = arena.into_vec().iter().map(Tracked::read).collect();
    all.sort_unstable();
    assert!(all.into_iter().eq((0..100).chain(1000..1100)));
    assert_eq!(ledger.live(), 0);
}

#[test]
fn a_panic_in_an_iterator_leaves_a_sound_arena() {
    for panics_at in [0, 1, 10, 999] {
        let ledger = Ledger::default();
        let mut arena = Arena::new();
        arena.alloc(ledger.value(7));
        let values = (0..1000).map(|n| {
            assert!(n != panics_at, "asked");
            ledger.value(n)
        });
        assert!(catch_unwind(AssertUnwindSafe(|| drop(arena.alloc_extend(values)))).is_err());
        arena.alloc(ledger.value(8));
        let count = arena.len();
        let values: Vec<u32> = arena.iter_mut().map(|value| value.read()).collect();
        assert_eq!((values.len(), values[0], values[count - 1]), (count, 7, 8));
        drop(arena);
        assert_eq!(ledger.live(), 0);
    }
}

#[test]
fn values_may_refer_to_each_other_in_cycles() {
    struct Node<'a> {
        name: String,
        other: Cell<Option<&'a Node<'a>>>,
    }
    let arena = Arena::new();
    let a = arena.alloc(Node { name: "a".to_string(), other: Cell::new(None) });
    let b = arena.alloc(Node { name: "b".to_string(), other: Cell::new(Some(a)) });
    a.other.set(Some(b));
    assert_eq!(a.other.get().unwrap().other.get().unwrap().name, "a");
    assert_eq!(b.name, "b");
}

#[test]
fn uninitialised_room_is_filled_by_the_caller() {
    let arena: Arena<String> = Arena::new();
    for len in [0, 1, 5, 3000] {
        // SAFETY: the room must be filled before the arena is dropped; it is, at once.
        let room = unsafe { arena.alloc_uninitialized(len) };
        assert_eq!(room.len(), len);
        for place in room {
            place.write("x".to_string());
        }
    }
    assert_eq!(arena.len(), 3006);
    arena.reserve_extend(100);
    let room = arena.uninitialized_array();
    assert!(room.len() >= 100);
    let next = arena.alloc("y".to_string());
    assert_eq!(core::ptr::from_mut(next).cast(), room.cast::<String>());
    assert!(arena.into_vec().iter().take(3006).all(|text| text == "x"));
}

#[test]
fn values_without_bytes_are_counted_and_dropped() {
    thread_local!(static DROPPED: Cell<usize> = const { Cell::new(0) });
    struct Empty;
    impl Drop for Empty {
        fn drop(&mut self) {
            DROPPED.set(DROPPED.get() + 1);
        }
    }
    let mut arena = Arena::with_capacity(10);
    for _ in 0..1000 {
        arena.alloc(Empty);
    }
    assert_eq!(arena.alloc_extend((0..10).map(|_| Empty)).len(), 10);
    assert_eq!((arena.len(), arena.iter_mut().count()), (1010, 1010));
    assert_eq!(DROPPED.get(), 0);
    drop(arena);
    assert_eq!(DROPPED.get(), 1010);
}

#[test]
fn an_arena_moves_to_another_thread() {
    let arena = Arena::new();
    arena.alloc("a".to_string());
    let arena = std::thread::spawn(move || {
        arena.alloc("b".to_string());
        arena
    })
    .join()
    .unwrap();
    assert_eq!(arena.into_vec(), ["a", "b"]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(50) })]

    #[test]
    fn any_sequence_keeps_the_order(calls in proptest::collection::vec((0usize..4, 0usize..300), 0..50)) {
        let ledger = Ledger::default();
        let mut arena = Arena::new();
        let mut expected = Vec::new();
        for (kind, len) in calls {
            let len = if kind == 0 { 1 } else { len };
            let values: Vec<u32> = (0..len).map(|n| (expected.len() + n) as u32).collect();
            match kind {
                0 => drop(arena.alloc(ledger.value(values[0]))),
                1 => drop(arena.alloc_extend(values.iter().map(|n| ledger.value(*n)))),
                2 => drop(arena.alloc_extend(values.iter().filter(|_| true).map(|n| ledger.value(*n)))),
                _ => {
                    arena.reserve_extend(len);
                    continue;
                }
            }
            expected.extend(values);
        }
        prop_assert_eq!(arena.len(), expected.len());
        prop_assert!(arena.iter_mut().map(|value| value.read()).eq(expected.iter().copied()));
        prop_assert!(arena.into_vec().iter().map(Tracked::read).eq(expected.iter().copied()));
        prop_assert_eq!(ledger.live(), 0);
    }
}

#[test]
fn a_capacity_is_exact_and_the_next_room_twice_that() {
    let arena = Arena::with_capacity(2);
    let room = |arena: &Arena<u64>| arena.uninitialized_array().len();
    assert_eq!(room(&arena), 2);
    arena.alloc_extend(0..2);
    assert_eq!(room(&arena), 0);
    arena.alloc(2);
    assert_eq!(room(&arena), 3);
    arena.alloc_extend(3..6);
    arena.alloc(6);
    assert_eq!(room(&arena), 7);
    assert_eq!(arena.into_vec(), [0, 1, 2, 3, 4, 5, 6]);
}
