//! Random programs of block operations against a trivial model, in memory that is soon exhausted. A failing program is printed,
//! shrunk, with the seed.

#[path = "model/block_operations.rs"]
mod operations;

use compiler_alloc::profile::freestanding::{Freestanding, STORAGE_BYTES_MIN};
use compiler_alloc::region::Region;
use operations::{Operation, decode, memory, run};
use proptest::collection::vec;
use proptest::prelude::*;
use std::alloc::Layout;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

fn operation() -> impl Strategy<Value = Operation> {
    let alloc = |(bytes, shift, times)| Operation::Alloc { bytes, shift, times };
    prop_oneof![
        8 => (0_u32..300, Just(0_u8), any::<u8>()).prop_map(alloc),
        4 => (0_u32..5000, Just(4_u8), 0_u8..8).prop_map(alloc),
        2 => (any::<u16>(), 0_u8..13).prop_map(|(bytes, shift)| Operation::Alloc {
            bytes: u32::from(bytes), shift, times: 1
        }),
        8 => any::<u16>().prop_map(|index| Operation::Free { index }),
        3 => any::<u8>().prop_map(|stride| Operation::FreeMany { stride }),
        4 => (any::<u16>(), 0_u32..1 << 17)
            .prop_map(|(index, bytes)| Operation::Resize { index, bytes: bytes >> (index % 16) }),
        1 => Just(Operation::Check),
    ]
}

/// Runs a program on a region that begins `skew` bytes into memory of `bytes` bytes.
fn run_on_region(operations: &[Operation], bytes: usize, skew: usize) -> usize {
    let mut memory = memory(bytes + skew);
    let memory = &mut memory[skew..];
    let range = memory.as_ptr().addr()..memory.as_ptr().addr() + memory.len();
    let base: NonNull<MaybeUninit<u8>> = NonNull::from(memory).cast();
    // SAFETY: needs memory that outlives the region and that nobody else uses; it is borrowed above.
    let mut region: Region = unsafe { Region::over(base.cast(), bytes) }.expect("enough for a block");
    run(operations, &mut region, range)
}

/// Runs a program on a heap that begins `skew` bytes into memory of `bytes` bytes.
fn run_on_heap(operations: &[Operation], bytes: usize, skew: usize) -> usize {
    let mut memory = memory(bytes + skew);
    let memory = &mut memory[skew..];
    let range = memory.as_ptr().addr()..memory.as_ptr().addr() + memory.len();
    let mut heap = Freestanding::new(memory).expect("enough for a heap");
    run(operations, &mut heap, range)
}

fn noise(bytes: usize, mut state: u64) -> Vec<u8> {
    (0..bytes)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as u8
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_region_agrees_with_the_model(
        operations in vec(operation(), 0..160), bytes in 200_usize..200_000, skew in 0_usize..40,
    ) {
        run_on_region(&operations, bytes, skew);
    }

    #[test]
    fn a_small_heap_agrees_with_the_model(
        operations in vec(operation(), 0..160), bytes in STORAGE_BYTES_MIN..200_000, skew in 0_usize..40,
    ) {
        run_on_heap(&operations, bytes, skew);
    }

    #[test]
    fn a_heap_with_slab_pages_agrees_with_the_model(
        operations in vec(operation(), 0..160), bytes in 260_000_usize..500_000, skew in 0_usize..5000,
    ) {
        run_on_heap(&operations, bytes, skew);
    }
}

#[test]
fn a_long_program_on_a_region_is_refused_often_and_stays_sound() {
    let operations = decode(&noise(60_000, 1));
    assert!(operations.len() > 10_000);
    let refused = run_on_region(&operations, 300_000, 3);
    assert!(refused > 100, "only {refused} requests were refused: the memory is too large for this test");
}

#[test]
fn a_long_program_on_a_heap_is_refused_often_and_stays_sound() {
    let operations = decode(&noise(60_000, 2));
    let refused = run_on_heap(&operations, 300_000, 5);
    assert!(refused > 100, "only {refused} requests were refused: the memory is too large for this test");
}

#[test]
fn a_long_program_on_a_heap_that_keeps_blocks_stays_sound() {
    let operations = decode(&noise(60_000, 3));
    run_on_heap(&operations, 9 << 20, 0);
}

/// Of storage of so many kibibytes so many bytes can be lent, wherever it begins (docs/freestanding.md).
const SMALL_STORAGES: [(usize, usize); 6] =
    [(1, 480), (2, 1232), (4, 2864), (8, 6480), (16, 14_128), (64, 61_888)];

#[test]
fn small_storage_lends_what_the_docs_say_in_blocks_of_any_size_and_gets_all_of_it_back() {
    for (kibibytes, usable) in SMALL_STORAGES {
        for skew in [0, 1, 8, 15] {
            let mut memory = memory((kibibytes << 10) + skew);
            let heap = Freestanding::new(&mut memory[skew..]).expect("enough for a heap");
            let capacity = heap.capacity_bytes();
            assert_eq!(capacity, usable, "{kibibytes} KiB from {skew} on");
            for bytes in [16, 24, 100, 400] {
                let layout = Layout::from_size_align(bytes, 8).unwrap();
                let mut blocks = Vec::new();
                while let Ok(block) = heap.allocate(layout) {
                    // SAFETY: needs a block of so many bytes; it was lent just now.
                    unsafe { block.write_bytes(kibibytes as u8, bytes) };
                    blocks.push(block);
                }
                assert_eq!(blocks.len(), capacity / bytes.next_multiple_of(16), "{kibibytes} KiB, {bytes}");
                heap.check().expect("intact when it is full");
                for block in blocks {
                    // SAFETY: needs a block of this heap and layout that is not used any more; it was lent above.
                    unsafe { heap.deallocate(block, layout) };
                }
                assert_eq!(heap.free_bytes(), capacity);
            }
            let all = Layout::from_size_align(capacity, 1).unwrap();
            let block = heap.allocate(all).expect("all of it lies together again");
            // SAFETY: needs a block of this heap and layout that is not used any more; it was lent just now.
            unsafe { heap.deallocate(block, all) };
            heap.check().expect("intact in the end");
        }
    }
}

#[test]
fn the_records_of_sixteen_mebibytes_and_the_value_are_as_large_as_the_docs_say() {
    let mut memory = memory(16 << 20);
    let heap = Freestanding::new(&mut memory).expect("enough for a heap");
    let records = (16 << 20) - heap.capacity_bytes();
    assert_eq!((records.div_ceil(1 << 10), size_of_val(&heap).div_ceil(100)), (206, 13));
}
