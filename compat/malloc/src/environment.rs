//! The variables that a program is started with.
//!
//! | variable | allowed | default | meaning |
//! |---|---|---|---|
//! | `COMPILER_ALLOC_PROFILE` | `hosted-small` | `hosted-small` | which heap serves the program |
//! | `COMPILER_ALLOC_STATS` | `0` or `1` | `0` | a table of what the heap holds, at exit |
//! | `COMPILER_ALLOC_LEAKS` | `0` or `1` | `0` | what was not freed, by class, at exit |
//! | `COMPILER_ALLOC_RETAIN_MB` | `0` to `1048576` | `0` | how much idle memory is kept in any case |
//!
//! A value that is not allowed gives one line on standard error, and the default. A program with raised privileges reads
//! none of them.

use compiler_alloc::profile::standard_error::say;
use core::ffi::{CStr, c_char};

unsafe extern "C" {
    /// The variable's text; null if there is none, or if the process has more rights than its user.
    fn secure_getenv(name: *const c_char) -> *const c_char;
}

/// A terabyte.
const RETAIN_MB_MAX: usize = 1 << 20;

/// What the variables ask for.
#[derive(Clone, Copy)]
pub struct Settings {
    /// The table at exit.
    pub stats: bool,
    /// The leak report at exit.
    pub leaks: bool,
    /// Idle bytes that are kept in any case.
    pub retain_bytes: usize,
}

impl Settings {
    /// Reads the variables and says which values are not allowed. Needs the C library's environment to be there.
    pub fn read() -> Self {
        value_of(c"COMPILER_ALLOC_PROFILE", "hosted-small", ("hosted-small", ()), |text| {
            (text == b"hosted-small").then_some(())
        });
        Settings {
            stats: value_of(c"COMPILER_ALLOC_STATS", "0 or 1", ("0", false), flag),
            leaks: value_of(c"COMPILER_ALLOC_LEAKS", "0 or 1", ("0", false), flag),
            retain_bytes: value_of(c"COMPILER_ALLOC_RETAIN_MB", "0 to 1048576", ("0", 0), megabytes) << 20,
        }
    }
}

fn flag(text: &[u8]) -> Option<bool> {
    match text {
        b"0" => Some(false),
        b"1" => Some(true),
        _ => None,
    }
}

fn megabytes(text: &[u8]) -> Option<usize> {
    let number: usize = core::str::from_utf8(text).ok()?.parse().ok()?;
    (text[0].is_ascii_digit() && number <= RETAIN_MB_MAX).then_some(number)
}

/// What `read` makes of the variable's text, or the default, whose spelling is `default_text`.
fn value_of<T>(
    name: &CStr,
    allowed: &str,
    (default_text, default): (&str, T),
    read: impl Fn(&[u8]) -> Option<T>,
) -> T {
    // SAFETY: needs a string that ends in a zero byte; `CStr` is one.
    let text = unsafe { secure_getenv(name.as_ptr()) };
    if text.is_null() {
        return default;
    }
    // SAFETY: needs a string that ends in a zero byte and stays as it is; it belongs to the environment, which nobody
    // changes while the program starts.
    let text = unsafe { CStr::from_ptr(text) }.to_bytes();
    if let Some(value) = read(text) {
        return value;
    }
    let named = name.to_str().unwrap_or_default();
    let shown = core::str::from_utf8(&text[..text.len().min(40)]).unwrap_or("(not text)");
    say(format_args!("compiler-alloc: {named} must be {allowed}, not `{shown}`; using {default_text}"));
    default
}
