//! `TypedArena`: what it keeps, in which order, and who drops it.
#![allow(dropping_references, reason = "dropping is how a test says that it wants no result")]

use super::arena_memory::leaked;
use compiler_alloc::TypedArena;
use compiler_alloc::arena::Spans;
use compiler_alloc::page_source::FixedPages;
use compiler_alloc::span::SpanBackend;
use proptest::prelude::*;
use std::cell::{Cell, RefCell};
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

/// A value that writes its number down when it is dropped.
struct Noted<'l>(u32, &'l RefCell<Vec<u32>>);

impl Drop for Noted<'_> {
    fn drop(&mut self) {
        self.1.borrow_mut().push(self.0);
    }
}

#[derive(Debug, Clone)]
enum Call {
    Alloc,
    Extend { len: usize, hinted: bool, allocates: usize },
    Reserve(usize),
    Uninit(usize),
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        4 => Just(Call::Alloc),
        3 => (0usize..300, any::<bool>(), 0usize..3)
            .prop_map(|(len, hinted, allocates)| Call::Extend { len, hinted, allocates }),
        1 => (0usize..500).prop_map(Call::Reserve),
        1 => (0usize..50).prop_map(Call::Uninit),
    ]
}

fn run(calls: &[Call], taken: usize) {
    let dropped = RefCell::new(Vec::new());
    let next = Cell::new(0);
    let value = || Noted(next.replace(next.get() + 1), &dropped);
    let mut arena = TypedArena::new();
    let mut expected: Vec<u32> = Vec::new();
    // What an iterator allocated may lie before what it yielded and behind it: where both begin, how many it allocated, where both end.
    let mut extended = Vec::new();
    {
        let mut held: Vec<&Noted> = Vec::new();
        for call in calls {
            match *call {
                Call::Alloc => {
                    let value = &*arena.alloc(value());
                    expected.push(value.0);
                    held.push(value);
                }
                Call::Extend { len, hinted, allocates } => {
                    let mut inner = Vec::new();
                    let values = (0..len).map(|n| {
                        if n % 7 < allocates {
                            inner.push(&*arena.alloc(value()));
                        }
                        value()
                    });
                    let slice: &[Noted] = if hinted {
                        arena.alloc_extend(values)
                    } else {
                        arena.alloc_extend(values.filter(|_| true))
                    };
                    assert_eq!(slice.len(), len);
                    let begin = expected.len();
                    expected.extend(inner.iter().map(|value| value.0));
                    expected.extend(slice.iter().map(|value| value.0));
                    extended.push((begin, inner.len(), expected.len()));
                    held.extend(inner);
                    held.extend(slice);
                }
                Call::Reserve(len) => {
                    arena.reserve(len);
                    assert!(arena.spare_capacity().len() >= len);
                }
                Call::Uninit(len) => {
                    // SAFETY: all values must be filled before anything looks at them; they are, below.
                    let room: &mut [MaybeUninit<Noted>] = unsafe { arena.alloc_uninit(len) };
                    for place in room {
                        let value = place.write(value());
                        expected.push(value.0);
                        held.push(value);
                    }
                }
            }
            assert_eq!(arena.len(), expected.len());
        }
        assert_eq!(held.iter().map(|value| value.0).collect::<Vec<_>>(), expected);
    }
    let iter = arena.iter_mut();
    assert_eq!(iter.len(), expected.len());
    let found: Vec<u32> = iter.map(|value| value.0).collect();
    for (begin, inner, end) in extended {
        if let Some(&first) = expected[begin..end].get(inner) {
            let before = found[begin..end].iter().position(|&number| number == first).unwrap();
            expected[begin + before..end].rotate_left(inner - before);
        }
    }
    assert_eq!(found, expected);
    assert!(dropped.borrow().is_empty());
    let mut into = arena.into_iter();
    let first: Vec<Noted> = into.by_ref().take(taken).collect();
    assert_eq!(into.len(), expected.len().saturating_sub(taken));
    assert!(dropped.borrow().is_empty());
    drop(into);
    assert_eq!(*dropped.borrow(), expected[taken.min(expected.len())..]);
    assert!(first.iter().map(|value| value.0).eq(expected.iter().copied().take(taken)));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) })]

    #[test]
    fn any_sequence_keeps_all_values_in_order_and_drops_each_once(
        calls in proptest::collection::vec(call(), 0..40),
        taken in 0usize..2000,
    ) {
        run(&calls, taken);
    }
}

#[test]
fn values_of_any_size_and_alignment_are_kept() {
    fn check<T: Copy + PartialEq + std::fmt::Debug>(value: T, count: usize) {
        let mut arena = TypedArena::new();
        for _ in 0..count {
            let at = arena.alloc(value);
            assert!(std::ptr::from_ref(at).addr().is_multiple_of(align_of::<T>()));
        }
        assert_eq!(arena.alloc_extend([value; 3]), [value; 3]);
        assert_eq!(arena.iter_mut().filter(|at| **at == value).count(), count + 3);
        assert_eq!(arena.into_vec(), vec![value; count + 3]);
    }
    #[derive(Clone, Copy, PartialEq, Debug)]
    #[repr(align(256))]
    struct Wide(u8);
    #[derive(Clone, Copy, PartialEq, Debug)]
    #[repr(align(64))]
    struct Nothing;
    check(7u8, 100_000);
    check([3u64; 5], 10_000);
    check([9u8; 20_000], 20);
    check(Wide(4), 300);
    check((), 1000);
    check(Nothing, 1000);
}

#[test]
fn slices_of_one_block_follow_each_other_and_take_no_memory_beside_their_values() {
    let arena = TypedArena::new();
    let first = arena.alloc_extend([0u32; 10]).as_ptr();
    let mut count = 10;
    while count < 900 {
        let hinted = arena.alloc_extend(0..3);
        assert_eq!(hinted.as_ptr(), first.wrapping_add(count));
        let unannounced = arena.alloc_extend((0..20).filter(|n| n % 2 == 0));
        assert_eq!(unannounced.as_ptr(), first.wrapping_add(count + 3));
        count += 13;
    }
    assert!(arena.reserved_bytes() <= 8 << 10, "{}", arena.reserved_bytes());
    let many = TypedArena::new();
    for _ in 0..100_000 {
        assert_eq!(many.alloc_extend([1u32, 2, 3]), [1, 2, 3]);
    }
    assert!(many.reserved_bytes() <= 1_200_000 + (512 << 10), "{}", many.reserved_bytes());
}

/// A tree whose children were allocated, as one slice each, while their parent's slice was on its way.
struct Tree<'a>(&'a [Tree<'a>]);

impl<'a> Tree<'a> {
    fn new(arena: &'a TypedArena<Tree<'a>>, depth: u32, hinted: bool) -> Self {
        let children = (0..if depth == 0 { 0 } else { 4 }).map(|_| Tree::new(arena, depth - 1, hinted));
        Self(if hinted {
            arena.alloc_extend(children)
        } else {
            arena.alloc_extend(children.filter(|_| true))
        })
    }

    fn count(&self) -> usize {
        self.0.iter().map(|child| 1 + child.count()).sum()
    }
}

#[test]
fn slices_of_trees_made_from_the_top_take_little_beside_their_values() {
    for (hinted, bytes_max) in [(true, 32), (false, 160)] {
        let arena = TypedArena::new();
        let tree = Tree::new(&arena, 8, hinted);
        let nodes: usize = (1..=8).map(|depth| 4usize.pow(depth)).sum();
        assert_eq!(tree.count(), nodes);
        assert_eq!(tree.count(), arena.len());
        let bytes = arena.reserved_bytes() / arena.len();
        assert!(bytes <= bytes_max, "{bytes} B a value of 16 B");
    }
}

#[test]
fn values_without_bytes_are_dropped_once_each() {
    thread_local!(static DROPPED: Cell<usize> = const { Cell::new(0) });
    struct Empty;
    impl Drop for Empty {
        fn drop(&mut self) {
            DROPPED.set(DROPPED.get() + 1);
        }
    }
    let mut arena = TypedArena::new();
    (0..10).for_each(|_| drop(arena.alloc(Empty)));
    assert_eq!(arena.alloc_extend((0..5).map(|_| Empty)).len(), 5);
    assert_eq!(arena.iter_mut().count(), 15);
    let mut into = arena.into_iter();
    drop(into.next());
    assert_eq!((DROPPED.get(), into.len()), (1, 14));
    drop(into);
    assert_eq!(DROPPED.get(), 15);
}

#[test]
fn values_without_bytes_are_dropped_where_they_are_aligned() {
    thread_local!(static DROPPED: Cell<usize> = const { Cell::new(0) });
    #[repr(align(4096))]
    struct Wide;
    impl Drop for Wide {
        fn drop(&mut self) {
            assert!(std::ptr::from_ref(self).addr().is_multiple_of(4096));
            DROPPED.set(DROPPED.get() + 1);
        }
    }
    let arena = TypedArena::new();
    arena.alloc_extend([Wide, Wide, Wide]);
    let mut values = arena.into_iter();
    assert!(values.next().is_some());
    drop(values);
    assert_eq!(DROPPED.get(), 3);
}

#[test]
fn a_panic_in_a_destructor_does_not_stop_the_others() {
    struct Bomb<'l>(bool, &'l Cell<u32>);
    impl Drop for Bomb<'_> {
        fn drop(&mut self) {
            self.1.set(self.1.get() + 1);
            assert!(!self.0, "the bomb");
        }
    }
    for bomb in [0, 1, 500, 2999] {
        let dropped = Cell::new(0);
        let arena = TypedArena::new();
        (0..3000).for_each(|n| drop(arena.alloc(Bomb(n == bomb, &dropped))));
        assert!(catch_unwind(AssertUnwindSafe(|| drop(arena))).is_err());
        assert_eq!(dropped.get(), 3000);
    }
}

#[test]
fn what_an_iterator_yielded_before_it_panicked_stays() {
    let dropped = RefCell::new(Vec::new());
    let mut arena = TypedArena::new();
    arena.alloc(Noted(100, &dropped));
    for panics_at in [0, 1, 3, 700] {
        let values = (0..1000).map(|n| {
            assert!(n != panics_at, "asked");
            Noted(n, &dropped)
        });
        assert!(catch_unwind(AssertUnwindSafe(|| drop(arena.alloc_extend(values)))).is_err());
        arena.alloc(Noted(101, &dropped));
    }
    assert!(dropped.borrow().is_empty());
    assert_eq!(arena.len(), 5 + 1 + 3 + 700);
    assert_eq!(arena.iter_mut().next_back_number(), 101);
    drop(arena);
    assert_eq!(dropped.borrow().len(), 709);
}

type Pages = FixedPages<'static>;

/// Spans for one test, in storage of so many bytes.
fn spans_of(bytes: usize) -> (&'static SpanBackend<Pages>, &'static Spans<Pages>) {
    let backend = leaked(SpanBackend::new(FixedPages::new(Box::leak(Box::new_uninit_slice(bytes)))));
    (backend, leaked(Spans::new(backend)))
}

#[test]
fn what_was_yielded_stays_when_an_allocation_on_the_way_is_refused() {
    for limit in [64 << 10, 96 << 10, 256 << 10] {
        let (backend, spans) = spans_of(limit);
        let dropped = RefCell::new(Vec::new());
        let mut arena = TypedArena::new_in(spans);
        let made = Cell::new(0);
        let value = || Noted(made.replace(made.get() + 1), &dropped);
        let refused = catch_unwind(AssertUnwindSafe(|| {
            (0..1_000_000).for_each(|round| {
                let values = (0..round % 7).map(|_| {
                    arena.alloc(value());
                    value()
                });
                if round % 2 == 0 {
                    arena.alloc_extend(values);
                } else {
                    arena.alloc_extend(values.filter(|_| true));
                }
            });
        }));
        assert!(refused.is_err());
        // At most the value that was refused is gone.
        let gone = dropped.take();
        assert!(gone.len() <= 1 && made.get() > 500, "{gone:?} of {}", made.get());
        let count = made.get() as usize - gone.len();
        assert_eq!(arena.len(), count);
        let mut kept: Vec<u32> = arena.iter_mut().map(|value| value.0).chain(gone).collect();
        kept.sort_unstable();
        assert!(kept.iter().copied().eq(0..made.get()));
        drop(arena);
        assert_eq!(dropped.borrow().len(), count);
        spans.flush();
        assert!(backend.shutdown().leak().is_none());
    }
}

/// The number of the last value.
trait LastNumber {
    fn next_back_number(self) -> u32;
}

impl<'a, 'l: 'a, I: Iterator<Item = &'a mut Noted<'l>>> LastNumber for I {
    fn next_back_number(self) -> u32 {
        self.last().map_or(0, |value| value.0)
    }
}

#[test]
fn a_destructor_may_use_another_arena() {
    struct Moves(u32, Rc<TypedArena<u32>>);
    impl Drop for Moves {
        fn drop(&mut self) {
            self.1.alloc(self.0);
        }
    }
    let other = Rc::new(TypedArena::new());
    let arena = TypedArena::new();
    (0..1000).for_each(|n| drop(arena.alloc(Moves(n, other.clone()))));
    drop(arena);
    let other = Rc::into_inner(other).unwrap();
    assert_eq!(other.into_vec(), (0..1000).collect::<Vec<u32>>());
}

#[test]
fn a_forgotten_arena_drops_nothing_and_a_moved_one_drops_on_its_thread() {
    let counted = std::sync::Arc::new(());
    let arena = TypedArena::new();
    arena.alloc(counted.clone());
    std::thread::spawn(move || drop(arena)).join().unwrap();
    assert_eq!(std::sync::Arc::strong_count(&counted), 1);
    let mut arena: TypedArena<u8> = TypedArena::default();
    arena.extend([1, 2, 3]);
    assert!(!arena.is_empty() && format!("{arena:?}").contains('3'));
    assert_eq!((&mut arena).into_iter().map(|n| *n).sum::<u8>(), 6);
}

#[test]
fn exhaustion_gives_the_value_back_and_leaves_the_arena_sound() {
    let (backend, spans) = spans_of(256 << 10);
    let mut arena = TypedArena::new_in(spans);
    let mut count = 0u64;
    let refused = loop {
        match arena.try_alloc([count; 16]) {
            Ok(_) => count += 1,
            Err((_, value)) => break value,
        }
    };
    assert_eq!(refused, [count; 16]);
    assert!(count > 100 && arena.len() as u64 == count);
    assert!(arena.try_reserve(usize::MAX).is_err());
    assert!(
        catch_unwind(AssertUnwindSafe(|| drop(arena.alloc_extend(std::iter::repeat_n([0; 16], 1 << 20)))))
            .is_err()
    );
    assert!(arena.iter_mut().take(count as usize).enumerate().all(|(n, value)| *value == [n as u64; 16]));
    drop(arena);
    spans.flush();
    assert!(backend.shutdown().leak().is_none());
}
