//! `ArenaVec`, `ArenaStr`, `ArenaMap`, and foreign collections on an arena.

use super::arena_memory::fixture;
use compiler_alloc::{Arena, ArenaMap, ArenaStr, ArenaVec};
use core::fmt::Write;
use core::hash::{BuildHasherDefault, Hasher};
use std::collections::HashMap;

#[test]
fn a_vector_is_sixteen_bytes_and_holds_what_was_pushed() {
    assert_eq!(size_of::<ArenaVec<u64>>(), 16);
    let arena = Arena::new();
    let scope = arena.as_scope();
    let mut vecs: [ArenaVec<u64>; 3] = Default::default();
    for n in 0..10_000_u64 {
        vecs[(n % 3) as usize].push(scope, n);
    }
    for (start, vec) in vecs.iter().enumerate() {
        assert!(vec.iter().copied().eq((start as u64..10_000).step_by(3)));
    }
}

#[test]
fn the_newest_vector_grows_without_leaving_its_old_buffers_behind() {
    let arena = Arena::new();
    let mut vec = ArenaVec::new();
    for n in 0..256_u64 {
        vec.push(arena.as_scope(), n);
    }
    assert_eq!(arena.used_bytes(), 256 * 8);
    assert!(vec.iter().copied().eq(0..256));
}

#[test]
fn vectors_shrink_and_remove() {
    let arena = Arena::new();
    let mut vec = ArenaVec::with_capacity_in(3, arena.as_scope());
    vec.extend_from_slice(arena.as_scope(), &[1, 2, 3]);
    assert_eq!(vec.capacity(), 3);
    assert_eq!((vec.pop(), vec.swap_remove(0), vec.len()), (Some(3), 1, 1));
    vec.truncate(0);
    assert_eq!((vec.pop(), vec.is_empty()), (None, true));
    vec.extend(arena.as_scope(), 0..5);
    vec.clear();
    assert_eq!(vec.into_slice(), &mut [] as &mut [i32]);
}

#[test]
fn a_newest_vector_gives_the_room_that_it_does_not_use_to_the_next_object() {
    fn shrinks<T: Copy + PartialEq, const M: usize>(value: impl Fn(usize) -> T) {
        for (room, len) in [(40, 0), (40, 1), (40, 7), (40, 39), (40, 40), (1, 0)] {
            let arena = Arena::<M>::aligned();
            let scope = arena.as_scope();
            let before = scope.alloc(1_u64);
            let used = arena.used_bytes();
            let mut vec = ArenaVec::with_capacity_in(room, scope);
            vec.extend(scope, (0..len).map(&value));
            vec.shrink_to_fit(scope);
            let grain = align_of::<T>().max(M);
            let kept = arena.used_bytes() - used;
            assert!((len * size_of::<T>()..len * size_of::<T>() + 2 * grain).contains(&kept), "{kept} bytes");
            assert!(vec.capacity() >= len && vec.capacity() * size_of::<T>() <= kept);
            let after = scope.alloc(2_u64);
            vec.extend(scope, (len..60).map(&value));
            assert!(vec.len() == 60.max(len) && (0..vec.len()).all(|index| vec[index] == value(index)));
            assert_eq!((*before, *after), (1, 2));
        }
    }
    shrinks::<u8, 8>(|index| index as u8);
    shrinks::<[u8; 3], 8>(|index| [index as u8; 3]);
    shrinks::<[u8; 3], 1>(|index| [index as u8; 3]);
    shrinks::<u64, 1>(|index| index as u64);
    shrinks::<u64, 16>(|index| index as u64);
    shrinks::<[u32; 7], 8>(|index| [index as u32; 7]);
}

#[test]
fn a_vector_that_is_not_the_newest_object_keeps_its_room() {
    let arena = Arena::new();
    let scope = arena.as_scope();
    let mut vec = ArenaVec::with_capacity_in(8, scope);
    vec.push(scope, 7_u64);
    scope.alloc(0_u8);
    let used = arena.used_bytes();
    vec.shrink_to_fit(scope);
    assert_eq!((arena.used_bytes(), vec.capacity(), &*vec), (used, 8, &[7][..]));
    // One without a buffer, and one whose elements take no room.
    let mut empty = ArenaVec::<u64>::new();
    empty.shrink_to_fit(scope);
    let mut units = ArenaVec::new();
    units.push(scope, ());
    units.shrink_to_fit(scope);
    assert_eq!((empty.capacity(), units.len(), arena.used_bytes()), (0, 1, used));
}

#[test]
fn elements_of_size_zero_are_counted() {
    let arena = Arena::new();
    let mut vec = ArenaVec::new();
    (0..1_000).for_each(|_| vec.push(arena.as_scope(), ()));
    assert_eq!((vec.len(), arena.used_bytes()), (1_000, 0));
}

#[test]
fn odd_sizes_and_alignments_survive_growth_in_place() {
    let arena = Arena::<16>::aligned();
    let mut bytes = ArenaVec::new();
    let mut threes = ArenaVec::new();
    for n in 0..2_000_u32 {
        bytes.push(arena.as_scope(), n as u8);
        if n % 5 == 0 {
            threes.push(arena.as_scope(), [n as u8; 3]);
        }
    }
    assert!(bytes.iter().copied().eq((0..2_000).map(|n| n as u8)));
    assert!(threes.iter().copied().eq((0..2_000).step_by(5).map(|n| [n as u8; 3])));
}

#[test]
fn strings_take_text_and_formatting() {
    let arena = Arena::new();
    let mut text = ArenaStr::new();
    for n in 0..100 {
        text.push_str(arena.as_scope(), "é");
        text.push(arena.as_scope(), '→');
        write!(text.writer(arena.as_scope()), "{n};").unwrap();
    }
    let expected: String = (0..100).map(|n| format!("é→{n};")).collect();
    assert_eq!(text.into_str(), expected);
}

/// A hash in which nearly everything collides.
#[derive(Default)]
struct Bad(u64);

impl Hasher for Bad {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = u64::from(bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)) % 5) << 60;
    }
    fn finish(&self) -> u64 {
        self.0
    }
}

#[test]
fn a_map_agrees_with_the_standard_one_under_random_calls() {
    fn run<S: core::hash::BuildHasher>(hasher: S, keys: u64, calls: u64) {
        let arena = Arena::new();
        let mut map = ArenaMap::with_hasher(hasher);
        let mut model = HashMap::new();
        let mut state = 7_u64;
        for call in 0..calls {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let key = (state >> 33) % keys;
            match state % 8 {
                0 | 1 => assert_eq!(map.remove(&key), model.remove(&key), "call {call}"),
                2 => assert_eq!(
                    map.get_or_insert_with(arena.as_scope(), key, || call),
                    model.entry(key).or_insert(call)
                ),
                _ => assert_eq!(map.insert(arena.as_scope(), key, call), model.insert(key, call)),
            }
            assert_eq!(map.len(), model.len());
        }
        let mut entries: Vec<_> = map.iter().map(|(key, value)| (*key, *value)).collect();
        let mut expected: Vec<_> = model.into_iter().collect();
        entries.sort_unstable();
        expected.sort_unstable();
        assert_eq!(entries, expected);
        assert!((0..keys).all(|key| map.contains_key(&key) == entries.iter().any(|entry| entry.0 == key)));
    }
    run(BuildHasherDefault::<compiler_alloc::arena::FoldHasher>::default(), 2_000, 40_000);
    run(BuildHasherDefault::<compiler_alloc::arena::FoldHasher>::default(), 12, 2_000);
    run(BuildHasherDefault::<Bad>::default(), 300, 5_000);
}

#[test]
fn a_map_iterates_in_insertion_order() {
    let arena = Arena::new();
    let mut map = ArenaMap::new();
    for key in (0..1_000_u32).rev() {
        map.insert(arena.as_scope(), key, key * 2);
    }
    assert!(map.iter().map(|(key, _)| *key).eq((0..1_000).rev()));
    map.iter_mut().for_each(|(key, value)| *value = *key);
    assert_eq!(map.get(&7), Some(&7));
    map.clear();
    assert_eq!((map.len(), map.get(&7)), (0, None));
    map.insert(arena.as_scope(), 7, 1);
    assert_eq!(map.get_mut(&7), Some(&mut 1));
}

#[test]
fn similar_keys_do_not_pile_up() {
    use core::hash::BuildHasher;
    let hash = BuildHasherDefault::<compiler_alloc::arena::FoldHasher>::default();
    for step in [1_u64, 8, 64, 4096, 1 << 32] {
        let mut buckets = vec![0_u32; 4096];
        (0..4096_u64).for_each(|n| buckets[(hash.hash_one(n * step) >> 32) as usize % 4096] += 1);
        let used = buckets.iter().filter(|count| **count > 0).count();
        assert!(used > 2_300, "step {step}: {used} of 4096 buckets (chance gives 2589)");
    }
}

#[cfg(feature = "allocator-api2")]
#[test]
fn hashbrown_works_on_an_arena_and_gives_back_what_is_newest() {
    let fixture = fixture();
    let mut arena = Arena::new_in(fixture.spans);
    {
        let mut map = hashbrown::HashMap::new_in(&arena);
        for n in 0..5_000_u64 {
            map.insert(n, n.to_string());
        }
        map.retain(|n, _| n % 3 == 0);
        map.shrink_to_fit();
        assert!((0..5_000).all(|n| map.get(&n).is_some() == (n % 3 == 0)));
        let cloned = map.clone();
        assert_eq!(cloned.len(), map.len());
    }
    arena.scope(|s| {
        let scope: &compiler_alloc::Scope = s;
        let mut set = hashbrown::HashSet::new_in(scope);
        assert!(set.insert(1) && !set.insert(1));
    });
    arena.reset();
    arena.alloc(1);
    let used = arena.used_bytes();
    drop(hashbrown::HashSet::<u64, hashbrown::DefaultHashBuilder, _>::with_capacity_in(100, &arena));
    assert_eq!(arena.used_bytes(), used);
    drop(arena);
    fixture.assert_nothing_lent();
}
