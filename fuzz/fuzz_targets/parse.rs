//! Any bytes as C, in the standard that their number stands for: the text is parsed, with trees released and with trees kept.
#![no_main]

use compiler_alloc_fuzz::any_input::parsed;
use compiler_alloc_fuzz::with_standard;

libfuzzer_sys::fuzz_target!(|text: &[u8]| with_standard(text, parsed));
