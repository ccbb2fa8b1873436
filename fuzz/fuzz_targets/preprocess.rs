//! Any bytes as C, in the standard that their number stands for: the text is preprocessed and may include itself as `self.h`.
#![no_main]

use compiler_alloc_fuzz::any_input::preprocessed;
use compiler_alloc_fuzz::with_standard;

libfuzzer_sys::fuzz_target!(|text: &[u8]| with_standard(text, preprocessed));
