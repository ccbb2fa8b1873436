//! The trait `Allocator` of every version that a stable compiler takes: collections grow, shrink and die in an arena.

use compiler_alloc::Arena;
use std::alloc::Layout;

/// The same test for one version of allocator-api2.
macro_rules! version {
    ($name:ident: $source:ident) => {
        mod $name {
            use super::*;
            use $source::alloc::Allocator;
            use $source::vec::Vec;

            #[test]
            fn a_vector_grows_in_place_while_it_is_the_newest() {
                let arena = Arena::new();
                let mut numbers = Vec::with_capacity_in(4, &arena);
                numbers.extend(0..200_u64);
                assert_eq!(numbers.iter().sum::<u64>(), 19_900);
                assert_eq!(arena.used_bytes(), 8 * numbers.capacity(), "nothing was left behind");
                arena.alloc(1_u8);
                numbers.extend(0..200);
                assert_eq!(numbers.len(), 400);
                assert!(arena.used_bytes() > 8 * numbers.capacity(), "it had to move");
            }

            #[test]
            fn what_was_allocated_last_is_given_back() {
                let arena = Arena::new();
                let numbers: Vec<u64, _> = Vec::with_capacity_in(100, &arena);
                assert_eq!(arena.used_bytes(), 800);
                drop(numbers);
                assert_eq!(arena.used_bytes(), 0);
            }

            #[test]
            fn a_scope_is_an_allocator_for_its_time() {
                let mut arena = Arena::new();
                let sum: u32 = arena.scope(|scope| {
                    let mut numbers = Vec::new_in(&**scope);
                    numbers.extend(0..100_u32);
                    numbers.iter().sum()
                });
                assert_eq!((sum, arena.used_bytes()), (4950, 0));
            }

            #[test]
            fn layouts_grow_and_shrink_with_their_contents_and_alignment() {
                let arena = &Arena::new();
                let layout = |bytes, align| Layout::from_size_align(bytes, align).unwrap();
                let (small, large, strict) = (layout(24, 8), layout(200, 8), layout(16, 128));
                let at = arena.allocate(small).unwrap();
                // SAFETY: the room must be valid for 24 bytes; it was taken for them.
                unsafe { at.cast::<u8>().write_bytes(7, 24) };
                // SAFETY: the block must be of this allocator and fit; it is, and is not used afterwards.
                let at = unsafe { arena.grow(at.cast(), small, large) }.unwrap();
                assert_eq!(at.len(), 200);
                // SAFETY: as above.
                let at = unsafe { arena.shrink(at.cast(), large, strict) }.unwrap();
                assert!(at.cast::<u8>().addr().get().is_multiple_of(128));
                // SAFETY: the bytes must be initialised; the first 24 were, and moved along.
                assert_eq!(unsafe { at.cast::<[u8; 16]>().read() }, [7; 16]);
            }

            #[test]
            fn a_limit_is_an_error_and_not_a_panic() {
                let arena = &Arena::new();
                arena.set_limit(Some(64));
                assert!(arena.allocate(Layout::new::<[u8; 65]>()).is_err());
                let at = arena.allocate(Layout::new::<[u8; 64]>()).unwrap();
                let (old, new) = (Layout::new::<[u8; 64]>(), Layout::new::<[u8; 80]>());
                // SAFETY: the block must be of this allocator and fit; it is.
                assert!(unsafe { arena.grow(at.cast(), old, new) }.is_err());
                assert_eq!(arena.used_bytes(), 64, "the block is as it was");
            }
        }
    };
}

version!(api2_02: allocator_api2);
version!(api2_03: allocator_api2_03);
version!(api2_04: allocator_api2_04);
