//! Byte strings as C: the first byte chooses the standard, the rest is preprocessed and may include itself as `self.h`.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../passes/tests/it/any_input.rs"]
mod any_input;

fuzz_target!(|bytes: &[u8]| {
    let Some((&first, text)) = bytes.split_first() else { return };
    any_input::check(text, any_input::STANDARDS[first as usize % any_input::STANDARDS.len()]);
});
