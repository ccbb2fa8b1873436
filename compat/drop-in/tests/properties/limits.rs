//! Allocation limits: what they refuse, and what they leave alone.

use bumpalo::Bump;

#[test]
fn a_limit_of_nothing_refuses_everything_but_values_without_bytes() {
    let bump = Bump::new();
    bump.set_allocation_limit(Some(0));
    assert!(bump.try_alloc(5).is_err());
    assert!(bump.try_alloc(()).is_ok());
    assert_eq!(bump.allocated_bytes(), 0);
    bump.set_allocation_limit(None);
    assert!(bump.try_alloc(5).is_ok());
}

#[test]
fn a_limit_is_what_was_set() {
    let bump = Bump::with_capacity(0);
    for limit in [None, Some(6), Some(usize::MAX), None] {
        bump.set_allocation_limit(limit);
        assert_eq!(bump.allocation_limit(), limit);
    }
}

#[test]
fn no_sequence_exceeds_the_limit() {
    for limit in [10, 100, 500, 5000, 70_000, 1 << 20] {
        for size in [1usize, 7, 8, 100, 1000] {
            let bump = Bump::new();
            bump.set_allocation_limit(Some(limit));
            let mut served = 0;
            while bump.try_alloc_slice_fill_copy(size, 1u8).is_ok() {
                served += size;
                assert!(served <= limit);
            }
            assert!(bump.allocated_bytes() <= limit);
            // Refused means refused, and a smaller object may still fit.
            assert!(bump.try_alloc_slice_fill_copy(size, 1u8).is_err());
        }
    }
}

#[test]
fn a_limit_leaves_the_current_chunk_alone() {
    let bump = Bump::with_capacity(1000);
    let room = bump.chunk_capacity();
    bump.set_allocation_limit(Some(bump.allocated_bytes()));
    for _ in 0..room {
        bump.try_alloc(1u8).unwrap();
    }
    assert!(bump.try_alloc(1u8).is_err());
}

#[test]
fn a_limit_below_what_the_arena_has_refuses_more() {
    let bump = Bump::with_capacity(1000);
    bump.set_allocation_limit(Some(1));
    // A difference, see README: the registry's takes such a limit for none.
    assert_eq!(bump.try_alloc_slice_fill_copy(1 << 20, 1u8).is_err(), drop_in::ARE_OURS);
}

#[test]
fn a_limit_counts_what_the_arena_has() {
    let bump = Bump::new();
    bump.alloc_slice_fill_copy(100_000, 1u8);
    let has = bump.allocated_bytes();
    bump.set_allocation_limit(Some(has));
    while bump.try_alloc([0u8; 16]).is_ok() {}
    assert_eq!(bump.allocated_bytes(), has);
    bump.set_allocation_limit(Some(has + 100_000));
    bump.try_alloc_slice_fill_copy(50_000, 1u8).unwrap();
    assert!(bump.allocated_bytes() <= has + 100_000);
}

#[test]
fn a_reset_makes_room_below_the_limit() {
    let mut bump = Bump::new();
    bump.set_allocation_limit(Some(64 << 10));
    for _ in 0..20 {
        let mut served = 0;
        while bump.try_alloc_slice_fill_copy(1000, 1u8).is_ok() {
            served += 1000;
        }
        assert!(served >= 16_000, "{served}");
        assert!(bump.allocated_bytes() <= 64 << 10);
        bump.reset();
    }
}

#[test]
fn small_chunks_kept_from_before_do_not_stand_in_the_way_of_a_large_object() {
    let mut bump = Bump::new();
    bump.set_allocation_limit(Some(200_000));
    while bump.try_alloc_slice_fill_copy(100, 1u8).is_ok() {}
    bump.reset();
    // The first chunk stays; the rest of the limit is there for this.
    bump.try_alloc_slice_fill_copy(60_000, 1u8).unwrap();
    assert!(bump.allocated_bytes() <= 200_000);
}

#[test]
fn a_refusal_changes_nothing() {
    let mut bump = Bump::new();
    bump.alloc_slice_fill_copy(1000, 7u8);
    let before = (bump.allocated_bytes(), bump.chunk_capacity());
    bump.set_allocation_limit(Some(before.0));
    assert!(bump.try_alloc_slice_fill_copy(1 << 20, 0u8).is_err());
    assert!(bump.try_alloc_layout(core::alloc::Layout::from_size_align(1 << 20, 4096).unwrap()).is_err());
    assert_eq!((bump.allocated_bytes(), bump.chunk_capacity()), before);
    assert_eq!(bump.iter_allocated_chunks().map(<[_]>::len).sum::<usize>(), 1000);
}
