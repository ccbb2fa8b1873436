//! Crates that stand on bumpalo: hashbrown and allocator-api2 on `&Bump`, bumpalo-herd on `Bump`.

use allocator_api2::alloc::Allocator;
use bumpalo::Bump;
use core::alloc::Layout;
use core::ptr::NonNull;
use hashbrown::{DefaultHashBuilder, HashMap};

#[test]
fn a_hash_map_lives_in_an_arena() {
    let bump = Bump::new();
    let mut map = HashMap::with_hasher_in(DefaultHashBuilder::default(), &bump);
    for n in 0..10_000u32 {
        map.insert(n, bump.alloc_str(&n.to_string()));
    }
    map.retain(|n, _| n % 3 != 0);
    map.shrink_to_fit();
    assert_eq!(map.len(), 6666);
    assert!(map.iter().all(|(n, text)| **text == n.to_string()));
}

#[test]
fn vectors_and_boxes_of_allocator_api2_live_in_an_arena() {
    let bump = Bump::<8>::with_min_align();
    let mut vec = allocator_api2::vec::Vec::new_in(&bump);
    for n in 0..1000 {
        vec.push(allocator_api2::boxed::Box::new_in(n, &bump));
    }
    vec.truncate(500);
    vec.shrink_to_fit();
    assert!(vec.iter().enumerate().all(|(n, value)| **value == n));
}

#[test]
fn blocks_keep_their_bytes_when_they_grow_and_shrink() {
    let bump = Bump::<2>::with_min_align();
    let allocator = &bump;
    let filled = |size: usize, align: usize| {
        let layout = Layout::from_size_align(size, align).unwrap();
        let block = allocator.allocate(layout).unwrap().cast::<u8>();
        for n in 0..size {
            // SAFETY: the offset must stay inside the block; it is below its size.
            let at = unsafe { block.add(n) };
            // SAFETY: the place must be valid for writes; it lies in the block.
            unsafe { at.write(n as u8) };
        }
        (block, layout)
    };
    let check = |block: NonNull<[u8]>, kept: usize, layout: Layout, rest: Option<u8>| {
        assert!(
            block.len() >= layout.size() && block.cast::<u8>().addr().get().is_multiple_of(layout.align())
        );
        let read = |n: usize| {
            // SAFETY: the offset must stay inside the block; it is below its size.
            let at = unsafe { block.cast::<u8>().add(n) };
            // SAFETY: the place must be valid for reads and initialised; it was copied, or zeroed, or the caller says so.
            unsafe { at.read() }
        };
        assert!((0..kept).all(|n| read(n) == n as u8));
        assert!(rest.is_none_or(|rest| (kept..layout.size()).all(|n| read(n) == rest)));
    };
    for beside in [false, true] {
        for (from, to) in [(0, 16), (1, 1), (3, 200), (100, 101), (7, 9000), (60, 64)] {
            for (before, after) in [(1, 1), (8, 8), (1, 16), (16, 1), (4, 64)] {
                let new = Layout::from_size_align(to, after).unwrap();
                let (block, old) = filled(from, before);
                if beside {
                    bump.alloc(0u8);
                }
                // SAFETY: the block must be the allocator's and `new` no smaller; it is.
                let grown = unsafe { allocator.grow(block, old, new) }.unwrap();
                check(grown, from, new, None);
                let (block, old) = filled(from, before);
                if beside {
                    bump.alloc(0u8);
                }
                // SAFETY: as above.
                let grown = unsafe { allocator.grow_zeroed(block, old, new) }.unwrap();
                check(grown, from, new, Some(0));
                let new = Layout::from_size_align(from, after).unwrap();
                let (block, old) = filled(to, before);
                if beside {
                    bump.alloc(0u8);
                }
                // SAFETY: the block must be the allocator's and `new` no larger; it is.
                let shrunk = unsafe { allocator.shrink(block, old, new) }.unwrap();
                check(shrunk, from, new, None);
                // SAFETY: the block must be the allocator's; it is, and is not used again.
                unsafe { allocator.deallocate(shrunk.cast(), new) };
                assert!(allocator.allocate_zeroed(new).is_ok());
            }
        }
    }
}

#[test]
fn a_refused_growth_leaves_the_block() {
    let bump = Bump::new();
    let layout = Layout::new::<[u8; 64]>();
    let block = (&bump).allocate(layout).unwrap().cast::<u8>();
    // SAFETY: the range must be valid for writes; it is the block.
    unsafe { block.write_bytes(9, 64) };
    bump.set_allocation_limit(Some(bump.allocated_bytes()));
    let large = Layout::from_size_align(1 << 24, 1).unwrap();
    // SAFETY: the block must be the allocator's and the layout no smaller; it is.
    assert!(unsafe { (&&bump).grow(block, layout, large) }.is_err());
    // SAFETY: the range must be initialised; it was written.
    assert_eq!(unsafe { block.cast::<[u8; 64]>().read() }, [9; 64]);
}

#[test]
fn a_herd_gives_each_thread_an_arena() {
    let mut herd = bumpalo_herd::Herd::new();
    for _ in 0..3 {
        let sums: Vec<u64> = std::thread::scope(|scope| {
            let herd = &herd;
            let threads: Vec<_> = (0..4u64)
                .map(|n| {
                    scope.spawn(move || {
                        let member = herd.get();
                        let words: Vec<&mut u64> = (0..10_000).map(|k| member.alloc(k * n)).collect();
                        let text = member.alloc_str(&n.to_string());
                        assert_eq!(*text, n.to_string());
                        words.iter().map(|word| **word).sum()
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(sums, [0, 49_995_000, 99_990_000, 149_985_000]);
        herd.reset();
    }
}
