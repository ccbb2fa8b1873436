//! The standard library's collections in arenas, by nightly's `Allocator`. Run by `make features`.
#![feature(allocator_api, btreemap_alloc)]

use compiler_alloc::{Arena, ArenaPool};
use std::alloc::{Allocator, Layout};
use std::collections::{BTreeMap, VecDeque};

#[test]
fn vectors_boxes_and_maps_of_the_standard_library_live_in_an_arena() {
    let arena = Arena::new();
    let mut numbers = Vec::new_in(&arena);
    numbers.extend(0..200_u64);
    assert_eq!(arena.used_bytes(), 8 * numbers.capacity(), "it grew in place");
    let boxed = Box::new_in([1_u32; 4], &arena);
    let mut map = BTreeMap::new_in(&arena);
    for number in &numbers {
        map.insert(number % 100, *number);
    }
    let mut queue = VecDeque::new_in(&arena);
    queue.extend(map.values().copied());
    assert_eq!((boxed.len(), map.len(), queue.pop_back()), (4, 100, Some(199)));
}

#[test]
fn a_pools_guard_lends_an_allocator_too() {
    let pool = ArenaPool::new();
    let guard = pool.get();
    let mut words: Vec<&str, _> = Vec::new_in(&*guard);
    words.extend(["a", "b"]);
    assert_eq!(words, ["a", "b"]);
}

#[test]
fn a_limit_is_an_error_and_not_a_panic() {
    let arena = &Arena::new();
    arena.set_limit(Some(64));
    assert!(arena.allocate(Layout::new::<[u8; 65]>()).is_err());
    assert_eq!(arena.used_bytes(), 0);
}

/// The traits of other versions are still there.
#[test]
fn the_trait_of_allocator_api2_is_another() {
    fn of_api2<A: allocator_api2::alloc::Allocator>(allocator: A) -> bool {
        allocator.allocate(Layout::new::<u64>()).is_ok()
    }
    assert!(of_api2(&Arena::new()));
}
