//! What a program gets: disjoint, aligned, zeroed where asked, kept by growth, given back.

use crate::profile;
use std::alloc::{Layout, alloc, alloc_zeroed, dealloc, realloc};
use std::collections::{BTreeMap, HashMap};

#[test]
fn memory_of_the_program_comes_from_this_heap() {
    let boxed = Box::new([7_u64; 8]);
    assert!(profile::usable_bytes(std::ptr::from_ref(&*boxed).cast()) >= 64);
    let on_stack = [7_u64; 8];
    assert_eq!(profile::usable_bytes(on_stack.as_ptr().cast()), 0);
}

#[test]
fn every_alignment_up_to_two_megabytes_is_served() {
    for shift in 0..=21 {
        for bytes in [1, 7, 8, 24, 100, 1000, 5000, 40_000, 300_000] {
            let layout = Layout::from_size_align(bytes, 1 << shift).unwrap();
            // SAFETY: the size is not 0.
            let first = unsafe { alloc(layout) };
            // SAFETY: the size is not 0.
            let second = unsafe { alloc_zeroed(layout) };
            for block in [first, second] {
                assert!(!block.is_null() && block.addr().is_multiple_of(layout.align()), "{layout:?}");
            }
            // SAFETY: given out above for this layout.
            let zeroed = unsafe { std::slice::from_raw_parts(second, bytes) };
            assert!(zeroed.iter().all(|&byte| byte == 0), "{layout:?}");
            assert!(first.addr().abs_diff(second.addr()) >= bytes, "{layout:?}");
            // SAFETY: given out above, writable, nothing else uses it.
            unsafe { first.write_bytes(0xA5, bytes) };
            // SAFETY: given out above for this layout.
            unsafe { dealloc(first, layout) };
            // SAFETY: given out above for this layout.
            unsafe { dealloc(second, layout) };
        }
    }
}

#[test]
fn growing_and_shrinking_keep_contents_and_alignment() {
    for align in [1, 8, 16, 64, 4096] {
        let mut layout = Layout::from_size_align(1, align).unwrap();
        // SAFETY: the size is not 0.
        let mut block = unsafe { alloc(layout) };
        // SAFETY: one byte was given out.
        unsafe { block.write(1) };
        let sizes = (1..18).map(|step| 3_usize.pow(step) / 2 + 1).chain((1..20).rev().map(|step| 1 << step));
        for bytes in sizes {
            // SAFETY: given out for this layout; the new size is not 0.
            block = unsafe { realloc(block, layout, bytes) };
            assert!(!block.is_null() && block.addr().is_multiple_of(align));
            let kept = bytes.min(layout.size());
            for at in [0, kept / 2, kept - 1] {
                // SAFETY: inside the block.
                let place = unsafe { block.add(at) };
                // SAFETY: a byte of the block that was written.
                let byte = unsafe { place.read() };
                assert_eq!(byte, at as u8 ^ 1, "{layout:?} to {bytes}");
            }
            for at in 0..bytes {
                // SAFETY: inside the block.
                let place = unsafe { block.add(at) };
                // SAFETY: a byte of the block.
                unsafe { place.write(at as u8 ^ 1) };
            }
            layout = Layout::from_size_align(bytes, align).unwrap();
        }
        // SAFETY: given out for this layout.
        unsafe { dealloc(block, layout) };
    }
}

#[test]
fn what_cannot_be_had_is_null_and_leaves_the_heap_whole() {
    for bytes in [isize::MAX as usize - 4096, isize::MAX as usize / 2, 1 << 46] {
        let layout = Layout::from_size_align(bytes, 8).unwrap();
        // SAFETY: the size is not 0.
        assert!(unsafe { alloc(layout) }.is_null(), "{bytes}");
        // SAFETY: the size is not 0.
        assert!(unsafe { alloc_zeroed(layout) }.is_null(), "{bytes}");
        assert!(Vec::<u8>::new().try_reserve(bytes).is_err());
    }
    let kept = String::from("kept");
    assert_eq!(kept + "!", "kept!");
}

#[test]
fn collections_of_many_sizes_live_beside_each_other() {
    let mut words = HashMap::new();
    let mut order = BTreeMap::new();
    let mut state = 1_u64;
    for step in 0..60_000_u64 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let key = state >> 52;
        let text = format!("{key}:").repeat((state >> 40) as usize % 60);
        order.insert(step % 977, vec![key; (state >> 33) as usize % 300]);
        if let Some(old) = words.insert(key, text) {
            assert!(old.is_empty() || old.starts_with(&format!("{key}:")));
        }
        if step % 3 == 0 {
            order.pop_first();
        }
    }
    assert!(
        words
            .iter()
            .all(|(key, text)| text.split(':').all(|part| part.is_empty() || part == key.to_string()))
    );
    assert!(order.values().all(|list| list.windows(2).all(|pair| pair[0] == pair[1])));
}
