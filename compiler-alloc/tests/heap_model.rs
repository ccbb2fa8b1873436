//! Random programs of heap operations against a trivial model, with refusals of the page source in between. A failing
//! program is printed, shrunk, with the seed.

#[path = "model/heap_operations.rs"]
mod operations;

use operations::{Operation, decode, run};
use proptest::collection::vec;
use proptest::prelude::*;

fn operation() -> impl Strategy<Value = Operation> {
    let small = (any::<bool>(), 0_u16..1300, any::<u8>());
    let any_size = (any::<bool>(), any::<u16>(), 0_u8..8);
    let alloc = |(second, bytes, times)| Operation::Alloc { second, bytes, times };
    prop_oneof![
        8 => small.prop_map(alloc),
        4 => any_size.prop_map(alloc),
        1 => (any::<bool>(), any::<u16>()).prop_map(|(second, kibibytes)| Operation::Large { second, kibibytes }),
        3 => (any::<bool>(), any::<u16>(), any::<u8>(), any::<bool>())
            .prop_map(|(second, bytes, shift, zeroed)| Operation::Aligned { second, bytes, shift, zeroed }),
        6 => (any::<bool>(), any::<u16>()).prop_map(|(second, index)| Operation::Free { second, index }),
        2 => (any::<bool>(), any::<u8>()).prop_map(|(second, stride)| Operation::FreeMany { second, stride }),
        4 => (any::<bool>(), any::<u16>(), 0_u32..1 << 23)
            .prop_map(|(second, index, bytes)| Operation::Resize { second, index, bytes: bytes >> (index % 16) }),
        1 => (any::<bool>(), any::<u64>(), any::<bool>())
            .prop_map(|(second, address, near)| Operation::FreeWild { second, address, near }),
        1 => any::<bool>().prop_map(|second| Operation::Collect { second }),
        1 => any::<bool>().prop_map(|second| Operation::Exit { second }),
        1 => (0_u8..16, 0_u8..8).prop_map(|(pass, refuse)| Operation::Refuse { pass, refuse }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn heaps_agree_with_the_model(operations in vec(operation(), 0..120)) {
        run(&operations);
    }
}

#[test]
fn programs_decoded_from_bytes_run() {
    let mut state = 1_u64;
    let bytes: Vec<u8> = (0..6_000)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as u8
        })
        .collect();
    let operations = decode(&bytes);
    assert!(operations.len() > 1_000);
    run(&operations);
}
