//! Scopes: what stays, what goes, and what panics leave behind.

use super::arena_memory::fixture;
use compiler_alloc::{Arena, ArenaVec, Scope};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A value that counts its drops.
struct Counted(Arc<AtomicU32>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

struct Node<'a> {
    parent: Option<&'a Node<'a>>,
    depth: u32,
}

#[test]
fn a_scope_returns_its_memory_and_its_answer() {
    let fixture = fixture();
    let mut arena = Arena::new_in(fixture.spans);
    arena.alloc([1_u8; 100]);
    let used = arena.used_bytes();
    for _ in 0..100 {
        let sum: u64 = arena.scope(|s| s.alloc_slice_fill_with(5_000, |n| n as u64).iter().sum());
        assert_eq!(sum, 12_497_500);
        assert_eq!(arena.used_bytes(), used);
        arena.raw().check().unwrap();
    }
    assert!(arena.reserved_bytes() < 200_000, "the same memory was used each time");
    drop(arena);
    fixture.assert_nothing_lent();
}

#[test]
fn outer_results_stay_readable_and_writable_inside() {
    let mut arena = Arena::new();
    arena.scope(|outer| {
        let kept = outer.alloc(vec_of(outer, 10));
        outer.scope(|inner| {
            let child = inner.alloc(Node { parent: None, depth: kept[9] });
            kept[0] = child.depth;
            inner.scope(|innermost| {
                let grandchild = innermost.alloc(Node { parent: Some(child), depth: 1 });
                kept[1] = grandchild.parent.map_or(0, |node| node.depth + grandchild.depth);
            });
        });
        assert_eq!((kept[0], kept[1]), (9, 10));
    });
}

fn vec_of<'a>(arena: &Scope<'a>, len: u32) -> &'a mut [u32] {
    let mut vec = ArenaVec::new();
    vec.extend(arena, 0..len);
    vec.into_slice()
}

#[test]
fn inner_scopes_may_refer_to_outer_and_to_foreign_data() {
    let source = String::from("outside");
    let mut arena = Arena::new();
    arena.scope(|outer| {
        let root = &*outer.alloc(Node { parent: None, depth: 0 });
        let depth = outer.scope(|inner| {
            let child = &*inner.alloc(Node { parent: Some(root), depth: root.depth + 1 });
            let text = inner.alloc(source.as_str());
            assert_eq!(*text, "outside");
            let copied = inner.alloc(&source);
            child.depth + copied.len() as u32
        });
        assert_eq!(depth, 8);
    });
}

#[test]
fn a_panic_rewinds_and_the_arena_works_on() {
    let fixture = fixture();
    let mut arena = Arena::new_in(fixture.spans);
    arena.alloc(1_u64);
    let used = arena.used_bytes();
    let drops = Arc::new(AtomicU32::new(0));
    for depth in 0..3 {
        let answer = catch_unwind(AssertUnwindSafe(|| {
            arena.scope(|s| {
                s.alloc_drop(Counted(drops.clone()));
                s.alloc_slice_fill_with(3 << 20, |_| 0_u8);
                s.scope(|inner| {
                    inner.alloc_drop(Counted(drops.clone()));
                    inner.alloc([0_u8; 5_000]);
                    assert!(depth > 5, "on purpose");
                });
            })
        }));
        assert!(answer.is_err());
        assert_eq!((arena.used_bytes(), drops.load(Ordering::Relaxed)), (used, (depth + 1) * 2));
        arena.raw().check().unwrap();
    }
    drop(arena);
    fixture.assert_nothing_lent();
}

#[test]
fn panics_in_every_closure_leave_a_working_arena() {
    let fixture = fixture();
    let mut arena = Arena::new_in(fixture.spans);
    fn boom<T>() -> T {
        panic!("on purpose")
    }
    type Call = fn(&mut Arena);
    let calls: [Call; 9] = [
        |a| _ = a.alloc_with(boom::<u64>),
        |a| _ = a.try_alloc_with(boom::<u64>),
        |a| _ = a.alloc_try_with(boom::<Result<u64, ()>>),
        |a| _ = a.try_alloc_try_with(boom::<Result<u64, ()>>),
        |a| _ = a.alloc_slice_fill_with(9, |n| if n > 4 { boom() } else { n }),
        |a| _ = a.try_alloc_slice_fill_with(9, |n| if n > 4 { boom() } else { n }),
        |a| _ = a.alloc_slice_fill_iter((0..9).map(|n| if n > 4 { boom() } else { n })),
        |a| ArenaVec::new().extend(a.as_scope(), (0..9).map(|n| if n > 4 { boom() } else { n })),
        |a| a.scope(|s| _ = s.alloc_with(boom::<u64>)),
    ];
    for call in calls {
        assert!(catch_unwind(AssertUnwindSafe(|| call(&mut arena))).is_err());
        arena.raw().check().unwrap();
        assert_eq!(*arena.alloc(5), 5);
    }
    struct Unclonable(u32);
    impl Clone for Unclonable {
        fn clone(&self) -> Self {
            if self.0 == 2 { boom() } else { Unclonable(self.0) }
        }
    }
    let values = [Unclonable(1), Unclonable(2)];
    assert!(catch_unwind(AssertUnwindSafe(|| _ = arena.alloc_slice_clone(&values))).is_err());
    arena.reset();
    drop(arena);
    fixture.assert_nothing_lent();
}

#[test]
fn registered_destructors_run_newest_first_and_once() {
    use std::sync::Mutex;
    static ORDER: Mutex<Vec<u32>> = Mutex::new(Vec::new());
    struct Named(u32);
    impl Drop for Named {
        fn drop(&mut self) {
            ORDER.lock().unwrap().push(self.0);
        }
    }
    let mut arena = Arena::new();
    arena.alloc_drop(Named(1)).0 += 10;
    arena.scope(|s| {
        s.alloc_drop(Named(2));
        s.alloc_drop(Named(3));
    });
    arena.alloc_drop(Named(4));
    arena.reset();
    assert_eq!(*ORDER.lock().unwrap(), [3, 2, 4, 11]);
    arena.alloc_drop(Named(5));
    drop(arena);
    assert_eq!(*ORDER.lock().unwrap(), [3, 2, 4, 11, 5]);
}

#[test]
fn a_panicking_destructor_does_not_stop_the_others() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("on purpose");
        }
    }
    let fixture = fixture();
    let drops = Arc::new(AtomicU32::new(0));
    let mut arena = Arena::new_in(fixture.spans);
    let fill = |arena: &Arena| {
        arena.alloc_drop(Counted(drops.clone()));
        arena.alloc_drop(Bomb);
        arena.alloc_drop(Counted(drops.clone()));
        arena.alloc_slice_fill_with(600_000, |_| 0_u8);
    };
    fill(&arena);
    assert!(catch_unwind(AssertUnwindSafe(|| arena.reset())).is_err());
    assert_eq!((drops.load(Ordering::Relaxed), arena.used_bytes()), (2, 0));
    arena.raw().check().unwrap();
    fill(&arena);
    assert!(catch_unwind(AssertUnwindSafe(|| drop(arena))).is_err());
    assert_eq!(drops.load(Ordering::Relaxed), 4);
    fixture.assert_nothing_lent();
}

#[test]
fn scopes_after_growth_and_large_objects_find_the_same_place_again() {
    let fixture = fixture();
    let mut arena = Arena::new_in(fixture.spans);
    arena.alloc(0_u64);
    let mut places = Vec::new();
    for _ in 0..3 {
        places.push(arena.scope(|s| {
            let first = core::ptr::from_ref(s.alloc(1_u64)).addr();
            s.alloc_slice_copy(&[0_u8; 300_000]);
            (0..10_000).for_each(|n| _ = s.alloc(n));
            s.alloc_slice_fill_with(1 << 20, |_| 1_u8);
            first
        }));
        arena.raw().check().unwrap();
    }
    assert!(places.windows(2).all(|pair| pair[0] == pair[1]));
    let reserved = arena.reserved_bytes();
    arena.scope(|s| (0..10_000).for_each(|n| _ = s.alloc(n)));
    assert_eq!(arena.reserved_bytes(), reserved);
}
