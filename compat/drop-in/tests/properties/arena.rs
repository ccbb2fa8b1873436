//! Objects: where they lie, what they hold, how chunks show them, what reset does.

use bumpalo::Bump;
use core::alloc::Layout;
use core::mem::MaybeUninit;

fn address<T: ?Sized>(value: &T) -> usize {
    core::ptr::from_ref(value).cast::<u8>().addr()
}

#[test]
fn objects_do_not_overlap_and_keep_their_values() {
    let bump = Bump::new();
    let mut numbers: Vec<&mut u64> = (0..10_000).map(|n| bump.alloc(n)).collect();
    for number in &mut numbers {
        **number *= 3;
    }
    for (n, number) in numbers.iter().enumerate() {
        assert_eq!(**number, n as u64 * 3);
    }
}

#[test]
fn every_alignment_is_given() {
    let bump = Bump::new();
    for shift in 0..=16 {
        for size in [0, 1, 3, 24, 100, 5000] {
            let layout = Layout::from_size_align(size, 1 << shift).unwrap();
            bump.alloc(0u8);
            let at = bump.alloc_layout(layout);
            assert!(at.addr().get().is_multiple_of(layout.align()), "{layout:?}");
            assert!(bump.try_alloc_layout(layout).unwrap().addr().get().is_multiple_of(layout.align()));
            // SAFETY: the range must be valid for writes; it was just handed out.
            unsafe { at.write_bytes(0xA5, size) };
        }
    }
}

#[test]
fn the_least_alignment_holds_for_every_object() {
    fn check<const MIN_ALIGN: usize>() {
        let bump = Bump::<MIN_ALIGN>::with_min_align();
        assert_eq!(bump.min_align(), MIN_ALIGN);
        for n in 0..2000u16 {
            assert!(address(bump.alloc(n as u8)).is_multiple_of(MIN_ALIGN));
            assert!(address(bump.alloc_str("abc")).is_multiple_of(MIN_ALIGN));
            assert!(address(bump.alloc([n; 3])).is_multiple_of(MIN_ALIGN.max(2)));
            let _ = bump.alloc_try_with(|| if n % 2 == 0 { Ok(1u8) } else { Err([2u8; 5]) });
        }
        let bump = Bump::<MIN_ALIGN>::with_min_align_and_capacity(1000);
        assert!(bump.chunk_capacity() >= 1000);
        let bump = Bump::<MIN_ALIGN>::try_with_min_align_and_capacity(1000).unwrap();
        assert!(bump.chunk_capacity() >= 1000);
        assert_eq!(Bump::<MIN_ALIGN>::default().allocated_bytes(), 0);
    }
    check::<1>();
    check::<2>();
    check::<4>();
    check::<8>();
    check::<16>();
}

#[test]
fn a_least_alignment_that_is_none_panics() {
    for refused in [
        std::panic::catch_unwind(|| drop(Bump::<3>::with_min_align())),
        std::panic::catch_unwind(|| drop(Bump::<32>::with_min_align())),
        std::panic::catch_unwind(|| drop(Bump::<32>::with_min_align_and_capacity(1))),
        std::panic::catch_unwind(|| drop(Bump::<0>::default())),
    ] {
        assert!(refused.is_err());
    }
}

#[test]
fn values_without_bytes_cost_nothing_and_are_aligned() {
    #[repr(align(256))]
    #[derive(Clone, Copy, Default)]
    struct Nothing;
    let bump = Bump::new();
    for _ in 0..100 {
        assert!(address(bump.alloc(Nothing)).is_multiple_of(256));
        assert!(address(bump.alloc_slice_copy(&[Nothing; 7])).is_multiple_of(256));
        assert_eq!(bump.alloc_slice_fill_with(1 << 20, |_| ()).len(), 1 << 20);
        assert_eq!(bump.alloc_slice_fill_default::<Nothing>(3).len(), 3);
        assert_eq!(bump.alloc_str(""), "");
        assert!(bump.alloc_slice_copy::<u64>(&[]).is_empty());
    }
}

#[test]
fn every_way_to_make_a_slice_makes_the_same() {
    let bump = Bump::new();
    let strings = ["a".to_string(), "b".to_string()];
    assert_eq!(bump.alloc_slice_copy(&[1, 2, 3]), [1, 2, 3]);
    assert_eq!(bump.try_alloc_slice_copy(&[1, 2, 3]).unwrap(), [1, 2, 3]);
    let cloned = bump.alloc_slice_clone(&strings);
    assert_eq!(cloned, strings);
    // SAFETY: the values must be initialised and dropped once; the arena does not drop them.
    unsafe { core::ptr::drop_in_place(cloned) };
    let cloned = bump.try_alloc_slice_clone(&strings).unwrap();
    assert_eq!(cloned, strings);
    // SAFETY: as above.
    unsafe { core::ptr::drop_in_place(cloned) };
    assert_eq!(bump.alloc_str("héllo"), "héllo");
    assert_eq!(bump.try_alloc_str("héllo").unwrap(), "héllo");
    assert_eq!(bump.alloc_slice_fill_with(3, |n| n * n), [0, 1, 4]);
    assert_eq!(bump.try_alloc_slice_fill_with(3, |n| n * n).unwrap(), [0, 1, 4]);
    assert_eq!(bump.alloc_slice_fill_copy(3, 7u8), [7; 3]);
    assert_eq!(bump.try_alloc_slice_fill_copy(3, 7u8).unwrap(), [7; 3]);
    assert_eq!(bump.alloc_slice_fill_clone(2, &"x"), ["x"; 2]);
    assert_eq!(bump.try_alloc_slice_fill_clone(2, &"x").unwrap(), ["x"; 2]);
    assert_eq!(bump.alloc_slice_fill_iter([4, 5, 6]), [4, 5, 6]);
    assert_eq!(bump.try_alloc_slice_fill_iter([4, 5, 6]).unwrap(), [4, 5, 6]);
    assert_eq!(bump.alloc_slice_fill_default::<u16>(2), [0; 2]);
    assert_eq!(bump.try_alloc_slice_fill_default::<u16>(2).unwrap(), [0; 2]);
}

#[test]
fn closures_may_allocate_from_the_same_arena() {
    let bump = Bump::new();
    let outer =
        bump.alloc_with(|| (bump.alloc(1u64), bump.alloc_slice_fill_with(500, |n| *bump.alloc(n as u8))));
    assert_eq!(*outer.0, 1);
    assert_eq!(outer.1[300], 44);
    let nested = bump.alloc_slice_fill_with(100, |n| bump.alloc_slice_fill_copy(n, n));
    for (n, inner) in nested.iter().enumerate() {
        assert!(inner.len() == n && inner.iter().all(|value| *value == n));
    }
}

#[test]
fn chunks_show_all_objects_newest_first() {
    let mut bump = Bump::new();
    assert_eq!(bump.iter_allocated_chunks().count(), 0);
    for n in 0..100_000u32 {
        bump.alloc(n);
    }
    let mut expected = (0..100_000u32).rev();
    let mut chunks = 0;
    for chunk in bump.iter_allocated_chunks() {
        assert!(chunk.len().is_multiple_of(4));
        for bytes in chunk.as_chunks::<4>().0 {
            // SAFETY: the bytes must be initialised; only `u32` without padding between them were allocated.
            let bytes = bytes.map(|byte| unsafe { byte.assume_init() });
            assert_eq!(Some(u32::from_ne_bytes(bytes)), expected.next());
        }
        chunks += 1;
    }
    assert_eq!(expected.next(), None);
    assert!(chunks >= 1);

    // SAFETY: nothing must be allocated meanwhile; nothing is.
    let raw: Vec<(*mut u8, usize)> = unsafe { bump.iter_allocated_chunks_raw() }.collect();
    let safe: Vec<(*mut u8, usize)> =
        bump.iter_allocated_chunks().map(|chunk| (chunk.as_ptr().cast_mut().cast(), chunk.len())).collect();
    assert_eq!(raw, safe);
    assert_eq!(raw.iter().map(|(_, bytes)| bytes).sum::<usize>(), 400_000);
}

#[test]
fn slices_of_growing_size_stay_in_the_order_of_their_age() {
    let mut bump = Bump::<1>::new();
    let mut slices: Vec<Vec<u8>> = Vec::new();
    for n in 0..1000usize {
        let bytes: Vec<u8> = (0..n % 700 + 1).map(|k| (n * 31 + k) as u8).collect();
        bump.alloc_slice_copy(&bytes);
        slices.push(bytes);
    }
    let all: Vec<u8> = slices.into_iter().rev().flatten().collect();
    // One object too large for any chunk so far, and small ones after it.
    let large = vec![9u8; 3 << 20];
    bump.alloc_slice_copy(&large);
    bump.alloc_slice_copy(&[1u8, 2, 3]);
    let expected = [&[1, 2, 3][..], &large, &all].concat();
    let shown: Vec<&[MaybeUninit<u8>]> = bump.iter_allocated_chunks().collect();
    let shown: Vec<u8> = shown
        .concat()
        .into_iter()
        // SAFETY: the bytes must be initialised; only slices of `u8` were allocated.
        .map(|byte| unsafe { byte.assume_init() })
        .collect();
    assert_eq!(shown.len(), expected.len());
    let first = shown.iter().zip(&expected).position(|(a, b)| a != b);
    assert_eq!(first, None);
}

#[test]
fn after_a_reset_the_room_is_used_again() {
    let mut bump = Bump::with_capacity(4000);
    let before = bump.allocated_bytes();
    for round in 0..50u8 {
        for _ in 0..100 {
            bump.alloc([round; 8]);
        }
        assert_eq!(bump.iter_allocated_chunks().map(<[_]>::len).sum::<usize>(), 800);
        bump.reset();
        assert_eq!(bump.iter_allocated_chunks().map(<[_]>::len).sum::<usize>(), 0);
        assert_eq!(bump.allocated_bytes(), before);
        assert!(bump.chunk_capacity() >= 4000);
    }
}

#[test]
fn many_rounds_of_different_sizes_do_not_grow_without_bound() {
    let mut bump = Bump::new();
    let mut most = 0;
    for round in 0..200usize {
        for n in 0..40 {
            bump.alloc_slice_fill_copy((round * 7919 + n * 104_729) % 60_000, n as u8);
        }
        if round < 20 {
            most = most.max(bump.allocated_bytes());
        }
        bump.reset();
    }
    assert!(bump.allocated_bytes() <= most * 3, "{} after {most}", bump.allocated_bytes());
}

#[test]
fn an_empty_arena_holds_nothing() {
    let bump = Bump::new();
    assert_eq!(
        (bump.allocated_bytes(), bump.allocated_bytes_including_metadata(), bump.chunk_capacity()),
        (0, 0, 0)
    );
    let mut bump = Bump::try_new().unwrap();
    bump.reset();
    assert_eq!(bump.allocated_bytes(), 0);
    let bump = Bump::with_capacity(0);
    assert_eq!(bump.allocated_bytes(), 0);
    let bump = Bump::try_with_capacity(0).unwrap();
    assert_eq!(bump.allocation_limit(), None);
}

#[test]
fn a_capacity_is_room_without_another_chunk() {
    for capacity in [1, 100, 448, 4096, 100_000, 3 << 20] {
        let mut bump = Bump::with_capacity(capacity);
        assert!(bump.chunk_capacity() >= capacity);
        let allocated = bump.allocated_bytes();
        assert!(allocated >= capacity && bump.allocated_bytes_including_metadata() >= allocated);
        for _ in 0..capacity {
            bump.alloc(1u8);
        }
        assert_eq!(bump.allocated_bytes(), allocated);
        assert_eq!(bump.iter_allocated_chunks().count(), 1);
    }
}

#[test]
fn an_arena_moves_to_another_thread_and_back() {
    let bump = Bump::new();
    bump.alloc(1u64);
    let bump = std::thread::spawn(move || {
        bump.alloc_slice_fill_copy(100_000, 2u64);
        bump
    })
    .join()
    .unwrap();
    let mut bump = bump;
    assert_eq!(bump.iter_allocated_chunks().map(<[_]>::len).sum::<usize>(), 800_008);
    std::thread::spawn(move || drop(bump)).join().unwrap();
}

#[test]
fn destructors_of_objects_do_not_run() {
    let bump = Bump::new();
    let counted = std::rc::Rc::new(());
    bump.alloc(counted.clone());
    drop(bump);
    assert_eq!(std::rc::Rc::strong_count(&counted), 2);
}

#[test]
fn an_arena_serves_a_thread_local_and_its_destructor() {
    thread_local! {
        static LATE: std::cell::RefCell<Bump> = std::cell::RefCell::new(Bump::new());
    }
    std::thread::spawn(|| LATE.with_borrow_mut(|bump| *bump.alloc(7) == 7)).join().unwrap();
}

#[test]
fn what_debug_prints_is_not_empty() {
    let mut bump = Bump::new();
    bump.alloc(1);
    assert!(!format!("{bump:?}").is_empty());
    assert!(!format!("{:?}", bump.iter_allocated_chunks()).is_empty());
    // SAFETY: nothing must be allocated meanwhile; nothing is.
    assert!(!format!("{:?}", unsafe { bump.iter_allocated_chunks_raw() }).is_empty());
}

#[test]
fn eighty_kilobytes_are_several_chunks_and_a_reset_goes_on_in_the_newest() {
    let mut bump = Bump::new();
    for n in 0..10_000u64 {
        bump.alloc(n);
    }
    assert!(bump.iter_allocated_chunks().count() > 1);
    let newest = bump.iter_allocated_chunks().next().map(|chunk| chunk.as_ptr_range().end.addr());
    bump.reset();
    let first = address(bump.alloc(7u64));
    assert_eq!(Some(first + size_of::<u64>()), newest);
    assert_eq!(bump.iter_allocated_chunks().count(), 1);
}

#[test]
fn arenas_that_live_at_once_hold_a_tenth_more_than_they_use() {
    let mut used = 0;
    // Sizes spread evenly over the powers of two from 4 KiB to 512 KiB, as those of a program's files are, roughly.
    let bumps: Vec<Bump> = (0..256_usize)
        .map(|n| {
            let bump = Bump::new();
            let objects = (4096 << (n % 8)) * (64 + n / 4) / 64 / size_of::<[usize; 5]>();
            (0..objects).for_each(|object| {
                bump.alloc([object; 5]);
            });
            used += objects * size_of::<[usize; 5]>();
            bump
        })
        .collect();
    let held: usize = bumps.iter().map(Bump::allocated_bytes_including_metadata).sum();
    // The registry's chunks double.
    let percent_max = if drop_in::ARE_OURS { 110 } else { 200 };
    assert!(held * 100 <= used * percent_max, "{held} bytes for {used}");
}
