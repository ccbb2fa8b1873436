//! Sealed results: who may hold them, what they cost, and when their memory goes.

use super::arena_memory::fixture;
use compiler_alloc::arena::InitError;
use compiler_alloc::{ArenaMap, ArenaVec, Family, Sealed};
use rayon::prelude::*;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

struct Words;
impl Family for Words {
    type Of<'a> = &'a [&'a str];
    fn shorten<'s, 'l: 's>(long: &'s &'l [&'l str]) -> &'s &'s [&'s str] {
        long
    }
}

struct Table<'a> {
    list: ArenaVec<'a, u64>,
    map: ArenaMap<'a, &'a str, u32>,
}
struct Tables;
impl Family for Tables {
    type Of<'a> = Table<'a>;
    fn shorten<'s, 'l: 's>(long: &'s Table<'l>) -> &'s Table<'s> {
        long
    }
}

fn words(count: usize) -> Sealed<Words> {
    Sealed::<Words>::build(|b| b.alloc_slice_fill_with(count, |n| &*b.alloc_str(&format!("word {n}"))))
}

#[test]
fn a_result_outlives_its_maker_and_is_dropped_elsewhere() {
    let sealed = std::thread::spawn(|| words(1_000)).join().unwrap();
    let clones: Vec<_> = (0..4).map(|_| sealed.clone()).collect();
    assert!(clones[0].ptr_eq(&sealed));
    drop(sealed);
    let threads: Vec<_> = clones
        .into_iter()
        .map(|clone| std::thread::spawn(move || assert_eq!(clone.get()[999], "word 999")))
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn collections_can_be_part_of_a_result() {
    let sealed = Sealed::<Tables>::build(|b| {
        let mut table = Table { list: ArenaVec::new(), map: ArenaMap::new() };
        for n in 0..100 {
            table.list.push(b, n);
            table.map.insert(b, b.alloc_str(&n.to_string()), n as u32);
        }
        table
    });
    assert_eq!((sealed.get().list.len(), sealed.get().map.get("42")), (100, Some(&42)));
}

#[test]
fn heap_size_is_what_the_result_takes() {
    let fixture = fixture();
    let sealed = Sealed::<Words>::build_in(fixture.spans, |b| {
        b.alloc_slice_fill_with(500, |_| &*b.alloc_str("0123456789abcdef"))
    });
    let size = sealed.heap_size();
    assert!((500 * 32..500 * 32 + 200).contains(&size.used), "{size:?}");
    assert!(size.reserved >= size.used && size.reserved <= size.used + 128, "{size:?}");
    assert_eq!(fixture.backend.stats().sealed_live_bytes, size.reserved);
    drop(sealed);
    fixture.assert_nothing_lent();
}

#[test]
fn small_results_lie_packed() {
    let fixture = fixture();
    let sealed: Vec<_> = (0..1_000)
        .map(|_| {
            Sealed::<Words>::build_in(fixture.spans, |b| {
                b.alloc_slice_fill_with(32, |_| &*b.alloc_str("0123456789abcdef0123456789abcdef"))
            })
        })
        .collect();
    let (requested, held) = (1_000 * 32 * 48, fixture.lent_bytes());
    assert!(held as f64 <= 1.08 * requested as f64, "{held} bytes held for {requested}");
    drop(sealed);
    fixture.assert_nothing_lent();
}

#[test]
fn scratch_scopes_of_a_builder_cost_the_result_nothing() {
    let fixture = fixture();
    let sealed = Sealed::<Words>::build_in(fixture.spans, |b| {
        let mut found = ArenaVec::new();
        for n in 0..50_usize {
            let len = b.scope(|scratch| scratch.alloc_slice_fill_with(n * 100, |_| 0_u64).len());
            found.push(b, &*b.alloc_str(&len.to_string()));
        }
        found.into_slice()
    });
    assert_eq!(sealed.get()[49], "4900");
    assert!(sealed.heap_size().reserved < 8_000, "{:?}", sealed.heap_size());
    drop(sealed);
    fixture.assert_nothing_lent();
}

#[test]
fn an_extension_keeps_its_parent_alive() {
    let fixture = fixture();
    let parent =
        Sealed::<Words>::build_in(fixture.spans, |b| b.alloc_slice_copy(&[&*b.alloc_str("one"), "two"]));
    let child = parent
        .extend::<Words>(|b, parent| b.alloc_slice_fill_iter([parent[1], parent[0], b.alloc_str("three")]));
    drop(parent);
    assert_eq!(*child.get(), ["two", "one", "three"]);
    let failed = child.try_extend::<Words, _>(|_, _| Err("no"));
    assert!(matches!(failed, Err(InitError::Init("no"))));
    drop((child, failed));
    fixture.assert_nothing_lent();
}

#[test]
fn a_long_chain_of_extensions_ends_without_recursion() {
    let fixture = fixture();
    let mut newest = Sealed::<Words>::build_in(fixture.spans, |b| b.alloc_slice_copy(&["root"]));
    for _ in 0..100_000 {
        newest = newest.extend::<Words>(|_, parent| parent);
    }
    assert_eq!(*newest.get(), ["root"]);
    drop(newest);
    fixture.assert_nothing_lent();
}

#[test]
fn workers_can_build_one_result_together() {
    let fixture = fixture();
    let sealed = Sealed::<Words>::build_pool_in(fixture.spans, |pool| {
        let parts: Vec<&str> = (0..2_000)
            .into_par_iter()
            .map_init(|| pool.get(), |arena, n| &*arena.alloc_str(&format!("item {n}")))
            .collect();
        pool.get().alloc_slice_copy(&parts)
    });
    assert!(sealed.get().iter().enumerate().all(|(n, word)| *word == format!("item {n}")));
    assert_eq!(fixture.backend.stats().sealed_live_bytes, sealed.heap_size().reserved);
    std::thread::spawn(move || drop(sealed)).join().unwrap();
    fixture.assert_nothing_lent();
}

#[test]
fn errors_and_panics_leave_nothing_behind() {
    let fixture = fixture();
    let failed = Sealed::<Words>::try_build_in(fixture.spans, |b| {
        b.alloc_slice_fill_with(700_000, |_| 0_u8);
        Err("no")
    });
    assert!(matches!(failed, Err(InitError::Init("no"))));
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        Sealed::<Words>::build_in(fixture.spans, |b| {
            b.alloc_slice_fill_with(70_000, |_| 0_u8);
            panic!("on purpose")
        })
    }));
    assert!(panicked.is_err());
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        Sealed::<Words>::build_pool_in(fixture.spans, |pool| {
            let _guard = pool.get();
            panic!("on purpose")
        })
    }));
    assert!(panicked.is_err());
    fixture.assert_nothing_lent();
}

#[test]
fn registered_destructors_run_when_the_last_owner_goes() {
    struct Shared;
    struct Holder<'a>(&'a Arc<u32>);
    impl Family for Shared {
        type Of<'a> = Holder<'a>;
        fn shorten<'s, 'l: 's>(long: &'s Holder<'l>) -> &'s Holder<'s> {
            long
        }
    }
    let outside = Arc::new(7);
    let inside = outside.clone();
    let sealed = Sealed::<Shared>::build(move |b| Holder(b.alloc_drop(inside)));
    let clone = sealed.clone();
    drop(sealed);
    assert_eq!((**clone.get().0, Arc::strong_count(&outside)), (7, 2));
    drop(clone);
    assert_eq!(Arc::strong_count(&outside), 1);
}

#[test]
fn a_forgotten_result_leaks_only_itself() {
    let fixture = fixture();
    let sealed = Sealed::<Words>::build_in(fixture.spans, |b| b.alloc_slice_copy(&["x"]));
    let bytes = sealed.heap_size().reserved;
    core::mem::forget(sealed.clone());
    drop(sealed);
    assert_eq!(fixture.lent_bytes(), bytes);
    fixture.check();
}

#[test]
fn results_and_arenas_can_be_dropped_inside_thread_local_destructors() {
    struct Late {
        sealed: Option<Sealed<Words>>,
        arena: compiler_alloc::Arena,
    }
    impl Drop for Late {
        fn drop(&mut self) {
            self.arena.alloc([0_u8; 100_000]);
            assert_eq!(self.sealed.take().map(|sealed| sealed.get().len()), Some(300));
            drop(words(10));
        }
    }
    std::thread_local! {
        static BEFORE: RefCell<Option<Late>> = const { RefCell::new(None) };
        static AFTER: RefCell<Option<Late>> = const { RefCell::new(None) };
    }
    let late = || Late { sealed: Some(words(300)), arena: compiler_alloc::Arena::new() };
    std::thread::spawn(move || {
        // One is registered before the thread's span cache exists and one after, so that one of them outlives the
        // cache.
        BEFORE.with(|_| ());
        let first = late();
        AFTER.with(|slot| *slot.borrow_mut() = Some(late()));
        BEFORE.with(|slot| *slot.borrow_mut() = Some(first));
    })
    .join()
    .unwrap();
    compiler_alloc::profile::compiler_internal::check().unwrap();
}

#[test]
fn a_result_that_is_one_large_object_goes_back() {
    const BYTES: usize = compiler_alloc::arena::CHUNKED_OBJECT_BYTES_MAX + 1;
    struct Large;
    impl Family for Large {
        type Of<'a> = [u8; BYTES];
        fn shorten<'s, 'l: 's>(long: &'s [u8; BYTES]) -> &'s [u8; BYTES] {
            long
        }
    }
    // The value passes over the stack, in an unoptimised build several times.
    let test = || {
        let fixture = fixture();
        let sealed = Sealed::<Large>::build_in(fixture.spans, |b| {
            b.alloc_layout(core::alloc::Layout::new::<[u8; BYTES]>());
            [1; BYTES]
        });
        assert!(sealed.get().iter().all(|byte| *byte == 1));
        drop(sealed);
        fixture.assert_nothing_lent();
    };
    std::thread::Builder::new().stack_size(32 << 20).spawn(test).unwrap().join().unwrap();
}
