//! Random programs of arena operations against a trivial model. A failing program is printed, shrunk, with the seed.

#[path = "model/operations.rs"]
mod operations;

use operations::{Operation, decode, run};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        8 => (any::<u16>(), 0_u8..13).prop_map(|(bytes, shift)| Operation::Layout { bytes, shift }),
        6 => (0_u16..64).prop_map(|bytes| Operation::Text { bytes }),
        1 => any::<u16>().prop_map(|bytes| Operation::Text { bytes }),
        2 => any::<u16>().prop_map(|count| Operation::Words { count }),
        1 => any::<u16>().prop_map(|kibibytes| Operation::Large { kibibytes }),
        3 => (any::<u8>(), any::<u8>()).prop_map(|(vector, count)| Operation::Push { vector, count }),
        1 => (any::<u8>(), any::<bool>()).prop_map(|(bytes, allocates)| Operation::Fail { bytes, allocates }),
        2 => Just(Operation::Destructor),
        3 => Just(Operation::Open),
        3 => Just(Operation::Close),
        1 => option::of(any::<u8>()).prop_map(|keep_kibibytes| Operation::Reset { keep_kibibytes }),
        1 => option::of(any::<u16>()).prop_map(|more| Operation::Limit { more }),
        1 => Just(Operation::Limit { more: None }),
        1 => any::<u16>().prop_map(|bytes| Operation::Other { bytes }),
        1 => Just(Operation::DropOther),
        2 => any::<u16>().prop_map(|words| Operation::Seal { words }),
        1 => any::<u8>().prop_map(|index| Operation::DropSealed { index }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 250, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arenas_agree_with_the_model(operations in vec(operation(), 0..200)) {
        run(&operations);
    }
}

#[test]
fn programs_decoded_from_bytes_run() {
    let mut state = 1_u64;
    let bytes: Vec<u8> = (0..20_000)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as u8
        })
        .collect();
    let operations = decode(&bytes);
    assert!(operations.len() > 5_000);
    run(&operations);
}
