//! Byte strings as programs of heap operations, against the model that `compiler-alloc/tests/heap_model.rs` uses too.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../compiler-alloc/tests/model/heap_operations.rs"]
mod operations;

fuzz_target!(|bytes: &[u8]| operations::run(&operations::decode(bytes)));
