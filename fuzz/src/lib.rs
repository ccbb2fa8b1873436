//! What the targets of the C frontend share with its tests.

#[path = "../../passes/tests/it/any_input.rs"]
pub mod any_input;

use any_input::STANDARDS;

/// Calls `body` with `text` and the standard that its length stands for, so that any C file is an input.
pub fn with_standard(text: &[u8], body: fn(&[u8], &str)) {
    body(text, STANDARDS[text.len() % STANDARDS.len()]);
}
