//! Collections of the standard library in an arena: bumpalo's feature `allocator_api`, with nightly's trait.

#![feature(allocator_api, btreemap_alloc)]
#![allow(missing_docs, reason = "tests")]

use std::alloc::{Allocator, Layout};
use std::collections::{BTreeMap, VecDeque};

use bumpalo::Bump;

#[test]
fn collections_of_the_standard_library_live_in_an_arena() {
    let bump = Bump::new();
    let mut vec = Vec::new_in(&bump);
    let mut map = BTreeMap::new_in(&bump);
    let mut queue = VecDeque::new_in(&bump);
    for n in 0..1000_u32 {
        vec.push(Box::new_in(n, &bump));
        map.insert(n.reverse_bits(), n);
        queue.push_front(n);
    }
    assert!(bump.allocated_bytes() > 3 * 4000);
    vec.truncate(500);
    vec.shrink_to_fit();
    assert!(vec.iter().zip(0..).all(|(value, n)| **value == n));
    assert!(map.iter().all(|(key, value)| key.reverse_bits() == *value));
    assert!(queue.into_iter().eq((0..1000).rev()));
}

#[test]
fn a_block_that_grows_zeroed_keeps_its_bytes_and_a_limit_refuses_it() {
    let bump = Bump::<4>::with_min_align();
    let (small, large) = (Layout::array::<u8>(5).unwrap(), Layout::array::<u8>(300).unwrap());
    let block = (&bump).allocate_zeroed(small).unwrap().cast::<u8>();
    // SAFETY: the block must be valid for writes of its size; it has five bytes, and nothing else refers to them.
    unsafe { block.write_bytes(7, 5) };
    // SAFETY: the block must be the allocator's, fit the old layout, and the new one must be no smaller; all three hold.
    let grown = unsafe { (&bump).grow_zeroed(block, small, large) }.unwrap();
    // SAFETY: the bytes must be initialised and borrowed by nothing else; five were written and moved, the others zeroed.
    let bytes = unsafe { grown.as_ref() };
    assert_eq!(bytes[..5], [7; 5]);
    assert!(bytes[5..300].iter().all(|byte| *byte == 0));
    bump.set_allocation_limit(Some(bump.allocated_bytes()));
    assert!((&bump).allocate(Layout::array::<u8>(1 << 20).unwrap()).is_err());
    // SAFETY: the block must be the allocator's and fit the layout, and nothing may refer to it; it was just grown to that, and `bytes` is
    // not used any more.
    unsafe { (&bump).deallocate(grown.cast(), large) };
}
