//! Initialisers that fail or panic: what is left behind.

use bumpalo::{AllocErr, AllocOrInitError, Bump};
use std::panic::{AssertUnwindSafe, catch_unwind};

#[test]
fn a_failed_initialiser_gives_its_room_back() {
    let bump = Bump::with_capacity(4000);
    let room = bump.chunk_capacity();
    for _ in 0..10_000 {
        let failed: Result<&mut [u64; 4], &str> = bump.alloc_try_with(|| Err("no"));
        assert_eq!(failed, Err("no"));
        let failed: Result<&mut [u64; 4], _> = bump.try_alloc_try_with(|| Err("no"));
        assert_eq!(failed, Err(AllocOrInitError::Init("no")));
    }
    assert_eq!(bump.chunk_capacity(), room);
}

#[test]
fn a_failed_initialiser_that_allocated_takes_nothing_away() {
    let bump = Bump::new();
    for n in 0..2000u64 {
        let mut inner = None;
        let failed: Result<&mut [u64; 8], ()> = bump.alloc_try_with(|| {
            inner = Some(bump.alloc([n; 3]));
            Err(())
        });
        assert!(failed.is_err());
        let after = bump.alloc([!n; 3]);
        assert_eq!((inner.unwrap(), after), (&mut [n; 3], &mut [!n; 3]));
    }
}

#[test]
fn a_failed_initialiser_that_opened_a_chunk_takes_nothing_away() {
    let bump = Bump::new();
    for size in [1usize, 100, 10_000, 100_000] {
        let before = bump.alloc_slice_fill_copy(50, 1u8);
        let failed: Result<&mut [u8; 4000], ()> = bump.alloc_try_with(|| Err(()));
        assert!(failed.is_err());
        let mut kept = None;
        let failed: Result<&mut [u8; 4000], ()> = bump.alloc_try_with(|| {
            kept = Some(bump.alloc_slice_fill_copy(size, 2u8));
            Err(())
        });
        assert!(failed.is_err());
        let after = bump.alloc_slice_fill_copy(size, 3u8);
        assert!(before.iter().all(|byte| *byte == 1));
        assert!(kept.unwrap().iter().all(|byte| *byte == 2));
        assert!(after.iter().all(|byte| *byte == 3));
    }
}

#[test]
fn a_successful_initialiser_gives_its_value() {
    let bump = Bump::new();
    let value: Result<&mut String, ()> = bump.alloc_try_with(|| Ok("text".to_string()));
    let value = value.unwrap();
    assert_eq!(value, "text");
    // SAFETY: the value must be initialised and dropped once; the arena does not drop it.
    unsafe { core::ptr::drop_in_place(value) };
    let unit: Result<&mut (), AllocOrInitError<()>> = bump.try_alloc_try_with(|| Ok(()));
    assert!(unit.is_ok());
    assert_eq!(*bump.try_alloc_with(|| 5).unwrap(), 5);
    assert_eq!(*bump.try_alloc(6).unwrap(), 6);
}

#[test]
fn an_error_is_moved_out_and_dropped_once() {
    let counted = std::rc::Rc::new(());
    let bump = Bump::new();
    let failed: Result<&mut u64, std::rc::Rc<()>> = bump.alloc_try_with(|| Err(counted.clone()));
    assert_eq!(std::rc::Rc::strong_count(&counted), 2);
    drop(failed);
    assert_eq!(std::rc::Rc::strong_count(&counted), 1);
}

#[test]
fn closures_are_not_called_without_room() {
    let bump = Bump::new();
    bump.set_allocation_limit(Some(0));
    assert_eq!(bump.try_alloc_with(|| -> u64 { panic!("called") }), Err(AllocErr));
    let refused: Result<&mut u64, AllocOrInitError<()>> = bump.try_alloc_try_with(|| panic!("called"));
    assert_eq!(refused, Err(AllocOrInitError::Alloc(AllocErr)));
    assert_eq!(bump.try_alloc_slice_fill_with(3, |_| -> u64 { panic!("called") }), Err(AllocErr));
    assert_eq!(AllocOrInitError::<()>::from(AllocErr), AllocOrInitError::Alloc(AllocErr));
    for text in [
        AllocErr.to_string(),
        AllocOrInitError::Init("no").to_string(),
        AllocOrInitError::<u8>::Alloc(AllocErr).to_string(),
    ] {
        assert!(!text.is_empty());
    }
}

#[test]
fn a_slice_that_fails_gives_its_room_back() {
    let bump = Bump::with_capacity(4000);
    let room = bump.chunk_capacity();
    for _ in 0..1000 {
        assert_eq!(bump.alloc_slice_try_fill_with(10, |n| if n == 7 { Err(n) } else { Ok(n as u8) }), Err(7));
        assert_eq!(bump.alloc_slice_try_fill_iter([Ok(1u8), Err(2), Ok(3)]), Err(2));
    }
    assert_eq!(bump.chunk_capacity(), room);
    assert_eq!(bump.alloc_slice_try_fill_with(3, |n| Ok::<_, ()>(n)).unwrap(), [0, 1, 2]);
    assert_eq!(bump.alloc_slice_try_fill_iter([Ok::<_, ()>(1), Ok(2)]).unwrap(), [1, 2]);
}

#[test]
fn the_arena_is_sound_after_a_panic_in_a_closure() {
    let bump = Bump::new();
    for n in 0..100u64 {
        let before = bump.alloc(n);
        for outcome in [
            catch_unwind(AssertUnwindSafe(|| drop(bump.alloc_with(|| -> [u64; 9] { panic!("{n}") })))),
            catch_unwind(AssertUnwindSafe(|| {
                let _ = bump.alloc_try_with(|| -> Result<u64, ()> { panic!("{n}") });
            })),
            catch_unwind(AssertUnwindSafe(|| {
                bump.alloc_slice_fill_with(9, |k| if k == 5 { panic!("{n}") } else { k });
            })),
        ] {
            assert!(outcome.is_err());
        }
        let after = bump.alloc(!n);
        assert_eq!((*before, *after), (n, !n));
    }
}

#[test]
fn an_iterator_that_yields_less_than_it_said_panics_and_more_is_not_asked_for() {
    struct Liar {
        says: usize,
        yields: usize,
    }
    impl Iterator for Liar {
        type Item = u32;
        fn next(&mut self) -> Option<u32> {
            self.yields = self.yields.checked_sub(1)?;
            Some(7)
        }
    }
    impl ExactSizeIterator for Liar {
        fn len(&self) -> usize {
            self.says
        }
    }
    let bump = Bump::new();
    let few = || Liar { says: 5, yields: 3 };
    assert!(catch_unwind(AssertUnwindSafe(|| drop(bump.alloc_slice_fill_iter(few())))).is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| drop(bump.try_alloc_slice_fill_iter(few())))).is_err());
    assert!(
        catch_unwind(AssertUnwindSafe(|| drop(bump.alloc_slice_try_fill_iter(few().map(Ok::<_, ()>)))))
            .is_err()
    );
    assert_eq!(bump.alloc_slice_fill_iter(Liar { says: 3, yields: 9 }), [7; 3]);
}

#[test]
fn impossible_sizes_are_refused() {
    let bump = Bump::new();
    for len in [usize::MAX, usize::MAX / 8, isize::MAX as usize / 8, isize::MAX as usize / 8 - 1] {
        assert!(bump.try_alloc_slice_fill_copy(len, 0u64).is_err());
        assert!(catch_unwind(AssertUnwindSafe(|| drop(bump.alloc_slice_fill_copy(len, 0u64)))).is_err());
    }
    for align in [1, 8, 1 << 20, 1 << 40, 1 << 62] {
        let size = isize::MAX as usize + 1 - align;
        let layout = core::alloc::Layout::from_size_align(size, align).unwrap();
        assert_eq!(bump.try_alloc_layout(layout).is_err(), size > 0);
    }
    assert!(Bump::try_with_capacity(isize::MAX as usize).is_err());
    assert!(Bump::try_with_capacity(usize::MAX).is_err());
    assert!(catch_unwind(|| drop(Bump::with_capacity(usize::MAX))).is_err());
    assert_eq!(*bump.alloc(1), 1);
}
