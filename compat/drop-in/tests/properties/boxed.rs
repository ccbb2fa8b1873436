//! Boxes: who drops the value, and what they pass through.

use bumpalo::Bump;
use bumpalo::boxed::Box as BumpBox;
use bumpalo::collections::CollectIn;
use std::any::Any;
use std::borrow::{Borrow, BorrowMut};
use std::future::Future;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

#[test]
fn a_box_drops_its_value_once() {
    let bump = Bump::new();
    let counted = Rc::new(());
    let count = || Rc::strong_count(&counted) - 1;
    drop(BumpBox::new_in(counted.clone(), &bump));
    assert_eq!(count(), 0);
    let boxed = BumpBox::new_in(counted.clone(), &bump);
    let raw = BumpBox::into_raw(boxed);
    assert_eq!(count(), 1);
    // SAFETY: the pointer must be one that a box gave away, in an arena that outlives the box; it is.
    drop(unsafe { BumpBox::from_raw(raw) });
    assert_eq!(count(), 0);
    let inner = BumpBox::into_inner(BumpBox::new_in(counted.clone(), &bump));
    assert_eq!(count(), 1);
    drop(inner);
    BumpBox::leak(BumpBox::new_in(counted.clone(), &bump));
    assert_eq!(count(), 1);
    drop(BumpBox::from_iter_in([counted.clone(), counted.clone()], &bump));
    assert_eq!(count(), 1);
}

#[test]
fn a_panic_in_a_value_s_destructor_does_not_stop_the_others() {
    struct Bomb<'a>(u8, &'a core::cell::Cell<u32>);
    impl Drop for Bomb<'_> {
        fn drop(&mut self) {
            self.1.set(self.1.get() + 1);
            assert!(self.0 != 1, "the bomb");
        }
    }
    let dropped = core::cell::Cell::new(0);
    let bump = Bump::new();
    let boxed: BumpBox<[Bomb]> = (0..3).map(|n| Bomb(n, &dropped)).collect_in(&bump);
    assert!(catch_unwind(AssertUnwindSafe(|| drop(boxed))).is_err());
    assert_eq!(dropped.get(), 3);
}

#[test]
fn a_box_of_any_is_cast_down_if_it_is_one() {
    let bump = Bump::new();
    fn any<'a>(value: BumpBox<'a, u32>) -> BumpBox<'a, dyn Any> {
        // SAFETY: the pointer must be one that a box gave away, used for its arena's lifetime; it is.
        unsafe { BumpBox::from_raw(BumpBox::into_raw(value) as *mut dyn Any) }
    }
    fn any_send<'a>(value: BumpBox<'a, u32>) -> BumpBox<'a, dyn Any + Send> {
        // SAFETY: as above.
        unsafe { BumpBox::from_raw(BumpBox::into_raw(value) as *mut (dyn Any + Send)) }
    }
    let refused = any(BumpBox::new_in(7, &bump)).downcast::<String>().unwrap_err();
    assert_eq!(*refused.downcast::<u32>().unwrap(), 7);
    let refused = any_send(BumpBox::new_in(7, &bump)).downcast::<String>().unwrap_err();
    assert_eq!(*refused.downcast::<u32>().unwrap(), 7);
}

#[test]
fn slices_and_arrays_turn_into_each_other() {
    let bump = Bump::new();
    let array = BumpBox::new_in(["a".to_string(), "b".to_string()], &bump);
    let slice: BumpBox<[String]> = array.into();
    let refused = BumpBox::<[String; 3]>::try_from(slice).unwrap_err();
    let array: BumpBox<[String; 2]> = refused.try_into().unwrap();
    assert_eq!(*array, ["a", "b"]);
    assert!(BumpBox::<[u64]>::default().is_empty());
    assert_eq!(*BumpBox::<str>::default(), *"");
    let empty = BumpBox::<[u64; 0]>::try_from(BumpBox::<[u64]>::default());
    assert!(empty.is_ok());
}

#[test]
fn a_box_lies_in_memory_as_a_pointer_does() {
    let bump = Bump::new();
    let value = BumpBox::new_in(7_u32, &bump);
    let address = &raw const *value;
    // SAFETY: a box is `repr(transparent)` over its pointer, as a test of the lists sees, and the value goes on living in the arena.
    let pointer: *const u32 = unsafe { core::mem::transmute(value) };
    assert_eq!(pointer, address);
    assert_eq!(size_of::<Option<BumpBox<u32>>>(), size_of::<usize>());
}

#[test]
fn a_box_is_what_its_value_is() {
    let bump = Bump::new();
    let mut one = BumpBox::new_in(1, &bump);
    let two = BumpBox::new_in(2, &bump);
    *one += 0;
    assert!(
        one != two
            && one < two
            && one <= two
            && two > one
            && two >= one
            && one == BumpBox::new_in(1, &Bump::new())
    );
    assert_eq!(one.cmp(&two), core::cmp::Ordering::Less);
    assert_eq!((format!("{one}"), format!("{one:?}")), ("1".to_string(), "1".to_string()));
    assert_eq!(format!("{one:p}"), format!("{:p}", &raw const *one));
    let hash = |value: &dyn Fn(&mut DefaultHasher)| {
        let mut hasher = DefaultHasher::new();
        value(&mut hasher);
        hasher.finish()
    };
    assert_eq!(hash(&|hasher| one.hash(hasher)), hash(&|hasher| 1.hash(hasher)));
    let (as_ref, borrowed): (&i32, &i32) = (one.as_ref(), one.borrow());
    assert_eq!((as_ref, borrowed), (&1, &1));
    *one.as_mut() = 3;
    let borrowed: &mut i32 = one.borrow_mut();
    *borrowed += 1;
    assert_eq!(*one, 4);
}

#[test]
fn a_boxed_hasher_hashes() {
    let bump = Bump::new();
    let mut boxed = BumpBox::new_in(DefaultHasher::new(), &bump);
    let mut plain = DefaultHasher::new();
    macro_rules! both {
        ($($call:ident($argument:expr)),*) => { $( boxed.$call($argument); plain.$call($argument); )* };
    }
    both!(
        write(b"abc"),
        write_u8(1),
        write_u16(2),
        write_u32(3),
        write_u64(4),
        write_u128(5),
        write_usize(6),
        write_i8(7),
        write_i16(8),
        write_i32(9),
        write_i64(10),
        write_i128(11),
        write_isize(12)
    );
    assert_eq!(boxed.finish(), plain.finish());
}

#[test]
fn a_boxed_iterator_iterates() {
    let bump = Bump::new();
    let mut boxed = BumpBox::new_in(0..10, &bump);
    assert_eq!((boxed.len(), boxed.size_hint()), (10, (10, Some(10))));
    assert_eq!(
        (boxed.next(), boxed.nth(1), boxed.next_back(), boxed.nth_back(1)),
        (Some(0), Some(2), Some(9), Some(7))
    );
    fn fused(iter: impl core::iter::FusedIterator<Item = i32>) -> Option<i32> {
        iter.last()
    }
    assert_eq!(fused(boxed), Some(6));
}

#[test]
fn a_boxed_future_is_polled_and_pinned_values_stay() {
    struct Later(u32);
    impl Future for Later {
        type Output = u32;
        fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<u32> {
            self.0 += 1;
            context.waker().wake_by_ref();
            if self.0 < 3 { Poll::Pending } else { Poll::Ready(self.0) }
        }
    }
    let bump = Bump::new();
    let mut context = Context::from_waker(Waker::noop());
    let mut boxed = pin!(BumpBox::new_in(Later(1), &bump));
    assert_eq!(boxed.as_mut().poll(&mut context), Poll::Pending);
    assert_eq!(boxed.as_mut().poll(&mut context), Poll::Ready(3));
    let mut pinned: Pin<BumpBox<core::future::Ready<u8>>> = BumpBox::pin_in(core::future::ready(4), &bump);
    assert_eq!(pinned.as_mut().poll(&mut context), Poll::Ready(4));
    let pinned: Pin<BumpBox<u8>> = BumpBox::new_in(5, &bump).into();
    assert_eq!(*pinned, 5);
}

#[test]
fn data_are_serialised_as_themselves() {
    let bump = Bump::new();
    let boxed = BumpBox::new_in("text", &bump);
    assert_eq!(serde_json::to_string(&boxed).unwrap(), "\"text\"");
    let vec = bumpalo::vec![in &bump; 1, 2];
    assert_eq!(serde_json::to_string(&vec).unwrap(), "[1,2]");
    let text = bumpalo::format!(in &bump, "x{}", 1);
    assert_eq!(serde_json::to_string(&text).unwrap(), "\"x1\"");
}
