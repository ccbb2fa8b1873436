//! Vectors: what the model does not reach.

use bumpalo::Bump;
use bumpalo::collections::{CollectIn, CollectionAllocErr, FromIteratorIn, Vec as BumpVec};
use core::mem::{ManuallyDrop, MaybeUninit};
use std::borrow::{Borrow, BorrowMut};
use std::collections::HashSet;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

#[test]
fn the_macro_makes_vectors() {
    let bump = Bump::new();
    let empty: BumpVec<u8> = bumpalo::vec![in &bump];
    assert_eq!((empty.len(), empty.capacity()), (0, 0));
    assert_eq!(bumpalo::vec![in &bump; 1, 2, 3], [1, 2, 3]);
    assert_eq!(bumpalo::vec![in &bump; 1, 2, 3,], [1, 2, 3]);
    assert_eq!(bumpalo::vec![in &bump; "x".to_string(); 3], ["x", "x", "x"]);
    assert_eq!(bumpalo::vec![in &bump; 7; 0], [0; 0]);
}

#[test]
fn a_capacity_is_exact_and_kept() {
    let bump = Bump::new();
    let mut vec = BumpVec::with_capacity_in(10, &bump);
    assert_eq!(vec.capacity(), 10);
    let at = vec.as_ptr();
    vec.extend(0..10u32);
    assert_eq!(vec.as_ptr(), at);
    vec.push(10);
    assert!(vec.capacity() > 10);
    assert_eq!(vec, &(0..11).collect::<Vec<_>>()[..]);
    vec.shrink_to_fit();
    assert_eq!(vec, &(0..11).collect::<Vec<_>>()[..]);
    vec.clear();
    vec.shrink_to_fit();
    vec.push(1);
    assert_eq!(vec, [1]);
}

#[test]
fn what_a_dropped_vector_gives_back_is_not_in_use() {
    let bump = Bump::new();
    for n in 0..200u8 {
        let kept = bump.alloc([n; 5]);
        let mut vec = BumpVec::with_capacity_in(usize::from(n), &bump);
        let beside = if n % 3 == 0 { Some(bump.alloc([!n; 3])) } else { None };
        vec.extend((0..n).map(u64::from));
        drop(vec);
        let after = bump.alloc([7u8; 50]);
        assert_eq!(kept, &[n; 5]);
        assert!(beside.is_none_or(|beside| *beside == [!n; 3]));
        assert_eq!(after, &[7; 50]);
    }
}

#[test]
fn values_without_bytes_are_counted() {
    let bump = Bump::new();
    let mut vec: BumpVec<()> = BumpVec::new_in(&bump);
    assert_eq!(vec.capacity(), usize::MAX);
    vec.extend(core::iter::repeat_n((), 1000));
    vec.drain(100..200);
    vec.splice(0..10, [(); 5]);
    vec.retain(|()| true);
    vec.dedup();
    assert_eq!(vec.len(), 1);
    vec.resize(500, ());
    assert_eq!(vec.drain_filter(|()| true).count(), 500);
    vec.resize(7, ());
    vec.shrink_to_fit();
    assert_eq!(vec.split_off(3).len(), 4);
    assert_eq!(vec.into_iter().rev().count(), 3);
    let vec = bumpalo::vec![in &bump; (); 9];
    assert_eq!(vec.into_bump_slice().len(), 9);
    assert_eq!(bump.allocated_bytes(), 0);
    assert!(BumpVec::<()>::new_in(&bump).try_reserve(usize::MAX).is_ok());
    let mut full: BumpVec<()> = bumpalo::vec![in &bump; (); 2];
    assert_eq!(full.try_reserve(usize::MAX), Err(CollectionAllocErr::CapacityOverflow));
    assert!(catch_unwind(AssertUnwindSafe(|| full.reserve(usize::MAX))).is_err());
}

#[test]
fn impossible_capacities_are_refused() {
    let bump = Bump::new();
    let mut vec = bumpalo::vec![in &bump; 1u64, 2];
    for additional in [usize::MAX, usize::MAX - 1, usize::MAX / 8, isize::MAX as usize / 8] {
        assert_eq!(vec.try_reserve_exact(additional), Err(CollectionAllocErr::CapacityOverflow));
        assert!(vec.try_reserve(additional).is_err());
        assert!(catch_unwind(AssertUnwindSafe(|| vec.reserve(additional))).is_err());
        assert!(catch_unwind(AssertUnwindSafe(|| vec.reserve_exact(additional))).is_err());
        assert!(catch_unwind(|| drop(BumpVec::<u64>::with_capacity_in(additional, &Bump::new()))).is_err());
    }
    bump.set_allocation_limit(Some(bump.allocated_bytes()));
    assert_eq!(vec.try_reserve_exact(1 << 20), Err(CollectionAllocErr::AllocErr));
    assert_eq!(vec.try_reserve(1 << 20), Err(CollectionAllocErr::AllocErr));
    assert_eq!(vec, [1, 2]);
    assert_eq!(CollectionAllocErr::from(bumpalo::AllocErr), CollectionAllocErr::AllocErr);
    let layout = core::alloc::Layout::from_size_align(1, 3).unwrap_err();
    assert_eq!(CollectionAllocErr::from(layout), CollectionAllocErr::CapacityOverflow);
}

#[test]
fn indexes_out_of_bounds_panic_and_change_nothing() {
    let bump = Bump::new();
    let mut vec = bumpalo::vec![in &bump; 1, 2, 3];
    let calls: [&dyn Fn(&mut BumpVec<i32>); 9] = [
        &|vec| vec.insert(4, 0),
        &|vec| drop(vec.remove(3)),
        &|vec| drop(vec.swap_remove(3)),
        &|vec| drop(vec.split_off(4)),
        &|vec| drop(vec.drain(..4)),
        &|vec| drop(vec.drain(core::ops::RangeInclusive::new(3, 1))),
        &|vec| drop(vec.drain(..=usize::MAX)),
        &|vec| drop(vec.splice(4.., [0])),
        &|vec| drop(vec.drain((core::ops::Bound::Excluded(usize::MAX), core::ops::Bound::Unbounded))),
    ];
    for call in calls {
        assert!(catch_unwind(AssertUnwindSafe(|| call(&mut vec))).is_err());
        assert_eq!(vec, [1, 2, 3]);
    }
    assert!(catch_unwind(AssertUnwindSafe(|| bumpalo::vec![in &bump; 0u8; 0].swap_remove(0))).is_err());
}

#[test]
fn copies_of_slices_are_appended() {
    let bump = Bump::new();
    let mut vec = bumpalo::vec![in &bump; 1u8];
    vec.extend_from_slice_copy(&[2, 3]);
    vec.extend_from_slices_copy(&[&[4, 5], &[], &[6]]);
    vec.extend(&[7, 8]);
    vec.write_all(&[9]).unwrap();
    assert_eq!(vec.write(&[10, 11]).unwrap(), 2);
    vec.flush().unwrap();
    assert_eq!(vec, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    let huge = [(); 3];
    let mut units: BumpVec<()> = BumpVec::new_in(&bump);
    // SAFETY: the values must fit and be initialised; they have no bytes.
    unsafe { units.set_len(usize::MAX - 1) };
    assert!(catch_unwind(AssertUnwindSafe(|| units.extend_from_slices_copy(&[&huge, &huge]))).is_err());
}

#[test]
fn parts_make_a_vector_again() {
    let bump = Bump::new();
    let mut vec = ManuallyDrop::new(bumpalo::vec![in &bump; "a".to_string(), "b".to_string()]);
    let (at, len, capacity) = (vec.as_mut_ptr(), vec.len(), vec.capacity());
    // SAFETY: the parts must be those of a vector that nobody else owns; it is never dropped.
    let mut again = unsafe { BumpVec::from_raw_parts_in(at, len, capacity, &bump) };
    again.push("c".to_string());
    assert_eq!(again, ["a", "b", "c"]);
    // SAFETY: fewer values than there are may be claimed; the last one leaks.
    unsafe { again.set_len(2) };
    assert_eq!(again.as_slice(), ["a", "b"]);
    assert!(core::ptr::eq(again.bump(), &raw const bump));
}

#[test]
fn slices_outlive_the_vector() {
    let bump = Bump::new();
    let slice: &[u32] = bumpalo::vec![in &bump; 1, 2, 3].into_bump_slice();
    let exclusive: &mut [u32] = bumpalo::vec![in &bump; 4, 5].into_bump_slice_mut();
    exclusive[0] = 9;
    let boxed = bumpalo::vec![in &bump; "x".to_string()].into_boxed_slice();
    let from: bumpalo::boxed::Box<[u8]> = bumpalo::vec![in &bump; 8u8].into();
    bump.alloc_slice_fill_copy(100, 0u8);
    assert_eq!(
        (slice, &*exclusive, &boxed[..], &from[..]),
        (&[1, 2, 3][..], &[9, 5][..], &["x".to_string()][..], &[8][..])
    );
}

#[test]
fn collecting_stops_at_the_first_failure() {
    let bump = Bump::new();
    let mut asked = 0;
    let failed: Result<BumpVec<u32>, &str> =
        [Ok(1), Err("no"), Ok(3)].into_iter().inspect(|_| asked += 1).collect_in(&bump);
    assert_eq!((failed, asked), (Err("no"), 2));
    let all: Result<BumpVec<u32>, &str> = [Ok(1), Ok(3)].into_iter().collect_in(&bump);
    assert_eq!(all.unwrap(), [1, 3]);
    let none: Option<BumpVec<u32>> = [Some(1), None].into_iter().collect_in(&bump);
    assert!(none.is_none());
    let some: Option<BumpVec<u32>> = [Some(1)].into_iter().collect_in(&bump);
    assert_eq!(some.unwrap(), [1]);
    let boxed: bumpalo::boxed::Box<[u32]> = (0..3).collect_in(&bump);
    assert_eq!(*boxed, [0, 1, 2]);
    let vec = <BumpVec<u8> as FromIteratorIn<u8>>::from_iter_in([1, 2], &bump);
    assert_eq!(vec, [1, 2]);
    let empty: Result<BumpVec<u32>, ()> = core::iter::empty().collect_in(&bump);
    assert!(empty.unwrap().is_empty());
}

#[test]
fn vectors_compare_hash_and_print_as_slices() {
    let bump = Bump::new();
    let mut vec = bumpalo::vec![in &bump; 1, 2];
    let other = Bump::new();
    assert_eq!(vec, bumpalo::vec![in &other; 1, 2]);
    assert!(
        vec == [1, 2] && vec == &[1, 2] && vec == &mut [1, 2] && vec == &[1, 2][..] && vec == &mut [1, 2][..]
    );
    assert!(vec < bumpalo::vec![in &bump; 1, 3]);
    assert_eq!(vec.cmp(&bumpalo::vec![in &bump; 0]), core::cmp::Ordering::Greater);
    assert_eq!(format!("{vec:?}"), "[1, 2]");
    let mut set = HashSet::new();
    set.insert(vec.clone());
    assert!(set.contains(&[1, 2][..]));
    assert_eq!(AsRef::<[i32]>::as_ref(&vec), [1, 2]);
    assert_eq!(AsMut::<[i32]>::as_mut(&mut vec), [1, 2]);
    assert_eq!(*AsRef::<BumpVec<i32>>::as_ref(&vec), [1, 2]);
    assert_eq!(*AsMut::<BumpVec<i32>>::as_mut(&mut vec), [1, 2]);
    assert_eq!(Borrow::<[i32]>::borrow(&vec), [1, 2]);
    assert_eq!(BorrowMut::<[i32]>::borrow_mut(&mut vec), [1, 2]);
    assert_eq!((&vec[1..], vec[0]), (&[2][..], 1));
    vec[1] = 5;
    vec[..1][0] = 4;
    vec.as_mut_slice().reverse();
    assert_eq!((&vec).into_iter().sum::<i32>() + (&mut vec).into_iter().map(|n| *n).sum::<i32>(), 18);
    let mut into = vec.into_iter();
    into.as_mut_slice()[0] = 1;
    assert_eq!((into.len(), into.size_hint(), format!("{into:?}").is_empty()), (2, (2, Some(2)), false));
    assert_eq!(into.count(), 2);
}

#[test]
fn iterators_that_take_values_out_tell_how_many() {
    let bump = Bump::new();
    let mut vec = bumpalo::vec![in &bump; 1, 2, 3, 4, 5];
    let drain = vec.drain(1..4);
    assert_eq!((drain.len(), drain.size_hint(), format!("{drain:?}").is_empty()), (3, (3, Some(3)), false));
    drop(drain);
    let splice = vec.splice(.., [7, 8, 9]);
    assert_eq!(
        (splice.len(), splice.size_hint(), format!("{splice:?}").is_empty()),
        (2, (2, Some(2)), false)
    );
    assert_eq!(splice.rev().collect::<Vec<_>>(), [5, 1]);
    let filter = vec.drain_filter(|n| *n > 7);
    assert_eq!(filter.size_hint(), (0, Some(3)));
    drop(filter);
    assert_eq!(vec, [7]);
}

#[test]
fn a_vector_of_borrowed_values_may_borrow_from_the_same_arena() {
    let bump = Bump::new();
    let name = bump.alloc_str("x");
    let mut vec: BumpVec<&str> = BumpVec::new_in(&bump);
    vec.push(name);
    vec.extend((0..300).map(|n| &*bump.alloc_str(&n.to_string())));
    assert_eq!((vec[0], vec[300], vec.len()), ("x", "299", 301));
}

#[test]
fn uninitialised_room_can_be_filled_in_place() {
    let bump = Bump::new();
    let mut vec: BumpVec<u32> = BumpVec::with_capacity_in(4, &bump);
    let room = vec.as_mut_ptr().cast::<MaybeUninit<u32>>();
    for n in 0..4 {
        // SAFETY: the offset must stay inside the buffer; it is below the capacity.
        let at = unsafe { room.add(n) };
        // SAFETY: the place must be valid for writes; it is in the buffer.
        unsafe { at.write(MaybeUninit::new(n as u32)) };
    }
    // SAFETY: the values must be initialised and fit; four are and do.
    unsafe { vec.set_len(4) };
    assert_eq!(vec, [0, 1, 2, 3]);
}
