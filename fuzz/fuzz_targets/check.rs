//! Any bytes as C, in the standard that their number stands for: the text is checked, with trees released, kept and sealed.
#![no_main]

use compiler_alloc_fuzz::any_input::checked;
use compiler_alloc_fuzz::with_standard;

libfuzzer_sys::fuzz_target!(|text: &[u8]| with_standard(text, checked));
